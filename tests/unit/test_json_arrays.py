"""JSON deliveries that are one array: their elements are records, and none swallows another's."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.settings import Settings, SourceSettings
from pipeline.sources import json_door
from pipeline.sources.rewriting import rewrite
from tests.unit.ingest_case import EVENT, Case

N1 = "2026-01-05"


@dataclass
class Mastodon(Case):
    """A social source in Mastodon's form."""

    @property
    def settings(self) -> Settings:
        settings = super().settings
        social = SourceSettings(form=("mastodon",))
        return settings.model_copy(update={"sources": {**settings.sources, "social": social}})


def records(path: Path) -> list[tuple[int, str, str | None]]:
    batches = json_door.opened(path, "a.json").batches
    return [(r["line"], r["raw"].strip(), r["broken"]) for batch in batches for r in batch.to_pylist()]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_every_element_is_a_record_at_its_first_line(tmp_path: Path, indent: int | None) -> None:
    events = [{**EVENT, "messageId": f"m{n}", "properties": {"say": '[{"\\'}} for n in range(3)]
    text = (
        json.dumps(events, indent=indent) if indent is not None else "[\n" + ",\n".join(map(json.dumps, events)) + "]"
    )
    case = Case(tmp_path)
    case.deliver(f"web/events/{N1}/a.json", text)
    case.night(N1, "web")
    assert case.ask("web", "select message_id, properties ->> 'say' from ingest.events order by 1") == [
        (f"m{n}", '[{"\\') for n in range(3)
    ]
    lines = text.split("\n")
    for (at,) in case.ask("web", "select delivered_line from ingest.events"):
        assert lines[at - 1].lstrip("[ ").startswith("{")


def test_what_is_no_object_or_breaks_off_is_a_record_that_cannot_be_read(tmp_path: Path) -> None:
    found = records(written(tmp_path, '[\n{"a": 1},\n7,\n\n{"b":\n2},\n{"c": [\n1,\n'))
    assert found == [
        (2, '{"a": 1},', None),
        (3, "7,", None),
        (5, '{"b":\n2},', None),
        (7, '{"c": [\n1,', "unreadable: the file breaks off here"),
    ]


def test_a_line_that_begins_like_an_array_leaves_the_lines_after_it(tmp_path: Path) -> None:
    assert [line for line, *_ in records(written(tmp_path, '["a": 1}\n{"b": 2}\n'))] == [1, 2]


def test_an_element_that_is_taken_out_leaves_the_others_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, '[\n{"a":\n1},\n{"b": 2},\n{"c": 3}\n]\n')
    rewrite(path, "a.json", tmp_path / "fresh", {2: (2, "")})
    assert [(line, raw) for line, raw, _ in records(tmp_path / "fresh")] == [(4, '{"b": 2},'), (5, '{"c": 3}')]


def test_mastodon_s_statuses_are_read_whole(tmp_path: Path, shared: Path) -> None:
    path = shared / "data" / "formats" / "mastodon" / "statuses.json"
    given = {status["id"]: status for status in json.loads(path.read_text("utf-8"))}
    case = Mastodon(tmp_path)
    case.deliver("social/statuses/2027-01-05/statuses.json", path.read_bytes())
    case.night("2027-01-05", "social")
    (account,) = case.ask("social", "select arrived, accepted, superseded, quarantined, not_ours from ingest.files")
    assert account == (277, 245, 0, 1, 31)
    posts = case.ask("social", "select post_id, author_handle, likes, text from ingest.posts")
    assert len(posts) == 245
    for post_id, handle, likes, text in posts:
        assert (handle, likes) == (given[post_id]["account"]["acct"], given[post_id]["favourites_count"])
        assert "<p>" not in text and text
    assert {reason.partition(":")[0] for *_, reason in case.reasons("social")} == {"missing_value"}
    assert {reason.partition(":")[0] for *_, reason in case.not_ours("social")} == {"not_ours"}


def test_hashtags_are_topics_and_markup_is_no_text(tmp_path: Path) -> None:
    status = {
        "id": "1",
        "created_at": "2026-01-02T10:00:00Z",
        "visibility": "public",
        "content": "<p>Roses &amp; <b>lilies</b></p><p>1 &lt; 2</p>",
        "tags": [{"name": "Garden", "url": "u"}, {"name": "spring"}],
        "account": {"acct": "ada@x.org"},
        "reblog": None,
    }
    rows = [status, status | {"id": "2", "visibility": "private"}, status | {"id": "3", "reblog": {"id": "9"}}]
    case = Mastodon(tmp_path)
    case.deliver(f"social/statuses/{N1}/a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    case.night(N1, "social")
    assert case.ask("social", "select author_handle, text, topics from ingest.posts") == [
        ("ada@x.org", "Roses & lilies 1 < 2", '["Garden","spring"]')
    ]
    assert [reason for *_, reason in case.not_ours("social")] == [
        "not_ours: the status is not public",
        "not_ours: a boost of what somebody else said",
    ]
