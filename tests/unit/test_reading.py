"""Files are read ahead in the background, past their ends; each is told whole, in its turn, with its own fault."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import DeliveryError
from pipeline.ingest import reading
from pipeline.ingest.reading import Arrival, Reader, Slab
from pipeline.ingest.rows import _only
from pipeline.settings import Settings
from pipeline.sources.vendors import route

WEB, CRM = (Settings(hash_key="k").sources[source] for source in ("web", "crm"))


@pytest.fixture
def landed(tmp_path: Path) -> Callable[[str, str], Arrival]:
    def land(name: str, text: str) -> Arrival:
        path = tmp_path / name
        path.write_text(text)
        source, table, told = ("crm", "orders", CRM) if name.endswith(".csv") else ("web", "events", WEB)
        way = route(source, table, told)
        assert way is not None
        return Arrival(way, table, "2026-01-02", name, path)

    return land


def lines(*numbers: int) -> str:
    return "".join(json.dumps({"messageId": f"m{number}"}) + "\n" for number in numbers)


def told(slabs: list[Slab]) -> list[int]:
    return [line for slab in slabs for batch in slab.batches for line in batch["line"].to_pylist()]


@pytest.mark.parametrize("typed", [None, lambda slab: pa.table({"line": told([slab])})])
def test_every_file_is_told_in_its_turn_whatever_befell_the_one_before(
    landed: Callable[[str, str], Arrival], monkeypatch: pytest.MonkeyPatch, typed: reading.Typed | None
) -> None:
    monkeypatch.setattr(reading, "SLAB_BYTES", 30)
    monkeypatch.setattr("pipeline.sources.lines.BLOCK_BYTES", 30)
    arrivals = [landed("a.jsonl", lines(*range(5))), landed("none.csv", ""), landed("empty.jsonl", "")]
    arrivals.append(landed("z.jsonl", lines(1, 2)))
    with Reader(arrivals, typed=typed) as reader:
        first = list(reader.slabs(arrivals[0]))
        with pytest.raises(DeliveryError, match="empty: it has no header line"):
            list(reader.slabs(arrivals[1]))
        assert [slab.rows for slab in reader.slabs(arrivals[2])] == [0]
        last = list(reader.slabs(arrivals[3]))
    assert len(first) > 1
    assert (told(first), told(last)) == ([1, 2, 3, 4, 5], [1, 2])
    for slab in first + last:
        assert (slab.typed.to_pydict() if slab.typed else None) == ({"line": told([slab])} if typed else None)


def test_a_file_that_is_not_the_next_one_is_refused_and_not_taken_for_empty(
    landed: Callable[[str, str], Arrival],
) -> None:
    arrivals = [landed("a.jsonl", lines(1)), landed("b.jsonl", lines(2))]
    with Reader(arrivals) as reader, pytest.raises(ValueError, match=r"b\.jsonl is not the next file"):
        list(reader.slabs(arrivals[1]))


def test_the_next_file_is_read_while_the_last_slab_of_one_is_worked_on(
    landed: Callable[[str, str], Arrival], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals, seen = [landed("a.jsonl", lines(1)), landed("b.jsonl", lines(2))], threading.Event()
    opened = reading.opened

    def noted(arrival: Arrival) -> reading.File:
        if arrival is arrivals[1]:
            seen.set()
        return opened(arrival)

    monkeypatch.setattr(reading, "opened", noted)
    with Reader(arrivals) as reader:
        for _ in reader.slabs(arrivals[0]):
            assert seen.wait(30)


def test_what_goes_wrong_while_rows_are_typed_ahead_is_raised(landed: Callable[[str, str], Arrival]) -> None:
    def broken(_: Slab) -> None:
        raise RuntimeError("no room")

    arrival = landed("a.jsonl", lines(1))
    with Reader([arrival], typed=broken) as reader, pytest.raises(RuntimeError, match="no room"):
        list(reader.slabs(arrival))


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.5, 1])
def test_the_rows_that_are_kept_are_those_that_were_wanted_and_their_order_stays(share: float) -> None:
    rows = pa.table({"line": np.arange(5000), "text": [str(number) for number in range(5000)]})
    wanted = np.random.default_rng(7).random(5000) >= share
    assert _only(rows, wanted).to_pydict() == rows.filter(pa.array(wanted)).to_pydict()
