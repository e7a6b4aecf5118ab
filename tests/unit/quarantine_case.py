"""Rows in quarantine for tests of what is decided about them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import cli
from pipeline.quarantine.release import Outcome, Why, release_repaired
from pipeline.quarantine.shown import Chosen, rows
from pipeline.settings import Settings, SourceSettings
from tests.unit.ingest_case import EVENT, Case, jsonl

N1, N2, N3 = "2026-01-05", "2026-01-06", "2026-01-07"
WHY = Why("the till was wrong", "ann", "2026-01-05T09:00:00+00:00")
FILES = (
    "select cast(night as varchar), arrived, accepted, superseded, quarantined, erased from ingest.files order by all"
)


@dataclass
class Told(Case):
    """A company whose settings may say more of a source."""

    told: dict[str, SourceSettings] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        settings = super().settings
        return settings.model_copy(update={"sources": settings.sources | self.told})


def web_nights(root: Path) -> Told:
    """Two web nights, of which the first has one row that cannot be read and one without an id."""
    case = Told(root)
    bad: list[dict[str, Any]] = [EVENT | {"messageId": "m2", "timestamp": "soon"}, {**EVENT, "messageId": ""}]
    case.deliver(f"web/events/{N1}/e.jsonl", jsonl([EVENT, *bad]))
    case.deliver(f"web/events/{N2}/e.jsonl", jsonl([{**EVENT, "messageId": "m9"}]))
    case.night(N1, "web")
    return case


def repaired(case: Case, to: Path, **texts: str) -> Outcome:
    """Releases the quarantined rows at these lines ("l3" is line 3) with other texts."""
    found = [row for row in rows(case.settings, Chosen()) if f"l{row.line}" in texts]
    to.write_text("".join(json.dumps(row.document | {"raw": texts[f"l{row.line}"]}) + "\n" for row in found))
    with to.open() as lines:
        return release_repaired(case.settings, lines, "rows.jsonl", WHY)


def asked(case: Case, *words: str) -> int:
    return cli.main(["quarantine", *words, "--data", str(case.settings.data)])
