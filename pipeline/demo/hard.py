"""A harder world of the same company: what makes it hard to tell who is who, laid over the people and their CRM rows.

Families of one name, twins, couples with one mailbox; birth dates mistyped or filled in by default; moves, new numbers
and new loyalty cards over the nights; front-desk phones, agencies' mailboxes and kiosks that unlike people share.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from pipeline.demo.company import COUNTRIES, REGIONS
from pipeline.demo.crm import Crm, Row, slip
from pipeline.demo.people import People, mobile_numbers, streets_at
from pipeline.demo.recipe import MINUTE, Bools, Floats, Recipe
from pipeline.demo.words import NICKNAMES

NAMESAKES, TWINS, ONE_MAILBOX, ONE_PHONE = 0.06, 0.10, 0.08, 0.10  # of neighbours in one household
GENERATION_DAYS = 27 * 365
PEOPLE_A_DESK, PEOPLE_AN_AGENCY = 250, 400
MISTYPED, SWAPPED_DAY, NEW_YEAR, DEFAULT_DATE = 0.05, 0.03, 0.02, 0.02  # of the birth dates that are written
DESK_PHONE, AGENCY, SWAPPED_NAMES, TYPED_NAME, NICKNAME = 0.05, 0.015, 0.02, 0.04, 0.05  # of the rows
MOVES, NEW_PHONE, NEW_CARD = 0.06, 0.5, 0.03  # of the rows that a later night delivers again
DEFAULT_BIRTH = "1970-01-01"


def harder_people(recipe: Recipe, people: People) -> People:
    """The same people with more families: parent and child of one name, twins, couples with one mailbox or phone."""
    rng = recipe.rng("hard people")
    together = (people.household[1:] == people.household[:-1]) & (people.last[1:] == people.last[:-1])
    kind = rng.random(len(together))
    edges = np.cumsum([NAMESAKES, TWINS, ONE_MAILBOX, ONE_PHONE])
    parent, twin, mailbox, phone = (
        np.flatnonzero(together & (kind >= low) & (kind < high))
        for low, high in zip([0.0, *edges[:-1]], edges, strict=True)
    )
    parent = parent[~np.isin(parent, parent + 1)]  # two people of one name, never three
    first, born, email, number = (getattr(people, name).copy() for name in ("first", "born", "email", "phone"))
    first[parent + 1], born[parent + 1] = first[parent], born[parent] + GENERATION_DAYS
    twin = twin[first[twin] != first[twin + 1]]
    born[twin + 1] = born[twin]
    mailbox = mailbox[first[mailbox] != first[mailbox + 1]]
    email[mailbox + 1] = email[mailbox]
    number[phone + 1] = number[phone]
    return replace(people, first=first, born=born, email=email, phone=number)


def with_mailbox_of_another(people: People) -> Bools:
    """Whose e-mail address is somebody else's too: alone it does not tell who they are."""
    shared: Bools = pd.Series(people.email).duplicated(keep=False).to_numpy()
    return shared


def with_name_of_another(people: People) -> Bools:
    """Who has a namesake in the same postcode: name and postcode do not tell who they are."""
    who = pd.DataFrame({"first": people.first, "last": people.last, "postcode": people.postcode})
    return who.duplicated(keep=False).to_numpy()


def harder_crm(recipe: Recipe, people: People, crm: Crm) -> Crm:
    """The same rows, written worse, and delivered again with new addresses, numbers and cards.

    A person whose rows would then share nothing that tells that they are one keeps them as they were.
    """
    rng = recipe.rng("hard crm")
    rows = crm.rows.copy()
    worse = _rows(rows)
    alike = with_name_of_another(people)[rows["person"].to_numpy()]
    for row, has_namesake, draw in zip(worse, alike.tolist(), rng.random((len(rows), 2)), strict=True):
        _write_worse(row, draw, rng, birth=not has_namesake)
    _share(worse, len(people), rng)
    _restore_strangers(rows, worse)
    rows[list(_WRITTEN)] = pd.DataFrame(worse, index=rows.index)
    return replace(crm, rows=rows, changes=_changes(recipe, people, replace(crm, rows=rows), rng))


_WRITTEN = ("first", "last", "email", "phone", "born", "street", "postcode", "loyalty_id", "handle")


def _rows(rows: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in rows[list(_WRITTEN)].to_dict("records")]


def _write_worse(row: Row, draw: Floats, rng: np.random.Generator, *, birth: bool) -> None:
    if draw[0] < TYPED_NAME:
        row["last"] = slip(row["last"], rng)
    elif draw[0] < TYPED_NAME + SWAPPED_NAMES:
        row["first"], row["last"] = row["last"], row["first"]
    elif draw[0] < TYPED_NAME + SWAPPED_NAMES + NICKNAME:
        row["first"] = NICKNAMES.get(row["first"], row["first"])
    if birth and row["born"]:
        row["born"] = _birth(row["born"], float(draw[1]), rng)


def _birth(born: str, draw: float, rng: np.random.Generator) -> str:
    """A birth date as it may be written: with one digit wrong, day and month swapped, or filled in by default."""
    if draw < MISTYPED:
        return _mistyped(born, rng)
    if draw < MISTYPED + SWAPPED_DAY:
        return _if_a_date(f"{born[:5]}{born[8:]}-{born[5:7]}", born)
    if draw < MISTYPED + SWAPPED_DAY + NEW_YEAR:
        return f"{born[:4]}-01-01"
    return DEFAULT_BIRTH if draw < MISTYPED + SWAPPED_DAY + NEW_YEAR + DEFAULT_DATE else born


def _mistyped(born: str, rng: np.random.Generator) -> str:
    place = (2, 3, 6, 8, 9)[int(rng.integers(0, 5))]
    return _if_a_date(born[:place] + str(rng.integers(0, 10)) + born[place + 1 :], born)


def _if_a_date(written: str, otherwise: str) -> str:
    try:
        date.fromisoformat(written)
    except ValueError:
        return otherwise
    return written if written < "2010" else otherwise


def _share(rows: list[Row], people: int, rng: np.random.Generator) -> None:
    """Front desks that give their own number, and agencies that give their own mailbox."""
    desks = [f"+3531{6_000_000 + i * 137}" for i in range(1 + people // PEOPLE_A_DESK)]
    agencies = [f"bookings@agency{i}.example" for i in range(1 + people // PEOPLE_AN_AGENCY)]
    for row, draw in zip(rows, rng.random((len(rows), 2)), strict=True):
        if draw[0] < DESK_PHONE:
            row["phone"] = desks[int(rng.integers(0, len(desks)))]
        if draw[1] < AGENCY:
            row["email"] = agencies[int(rng.integers(0, len(agencies)))]


def _restore_strangers(rows: pd.DataFrame, worse: list[Row]) -> None:
    """Gives the rows of those people back whose rows are not one component of ties any more."""
    before = _rows(rows)
    for places in rows.groupby("person").indices.values():
        if not _is_one([worse[i] for i in places]):
            for i in places:
                worse[i] = before[i]


def _is_one(rows: list[Row]) -> bool:
    met, reach = {0}, [0]
    while reach:
        at = reach.pop()
        near = {i for i in range(len(rows)) if i not in met and _tied(rows[at], rows[i])}
        met |= near
        reach += sorted(near)
    return len(met) == len(rows)


def _tied(one: Row, other: Row) -> bool:
    """Whether a clerk who sees the two rows could tell that they are about one person."""
    name = {one["first"][:1], one["last"][:1]} == {other["first"][:1], other["last"][:1]}
    mail = _mailbox(one) == _mailbox(other) != "" and "agency" not in one["email"]
    card = any(one[field] and one[field] == other[field] for field in ("loyalty_id", "handle"))
    phone = one["phone"][-6:] == other["phone"][-6:] != "" and not one["phone"].startswith("+35316")
    same = all(one[field] == other[field] for field in ("first", "last"))
    home = same and (one["street"], one["born"]) == (other["street"], other["born"]) and one["born"] != ""
    return card or home or (name and (mail or (phone and same)))


def _mailbox(row: Row) -> str:
    return row["email"].lower().replace("+garden", "")


def _changes(recipe: Recipe, people: People, crm: Crm, rng: np.random.Generator) -> pd.DataFrame:
    """What later nights deliver again: the changes there were, and moves, new numbers and new loyalty cards."""
    rows, last = crm.rows, len(recipe.nights) - 1
    before = crm.changes.assign(**{name: rows.loc[crm.changes.index, name] for name in _WRITTEN if name != "street"})
    due = np.flatnonzero((rows["night"].to_numpy() < last) & ~rows.index.isin(crm.changes.index))
    kind = rng.random(len(due))
    moved, carded = due[kind < MOVES], due[(kind >= MOVES) & (kind < MOVES + NEW_CARD)]
    carded = carded[rows["loyalty_id"].to_numpy()[carded] != ""]
    again = pd.concat([_moved(rows.iloc[moved], people, rng), _carded(rows.iloc[carded], rng)])
    early = again["night"].to_numpy() + 1
    again["night"] = early + (rng.random(len(again)) * (last + 1 - early)).astype(np.int64)
    again["updated"] = recipe.night_times[again["night"].to_numpy()] - rng.integers(1, 1200, len(again)) * MINUTE
    return pd.concat([before, again])


def _moved(rows: pd.DataFrame, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """A new street near somebody else, wherever that is; half have a new number as well."""
    near = rng.integers(0, len(people), len(rows))
    region = people.region[near]
    phone = np.where(rng.random(len(rows)) < NEW_PHONE, mobile_numbers(rng, region), rows["phone"])
    return rows.assign(
        street=streets_at(rng, len(rows)),
        city=people.city[near],
        postcode=people.postcode[near],
        region=np.array(REGIONS, dtype=object)[region],
        country=np.array(COUNTRIES, dtype=object)[region],
        phone=phone,
    )


def _carded(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A lost card, and the one that stands for it."""
    return rows.assign(loyalty_id=[f"FH{900_000 + i}" for i in rng.permutation(len(rows))])
