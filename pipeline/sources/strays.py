"""Files of a place that lie where no delivery is looked for: a folder too high or too deep, or of no known source.

A delivery is <exports>/<source>/<table>/<YYYY-MM-DD>/<file>, below a source's own place <table>/<YYYY-MM-DD>/<file>.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pipeline.sources.file_systems import Place
from pipeline.sources.places import Delivery, is_litter, is_night
from pipeline.stages import SOURCES

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

MOST = 2000
_DEEPEST = 6


@dataclass(frozen=True)
class Stray:
    """One such file: the folders that lead to it below the place, and the delivery that it would be."""

    folders: tuple[str, ...]
    delivery: Delivery


def strays(place: Place, own: str) -> list[Stray]:
    """The strays of a place, no more than MOST. own: the source whose own place it is; '': of all sources.

    Raises what the place's library raises.
    """
    files, root = place.opened()
    found: list[Stray] = []
    for stray in _below(files, root, root, (), own):
        found.append(stray)
        if len(found) == MOST:
            break
    return found


def _below(files: "AbstractFileSystem", root: str, folder: str, above: tuple[str, ...], own: str) -> Iterator[Stray]:
    for info in sorted(_listed(files, folder), key=lambda entry: str(entry["name"])):
        path = str(info["name"]).rstrip("/")
        name = unquote(path.rpartition("/")[2])
        if not path.startswith(f"{folder}/") or name.startswith((".", "_")) or _leads_out(files, path, root):
            continue
        if info.get("type") == "directory":
            if len(above) < _DEEPEST:
                yield from _below(files, root, path, (*above, name), own)
        elif not _is_delivered(above, own) and not is_litter(name):
            size = None if info.get("size") is None else int(info["size"])
            yield Stray(above, Delivery("", "/".join(above), name, own, path, size, ""))


def _is_delivered(folders: tuple[str, ...], own: str) -> bool:
    """Whether these folders lead to a night of a source: what lies there is a delivery."""
    inner = folders if own else folders[1:]
    return len(inner) == 2 and is_night(inner[1]) and (bool(own) or folders[0] in SOURCES)


def _listed(files: "AbstractFileSystem", folder: str) -> list[dict[str, Any]]:
    is_web = "http" in str(files.protocol)
    return list(files.ls(f"{folder}/" if is_web or not folder else folder, detail=True))


def _leads_out(files: "AbstractFileSystem", path: str, root: str) -> bool:
    """Of this machine's files: a link that leads out of the place, or what is neither a file nor a folder."""
    if "file" not in files.protocol:
        return False
    here = Path(path)
    return not (here.is_file() or here.is_dir()) or not here.resolve().is_relative_to(Path(root).resolve())
