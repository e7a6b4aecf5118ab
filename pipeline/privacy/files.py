"""Takes an erased person's values out of everything else under the data folder: mail, reports, logs, notes, models.

Quarantined raw rows of theirs go whole; cards are made anew from the table, which their row has left. In other text a
value becomes the word "erased"; JSON stays JSON. A PDF is made from the pages beside it and goes where one of them
changes. What holds a value and is of no kind that can be rewritten stops the erasure, by name, before it begins.
"""

import gzip
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from pipeline.catalog import sync_folder
from pipeline.errors import StageError
from pipeline.privacy.erasure_plan import Plan
from pipeline.privacy.values import Sought, is_distinct, spellings
from pipeline.quarantine import releases
from pipeline.reporting import front_line

_OURS = ("catalog.json", "lock", "landmark.duckdb", "identity/tombstones.jsonl", "identity/erasing.json")
# Of lists that Landmark goes by: what may hold a value. Their nights, files, lines and states are nobody's.
_FIELDS = {"outbox/": ("recipient", "by", "why"), "quarantine/": ("record_id", "reason", "raw", "by", "why")}


@dataclass
class Files:
    """The files of a data folder that are no tables. rows: raw rows that went; rewritten: files that changed."""

    data: Path
    plan: Plan
    rows: int = 0
    rewritten: int = 0

    def __post_init__(self) -> None:
        self.sought = Sought([*self.plan.tokens, *spellings(filter(is_distinct, self.plan.row_ids))])

    def check(self) -> None:
        """Raises StageError where a file cannot be rewritten; changes nothing."""
        for path in self._files():
            self._without(path, path.read_bytes())

    def sweep(self) -> None:
        """Goes through every file; raises StageError where one cannot be rewritten."""
        for path in self._files():
            content = path.read_bytes()
            fresh = self._without(path, content)
            if fresh is None:
                self._drop(path)
            elif fresh != content:
                for printed in path.parent.glob("*.pdf") if path.suffix == ".html" else ():
                    self._drop(printed)
                _put(path, fresh)
                self.rewritten += 1

    def _drop(self, path: Path) -> None:
        path.unlink()
        sync_folder(path.parent)
        self.rewritten += 1

    def _files(self) -> Iterator[Path]:
        """What is swept. A manifest tells of files, and of nobody."""
        for path in sorted(self.data.rglob("*")):
            name = path.relative_to(self.data).as_posix()
            is_table = name.startswith("builds/") and path.suffix == ".parquet"
            is_landed = name.startswith("landing/") and (name.count("/") > 2 or path.name == "manifest.jsonl")
            if path.is_file() and not path.is_symlink() and not is_table and not is_landed and name not in _OURS:
                yield path

    def _without(self, path: Path, content: bytes) -> bytes | None:
        """A file's content without the values; None where the file goes."""
        name = path.relative_to(self.data).as_posix()
        if path.suffix == ".gz" and content.startswith(b"\x1f\x8b"):
            plain = gzip.decompress(content)
            fresh = self._text(name, plain)
            return content if fresh == plain else gzip.compress(fresh, mtime=0)
        if path.name == front_line.CARDS_CSV:
            return front_line.as_csv(front_line.read_cards(path.with_suffix(".parquet")))
        if path.suffix == ".pdf" and name.startswith("reports/"):
            return None if self.sought.within(content.decode("latin-1")) else content
        if path.suffix == ".eml":
            return self._mail(content)
        if name.startswith("quarantine/") and path.suffix == ".jsonl":
            content = self._raw_rows(path, content)
        if name == "identity/decisions.jsonl":
            content = self._decisions(content)
        return self._text(name, content)

    def _text(self, name: str, content: bytes) -> bytes:
        text = content.decode("utf-8", "surrogateescape")
        if not self.sought.within(text):
            return content
        if b"\0" in content:
            raise StageError(
                "a file that is no text holds what is to be erased",
                where=name,
                fix="Remove the file, or take it out of the data folder, and erase again",
            )
        fields = next((of for at, of in _FIELDS.items() if name.startswith(at) and name.endswith(".jsonl")), ())
        fresh = self._listed(text, fields) if fields else self.sought.without_in(text, numbers=False)
        return fresh.encode("utf-8", "surrogateescape")

    def _listed(self, text: str, fields: tuple[str, ...]) -> str:
        """Lines of JSON without the values that stand in these fields; a line that was cut short is text."""
        return "".join(self._line(line, fields) for line in _lines(text))

    def _line(self, line: str, fields: tuple[str, ...]) -> str:
        try:
            row = dict(json.loads(line))
        except (ValueError, TypeError):
            return self.sought.without(line)
        told = {name: row[name] for name in fields if isinstance(row.get(name), str)}
        fresh = {name: self.sought.without_in(value, numbers=True) for name, value in told.items()}
        return line if fresh == told else json.dumps({**row, **fresh}, ensure_ascii=False) + "\n"

    def _raw_rows(self, path: Path, content: bytes) -> bytes:
        """The rows of a quarantine file that are not the person's; a released row goes if its text holds theirs."""
        gone = set(self.plan.lines)
        mended = {line[:5]: line[5] for line in self.plan.mended}
        source, released = path.name.partition("__")[0], path.parent.name == releases.FOLDER
        kept = []
        for line in _lines(content.decode("utf-8")):
            row, text = json.loads(line), line
            place = (source, row["table"], row["night"], row["file"].rpartition("/")[2], row["line"])
            if released and row["raw"] and self.sought.within(row["raw"]):
                continue
            if place in mended and row.get("raw") and not released:
                text = json.dumps({**row, "raw": mended[place].rstrip("\r\n")}, ensure_ascii=False) + "\n"
            kept += [] if place in gone else [text]
        self.rows += content.count(b"\n") - len(kept)
        return "".join(kept).encode("utf-8")

    def _decisions(self, content: bytes) -> bytes:
        """What was decided about other people's records."""
        mine = set(self.plan.records)
        lines = _lines(content.decode("utf-8"))
        told = [json.loads(line) for line in lines]
        kept = [t for t, d in zip(lines, told, strict=True) if not mine & {tuple(d["left"]), tuple(d["right"])}]
        return "".join(kept).encode("utf-8")

    def _mail(self, content: bytes) -> bytes:
        """A letter, each part decoded before it is looked at."""
        message: EmailMessage = message_from_bytes(content, policy=policy.SMTP)
        changed = False
        for part in message.walk():
            for name, value in list(part.items()):
                if (fresh := self.sought.without(str(value))) != str(value):
                    part.replace_header(name, fresh)
                    changed = True
            if part.get_content_maintype() == "text":
                text = part.get_content()
                if (fresh := self.sought.without(text)) != text:
                    part.set_content(fresh, subtype=part.get_content_subtype(), charset="utf-8")
                    changed = True
        return message.as_bytes() if changed else content


def _lines(text: str) -> list[str]:
    """Lines as JSONL has them: what else Unicode takes for an end of line may stand within one."""
    return list(io.StringIO(text, newline="\n"))


def _put(path: Path, content: bytes) -> None:
    """Replaces a file in one step; who may read it stays."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, path.stat().st_mode & 0o777), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
