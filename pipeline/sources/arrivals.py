"""Whether a night's deliveries are all there: what a scheduled run waits for."""

from datetime import date

from pipeline.settings import Settings
from pipeline.sources.places import Exports
from pipeline.stages import SOURCES


def awaited(settings: Settings, night: date) -> list[str]:
    """The tables, as source/table, that each source delivered last time and not yet for this night.

    A source that never delivered is not awaited. Raises DeliveryError where the exports cannot be opened.
    """
    exports = Exports(settings.exports)
    return [f"{source}/{table}" for source in SOURCES for table in _late(exports, source, night.isoformat())]


def _late(exports: Exports, source: str, night: str) -> list[str]:
    delivered = [(file.night, file.table) for file in exports.deliveries(source) if file.night <= night]
    before = max((name for name, _ in delivered if name < night), default=None)
    usual = {table for name, table in delivered if name == before}
    return sorted(usual - {table for name, table in delivered if name == night})
