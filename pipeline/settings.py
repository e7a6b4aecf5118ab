"""Where things are and how much they may use: typed, frozen, unknown names refused.

Settings come from a TOML file (LANDMARK_SETTINGS names it), over which LANDMARK_* environment variables win, over
which the command line's flags win. Nothing else of the pipeline reads the environment
(the driver of a trial Airflow, embedded.py, hands its own on to the processes that it starts).
"""

import difflib
import json
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import SettingsError
from pipeline.stages import SOURCES

PREFIX = "LANDMARK_"
_OUTSIDE = {"LANDMARK_SETTINGS"}
_ADDRESS = re.compile(r"[^\s<>,;:\"@\x00-\x1f\x7f]+@[^\s<>,;:\"@\x00-\x1f\x7f]+")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class SourceSettings(_Frozen):
    """How one source is treated: what happens when its delivery is absent for a night."""

    missing: Literal["stop", "warn"] = "warn"


class Audience(_Frozen):
    """Who gets an e-mail of their own: a name for them, their addresses, what they are told and how.

    missions: the missions, by slug or label, that they answer for (none: all journeys). locale: how numbers and dates
    are written. approval: when somebody has to approve the e-mail in Airflow first: never, only on a night with trouble
    in its data, or always.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")
    recipients: tuple[str, ...]
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


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _parsed(value: object) -> object:
    """A list that an environment variable gives, as JSON; an empty one gives the default."""
    if value == "":
        return _EXECUTIVES
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error}); in a settings file write [[audiences]]") from error


def _default_sources() -> dict[str, SourceSettings]:
    return {name: SourceSettings(missing="stop" if name == "crm" else "warn") for name in SOURCES}


class Settings(_Frozen):
    """All settings of one installation. Paths are made absolute when they are read."""

    exports: str = "exports"
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
    missions: int | None = Field(default=None, ge=1, le=30)
    small_group: int = Field(default=10, ge=1)
    front_line: FrontLineSettings = FrontLineSettings()
    hash_key: str = Field(default="", repr=False)

    @field_validator("data", "journey_map")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("exports")
    @classmethod
    def _place(cls, value: str) -> str:
        return value if "://" in value else str(Path(value).expanduser().resolve())

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin") from error
        return value

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
        return _default_sources() | value


def load_settings(environ: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """Settings from the file, the environment and the flags given (None: not given), in rising order.

    Raises SettingsError that names the setting, the value and what is wanted.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = _from_file(environ.get("LANDMARK_SETTINGS", ""))
    values |= _from_environment(environ)
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _explained(error) from error
    return settings if settings.hash_key else settings.model_copy(update={"hash_key": _own_key(environ)})


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
    for key in ("data", "journey_map", "exports"):
        if isinstance(values.get(key), str) and "://" not in values[key]:
            values[key] = str(path.parent / Path(values[key]).expanduser())
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in _OUTSIDE:
            continue
        head, _, rest = variable.partition("__")
        if head not in names:
            raise _unknown(variable, [*names, *_OUTSIDE])
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
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(name, list(Settings.model_fields))
    secret = any(word in name for word in ("password", "hash_key"))
    return SettingsError(
        first["msg"],
        where=f"setting {name}",
        value=None if secret else first["input"],
        fix=f"Set {PREFIX}{name.upper().replace('.', '__')} or correct the settings file",
    )


def _own_key(environ: Mapping[str, str]) -> str:
    """The key of this user's keyed hashes, made once and readable by its owner only."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    path = home / "landmark" / "hash_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".hash_key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), "ascii")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text("ascii").strip()
