"""`landmark explain …`: parsing and printing only. With --json it prints one JSON document; errors are one line."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands import arguments

if TYPE_CHECKING:
    from pipeline.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `explain` and what it explains to the command line."""
    top = commands.add_parser("explain", help="how a published figure came about")
    of = top.add_subparsers(dest="question", required=True, metavar="WHAT")
    told = (
        "what a moment changes on a mission: the trial, how good it is, the estimate made again, the plain comparison"
    )
    moment = of.add_parser("moment", help=told, description=told[0].upper() + told[1:] + ".")
    moment.add_argument("moment", metavar="NAME", help="a moment of the journey map")
    moment.add_argument("--mission", metavar="M", default="ALL", help="its slug or label; without, all journeys")
    moment.add_argument(
        "--night", metavar="YYYY-MM-DD", type=arguments.night, help="a finished night; without, the published one"
    )
    moment.add_argument("--data", metavar="DIR", type=Path, help="the data folder (LANDMARK_DATA)")
    moment.add_argument("--journey-map", metavar="FILE", type=Path, help="that of the night (LANDMARK_JOURNEY_MAP)")
    moment.add_argument("--json", action="store_true", help="print one JSON document")


def run(given: argparse.Namespace, settings: "Settings") -> int:
    """Answers; returns the exit code."""
    from pipeline.answers import moment, moment_words

    document = moment.explain(settings, given.moment, given.mission, given.night)
    text = json.dumps(document, indent=1) if given.json else "\n".join(moment_words.explained(document))
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    return 0
