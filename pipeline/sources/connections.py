"""Connections: how a place is reached and with which credentials, as Airflow keeps them and tells them.

A connection comes from a variable AIRFLOW_CONN_<NAME>, as a URI or as JSON, or is handed on by Airflow. Its secrets
are shown nowhere: neither by repr, nor by what `scrubbed` leaves of a text.
"""

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import SettingsError

VARIABLE = "AIRFLOW_CONN_"
_KINDS = {"aws": "s3", "ssh": "sftp", "https": "http", "postgres": "postgresql"}
_SECRET = re.compile(r"pass|secret|token|key|auth", re.I)
_USER = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"(?<=[\w/])\?[^\s'\"]+")
_SHORTEST_SECRET = 4


class Connection(BaseModel):
    """One connection. kind: s3, sftp, http or postgresql; database: what Airflow calls schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(pattern=r"^[a-z0-9_]+$")
    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    login: str = Field(default="", repr=False)
    password: str = Field(default="", repr=False)
    database: str = ""
    extra: dict[str, Any] = Field(default_factory=dict, repr=False)

    def told(self, name: str) -> str:
        """A text of `extra`; '' where it is absent."""
        value = self.extra.get(name)
        return "" if value is None else str(value)

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [self.password, *_secrets_in(self.extra)]


def connection_of(name: str, told: dict[str, Any]) -> Connection:
    """A connection from what Airflow knows of it: conn_type, host, port, login, password, schema, extra.

    Raises SettingsError that names the connection and none of its values.
    """
    extra = told.get("extra") or {}
    kind = str(told.get("conn_type") or "").lower().replace("-", "_")
    try:
        known = {field: told.get(field) or "" for field in ("host", "login", "password")}
        return Connection(
            kind=_KINDS.get(kind, kind),
            port=told.get("port") or None,
            database=told.get("schema") or "",
            extra=json.loads(extra) if isinstance(extra, str) else extra,
            **known,
        )
    except ValueError:
        pass
    raise _unusable(name)


def parsed(name: str, text: str) -> Connection:
    """A connection from the text of its variable: a URI or JSON. Raises SettingsError as connection_of does."""
    try:
        told = json.loads(text) if text.lstrip().startswith("{") else _from_uri(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _unusable(name)
    return connection_of(name, told)


def scrubbed(text: str, secrets: Sequence[str] = ()) -> str:
    """A text without these secrets, without the user and password of an address and without its query."""
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True):
        for form in (secret, quote(secret, safe=""), quote(secret)):
            text = text.replace(form, "***")
    return _QUERY.sub("?***", _USER.sub("", text))


def _from_uri(text: str) -> dict[str, Any]:
    parts = urlsplit(text)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return {
        "conn_type": parts.scheme,
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": unquote(parts.path.strip("/")),
        "extra": json.loads(query["__extra__"]) if "__extra__" in query else query,
    }


def _secrets_in(extra: dict[str, Any]) -> list[str]:
    found = []
    for name, value in extra.items():
        if isinstance(value, dict):
            found += _secrets_in(value)
        elif isinstance(value, str) and _SECRET.search(name):
            found += [value, *value.split()]
    return found


def _unusable(name: str) -> SettingsError:
    return SettingsError(
        "the connection cannot be read",
        where=f"connection {name}",
        fix=f"Give {VARIABLE}{name.upper()} as Airflow's URI or JSON: conn_type, host, port, login, password, "
        "schema, extra",
    )
