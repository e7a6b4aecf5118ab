"""The place that exports lie in: any that fsspec can open. What was delivered, and its bytes.

<exports>/<source>/<table>/<YYYY-MM-DD>/<any file name>.<ext>
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.errors import DeliveryError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

TEXT_ENDINGS = (".csv", ".json", ".jsonl")
ENDINGS = (".parquet", *(e + packed for e in TEXT_ENDINGS for packed in ("", ".gz", ".zst")))
_STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")


@dataclass(frozen=True, order=True)
class Delivery:
    """One delivered file: its night, folder and name, its place, its size in bytes (None: not told) and its stamp.

    The stamp changes when the file does; it is cheap to get and says nothing by itself. fault: why it must not be
    opened; '' for an ordinary file.
    """

    night: str
    table: str
    name: str
    source: str
    path: str
    size: int | None
    stamp: str
    fault: str = ""


class Exports:
    """The exports of a company. Raises DeliveryError where the place cannot be opened."""

    def __init__(self, exports: str) -> None:
        from fsspec.core import url_to_fs

        self.shown = _without_secrets(exports)
        try:
            self.files, root = url_to_fs(exports)
        except (ImportError, ValueError, OSError) as error:
            raise self._cannot(error) from error
        self.root: str = root.rstrip("/")

    def deliveries(self, source: str) -> list[Delivery]:
        """Every file of the source that lies in a night's folder, in order of night, table and name."""
        found = []
        for path, info in self._listed(source):
            parts = path[len(self.root) + 1 :].split("/")
            if len(parts) == 4 and is_night(parts[2]):
                size = None if info.get("size") is None else int(info["size"])
                what = (parts[2], parts[1], parts[3], source, path, size)
                found.append(Delivery(*what, _stamp(info), self._fault(path)))
        return sorted(found)

    @contextmanager
    def open(self, delivery: Delivery) -> Iterator[IO[bytes]]:
        """The bytes of a file as they lie there."""
        try:
            with self.files.open(delivery.path, "rb") as handle:
                yield handle
        except OSError as error:
            raise DeliveryError(
                "a delivered file cannot be read",
                where=shown(delivery.path),
                value=_reason(error),
                fix="Check its rights",
            ) from error

    def _listed(self, source: str) -> list[tuple[str, dict[str, Any]]]:
        root = f"{self.root}/{source}"
        try:
            if not self.files.exists(root):
                self._must_exist()
                return []
            return [(path, info) for path, info in _walk(self.files, root) if info.get("type") != "directory"]
        except OSError as error:
            raise self._cannot(error) from error

    def _fault(self, path: str) -> str:
        if "file" not in _protocols(self.files):
            return ""
        here = Path(path)
        if not here.resolve().is_relative_to(Path(self.root).resolve()):
            return "a link that leads out of the exports"
        return "" if here.is_file() else "not an ordinary file"

    def _must_exist(self) -> None:
        if not self.files.exists(self.root):
            raise DeliveryError(
                "there is no such place", where="exports", value=self.shown, fix="Set LANDMARK_EXPORTS or --exports"
            )

    def _cannot(self, error: Exception) -> DeliveryError:
        return DeliveryError(
            f"the exports cannot be opened: {_reason(error)}",
            where="exports",
            value=self.shown,
            fix="Check LANDMARK_EXPORTS, the place's credentials and its rights",
        )


def _walk(files: "AbstractFileSystem", root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every file three levels down. A local folder that may not be listed is an error, not an empty folder."""
    if "file" not in _protocols(files):
        yield from files.find(root, maxdepth=3, withdirs=False, detail=True).items()
        return
    for folder, _, inside in files.walk(root, maxdepth=3, detail=True, on_error="raise"):
        for name, info in inside.items():
            yield f"{folder}/{name}", info


def _protocols(files: "AbstractFileSystem") -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _stamp(info: dict[str, Any]) -> str:
    told = next((info[name] for name in _STAMPS if info.get(name)), "")
    return f"{info.get('size')}:{told}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(parts.netloc, parts.netloc.rpartition("@")[2]) if "@" in parts.netloc else url


def is_night(text: str) -> bool:
    """True for a date written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_readable(name: str) -> bool:
    """True for a file whose ending is a known format, and that no tool left behind for itself."""
    return name.lower().endswith(ENDINGS) and not name.startswith((".", "_"))


def shown(name: str) -> str:
    """A name of any bytes as text that can be stored and printed on one line."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
