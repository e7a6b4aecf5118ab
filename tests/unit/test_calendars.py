"""Public holidays by setting: they land and are accounted for as deliveries, for each word of the company's."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, SourceSettings, load_settings
from pipeline.sources.landing import Landing
from tests.unit.ingest_case import Case, csv_text

pytest.importorskip("holidays", reason="holidays is not installed: make install")
N1, N2 = "2026-01-05", "2026-01-08"
FACTOR = {"date": "2026-01-02", "factor": "rain", "value": "3"}


@dataclass
class Context(Case):
    """A company that keeps these holidays."""

    holidays: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return super().settings.model_copy(update={"holidays": self.holidays})

    def days(self, region: str) -> list[tuple[str, float]]:
        told = "select cast(date as varchar), value from ingest.factors where factor = 'public_holiday'"
        return self.ask("context", f"{told} and coalesce(region, '') = '{region}' order by date desc limit 8")


class Mapped(Context):
    """One that delivers its other context its own way."""

    @property
    def settings(self) -> Settings:
        way: dict[str, Any] = {"dates": "day_first", "decimals": "comma", "time_zone": "Europe/Dublin"}
        told = SourceSettings(missing="warn", columns={"factors": {"date": "Tag", "factor": "*"}}, **way)
        settings = super().settings
        return settings.model_copy(update={"sources": settings.sources | {"context": told}})


def test_each_place_has_its_holidays_for_every_day_up_to_the_night(tmp_path: Path) -> None:
    case = Context(tmp_path, holidays={"Bavaria": "DE-BY", "": "IE"})
    case.deliver(f"context/factors/{N1}/f.csv", csv_text([FACTOR]))
    case.night(N1, "context")
    assert case.days("Bavaria")[:4] == [("2026-01-04", 0), ("2026-01-03", 0), ("2026-01-02", 0), ("2026-01-01", 1)]
    assert case.days("")[3] == ("2026-01-01", 1)
    days = (date(2026, 1, 5) - date(2016, 1, 1)).days
    files = case.ask("context", "select file, arrived, accepted from ingest.files order by file")
    assert files == [("f.csv", 1, 1), ("holidays-Bavaria.csv", days, days), ("holidays.csv", days, days)]
    case.deliver(f"context/factors/{N2}/f.csv", csv_text([FACTOR | {"date": "2026-01-06"}]))
    case.night(N2, "context")
    assert case.days("Bavaria")[:3] == [("2026-01-07", 0), ("2026-01-06", 1), ("2026-01-05", 0)]
    fresh = case.ask("context", f"select arrived from ingest.files where night = '{N2}' and file like 'holidays%'")
    assert fresh == [(3,), (3,)]


def test_holidays_are_read_as_they_are_made_whatever_the_settings_tell(tmp_path: Path) -> None:
    case = Mapped(tmp_path, holidays={"": "IE"})
    case.deliver(f"context/factors/{N1}/f.csv", "Tag;rain\n03.01.2026;1,5\n")
    case.night(N1, "context")
    days = (date(2026, 1, 5) - date(2016, 1, 1)).days
    files = case.ask("context", "select file, arrived, accepted from ingest.files order by file")
    assert files == [("f.csv", 1, 1), ("holidays.csv", days, days)]
    assert case.days("")[3] == ("2026-01-01", 1)


def test_a_place_that_is_new_comes_with_its_history_and_a_night_made_again_with_what_it_had(tmp_path: Path) -> None:
    case = Context(tmp_path, holidays={"IE": "IE"})
    case.deliver(f"context/factors/{N1}/f.csv", csv_text([FACTOR]))
    case.night(N1, "context")
    before = Landing(case.settings.data, "context").files()
    case.night(N1, "context")
    assert Landing(case.settings.data, "context").files() == before
    case.holidays["France"] = "FR"
    case.deliver(f"context/factors/{N2}/f.csv", csv_text([FACTOR | {"date": "2026-01-06"}]))
    case.night(N2, "context")
    arrived = dict(case.ask("context", f"select file, arrived from ingest.files where night = '{N2}'"))
    assert arrived["holidays-IE.csv"] == 3 and arrived["holidays-France.csv"] > 3000


def test_holidays_do_not_stand_for_what_others_deliver(tmp_path: Path) -> None:
    case = Context(tmp_path, holidays={"IE": "IE"})
    case.deliver(f"context/factors/{N1}/f.csv", csv_text([FACTOR]))
    case.deliver(f"web/events/{N2}/e.jsonl", "{}\n")
    case.night(N1, "context").night(N2, "context")
    assert f"warning: context/factors is missing for the night {N2}" in case.logs
    assert len(case.days("IE")) == 8


@pytest.mark.parametrize("code", ["XX", "DE-ZZ", "", "Ireland!"])
def test_a_place_without_known_holidays_is_refused(code: str) -> None:
    with pytest.raises(SettingsError, match="no country or part of one"):
        load_settings({"LANDMARK_HASH_KEY": "k"}, holidays={"x": code})


def test_holidays_may_be_told_in_the_environment() -> None:
    given = {"LANDMARK_HASH_KEY": "k", "LANDMARK_HOLIDAYS": '{"Cork": "IE"}'}
    assert load_settings(given).holidays == {"Cork": "IE"}
    with pytest.raises(SettingsError, match="not JSON"):
        load_settings(given | {"LANDMARK_HOLIDAYS": "IE"})
