"""The same delivery from every kind of place, against real servers: landed once, whole, and nothing secret told."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import DeliveryError, LandmarkError, PassingError
from pipeline.sources import retrying
from tests.integration import servers
from tests.integration.place_case import NIGHT, Remote, tell_nothing
from tests.integration.servers import QUOTED, SECRET
from tests.unit.ingest_case import EVENT, jsonl

BUCKET = "company"
LINES = jsonl([EVENT | {"messageId": f"m{number}"} for number in range(500)])


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "WAITS_SECONDS", (0.05, 0.05))


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with servers.s3(BUCKET) as url:
        yield url


@pytest.fixture(scope="module")
def sshd() -> Iterator[servers.Sshd]:
    with servers.sshd() as server:
        yield server


@pytest.fixture
def web(tmp_path: Path) -> Iterator[servers.Web]:
    (tmp_path / "tls").mkdir()
    (tmp_path / "site").mkdir()
    with servers.https(tmp_path / "site", tmp_path / "tls") as server:
        yield server


def put_s3(url: str, key: str, data: bytes) -> None:
    import boto3

    known = {"aws_access_key_id": "k", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **known).put_object(Bucket=BUCKET, Key=key, Body=data)


def sftp_connection(server: servers.Sshd, host_key: str) -> str:
    extra = {"host_key": host_key, "private_key": server.private_key, "note": SECRET}
    told = {"conn_type": "sftp", "host": "127.0.0.1", "port": server.port, "login": servers.me(), "extra": extra}
    return json.dumps(told)


def web_case(tmp_path: Path, web: servers.Web) -> Remote:
    folder = tmp_path / "site" / "out" / "events" / NIGHT
    folder.mkdir(parents=True)
    (folder / "a b.jsonl").write_text(LINES)
    told = {"conn_type": "http", "login": "reader", "password": SECRET, "extra": {"verify": str(web.certificate)}}
    return Remote(tmp_path, place=f"{web.url}/out", variable=json.dumps(told))


@pytest.fixture(params=["local", "s3", "sftp", "https"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    """One delivery of 500 events, at a place of each kind."""
    kind = request.param
    if kind == "https":
        return web_case(tmp_path, request.getfixturevalue("web"))
    if kind == "s3":
        url = request.getfixturevalue("s3")
        put_s3(url, f"out/events/{NIGHT}/a b.jsonl", LINES.encode())
        return Remote(tmp_path, place=f"s3://{BUCKET}/out", variable=f"aws://k:{QUOTED}@/?endpoint_url={url}")
    folder = tmp_path / "out" / "events" / NIGHT
    folder.mkdir(parents=True)
    (folder / "a b.jsonl").write_text(LINES)
    if kind == "local":
        return Remote(tmp_path, place=str(tmp_path / "out"))
    server = request.getfixturevalue("sshd")
    return Remote(
        tmp_path,
        place=f"sftp://{tmp_path}/out".replace("sftp:///", "sftp:///"),
        variable=sftp_connection(server, server.host_key),
    )


def every_file(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_same_delivery_from_every_place(remote: Remote) -> None:
    remote.night(NIGHT, "web")
    (line,) = remote.manifest()
    assert remote.ask("web", "select count(*) from ingest.events") == [(500,)]
    assert (remote.root / "data/landing" / line["path"]).read_text() == LINES
    assert (line["file"], line["bytes"]) == ("a b.jsonl", len(LINES))
    assert line["origin"].endswith(("/out/events/2026-01-02/a b.jsonl", "/out/events/2026-01-02/a%20b.jsonl"))
    assert line["landed_at"][:2] == "20"
    assert SECRET.encode() not in every_file(remote.root / "data")
    assert QUOTED.encode() not in every_file(remote.root / "data")
    assert SECRET not in "\n".join([*remote.logs, repr(remote.settings)])


def test_what_has_landed_is_not_fetched_again(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    case.night(NIGHT, "web")
    web.asked.clear()
    later = tmp_path / "site/out/events/2026-01-03"
    later.mkdir()
    (later / "e.jsonl").write_text(jsonl([EVENT | {"messageId": "later"}]))
    case.night("2026-01-03", "web")
    assert not [asked for asked in web.asked if "a%20b" in asked]
    assert case.ask("web", "select count(*) from ingest.events") == [(501,)]


def test_an_answer_that_may_pass_is_tried_again(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    busy = iter([503, 502])

    def fault(handler: Any) -> bool:
        status = next(busy, None)
        if status:
            handler.send_error(status)
        return bool(status)

    web.fault = fault
    case.night(NIGHT, "web")
    assert case.ask("web", "select count(*) from ingest.events") == [(500,)]


def test_a_file_that_breaks_off_is_fetched_again(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    broken = iter([True, True])

    def fault(handler: Any) -> bool:
        if handler.command != "GET" or not handler.path.endswith(".jsonl") or not next(broken, False):
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(LINES)))
        handler.end_headers()
        handler.wfile.write(LINES[:1000].encode())
        return True

    web.fault = fault
    case.night(NIGHT, "web")
    (line,) = case.manifest()
    assert line["bytes"] == len(LINES)


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (403, 1), (503, 3)])
def test_a_no_fails_at_once_and_silence_after_some_tries(
    tmp_path: Path, web: servers.Web, status: int, tries: int
) -> None:
    case = web_case(tmp_path, web)
    case.more = {"missing": "stop"}
    web.fault = lambda handler: handler.send_error(status) or True
    with pytest.raises(DeliveryError, match=str(status)) as caught:
        case.night(NIGHT, "web")
    assert len(web.asked) == tries
    assert isinstance(caught.value, PassingError) == (tries > 1)
    tell_nothing(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    case.variable = json.dumps({"conn_type": "http", "login": "reader", "password": SECRET})
    with pytest.raises(DeliveryError, match=r"(?i)certificate") as caught:
        case.night(NIGHT, "web")
    assert not isinstance(caught.value, PassingError)
    assert web.asked == []


def test_credentials_are_not_sent_in_the_open(tmp_path: Path) -> None:
    case = Remote(tmp_path, place="http://127.0.0.1:1/out", variable=f"http://reader:{QUOTED}@127.0.0.1")
    with pytest.raises(LandmarkError, match="in the open") as caught:
        case.night(NIGHT, "web")
    tell_nothing(caught.value)


@pytest.mark.parametrize("link", ["//evil.example/x/", "../../../etc/", "https://evil.example/out/events/"])
def test_a_page_of_links_that_lead_away_is_not_followed(tmp_path: Path, web: servers.Web, link: str) -> None:
    case = web_case(tmp_path, web)

    def fault(handler: Any) -> bool:
        if handler.path != "/out/":
            return False
        page = f'<a href="{link}">x</a> <a href="?C=N;O=D">name</a> <a href="events/">events</a>'.encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)
        return True

    web.fault = fault
    case.night(NIGHT, "web")
    assert [line["file"] for line in case.manifest()] == ["a b.jsonl"]
    assert {asked.split()[1].split("/")[1] for asked in web.asked} == {"out"}


def test_a_packed_file_lands_packed_whatever_the_server_calls_it(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    folder = tmp_path / "site/out/events" / NIGHT
    (folder / "a b.jsonl").unlink()
    packed = gzip.compress(LINES.encode())
    (folder / "e.jsonl.gz").write_bytes(packed)

    def fault(handler: Any) -> bool:
        if not handler.path.endswith(".gz"):
            return False
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(packed)))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(packed)
        return True

    web.fault = fault
    case.night(NIGHT, "web")
    assert case.manifest()[0]["bytes"] == len(packed)
    assert case.ask("web", "select count(*) from ingest.events") == [(500,)]


def test_a_redirection_elsewhere_goes_without_credentials(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    (tmp_path / "other").mkdir()
    told: list[str | None] = []
    with servers.https(tmp_path / "site", tmp_path / "other") as other:
        both = tmp_path / "both.pem"
        both.write_bytes(web.certificate.read_bytes() + other.certificate.read_bytes())
        case.variable = case.variable.replace(str(web.certificate), str(both))

        def elsewhere(handler: Any) -> bool:
            handler.send_response(302)
            handler.send_header("Location", f"{other.url}{handler.path}")
            handler.end_headers()
            return True

        web.fault = elsewhere
        other.fault = lambda handler: told.append(handler.headers.get("Authorization")) or False
        with pytest.raises(DeliveryError, match="401"):
            case.night(NIGHT, "web")
    assert told == [None]


def test_an_unknown_server_is_not_logged_in_to(tmp_path: Path, sshd: servers.Sshd) -> None:
    known = sshd.log.read_text().count("Accepted")
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKl5bUDdVWcWpCPpwJ9DyNx1uLRu2hT/5d3WHiyuHGLQ"
    for host_key in ("", other):
        case = Remote(tmp_path, place="sftp:///out", variable=sftp_connection(sshd, host_key))
        with pytest.raises(DeliveryError, match="the server's key is not the one that is known") as caught:
            case.night(NIGHT, "web")
        tell_nothing(caught.value)
    assert sshd.log.read_text().count("Accepted") == known


def test_a_place_that_does_not_answer_stops_a_source_that_must_deliver_alone(tmp_path: Path) -> None:
    dead = servers.free_port()
    for scheme in ("s3://company/out", f"sftp://127.0.0.1:{dead}/out", f"https://127.0.0.1:{dead}/out"):
        variable = f"aws://k:{QUOTED}@/?endpoint_url=http://127.0.0.1:{dead}" if scheme[:2] == "s3" else ""
        case = Remote(tmp_path, place=scheme, variable=variable)
        case.night(NIGHT, "web")
        assert any("left for a later night" in text for text in case.logs), scheme
        case.more = {"missing": "stop"}
        with pytest.raises(PassingError) as caught:
            case.night(NIGHT, "web")
        tell_nothing(caught.value)


def test_no_such_folder_is_said_at_once(tmp_path: Path, web: servers.Web) -> None:
    case = web_case(tmp_path, web)
    case.place += "/nowhere"
    with pytest.raises(DeliveryError, match="no such place") as caught:
        case.night(NIGHT, "web")
    assert len(web.asked) <= 4
    tell_nothing(caught.value)


def test_no_such_bucket_is_said_at_once(tmp_path: Path, s3: str) -> None:
    case = Remote(tmp_path, place="s3://nobody/out", variable=f"aws://k:{QUOTED}@/?endpoint_url={s3}")
    with pytest.raises(DeliveryError, match="bucket does not exist") as caught:
        case.night(NIGHT, "web")
    assert "s3://nobody/out" in str(caught.value)


def test_a_connection_that_nobody_defined_is_named(tmp_path: Path) -> None:
    case = Remote(tmp_path, place="s3://company/out")
    case.more = {"connection": "vendor"}
    with pytest.raises(LandmarkError, match="AIRFLOW_CONN_VENDOR"):
        case.night(NIGHT, "web")
