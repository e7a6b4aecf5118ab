"""What a stage is given: the night, the settings and the journey map."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pipeline.journey_map import JourneyMap, load_journey_map
from pipeline.settings import Settings


@dataclass(frozen=True)
class Run:
    """One night's run: the same for every stage of it, and never changed."""

    night: date
    settings: Settings
    given_map: JourneyMap | None = None
    backfill: bool = False

    @cached_property
    def journey_map(self) -> JourneyMap:
        """The given one, else that of the settings, read where a stage asks for it; raises JourneyMapError."""
        return self.given_map or load_journey_map(self.settings.journey_map)
