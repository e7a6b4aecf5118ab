"""What people ask of identity: who holds a value, why records are one, what is doubtful, what was decided."""

import csv
import json
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from pipeline.answers import explain, history, picture, review, ties, words
from pipeline.answers.masks import shown
from pipeline.catalog import Store
from pipeline.errors import IdentityError, LockedError, NightError
from pipeline.identity.decisions import (
    decide,
    decisions_path,
    forget,
    listing,
    read_decisions,
    standing_decisions,
)
from pipeline.identity.lookup import find
from pipeline.settings import Settings, load_settings
from tests.unit import identity_case

HOSTILE = (
    "' or 1=1 --",
    "crm_id:' or '1'='1",
    "\x1b[31m",
    "../../etc/passwd",
    "crm_id:\udcff",
    "a\0b",
    "%",
    "",
    ":",
    "email:",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return identity_case.build(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def fresh(built: Settings) -> Settings:
    """The same night with no decisions taken."""
    decisions_path(built.data).unlink(missing_ok=True)
    return built


# -- who holds it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "customer_id"),
    [
        ("CA", "CA"), ("crm_id:A2", "CA"), ("partner:shop:P1", "CA"), ("loyalty_id:l-100", "CA"),
        ("social_handle:@Mira_S", "CA"), ("crm_id:R1", "CR"), ("social_handle:@ADA_q", "CR"),
        ("anonymous_id:cookie2", "CR"),
    ],
)  # fmt: skip
def test_whoever_holds_it_is_found_refusers_too(built: Settings, text: str, customer_id: str) -> None:
    assert find(built, text).customer_id == customer_id


def test_a_person_comes_with_everything_known_of_them_but_keyed_hashes(built: Settings) -> None:
    person = find(built, "CA")
    assert person.records == ((0, "crm_id", "A1"), (1, "crm_id", "A2"), (2, "partner:shop", "P1"))
    assert person.night == identity_case.NIGHT
    assert set(person.identifiers) == {
        ("crm_id", "A1"), ("crm_id", "A2"), ("partner:shop", "P1"), ("anonymous_id", "cookie1"),
        ("loyalty_id", "L-100"), ("social_handle", "@Mira_S"),
    }  # fmt: skip
    assert ("social_handle", "ada_q") in find(built, "CR").identifiers
    assert ("social_handle", "Ada_Q") in find(built, "CR").identifiers


def test_what_several_hold_is_nobody_s(built: Settings) -> None:
    with pytest.raises(IdentityError, match=r"2 people hold this .*CA, CB"):
        find(built, "anonymous_id:cookie1")
    with pytest.raises(IdentityError, match=r"2 people hold this .*CA, CX"):
        find(built, f"email: {identity_case.EMAIL.upper()} ")
    with pytest.raises(IdentityError, match=r"2 people hold this .*CA, CB"):
        find(built, "phone:+49 (151) 12345678")
    with pytest.raises(IdentityError, match=r"3 people hold this"):
        find(built, "phone:+" + identity_case.SHARED_PHONE)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_finds_nobody(built: Settings, text: str) -> None:
    with pytest.raises(IdentityError, match="nobody holds this") as raised:
        find(built, text)
    assert "\x1b" not in str(raised.value)


def test_an_id_that_went_into_another_says_so(built: Settings) -> None:
    with pytest.raises(IdentityError, match="It went into CA on 2026-06-29"):
        find(built, "CO")


def test_a_folder_without_a_published_night_is_told(tmp_path: Path) -> None:
    with pytest.raises(NightError, match="nothing is published"):
        find(load_settings({"HOME": str(tmp_path)}, data=tmp_path / "none"), "CA")


def test_a_night_of_another_version_is_told(tmp_path: Path) -> None:
    settings = identity_case.build(tmp_path)
    (settings.data / "builds" / identity_case.NIGHT / "1" / "identity" / "pairs.parquet").unlink()
    with pytest.raises(NightError, match=r"another version.*run a night"):
        find(settings, "CA")


# -- why ------------------------------------------------------------------------------------------------------------

EXPLAINED = """\
CA · night 2026-06-30 · 3 records are one customer; the weakest step is 40 %

records
  1  crm_id:A1  since 2025-01-01  the oldest  (first name m…, last name s…, born 1980-…, street m…, postcode 1…, city b…, phone …678)
  2  crm_id:A2  since 2025-01-02  tied by e-mail, 75 %  (first name m…, last name s…, born 1980-…, street m…, postcode 1…, city b…)
  3  partner:shop:P1  since 2025-01-03  tied by pair model, 99.00 %  (first name m…, last name s…, street m…, postcode 1…, city b…)

path of evidence (the strongest ties)
  1 – 2  40 %  the same e-mail, which 3 records gave
  1 – 3  99.00 %  the pair model
         for: last name the same +7.2, first name the same +5.8 bits
         before comparing: −6.3 bits (two records are seldom one person's, and households share)

also theirs
  cookie cookie… by login, from 2026-01-01 00:00:00 to 2026-02-01 00:00:00
  e-mail ffffff… by e-mail
  loyalty number …100 by loyalty number
  social handle @… by social handle

values that tie nobody: too many unlike people share them
  phone …000: 9 names (here: 1)

nearly the same, and kept apart
  CX (1 record)
    4  crm_id:X1  since 2025-01-07  the oldest  (first name b…, last name v…, street m…, postcode 1…, city b…)
    1 and 4 contradict: two first names
    2 and 4 contradict: two first names
    3 and 4 contradict: two first names
    1 – 4  40 %  the same e-mail, which 3 records gave
  CD (1 record)
    5  crm_id:D1  since 2025-01-05  the oldest  (first name m…, last name s…, street m…, postcode 1…, city b…)
    60 % one person, by the pair model: 80 % is wanted
    2 – 5  60 %  the pair model
           for: last name the same +7.2, first name the same +5.8 bits
           before comparing: −12.4 bits (two records are seldom one person's, and households share)
  CB (1 record)
    6  crm_id:B1  since 2025-01-04  the oldest  (first name j…, last name s…, born 1979-…, street m…, postcode 1…, city b…, phone …678)
    1 and 6 contradict: two birth dates and two first names
    2 and 6 contradict: two birth dates and two first names
    3 and 6 contradict: two first names
    1 – 6  20 %  the pair model
           for: phone the same +8.7, last name the same +7.2 bits
           against: first name unlike (m… / j…) −4.3 bits
           before comparing: −13.5 bits (two records are seldom one person's, and households share)

(A bit doubles the odds that two records are one person: +10 bits multiply them by a thousand.)"""  # noqa: E501


def test_explain_tells_the_path_what_was_stopped_and_who_was_kept_out(fresh: Settings) -> None:
    assert "\n".join(words.explained(explain.explain(fresh, "CA"))) == EXPLAINED


def test_personal_data_is_shown_on_request_alone(fresh: Settings) -> None:
    masked = json.dumps(explain.explain(fresh, "CA"))
    plain = json.dumps(explain.explain(fresh, "CA", plain=True))
    for value in ("mira", "1980-02-03", identity_case.PHONE, "Mira_S", "L-100", "main street"):
        assert value not in masked
        assert value in plain


def test_two_records_of_one_customer_are_told_by_the_path_between_them(fresh: Settings) -> None:
    found = explain.explain(fresh, "crm_id:A2", "partner:shop:P1")
    assert found["is_one"] and found["between"] == [2, 3]
    assert [(tie["left"], tie["right"]) for tie in found["path"]] in ([(1, 2), (1, 3)], [(1, 3), (1, 2)])


def test_two_customers_are_told_by_what_parts_them(fresh: Settings) -> None:
    told = "\n".join(words.explained(explain.explain(fresh, "crm_id:A1", "CB")))
    assert "CA and CB · night 2026-06-30 · two customers" in told
    assert "contradict: two birth dates and two first names" in told
    strangers = "\n".join(words.explained(explain.explain(fresh, "CB", "CZ")))
    assert "no key ties them" in strangers or "contradict" in strangers


def test_who_refuses_is_told_to(fresh: Settings) -> None:
    assert "refuses analytics" in words.explained(explain.explain(fresh, "crm_id:R1"))[1]


def test_hostile_values_cannot_move_the_cursor(fresh: Settings, tmp_path: Path) -> None:
    document = explain.explain(fresh, "CA", plain=True)
    document["records"][0] |= {"value": "A\x1b[2J\n\u202e", "known": {"first_name": "\x1b]0;x\x07"}}
    assert not any(mark in "".join(words.explained(document)) for mark in "\x1b\x07\u202e")


def test_the_strongest_tree_takes_decisions_then_keys_then_the_model() -> None:
    key, model = ties.Key("email", 2, 0.9), 0.9999
    found = [
        ties.Tie(0, 1, probability=model),
        ties.Tie(0, 2, (key,)),
        ties.Tie(1, 2, (ties.Key(ties.DECISION, None, 1.0),)),
        ties.Tie(1, 3, probability=0.85),
        ties.Tie(0, 3, probability=0.95),
    ]
    tree = ties.strongest_tree(range(4), found)
    assert [(tie.left, tie.right) for tie in tree] == [(1, 2), (0, 2), (0, 3)]
    assert [(tie.left, tie.right) for tie in ties.path_between(tree, 3, 1)] == [(0, 3), (0, 2), (1, 2)]
    assert ties.path_between(tree[:2], 3, 1) == []


def test_what_comparisons_leave_of_the_odds_adds_up() -> None:
    tie = ties.Tie(
        0, 1, probability=0.8, comparisons=(ties.Comparison("phone", 3, 9.0), ties.Comparison("name", 0, -3.0))
    )
    assert tie.start_bits == pytest.approx(2 - 6)
    assert ties.Tie(0, 1, probability=1.0).start_bits is None


@pytest.mark.parametrize(
    ("column", "value", "masked"),
    [
        ("first_name", "mira", "m…"), ("born", "1980-02-03", "1980-…"), ("phones", ["4912345"], "…345"),
        ("email", "f" * 64, "ffffff…"), ("street", "", ""),
    ],
)  # fmt: skip
def test_masks_leave_enough_to_tell_apart(column: str, value: object, masked: str) -> None:
    assert shown(column, value, plain=False) == masked


@pytest.mark.parametrize("ending", [".svg", ".png", ".html"])
def test_the_picture_is_drawn_without_a_network(fresh: Settings, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"why{ending}"
    picture.draw(explain.explain(fresh, "CA"), path)
    drawn = path.read_bytes()
    assert drawn[:4] == {".svg": b"<svg", ".png": b"\x89PNG", ".html": b"<!do"}[ending]
    if ending != ".png":
        text = drawn.decode()
        assert "crm_id:A1 and partner:shop:P1" in text and "Final score" in text
        assert "<script" not in text and "src=" not in text and "mira" not in text


def test_there_is_no_picture_of_what_was_not_weighed(fresh: Settings, tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="no pair to draw"):
        picture.draw(explain.explain(fresh, "CZ"), tmp_path / "why.svg")


# -- what is doubtful -----------------------------------------------------------------------------------------------


def test_review_puts_first_what_is_most_open_and_moves_most(fresh: Settings) -> None:
    pairs = review.review(fresh)["pairs"]
    assert [(pair["left"], pair["right"]) for pair in pairs][:2] == [
        ("crm_id:A1", "crm_id:D1"),
        ("crm_id:A1", "crm_id:X1"),
    ]
    assert [pair["reason"] for pair in pairs] == [
        review.UNDECIDED,
        review.KEY_AGAINST_CONTRADICTION,
        review.HELD_BY_MODEL,
    ]
    assert pairs[0]["worth"] >= pairs[1]["worth"] >= pairs[2]["worth"]
    assert (pairs[0]["records"], pairs[0]["orders"]) == ([3, 1], [2, 1])


def test_review_counts_all_and_shows_the_first(fresh: Settings) -> None:
    found = review.review(fresh, 1)
    assert (found["doubtful"], len(found["pairs"])) == (3, 1)


def test_whoever_fits_as_well_is_named() -> None:
    def doubt(left: int, right: int, one: str, other: str, reason: str = review.UNSETTLED) -> review.Doubt:
        return review.Doubt(left, right, (one, other), 0.99, reason, ((left,), (right,)), 1)

    doubts = [doubt(0, 9, "CA", "CP"), doubt(1, 9, "CB", "CP"), doubt(2, 3, "CD", "CE"), doubt(4, 9, "CF", "CP", "")]
    assert [review.rivals_of(one, doubts) for one in doubts] == [["CB"], ["CA"], [], []]
    assert doubts[0].worth == 1.0, "where the evidence speaks against itself an answer is worth a whole bit"


def test_what_was_decided_is_not_asked_again(fresh: Settings) -> None:
    decide(fresh, "unlink", "crm_id:A1", "crm_id:D1", why="two sisters")
    assert "crm_id:D1" not in [pair["right"] for pair in review.review(fresh)["pairs"] if pair["left"] == "crm_id:A1"]


def test_a_review_s_command_is_safe_to_paste() -> None:
    assert review.command("link", ["crm_id:a; rm -rf /", "partner:x:$(id)"]) == (
        "landmark identity link 'crm_id:a; rm -rf /' 'partner:x:$(id)' --why"
    )


def test_a_review_is_written_as_csv(fresh: Settings, tmp_path: Path) -> None:
    review.write_csv(review.review(fresh), tmp_path / "pairs.csv")
    rows = list(csv.DictReader((tmp_path / "pairs.csv").open(newline="")))
    assert rows[0]["left"] == "crm_id:A1" and rows[0]["agrees"] == "last_name the same, first_name the same"
    assert rows[0]["unlink"].startswith("landmark identity unlink crm_id:A1 crm_id:D1")


# -- what was decided -----------------------------------------------------------------------------------------------


def test_a_decision_is_kept_whole_and_private(fresh: Settings) -> None:
    outcome = decide(fresh, "link", "crm_id:D1", "crm_id:A1", why=" same\x1b card\n", by="ann")
    assert outcome.is_new and outcome.before is None and outcome.night == identity_case.NIGHT
    path = decisions_path(fresh.data)
    assert json.loads(path.read_text()) == {
        "action": "link", "left": ["crm_id", "D1"], "right": ["crm_id", "A1"], "by": "ann", "why": "same  card",
    }  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208


def test_the_same_decision_twice_is_one(fresh: Settings) -> None:
    decide(fresh, "link", "crm_id:D1", "crm_id:A1", why="a")
    again = decide(fresh, "link", "crm_id:A1", "crm_id:D1", why="b")
    assert not again.is_new and len(read_decisions(fresh.data)) == 1


def test_the_opposite_replaces_and_says_so(fresh: Settings) -> None:
    decide(fresh, "link", "crm_id:D1", "crm_id:A1", why="a", by="ann")
    outcome = decide(fresh, "unlink", "crm_id:A1", "crm_id:D1", why="b", by="bob")
    assert outcome.is_new and outcome.before is not None and outcome.before.by == "ann"
    standing = standing_decisions(read_decisions(fresh.data))
    assert [decision.action for decision in standing.values()] == ["unlink"]
    assert [one["stands"] for one in listing(fresh.data)] == [False, True]


def test_what_is_taken_back_is_gone(fresh: Settings) -> None:
    decide(fresh, "link", "crm_id:D1", "crm_id:A1", why="a")
    decide(fresh, "link", "crm_id:Z1", "crm_id:A1", why="a")
    forget(fresh, "crm_id:A1", "crm_id:D1")
    assert [decision.names for decision in read_decisions(fresh.data)] == [("crm_id:Z1", "crm_id:A1")]
    with pytest.raises(IdentityError, match="nothing was decided"):
        forget(fresh, "crm_id:A1", "crm_id:D1")


def test_links_that_join_what_was_parted_are_refused_either_way(fresh: Settings) -> None:
    decide(fresh, "unlink", "crm_id:A1", "crm_id:D1", why="sisters", by="ann")
    decide(fresh, "link", "crm_id:A1", "crm_id:Z1", why="a")
    with pytest.raises(IdentityError, match=r"crm_id:A1 and crm_id:D1 were unlinked by ann: sisters"):
        decide(fresh, "link", "crm_id:Z1", "crm_id:D1", why="b")
    decide(fresh, "link", "crm_id:Z1", "crm_id:B1", why="c")
    with pytest.raises(IdentityError, match="other decisions say otherwise"):
        decide(fresh, "unlink", "crm_id:A1", "crm_id:B1", why="d")
    assert len(read_decisions(fresh.data)) == 3


@pytest.mark.parametrize(
    ("one", "other", "why", "message"),
    [
        ("crm_id:A1", "crm_id:A1", "x", "same one twice"),
        ("crm_id:A1", "crm_id:none", "x", "nobody holds this"),
        ("CA", "crm_id:D1", "x", "a decision is on two records.*crm_id:A1, crm_id:A2, partner:shop:P1"),
        ("loyalty_id:L-100", "crm_id:D1", "x", "a decision is on two records"),
        ("crm_id:A1", "crm_id:D1", " \x1b ", "--why is text"),
        ("crm_id:A1", "crm_id:D1", "x" * 501, "--why is text"),
    ],
)
def test_what_cannot_be_decided_is_refused(fresh: Settings, one: str, other: str, why: str, message: str) -> None:
    with pytest.raises(IdentityError, match=message):
        decide(fresh, "link", one, other, why=why)
    assert not decisions_path(fresh.data).exists()


@pytest.mark.parametrize(
    "line",
    [
        b"garbage", b"[1]", b"\xff\xfe", b'{"action": "link"}', b"[" * 2000,
        b'{"action": "drop", "left": ["crm_id", "a"], "right": ["crm_id", "b"], "by": "x", "why": "y"}',
        b'{"action": "link", "left": ["crm_id", "a"], "right": ["crm_id", "a"], "by": "x", "why": "y"}',
        b'{"action": "link", "left": ["crm_id", 1], "right": ["crm_id", "b"], "by": "x", "why": "y"}',
        b'{"action": "link", "left": "ab", "right": ["crm_id", "b", "c"], "by": "x", "why": "y"}',
    ],
)  # fmt: skip
def test_a_damaged_line_is_named_and_nothing_is_written(fresh: Settings, line: bytes) -> None:
    decide(fresh, "link", "crm_id:D1", "crm_id:A1", why="a")
    path = decisions_path(fresh.data)
    damaged = path.read_bytes() + b"\n" + line + b"\n"
    path.write_bytes(damaged)
    with pytest.raises(IdentityError, match=r"decisions\.jsonl, line 3: a decision cannot be read"):
        decide(fresh, "link", "crm_id:Z1", "crm_id:A1", why="a")
    assert path.read_bytes() == damaged


def test_nothing_is_decided_while_a_night_runs(fresh: Settings) -> None:
    with Store(fresh.data).lock(), pytest.raises(LockedError):
        decide(fresh, "link", "crm_id:D1", "crm_id:A1", why="a")


def test_a_decision_that_the_night_did_not_know_is_pending(fresh: Settings) -> None:
    decide(fresh, "unlink", "crm_id:A1", "partner:shop:P1", why="a", by="ann")
    document = explain.explain(fresh, "CA")
    assert [one["is_pending"] for one in document["decisions"]] == [True]
    assert all(tie["decision"] is None for tie in document["path"])


# -- what happened --------------------------------------------------------------------------------------------------


def test_a_customer_s_story_is_told_in_order(fresh: Settings) -> None:
    assert words.told_history(history.ledger(fresh, "crm_id:A1")) == [
        "CA, up to night 2026-06-30",
        "  2026-06-28  minted: a new customer",
        "  2026-06-28  tied crm_id:A1",
        "  2026-06-29  CO merged into it (1 record)",
        "  2026-06-29  tied crm_id:A2 by e-mail",
        "  2026-06-30  tied email:ffffff… by e-mail",
    ]


def test_an_id_that_is_gone_still_has_its_story(fresh: Settings) -> None:
    assert "  2026-06-29  merged into CA (1 record)" in words.told_history(history.ledger(fresh, "CO"))


def test_a_decision_is_part_of_the_story_of_both(fresh: Settings) -> None:
    decide(fresh, "link", "crm_id:A2", "crm_id:Z1", why="same card", by="ann")
    told = "  2026-06-30  decided: crm_id:A2 and crm_id:Z1 were linked by ann: same card"
    assert all(told in words.told_history(history.ledger(fresh, who)) for who in ("CA", "CZ"))
    assert told not in words.told_history(history.ledger(fresh, "CB"))


def test_nights_are_counted(fresh: Settings) -> None:
    assert words.told_history(history.ledger(fresh, None, "2026-06-29")) == [
        "2026-06-28  2 mint, 2 tie",
        "2026-06-29  1 merge, 1 tie, 1 untie",
    ]


def test_the_ledger_does_not_tell_of_nights_that_it_does_not_reach(fresh: Settings) -> None:
    for night in ("2026-06-27", "2026-07-01"):
        with pytest.raises(NightError, match="2026-06-28 to 2026-06-30"):
            history.ledger(fresh, None, night)


def test_the_map_of_a_night_is_replayed_from_the_ledger(fresh: Settings, tmp_path: Path) -> None:
    history.write_map(fresh, tmp_path / "before.parquet", "2026-06-28")
    history.write_map(fresh, tmp_path / "after.parquet")
    held = [
        {row.identifier_value: row.customer_id for row in pd.read_parquet(tmp_path / name).itertuples()}
        for name in ("before.parquet", "after.parquet")
    ]
    assert held == [{"A1": "CA", "A2": "CO"}, {"A1": "CA", "A2": "CA", "f" * 64: "CA"}]
