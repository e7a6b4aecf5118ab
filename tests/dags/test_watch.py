"""landmark_watch: red where a night, or its report, is not there at its hour."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import landmark_watch
import pytest

from pipeline.catalog import Catalog, Store
from pipeline.errors import NightError

NIGHT = "2026-11-20"


@dataclass
class Run:
    partition_key: str = NIGHT
    run_id: str = "scheduled__1"


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Looks at a data folder of which that night is published, with its letters or without."""

    def look(published: str | None, letters: bool = True) -> Any:
        Store(tmp_path).update(lambda _: Catalog(published=published))
        if letters and published:
            folder = tmp_path / "reports" / published / "letters"
            folder.mkdir(parents=True)
            for suffix in ("eml", "json"):
                (folder / f"executives.{suffix}").write_text("{}", "utf-8")
        return landmark_watch.published.function()

    monkeypatch.setenv("LANDMARK_DATA", str(tmp_path))
    monkeypatch.setattr(landmark_watch, "get_current_context", lambda: {"dag_run": Run(), "params": {}})
    return look


@pytest.mark.parametrize("published", [NIGHT, "2026-11-21"])
def test_a_night_that_is_there_is_well(watch: Callable[..., Any], published: str) -> None:
    assert watch(published) == published


@pytest.mark.parametrize(("published", "words"), [(None, "is not published"), ("2026-11-19", "is not published")])
def test_a_night_that_is_not_there_is_red(watch: Callable[..., Any], published: str | None, words: str) -> None:
    with pytest.raises(NightError, match=words):
        watch(published)


def test_a_night_without_its_report_is_red(watch: Callable[..., Any]) -> None:
    with pytest.raises(NightError, match="has no report"):
        watch(NIGHT, letters=False)
