"""Servers for tests, on this machine only: S3 (moto), SFTP (sshd), HTTPS, PostgreSQL. Each ends with its context."""

import base64
import getpass
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

SECRET = "Gr8-secret/canary+word"
QUOTED = quote(SECRET, safe="")


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{name} is not installed: nothing is told about it")
    return found


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the server ended"
        time.sleep(0.1)
    raise AssertionError("the server does not listen")


# -- S3 -------------------------------------------------------------------------------------------------------------


@contextmanager
def s3(bucket: str) -> Iterator[str]:
    """The address of an S3 server with an empty bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="k", aws_secret_access_key=SECRET, region_name="us-east-1"
    ).create_bucket(Bucket=bucket)
    yield url
    server.stop()


# -- SFTP -----------------------------------------------------------------------------------------------------------


@dataclass
class Sshd:
    """A server: its port, its public key, the private key that it lets in."""

    port: int
    host_key: str
    private_key: str
    log: Path


@contextmanager
def sshd() -> Iterator[Sshd]:
    """OpenSSH's server, which lets this user in by a key."""
    command, folder = program("sshd"), Path(tempfile.mkdtemp(prefix="sshd"))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host")], check=True)
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "user")], check=True)
    shutil.copy(folder / "user.pub", folder / "allowed")
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/allowed\n"
        f"StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"UsePAM no\nPidFile {folder}/pid\nSubsystem sftp internal-sftp\n"
    )
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([command, "-D", "-e", "-f", str(folder / "config")], stderr=out)
    try:
        wait_for(port, process)
        yield Sshd(port, (folder / "host.pub").read_text(), (folder / "user").read_text(), log)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


# -- HTTPS ----------------------------------------------------------------------------------------------------------


@dataclass
class Web:
    """A server of a folder: its port, its certificate, what it was asked for, and faults to play before each answer."""

    port: int
    certificate: Path
    asked: list[str] = field(default_factory=list)
    fault: Callable[[Any], bool] = lambda _: False

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


class _Handler(SimpleHTTPRequestHandler):
    web: Web

    def do_GET(self) -> None:
        if self._lets_in():
            super().do_GET()

    def do_HEAD(self) -> None:
        if self._lets_in():
            super().do_HEAD()

    def _lets_in(self) -> bool:
        self.web.asked.append(f"{self.command} {self.path}")
        if self.web.fault(self):
            return False
        wanted = "Basic " + base64.b64encode(f"reader:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_error(401)
            return False
        return True

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def https(folder: Path, scratch: Path) -> Iterator[Web]:
    """A folder over HTTPS, for who knows the user `reader` and the secret."""
    certificate = _certificate(scratch)
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))  # type: ignore[arg-type]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, scratch / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    handler.web = web = Web(server.server_address[1], certificate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield web
    server.shutdown()
    server.server_close()


def _certificate(scratch: Path) -> Path:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, scratch.name)])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now()
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=2))
    made = made.add_extension(here, critical=False).add_extension(x509.BasicConstraints(True, None), critical=True)
    whole = made.sign(key, hashes.SHA256())
    (scratch / "certificate.pem").write_bytes(whole.public_bytes(serialization.Encoding.PEM))
    (scratch / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return scratch / "certificate.pem"


# -- PostgreSQL -----------------------------------------------------------------------------------------------------


@dataclass
class Postgres:
    """A database server with a user `crm`, whose password is the secret."""

    port: int

    @property
    def connection(self) -> str:
        return f"postgres://crm:{QUOTED}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        import psycopg2

        address = self.connection.replace("postgres:", "postgresql:")
        with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """PostgreSQL, on a data folder of its own; it does not run as root."""
    folder, port = Path(tempfile.mkdtemp(prefix="pg")), free_port()
    (folder / "password").write_text(SECRET)
    for path in (folder, folder / "password"):
        path.chmod(0o755)
    how: dict[str, Any] = {"cwd": folder}
    if os.getuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("there is no user postgres, and PostgreSQL does not run as root")
        os.chown(folder, user.pw_uid, user.pw_gid)
        how |= {"user": user.pw_uid, "group": user.pw_gid}
    given = ["-U", "crm", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "-E", "UTF8", "--locale", "C"]
    made = [program("initdb"), "-D", str(folder / "db"), "--no-sync", *given]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **how)
    with (folder / "log").open("wb") as log:
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
        told = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [program("postgres"), "-D", str(folder / "db"), "-p", str(port), *told]
        process = subprocess.Popen(command, stderr=log, stdout=log, **how)
    try:
        wait_for(port, process)
        yield Postgres(port)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def me() -> str:
    return getpass.getuser()
