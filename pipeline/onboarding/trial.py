"""A trial: what is delivered, taken in by the stages themselves in a data folder that is thrown away.

Nothing is published and nothing of the real data folder is read or touched.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline import runner
from pipeline.catalog import Store
from pipeline.errors import JourneyMapError, NightError
from pipeline.journey_map import load_journey_map
from pipeline.settings import Settings
from pipeline.sources import calendars
from pipeline.sources.opening import opened
from pipeline.sources.places import Delivery, Exports
from pipeline.stages import SOURCES
from pipeline.warehouse import Session

Progress = Callable[[str], None]


def provisional(brand: str = "Company", currency: str = "XXX") -> str:
    """A journey map to go by until the company has its own: wide windows, and a condition that is true of nothing."""
    return f"""brand: {json.dumps(brand)}
currency: {currency}
journey: {{lookback_days: 60, follow_up_days: 60, inactivity_days: 60}}
retention: {{horizon_days: 90}}
steps: [{{name: any, sub_steps: [{{name: none, when: "false", moments: [
  {{name: none, when: "false", type: engaging, micro_moment: do}}]}}]}}]
"""


@dataclass
class Trial:
    """A data folder to throw away, and the settings under which the delivery is read into it.

    is_mapped: whether the company has a journey map. faults: why it cannot be used; without it the delivery is read all
    the same.
    """

    settings: Settings
    scratch: Path
    night: str
    progress: Progress = runner.silent
    faults: tuple[str, ...] = ()
    is_mapped: bool = False

    @cached_property
    def places(self) -> tuple[Exports, ...]:
        """Every place of files, once."""
        common = [source for source in SOURCES if not self.settings.sources[source].place]
        listed = [*(source for source in SOURCES if source not in common), *common[:1]]
        found = [opened(self.settings, source, date.min, waits_seconds=()) for source in listed]
        return tuple(place for place in found if isinstance(place, Exports))

    def sources_of(self, place: Exports) -> tuple[str, ...]:
        """The sources that a place is of."""
        common = tuple(source for source in SOURCES if not self.settings.sources[source].place)
        return (place.own,) if place.own else common

    @cached_property
    def delivered(self) -> tuple[tuple[Exports, Delivery], ...]:
        """Every file that lies in a night's folder of a source, and the place that it lies in."""
        return tuple((p, d) for p in self.places for source in self.sources_of(p) for d in p.deliveries(source))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A database of its own."""
        with Session(self.settings, "ingest", self.scratch, self.scratch / "spill") as session:
            yield session

    def folder(self, stage: str) -> Path:
        """Where a stage's tables lie."""
        store = Store(self.settings.data)
        return store.folder(self.night, int(store.read().night(self.night).working or 0)) / stage

    def stage(self, stage: str, source: str | None = None) -> list[str]:
        """Runs a stage as a night would; returns what it notes."""
        summary = runner.run_stage(self.settings, stage, self.night, source)
        return [str(message) for message in summary["messages"]]

    def take_in(self, source: str) -> list[str]:
        """Takes a source in as a night would; returns what is noted."""
        return self.stage("pull", source) + self.stage("ingest", source)

    def wanted(self) -> list[str]:
        """The sources of which something was delivered or must be; a company without a source has nothing of it."""
        told, delivered = self.settings.sources, {d.source for _, d in self.delivered if d.night <= self.night}
        delivered |= {calendars.SOURCE} if self.settings.holidays else set()
        return [s for s in SOURCES if s in delivered or told[s].tables or told[s].missing == "stop"]

    def has(self, source: str) -> bool:
        """Whether the source was taken in."""
        return bool(self.night) and (self.folder("ingest") / source).is_dir()


@contextmanager
def trial(settings: Settings, night: str | None, progress: Progress = runner.silent) -> Iterator[Trial]:
    """A trial of a night; without one, of the newest that was delivered.

    Raises LandmarkError: the exports cannot be opened, or nothing is there that could be a night.
    """
    with TemporaryDirectory(prefix="landmark-check-") as scratch:
        faults = _faults(settings.journey_map)
        usable = settings.journey_map.is_file() and not faults
        own = Path(scratch) / "journey.yml"
        own.write_text(settings.journey_map.read_text("utf-8") if usable else provisional(), "utf-8")
        apart = settings.model_copy(update={"data": Path(scratch) / "data", "journey_map": own})
        (Path(scratch) / "data").mkdir()
        here = Trial(apart, Path(scratch), night or "", progress, faults, usable)
        yield here if night else replace(here, night=_newest(here))


def _faults(path: Path) -> tuple[str, ...]:
    """Why a journey map cannot be used; one that is not there yet has no fault."""
    try:
        if path.exists():
            load_journey_map(path)
    except JourneyMapError as error:
        return (str(error),)
    return ()


def _newest(here: Trial) -> str:
    nights = {delivery.night for _, delivery in here.delivered}
    if nights:
        return max(nights)
    if any(source.tables for source in here.settings.sources.values()):
        raise NightError("tables of a database are of any night", where="sources check", fix="Name one with --night")
    return ""
