"""Public holidays as a delivery: one file a place and night of context/factors, made by the library `holidays`.

It lands, is checked and accounted for as what others deliver is, so that a night can be made again from what was known
then, whatever a later version of the library says. The factor is public_holiday: 1 on a holiday, 0 on every other day.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from pipeline.sources.checksums import Checksum
from pipeline.sources.forms import form_of
from pipeline.sources.holiday_calendars import calendar
from pipeline.sources.landing import Landed
from pipeline.sources.places import Delivery, Sink, shown
from pipeline.sources.vendors import Route, Told, route

SOURCE, TABLE, FACTOR = "context", "factors", "public_holiday"
HISTORY_YEARS = 10  # before the first night: orders older than that are no longer learned from
_ORIGIN = "the library holidays, "


def is_ours(file: Landed) -> bool:
    """Whether a landed file was made here, not delivered."""
    return file.origin.startswith(_ORIGIN)


def way_of(source: str, file: Landed, told: Told) -> Route | None:
    """How a landed file is read: what was made here in the canonical form, whatever the settings tell of its table."""
    form = form_of(source, file.table) if is_ours(file) else None
    return Route(form) if form else route(source, file.table, told)


class Calendars:
    """The holidays that one night brings: of a place that is new its history, else the days since its last file."""

    def __init__(self, places: Mapping[str, str], night: date, landed: Sequence[Landed]) -> None:
        self.places, self.night, self.landed, self.shown = places, night, landed, "holidays"

    def deliveries(self, source: str) -> list[Delivery]:
        """One file a place."""
        return [self._file(place) for place in sorted(self.places)] if source == SOURCE else []

    def described(self, delivery: Delivery) -> Delivery:
        """The same."""
        return delivery

    def origin(self, delivery: Delivery) -> str:
        """Which version of the library made it, of which calendar."""
        import holidays

        return f"{_ORIGIN}{holidays.__version__}: {shown(self.places[delivery.path])}"

    def write(self, delivery: Delivery, begin: Callable[[], Sink]) -> str:
        """Writes the file's text; returns the day up to which it tells."""
        begin().write(self._text(delivery.path))
        return self.night.isoformat()

    def checksum(self, delivery: Delivery) -> Checksum | None:
        """None: what is made here is what it is."""
        del delivery
        return None

    def is_same(self, delivery: Delivery, sha256: str) -> bool:
        """Whether its text has this sum."""
        return hashlib.sha256(self._text(delivery.path)).hexdigest() == sha256

    def _file(self, place: str) -> Delivery:
        text = self._text(place)
        what = (self.night.isoformat(), TABLE, _name(place), SOURCE, place, len(text))
        return Delivery(*what, hashlib.sha256(text).hexdigest())

    def _text(self, place: str) -> bytes:
        """CSV of the days that no earlier night told, up to the day before this night."""
        first, out = self._first(place), io.StringIO()
        days = [first + timedelta(days=n) for n in range((self.night - first).days)]
        kept = calendar(self.places[place], range(first.year, self.night.year + 1))
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["date", "region", "factor", "value"])
        rows.writerows([day.isoformat(), place, FACTOR, int(day in kept)] for day in days)
        return out.getvalue().encode("utf-8")

    def _first(self, place: str) -> date:
        night = self.night.isoformat()
        told = [f.watermark for f in self.landed if is_ours(f) and f.file == shown(_name(place)) and f.night < night]
        return date.fromisoformat(max(told)) if told else date(self.night.year - HISTORY_YEARS, 1, 1)


def _name(place: str) -> str:
    return f"holidays-{place}.csv" if place else "holidays.csv"
