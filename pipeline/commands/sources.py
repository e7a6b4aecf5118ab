"""`landmark sources …`: parsing and printing only."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.commands import arguments

_CHECK = "read a delivery as a night would and tell what it holds; publishes nothing, leaves the data folder alone"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `sources` and what can be asked of them to the command line."""
    top = commands.add_parser("sources", help="what deliveries hold, before any night")
    of = top.add_subparsers(dest="question", required=True, metavar="WHAT")
    check = of.add_parser("check", help=_CHECK, description=f"{_CHECK[0].upper()}{_CHECK[1:]}.")
    check.add_argument("--exports", metavar="DIR", help="where the deliveries are (LANDMARK_EXPORTS)")
    check.add_argument(
        "--journey-map", metavar="FILE", type=Path, help="LANDMARK_JOURNEY_MAP; it need not be there yet"
    )
    check.add_argument(
        "--night", metavar="YYYY-MM-DD", type=arguments.night, help="without, the newest that was delivered"
    )
    check.add_argument(
        "--draft-journey-map", metavar="FILE", type=Path, help="write a first journey map, drafted from what happened"
    )


def run(given: argparse.Namespace, progress: Callable[[str], None]) -> int:
    """Checks; returns 1 where a night would stop."""
    from pipeline.onboarding import check, check_words, trial
    from pipeline.settings import load_settings

    _must_be_new(given.draft_journey_map)
    settings = load_settings(exports=given.exports, journey_map=given.journey_map)
    with trial.trial(settings, given.night, progress) as here:
        found = check.check(here)
        text = "\n".join(check_words.told(found))
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        if given.draft_journey_map is not None:
            from pipeline.onboarding.first_map import drafted

            text = drafted(here)
            with given.draft_journey_map.open("x", encoding="utf-8") as handle:
                handle.write(text)
            print(f"a first journey map, to be read and corrected: {given.draft_journey_map}")
    return 1 if found.stops else 0


def _must_be_new(path: Path | None) -> None:
    """Raises JourneyMapError where there is such a file: it may be the company's own journey map."""
    from pipeline.errors import JourneyMapError

    if path is not None and path.exists():
        fix = "Name another file, or move this one away"
        raise JourneyMapError("a draft does not replace a file", where=str(path), fix=fix)
