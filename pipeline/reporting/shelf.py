"""The reports that there are, for whoever shows them to readers: one a night, newest first."""

import json
import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from pathlib import Path

from pipeline.catalog import Catalog, Store

NIGHT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
HEAD_BYTES = 4096
POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]*)">')
SCRIPT_HASH = re.compile(r"'(sha256-[A-Za-z0-9+/]{43}=)'")


@dataclass(frozen=True)
class Report:
    """One night's report: its files, its headline ('' where it has none), and how its night stands."""

    night: date
    html: Path
    pdf: Path | None
    headline: str
    is_newest: bool  # the published night: what readers of the marts see
    is_behind: bool  # its night was rebuilt, or rests on one that was, since it was rendered

    @property
    def quality(self) -> Path:
        """The page on the quality of its data; reports of old have none."""
        return self.html.with_name("quality.html")

    @property
    def megabytes(self) -> float:
        return self.html.stat().st_size / 1e6


def reports(data: Path, before: date | None = None, limit: int = 60) -> list[Report]:
    """The reports of the nights before the given one, newest first."""
    folder = data / "reports"
    names = sorted((path.name for path in folder.iterdir()), reverse=True) if folder.is_dir() else []
    nights = [night for night in map(night_named, names) if night and (before is None or night < before)]
    catalog = Store(data).read()
    found = (_report(data, night, catalog) for night in nights)
    return [report for _, report in zip(range(limit), filter(None, found), strict=False)]


def report_of(data: Path, night: date) -> Report | None:
    """The night's report; None where it was not rendered."""
    return _report(data, night, Store(data).read())


def night_named(name: str) -> date | None:
    """The night of this name (YYYY-MM-DD); None where it is anything else, a path for instance."""
    try:
        return date.fromisoformat(name) if NIGHT.fullmatch(name) else None
    except ValueError:
        return None


def _report(data: Path, night: date, catalog: Catalog) -> Report | None:
    folder = data / "reports" / night.isoformat()
    html, pdf = folder / "report.html", folder / "report.pdf"
    if not html.is_file():
        return None
    state = catalog.night(night.isoformat())
    noted = data / "builds" / night.isoformat() / str(state.build) / "report" / "_stage.json"
    return Report(
        night,
        html,
        pdf if pdf.is_file() else None,
        _headline(noted),
        night.isoformat() == catalog.published,
        state.stale or not noted.is_file(),
    )


def _headline(noted: Path) -> str:
    """The first line that the stage `report` logged: the night in one line."""
    try:
        messages = json.loads(noted.read_text("utf-8"))["messages"]
    except (OSError, ValueError, KeyError):
        return ""
    return str(messages[0]) if messages else ""


def script_hashes(html: Path) -> list[str]:
    """The hashes of the scripts that the report's own policy, at its very top, lets run."""
    with html.open("rb") as handle:
        policy = POLICY.search(handle.read(HEAD_BYTES))
    return SCRIPT_HASH.findall(unescape(policy[1].decode("utf-8", "replace"))) if policy else []
