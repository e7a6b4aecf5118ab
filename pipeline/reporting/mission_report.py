"""What the report says of missions: persona cards, which mission follows which, and missions outside the customer base.

Of what sets a mission apart, only what is no chance is said; of what every card tells (who is new, how early, how it
felt) the others' figure is "alike" where it is.
"""

from collections.abc import Iterable, Sequence
from math import log
from typing import Any

from pipeline import words
from pipeline.estimators.mission_names import in_units, shown, signal_in_words
from pipeline.estimators.mission_profiles import QUARTILES

Row = dict[str, Any]
Facets = dict[str, list[Row]]  # a mission's rows of report.personas by facet
Line = tuple[str, str, str]  # what, this mission's figure, the others'

PLACES = ("customers", "visitors", "authors", "partners")
LEAST_SHARE = 0.05  # a rarer value says little about a mission, whatever its lift
OWN = 3  # of the company's own fields: numbers and words shown, each
ALIKE = "alike"


def values(tables: dict[str, list[Row]], currency: str) -> dict[str, Any]:
    """What the section on missions shows: cards, what follows what, and the missions outside the customer base."""
    missions = sorted(tables["missions"], key=lambda row: row["position"])
    return {
        "missions": cards(missions, tables["personas"], currency),
        "flows": flows(missions, tables["mission_flows"]),
        "loyal": loyal(missions, tables["mission_flows"]),
        "moods": moods(missions, tables["mission_moods"]),
    }


def cards(missions: Sequence[Row], personas: Iterable[Row], currency: str) -> list[Row]:
    """Each mission with `size`, a sentence ('' where nothing is known), and `groups`: a heading and its lines each."""
    of: dict[str, Facets] = {}
    for row in personas:
        of.setdefault(row["mission"], {}).setdefault(row["facet"], []).append(row)
    return [mission | _card(of.get(mission["mission"], {}), currency) for mission in missions]


def _card(facets: Facets, currency: str) -> Row:
    groups = [
        ("Who", _who(facets)),
        ("What they order", _orders(facets, currency)),
        ("When and how early", _when(facets)),
        ("What they read", [_line(row, _name(row)) for row in _more(facets, "topic")[:3]]),
        ("Where", _where(facets)),
        ("How far they get", [_line(row, _name(row)) for row in _apart(facets, "step")[:3]]),
        ("What they feel", _feels(facets)),
    ]
    size = next((_size(row) for row in facets.get("size", ())), "")
    return {"size": size, "groups": [(heading, lines) for heading, lines in groups if lines]}


def _size(row: Row) -> str:
    now, before = words.percent(row["share"]), words.percent(row["rest_share"])
    how = ("growing" if row["lift"] > 1 else "shrinking") if row["is_sure"] else "no change beyond chance"
    return f"{now} of journeys in the {words.clean(row['value'])}, {before} in as many days before: {how}."


# -- lines of a card --------------------------------------------------------------------------------------------------


def _who(facets: Facets) -> list[Line]:
    new = [_line(row, "New customers") for row in facets.get("customer", ()) if row["value"] == "new"]
    homes = [_line(row, f"Live in {shown(row['value'])}") for row in _more(facets, "region")[:2]]
    return (
        new
        + homes
        + [_line(row, f"Bought {shown(row['value'])} before") for row in _more(facets, "category_before")[:1]]
    )


def _orders(facets: Facets, currency: str) -> list[Line]:
    lines = [_line(row, _name(row)) for row in _more(facets, "category")[:2]]
    lines += [_median(row, f"Spend, {currency}") for row in _quartiles(facets, "value")]
    lines += [_median(row, "Days of use") for row in _quartiles(facets, "use_hours") if row["is_sure"]]
    own = sorted(facet for facet in facets if facet.startswith("attributes."))
    numbers = [(row, words.heading(signal_in_words(facet))) for facet in own for row in _quartiles(facets, facet)]
    kinds = [(row, _name(row, signal_in_words(facet))) for facet in own for row in _more(facets, facet)[:1]]
    lines += [_median(row, label) for row, label in numbers if row["is_sure"]][:OWN]
    return lines + [_line(row, label) for row, label in kinds][:OWN]


def _when(facets: Facets) -> list[Line]:
    lines = [_median(row, "Days ahead") for row in _quartiles(facets, "lead_hours")]
    for facet, said in (("month", "In {}"), ("weekday", "On a {}"), ("hour", "From {}")):
        lines += [_line(row, said.format(words.clean(row["value"]))) for row in _more(facets, facet)[:2]]
    return lines


def _where(facets: Facets) -> list[Line]:
    kinds = (("entry", "comes by"), ("device", "device"), ("channel", "channel"), ("partner", "partner"))
    return [_line(row, _name(row, said)) for facet, said in kinds for row in _more(facets, facet)[:2]]


def _feels(facets: Facets) -> list[Line]:
    felt = {row["value"]: row for row in facets.get("feeling", ())}
    labels = (
        ("positive", "Something positive, where they wrote"),
        ("negative", "Something negative, where they wrote"),
    )
    lines = [_line(felt[name], label) for name, label in labels if name in felt]
    return lines + [_median(row, "Strongest feeling, −1 to +1") for row in _quartiles(facets, "peak")]


# -- what a line is made of -------------------------------------------------------------------------------------------


def _name(row: Row, kind: str = "") -> str:
    return words.heading(f"{kind}: {shown(row['value'])}" if kind else shown(row["value"]))


def _line(row: Row, label: str) -> Line:
    return label, words.percent(row["share"]), _others(row, words.percent(row["rest_share"]))


def _others(row: Row, figure: str) -> str:
    """The others' figure: alike where it differs by no more than chance, a dash where there are no others."""
    return "–" if row["rest_share"] is None else figure if row["is_sure"] else ALIKE


def _median(row: Row, label: str) -> Line:
    """The median and, in brackets, the quartiles around it."""
    low, middle, up, others = (_said(row, row[name]) for name in ("low", "number", "up", "rest_number"))
    return label, f"{middle} ({low} to {up})" if low != up else middle, _others(row, others)


def _said(row: Row, number: float | None) -> str:
    if row["facet"] == "peak":
        return f"{number or 0.0:+.1f}".replace("-", "−")
    return in_units(row["facet"], number or 0.0)


def _more(facets: Facets, facet: str) -> list[Row]:
    """Values that are surely more frequent than on other missions, the most telling first."""
    found = [row for row in _apart(facets, facet) if row["lift"] > 1 and row["share"] >= LEAST_SHARE]
    return sorted(found, key=lambda row: (-row["share"] * log(row["lift"]), row["value"]))


def _apart(facets: Facets, facet: str) -> list[Row]:
    """Values that are surely more or less frequent than on other missions, the furthest apart first."""
    found = [row for row in facets.get(facet, ()) if row["is_sure"] and row["number"] is None]
    return sorted(found, key=lambda row: (-abs(log(row["lift"])), row["value"]))


def _quartiles(facets: Facets, facet: str) -> list[Row]:
    """The median's row with the quartiles beside it, low and up; none where they are not known."""
    found = {row["value"]: row for row in facets.get(facet, ()) if row["number"] is not None}
    if set(QUARTILES) - set(found):
        return []
    low, middle, up = (found[name] for name in QUARTILES)
    return [middle | {"low": low["number"], "up": up["number"]}]


# -- flows and places -------------------------------------------------------------------------------------------------


def flows(missions: Sequence[Row], steps: Iterable[Row]) -> list[Row]:
    """A row a mission that journeys follow, first journeys first: label, and a cell (or None) for every mission."""
    cell = {(row["from_mission"], row["to_mission"]): row for row in steps}
    names = [(None, "First journey"), *((row["mission"], f"After {words.clean(row['label'])}") for row in missions)]
    rows = [
        {"mission": name, "label": label, "cells": [cell.get((name, to["mission"])) for to in missions]}
        for name, label in names
    ]
    return [row for row in rows if any(row["cells"])]


def loyal(missions: Sequence[Row], steps: Iterable[Row]) -> Row | None:
    """The mission that journeys stay on most, as told by the low end of the range; None where too little is known."""
    labels = {row["mission"]: row["label"] for row in missions}
    stay = [row for row in steps if row["from_mission"] == row["to_mission"]]
    best = max(stay, key=lambda row: (row["low"], row["to_mission"]), default=None)
    return best and best | {"label": labels[best["to_mission"]]}


def moods(missions: Sequence[Row], places: Iterable[Row]) -> Row:
    """places: where anybody was seen; rows: a mission each (and one of who tells none), a cell or None for a place."""
    cell = {(row["place"], row["mission"]): row for row in places}
    seen = [place for place in PLACES if any(key[0] == place for key in cell)]
    names = [*((row["mission"], row["label"]) for row in missions), (None, "Cannot tell")]
    rows = [
        {"mission": name, "label": label, "cells": [cell.get((place, name)) for place in seen]} for name, label in names
    ]
    return {"places": seen, "rows": [row for row in rows if any(row["cells"])]}
