"""`landmark approve`: reads the letters that wait for approval, and sends the one that is approved."""

import argparse
import getpass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands import arguments
from pipeline.errors import NightError, StageError

if TYPE_CHECKING:
    from pipeline.mailing import approvals
    from pipeline.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `approve` to the command line."""
    told = "print the published night's e-mails that wait for approval; with --audience, approve and send that one"
    approve = commands.add_parser("approve", help=told, description=told[0].upper() + told[1:] + ".")
    approve.add_argument("--audience", metavar="NAME", help="whose e-mail may be sent")
    approve.add_argument("--data", metavar="DIR", type=Path, help="the data folder (LANDMARK_DATA)")
    approve.add_argument(
        "--night", metavar="YYYY-MM-DD", type=arguments.night, help="refuse where another one is published"
    )


def run(given: argparse.Namespace, settings: "Settings") -> int:
    """Shows what waits, or approves and sends; returns the exit code."""
    from pipeline import runner
    from pipeline.mailing import approvals
    from pipeline.stages.deliver import deliver

    published = runner.newest_night(settings)
    if published is None or given.night not in (None, published):
        raise NightError(
            "this night's e-mails are not sent", value=given.night, fix=f"The published night is {published or 'none'}"
        )
    night = date.fromisoformat(published)
    letters = approvals.asked(settings, night, backfill=False)
    if given.audience is None:
        print(_shown(letters) if letters else f"no e-mail of the night {published} waits for approval")
        return 0
    if given.audience not in letters:
        waiting = ", ".join(letters) or "none"
        raise StageError("no such e-mail waits for approval", value=given.audience, fix=f"Those that wait: {waiting}")
    approvals.approve(settings, night, {given.audience: letters[given.audience].digest}, getpass.getuser())
    print(*deliver(settings, night), sep="\n")
    return 0


def _shown(letters: "dict[str, approvals.Written]") -> str:
    shown = [
        f"--- to {name} ({len(letter.audience.recipients)} recipients): {letter.beside['subject']}\n\n{letter.text()}"
        for name, letter in letters.items()
    ]
    return "\n".join([*shown, "--- send one with: landmark approve --audience NAME"])
