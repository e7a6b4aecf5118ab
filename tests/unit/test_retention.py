"""What is kept and what goes: never what a night within the horizon is built again from."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline import cli, runner
from pipeline.catalog import Store
from pipeline.errors import NightError, StageError
from pipeline.ingest.door import ask
from pipeline.privacy.erasure_plan import _pruned
from pipeline.quarantine import releases
from pipeline.quarantine.release import Why, release
from pipeline.quarantine.shown import Chosen, rows
from pipeline.settings import load_settings
from pipeline.sources.landing import Landing
from pipeline.upkeep import retention
from pipeline.upkeep.retention_settings import RetentionSettings
from pipeline.warehouse import Session
from tests.unit.ingest_case import EVENT, Case, jsonl

FIRST = date(2026, 1, 5)
NIGHTS = [(FIRST + timedelta(days=n)).isoformat() for n in range(14)]
LAST, LONG = NIGHTS[-1], RetentionSettings(builds_days=2, landing_days=3)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of two weeks of web nights, each with a good row and a bad one, and exports of one night more."""
    case = Case(tmp_path_factory.mktemp("grown"))
    later = (FIRST + timedelta(days=14)).isoformat()
    for night in [*NIGHTS, later]:
        good, bad = {**EVENT, "messageId": night}, {**EVENT, "messageId": ""}
        case.deliver(f"web/events/{night}/e.jsonl", jsonl([good, bad]))
    for night in NIGHTS:
        case.night(night, "web")
    for night in NIGHTS:
        for name in (f"reports/{night}/report.html", f"outbox/{night}-executives.eml", f"outbox/told/{night}.all.json"):
            path = case.settings.data / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    for name in ("outbox/ledger.jsonl", "identity/tombstones.jsonl", "identity/decisions.jsonl"):
        (case.settings.data / name).parent.mkdir(exist_ok=True)
        (case.settings.data / name).write_text("")
    return case.root


@pytest.fixture
def case(grown: Path, tmp_path: Path) -> Case:
    shutil.copytree(grown, tmp_path / "here", copy_function=shutil.copy2)
    return Case(tmp_path / "here")


def pruned(case: Case, kept: RetentionSettings) -> list[str]:
    lines: list[str] = []
    retention.prune(case.settings.data, kept, lines.append)
    return lines


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name[:1].isdigit())


def test_without_settings_nothing_goes(case: Case) -> None:
    assert pruned(case, RetentionSettings()) == []
    assert not (case.settings.data / "pruned.jsonl").exists()


def test_builds_go_but_for_the_one_that_the_horizon_rests_on(case: Case) -> None:
    pruned(case, RetentionSettings(builds_days=2))
    assert names(case.settings.data / "builds") == NIGHTS[-4:]
    assert sorted(Store(case.settings.data).read().nights) == NIGHTS[-4:]
    assert Store(case.settings.data).read().published == LAST


def test_landed_files_go_when_no_night_that_can_be_built_again_reads_them(case: Case) -> None:
    lines = pruned(case, RetentionSettings(landing_days=3))
    data = case.settings.data
    assert names(data / "landing" / "web" / "events")[-10:] == NIGHTS[-10:]
    files = Landing(data, "web").files()
    assert [file.night for file in files] == NIGHTS, "what landed stays known"
    gone = [file.night for file in files if file.pruned]
    assert (
        gone
        == NIGHTS[: len(gone)]
        == [night for night in NIGHTS if not list((data / "landing").glob(f"web/*/{night}/*"))]
    )
    assert lines == [f"pruned landing: {len(gone)} files of {gone[0]} to {gone[-1]} (0.0 MB)"]
    told = json.loads((data / "pruned.jsonl").read_text())
    assert (told["night"], told["horizon"]) == (LAST, NIGHTS[-4])
    assert told["landing"] == [f"web/events/{night}/e.jsonl" for night in gone]


@pytest.mark.parametrize("kept", [LONG, RetentionSettings(builds_days=1), RetentionSettings(landing_days=1)])
def test_every_night_within_the_horizon_is_built_again_as_it_was(case: Case, kept: RetentionSettings) -> None:
    files = "select * exclude (source) from ingest.files order by all"
    before = case.ask("web", files), case.reasons("web")
    pruned(case, kept)
    horizon = retention.horizon_of(case.settings.data)
    for night in [night for night in NIGHTS if night >= horizon]:
        retention.refuse_pruned(case.settings.data, night)
        case.night(night, "web")
    assert (case.ask("web", files), case.reasons("web")) == before
    following = (FIRST + timedelta(days=14)).isoformat()
    case.night(following, "web")
    assert case.ask("web", "select count(*) from ingest.events") == [(15,)]
    assert not any("landed now" in line and not line.startswith(("0", "1")) for line in case.logs)


def test_a_night_before_the_horizon_is_refused_and_so_is_one_on_nothing(case: Case) -> None:
    data = case.settings.data
    pruned(case, LONG)
    with pytest.raises(NightError, match=f"cannot be built again: what landed before {NIGHTS[-3]} was pruned"):
        retention.refuse_pruned(data, NIGHTS[-4])
    (data / "catalog.json").unlink()
    with pytest.raises(NightError, match="cannot be built again"):
        retention.refuse_pruned(data, LAST)
    (data / "pruned.jsonl").write_text("{")
    with pytest.raises(StageError, match="the record of what was pruned is damaged"):
        retention.refuse_pruned(data, LAST)


def test_raw_text_reports_and_mails_go_by_their_own_days(case: Case) -> None:
    data = case.settings.data
    pruned(case, RetentionSettings(quarantine_days=1, reports_days=2))
    assert names(data / "quarantine") == NIGHTS[-2:]
    assert names(data / "reports") == NIGHTS[-3:]
    assert [name[:10] for name in names(data / "outbox")] == NIGHTS[-3:]
    assert [name[:10] for name in names(data / "outbox" / "told")] == NIGHTS[-3:]
    for name in ("outbox/ledger.jsonl", "identity/tombstones.jsonl", "identity/decisions.jsonl"):
        assert (data / name).exists(), name
    assert {row.raw is None for row in rows(case.settings, Chosen(night=NIGHTS[0]))} == {True}
    assert len(names(data / "builds")) == len(NIGHTS)


def test_the_newest_letter_of_each_audience_stays(case: Case) -> None:
    told = case.settings.data / "outbox" / "told"
    (told / f"{NIGHTS[0]}.monthly.json").write_text("x")
    pruned(case, RetentionSettings(reports_days=1))
    assert (told / f"{NIGHTS[0]}.monthly.json").exists()
    assert not (told / f"{NIGHTS[0]}.all.json").exists()


def test_files_whose_rows_were_released_stay_until_they_are_read_again(case: Case) -> None:
    release(case.settings, Chosen(night=NIGHTS[0]), Why("w", "ann", ""))
    pruned(case, RetentionSettings(landing_days=1, quarantine_days=1))
    data = case.settings.data
    assert not next(file for file in Landing(data, "web").files() if file.night == NIGHTS[0]).pruned
    assert Landing(data, "web").files()[1].pruned
    case.night((FIRST + timedelta(days=14)).isoformat(), "web")
    assert any("released from quarantine 0 are taken in, 1 stay" in line for line in case.logs)
    assert len(releases.read(data, "web")) == 1


def test_nothing_goes_while_a_night_is_to_be_built_again(case: Case) -> None:
    Store(case.settings.data).set_night(NIGHTS[5], stale=True)
    assert pruned(case, LONG) == []


def test_a_pruning_that_was_killed_is_completed_by_the_next(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("shutil.rmtree", "pipeline.upkeep.retention._forget_files"):
        with monkeypatch.context() as patch:
            patch.setattr(step, lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                pruned(case, LONG)
    retention.refuse_pruned(case.settings.data, LAST)
    pruned(case, LONG)
    assert Landing(case.settings.data, "web").files()[0].pruned
    assert pruned(case, LONG) == []
    builds = {path.name for path in (case.settings.data / "builds").iterdir()}
    assert builds == set(Store(case.settings.data).read().nights)


def test_the_command_tells_first_and_does_it_then(
    case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("HASH_KEY", "k"), ("RETENTION__LANDING_DAYS", "3"), ("RETENTION__BUILDS_DAYS", "2")):
        monkeypatch.setenv(f"LANDMARK_{name}", value)
    assert load_settings().retention == LONG
    data = case.settings.data
    assert cli.main(["prune", "--dry-run", "--data", str(data)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == ["would prune builds", "would prune landing"]
    assert len(names(data / "builds")) == len(NIGHTS)
    assert cli.main(["prune", "--data", str(data)]) == 0
    assert capsys.readouterr().out.replace("pruned", "would prune").splitlines() == told
    assert len(names(data / "builds")) < len(NIGHTS)
    with pytest.raises(NightError, match="was pruned"):
        runner.run_stage(load_settings(data=data, journey_map=_map(case.root)), "pull", NIGHTS[1], "web")


def test_who_is_erased_leaves_the_account_of_a_file_that_is_gone(case: Case) -> None:
    pruned(case, LONG)
    gone = Landing(case.settings.data, "web").files()[0]
    with Session(case.settings, "erasure", case.root, case.root / "spill") as session:
        ask(session, "create schema personal; create table personal.own as select 'order_id' as kind, 'O9' as value")
        place = f"'web' as source, 'events' as table_name, date '{gone.night}' as night, 'e.jsonl' as file"
        rows = "select * from (values (1, 'O1'), (2, 'O9')) as rows (line, record_id)"
        ask(session, f"create table personal.refused as select {place}, * from ({rows})")
        found = list(_pruned(session, "web", gone))
    assert found == [("web", "events", gone.night, "e.jsonl", 2, "")]


def _map(folder: Path) -> Path:
    from pipeline.demo import generate

    return generate(folder / "demo", people=50, nights=(NIGHTS[0],)) / "journey.yml"


def test_releases_whose_text_holds_what_unicode_takes_for_a_line_s_end_are_forgotten_by_their_night(
    tmp_path: Path,
) -> None:
    text = json.dumps({"name": "a\u2028b"}, ensure_ascii=False)
    told = [
        releases.Release(night, "web", "events", "2026-01-01", "e", 2, text, "ann", "w", "")
        for night in ("2026-01-02", "2026-01-05")
    ]
    releases.add(tmp_path, told)
    releases.forget(tmp_path, "2026-01-04")
    assert releases.read(tmp_path, "web") == told[1:]
