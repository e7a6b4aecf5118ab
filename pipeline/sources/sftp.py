"""SFTP: fsspec's file system with a server that must be known, by its key.

The one door to paramiko.
"""

import base64
import io
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from pipeline.errors import DeliveryError, SettingsError
from pipeline.sources.connections import Connection

_SECONDS = 20.0
_SILENCE_SECONDS = 60.0
_REQUEST_BYTES = 1 << 15
_KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class KnownServer(SFTPFileSystem):  # type: ignore[misc]
    """Files of an SFTP server. Raises DeliveryError where its key is not the one that is known."""

    def __init__(self, host: str, host_key: str = "", **how: Any) -> None:
        self._host_key = host_key
        super().__init__(host, **how)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        name = self._known_as()
        if self._host_key:
            key = _public(self._host_key)
            self.client.get_host_keys().add(name, key.get_name(), key)
        self.client.set_missing_host_key_policy(_Refuse())
        try:
            self.client.connect(self.host, **self.ssh_kwargs)
        except paramiko.BadHostKeyException as error:
            raise _unknown(name, error.key) from None
        self.ftp = self.client.open_sftp()
        if (channel := self.ftp.get_channel()) is not None:
            channel.settimeout(_SILENCE_SECONDS)

    def _known_as(self) -> str:
        port = self.ssh_kwargs["port"]
        return self.host if port == paramiko.config.SSH_PORT else f"[{self.host}]:{port}"

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        return _Reader(self.ftp.open(path, mode))


class _Reader:
    """A file of a server, read from its start: the requests of one `read` are under way together, and no more."""

    def __init__(self, handle: paramiko.SFTPFile) -> None:
        self._handle, self._at, self._size = handle, 0, handle.stat().st_size or 0

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, none at the end."""
        end = self._size if size < 0 else min(self._at + size, self._size)
        wanted = [(at, min(_REQUEST_BYTES, end - at)) for at in range(self._at, end, _REQUEST_BYTES)]
        data = b"".join(self._handle.readv(wanted)) if wanted else b""
        self._at += len(data)
        return data


class _Refuse(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, _: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise _unknown(hostname, key)


def connected(host: str, port: int, connection: Connection) -> KnownServer:
    """The server, logged in to: by the connection's password or key, else by this user's own keys."""
    own = not (connection.password or connection.told("private_key") or connection.told("key_file"))
    return KnownServer(
        host,
        host_key=connection.told("host_key"),
        port=port,
        username=connection.login or None,
        password=connection.password or None,
        pkey=_private(connection) if connection.told("private_key") else None,
        key_filename=connection.told("key_file") or None,
        passphrase=connection.told("private_key_passphrase") or None,
        allow_agent=own,
        look_for_keys=own,
        timeout=_SECONDS,
        banner_timeout=_SECONDS,
        auth_timeout=_SECONDS,
        skip_instance_cache=True,
    )


def _private(connection: Connection) -> paramiko.PKey:
    for kind in _KINDS:
        try:
            text = io.StringIO(connection.told("private_key"))
            return kind.from_private_key(text, connection.told("private_key_passphrase") or None)
        except (paramiko.SSHException, ValueError):
            continue
    raise SettingsError("the connection's private_key cannot be read", fix="Give it whole, with its passphrase if any")


def _public(text: str) -> paramiko.PKey:
    """A public key as known_hosts has it: [host] <kind> <base64>, or the base64 alone."""
    words = [word for word in text.split() if word.startswith("AAAA")]
    try:
        data = base64.b64decode(words[0])
        length = int.from_bytes(data[:4], "big")
        return paramiko.PKey.from_type_string(data[4 : 4 + length].decode("ascii"), data)
    except (IndexError, ValueError, paramiko.SSHException):
        pass
    raise SettingsError(
        "the connection's host_key is no public key", fix="Give the server's line of ssh-keyscan, without the host"
    )


def _unknown(host: str, key: paramiko.PKey) -> DeliveryError:
    return DeliveryError(
        "the server's key is not the one that is known",
        where=host,
        value=f"{key.get_name()} {key.fingerprint}",
        fix="Compare it with the owner of the server, then put it into known_hosts or the connection's host_key",
    )
