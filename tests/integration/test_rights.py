"""A whole night in a process that closes nothing by itself: who may read what it leaves behind."""

import os
import stat
from pathlib import Path

import pytest

from pipeline import runner
from pipeline.demo import generate
from pipeline.reporting import front_line
from pipeline.settings import Settings
from pipeline.upkeep import rights

pytestmark = pytest.mark.slow
NIGHT = "2026-06-28"


@pytest.fixture(scope="module", params=["owner", "group"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a data folder in which one night was run."""
    world = generate(tmp_path_factory.mktemp("world"), people=150, nights=(NIGHT,))
    told = {"exports": str(world / "exports"), "journey_map": world / "journey.yml", "hash_key": "k"}
    found = Settings(data=world / "data", readers=request.param, **told)
    before = os.umask(0)
    try:
        runner.run_night(found, NIGHT)
    finally:
        os.umask(before)
    return found


def readable(data: Path, bits: int) -> list[str]:
    found = [data, *data.rglob("*")]
    return sorted(str(path.relative_to(data)) for path in found if stat.S_IMODE(path.stat().st_mode) & bits)


def test_no_file_can_be_read_by_everybody(settings: Settings) -> None:
    assert readable(settings.data, 0o007) == []


def test_the_group_reads_what_the_settings_let_it(settings: Settings) -> None:
    shown = [name for name in readable(settings.data, 0o060) if (settings.data / name).is_file()]
    if settings.readers == "owner":
        assert readable(settings.data, 0o077) == []
        return
    marts = runner.marts_folder(settings)
    own = {front_line.CARDS_CSV, "cards.parquet"}
    wanted = {str(path.relative_to(settings.data)) for path in marts.iterdir() if path.name not in own}
    wanted |= {rights.DATABASE, *(f"reports/{NIGHT}/{p.name}" for p in (settings.data / "reports" / NIGHT).glob("*.*"))}
    assert set(shown) == wanted
    assert (marts / front_line.CARDS_CSV).exists()
