"""The reports that there are: one a night, newest first; a name that is no night leads nowhere."""

import json
from datetime import date
from pathlib import Path

import pytest

from pipeline.catalog import Store
from pipeline.reporting import shelf

NIGHTS = ("2026-06-28", "2026-06-29", "2026-06-30")
HASH = "sha256-" + "A" * 43 + "="


def rendered(data: Path, night: str, headline: str = "", policy: str = "") -> Path:
    """A published night with its report."""
    store = Store(data)
    folder = store.begin(night) / "report"
    folder.mkdir()
    (folder / "_stage.json").write_text(json.dumps({"messages": [headline] if headline else []}), "utf-8")
    store.publish(night)
    html = data / "reports" / night / "report.html"
    html.parent.mkdir(parents=True, exist_ok=True)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    html.write_text(f"<!doctype html><html><head>{meta}</head><body>{night}</body></html>", "utf-8")
    return html


def test_the_reports_are_listed_newest_first_with_their_headlines(tmp_path: Path) -> None:
    for night in NIGHTS:
        rendered(tmp_path, night, f"Said on {night}")
    (tmp_path / "reports" / "notes").mkdir()
    (tmp_path / "reports" / "2026-07-01").mkdir()  # being rendered
    found = shelf.reports(tmp_path)
    assert [report.night.isoformat() for report in found] == list(reversed(NIGHTS))
    assert [report.headline for report in found] == [f"Said on {night}" for night in reversed(NIGHTS)]
    assert [report.is_newest for report in found] == [True, False, False]
    assert not any(report.is_behind for report in found)


def test_a_page_of_the_list_starts_before_a_night_and_ends_at_its_length(tmp_path: Path) -> None:
    for night in NIGHTS:
        rendered(tmp_path, night)
    assert [r.night.day for r in shelf.reports(tmp_path, limit=2)] == [30, 29]
    assert [r.night.day for r in shelf.reports(tmp_path, before=date(2026, 6, 29))] == [28]


def test_without_a_data_folder_there_is_no_report(tmp_path: Path) -> None:
    assert shelf.reports(tmp_path / "nothing") == []
    assert shelf.report_of(tmp_path / "nothing", date(2026, 6, 30)) is None


def test_a_report_says_that_its_night_was_rebuilt_since(tmp_path: Path) -> None:
    for night in NIGHTS[:2]:
        rendered(tmp_path, night)
    Store(tmp_path).begin(NIGHTS[0])
    Store(tmp_path).publish(NIGHTS[0])
    behind = {report.night.isoformat(): report.is_behind for report in shelf.reports(tmp_path)}
    assert behind == {NIGHTS[0]: True, NIGHTS[1]: True}, "the rebuilt night, and the one that rests on it"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../2026-06-30",
        "2026-06-30/..",
        "2026-6-30",
        "2026-13-01",
        "20260630",
        "２０２６-06-30",
        "2026-06-30\n",
    ],
)
def test_what_is_no_night_is_refused(name: str) -> None:
    assert shelf.night_named(name) is None


def test_only_the_scripts_that_the_report_itself_names_are_let_through(tmp_path: Path) -> None:
    policy = f"default-src 'none'; script-src '{HASH}' 'unsafe-inline' https://example.org; style-src 'unsafe-inline'"
    assert shelf.script_hashes(rendered(tmp_path, NIGHTS[0], policy=policy)) == [HASH]
    assert shelf.script_hashes(rendered(tmp_path, NIGHTS[1], policy=policy.replace("'", "&#39;"))) == [HASH]
    assert shelf.script_hashes(rendered(tmp_path, NIGHTS[2])) == []


def test_a_policy_that_stands_in_a_report_s_text_lets_nothing_through(tmp_path: Path) -> None:
    html = rendered(tmp_path, NIGHTS[0], policy="default-src 'none'")
    text = f'&lt;meta http-equiv="Content-Security-Policy" content="{HASH}"&gt; <meta name="x" content="{HASH}">'
    html.write_text(html.read_text("utf-8").replace("<head>", f"<head><title>{text}</title>"), "utf-8")
    assert shelf.script_hashes(html) == []
