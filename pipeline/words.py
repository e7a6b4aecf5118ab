"""Numbers and names as a reader says them. Pure functions; the templates use them as filters.

Effects are shares (-1..1) and are told as customers in 100. A minus is the real one, not a hyphen.
"""

import re
from datetime import date

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


def day(night: date) -> str:
    """30 June 2026."""
    return f"{night.day} {MONTHS[night.month - 1]} {night.year}"


def count(number: float | None) -> str:
    """A count with thousands set apart; a dash where it is hidden or not known."""
    return "–" if number is None else f"{round(number):,}"


def percent(share: float | None) -> str:
    """A share as a whole percentage; under 1 % it says so."""
    if share is None:
        return "–"
    return "under 1 %" if 0 < share < 0.01 else f"{_half_up(share * 100, 0):g} %"


def rounded(number: float) -> str:
    """A large amount to two significant digits: 45,312 is 45,000."""
    digits = max(0, len(str(int(abs(number)))) - 2)
    return f"{int(_half_up(number / 10**digits, 0)) * 10**digits:,}"


def digits(low: float, high: float) -> int:
    """Decimals worth showing: one where the interval is narrower than 4 in 100 or ends within half a point of 0."""
    return 1 if (high - low) * 100 < 4 or min(abs(low), abs(high)) * 100 < 0.5 else 0


def in_100(share: float, decimals: int = 0) -> str:
    """A share's size in 100, without sign."""
    return f"{abs(_half_up(share * 100, decimals)):.{decimals}f}"


def signed(share: float | None, decimals: int = 0) -> str:
    """A change in 100, with its sign: +22, −16, 0."""
    if share is None:
        return "–"
    points = _half_up(share * 100, decimals)
    sign = "+" if points > 0 else "−" if points < 0 else ""
    return f"{sign}{abs(points):.{decimals}f}"


def change(effect: float, low: float, high: float) -> str:
    """22 in 100 more, or 16 in 100 fewer."""
    return f"{in_100(effect, digits(low, high))} in 100 {'more' if effect > 0 else 'fewer'}"


def between(low: float, high: float) -> str:
    """The ends of an interval: 17 to 27 where both are on one side of 0 (also below it), else with their signs."""
    decimals = digits(low, high)
    if low > 0 or high < 0:
        near, far = sorted((abs(low), abs(high)))
        return f"{in_100(near, decimals)} to {in_100(far, decimals)}"
    return span(low, high)


def span(low: float, high: float) -> str:
    """The ends of an interval with their signs, for tables: −20 to −11."""
    decimals = digits(low, high)
    return f"{signed(low, decimals)} to {signed(high, decimals)}"


def sureness(q_value: float | None) -> str:
    """How sure a named moment is, from its q value (the share of false alarms among all named at least as surely)."""
    if q_value is None:
        return "fairly sure"
    return next((word for limit, word in _SURE if q_value < limit), "fairly sure")


def _half_up(number: float, decimals: int) -> float:
    """Rounds half away from zero, as readers do; round() goes to the even neighbour."""
    scale = float(10**decimals)
    return (1 if number >= 0 else -1) * int(abs(number) * scale + 0.5 + 1e-9) / scale
