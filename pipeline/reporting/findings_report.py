"""What the report says of where and for whom moments matter, of what changed since the night before, and of trials."""

from typing import Any

from pipeline import words

Row = dict[str, Any]
SHOWN = 20  # rows of a table: the surest first; more than that nobody reads
_KINDS = ("step", "type", "micro_moment")
_MICRO = {"know": "Wanting to know", "go": "Wanting to go", "do": "Wanting to do", "buy": "Wanting to buy"}
_KNOWN = {
    "prior_orders": "earlier orders",
    "prior_return_share": "share of earlier orders that were returns",
    "previous_retained": "whether they had come back last time",
    "days_since_order": "days since the last order",
    "tenure_days": "days since the first order",
    "previous_value": "value of the last order",
    "value": "value of the order",
    "lead_days": "days ahead",
    "length_days": "days of use",
    "is_member": "member or not",
    "ordered_on": "day of the order",
}


def values(tables: dict[str, list[Row]]) -> Row:
    """What the sections `where` and `changes` show, and the trials of the section `method`."""
    groups = sorted(tables["moment_groups"], key=lambda row: (row["q_value"], row["moment"], row["value"]))
    pairs = sorted(
        tables["moment_pairs"], key=lambda row: (row["is_only_way"], row["q_value"] or 0.0, row["next_moment"])
    )
    return {
        "kinds": kinds(tables["moment_kinds"]),
        "groups": [row | {"who": who(row["grouping"], row["value"])} for row in groups[:SHOWN]],
        "pairs": [row for row in pairs if not row["is_only_way"]][:SHOWN],
        "only_ways": [row for row in pairs if row["is_only_way"]][:SHOWN],
        "changes": changes(tables["ranking_changes"]),
        "month_changes": changes(tables["month_changes"]),
        "trials": trials(tables["trials"]),
    }


def kinds(rows: list[Row]) -> list[Row]:
    """A row a kind, with its name: steps in the map's order, then types and micro-moments by what they change."""
    ranked = sorted(rows, key=lambda row: (_KINDS.index(row["kind"]), row["position"], -row["effect"], row["value"]))
    return [row | {"name": _kind(row["kind"], row["value"])} for row in ranked]


def _kind(kind: str, value: str) -> str:
    if kind == "micro_moment":
        return _MICRO.get(value, value)
    return f"Step: {words.plain(value)}" if kind == "step" else f"{words.heading(value)} moments"


def known(name: str) -> str:
    """What is known of a journey, and adjusts, in words."""
    return _KNOWN.get(name, words.plain(name.replace(":", " ")))


def who(grouping: str, value: str) -> str:
    """A group of customers in words."""
    said = {"customer": "First orders", "member": "Members", "entry": f"Came by {words.plain(value)}"}
    return said.get(grouping, f"Region {words.clean(value)}")


def trials(rows: list[Row]) -> list[Row]:
    """Each moment's trial in the order of the map, with what it is adjusted for in words."""
    before = ("earlier_sub_steps", "earlier_moments")
    told = [
        row
        | {"adjusted": [known(name) for name in row["adjusted_for"]]}
        | {"before": [words.plain(name) for column in before for name in row[column]]}
        for row in rows
    ]
    return sorted(told, key=lambda row: row["moment_position"])


def changes(rows: list[Row]) -> Row:
    """night: the one compared with (None: there is none); compared: how many effects; rows: those that changed."""
    changed = [row for row in rows if row["has_changed"]]
    order = sorted(
        changed, key=lambda row: (row["mission_position"], row["mission"], -abs(row["change"]), row["moment"])
    )
    return {
        "night": rows[0]["previous_night"] if rows else None,
        "compared": len(rows),
        "changed": len(changed),
        "rows": order[:SHOWN],
        "is_other_question": any(row["is_same_trial"] is False for row in rows),
    }
