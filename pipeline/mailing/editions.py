"""What each audience was told of a night, edition by edition: DATA/outbox/told/<night>.<audience>.json.

A letter of a night is its first edition. Where the night is made again and tells other figures, the next edition
corrects the one before it; where it tells the same, it is the same edition and goes to nobody twice. An edition
counts from the moment that its first e-mail is about to leave.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.catalog import write_text
from pipeline.errors import StageError

Record = dict[str, Any]


@dataclass(frozen=True)
class Edition:
    """One letter of a night: its number from 1, what it tells, and what the one before it told (None: the first)."""

    number: int
    told: Record
    corrects: Record | None


class Editions:
    """The editions of one night for one audience that left so far."""

    def __init__(self, data: Path, night: date, audience: str) -> None:
        self.path = data / "outbox" / "told" / f"{night.isoformat()}.{audience}.json"

    def of(self, told: Record) -> Edition:
        """The edition that a letter of these figures is."""
        left = self._read()
        if left and left[-1] == told:
            return Edition(len(left), told, left[-2] if len(left) > 1 else None)
        return Edition(len(left) + 1, told, left[-1] if left else None)

    def leaves(self, edition: Edition) -> None:
        """Notes the edition before its first e-mail is handed over; doing so again changes nothing."""
        left = self._read()
        if len(left) < edition.number:
            write_text(self.path, json.dumps([*left, edition.told], ensure_ascii=False, indent=1))

    def _read(self) -> list[Record]:
        try:
            return list(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return []
        except ValueError as error:
            fix = "Restore it from a backup, or remove it: the next e-mail of the night then is no correction"
            what = "the record of what was mailed is damaged"
            raise StageError(what, where=str(self.path), value=str(error), fix=fix) from error
