"""The command line: parsing only. Every command calls the functions that the DAGs call.

Exit codes: 0 done (run: published), 1 failed, 2 wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.commands import approve, arguments, explain, identity, quarantine, sources
from pipeline.errors import LandmarkError
from pipeline.stages import SOURCES, STAGES

DESCRIPTION = "Finds, per mission, the few moments that change whether customers come back."


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(prog="landmark", description=DESCRIPTION)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _run(commands)
    _stage(commands)
    marts = commands.add_parser("marts", help="print the folder of the last published night's marts")
    _places(marts, exports=False, journey_map=False)
    check = commands.add_parser("check", help="check the settings and the journey map without running anything")
    _places(check)
    _draft(commands)
    _demo(commands)
    identity.add(commands)
    explain.add(commands)
    sources.add(commands)
    quarantine.add(commands)
    _pruning(commands)
    approve.add(commands)
    return top


def _places(command: argparse.ArgumentParser, *, exports: bool = True, journey_map: bool = True) -> None:
    if exports:
        command.add_argument("--exports", metavar="DIR", help="where the deliveries are (LANDMARK_EXPORTS)")
    if journey_map:
        command.add_argument("--journey-map", metavar="FILE", type=Path, help="LANDMARK_JOURNEY_MAP")
    command.add_argument("--data", metavar="DIR", type=Path, help="the data folder (LANDMARK_DATA)")


def _night(command: argparse.ArgumentParser, **options: Any) -> None:
    command.add_argument("--night", metavar="YYYY-MM-DD", type=arguments.night, **options)


def _run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="run one night or several, in order, and publish them")
    _places(run)
    _night(run, action="append", required=True, help="may be given several times")
    run.add_argument(
        "--through", choices=STAGES, metavar="STAGE", help="stop after it, publish nothing, print its folder"
    )


def _stage(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    stage = commands.add_parser("stage", help="run one stage of one night, as one task of the DAGs does")
    stage.add_argument("stage", metavar="STAGE", choices=STAGES, help=", ".join(STAGES))
    _places(stage)
    _night(stage, required=True)
    stage.add_argument("--source", choices=SOURCES, metavar="SOURCE", help=f"for pull and ingest: {', '.join(SOURCES)}")
    stage.add_argument("--backfill", action="store_true", help="an old night: send no mail to readers")


_FROM = "of the published touchpoints or, with --exports, of the deliveries themselves"


def _draft(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    told = "print a draft of sub-steps and moments for events that the journey map does not know"
    draft = commands.add_parser("draft", help=told, description=f"{told}: {_FROM}")
    _places(draft)
    draft.add_argument("--to", metavar="FILE", type=Path, help="write it there instead")


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="write sample deliveries of a made-up company, with the truth it planted")
    demo.add_argument("--to", metavar="DIR", type=Path, required=True)
    demo.add_argument("--people", type=int, default=1200)
    demo.add_argument("--seed", type=int, default=7)
    _night(demo, action="append", help="delivery nights, in order")
    demo.add_argument("--bend", type=float, default=0.0, help="0..1: how far the confounding bends")
    demo.add_argument("--nothing", action="store_true", help="plant no effect at all")
    demo.add_argument("--hidden", action="store_true", help="plant a strong cause that no export shows")
    demo.add_argument("--hard", action="store_true", help="people who are harder to tell apart and to know again")


def _pruning(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    told = "let go of what the settings `retention` do not keep, as the end of each night does"
    pruning = commands.add_parser("prune", help=told, description=told[0].upper() + told[1:] + ".")
    _places(pruning, exports=False, journey_map=False)
    pruning.add_argument("--dry-run", action="store_true", help="only tell what would go")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        return COMMANDS[given.command](given)
    except LandmarkError as error:
        print(f"landmark: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"landmark: {type(error).__name__}: {error}; what was published stands", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("landmark: interrupted; what was published stands", file=sys.stderr)
        return 1


def _settings(given: argparse.Namespace):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from pipeline.settings import load_settings

    names = ("exports", "journey_map", "data")
    return load_settings(**{name: getattr(given, name, None) for name in names})


def _show(text: str) -> None:
    """One line of progress: redrawn in place for a person at a terminal, plain lines otherwise."""
    waiting = text.endswith(" ...")
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="" if waiting else "\n", file=sys.stderr, flush=True)
    elif not waiting:
        print(text, file=sys.stderr, flush=True)


def run(given: argparse.Namespace) -> int:
    """landmark run"""
    from pipeline import runner

    settings = _settings(given)
    for night in sorted(set(given.night)):
        folder = runner.run_night(settings, night, through=given.through, progress=_show)
    print(folder)
    return 0


def stage(given: argparse.Namespace) -> int:
    """landmark stage"""
    from pipeline import runner

    summary = runner.run_stage(
        _settings(given), given.stage, given.night, given.source, backfill=given.backfill, progress=_show
    )
    print(summary["folder"])
    return 0


def marts(given: argparse.Namespace) -> int:
    """landmark marts"""
    from pipeline import runner

    print(runner.marts_folder(_settings(given)))
    return 0


def check(given: argparse.Namespace) -> int:
    """landmark check"""
    from pipeline import runner
    from pipeline.journey_map import load_journey_map
    from pipeline.missions import labels
    from pipeline.sources.connections import scrubbed

    settings = _settings(given)
    found = load_journey_map(settings.journey_map)
    moments = found.moments()
    print(f"settings: exports {scrubbed(settings.exports)}, data {settings.data}, memory {settings.memory_limit}")
    print(f"journey map: {found.brand}, {len(found.sub_steps())} sub-steps, {len(moments)} moments; all well formed")
    if "://" not in settings.exports and not Path(settings.exports).is_dir():
        print(f"warning: there is no folder {settings.exports}: set LANDMARK_EXPORTS or give --exports")
    if runner.newest_night(settings) is not None:
        marts = runner.marts_folder(settings)
        for line in labels.listed(found.missions, marts):
            print(line)
        for line in labels.unheard(settings.audiences, found.missions, marts):
            print(line)
    return 0


def draft(given: argparse.Namespace) -> int:
    """landmark draft"""
    from pipeline.onboarding.drafts import draft

    text = draft(_settings(given), from_exports=given.exports is not None)
    if given.to is None:
        print(text, end="")
    else:
        given.to.write_text(text, "utf-8")
        print(given.to)
    return 0


def demo(given: argparse.Namespace) -> int:
    """landmark demo"""
    from pipeline.demo import generate

    nights: dict[str, Any] = {"nights": tuple(given.night)} if given.night else {}
    folder = generate(given.to, people=given.people, seed=given.seed, bend=given.bend, effects=not given.nothing,
                      hidden=given.hidden, hard=given.hard, **nights)  # fmt: skip
    print(folder)
    came = sorted(path.name for path in (folder / "exports" / "crm" / "orders").iterdir())
    places = f"--exports {folder}/exports --journey-map {folder}/journey.yml --data data"
    print(f"run it: landmark run {places}{''.join(f' --night {night}' for night in came)}", file=sys.stderr)
    return 0


def _identity(given: argparse.Namespace) -> int:
    """landmark identity"""
    return identity.run(given, _settings(given), _show)


def _explain(given: argparse.Namespace) -> int:
    """landmark explain"""
    return explain.run(given, _settings(given))


def _sources(given: argparse.Namespace) -> int:
    """landmark sources"""
    return sources.run(given, _show)


def prune(given: argparse.Namespace) -> int:
    """landmark prune"""
    from pipeline import runner

    runner.prune(_settings(given), is_trial=given.dry_run, progress=print)
    return 0


def _quarantine(given: argparse.Namespace) -> int:
    """landmark quarantine"""
    return quarantine.run(given, _settings(given))


def _approve(given: argparse.Namespace) -> int:
    """landmark approve"""
    return approve.run(given, _settings(given))


COMMANDS = {
    "run": run, "stage": stage, "marts": marts, "check": check, "draft": draft, "demo": demo, "identity": _identity,
    "explain": _explain, "approve": _approve, "sources": _sources, "quarantine": _quarantine, "prune": prune,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
