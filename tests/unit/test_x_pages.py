"""Pages of X's API v2: each post of a page is a record, with its author; edits, withheld posts, erasure of a line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import Settings, SourceSettings
from pipeline.sources.landing import Landing
from pipeline.sources.pages import opened_up
from tests.unit.ingest_case import Case

N1, N2 = "2026-01-05", "2026-01-06"
FIRST, SECOND = "2007490000000000000", "2007500000000000000"
WIDE = 1 << 20


class X(Case):
    """A social source whose posts come as X's API gives them."""

    @property
    def settings(self) -> Settings:
        settings = super().settings
        return settings.model_copy(update={"sources": {**settings.sources, "social": SourceSettings(form=("x",))}})

    def posts(self, columns: str) -> list[tuple[Any, ...]]:
        return self.ask("social", f"select {columns} from ingest.posts order by post_id")


def post(id_: str, text: str, **more: Any) -> dict[str, Any]:
    usual = {"id": id_, "text": text, "author_id": "7", "created_at": "2026-01-03T17:00:00.000Z"}
    return usual | {"edit_history_tweet_ids": [id_]} | more


def page(*posts: Any, **more: Any) -> dict[str, Any]:
    users = [{"id": "7", "username": "ann", "name": "Ann"}, {"id": "8", "username": "bob", "name": "Bob"}]
    return {"data": list(posts), "includes": {"users": users}, "meta": {"result_count": len(posts)}} | more


def lines(content: bytes, size: int = 1 << 16, longest: int = WIDE) -> list[Any]:
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    return [json.loads(line) for line in b"".join(opened_up(chunks, longest)).splitlines()]


def test_every_post_of_every_page_is_a_row_with_its_author(tmp_path: Path) -> None:
    case = X(tmp_path)
    place = {"places": [{"id": "p", "name": "Cork", "place_type": "city", "full_name": "Cork, Ireland"}]}
    one = page(post("11", "tea"), post("12", "rain", author_id="8", geo={"place_id": "p"}))
    one["includes"] |= place
    two = page(post("13", "wind", author_id="9", public_metrics={"like_count": 4, "retweet_count": 2}))
    case.deliver(f"social/tweets/{N1}/pages.jsonl", json.dumps(one) + "\n" + json.dumps(two) + "\n")
    case.deliver(f"social/tweets/{N1}/none.json", json.dumps({"meta": {"result_count": 0}}))
    case.night(N1, "social")
    assert case.posts("post_id, author_handle, text, city, likes, shares") == [
        ("11", "ann", "tea", None, None, None), ("12", "bob", "rain", "Cork", None, None),
        ("13", "9", "wind", None, 4, 2),
    ]  # fmt: skip
    files = case.ask("social", "select file, arrived, accepted from ingest.files order by file")
    assert files == [("none.json", 0, 0), ("pages.jsonl", 3, 3)]


def test_the_newest_edit_stands_whenever_it_arrives(tmp_path: Path) -> None:
    case = X(tmp_path)
    both = [FIRST, SECOND]
    old, new = post(FIRST, "tee", edit_history_tweet_ids=both), post(SECOND, "tea", edit_history_tweet_ids=both)
    case.deliver(f"social/tweets/{N1}/a.json", json.dumps(page(new, old)))
    case.night(N1, "social")
    case.deliver(f"social/tweets/{N2}/a.json", json.dumps(page(old)))
    case.night(N2, "social")
    assert case.posts("post_id, text") == [(FIRST, "tea")]
    files = case.ask("social", "select arrived, accepted, superseded from ingest.files order by night")
    assert files == [(2, 1, 1), (1, 0, 1)]


def test_what_is_withheld_or_reposted_is_counted_and_not_kept(tmp_path: Path) -> None:
    case = X(tmp_path)
    withheld = post("21", "x", withheld={"copyright": False, "country_codes": ["DE"], "scope": "tweet"})
    repost = post("22", "RT", referenced_tweets=[{"type": "retweeted", "id": "1"}])
    case.deliver(f"social/tweets/{N1}/a.json", json.dumps(page(withheld, repost, post("23", "mine"))))
    case.night(N1, "social")
    assert case.ask("social", "select arrived, accepted, not_ours from ingest.files") == [(3, 1, 2)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [64, 1 << 16])
def test_a_page_may_be_written_anyhow(indent: int | None, size: int) -> None:
    text = json.dumps(page(post("1", "é\n{"), post("2", "b")), indent=indent, ensure_ascii=False)
    for content in (text, f"[{text},\n{text}]", f"{text}\n\n{text}\n", f"{text}{text}"):
        found = lines(content.encode(), size)
        assert [one["id"] for one in found] == ["1", "2"] * (len(found) // 2)
        assert found[0]["author"]["username"] == "ann" and found[0]["text"] == "é\n{"


def test_one_post_alone_and_pages_without_authors_are_read() -> None:
    assert [one["id"] for one in lines(json.dumps({"data": post("1", "a")}).encode())] == ["1"]
    assert "author" not in lines(json.dumps({"data": [post("1", "a")], "meta": {}}).encode())[0]


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": "1", "data": [1]}\n',
        b'{"data": [1], "type": "event"}\n{"a": 1}\n',
        b'{"data": "text"}\n',
        b"id,text\n",
        b"",
    ],
)
def test_what_is_no_page_stays_as_it_is(content: bytes) -> None:
    assert b"".join(opened_up([content[:5], content[5:]], WIDE)) == content


def test_a_page_that_breaks_off_loses_nothing(tmp_path: Path) -> None:
    case = X(tmp_path)
    whole, cut = json.dumps(page(post("1", "a"))), json.dumps(page(post("2", "b")))[:60]
    case.deliver(f"social/tweets/{N1}/a.json", f"{whole}\n{cut}")
    case.deliver(f"social/tweets/{N1}/b.json", json.dumps(page("no object", post("3", "c"))))
    case.night(N1, "social")
    assert case.posts("post_id") == [("1",), ("3",)]
    assert [reason for *_, reason in case.reasons("social")] == ["unreadable: not a JSON object"] * 2


def test_a_packed_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    case = X(tmp_path)
    text = "".join(json.dumps(page(post(str(n), "a" * 50))) + "\n" for n in range(2000))
    case.deliver(f"social/tweets/{N1}/a.json.gz", gzip.compress(text.encode(), mtime=0)[:-400])
    case.night(N1, "social")
    ((arrived, accepted, quarantined),) = case.ask("social", "select arrived, accepted, quarantined from ingest.files")
    assert arrived == accepted + quarantined > 500
    assert quarantined == 2  # the page that broke off, and that the file did


def test_more_than_is_looked_at_together_passes_as_it_is() -> None:
    content = json.dumps(page(post("1", "a" * 500), post("2", "b"))).encode()
    chunks = [content[at : at + 64] for at in range(0, len(content), 64)]
    assert b"".join(opened_up(chunks, 300)) == content


def test_bytes_that_are_no_text_are_not_lost() -> None:
    content = json.dumps(page(post("1", "@"), post("2", "b"))).encode().replace(b"@", b"\xff")
    first, second = b"".join(opened_up([content], WIDE)).splitlines()
    assert b"\xff" in first and json.loads(second)["id"] == "2"


def test_half_a_pair_of_surrogates_is_still_json() -> None:
    content = json.dumps(page(post("1", "@"))).encode().replace(b"@", b"\\ud83d")
    assert b"\\ud83d" in b"".join(opened_up([content], WIDE))


def test_a_record_that_is_taken_out_leaves_the_others_their_numbers(tmp_path: Path) -> None:
    case = X(tmp_path)
    case.deliver(f"social/tweets/{N1}/a.json", json.dumps(page(post("1", "a"), post("2", "b"), post("3", "c"))))
    case.night(N1, "social")
    landing = Landing(case.settings.data, "social")
    (file,) = landing.files()
    landing.replace(file, {2: (1, "")})
    (file,) = landing.files()
    kept = (landing.zone / file.path).read_text("utf-8").split("\n")
    assert [json.loads(line)["id"] if line else "" for line in kept] == ["1", "", "3", ""]
    assert (
        b"".join(opened_up([(landing.zone / file.path).read_bytes()], WIDE)) == (landing.zone / file.path).read_bytes()
    )
