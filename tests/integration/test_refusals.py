"""A refusal holds through deletions at the source and in rows that are set aside, until a later row agrees."""

import csv
from pathlib import Path

import duckdb
import pytest

from pipeline import runner
from pipeline.demo import generate
from pipeline.settings import Settings, load_settings

NIGHTS = ("2026-06-28", "2026-06-29", "2026-06-30")
AT = "T01:00:00Z"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A company, and four of its customers who agreed: what later nights say of them is told in `told`."""
    folder = generate(tmp_path_factory.mktemp("world"), people=150, nights=NIGHTS, seed=11)
    path = next((folder / "exports/crm/customers" / NIGHTS[0]).glob("*.csv"))
    with path.open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["consent_analytics"] == "true"]
    people = rows[10:50:10]
    head = [*rows[0], "deleted_at"]
    for nth, night in enumerate(NIGHTS[1:], 1):
        told = [{**row, **says} for row, says in zip(people, said(night, nth), strict=True) if says]
        with (folder / "exports/crm/customers" / night / "more.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, head, restval="")
            writer.writeheader()
            writer.writerows(told)
    return folder, [row["crm_id"] for row in people]


def said(night: str, nth: int) -> list[dict[str, str]]:
    """What a night says: of one who refuses and is then deleted, one who refuses with the deletion, two set aside."""
    no, gone = {"consent_analytics": "false"}, {"deleted_at": f"{night}{AT}", "consent_analytics": ""}
    aside, now = {**no, "created_at": "32/13/2026"}, {"updated_at": f"{night}{AT}"}
    if nth == 1:
        return [now | no, {}, now | aside, now | aside]
    return [now | gone, now | gone | no, {}, now]


def settings_of(world: Path, data: Path) -> Settings:
    places = {"exports": str(world / "exports"), "journey_map": world / "journey.yml", "data": data}
    return load_settings(environ={}, hash_key="secret", **places)


def refused(data: Path, night: str, people: list[str]) -> list[bool]:
    path = f"{data}/builds/{night}/1/identity/refused/*.parquet"
    gone = f"{data}/builds/{night}/1/identity/refused.replaced/rows.parquet"
    but = f" anti join '{gone}' using (row_id)" if Path(gone).is_file() else ""
    kind = "identifier_kind = 'crm_id'"
    found = {row[0] for row in duckdb.sql(f"select identifier_value from '{path}'{but} where {kind}").fetchall()}
    return [crm_id in found for crm_id in people]


def test_a_refusal_holds_until_a_later_row_agrees(world: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, people = world
    wanted = [[False] * 4, [True, False, True, True], [True, True, True, False]]
    for night, each in zip(NIGHTS, wanted, strict=True):
        runner.run_night(settings_of(folder, tmp_path / "data"), night)
        assert refused(tmp_path / "data", night, people) == each, night
    at_once = settings_of(folder, tmp_path / "at once")
    runner.run_night(at_once, NIGHTS[2], through="identity")
    assert refused(tmp_path / "at once", NIGHTS[2], people) == wanted[2]
    marts = f"{tmp_path}/data/builds/{NIGHTS[2]}/1/marts"
    of = f"select distinct identifier_value from '{marts}/identities.parquet' where identifier_kind = 'crm_id'"
    named = {row[0] for row in duckdb.sql(of).fetchall()}
    assert [crm_id in named for crm_id in people] == [False, False, False, True]
