"""`landmark identity …`: parsing and printing only. Every command takes --json; errors are one line.

What is printed is masked unless --plain is given: a terminal, its scroll-back and a ticket are no place for people's
data.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.commands import arguments
from pipeline.upkeep import rights

if TYPE_CHECKING:
    from pipeline.identity.decisions import Outcome
    from pipeline.settings import Settings

WHO = "a customer_id, or crm_id:…, partner:NAME:…, email:…, phone:…, loyalty_id:…, social_handle:…, anonymous_id:…"
RECORD = "crm_id:… or partner:NAME:…"
_PICTURE = arguments.file(".svg", ".png", ".html")
Answer = tuple[Any, list[str]]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `identity` and its sub-commands to the command line."""
    top = commands.add_parser("identity", help="who is who: why, what is doubtful, decide, erase, export")
    of = top.add_subparsers(dest="question", required=True, metavar="QUESTION")
    explain = _question(of, "explain", "why these records are one customer; with OTHER, why two are or are not")
    explain.add_argument("who", metavar="ID", help=WHO)
    explain.add_argument("other", metavar="OTHER", nargs="?", help="the same")
    explain.add_argument(
        "--picture", metavar="FILE", type=_PICTURE, help="splink's waterfall charts: .svg, .png or .html"
    )
    _plain(explain)
    review = _question(of, "review", "the doubtful pairs, those first whose answer helps most")
    review.add_argument("--limit", metavar="N", type=arguments.count, default=10)
    review.add_argument("--csv", metavar="FILE", type=Path, help="write the pairs into a file, too")
    _plain(review)
    _deciding(of)
    story = _question(
        of, "ledger", "what became of a customer, night by night; without ID, how many events a night had"
    )
    story.add_argument("who", metavar="ID", nargs="?", help=WHO)
    story.add_argument("--night", metavar="YYYY-MM-DD", type=arguments.night, help="up to that night")
    story.add_argument(
        "--map",
        metavar="FILE.parquet",
        type=arguments.file(".parquet"),
        help="write the night's map, replayed from the ledger",
    )
    _plain(story)
    erase = _question(of, "erase", "remove everything held on a person, and stop them from returning")
    erase.add_argument("who", metavar="ID", help=WHO)
    erase.add_argument("--yes", action="store_true", help="do it; without, only tell what would be removed")
    export = _question(of, "export", "write everything held on a person, for whoever asks what it is")
    export.add_argument("who", metavar="ID", help=WHO)
    export.add_argument("--to", metavar="DIR", type=Path, required=True)


def _question(
    of: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    command = of.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--data", metavar="DIR", type=Path, help="the data folder (LANDMARK_DATA)")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    return command


def _plain(command: argparse.ArgumentParser) -> None:
    command.add_argument("--plain", action="store_true", help="show names, dates, addresses and numbers unmasked")


def _deciding(of: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    texts = {
        "link": "decide that two records are one person, from the next night on",
        "unlink": "decide that two records are never one person, from the next night on",
        "forget": "take back what was decided on two records",
    }
    for name, text in texts.items():
        command = _question(of, name, text)
        command.add_argument("one", metavar="A", help=RECORD)
        command.add_argument("other", metavar="B", help=RECORD)
        if name != "forget":
            command.add_argument("--why", metavar="TEXT", required=True, help="for whoever reads it next year")
            command.add_argument("--by", metavar="NAME", default="", help="who decides (you)")
    _question(of, "decisions", "what was decided, oldest first")


def run(given: argparse.Namespace, settings: "Settings", progress: Callable[[str], None]) -> int:
    """Answers a question; returns the exit code. Files that it writes can be read by whoever asks alone."""
    with rights.owner_only():
        return _answer(given, settings, progress)


def _answer(given: argparse.Namespace, settings: "Settings", progress: Callable[[str], None]) -> int:
    if given.question == "erase" and not given.yes:
        _print(given, _would_erase(given, settings))
        return 0
    answer = (
        _erase(given, settings, progress) if given.question == "erase" else _ANSWERS[given.question](given, settings)
    )
    _print(given, answer)
    if given.question == "explain" and given.picture:
        from pipeline.answers.picture import draw

        draw(answer[0], given.picture)
    return 0


def _print(given: argparse.Namespace, answer: Answer) -> None:
    document, lines = answer
    text = json.dumps(document, indent=1) if given.json else "\n".join(lines)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


def _explain(given: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.answers import explain, words

    document = explain.explain(settings, given.who, given.other, plain=given.plain)
    return document, words.explained(document)


def _review(given: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.answers import review, words

    document = review.review(settings, given.limit, plain=given.plain)
    if given.csv:
        review.write_csv(document, given.csv)
    return document, words.reviewed(document)


def _ledger(given: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.answers import history, words

    if given.map:
        done = history.write_map(settings, given.map, given.night)
        return done, [
            f"night {done['night']}: {done['rows']:,} identifiers of {done['customers']:,} customers: {given.map}"
        ]
    document = history.ledger(settings, given.who, given.night, plain=given.plain)
    return document, words.told_history(document)


def _decide(given: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.identity import decisions

    if given.question == "forget":
        outcome = decisions.forget(settings, given.one, given.other)
    else:
        outcome = decisions.decide(settings, given.question, given.one, given.other, why=given.why, by=given.by)
    return _decided(given.question, outcome)


def _decided(question: str, outcome: "Outcome") -> Answer:
    from pipeline.answers.words import told_outcome

    before = outcome.before.told if outcome.before and outcome.before is not outcome.decision else None
    document = {
        "question": question,
        "decision": outcome.decision.told,
        "replaces": before,
        "is_new": outcome.is_new,
        "counts_after": outcome.night,
    }
    return document, told_outcome(document)


def _decisions(_: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.answers.words import told_decisions
    from pipeline.identity.decisions import listing

    document = listing(settings.data)
    return document, told_decisions(document)


def _would_erase(given: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.answers.words import told_erasure
    from pipeline.identity.lookup import find

    person = find(settings, given.who)
    kinds = sorted({kind for kind, _ in person.identifiers})
    document = {
        "customer_id": person.customer_id,
        "night": person.night,
        "is_erased": False,
        "records": [f"{kind}:{value}" for _, kind, value in person.records],
        "identifiers": {kind: sum(one == kind for one, _ in person.identifiers) for kind in kinds},
    }
    return document, told_erasure(document)


def _erase(given: argparse.Namespace, settings: "Settings", progress: Callable[[str], None]) -> Answer:
    from pipeline.answers.words import told_counts
    from pipeline.privacy.erasure import erase

    document = erase(settings, given.who, progress=progress)
    return document, told_counts(document)


def _export(given: argparse.Namespace, settings: "Settings") -> Answer:
    from pipeline.privacy.subject_access import export

    path = export(settings, given.who, given.to)
    return {"path": str(path)}, [str(path)]


_ANSWERS: dict[str, Callable[[argparse.Namespace, "Settings"], Answer]] = {
    "explain": _explain,
    "review": _review,
    "link": _decide,
    "unlink": _decide,
    "forget": _decide,
    "decisions": _decisions,
    "ledger": _ledger,
    "export": _export,
}
