"""Where each source's deliveries come from, as the settings tell: files of a place, or tables of a database."""

from datetime import date
from urllib.parse import urlsplit

from pipeline.errors import SettingsError
from pipeline.settings import DATABASES, Settings
from pipeline.sources.connections import VARIABLE, Connection
from pipeline.sources.file_systems import Place
from pipeline.sources.landing import Landing
from pipeline.sources.places import Deliverer, Exports


def opened(
    settings: Settings, source: str, night: date, *, waits_seconds: tuple[float, ...] | None = None
) -> Deliverer:
    """What the source's deliveries come from. waits_seconds: the pauses before each further try to reach it.

    Raises SettingsError where its connection is not defined, DeliveryError where it cannot be opened.
    """
    own = settings.sources[source]
    name = own.connection or ("" if own.place else settings.connection)
    place = Place(own.place or settings.exports, _connection(settings, name), name)
    if urlsplit(place.url).scheme in DATABASES:
        from pipeline.sources.database import Database

        return Database(place, own.tables, night, Landing(settings.data, source).files(), waits_seconds)
    is_default = "exports" not in settings.model_fields_set and any(s.place for s in settings.sources.values())
    folders = {name: each.folders for name, each in settings.sources.items()}
    whose, is_optional = source if own.place else "", is_default and not own.place
    return Exports(place, own=whose, is_optional=is_optional, waits_seconds=waits_seconds, folders=folders)


def _connection(settings: Settings, name: str) -> Connection | None:
    if not name:
        return None
    if name not in settings.connections:
        raise SettingsError(
            "the connection is not defined",
            where=f"connection {name}",
            fix=f"Define it in Airflow, or as {VARIABLE}{name.upper()}",
        )
    return settings.connections[name]
