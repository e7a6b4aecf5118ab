"""What the CRM wrote down: several rows for many people, with slips, old addresses and shared values."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demo.company import CITIES, COUNTRIES, REGIONS
from pipeline.demo.history import Journeys
from pipeline.demo.people import People, postcodes, streets_at
from pipeline.demo.recipe import DAY, MINUTE, Bools, Ints, Recipe, stamp
from pipeline.demo.words import AGENCY_MAIL, MAIL_HOSTS, NICKNAMES, PLACEHOLDER_PHONE

LETTERS = "abcdefghilmnoprstu"
COLUMNS = [
    *("crm_id", "email", "phone", "first_name", "last_name", "birth_date", "street", "city", "postcode", "region"),
    *("country", "loyalty_id", "social_handle", "consent_analytics", "consent_marketing", "created_at"),
    *("updated_at", "night"),
]
Row = dict[str, str]


@dataclass(frozen=True)
class Crm:
    """rows: one a CRM row (strings, with person and created); of_journey: the row that each order was placed by.
    changes: rows that a later night delivers again. refusers: persons who refuse by the last night."""

    rows: pd.DataFrame
    of_journey: Ints
    changes: pd.DataFrame
    refusers: Ints


def make_crm(recipe: Recipe, people: People, journeys: Journeys) -> Crm:
    rng = recipe.rng("crm")
    count = rng.choice([1, 2, 3], size=len(people), p=[0.76, 0.18, 0.06])
    first_row = np.concatenate([[0], np.cumsum(count)[:-1]])
    person = np.repeat(np.arange(len(people)), count)
    used = (rng.random(len(journeys)) * (np.minimum(journeys.prior, count[journeys.person] - 1) + 1)).astype(int)
    of_journey = first_row[journeys.person] + used
    rows = _rows(people, person, first_row, rng)
    rows["created"] = _created(people, person, journeys, of_journey, rng)
    rows["night"] = recipe.delivered(rows["created"].to_numpy(), rng, late=0.003)
    number = rng.permutation(len(rows))
    rows.insert(0, "crm_id", [f"K{4_000_000 + i}" for i in number])
    rows["updated"] = rows["created"]
    _consents(rows, people, rng)
    changes, refusers = _changes(rows, people, recipe, rng)
    return Crm(rows, of_journey, changes, refusers)


def _created(people: People, person: Ints, journeys: Journeys, of_journey: Ints, rng: np.random.Generator) -> Ints:
    """A row is written shortly before the first order that uses it, or some weeks before; or at some time."""
    first = np.full(len(person), np.iinfo(np.int64).max)
    np.minimum.at(first, of_journey, journeys.ordered)
    early = np.where(rng.random(len(person)) < 0.4, 25 * DAY, 20 * MINUTE)
    idle = people.entry[person] + (rng.uniform(1, 200, len(person)) * DAY).astype(np.int64)
    return np.where(first < np.iinfo(np.int64).max, first - early, idle)


def _rows(people: People, person: Ints, first_row: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """The rows as written: the first of a person nearly right, the others with slips."""
    table = {name: getattr(people, name)[person] for name in ("first", "last", "email", "phone", "street", "city")}
    table["born"] = np.datetime_as_string(people.born[person].astype("datetime64[D]")).astype(object)
    for name in ("postcode", "loyalty_id", "handle", "landline"):
        table[name] = getattr(people, name)[person]
    table["region"] = np.array(REGIONS, dtype=object)[people.region[person]]
    table["country"] = np.array(COUNTRIES, dtype=object)[people.region[person]]
    n = len(person)
    home_phone = rng.random(n) < 0.08  # a household's number
    table["phone"] = np.where(home_phone, table["landline"], table["phone"])
    rows = [
        Row({str(k): v for k, v in r.items()}) for r in pd.DataFrame(table).drop(columns="landline").to_dict("records")
    ]
    is_first = np.zeros(n, bool)
    is_first[first_row] = True
    for i in np.flatnonzero(~is_first):
        rows[i] = _slips(rows[i], int(people.region[person[i]]), rng)
    for i in np.flatnonzero(is_first):
        _gaps(rows[i], rng)
    for i in np.flatnonzero(_has_namesake(people)[person]):  # nothing else tells these two apart
        rows[i]["born"] = table["born"][i]
    _keep_linked(rows, person, first_row)
    out = pd.DataFrame(rows)
    out["person"] = person
    return _shared(out, rng)


def _has_namesake(people: People) -> Bools:
    """Who shares a household and a name with somebody: a parent and a child."""
    who = pd.DataFrame({"home": people.household, "first": people.first, "last": people.last})
    return who.duplicated(keep=False).to_numpy()


def _gaps(row: Row, rng: np.random.Generator) -> None:
    """What a first row leaves out, or writes its own way."""
    draw = rng.random(4)
    if draw[0] < 0.06:
        row["email"] = ""
    elif draw[1] < 0.10:
        row["phone"] = ""
    if draw[2] < 0.15:
        row["born"] = ""
    if draw[3] < 0.3:
        row["phone"] = _local_form(row["phone"])
    elif draw[3] < 0.34:
        row["email"] = row["email"].upper()


def _local_form(phone: str) -> str:
    """A number as people write it at home."""
    if phone.startswith("+353"):
        return f"0{phone[4:6]} {phone[6:9]} {phone[9:]}"
    return f"0{phone[3:7]} {phone[7:]}" if phone.startswith("+44") else phone


def slip(word: str, rng: np.random.Generator) -> str:
    """One typing slip: a letter doubled, dropped, swapped with the next, or replaced."""
    if len(word) < 4:
        return word
    at, kind = int(rng.integers(1, len(word) - 1)), int(rng.integers(0, 4))
    middle = (word[at] * 2, "", word[at + 1] + word[at], LETTERS[int(rng.integers(0, len(LETTERS)))])[kind]
    return word[:at] + middle + word[at + (2 if kind == 2 else 1) :]


def _slips(row: Row, region: int, rng: np.random.Generator) -> Row:
    """A later row of the same person: typed by somebody else, or after a move."""
    row, draw = dict(row), rng.random(10)
    row["first"] = _first_name(row["first"], draw[0], rng)
    if draw[1] < 0.22:
        row["last"] = slip(row["last"], rng)
    elif draw[1] < 0.235:
        row["first"], row["last"] = row["last"], row["first"]
    row["email"] = _other_email(row, draw[2], rng)
    row["phone"] = "" if draw[3] < 0.2 else _local_form(row["phone"]) if draw[3] < 0.5 else row["phone"]
    if draw[4] < 0.2:
        row["born"] = ""
    elif draw[4] < 0.22 and int(row["born"][8:]) <= 12:
        row["born"] = f"{row['born'][:5]}{row['born'][8:]}-{row['born'][5:7]}"
    if draw[5] < 0.2:
        _move(row, region, rng)
    if draw[6] < 0.08:
        row["postcode"] = ""
    if draw[7] < 0.7:
        row["loyalty_id"] = ""
    if draw[8] < 0.7:
        row["handle"] = ""
    return row


def _first_name(name: str, draw: float, rng: np.random.Generator) -> str:
    if draw < 0.2:
        return slip(name, rng)
    if draw < 0.4:
        return NICKNAMES.get(name, name)
    return f"{name[0]}." if draw < 0.45 else name


def _other_email(row: Row, draw: float, rng: np.random.Generator) -> str:
    name, host = row["email"].split("@")
    if draw < 0.18:
        return ""
    if draw < 0.30:
        letters = f"{row['first'][:3]}{row['last'][:3]}".lower().replace(".", "")
        return f"{letters}{int(rng.integers(100, 100_000))}@{MAIL_HOSTS[int(rng.integers(0, len(MAIL_HOSTS)))]}"
    return f"{name}+garden@{host}" if draw < 0.36 else row["email"].upper() if draw < 0.42 else row["email"]


def _move(row: Row, region: int, rng: np.random.Generator) -> None:
    town = int(rng.integers(0, 4))
    row["street"], row["city"] = str(streets_at(rng, 1)[0]), CITIES[region][town]
    row["postcode"] = str(postcodes(rng, np.array([region]), np.array([town]))[0])


def _keep_linked(rows: list[Row], person: Ints, first_row: Ints) -> None:
    """Nobody can link what shares nothing: such a later row gets its first row's name, birth date and address."""
    for i in range(len(rows)):
        a, b = rows[first_row[person[i]]], rows[i]
        if a is b or _same_mail(a, b) or (a["loyalty_id"] and a["loyalty_id"] == b["loyalty_id"]):
            continue
        if a["phone"] and a["phone"][-6:] == b["phone"][-6:] and a["last"] == b["last"]:
            continue
        for field in ("first", "last", "street", "city", "postcode"):
            b[field] = a[field]
        a["born"] = b["born"] = a["born"] or b["born"] or "1970-05-17"


def _same_mail(a: Row, b: Row) -> bool:
    return bool(a["email"]) and a["email"].lower() == b["email"].lower().replace("+garden", "")


def _shared(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A landscaper's office orders for its clients; a till's default phone stands for the lack of one."""
    single = np.flatnonzero(rows.groupby("person")["person"].transform("size").to_numpy() == 1)
    rows.loc[single[rng.random(len(single)) < 0.009], "email"] = AGENCY_MAIL
    rows.loc[single[rng.random(len(single)) < 0.012], "phone"] = PLACEHOLDER_PHONE
    return rows


def _consents(rows: pd.DataFrame, people: People, rng: np.random.Generator) -> None:
    """Fill in consent: one row of a person who refuses says so, whichever it is."""
    person = rows["person"].to_numpy()
    yes = np.where(rng.random(len(rows)) < 0.1, "", "true").astype(object)
    order = rng.permutation(len(rows))
    says = order[np.unique(person[order], return_index=True)[1]]  # one random row of each person
    says = says[people.refuses[person[says]] == 1]
    yes[says] = "false"
    rows["consent_analytics"] = yes
    marketing = np.where(people.marketing[person], "true", "false").astype(object)
    rows["consent_marketing"] = np.where(rng.random(len(rows)) < 0.05, "", marketing)


def _changes(rows: pd.DataFrame, people: People, recipe: Recipe, rng: np.random.Generator) -> tuple[pd.DataFrame, Ints]:
    """Rows that later nights deliver again: withdrawn consents and new streets; and who refuses by the end."""
    n, last = len(rows), len(recipe.nights) - 1
    known = np.flatnonzero(rows["night"].to_numpy() < last)
    person = rows["person"].to_numpy()
    refused = np.unique(person[(rows["consent_analytics"] == "false") & (rows["night"] <= last)])
    first = known[np.unique(person[known], return_index=True)[1]]
    withdraw = first[people.refuses[person[first]] == 2]
    moved = known[(rng.random(n) < 0.004)[known] & ~np.isin(person[known], person[withdraw])]
    rows_again = np.concatenate([withdraw, moved])
    again = rows.iloc[rows_again].copy()
    early = again["night"].to_numpy() + 1
    again["night"] = early + (rng.random(len(again)) * (last + 1 - early)).astype(np.int64)
    night_time = recipe.night_times[again["night"].to_numpy()]
    again["updated"] = night_time - (rng.uniform(1, 20, len(again)) * 60).astype(np.int64) * MINUTE
    streets = streets_at(rng, len(again))
    is_withdrawn = np.arange(len(again)) < len(withdraw)
    again["street"] = np.where(is_withdrawn, again["street"], streets)
    again["consent_analytics"] = np.where(is_withdrawn, "false", again["consent_analytics"])
    return again, np.union1d(refused, person[withdraw])


def customer_rows(crm: Crm) -> pd.DataFrame:
    """crm/customers, all nights, with `night`."""
    rows = pd.concat([crm.rows, crm.changes], ignore_index=True)
    names = {"first": "first_name", "last": "last_name", "born": "birth_date", "handle": "social_handle"}
    rows = rows.rename(columns=names)
    rows["created_at"], rows["updated_at"] = stamp(rows["created"].to_numpy()), stamp(rows["updated"].to_numpy())
    return rows.sort_values(["night", "updated", "crm_id"], kind="stable")[COLUMNS].reset_index(drop=True)
