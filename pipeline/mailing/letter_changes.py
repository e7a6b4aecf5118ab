"""What a letter told, kept to compare with: what is new since the last night, and what a correction corrects."""

from datetime import date
from typing import Any

from pipeline import words
from pipeline.figures import Figures

Row = dict[str, Any]
NAMED = ("drives", "harms")
SHOWN = 3  # changed effects that a letter tells; the report has the others


def record(values: Row) -> Row:
    """What the letter of these values tells, in figures as they are read (small, JSON-able, in one locale for all).

    scope: the missions that it is about, by which a record of other missions is known.
    """
    return {
        "night": values["night"].isoformat(),
        "scope": sorted({row["mission"] for row in values["own"]}),
        "invest": [_told(row) for row in values["invest"]],
        "stops": [row["moment"] for row in values["stops"]],
    }


def _told(row: Row) -> Row:
    decimals = words.digits(row["ci_low"], row["ci_high"])
    effect = f"{words.signed(row['effect'], decimals)} ({words.span(row['ci_low'], row['ci_high'])})"
    names = ("worth_customers", "worth_customers_low", "worth_customers_high", "worth_value")
    worth = [None if row[name] is None else words.rounded(row[name]) for name in names]
    label = words.clean(row["mission_label"])
    return {"moment": row["moment"], "mission": row["mission"], "label": label, "effect": effect, "worth": worth}


def since(before: Row | None, now: Row, rows: list[Row], figures: Figures) -> Row:
    """What is new since the letter before: lines of plain text, and whether the advice is the same.

    rows: report.ranking_changes of the audience's missions. Where there is no letter before (of these missions), the
    night is None.
    """
    if before is None or before["scope"] != now["scope"]:
        return {"night": None, "lines": [], "is_nothing": False, "silent": 0}
    lines = [*_members(before, now), *_moved(rows, figures)]
    changed = [row for row in rows if row["has_changed"]]
    silent = len(changed) - len([row for row in changed if _is_named(row)])
    return {"night": date.fromisoformat(before["night"]), "lines": lines, "is_nothing": not lines, "silent": silent}


def corrected(before: Row, now: Row) -> list[str]:
    """What differs from what the readers were told of this night, in lines of plain text."""
    old = {(row["moment"], row["mission"]): row for row in before["invest"]}
    lines = _members(before, now)
    for row in now["invest"]:
        was = old.get((row["moment"], row["mission"]))
        if was and was["effect"] != row["effect"]:
            lines.append(f"{_where(row)}: {row['effect']} in 100, not {was['effect']}.")
        elif was and was["worth"] != row["worth"]:
            lines.append(f"{_where(row)}: what it is worth.")
    return lines or ["Some figures differ in their details."]


def _members(before: Row, now: Row) -> list[str]:
    """Who came to the moments to invest in and to those to stop polishing, who left, and what is told of others now."""
    old, new = ({row["moment"]: row for row in told["invest"]} for told in (before, now))
    told = [
        ("New among the moments to invest in", [_where(row) for name, row in new.items() if name not in old]),
        ("No longer among them", [_where(row) for name, row in old.items() if name not in new]),
        ("New on the stop list", _gone(now["stops"], before["stops"])),
        ("No longer on the stop list", _gone(before["stops"], now["stops"])),
    ]
    moved = [
        f"{_where(new[name])} is told of these journeys now, not of {_scope(old[name])}."
        for name in new
        if name in old and old[name]["mission"] != new[name]["mission"]
    ]
    return [*(f"{head}: {words.listed(names)}." for head, names in told if names), *moved]


def _gone(moments: list[str], others: list[str]) -> list[str]:
    """The moments that are not among the others, as they are told."""
    return [words.heading(name) for name in moments if name not in others]


def _scope(row: Row) -> str:
    return "all journeys" if row["mission"] == "ALL" else str(row["label"])


def _where(row: Row) -> str:
    """A moment with its mission: Early desk (On business)."""
    return f"{words.heading(row['moment'])} ({_scope(row)})"


def _is_named(row: Row) -> bool:
    return row["verdict"] in NAMED or row["previous_verdict"] in NAMED


def _moved(rows: list[Row], figures: Figures) -> list[str]:
    """The named effects that moved by more than noise, the largest first."""
    moved = sorted(
        (row for row in rows if row["has_changed"] and _is_named(row)),
        key=lambda row: (-abs(row["change"]), row["mission"], row["moment"]),
    )
    lines = [_move(row, figures) for row in moved[:SHOWN]]
    more = len(moved) - SHOWN
    return [*lines, f"{more} more changed; the report has them."] if more > 0 else lines


def _move(row: Row, figures: Figures) -> str:
    decimals = figures.digits(row["ci_low"], row["ci_high"])
    then, now = (figures.signed(row[name], decimals) for name in ("previous_effect", "effect"))
    place = _where(row | {"label": words.clean(row["mission_label"])})
    return f"{place}: {now} in 100, after {then}."
