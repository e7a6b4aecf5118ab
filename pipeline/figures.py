"""Numbers and dates as a reader of one language writes them; the words around them stay the same.

Effects are shares (-1..1) and are told as customers in 100. A minus is the real one, not a hyphen.
"""

from dataclasses import dataclass
from datetime import date

HOUSE = "en_GB"


@dataclass(frozen=True)
class Figures:
    """How figures are written in a locale such as de_DE; every method is a pure function."""

    locale: str = HOUSE

    def day(self, night: date) -> str:
        """30 June 2026."""
        from babel.dates import format_date

        return str(format_date(night, "long", locale=self.locale))

    def number(self, value: float, decimals: int = 0) -> str:
        """The size of a number, thousands set apart, without its sign."""
        from babel.numbers import format_decimal

        pattern = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
        return str(format_decimal(abs(half_up(value, decimals)), format=pattern, locale=self.locale))

    def count(self, number: float | None) -> str:
        """A count with thousands set apart; a dash where it is hidden or not known."""
        return "–" if number is None else f"{'−' if round(number) < 0 else ''}{self.number(round(number))}"

    def percent(self, share: float | None) -> str:
        """A share as a whole percentage; under 1 % it says so."""
        if share is None:
            return "–"
        return "under 1 %" if 0 < share < 0.01 else f"{self.number(share * 100)} %"

    def rounded(self, number: float) -> str:
        """A large amount to two significant digits: 45,312 is 45,000."""
        power = 10 ** max(0, len(str(int(abs(number)))) - 2)
        amount = half_up(number / power, 0) * power
        return f"{'−' if amount < 0 else ''}{self.number(amount)}"

    def digits(self, low: float, high: float) -> int:
        """Decimals worth showing: one where the interval is narrower than 4 in 100 or ends within half a point of 0."""
        return 1 if (high - low) * 100 < 4 or min(abs(low), abs(high)) * 100 < 0.5 else 0

    def in_100(self, share: float, decimals: int = 0) -> str:
        """A share's size in 100, without sign."""
        return self.number(share * 100, decimals)

    def signed(self, share: float | None, decimals: int = 0) -> str:
        """A change in 100, with its sign: +22, −16, 0."""
        if share is None:
            return "–"
        points = half_up(share * 100, decimals)
        sign = "+" if points > 0 else "−" if points < 0 else ""
        return f"{sign}{self.number(points, decimals)}"

    def change(self, effect: float, low: float, high: float) -> str:
        """22 in 100 more, or 16 in 100 fewer."""
        return f"{self.in_100(effect, self.digits(low, high))} in 100 {'more' if effect > 0 else 'fewer'}"

    def between(self, low: float, high: float) -> str:
        """The ends of an interval: 17 to 27 where both are on one side of 0 (also below it), else with their signs."""
        decimals = self.digits(low, high)
        if low > 0 or high < 0:
            near, far = sorted((abs(low), abs(high)))
            return f"{self.in_100(near, decimals)} to {self.in_100(far, decimals)}"
        return self.span(low, high)

    def span(self, low: float, high: float) -> str:
        """The ends of an interval with their signs, for tables: −20 to −11."""
        decimals = self.digits(low, high)
        return f"{self.signed(low, decimals)} to {self.signed(high, decimals)}"


def half_up(number: float, decimals: int) -> float:
    """Rounds half away from zero, as readers do; round() goes to the even neighbour."""
    scale = float(10**decimals)
    return (1 if number >= 0 else -1) * int(abs(number) * scale + 0.5 + 1e-9) / scale
