"""Numbers and names as a reader says them. Pure functions; the templates use them as filters.

Numbers and dates are those of the house's own locale; pipeline/figures.py says what each function gives, and has them
in other locales.
"""

import re

from pipeline.figures import Figures

_HOUSE = Figures()
day, count, percent, rounded, digits = _HOUSE.day, _HOUSE.count, _HOUSE.percent, _HOUSE.rounded, _HOUSE.digits
in_100, signed, change, between, span = _HOUSE.in_100, _HOUSE.signed, _HOUSE.change, _HOUSE.between, _HOUSE.span
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SURE = ((0.001, "very sure"), (0.01, "sure"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def clean(text: object) -> str:
    """Text without control characters and without marks that turn the reading direction."""
    return _CONTROL.sub(" ", str(text)).strip()


def plain(name: object) -> str:
    """A name of the journey map in words: early_check_in is early check in."""
    return clean(name).replace("_", " ")


def heading(name: object) -> str:
    """The same with a capital first letter."""
    text = plain(name)
    return text[:1].upper() + text[1:]


def listed(names: list[str]) -> str:
    """a; a and b; a, b and c."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""


def sureness(q_value: float | None) -> str:
    """How sure a named moment is, from its q value (the share of false alarms among all named at least as surely)."""
    if q_value is None:
        return "fairly sure"
    return next((word for limit, word in _SURE if q_value < limit), "fairly sure")
