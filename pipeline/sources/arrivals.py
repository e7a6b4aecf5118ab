"""Whether a night's deliveries are all there: what a scheduled run waits for."""

from datetime import date

from pipeline.errors import PassingError
from pipeline.settings import Settings
from pipeline.sources.opening import opened
from pipeline.sources.places import Deliverer
from pipeline.stages import SOURCES


def awaited(settings: Settings, night: date) -> list[str]:
    """The tables, as source/table, that each source delivered last time and not yet for this night.

    A source that never delivered is not awaited; one whose place does not answer is, as source. Raises DeliveryError
    where a place cannot be opened.
    """
    return [name for source in SOURCES for name in _awaited(settings, source, night)]


def _awaited(settings: Settings, source: str, night: date) -> list[str]:
    try:
        deliverer = opened(settings, source, night, waits_seconds=())
        return [f"{source}/{table}" for table in _late(deliverer, source, night.isoformat())]
    except PassingError:
        return [source]


def _late(deliverer: Deliverer, source: str, night: str) -> list[str]:
    delivered = [(file.night, file.table) for file in deliverer.deliveries(source) if file.night <= night]
    before = max((name for name, _ in delivered if name < night), default=None)
    usual = {table for name, table in delivered if name == before}
    return sorted(usual - {table for name, table in delivered if name == night})
