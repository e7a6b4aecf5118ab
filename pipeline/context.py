"""What a stage is given: the night, the settings and the journey map."""

from dataclasses import dataclass
from datetime import date

from pipeline.journey_map import JourneyMap
from pipeline.settings import Settings


@dataclass(frozen=True)
class Run:
    """One night's run: the same for every stage of it, and never changed."""

    night: date
    settings: Settings
    journey_map: JourneyMap
    backfill: bool = False
