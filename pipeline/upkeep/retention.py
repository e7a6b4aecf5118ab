"""How long things are kept: what the settings let go of, counted in days before the published night.

    DATA/pruned.jsonl    one line a pruning: at which night, what went, and since which night nights can be built again

Whatever the settings say, these stay: the published night, what a night from the horizon on is built again from (the
build of the night before it, files that this one had not taken in, rows that still wait for a match or were released),
the newest letter of each audience, what people decided, and the ledger of who was erased.
"""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from pipeline.catalog import Catalog, Store, write_text
from pipeline.errors import NightError, StageError
from pipeline.ingest.waiting import PATIENCE
from pipeline.quarantine import releases
from pipeline.sources.landing import Landed, Landing
from pipeline.stages import SOURCES
from pipeline.upkeep.disk import size_told
from pipeline.upkeep.retention_settings import RetentionSettings

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Pruning:
    """What goes at a night. horizon: the earliest night that can be built again afterwards; '': any that ever was.

    paths: below the data folder, by kind. landed: files of the landing zone. released: texts of rows before that night.
    """

    night: str
    horizon: str = ""
    builds: tuple[str, ...] = ()
    landed: tuple[Landed, ...] = ()
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    released_before: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing goes."""
        return not (self.builds or self.landed or any(self.paths.values()))

    def told(self, data: Path) -> list[str]:
        """What goes, a line a kind, with its size."""
        named = {"builds": tuple(f"builds/{night}" for night in self.builds), **self.paths}
        lines = [
            f"{kind}: {', '.join(_shortened(paths))} ({size_told(sum(_bytes(data / path) for path in paths))})"
            for kind, paths in named.items()
            if paths
        ]
        if self.landed:
            size = size_told(sum(_bytes(data / "landing" / file.path) for file in self.landed))
            nights = sorted({file.night for file in self.landed})
            lines.append(f"landing: {len(self.landed):,} files of {nights[0]} to {nights[-1]} ({size})")
        return lines

    def record(self) -> dict[str, object]:
        """What DATA/pruned.jsonl says of it."""
        horizon = self.horizon if self.builds or self.landed else ""
        told: dict[str, object] = {"night": self.night, "horizon": horizon, "builds": self.builds}
        landed = [f"{file.source}/{file.table}/{file.night}/{file.file}" for file in self.landed]
        return told | {"landing": landed} | {kind: paths for kind, paths in self.paths.items() if paths}


def _shortened(paths: tuple[str, ...]) -> list[str]:
    return list(paths) if len(paths) <= 4 else [paths[0], paths[1], "...", paths[-1]]


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


# -- what goes --------------------------------------------------------------------------------------------------------


def planned(data: Path, kept: RetentionSettings) -> Pruning:
    """What goes now; nothing while a night is being built or is to be built again."""
    catalog = Store(data).read()
    if catalog.published is None or any(s.stale or s.working is not None for s in catalog.nights.values()):
        return Pruning(catalog.published or "")
    ends = {name: _end(catalog.published, days) for name, days in kept.model_dump().items()}
    horizon = max(ends["builds_days"], ends["landing_days"])
    base = catalog.before(horizon) if horizon else None
    horizon = horizon if base else ""
    quarantine = ends["quarantine_days"]
    return Pruning(
        catalog.published,
        horizon,
        tuple(night for night in _built(data, catalog) if base and night < min(ends["builds_days"], base)),
        tuple(_old_files(data, catalog, base, ends["landing_days"]) if base else ()),
        {
            "quarantine": tuple(_named(data, "quarantine", quarantine)),
            "reports": tuple(_named(data, "reports", ends["reports_days"])),
            "mails": tuple(_mails(data, ends["reports_days"])),
        },
        min(quarantine, _days_before(base)) if base and quarantine else "",
    )


def _built(data: Path, catalog: Catalog) -> list[str]:
    """The nights that have builds; also those that a pruning forgot, and was killed before it removed them."""
    return sorted(set(catalog.nights) | {path.name for path in (data / "builds").glob("[0-9]*")})


def _end(published: str, days: int | None) -> str:
    """The first night that is kept; '' where all are."""
    return "" if days is None else (date.fromisoformat(published) - timedelta(days=days)).isoformat()


def _days_before(night: str) -> str:
    return (date.fromisoformat(night) - PATIENCE).isoformat()


def _old_files(data: Path, catalog: Catalog, base: str, end: str) -> Iterable[Landed]:
    """Landed files of nights before the end that the base night took in, and of which no row may be read again."""
    folder = Store(data).folder(base, int(catalog.night(base).build or 0))
    oldest = min(end, _days_before(base)) if end else ""
    for source in SOURCES:
        taken = _taken(folder / "ingest" / source / "files.parquet")
        coming = {one.place[1:4] for one in releases.read(data, source) if one.counts_from > base}
        for file in Landing(data, source).files():
            place = (file.table, file.night, file.file)
            is_old = max(file.night, file.landed_night) < oldest
            if is_old and not file.pruned and place in taken and place not in coming:
                yield file


def _taken(path: Path) -> set[tuple[str, str, str]]:
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["table_name", "night", "file"]).to_pylist() if path.is_file() else []
    return {(row["table_name"], row["night"].isoformat(), row["file"]) for row in rows}


def _named(data: Path, folder: str, end: str) -> Iterable[str]:
    """The folders and files below it that begin with a night before the end."""
    for path in sorted((data / folder).glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*")):
        if path.name[:10] < end:
            yield f"{folder}/{path.name}"


def _mails(data: Path, end: str) -> Iterable[str]:
    yield from _named(data, "outbox", end)
    told = list(_named(data, "outbox/told", "9999"))
    newest = {name.partition(".")[2]: name for name in told}
    yield from (name for name in told if Path(name).name[:10] < end and name not in newest.values())


# -- letting it go ----------------------------------------------------------------------------------------------------


def prune(data: Path, kept: RetentionSettings, progress: Progress) -> Pruning:
    """Lets go of what the settings say, and writes down what; the caller holds the lock.

    Killed anywhere, what is left is whole, and the next pruning lets go of the rest.
    """
    found = planned(data, kept)
    if not found.is_nothing:
        lines = found.told(data)
        _note(data, found)
        _forget_builds(data, found)
        _forget_files(data, found.landed)
        for path in (data / name for names in found.paths.values() for name in names):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        releases.forget(data, found.released_before)
        for line in lines:
            progress(f"pruned {line}")
    return found


def _note(data: Path, found: Pruning) -> None:
    path = data / "pruned.jsonl"
    before = path.read_text("utf-8") if path.exists() else ""
    write_text(path, f"{before}{json.dumps(found.record(), ensure_ascii=False)}\n")


def _forget_builds(data: Path, found: Pruning) -> None:
    """The catalogue forgets them first: what it does not name, nobody reads."""
    if found.builds:
        Store(data).update(
            lambda c: replace(c, nights={n: state for n, state in c.nights.items() if n not in found.builds})
        )
    for night in found.builds:
        shutil.rmtree(data / "builds" / night, ignore_errors=True)


def _forget_files(data: Path, landed: Iterable[Landed]) -> None:
    for source in SOURCES:
        if paths := {file.path for file in landed if file.source == source}:
            landing = Landing(data, source)
            landing.keep(replace(file, pruned=file.pruned or file.path in paths) for file in landing.files())
            landing.sweep()


# -- nights that cannot be built again --------------------------------------------------------------------------------


def horizon_of(data: Path) -> str:
    """The earliest night that can be built again; '' where nothing was ever pruned that one would need."""
    path = data / "pruned.jsonl"
    try:
        return max((str(json.loads(line)["horizon"]) for line in path.read_text("utf-8").splitlines()), default="")
    except FileNotFoundError:
        return ""
    except (ValueError, TypeError, KeyError) as error:
        raise StageError(
            "the record of what was pruned is damaged",
            where=str(path),
            value=type(error).__name__,
            fix="Restore it from a backup: without it, a night could be built again on half of what arrived",
        ) from error


def refuse_pruned(data: Path, night: str) -> None:
    """Raises NightError where what the night would be built again from was pruned."""
    horizon = horizon_of(data)
    before = Store(data).read().before(night)
    if horizon and (night < horizon or before is None):
        raise NightError(
            f"the night cannot be built again: what landed before {horizon} was pruned",
            where=f"night {night}",
            fix=f"Build nights from {horizon} on; or put builds, landing and catalog.json back from a backup, and take"
            f" the lines away from {data / 'pruned.jsonl'}",
        )
