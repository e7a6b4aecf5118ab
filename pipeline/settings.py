"""Where things are and how much they may use: typed, frozen, unknown names refused.

Settings come from a TOML file (LANDMARK_SETTINGS names it), over which LANDMARK_* environment variables win, over
which the command line's flags win. Nothing else of the pipeline reads the environment
(the driver of a trial Airflow, embedded.py, hands its own on to the processes that it starts).
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import SettingsError
from pipeline.own_key import own_key
from pipeline.sources.column_maps import Given, check_columns
from pipeline.sources.connections import VARIABLE, Connection, parsed, scrubbed
from pipeline.sources.conventions import Conventions, known_zone
from pipeline.sources.holiday_calendars import Holidays
from pipeline.sources.map_errors import MapError, shape
from pipeline.sources.value_maps import check_values
from pipeline.sources.vendors import VENDORS, check_folders
from pipeline.stages import SOURCES
from pipeline.upkeep.retention_settings import RetentionSettings

PREFIX = "LANDMARK_"
DATABASES = ("postgresql", "postgres")
_OUTSIDE = {"LANDMARK_SETTINGS"}
_ADDRESS = re.compile(r"[^\s<>,;:\"@\x00-\x1f\x7f]+@[^\s<>,;:\"@\x00-\x1f\x7f]+")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class TableSettings(_Frozen):
    """One table of a database: its name there (schema.table; '': as here), its column of when a row changed."""

    relation: str = ""
    updated_at: str = "updated_at"


class SourceSettings(Conventions):
    """How one source is treated: what its absence does to a night, and the vendors in whose own form it may arrive.

    place: where it lies, if not below `exports`: <place>/<table>/<YYYY-MM-DD>/<file>, or a database and its `tables`.
    columns: by table, the map of a delivery that calls its columns otherwise (sources/column_maps.py).
    connection: the name of the connection that opens the place. wait_until: until when late deliveries are waited for.
    without: tables that the company has not, so that nobody misses them. folders: which tables of ours the folders are
    that are called otherwise (check_folders in sources/vendors.py).
    """

    missing: Literal["stop", "warn"] = "warn"
    place: str = Field(default="", repr=False)
    connection: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    wait_until: str = Field(default="", pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")
    tables: dict[str, TableSettings] = Field(default_factory=dict)
    form: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()
    without: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()
    folders: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, dict[str, Given]] = Field(default_factory=dict)

    @field_validator("place")
    @classmethod
    def _place(cls, value: str) -> str:
        return _place_of(value) if value else ""

    @model_validator(mode="after")
    def _tables_of_a_database(self) -> "SourceSettings":
        if self.tables and not self.place.startswith(tuple(f"{scheme}://" for scheme in DATABASES)):
            raise ValueError(f"tables are of a database: the place begins with {DATABASES[0]}://")
        return self

    @field_validator("form")
    @classmethod
    def _known_vendors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(VENDORS))
        if unknown:
            raise ValueError(f"unknown form {unknown[0]!r}; the vendor forms are {', '.join(VENDORS)}")
        return value


class Audience(_Frozen):
    """Who gets an e-mail of their own: a name for them, their addresses, what they are told and how.

    missions: the missions, by slug or label, that they answer for (none: all journeys). locale: how numbers and dates
    are written. approval: when somebody has to approve the e-mail in Airflow first: never, only on a night with trouble
    in its data, or always.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")
    recipients: tuple[str, ...] = Field(min_length=1)
    missions: tuple[str, ...] = ()
    locale: str = "en_GB"
    approval: Literal["never", "trouble", "always"] = "never"

    @field_validator("recipients")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = next((name for name in value if not _ADDRESS.fullmatch(name)), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is not an e-mail address such as ann@example.org")
        return tuple(dict.fromkeys(value))

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            return str(Locale.parse(value.replace("-", "_")))
        except (ValueError, UnknownLocaleError) as error:
            raise ValueError(f"{value!r} is not a locale such as en_GB, de_DE or fr_FR") from error


class ApprovalSettings(_Frozen):
    """What becomes of an e-mail that nobody approved or rejected in time."""

    default: Literal["hold", "send"] = "hold"
    minutes: int = Field(default=240, ge=1)


class SmtpSettings(_Frozen):
    """The mail server. Without a host, mail is written into the outbox folder as .eml files.

    tls: the connection is encrypted from its first byte (as port 465 wants it); starttls: it becomes so before anything
    is said. Either way the server's certificate is checked.
    """

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    starttls: bool = True
    tls: bool = False
    user: str = ""
    password: str = Field(default="", repr=False)
    timeout_seconds: float = Field(default=30.0, gt=0)


class FrontLineSettings(_Frozen):
    """How much is suggested for one customer: at most so many moments at once, and so many new ones within cap_days."""

    most_at_once: int = Field(default=3, ge=1, le=20)
    most_new: int = Field(default=4, ge=0, le=1000)
    cap_days: int = Field(default=28, ge=1, le=3650)


_EXECUTIVES = (Audience(name="executives", recipients=("executives@localhost",)),)


def _place_of(value: str) -> str:
    return value if "://" in value else str(Path(value).expanduser().resolve())


def _parsed(value: object) -> object:
    """A list that an environment variable gives, as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error}); in a settings file write [[audiences]]") from error


def _default_sources() -> dict[str, SourceSettings]:
    return {name: SourceSettings(missing="stop" if name == "crm" else "warn") for name in SOURCES}


class Settings(_Frozen):
    """All settings of one installation. Paths are made absolute when they are read."""

    exports: str = Field(default="exports", repr=False)
    connection: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    journey_map: Path = Path("journey.yml")
    data: Path = Path("data")
    memory_limit: str = Field(default="3GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")
    threads: int = Field(default=2, ge=1, le=256)
    seed: int = 20
    time_zone: str = "UTC"
    publish_by: str = Field(default="06:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    wait_until: str = Field(default="05:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    lock_wait_seconds: float = Field(default=0.0, ge=0)
    consent_analytics_default: bool = True
    identity_learn_days: int = Field(default=28, ge=1)
    sources: dict[str, SourceSettings] = Field(default_factory=_default_sources)
    audiences: Annotated[tuple[Audience, ...], BeforeValidator(_parsed)] = _EXECUTIVES
    alert_recipients: Annotated[tuple[str, ...], BeforeValidator(_split)] = ("engineers@localhost",)
    approval: ApprovalSettings = ApprovalSettings()
    mail_from: str = "landmark@localhost"
    smtp: SmtpSettings = SmtpSettings()
    report_url: str = ""
    readers: Literal["owner", "group"] = "owner"
    retention: RetentionSettings = RetentionSettings()
    disk_reserve_megabytes: int = Field(default=200, ge=0)
    missions: int | None = Field(default=None, ge=1, le=30)
    small_group: int = Field(default=10, ge=1)
    front_line: FrontLineSettings = FrontLineSettings()
    holidays: Holidays = Field(default_factory=dict)
    hash_key: str = Field(default="", repr=False)
    connections: dict[str, Connection] = Field(default_factory=dict, repr=False)

    def named_connections(self) -> list[str]:
        """The names of the connections that the places want."""
        named = {self.connection, *(source.connection for source in self.sources.values())}
        return sorted(named - {""})

    def waited_for_until(self, source: str) -> str:
        """Until when a source's late deliveries are waited for: its own hour, else that of all."""
        return self.sources[source].wait_until or self.wait_until

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(parseaddr(value)[1]):
            raise ValueError(f"{value!r} holds no e-mail address such as Landmark <landmark@example.org>")
        return value

    @field_validator("report_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError(f"{value!r} is not a web address such as https://airflow.example.org/landmark/nights")
        return value

    @field_validator("data", "journey_map")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("exports")
    @classmethod
    def _place(cls, value: str) -> str:
        return _place_of(value)

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("audiences")
    @classmethod
    def _one_a_name(cls, value: tuple[Audience, ...]) -> tuple[Audience, ...]:
        names = [audience.name for audience in value]
        if len(set(names)) < len(names):
            raise ValueError(f"two audiences have the same name: {', '.join(names)}")
        return value

    @field_validator("sources")
    @classmethod
    def _known_sources(cls, value: dict[str, SourceSettings]) -> dict[str, SourceSettings]:
        unknown = sorted(set(value) - set(SOURCES))
        if unknown:
            raise ValueError(f"unknown source {unknown[0]!r}; the sources are {', '.join(SOURCES)}")
        for name, source in value.items():
            check_folders(name, source.folders, source)
            check_columns(name, source.columns)
            check_values(name, source.values)
        usual = _default_sources()
        told = {
            n: s if "missing" in s.model_fields_set else s.model_copy(update={"missing": usual[n].missing})
            for n, s in value.items()
        }
        return usual | told


def load_settings(environ: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """Settings from the file, the environment and the flags given (None: not given), in rising order.

    An empty variable counts as not set: compose files pass on what they were not given.
    Raises SettingsError that names the setting, the value and what is wanted.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = _from_file(environ.get("LANDMARK_SETTINGS", ""))
    values = _merged(values, _from_environment(environ))
    values = _merged(values, {name: value for name, value in flags.items() if value is not None})
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _explained(error) from error
    own = {name: parsed(name, text) for name in settings.named_connections() if (text := _variable(environ, name))}
    settings = settings.model_copy(update={"connections": own | settings.connections})
    return settings if settings.hash_key else settings.model_copy(update={"hash_key": own_key(environ)})


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"{VARIABLE}{name.upper()}", "")


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, tables of tables included; of a name that both have, the value from above."""
    values = dict(below)
    for name, value in above.items():
        inner = values.get(name)
        values[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return values


def _from_file(name: str) -> dict[str, Any]:
    if not name:
        return {}
    path = Path(name).expanduser().absolute()
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            "the settings file cannot be read",
            where=str(path),
            value=error.strerror,
            fix="Correct LANDMARK_SETTINGS or unset it",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file is not TOML: {error}", where=str(path)) from error
    if "connections" in values:
        raise SettingsError(
            "credentials do not belong into the settings file",
            where=str(path),
            fix=f"Name a connection there, and define it in Airflow or in the variable {VARIABLE}<NAME>",
        )
    for key in ("data", "journey_map", "exports"):
        _make_absolute(values, key, path.parent)
    for source in values["sources"].values() if isinstance(values.get("sources"), dict) else ():
        if isinstance(source, dict):
            _make_absolute(source, "place", path.parent)
    return values


def _make_absolute(values: dict[str, Any], key: str, folder: Path) -> None:
    if isinstance(values.get(key), str) and values[key] and "://" not in values[key]:
        values[key] = str(folder / Path(values[key]).expanduser())


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    names = {PREFIX + name.upper(): name for name in Settings.model_fields if name != "connections"}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in _OUTSIDE:
            continue
        head, _, rest = variable.partition("__")
        if head not in names:
            raise _unknown(variable, [*names, *_OUTSIDE])
        if not environ[variable]:
            continue
        if rest:
            values.setdefault(names[head], {})
            _put(values[names[head]], rest.lower().split("__"), environ[variable])
        else:
            values[names[head]] = environ[variable]
    return values


def _put(target: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        target = target.setdefault(part, {})
    target[path[-1]] = value


def _unknown(name: str, known: list[str]) -> SettingsError:
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"Did you mean {near[0]}?" if near else f"Known settings: {', '.join(sorted(known))}"
    return SettingsError(f"unknown setting {name}", where="settings", fix=fix)


def _explained(error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"][:5] if first["loc"][2:3] == ("columns",) else first["loc"]))
    if first["type"] == "extra_forbidden":
        above, of_source = name.rpartition(".")[0], len(first["loc"]) == 3 and first["loc"][0] == "sources"
        own = [f"{above}.{each}" for each in SourceSettings.model_fields]
        return _unknown(name, own if of_source else list(Settings.model_fields))
    told, seen = (first.get("ctx") or {}).get("error"), first["input"]
    if isinstance(told, MapError):
        return SettingsError(told.what, where=f"setting {told.at}", value=scrubbed(told.given), fix=told.fix)
    in_list = any(isinstance(part, int) for part in first["loc"])
    variable = f"{PREFIX}{(str(first['loc'][0]) if in_list else name).upper().replace('.', '__')}"
    secret = any(word in name for word in ("password", "hash_key", "connections"))
    return SettingsError(
        first["msg"].removeprefix("Value error, "),
        where=f"setting {name}",
        value=None if secret else scrubbed(", ".join(map(str, seen)) if isinstance(seen, dict) else str(seen)),
        fix=shape(first["loc"]) or f"Correct it in the settings file or in {variable}{' (JSON)' if in_list else ''}",
    )
