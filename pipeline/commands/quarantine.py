"""`landmark quarantine …`: parsing and printing only. Errors are one line.

What `show` prints is people's data as it was delivered: on a terminal for its owner's eyes, or in a file of their own.
"""

import argparse
import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands import arguments
from pipeline.stages import SOURCES

if TYPE_CHECKING:
    from pipeline.quarantine.release import Outcome, Why
    from pipeline.quarantine.shown import Chosen, Row
    from pipeline.settings import Settings

SHOWN = 20
WARNING = "These rows are people's data as it was delivered: for your eyes, not for a ticket, a chat or a log."
_HEAD = ("source", "table", "reason", "open", "released", "dismissed", "nights")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `quarantine` and its sub-commands to the command line."""
    top = commands.add_parser("quarantine", help="what was set aside and why: list, show, release, dismiss, withdraw")
    of = top.add_subparsers(dest="question", required=True, metavar="QUESTION")
    listing = _question(of, "list", "how many rows stand in quarantine, by table and reason")
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    show = _question(of, "show", "the rows, where each lies and what would let it in: people's data, for your eyes")
    _which(show)
    show.add_argument("--limit", metavar="N", type=arguments.count, help=f"without, {SHOWN}; with --to, all")
    show.add_argument("--json", action="store_true", help="print one JSON object a line")
    show.add_argument("--to", metavar="FILE", type=Path, help="write that into a new file that only you can read")
    release = _question(of, "release", "let the next night read rows again, as they came or with --rows repaired")
    _which(release)
    release.add_argument(
        "--rows", metavar="FILE", type=Path, help="rows as `show --to` writes them, their raw text repaired"
    )
    dismiss = _question(of, "dismiss", "rows that nobody will repair: they stay set aside, and are open no more")
    _which(dismiss)
    for command in (release, dismiss):
        command.add_argument("--why", metavar="TEXT", required=True, help="for whoever reads it next year")
        command.add_argument("--by", metavar="NAME", default="", help="who decides (you)")
    _which(_question(of, "withdraw", "take back releases that no night has applied, and dismissals"))


def _question(
    of: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    command = of.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--data", metavar="DIR", type=Path, help="the data folder (LANDMARK_DATA)")
    command.add_argument("--night", metavar="YYYY-MM-DD", type=arguments.night, help="delivered for that night")
    command.add_argument("--source", choices=SOURCES, default="", metavar="SOURCE", help=", ".join(SOURCES))
    command.add_argument("--table", metavar="TABLE", default="", help="the delivery's folder")
    command.add_argument("--reason", metavar="REASON", default="", help="such as future_time, or the whole of it")
    return command


def _which(command: argparse.ArgumentParser) -> None:
    command.add_argument("--file", metavar="NAME", default="", help="the delivered file's name")
    command.add_argument("--line", metavar="N", type=arguments.count, action="append", help="may be given again")


def run(given: argparse.Namespace, settings: "Settings") -> int:
    """Answers; returns the exit code."""
    asked = {"list": _list, "show": _show, "release": _release, "dismiss": _dismiss, "withdraw": _withdraw}
    return asked[given.question](given, settings)


def _chosen(given: argparse.Namespace) -> "Chosen":
    from pipeline.quarantine.shown import Chosen

    names = ("night", "source", "table", "reason", "file")
    told = {name: getattr(given, name, None) or "" for name in names}
    return Chosen(**told, lines=tuple(getattr(given, "line", None) or ()))


def _meant(given: argparse.Namespace) -> "Chosen":
    """The choice; raises QuestionError where none is made."""
    from pipeline.errors import QuestionError
    from pipeline.quarantine.shown import Chosen

    chosen = _chosen(given)
    if chosen == Chosen():
        raise QuestionError("say which rows are meant", fix="Give --source, --table, --reason, --night, --file, --line")
    return chosen


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _are(number: int, verb: str = "is", verbs: str = "are") -> str:
    return f"{number:,} {verb if number == 1 else verbs}"


# -- looking ----------------------------------------------------------------------------------------------------------


def _list(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.quarantine.shown import counts

    found = counts(settings, _chosen(given))
    if given.json:
        _print([json.dumps(found, indent=1)])
        return 0
    lines = [(*(_cell(row[name]) for name in _HEAD[:-1]), _nights(row)) for row in found]
    _print(_aligned([_HEAD, *lines]) if lines else ["no such row stands in quarantine"])
    return 0


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _nights(row: dict[str, object]) -> str:
    first, last = row["first_night"], row["last_night"]
    return str(first) if first == last else f"{first} to {last}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _show(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.quarantine.shown import rows

    limit = given.limit or (None if given.to else SHOWN)
    found = rows(settings, _chosen(given), limit + 1 if limit else None)
    more, found = limit is not None and len(found) > limit, found[:limit]
    documents = [printable(json.dumps(row.document, ensure_ascii=False)) for row in found]
    print(WARNING, file=sys.stderr)
    if given.to is not None:
        _keep(given.to, documents)
        _print([str(given.to)])
    elif given.json:
        _print(documents)
    else:
        _print([line for row in found for line in _shown(row)] or ["no such row stands in quarantine"])
    if more:
        print(f"{_rows(len(found))} of more: --limit N shows others, --to FILE has all.", file=sys.stderr)
    return 0


def _shown(row: "Row") -> Iterator[str]:
    """A row in words: where it lies, why it was set aside, what would let it in, what was decided, its text."""
    of = f" ({row.record_id})" if row.record_id else ""
    yield printable(f"{row.source}/{row.table}/{row.night}/{row.file}, line {row.line}{of}")
    told = {"why": row.reason, "repair": row.repair, "decided": row.decided}
    told["row"] = "its text is no longer kept" if row.raw is None else row.raw
    yield from (f"  {name:<8}{printable(text)}" for name, text in told.items() if text)


def _keep(path: Path, lines: Iterable[str]) -> None:
    from pipeline.errors import QuestionError

    if path.exists():
        raise QuestionError("there is a file of that name already", value=str(path), fix="Give another name to --to")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def printable(text: str) -> str:
    """Text, or JSON, in which what a terminal would obey, or what cannot be seen, is escaped."""
    return "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


# -- deciding ---------------------------------------------------------------------------------------------------------


def _release(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.errors import QuestionError
    from pipeline.quarantine.release import release, release_repaired
    from pipeline.quarantine.shown import Chosen

    if given.rows is not None and _chosen(given) != Chosen():
        raise QuestionError("--rows says which rows are meant", fix="Leave the other choices out")
    if given.rows is None:
        outcome = release(settings, _meant(given), _why(given))
    else:
        with given.rows.open(encoding="utf-8", errors="replace") as lines:
            outcome = release_repaired(settings, lines, given.rows.name, _why(given))
    it = "it" if outcome.rows == 1 else "them"
    _print(_told(outcome, "released", f"the next night, {outcome.counts_from} or later, reads {it} again"))
    return 0


def _dismiss(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.quarantine.dismiss import dismiss

    outcome = dismiss(settings, _meant(given), _why(given))
    stays = "it stays in quarantine, and is" if outcome.rows == 1 else "they stay in quarantine, and are"
    _print(_told(outcome, "dismissed", f"{stays} open no more"))
    return 0


def _withdraw(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.quarantine.dismiss import withdraw

    done = withdraw(settings, _meant(given))
    for number, what in ((done.releases, "release"), (done.dismissals, "dismissal")):
        if number:
            _print([f"{number:,} {what}{'' if number == 1 else 's'} taken back"])
    _print(f"not taken back: {_are(number, 'was', 'were')} {why}" for why, number in done.applied.items())
    return 0


def _why(given: argparse.Namespace) -> "Why":
    from pipeline.quarantine.release import Why

    return Why(given.why, given.by, datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds"))


def _told(outcome: "Outcome", decided: str, then: str) -> Iterator[str]:
    before = outcome.rows - outcome.fresh
    again = f" ({_are(before, 'was', 'were')} already)" if before else ""
    yield f"{_rows(outcome.rows)} {'is' if outcome.rows == 1 else 'are'} {decided}{again}: {then}"
    for why, number in outcome.kept.items():
        yield f"not {decided}: {_are(number)} {why}"


def _print(lines: Iterable[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()
