"""Which tables a scheduled night still waits for."""

from datetime import date
from pathlib import Path

from pipeline.settings import Settings, load_settings
from pipeline.sources.arrivals import awaited

NIGHT = date(2026, 6, 30)


def delivered(tmp_path: Path, *places: str) -> Settings:
    for place in places:
        folder = tmp_path / "exports" / place
        folder.mkdir(parents=True)
        (folder / "part.csv").touch()
    return load_settings({}, exports=str(tmp_path / "exports"), hash_key="k")


def test_what_came_last_time_and_not_yet_this_time_is_awaited(tmp_path: Path) -> None:
    settings = delivered(
        tmp_path, "crm/orders/2026-06-29", "crm/customers/2026-06-29", "crm/orders/2026-06-30", "web/events/2026-06-28"
    )
    assert awaited(settings, NIGHT) == ["crm/customers", "web/events"]


def test_nothing_is_awaited_once_all_is_there(tmp_path: Path) -> None:
    settings = delivered(tmp_path, "crm/orders/2026-06-29", "crm/orders/2026-06-30")
    assert awaited(settings, NIGHT) == []


def test_a_source_or_table_that_never_came_or_stopped_coming_is_not_awaited(tmp_path: Path) -> None:
    settings = delivered(
        tmp_path,
        "crm/orders/2026-06-29",
        "crm/orders/2026-06-30",
        "crm/interactions/2026-06-20",
        "web/events/2026-07-02",
    )
    assert awaited(settings, NIGHT) == []
