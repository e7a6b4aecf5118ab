"""Dirty deliveries for tests: one source's settings, and what became of a single delivery."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.settings import Settings, SourceSettings
from tests.unit.ingest_case import EVENT, ORDER, Case, crm, csv_text

NIGHT = "2026-01-05"
FATES = "arrived, accepted, superseded, quarantined"


@dataclass
class Dirt(Case):
    """A company whose sources are told of by `told`, by source, as a settings file does."""

    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        settings = super().settings
        sources = {
            name: SourceSettings(**{"missing": source.missing, **self.told.get(name, {})})
            for name, source in settings.sources.items()
        }
        return settings.model_copy(update={"sources": sources})

    def orders(self, content: str | bytes, name: str = "more.csv", night: str = NIGHT) -> "Dirt":
        """A night of the CRM with one good order and this file of orders."""
        crm(self, night, csv_text([ORDER | {"order_id": "good"}]))
        self.deliver(f"crm/orders/{night}/{name}", content)
        self.night(night, "crm")
        return self

    def events(self, content: str | bytes, name: str = "e.jsonl", night: str = NIGHT) -> "Dirt":
        """A night of the web with this file of events."""
        self.deliver(f"web/events/{night}/{name}", content)
        self.night(night, "web")
        return self

    def fate(self, name: str, source: str = "crm") -> tuple[Any, ...]:
        """Of a file: how many rows arrived, were accepted, superseded and quarantined."""
        rows = self.ask(source, f"select {FATES} from ingest.files where file = '{name}'")
        assert len(rows) == 1
        return rows[0]

    def codes(self, source: str) -> list[tuple[int, str]]:
        """Of every quarantined row its line and its reason."""
        return [(line, reason) for _, line, _, reason in self.reasons(source)]

    def said(self, *words: str) -> bool:
        """Whether one line of the log holds all these words."""
        return any(all(word in line for word in words) for line in self.logs)


def dirt(root: Path, *, stop: tuple[str, ...] = (), **told: dict[str, Any]) -> Dirt:
    """A company under a folder; of each source what its settings tell."""
    return Dirt(root, stop=stop, told=told)


def event(number: int, **more: Any) -> dict[str, Any]:
    """One event of its own."""
    return EVENT | {"messageId": f"m{number}"} | more
