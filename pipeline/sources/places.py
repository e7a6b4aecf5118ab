"""The place that exports lie in: any that fsspec can open. What was delivered, and its bytes.

<exports>/<source>/<table>/<YYYY-MM-DD>/<any file name>.<ext>     below a source's own place: <table>/…
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import unquote

from pipeline.errors import DeliveryError
from pipeline.sources import checksums
from pipeline.sources.file_systems import Place
from pipeline.sources.retrying import cause_of, patiently

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

TEXT_ENDINGS = (".csv", ".tsv", ".json", ".jsonl")
ENDINGS = (".parquet", *(e + packed for e in TEXT_ENDINGS for packed in ("", ".gz", ".zst")))
LITTER = (".ds_store", "desktop.ini", "thumbs.db")
HIDDEN = (".", "_")  # with which the names of files begin that a tool left behind for itself
Result = TypeVar("Result")
_STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "Last-Modified", "updated", "created")
_BLOCK = 1 << 22


@dataclass(frozen=True, order=True)
class Delivery:
    """One delivered file: its night, folder and name, its place, its size in bytes (None: not told) and its stamp.

    The stamp changes when the file does; it is cheap to get and says nothing by itself. fault: why it must not be
    opened; '' for an ordinary file. sums: where its checksum may stand: a file of its own, or one of its folder.
    own: what the file is called there, where this is another name (see as_told).
    """

    night: str
    table: str
    name: str
    source: str
    path: str
    size: int | None
    stamp: str
    fault: str = ""
    sums: tuple[str, ...] = ()
    own: str = ""


class Sink(Protocol):
    """Where a delivery's bytes go."""

    def write(self, data: bytes, /) -> int: ...


class Deliverer(Protocol):
    """What deliveries come from. Raises DeliveryError, PassingError where trying again later may help."""

    shown: str

    def deliveries(self, source: str) -> list[Delivery]:
        """What is there to be had."""

    def described(self, delivery: Delivery) -> Delivery:
        """The same with its size and stamp of now: a listing need not tell them."""

    def origin(self, delivery: Delivery) -> str:
        """Where the delivery is from, without what opens the place."""

    def write(self, delivery: Delivery, begin: Callable[[], Sink]) -> str:
        """Writes its bytes, from the start after each `begin`; returns the watermark reached, '' without one."""

    def checksum(self, delivery: Delivery) -> checksums.Checksum | None:
        """What its bytes must add up to, where that was delivered too."""

    def is_same(self, delivery: Delivery, sha256: str) -> bool:
        """Whether its bytes are these."""


class Exports:
    """The exports of a company, or one source's own. Raises DeliveryError where the place cannot be opened.

    own: the source whose own place it is. is_optional: the place need not exist. folders: by source, what folders that
    are called otherwise are.
    """

    def __init__(
        self,
        exports: str | Place,
        *,
        own: str = "",
        is_optional: bool = False,
        waits_seconds: tuple[float, ...] | None = None,
        folders: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.place = exports if isinstance(exports, Place) else Place(exports)
        self.shown, self.own, self.waits_seconds = self.place.shown, own, waits_seconds
        self.setting = f"sources.{own}.place" if own else "exports"
        self.is_optional, self.root, self.folders = is_optional, "", folders or {}
        self._files: AbstractFileSystem | None = None
        self._try(lambda _: None)

    def deliveries(self, source: str) -> list[Delivery]:
        """Every file of the source that lies in a night's folder, in order of night, table and name."""
        folders: dict[tuple[str, str], dict[str, Delivery]] = {}
        for file in self._try(lambda files: list(self._listed(files, source))):
            folders.setdefault((file.night, file.table), {})[file.name] = file
        found = (file for inside in folders.values() for file in _with_sums(inside))
        return as_told(found, self.folders.get(source, {}))

    def described(self, delivery: Delivery) -> Delivery:
        """The same with its size and stamp of now."""
        info = self._try(lambda files: files.info(delivery.path))
        return replace(delivery, size=info.get("size"), stamp=_stamp(info))

    def origin(self, delivery: Delivery) -> str:
        """Where the file lies, without what opens the place."""
        return shown(f"{self.shown.rstrip('/')}{delivery.path[len(self.root) :]}")

    def write(self, delivery: Delivery, begin: Callable[[], Sink]) -> str:
        """Writes the bytes of a file as they lie there, from the start after each `begin`."""

        def copy(files: "AbstractFileSystem") -> None:
            sink = begin()
            for block in _blocks(files, delivery.path):
                sink.write(block)

        self._try(copy, delivery)
        return ""

    def checksum(self, delivery: Delivery) -> checksums.Checksum | None:
        """What the file's bytes must add up to, where a file beside it tells."""
        for path in delivery.sums:
            text = self._try(partial(_content, path=path), delivery)
            if told := checksums.read(path.rpartition("/")[2], text, delivery.own or delivery.name):
                return told
        return None

    def is_same(self, delivery: Delivery, sha256: str) -> bool:
        """Whether the file's bytes are these."""

        def digest(files: "AbstractFileSystem") -> str:
            found = hashlib.sha256()
            for block in _blocks(files, delivery.path):
                found.update(block)
            return found.hexdigest()

        return self._try(digest, delivery) == sha256

    def _try(self, action: "Callable[[AbstractFileSystem], Result]", delivery: Delivery | None = None) -> Result:
        """What `action` gives; after a failure that may pass it is tried again on a new connection."""

        def attempt() -> Result:
            if self._files is None:
                self._files, self.root = self.place.opened()
            try:
                return action(self._files)
            except Exception:
                self._files = None
                raise

        return patiently(attempt, lambda error: self._cannot(error, delivery), self.waits_seconds)

    def _listed(self, files: "AbstractFileSystem", source: str) -> Iterator[Delivery]:
        top = self.root if self.own else f"{self.root}/{source}"
        for (table, night, name), path, info in self._walk(files, top):
            if is_night(night):
                size = None if info.get("size") is None else int(info["size"])
                what = (night, table, name, source, path, size)
                yield Delivery(*what, _stamp(info), self._fault(files, path, info))

    def _walk(self, files: "AbstractFileSystem", top: str) -> Iterator[tuple[list[str], str, dict[str, Any]]]:
        """Every file three levels down. A folder that cannot be listed is an error, not an empty folder."""
        if "s3" in _protocols(files):
            found = files.find(top, detail=True).items()
            listed = ((path[len(top) + 1 :].split("/"), path, info) for path, info in found if path != top)
            yield from ((names, path, info) for names, path, info in listed if len(names) == 3 and names[-1])
            if not found:
                self._must_exist(files)
            return
        try:
            tables = _inside(files, top)
        except FileNotFoundError as error:
            if not isinstance(cause_of(error), FileNotFoundError):
                raise
            self._must_exist(files)
            return
        for table, path, _ in _folders(tables):
            for night, below, _ in _folders(_inside(files, path)):
                if is_night(night):
                    yield from (([table, night, n], p, i) for n, p, i in _inside(files, below) if not _is_folder(i))

    def _fault(self, files: "AbstractFileSystem", path: str, info: dict[str, Any]) -> str:
        if "file" not in _protocols(files):
            return "" if info.get("type") == "file" else "not an ordinary file"
        here = Path(path)
        if not here.resolve().is_relative_to(Path(self.root).resolve()):
            return "a link that leads out of the exports"
        return "" if here.is_file() else "not an ordinary file"

    def _must_exist(self, files: "AbstractFileSystem") -> None:
        try:
            files.ls(self.root or "/", detail=True)
        except FileNotFoundError as error:
            if not isinstance(cause_of(error), FileNotFoundError):
                raise
            if self.is_optional:
                return
        else:
            return
        fix = f"Set {self.setting} in the settings, or create it"
        raise DeliveryError("there is no such place", where=self.setting, value=self.shown, fix=fix)

    def _cannot(self, error: Exception, delivery: Delivery | None) -> DeliveryError:
        told = self.place.told(cause_of(error))
        if delivery is None:
            return DeliveryError(
                f"the exports cannot be opened: {told}",
                where=self.setting,
                value=self.shown,
                fix="Check the place's address, its credentials and its rights",
            )
        return DeliveryError(
            "a delivered file cannot be read", where=self.origin(delivery), value=told, fix="Check its rights"
        )


_Entry = tuple[str, str, dict[str, Any]]


def _inside(files: "AbstractFileSystem", folder: str) -> list[_Entry]:
    """What lies in a folder: name, path and what is told of it. A name that leads elsewhere is none."""
    is_web = "http" in _protocols(files)
    found = []
    for listed in files.ls(f"{folder}/" if is_web or not folder else folder, detail=True):
        info = _followed(files, listed)
        path = listed["name"].rstrip("/")
        name = path.removeprefix(f"{folder}/")
        if path.startswith(f"{folder}/") and not {"/", "?", "#"} & set(name if is_web else name.replace("?", "")):
            found.append((unquote(name) if is_web else name, path, info))
    return sorted((entry for entry in found if entry[0] not in (".", "..")), key=lambda entry: entry[1])


def _followed(files: "AbstractFileSystem", listed: dict[str, Any]) -> dict[str, Any]:
    """What a link of a server leads to; the link itself where that is nothing."""
    if listed.get("type") != "link":
        return listed
    try:
        return dict(files.info(listed["name"]))
    except FileNotFoundError:
        return listed


def _folders(entries: list[_Entry]) -> Iterator[_Entry]:
    return (entry for entry in entries if _is_folder(entry[2]))


def _is_folder(info: dict[str, Any]) -> bool:
    return bool(info.get("type") == "directory")


def as_told(deliveries: Iterable[Delivery], folders: Mapping[str, str]) -> list[Delivery]:
    """The deliveries in the tables that their folders are told to be; raises DeliveryError where two would be one.

    Their files carry the folder's name before theirs, so that several folders may be one table.
    """
    found: dict[tuple[str, str, str], Delivery] = {}
    for file in deliveries:
        name = file.name if file.name.startswith(HIDDEN) else f"{file.table}__{file.name}"
        told = replace(file, table=folders[file.table], name=name, own=file.name) if file.table in folders else file
        other = found.setdefault((told.night, told.table, told.name), told)
        if other is not told:
            where = shown(file.path)
            raise DeliveryError("two files would be one", where=where, value=other.path, fix="Give one another name")
    return sorted(found.values())


def _with_sums(folder: dict[str, Delivery]) -> Iterator[Delivery]:
    """The deliveries of a folder, each with the files that tell its checksum."""
    for name, file in folder.items():
        if not checksums.is_checksum_of(name, set(folder)):
            yield replace(file, sums=tuple(folder[n].path for n in checksums.names_for(name) if n in folder))


def _content(files: "AbstractFileSystem", path: str) -> bytes:
    return bytes(files.cat_file(path))


def _blocks(files: "AbstractFileSystem", path: str) -> Iterator[bytes]:
    with files.open(path, "rb") as handle:
        while block := handle.read(_BLOCK):
            yield block


def _protocols(files: "AbstractFileSystem") -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _stamp(info: dict[str, Any]) -> str:
    told = next((info[name] for name in _STAMPS if info.get(name)), "")
    return f"{info.get('size')}:{told}"


def is_night(text: str) -> bool:
    """True for a date written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_litter(name: str) -> bool:
    """Whether a file is what desktops leave in folders: nobody delivered it."""
    return name.lower() in LITTER or name.startswith("~$")


def is_readable(name: str) -> bool:
    """True for a file whose ending is a known format, and that no tool left behind for itself."""
    return name.lower().endswith(ENDINGS) and not name.startswith(HIDDEN)


def shown(name: str) -> str:
    """A name of any bytes as text that can be stored and printed on one line."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
