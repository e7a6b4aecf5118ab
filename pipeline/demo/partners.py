"""What the partners wrote down: the deliverer's and the planters' activities, under their own customer numbers."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pandas as pd

from pipeline.demo.company import DELIVERER, MISSION_NAMES, PLANTERS
from pipeline.demo.crm import Crm
from pipeline.demo.hard import with_mailbox_of_another, with_name_of_another
from pipeline.demo.history import Journeys
from pipeline.demo.people import People
from pipeline.demo.recipe import DAY, HOUR, Bools, Ints, Recipe, Texts, choose
from pipeline.demo.touches import Story, finished, spoken
from pipeline.demo.voices import felt, labels, ratings, texts
from pipeline.demo.words import FIRST_NAMES, SURNAME_HEADS, SURNAME_TAILS

COLUMNS = [
    *("activity_id", "partner", "customer_ref", "email_sha256", "loyalty_id", "first_name", "last_name", "postcode"),
    *("occurred_at", "activity_type", "outcome", "duration_seconds", "category", "city"),
]
CREW_COLUMNS = ["amount", "currency", "rating", "text"]
# how a partner knows somebody: by a hashed e-mail, a loyalty id, a name and postcode, or not at all
KNOWN_BY, KNOWN_BY_IN_A_HARDER_WORLD = (0.62, 0.18, 0.14, 0.06), (0.46, 0.14, 0.34, 0.06)
NUMBERED_TWICE = 0.03  # of a partner's customers, in a harder world


@dataclass(frozen=True)
class Partners:
    """rows: partner name -> activities (all nights, with `night`). emotions: id, label, person of every text.
    refs: kind, value, person, linkable of every partner reference."""

    rows: dict[str, pd.DataFrame]
    emotions: pd.DataFrame
    refs: pd.DataFrame


def make_partners(recipe: Recipe, people: People, journeys: Journeys, crm: Crm) -> Partners:
    story = Story(journeys, recipe.rng("partners"))
    mailed = _mailed(people, crm, len(recipe.nights) - 1)
    known = {}
    for name, letter, rows in ((DELIVERER, "D", _deliveries(story)), (PLANTERS, "W", _plantings(story))):
        told = _who(rows, name, letter, people=people, mailed=mailed, recipe=recipe)
        known[name] = finished(told, letter, "activity_id", recipe, story.rng)
    refs: list[pd.DataFrame] = []
    for name, rows in known.items():
        refs.append(_refs(name, rows, people, max([len(people), *(1 + int(r["person"].max()) for r in refs)])))
    out = {DELIVERER: [*COLUMNS, "night"], PLANTERS: [*COLUMNS, *CREW_COLUMNS, "night"]}
    emotions = spoken(known[PLANTERS], "activity_id")
    return Partners({k: known[k][c] for k, c in out.items()}, emotions, pd.concat(refs, ignore_index=True))


def _refs(partner: str, rows: pd.DataFrame, people: People, first: int) -> pd.DataFrame:
    """The partner's numbers; people who never bought from us are others with every partner, numbered from `first`."""
    met = rows[["customer_ref", "person", "linkable"]].drop_duplicates(ignore_index=True)
    strangers = met["person"] >= len(people)
    met["person"] = met["person"].where(~strangers, met["person"] - len(people) + first)
    return met.rename(columns={"customer_ref": "value"}).assign(kind=f"partner:{partner}")


def _deliveries(story: Story) -> pd.DataFrame:
    late = np.where(story.on("delivery_late"), "late", "on_time").astype(object)
    outcome = late + np.where(story.on("carried_to_spot"), "+carried_in", "")
    return _activity(story, story.at("delivery"), story.while_delivered(high=0.45), "delivery", outcome)


def _plantings(story: Story) -> pd.DataFrame:
    """The crew's work; some customers rate it, with a text."""
    rng = story.rng
    tidy = np.where(story.on("left_messy"), "messy", "tidy").astype(object)
    outcome = tidy + np.where(story.on("crew_explained"), "+explained", "")
    rows = _activity(story, story.at("planting"), story.while_delivered() + HOUR // 4, "planting", outcome)
    spoke = rng.random(len(rows)) < 0.15
    of = rows["journey"].to_numpy()
    feeling = felt(story.j, rng)[of]
    said = texts(feeling, np.array(MISSION_NAMES)[story.j.mission[of]].tolist(), rng)
    rows["rating"] = np.where(spoke, ratings(feeling, rng).astype(str), "")
    rows["text"], rows["label"] = np.where(spoke, said, ""), np.where(spoke, labels(feeling), "")
    rows["amount"] = np.round(40 + 3 * story.j.plot_m2[of], 2).astype(str)
    return rows.assign(currency="EUR")


def _activity(story: Story, mask: Bools, when: Ints, kind: str, outcome: Texts) -> pd.DataFrame:
    rows = np.flatnonzero(mask)
    seconds = (story.seconds(120, 1500) if kind == "delivery" else story.seconds(3600, 20_000))[rows].astype(str)
    table = {"journey": rows, "time": np.minimum(when, story.j.ends)[rows], "activity_type": kind}
    extra = {"outcome": outcome[rows], "duration_seconds": seconds, "category": "home", "label": ""}
    return pd.DataFrame({**table, **extra, "person": story.j.person[rows]})


def _mailed(people: People, crm: Crm, last: int) -> Bools:
    """Whose own e-mail stands in the CRM by the last night, so that its hash tells who it is."""
    rows = crm.rows[crm.rows["night"] <= last]
    person = rows["person"].to_numpy()
    own = rows["email"].str.lower().to_numpy() == people.email[person]
    return np.bincount(person[own], minlength=len(people)) > 0


def _who(
    rows: pd.DataFrame, partner: str, letter: str, *, people: People, mailed: Bools, recipe: Recipe
) -> pd.DataFrame:
    """Give the activities the partner's own customer number and what the partner tells about each person.

    A person is known to a partner by a hashed e-mail, a loyalty id, a name and postcode, or nothing (`linkable`
    says whether it can be known who it is). Some of its customers are nobody we know.
    """
    rng = recipe.rng(f"partner {partner}")
    n, strangers = len(people), max(2, len(rows) // 25)
    number = rng.permutation(n + strangers) * 7 + 100_003
    how = rng.choice(4, size=n + strangers, p=KNOWN_BY_IN_A_HARDER_WORLD if recipe.hard else KNOWN_BY)
    member = np.concatenate([people.loyalty_id != "", np.zeros(strangers, bool)])
    how = np.where((how == 1) & ~member, 0, how)
    others = _strangers(rows, n, strangers, rng)
    rows = pd.concat([rows, others], ignore_index=True)
    person = rows["person"].to_numpy()
    facts = _facts(people, strangers, rng)
    rows["customer_ref"] = [f"{letter}C-{i}" for i in number[person]]
    by = how[person]
    rows["email_sha256"] = np.where(by == 0, facts["hash"][person], "")
    rows["loyalty_id"] = np.where(by == 1, facts["loyalty"][person], "")
    with_name = (how == 2) | ((how < 2) & (rng.random(n + strangers) < 0.4))
    named = with_name[person]
    for column in ("first_name", "last_name", "postcode", "city"):
        rows[column] = np.where(named, facts[column][person], "")
    told = with_name | (how == 1) | ((how == 0) & np.concatenate([mailed, np.ones(strangers, bool)]))
    if recipe.hard:
        rows["customer_ref"] = _numbered_twice(rows["customer_ref"], person, rng)
        told &= ~_ambiguous(people, how, with_name)
    return rows.assign(partner=partner, linkable=told[person])


def _numbered_twice(refs: pd.Series, person: Ints, rng: np.random.Generator) -> Texts:
    """Some customers have a second number, under which a part of what they did is written down."""
    twice = np.isin(person, np.flatnonzero(rng.random(person.max(initial=0) + 1) < NUMBERED_TWICE))
    numbers: Texts = np.where(twice & (rng.random(len(refs)) < 0.5), refs + "-2", refs).astype(object)
    return numbers


def _ambiguous(people: People, how: Ints, with_name: Bools) -> Bools:
    """Of whom a partner tells what is as true of somebody else: a couple's mailbox, a namesake's name and postcode."""
    strangers = np.zeros(len(how) - len(people), bool)
    mailbox = np.concatenate([with_mailbox_of_another(people), strangers])
    name = np.concatenate([with_name_of_another(people), strangers])
    ambiguous: Bools = ((how == 0) & mailbox & ~with_name) | ((how == 2) & name)
    return ambiguous


def _strangers(rows: pd.DataFrame, n: int, strangers: int, rng: np.random.Generator) -> pd.DataFrame:
    """Activities for people who never bought from us."""
    model = rows.iloc[rng.integers(0, len(rows), strangers)].copy()
    model["person"] = n + np.arange(strangers)
    model["time"] += rng.integers(-DAY, DAY, strangers)
    return model.assign(**{c: "" for c in ("rating", "text", "label") if c in model})


def _facts(people: People, strangers: int, rng: np.random.Generator) -> dict[str, Texts]:
    first = choose(rng, FIRST_NAMES, strangers)
    last = choose(rng, SURNAME_HEADS, strangers) + choose(rng, SURNAME_TAILS, strangers)
    number = rng.integers(100, 10**7, strangers).astype(str).astype(object)
    mail = np.concatenate([people.email, "guest" + number + "@elsewhere.example"])
    nothing = np.full(strangers, "", dtype=object)
    return {
        "hash": np.array([sha256(m.encode()).hexdigest() for m in mail], dtype=object),
        "loyalty": np.concatenate([people.loyalty_id, nothing]),
        "first_name": np.concatenate([people.first, first]),
        "last_name": np.concatenate([people.last, last]),
        "postcode": np.concatenate([people.postcode, choose(rng, ("ZA1 P002", "ZB2 H117", "ZC4 T208"), strangers)]),
        "city": np.concatenate([people.city, choose(rng, ("Derry", "Wexford"), strangers)]),
    }
