"""The catalogue: one pointer, replaced in one step; builds begin, publish and grow stale as promised."""

from pathlib import Path

import pytest

from pipeline.catalog import Store, parse_night
from pipeline.errors import LockedError, NightError, SettingsError, StageError


def built(store: Store, night: str, text: str) -> None:
    folder = store.begin(night)
    (folder / "marts").mkdir()
    (folder / "marts" / "x").write_text(text)
    store.publish(night)


def test_the_pointer_never_moves_back_and_later_nights_grow_stale(tmp_path: Path) -> None:
    store = Store(tmp_path)
    built(store, "2026-01-01", "one")
    built(store, "2026-01-02", "two")
    built(store, "2026-01-01", "one again")
    catalog = store.read()
    assert catalog.published == "2026-01-02"
    assert {night: state.stale for night, state in catalog.nights.items()} == {"2026-01-01": False, "2026-01-02": True}
    assert catalog.before("2026-01-02") == "2026-01-01"


def test_a_build_in_progress_leaves_the_finished_one_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    built(store, "2026-01-01", "one")
    store.begin("2026-01-01")
    state = store.read().night("2026-01-01")
    assert (store.folder("2026-01-01", state.build or 0) / "marts" / "x").read_text() == "one"
    assert state.working != state.build


def test_a_build_left_unfinished_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    left = store.begin("2026-01-01")
    (left / "pull").mkdir()
    fresh = store.begin("2026-01-01")
    assert not left.exists()
    assert not (fresh / "pull").exists()


def test_stages_can_be_taken_over_from_the_finished_build(tmp_path: Path) -> None:
    store = Store(tmp_path)
    built(store, "2026-01-01", "one")
    fresh = store.begin("2026-01-01", keep=("marts",))
    assert (fresh / "marts" / "x").read_text() == "one"


def test_a_second_holder_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with (
        Store(tmp_path).lock(),
        pytest.raises(LockedError, match=r"another run holds.*process \d+"),
        Store(tmp_path).lock(),
    ):
        pass


@pytest.mark.parametrize("text", ["{bad", "[]", '{"published": null}'])
def test_a_damaged_catalogue_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.json").write_text(text)
    with pytest.raises(StageError, match=r"catalog.json: the catalogue is damaged"):
        Store(tmp_path).read()


def test_a_data_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for use in (Store(tmp_path / "file").read, Store(tmp_path / "file" / "x").lock().__enter__):
        with pytest.raises(SettingsError, match="the data folder cannot be used"):
            use()


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "20260101", "2026-1-1", "../2026-01-01"])
def test_a_night_is_a_date(text: str) -> None:
    with pytest.raises(NightError):
        parse_night(text)
