"""`landmark quarantine …`: parsing and printing only. Errors are one line.

What `show` prints is people's data as it was delivered: on a terminal for its owner's eyes, or in a file of their own.
"""

import argparse
import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands import arguments
from pipeline.stages import SOURCES

if TYPE_CHECKING:
    from pipeline.quarantine.release import Outcome
    from pipeline.quarantine.shown import Chosen
    from pipeline.settings import Settings

SHOWN = 20
WARNING = "These rows are people's data as it was delivered: for your eyes, not for a ticket, a chat or a log."
_HEAD = ("source", "table", "reason", "rows", "nights", "released")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `quarantine` and its sub-commands to the command line."""
    top = commands.add_parser("quarantine", help="what was set aside and why: list, show, release")
    of = top.add_subparsers(dest="question", required=True, metavar="QUESTION")
    listing = _question(of, "list", "how many rows stand in quarantine, by table and reason")
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    show = _question(of, "show", "the rows with their raw text, one JSON object a line: people's data, for your eyes")
    _which(show)
    show.add_argument("--limit", metavar="N", type=arguments.count, help=f"without, {SHOWN}; with --to, all")
    show.add_argument("--to", metavar="FILE", type=Path, help="write them into a new file that only you can read")
    release = _question(of, "release", "let the next night read rows again, as they came or with --rows repaired")
    _which(release)
    release.add_argument(
        "--rows", metavar="FILE", type=Path, help="rows as `show` prints them, their raw text repaired"
    )
    release.add_argument("--why", metavar="TEXT", required=True, help="for whoever reads it next year")
    release.add_argument("--by", metavar="NAME", default="", help="who decides (you)")


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
    return {"list": _list, "show": _show, "release": _release}[given.question](given, settings)


def _chosen(given: argparse.Namespace) -> "Chosen":
    from pipeline.quarantine.shown import Chosen

    names = ("night", "source", "table", "reason", "file")
    told = {name: getattr(given, name, None) or "" for name in names}
    return Chosen(**told, lines=tuple(getattr(given, "line", None) or ()))


def _list(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.quarantine.shown import counts

    found = counts(settings, _chosen(given))
    if given.json:
        _print([json.dumps(found, indent=1)])
        return 0
    lines = [
        (*(str(row[name]) for name in _HEAD[:3]), f"{row['rows']:,}", _nights(row), f"{row['released']:,}")
        for row in found
    ]
    _print(_aligned([_HEAD, *lines]) if lines else ["no such row stands in quarantine"])
    return 0


def _nights(row: dict[str, object]) -> str:
    first, last = row["first_night"], row["last_night"]
    return str(first) if first == last else f"{first} to {last}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _show(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.errors import QuestionError
    from pipeline.quarantine.shown import rows

    limit = given.limit or (None if given.to else SHOWN)
    lines = [printable(json.dumps(row.document, ensure_ascii=False)) for row in rows(settings, _chosen(given), limit)]
    print(WARNING, file=sys.stderr)
    if given.to is None:
        _print(lines)
        return 0
    if given.to.exists():
        raise QuestionError(
            "there is a file of that name already", value=str(given.to), fix="Give another name to --to"
        )
    with os.fdopen(os.open(given.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    _print([str(given.to)])
    return 0


def printable(text: str) -> str:
    """JSON in which what a terminal would obey, or what cannot be seen, is escaped."""
    return "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def _release(given: argparse.Namespace, settings: "Settings") -> int:
    from pipeline.errors import QuestionError
    from pipeline.quarantine.release import Why, release, release_repaired
    from pipeline.quarantine.shown import Chosen

    chosen = _chosen(given)
    why = Why(given.why, given.by, datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds"))
    if given.rows is None and chosen == Chosen():
        raise QuestionError("say which rows are meant", fix="Give --source, --table, --reason, --night, --file, --line")
    if given.rows is not None and chosen != Chosen():
        raise QuestionError("--rows says which rows are meant", fix="Leave the other choices out")
    if given.rows is None:
        outcome = release(settings, chosen, why)
    else:
        with given.rows.open(encoding="utf-8", errors="replace") as lines:
            outcome = release_repaired(settings, lines, given.rows.name, why)
    _print(_told(outcome))
    return 0


def _told(outcome: "Outcome") -> Iterable[str]:
    before = outcome.rows - outcome.fresh
    again = f" ({before:,} were already)" if before else ""
    yield f"{outcome.rows:,} rows are released{again}: the next night, {outcome.counts_from} or later, reads them again"
    for why, count in outcome.kept.items():
        yield f"{count:,} are not: they are {why}"


def _print(lines: Iterable[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()
