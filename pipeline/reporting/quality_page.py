"""The quality page beside a night's report: what arrived, what was set aside with examples, and every check's history.

It is for whoever looks after the data. No value of a delivered row is on it: examples show a row's form alone, and a
category is named where at least small_group rows have it.
"""

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

from pipeline.context import Run
from pipeline.quarantine import set_aside
from pipeline.stages import STAGES

Row = dict[str, Any]
Tables = dict[str, list[Row]]
TABLES = ("arrived_nights", "delivered", "check_nights", "undecided", "notes")
FILE = "quality.html"
KINDS = ("warning", "left", "note")
NIGHTS = 28  # of which a table's bars and a check's squares tell
ROOM = 1.2  # of a chart's height beside its tallest bar
MOST_NOTED = 50  # of a source: what comes more often is in the log
DATES = 3  # nights that are named in a row of squares' words
CHECK = ("table_name", "expectation", "column_name", "reason")


def values(run: Run, tables: Tables) -> Row:
    """What the page's template may name beyond what the report's may."""
    checks = _checks(tables)
    refused = sorted(tables["set_aside"], key=lambda row: (-row["rows_count"], row["source"], row["table_name"]))
    examples = set_aside.examples(run.settings, run.night)
    return {
        "deliveries": [_delivery(run, row, tables) for row in tables["arrivals"]],
        "refused": [row | {"examples": examples.get(_key(row), [])} for row in refused],
        "undecided": sorted(
            tables["undecided"], key=lambda row: (-row["open_count"], row["source"], row["table_name"])
        ),
        "noted": [
            _noted(source, list(rows)) for source, rows in groupby(tables["notes"], key=lambda row: row["source"])
        ],
        "unlike": [check for check in checks if not check["is_passed"]],
        "stages": [
            {"stage": stage, "checks": list(rows), "nights": _most_nights(checks)}
            for stage, rows in groupby(checks, key=lambda check: check["stage"])
        ],
        "nights_shown": NIGHTS,
    }


def _key(row: Row) -> tuple[str, str, str]:
    return row["source"], row["table_name"], row["reason"]


def _noted(source: str, rows: list[Row]) -> Row:
    """What was noted of a source, warnings first, and how much more there is."""
    ranked = sorted(rows, key=lambda row: (KINDS.index(row["kind"]), row["number"]))
    return {"source": source, "rows": ranked[:MOST_NOTED], "more": max(0, len(ranked) - MOST_NOTED)}


def _most_nights(checks: Iterable[Row]) -> int:
    return max((len(check["squares"]) for check in checks), default=0)


# -- arrivals -------------------------------------------------------------------------------------------------------


def _delivery(run: Run, row: Row, tables: Tables) -> Row:
    """A table's arrivals, what is usual of them, and its chart's rows."""
    usual = next(each for each in tables["delivered"] if _place(each) == _place(row))
    name = f"{row['source']}/{row['table_name']}"
    bars = [_bar(run.night, each) for each in tables["arrived_nights"] if each["table_name"] == name]
    top = ROOM * max([1.0, usual["usual"] or 0.0, *(bar["arrived"] for bar in bars)])
    limits = {end: min(usual[end] or 0.0, top) for end in ("low", "high")}
    told = {name: usual[name] for name in ("files_count", "usual", "told", "is_unusual")}
    return row | told | {"bars": bars, "scale": limits | {"top": top}}


def _place(row: Row) -> tuple[str, str]:
    return row["source"], row["table_name"]


def _bar(night: date, row: Row) -> Row:
    place = NIGHTS - 1 - (night - row["night"]).days
    is_tonight = row["night"] == night
    return {"place": place + 0.1, "end": place + 0.9, "arrived": row["arrived"], "is_tonight": is_tonight}


# -- checks ---------------------------------------------------------------------------------------------------------


def _checks(tables: Tables) -> list[Row]:
    """Tonight's checks in the order of the stages, those that did not hold first, each with its nights."""
    nights: dict[tuple[str, ...], list[Row]] = {}
    for row in tables["check_nights"]:
        nights.setdefault(tuple(row[name] for name in CHECK), []).append(row)
    found = []
    for row in tables["check_outcomes"]:
        told = sorted(nights[tuple(row[name] for name in CHECK)], key=lambda each: each["night"])[-NIGHTS:]
        stage, _, table = row["table_name"].partition(".")
        squares = {"squares": [each["is_passed"] for each in told], "nights_told": _told(told)}
        found.append(row | squares | {"stage": stage, "table": table, "saw": _saw(row)})
    order = {stage: place for place, stage in enumerate(STAGES)}
    return sorted(found, key=lambda row: (order.get(row["stage"], -1), row["stage"], row["is_passed"], row["table"]))


def _told(nights: list[Row]) -> str:
    """A row of squares in words."""
    failed = [row["night"] for row in nights if not row["is_passed"]]
    if not failed:
        return f"held on each of {len(nights)} nights" if len(nights) > 1 else "held; no night before was checked"
    named = ", ".join(night.isoformat() for night in failed[-DATES:])
    more = f" and {len(failed) - DATES} earlier" if len(failed) > DATES else ""
    return f"did not hold on {len(failed)} of {len(nights)} nights: {named}{more}"


def _saw(row: Row) -> str:
    """What a check saw tonight."""
    rows = f"{row['unexpected']:,} row{'' if row['unexpected'] == 1 else 's'}"
    if row["is_passed"]:
        return row["observed"] or "held"
    if row["severity"] == "critical":
        return f"{rows} set aside"
    return row["observed"] or rows
