"""Whole nights of the demo company through the command line: what comes out, twice the same, killed and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.demo import generate
from pipeline.stages.marts import MARTS

NIGHTS = ("2026-06-28", "2026-06-29")
COLUMNS = {
    "identities": "identifier_kind identifier_value customer_id matched_by match_probability valid_from valid_to",
    "customers": "customer_id mission mission_since first_seen last_seen orders revenue consent_marketing",
    "touchpoints": "source brand channel event outcome topic category duration_seconds rating amount valence text "
    "attributes customer_id visitor_id journey_id",
    "journeys": "journey_id customer_id order_id started_at ended_at mission mission_probability value currency "
    "retained steps_reached",
    "moments": "journey_id moment step sub_step type micro_moment channel brand occurred_at valence",
    "missions": "mission label description share journeys customers stability first_night status signals",
    "personas": "mission facet value share rest_share lift low high journeys customers number rest_number",
    "mission_history": "customer_id mission since until journeys",
    "mission_flows": "from_mission to_mission customers journeys share low high",
    "mission_moods": "mission place size share low high texts positive_share positive_low positive_high negative_share "
    "negative_low negative_high",
    "moment_ranking": "mission step sub_step moment type micro_moment eligible exposed effect ci_low ci_high "
    "effect_unpooled ci_low_unpooled ci_high_unpooled p_value q_value naive_difference verdict rank rank_low rank_high "
    "smallest_detectable_effect retained_customers retained_value overlap placebo_effect sensitivity "
    "exposed_share feasible_share retained_customers_low retained_customers_high retained_value_low "
    "retained_value_high value_effect value_ci_low value_ci_high balance_before balance_after effective_sample_size",
    "trials": "moment sub_step eligible adjusted_for earlier_moments landmark_version map_version data_version seed",
    "moment_kinds": "mission kind value moments drives harms effect ci_low ci_high",
    "moment_groups": "moment grouping value journeys exposed effect other_effect difference p_value q_value verdict",
    "moment_pairs": "moment next_moment is_only_way earlier_effect effect other_effect difference q_value verdict",
    "ranking_changes": "mission moment previous_night is_same_trial previous_effect change has_changed",
    "acted_feelings": "journey_id touch_id kind strength",
    "moment_memory": "mission step sub_step moment felt departure spoken_share delights memorability low high",
    "emotion_curve": "mission step sub_step position felt mean_valence low high ordinary_valence is_peak is_end",
    "connected_moments": "mission moment next_moment journeys share effect ci_low ci_high q_value verdict",
    "cards": "customer_id crm_ids mission mission_label journey_id order_id starts_at ends_at last_sub_step "
    "open_requests next_moment next_channel next_due_at expected_gain reason other_moments prevent prevent_reason",
    "emotions": "source record_id label valence arousal emotion model",
    "quarantine": "source table night file line record_id reason is_dismissed",
    "check_history": "night table_name expectation column_name severity success unexpected observed reason",
    "runs": "night stage table rows_in rows_out rows_quarantined refused_people seconds peak_memory_mb",
}


def landmark(world: Path, data: Path, *nights: str, **popen: object) -> subprocess.Popen[str]:
    """Starts `landmark run` over the nights."""
    given = [part for night in nights for part in ("--night", night)]
    places = ["--exports", world / "exports", "--journey-map", world / "journey.yml", "--data", data]
    command = [sys.executable, "-m", "pipeline.cli", "run", *map(str, places), *given]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)  # type: ignore[call-overload]


def ran(world: Path, data: Path, *nights: str) -> Path:
    """Runs the nights; returns the folder of the marts that it printed."""
    out, err = (process := landmark(world, data, *nights)).communicate(timeout=600)
    assert process.returncode == 0, err
    return Path(out.strip())


def bytes_of(marts: Path) -> dict[str, bytes]:
    """Every mart's bytes; `runs` holds seconds and memory, which differ."""
    return {
        path.name: path.read_bytes() for path in sorted(marts.glob("*.parquet")) if path.stem not in ("runs", "checks")
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("world"), people=300, nights=NIGHTS, seed=11)


@pytest.fixture(scope="module")
def marts(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ran(world, tmp_path_factory.mktemp("data"), *NIGHTS)


@pytest.mark.parametrize("mart", sorted(COLUMNS))
def test_every_mart_has_its_columns(marts: Path, mart: str) -> None:
    table = pq.read_table(marts / f"{mart}.parquet")
    assert set(COLUMNS[mart].split()) <= set(table.column_names)
    assert table.num_rows > 0


def test_two_runs_of_the_same_nights_give_the_same_bytes(world: Path, marts: Path, tmp_path: Path) -> None:
    again = ran(world, tmp_path / "data", *NIGHTS)
    first, second = bytes_of(marts), bytes_of(again)
    assert [name for name in first if first[name] != second[name]] == []
    assert set(first) == {f"{mart}.parquet" for mart in MARTS} - {"runs.parquet"}
    assert set(COLUMNS) <= set(MARTS)


def test_nobody_who_refused_is_in_any_mart(world: Path, marts: Path) -> None:
    truth = world / "truth"
    refused = set(pq.read_table(truth / "refusers.parquet").column("crm_id").to_pylist())
    assert refused
    for path in marts.glob("*.parquet"):
        table = pq.read_table(path)
        for name in table.column_names:
            if str(table.schema.field(name).type) in ("string", "large_string"):
                assert not refused & set(table.column(name).to_pylist()), f"{path.stem}.{name}"


def test_staff_are_told_only_of_people_who_agreed_and_in_files_of_their_owner(marts: Path) -> None:
    suggested = pq.read_table(marts / "next_moments.parquet")
    wanted = ["customer_id", "mission", "moment", "channel", "expected_gain", "reason"]
    assert suggested.column_names[: len(wanted)] == wanted
    customers = pq.read_table(marts / "customers.parquet").to_pylist()
    agreed = {row["customer_id"] for row in customers if row["consent_marketing"]}
    cards = pq.read_table(marts / "cards.parquet").to_pylist()
    assert {row["customer_id"] for row in cards} <= agreed < {row["customer_id"] for row in customers}
    assert set(suggested.column("customer_id").to_pylist()) <= {row["customer_id"] for row in cards}
    assert any(row["open_requests"] for row in cards)
    lines = (marts / "cards.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + sum(len(row["crm_ids"]) for row in cards)
    assert {(marts / f"cards.{kind}").stat().st_mode & 0o777 for kind in ("csv", "parquet")} == {0o600}


def test_arrived_is_accepted_superseded_and_quarantined(marts: Path) -> None:
    for source in ("crm", "web", "social", "partner", "context"):
        files = pq.read_table(marts.parent / "ingest" / source / "files.parquet").to_pylist()
        assert files
        for row in files:
            rest = row["accepted"] + row["superseded"] + row["quarantined"] + row["not_ours"] + row["erased"]
            assert row["arrived"] == rest, row


def test_a_night_is_measured_and_every_check_is_told_of_each_night(marts: Path) -> None:
    measured = pq.read_table(marts.parent / "identity" / "usual.parquet").to_pylist()
    told = {(row["table_name"], row["measure"]): row["told"] for row in measured}
    assert {("web/events", "known"), ("crm/orders", "unknown_customer")} <= set(told)
    assert "no nights of history: too little" in told["web/events", "known"], "the first night is all the history"
    history = pq.read_table(marts / "check_history.parquet").to_pylist()
    nights: dict[str, set[str]] = {}
    for row in history:
        nights.setdefault(row["table_name"].partition(".")[0], set()).add(row["night"].isoformat())
    assert nights == {
        stage: set(NIGHTS) if stage != "marts" else {NIGHTS[0]}
        for stage in ("ingest", "identity", "emotion", "journeys", "missions", "ranking", "actions", "marts")
    }
    page = (marts.parents[3] / "reports" / NIGHTS[-1] / "quality.html").read_text("utf-8")
    assert "held on each of 2 nights" in page


def test_a_report_and_an_e_mail_come_out(marts: Path) -> None:
    data = marts.parents[3]
    report = data / "reports" / NIGHTS[-1] / "report.html"
    assert "<html" in report.read_text("utf-8")
    assert len(list((data / "outbox").glob("*.eml"))) == len(NIGHTS)


@pytest.mark.slow
def test_a_mission_keeps_the_name_that_the_journey_map_gives_it(world: Path, marts: Path, tmp_path: Path) -> None:
    slug = pq.read_table(marts / "missions.parquet").column("mission").to_pylist()[0]
    again = tmp_path / "world"
    again.mkdir()
    (again / "exports").symlink_to(world / "exports")
    ours = f"missions:\n  {slug}: {{label: Our <b>own</b> words, description: What we say.}}\n  no_such: Nothing\n"
    (again / "journey.yml").write_text((world / "journey.yml").read_text("utf-8") + ours, "utf-8")
    folder = ran(again, tmp_path / "data", *NIGHTS)
    found = {row["mission"]: row for row in pq.read_table(folder / "missions.parquet").to_pylist()}
    assert (found[slug]["label"], found[slug]["description"]) == ("Our <b>own</b> words", "What we say.")
    assert "no_such" not in found
    report = (folder.parents[3] / "reports" / NIGHTS[-1] / "report.html").read_text("utf-8")
    assert "Our &lt;b&gt;own&lt;/b&gt; words" in report
    assert "<b>own</b>" not in report


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [2.0, 5.0, 8.0, 11.0, 14.0, 17.0])
def test_killed_and_run_again(world: Path, marts: Path, tmp_path: Path, seconds: float) -> None:
    data = tmp_path / "data"
    first = bytes_of(ran(world, data, NIGHTS[0]))
    process = landmark(world, data, NIGHTS[1], start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    catalog = json.loads((data / "catalog.json").read_text())
    if catalog["published"] == NIGHTS[0]:
        build = data / "builds" / NIGHTS[0] / str(catalog["nights"][NIGHTS[0]]["build"]) / "marts"
        assert bytes_of(build) == first
    assert bytes_of(ran(world, data, NIGHTS[1])) == bytes_of(marts)
