"""Places as fsspec's file systems, opened with the credentials of a connection, or with those of the environment."""

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pipeline.errors import SettingsError
from pipeline.sources.connections import Connection, scrubbed

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_CONNECT_SECONDS, _SILENCE_SECONDS = 20, 60
_BLOCK_BYTES = 1 << 23
_SFTP_PORT = 22
_BY_HOST = ("sftp", "ssh", "postgresql", "postgres")
_KINDS = {"s3": "s3", "s3a": "s3", "sftp": "sftp", "ssh": "sftp", "http": "http", "https": "http"}


@dataclass
class Place:
    """An address, how it is shown, and the connection that opens it; `secrets` are those of both."""

    url: str
    connection: Connection | None = None
    name: str = ""
    secrets: list[str] = field(init=False)

    def __post_init__(self) -> None:
        given = self.connection.secrets() if self.connection else []
        self.secrets = [secret for secret in (*given, unquote(urlsplit(self.url).password or "")) if secret]

    @property
    def shown(self) -> str:
        """The address without what opens it; a host that the connection alone names is told."""
        parts, given = urlsplit(self.url), self.connection
        if not parts.hostname and parts.scheme in _BY_HOST and given and given.host:
            parts = parts._replace(netloc=f"{given.host}:{given.port}" if given.port else given.host)
        return scrubbed(urlunsplit(parts) if parts.netloc else self.url, self.secrets)

    def told(self, error: Exception) -> str:
        """An error of a library in its own words, on one line, without anything secret."""
        words = getattr(error, "strerror", None) or str(error)
        text = " ".join(scrubbed(words, self.secrets).split())[:200]
        kind = type(error).__name__
        return f"{kind}: {text}" if text and not isinstance(error, OSError) else text or kind

    def opened(self) -> "tuple[AbstractFileSystem, str]":
        """The file system, and where in it the place lies. Raises what its library raises."""
        kind = _KINDS.get(urlsplit(self.url).scheme, "")
        if self.connection and self.connection.kind != kind:
            raise SettingsError(
                "the connection is of another kind than the place",
                where=f"connection {self.name}",
                value=self.connection.kind,
                fix=f"{self.shown} wants {kind or 'none'}",
            )
        if kind == "s3":
            return _s3(self)
        if kind == "http":
            return _http(self)
        if kind == "sftp":
            return _sftp(self)
        from fsspec.core import url_to_fs

        files, root = url_to_fs(self.url, skip_instance_cache=True)
        return files, root.rstrip("/")


def with_login(place: Place) -> Connection:
    """What the place's address tells; what it leaves open is the connection's."""
    parts, given = urlsplit(place.url), place.connection or Connection(kind="url")
    told = {
        "host": unquote(parts.hostname or "") or given.host,
        "port": parts.port or given.port,
        "login": unquote(parts.username or "") or given.login,
        "password": unquote(parts.password or "") or given.password,
    }
    return given.model_copy(update=told)


def _s3(place: Place) -> "tuple[AbstractFileSystem, str]":
    from s3fs import S3FileSystem

    parts = urlsplit(place.url)
    if "@" in parts.netloc:
        raise SettingsError("an S3 address holds no keys", where=place.shown, fix="Put them into a connection")
    given = place.connection or Connection(kind="s3")
    names = {"endpoint_url": "endpoint_url", "region_name": "region_name", "verify": "verify"}
    client: dict[str, Any] = {ours: given.told(theirs) for ours, theirs in names.items() if given.told(theirs)}
    files = S3FileSystem(
        key=given.login or given.told("aws_access_key_id") or None,
        secret=given.password or given.told("aws_secret_access_key") or None,
        token=given.told("aws_session_token") or None,
        client_kwargs=client,
        config_kwargs={
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _SILENCE_SECONDS,
            "retries": {"total_max_attempts": 1},  # s3fs and `patiently` try again
        },
        default_block_size=_BLOCK_BYTES,
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    return files, f"{parts.netloc}{parts.path}".rstrip("/")


def _http(place: Place) -> "tuple[AbstractFileSystem, str]":
    from aiohttp import ClientTimeout
    from fsspec.implementations.http import HTTPFileSystem

    parts, given = urlsplit(place.url), with_login(place)
    if parts.query or parts.fragment:
        raise SettingsError("a web address of exports ends with its path", where=place.shown)
    headers = _authorization(given)
    if headers and parts.scheme != "https":
        raise SettingsError("credentials would be sent in the open", where=place.shown, fix="Use https://")
    how: dict[str, Any] = {"headers": {"Accept-Encoding": "identity"} | headers}
    if given.told("verify"):
        import ssl

        how["ssl"] = ssl.create_default_context(cafile=given.told("verify"))
    timeout = ClientTimeout(total=None, connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
    files = HTTPFileSystem(
        client_kwargs={"timeout": timeout, "auto_decompress": False},  # a file lands as it lies there
        use_listings_cache=False,
        skip_instance_cache=True,
        block_size=0,
        **how,
    )
    return files, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _authorization(given: Connection) -> dict[str, str]:
    """Sent with each request to the place's own host; a redirection elsewhere goes without it."""
    if given.told("Authorization"):
        return {"Authorization": given.told("Authorization")}
    if not given.password:
        return {}
    if not given.login:
        return {"Authorization": f"Bearer {given.password}"}
    both = base64.b64encode(f"{given.login}:{given.password}".encode()).decode()
    return {"Authorization": f"Basic {both}"}


def _sftp(place: Place) -> "tuple[AbstractFileSystem, str]":
    from pipeline.sources import sftp

    given = with_login(place)
    if not given.host:
        raise SettingsError("the place names no server", where=place.shown)
    return sftp.connected(given.host, given.port or _SFTP_PORT, given), urlsplit(place.url).path.rstrip("/")
