"""Whatever happens to a delivery's bytes: a named error or a night in which every row is accounted for."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import LandmarkError
from pipeline.sources.elements import depth_of
from tests.unit.ingest_case import EVENT, ORDER, Case, crm, csv_text, jsonl

EVENTS = jsonl([EVENT | {"messageId": f"m{i}", "properties": {"topic": "é", "n": i}} for i in range(6)]).encode()
ORDERS = csv_text([ORDER | {"order_id": f"O{i}", "attributes": '{"a": "x, y"}'} for i in range(6)]).encode()

MUTATION = st.tuples(
    st.sampled_from(["cut", "insert", "flip", "repeat", "drop"]), st.floats(0, 1), st.binary(min_size=1, max_size=8)
)


def mutated(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """The bytes after each change: cut off, inserted into, overwritten, a stretch repeated or dropped."""
    for what, place, more in changes:
        at = int(place * len(data))
        if what == "cut":
            data = data[:at]
        elif what == "insert":
            data = data[:at] + more + data[at:]
        elif what == "flip":
            data = data[:at] + more + data[at + len(more) :]
        elif what == "repeat":
            data = data[: at + 40] + data[at:]
        else:
            data = data[:at] + data[at + 9 * len(more) :]
    return data


def accounted(case: Case, source: str) -> None:
    fates = "accepted + superseded + quarantined + not_ours + erased"
    wrong = case.ask(source, f"select * from ingest.files where arrived <> {fates}")
    assert wrong == []
    twice = case.ask(source, "select night, file, line from ingest.quarantine group by all having count(*) > 1")
    assert twice == []


@pytest.mark.parametrize("name", ["e.jsonl", "e.csv"])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(MUTATION, min_size=1, max_size=4))
def test_mutated_web_events(tmp_path: Path, name: str, changes: list[tuple[str, float, bytes]]) -> None:
    shutil.rmtree(tmp_path / "case", ignore_errors=True)
    case = Case(tmp_path / "case")
    data = mutated(EVENTS, changes)
    case.deliver(f"web/events/2026-01-02/{name}", data)
    case.night("2026-01-02", "web")
    accounted(case, "web")
    if name == "e.jsonl" and depth_of(data) is None and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t\r\f\v")]
        assert case.ask("web", "select arrived from ingest.files") == [(len(lines),)]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(MUTATION, min_size=1, max_size=4))
def test_mutated_orders(tmp_path: Path, changes: list[tuple[str, float, bytes]]) -> None:
    shutil.rmtree(tmp_path / "case", ignore_errors=True)
    case = Case(tmp_path / "case")
    crm(case, "2026-01-02", csv_text([ORDER]))
    case.deliver("crm/orders/2026-01-02/more.csv", mutated(ORDERS, changes))
    with suppress(LandmarkError):
        case.night("2026-01-02", "crm")
        accounted(case, "crm")
