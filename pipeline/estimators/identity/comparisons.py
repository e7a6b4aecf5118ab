"""What the pair model compares, as SQL conditions that splink evaluates, and which records it sets beside each other.

A comparison's first condition that is true counts; the last is the weakest likeness, what is left is "unlike".
What is learned about them is plain numbers (see linker.PairModel); the SQL stays here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Levels = np.ndarray[Any, np.dtype[np.int8]]
Parameters = dict[str, dict[int, dict[str, float]]]

# What people change in the course of years, which a first delivery may not show yet: one pair in twenty is taken to
# differ at the least. An assumption, not an estimate: without it, the first night's model rules out every move.
LEAST_CHANGE = 0.05
# one slip leaves texts of four letters or more at least as similar as this
_SHAPE = 0.75


@dataclass(frozen=True)
class ScoredPairs:
    """Compared record pairs. weights: natural log of m/u, one column a comparison, NaN where nothing was compared.

    levels: the comparison vector, -1 where nothing was compared, 0 unlike, higher is more alike.
    """

    left: Ints
    right: Ints
    weights: Floats
    levels: Levels


@dataclass(frozen=True)
class Comparison:
    """null: where nothing can be compared. alike: (condition, column whose frequent values say less, or None).

    at_home: people of one household share it as one person's records do. changes: its owner changes it over the years.
    """

    name: str
    null: str
    alike: tuple[tuple[str, str | None], ...]
    at_home: bool = False
    changes: bool = False


@dataclass(frozen=True)
class Spec:
    """The comparisons; blocks: columns that two records must have in common to be compared (any one of these).

    learning: blocks within which expectation maximisation learns where no sure pairs are known.
    """

    comparisons: tuple[Comparison, ...]
    blocks: tuple[tuple[str, ...], ...]
    learning: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(comparison.name for comparison in self.comparisons)

    @property
    def frequency_columns(self) -> tuple[str, ...]:
        found = [column for c in self.comparisons for _, column in c.alike if column]
        return tuple(dict.fromkeys(found))


def null(*columns: str) -> str:
    """Where one of the columns is empty on either side."""
    return " or ".join(f"{column}_l is null or {column}_r is null" for column in columns)


def slip(column: str) -> str:
    """One letter left out, added, changed or swapped. Counting is dear: texts of another shape are not counted."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"case when jaro_winkler_similarity({left}, {right}) >= {_SHAPE}"
        f" then damerau_levenshtein({left}, {right}) <= 1 else false end"
    )


def near(column: str, similarity: float) -> str:
    """One slip apart, or as similar as spellings of one name are (Jaro-Winkler)."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"case when jaro_winkler_similarity({left}, {right}) >= {similarity} then true"
        f" when jaro_winkler_similarity({left}, {right}) >= {_SHAPE}"
        f" then damerau_levenshtein({left}, {right}) <= 1 else false end"
    )


def _shared(column: str) -> str:
    return f"array_length(list_intersect({column}_l, {column}_r)) >= 1"


_SWAPPED = "first_name_l = last_name_r and last_name_l = first_name_r"
_INITIAL = (
    "least(length(first_name_l), length(first_name_r)) = 1 and substr(first_name_l, 1, 1) = substr(first_name_r, 1, 1)"
)
_SHORTENED = (
    "first_root_l = first_root_r or starts_with(first_name_l, first_name_r) or starts_with(first_name_r, first_name_l)"
)
_NO_ADDRESS = (
    "(street_l is null or street_r is null) and (postcode_l is null or postcode_r is null)"
    " and (city_l is null or city_r is null)"
)
_SAME_STREET, _SAME_POSTCODE = "street_l = street_r", _shared("postcodes")
_PART_MISSING = (
    f"({_SAME_STREET} and (postcode_l is null or postcode_r is null))"
    f" or ({_SAME_POSTCODE} and (street_l is null or street_r is null))"
)
_ADDRESS_NEAR = f"{_SAME_STREET} or {_SAME_POSTCODE} or {slip('street')}"
BIRTH_NEAR = (
    f"{slip('born')}"
    " or (birth_digits_l = birth_digits_r and levenshtein(born_l, born_r) = 2)"
    " or (substr(born_l, 1, 4) = substr(born_r, 1, 4)"
    " and substr(born_l, 6, 2) = substr(born_r, 9, 2)"
    " and substr(born_l, 9, 2) = substr(born_r, 6, 2))"
)

FIRST_NAME = Comparison(
    "first_name",
    null("first_name"),
    (
        (_INITIAL, None),
        ("first_name_l = first_name_r", "first_name"),
        (_SWAPPED, None),
        (_SHORTENED, None),
        (near("first_name", 0.92), None),
    ),
)
LAST_NAME = Comparison(
    "last_name",
    f"{null('last_name')} or ({_SWAPPED} and first_name_l <> first_name_r)",
    (("last_name_l = last_name_r", "last_name"), (near("last_name", 0.92), None)),
    at_home=True,
)
BIRTH_DATE = Comparison("birth_date", null("born"), (("born_l = born_r", None), (BIRTH_NEAR, None)))
ADDRESS = Comparison(
    "address",
    _NO_ADDRESS,
    (
        (_shared("homes"), None),
        (_PART_MISSING, None),
        (_ADDRESS_NEAR, None),
        ("city_l = city_r", "city"),
    ),
    at_home=True,
    changes=True,
)
PHONE = Comparison(
    "phone",
    null("phone"),
    (
        ("phone_l = phone_r", "phone"),
        (_shared("phones"), None),
        (slip("phone"), None),
    ),
    at_home=True,
    changes=True,
)
EMAIL = Comparison(
    "email_local",
    null("email_local"),
    (
        ("email_local_l = email_local_r", "email_local"),
        (slip("email_local"), None),
    ),
    changes=True,
)
DEVICES = Comparison("devices", null("devices"), ((_shared("devices"), None),), at_home=True, changes=True)

PEOPLE = Spec(
    comparisons=(FIRST_NAME, LAST_NAME, BIRTH_DATE, ADDRESS, PHONE, EMAIL, DEVICES),
    blocks=(
        ("phone",),
        ("email_local",),
        ("born", "last_name"),
        ("born", "first_name"),
        ("born", "postcode"),
        ("last_name", "postcode"),
        ("first_name", "postcode"),
        ("street", "postcode"),
        ("street", "last_name"),
        ("street", "first_name"),
        ("first_name", "last_name", "city"),
        ("both_names",),
        ("born",),
    ),
    learning=(("born",), ("last_name", "first_name"), ("street", "postcode"), ("email_local",), ("phone",)),
)
