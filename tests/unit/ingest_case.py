"""Deliveries for tests: writes files, runs pull and ingest of one source as the runner would, reads what came out."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipeline.catalog import Store
from pipeline.context import Run
from pipeline.journey_map import JourneyMap
from pipeline.settings import Settings, SourceSettings
from pipeline.stages import ingest, pull
from pipeline.warehouse import Session, _tables, _view

ORDER = {
    "order_id": "O1",
    "crm_id": "C1",
    "ordered_at": "2026-01-01T10:00:00Z",
    "status": "completed",
    "amount": "10.5",
    "currency": "EUR",
}
CUSTOMER = {"crm_id": "C1", "created_at": "2026-01-01T00:00:00Z"}
TOUCH = {
    "interaction_id": "I1",
    "crm_id": "C1",
    "occurred_at": "2026-01-01T10:00:00Z",
    "channel": "shop",
    "type": "visit",
}
EVENT = {"messageId": "m1", "type": "page", "anonymousId": "a1", "timestamp": "2026-01-01T10:00:00Z"}


def csv_text(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV; the first row's keys are the header."""
    head = list(rows[0])
    lines = [",".join(head)]
    lines += [",".join('"' + str(row.get(c, "")).replace('"', '""') + '"' for c in head) for row in rows]
    return "\n".join(lines) + "\n"


def jsonl(rows: list[dict[str, Any]]) -> str:
    """Rows as one JSON object a line."""
    return "".join(json.dumps(row) + "\n" for row in rows)


@dataclass
class Case:
    """One company's exports and data folder. `sources` other than the one run are left out."""

    root: Path
    stop: tuple[str, ...] = ("crm",)
    logs: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        sources = {s: SourceSettings(missing="stop" if s in self.stop else "warn") for s in ("crm", "web", "partner")}
        return Settings(exports=str(self.root / "exports"), data=self.root / "data", sources=sources, hash_key="k")

    def deliver(self, place: str, content: str | bytes) -> Path:
        """Writes exports/<source>/<table>/<night>/<file>; an ending .gz is packed."""
        path = self.root / "exports" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" and isinstance(content, str) else data)
        return path

    def night(self, night: str, source: str) -> "Case":
        """Pulls and ingests one source, and publishes the night."""
        run = Run(date.fromisoformat(night), self.settings, JourneyMap("Acme", "EUR", 14, 10, 21, 90, ()))
        store = Store(self.settings.data)
        before = store.read().before(night)
        last = store.folder(before, int(store.read().night(before).build or 0)) if before else None
        folder = store.begin(night)
        for stage in (pull, ingest):
            name = stage.__name__.rpartition(".")[2]
            output = folder / name / source
            output.mkdir(parents=True)
            with Session(self.settings, name, output, self.root / "spill") as session:
                if name == "ingest":
                    session.attach("pull", [folder / "pull" / source])
                    session.previous_folders["ingest"] = [last / "ingest" / source] if last else []
                stage.build(run, session, source)
                session.write()
                self.logs += session.messages
                self.rows = session.rows
        store.publish(night)
        return self

    def connection(self, source: str) -> duckdb.DuckDBPyConnection:
        """The last night's tables, as the next stage sees them."""
        store = Store(self.settings.data)
        night = str(store.read().published)
        folder = store.folder(night, int(store.read().night(night).build or 0)) / "ingest" / source
        found = duckdb.connect()
        found.execute("create schema ingest; set timezone = 'UTC'")
        for table, places in _tables([folder]).items():
            found.execute(f"create view ingest.{table} as {_view(table, places)}")
        return found

    def ask(self, source: str, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the last night's tables."""
        return self.connection(source).execute(sql).fetchall()

    def reasons(self, source: str) -> list[tuple[Any, ...]]:
        """Every quarantined row: file, line, record and reason."""
        return self.ask(source, "select file, line, record_id, reason from ingest.quarantine order by all")

    def not_ours(self, source: str) -> list[tuple[Any, ...]]:
        """Every row that tells nothing that counts: file, line, record and reason."""
        return self.ask(source, "select file, line, record_id, reason from ingest.not_ours order by all")


def crm(case: Case, night: str, orders: str, name: str = "orders.csv") -> None:
    """A whole CRM delivery with these orders."""
    case.deliver(f"crm/customers/{night}/customers.csv", csv_text([CUSTOMER]))
    case.deliver(f"crm/interactions/{night}/interactions.csv", csv_text([TOUCH]))
    case.deliver(f"crm/orders/{night}/{name}", orders)
