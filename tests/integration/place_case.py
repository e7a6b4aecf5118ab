"""A company whose web events lie at a place of their own, for the tests of places."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from pipeline.settings import Settings, load_settings
from tests.integration.servers import QUOTED, SECRET
from tests.unit.ingest_case import Case

NIGHT = "2026-01-02"
BASIC = base64.b64encode(f"reader:{SECRET}".encode()).decode()


@dataclass
class Remote(Case):
    """A company whose web events lie at a place of their own."""

    place: str = ""
    variable: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        source = {"place": self.place, "connection": "vendor" if self.variable else "", "missing": "warn"}
        environ = {"LANDMARK_HASH_KEY": "k", "AIRFLOW_CONN_VENDOR": self.variable}
        sources = {"crm": {"missing": "warn"}, "web": source | self.more}
        return load_settings(environ, exports=str(self.root / "exports"), data=str(self.root / "data"), sources=sources)

    def manifest(self) -> list[dict[str, Any]]:
        text = (self.root / "data" / "landing" / "web" / "manifest.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


def tell_nothing(error: BaseException) -> None:
    """Neither the error nor what it came from tells a secret."""
    seen: BaseException | None = error
    while seen is not None:
        told = f"{seen!r} {seen}"
        assert SECRET not in told and QUOTED not in told and BASIC not in told
        seen = seen.__cause__ or seen.__context__
