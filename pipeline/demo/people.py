"""The people: who they are and where they live. What the CRM wrote down about them is in crm.py."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.company import CITIES, COUNTRIES, MISSIONS, REGIONS
from pipeline.demo.recipe import DAY, Bools, Floats, Ints, Recipe, Texts, choose
from pipeline.demo.words import (
    FIRST_NAMES,
    MAIL_HOSTS,
    STREET_KINDS,
    STREETS,
    SURNAME_HEADS,
    SURNAME_TAILS,
)


@dataclass(frozen=True)
class People:
    """One entry a person. Texts are "" where the person has none. `born` in days since 1970; `entry` when they
    first come; `refuses`: 0 never, 1 from the start, 2 withdraws on a later night."""

    household: Ints
    region: Ints
    first: Texts
    last: Texts
    born: Ints
    email: Texts
    phone: Texts
    landline: Texts
    street: Texts
    city: Texts
    postcode: Texts
    loyalty_id: Texts
    handle: Texts
    marketing: Bools
    refuses: Ints
    bond: Floats
    mission: Ints
    entry: Ints

    def __len__(self) -> int:
        return len(self.born)


def households(rng: np.random.Generator, n: int) -> Ints:
    """Household number of each person: most live alone, some with up to three others."""
    sizes = rng.choice([1, 2, 3, 4], size=n, p=[0.70, 0.20, 0.06, 0.04])
    return np.repeat(np.arange(n), sizes)[:n]


def _names(rng: np.random.Generator, home: Ints) -> tuple[Texts, Texts]:
    n = len(home)
    heads, tails = choose(rng, SURNAME_HEADS, n), choose(rng, SURNAME_TAILS, n)
    own = heads + tails
    last = np.where(rng.random(n) < 0.85, own[np.unique(home, return_index=True)[1]][_rank(home)], own)
    skew = (rng.random(n) ** 1.4 * len(FIRST_NAMES)).astype(np.int64)  # some first names are much commoner
    return np.array(FIRST_NAMES, dtype=object)[skew], last


def _rank(values: Ints) -> Ints:
    """Each value's place among the distinct values."""
    return np.unique(values, return_inverse=True)[1]


def mobile_numbers(rng: np.random.Generator, region: Ints) -> Texts:
    """Mobile numbers of the person's country, in E.164."""
    number = rng.integers(1_000_000, 10_000_000, len(region)).astype(str).astype(object)
    irish = "+353" + choose(rng, ("83", "85", "86", "87", "89"), len(region)) + number
    british = "+447" + choose(rng, ("400", "534", "712", "865", "968"), len(region)) + number
    return np.where(np.array(COUNTRIES, dtype=object)[region] == "IE", irish, [b[:13] for b in british])


def _addresses(rng: np.random.Generator, home: Ints, n_homes: int) -> tuple[Ints, Texts, Texts, Texts]:
    region = rng.choice(len(REGIONS), size=n_homes, p=[0.40, 0.26, 0.16, 0.18])
    town = rng.integers(0, 4, n_homes)
    city = np.array(CITIES, dtype=object)[region, town]
    streets = streets_at(rng, n_homes)
    return region[home], streets[home], city[home], postcodes(rng, region, town)[home]


def streets_at(rng: np.random.Generator, n: int) -> Texts:
    number = rng.integers(1, 20 + n // 40, n).astype(str).astype(object)
    streets: Texts = number + " " + choose(rng, STREETS, n) + " " + choose(rng, STREET_KINDS, n)
    return streets


def postcodes(rng: np.random.Generator, region: Ints, town: Ints) -> Texts:
    """Codes of about ten households each, whatever the number of people: a town's key and a local part."""
    local = rng.integers(0, max(6, len(region) // 160), len(region))
    key = np.array([f"{'DTFB'[r]}{10 + 7 * t}" for r, t in zip(region, town, strict=True)], dtype=object)
    codes: Texts = key + " " + np.array([f"{'ACEHKNPRTVWXY'[v % 13]}{v // 13:03d}" for v in local], dtype=object)
    return codes


def _emails(rng: np.random.Generator, first: Texts, last: Texts) -> Texts:
    style = rng.integers(0, 3, len(first))
    tail = rng.integers(10, 100_000, len(first))
    host = choose(rng, MAIL_HOSTS, len(first))
    names = zip(first, last, style, tail, host, strict=True)
    forms = ("{f}.{l}{n}@{h}", "{i}{l}{n}@{h}", "{f}{n}@{h}")
    return np.array([forms[s].format(f=f, l=x, i=f[0], n=n, h=h).lower() for f, x, s, n, h in names], dtype=object)


def make_people(recipe: Recipe) -> People:
    """Draw the people of a world, in households."""
    rng, n = recipe.rng("people"), recipe.people
    home = households(rng, n)
    first, last = _names(rng, home)
    region, street, city, postcode = _addresses(rng, home, n)
    born = (recipe.end / DAY - 365.25 * (19 + 71 * rng.beta(2.2, 3.0, n))).astype(np.int64)
    first, born = _namesakes(rng, home, first, last, born)
    bond = rng.standard_normal(n)
    member = rng.random(n) < 1 / (1 + np.exp(0.9 - 0.9 * bond))
    number = rng.permutation(n)
    handles = np.array([f"{f.lower()}_{x[:4].lower()}{i}" for f, x, i in zip(first, last, number, strict=True)])
    phones = mobile_numbers(rng, region)
    span = recipe.end - recipe.start
    late = rng.random(n) < 0.03  # a trickle of people who are new in the last nights
    entry = np.where(late, recipe.end - rng.random(n) * 3 * DAY, recipe.start + rng.random(n) ** 1.5 * span)
    return People(
        household=home, region=region, first=first, last=last, born=born,
        email=_emails(rng, first, last), phone=phones,
        landline=phones[np.unique(home, return_index=True)[1]][_rank(home)],
        street=street, city=city, postcode=postcode,
        loyalty_id=np.where(member, np.array([f"FH{700_000 + i}" for i in number], dtype=object), ""),
        handle=np.where(rng.random(n) < 0.1, handles.astype(object), ""),
        marketing=rng.random(n) < 0.62,
        refuses=rng.choice([0, 1, 2], size=n, p=[0.95, 0.04, 0.01]),
        bond=bond,
        mission=rng.choice(len(MISSIONS), size=n, p=[m.share for m in MISSIONS]),
        entry=entry.astype(np.int64),
    )  # fmt: skip


def _namesakes(rng: np.random.Generator, home: Ints, first: Texts, last: Texts, born: Ints) -> tuple[Texts, Ints]:
    """Now and then a parent and a child of one household have one name."""
    same = (home[1:] == home[:-1]) & (last[1:] == last[:-1]) & (rng.random(len(home) - 1) < 0.03)
    child = np.flatnonzero(same) + 1
    first, born = first.copy(), born.copy()
    first[child], born[child] = first[child - 1], born[child - 1] + 28 * 365
    return first, born
