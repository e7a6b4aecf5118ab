"""The one way in, for the command line and Airflow alike: run_stage (one stage of one night) and run_night.

A stage is a transaction: it builds in a folder beside its place, and one rename commits it. The stage `marts`
publishes: it switches the catalogue's pointer. Heavy libraries are imported by the stage that needs them.
"""

import importlib
import json
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pipeline import summaries
from pipeline.catalog import Store, parse_night, sync_folder
from pipeline.context import Run
from pipeline.errors import NightError, StageError
from pipeline.settings import Settings
from pipeline.stages import BY_SOURCE, SOURCES, STAGES
from pipeline.upkeep import disk, rights
from pipeline.warehouse import Session, write_views

Progress = Callable[[str], None]
PUBLISHES = "marts"
_PRIVATE = STAGES[: STAGES.index(PUBLISHES) + 1]


def silent(_: str) -> None:
    """Shows no progress."""


@dataclass(frozen=True)
class _Place:
    """One stage's run: where it stands in the night's build."""

    store: Store
    stage: str
    source: str | None

    @property
    def name(self) -> str:
        return f"{self.stage} {self.source}" if self.source else self.stage

    @property
    def path(self) -> str:
        return f"{self.stage}/{self.source}" if self.source else self.stage


def open_run(settings: Settings, night: str | date, *, backfill: bool = False) -> Run:
    """The run of a night, its settings and journey map checked; a night before the published one is a back-fill."""
    run = _run_of(settings, night, backfill=backfill)
    return replace(run, given_map=run.journey_map)


def _run_of(settings: Settings, night: str | date, *, backfill: bool) -> Run:
    day = night if isinstance(night, date) else parse_night(night)
    published = newest_night(settings)
    is_old = published is not None and day.isoformat() < published
    return Run(day, settings, backfill=backfill or is_old)


def run_stage(
    settings: Settings,
    stage: str,
    night: str | date,
    source: str | None = None,
    *,
    backfill: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Runs one stage of one night (pull and ingest: of one source) as a transaction; returns its summary.

    The summary is small and JSON-able: stage, source, night, folder, needs, tables, rows_in, rows_out,
    rows_quarantined, checks, warnings, messages, seconds, peak_memory_mb. Raises LandmarkError; whatever is raised,
    what the stage had committed before stands.
    """
    opened = (
        _run_of if stage in BY_SOURCE else open_run
    )  # pull checks the map before the night; ingest asks where it needs it
    run = opened(settings, night, backfill=backfill)
    store = Store(settings.data)
    with _held(settings, store, progress):
        place = _place(store, stage, source)
        if stage == STAGES[0]:
            _prepare(run, progress)
        summary = _run(run, place, progress)
        if stage == STAGES[-1]:
            _prune(settings, progress)
        return summary


@contextmanager
def _held(settings: Settings, store: Store, progress: Progress) -> Iterator[None]:
    """Holds the data folder; an erasure that was killed is completed first."""
    from pipeline.privacy import erasure

    with store.lock(settings.lock_wait_seconds):
        erasure.finish(settings, progress)
        yield


def _place(store: Store, stage: str, source: str | None) -> _Place:
    if stage not in STAGES:
        raise StageError("unknown stage", value=stage, fix=f"The stages are {', '.join(STAGES)}")
    if (stage in BY_SOURCE) != (source is not None) or (source is not None and source not in SOURCES):
        raise StageError(
            f"the stage {stage} {'needs a source' if stage in BY_SOURCE else 'takes no source'}",
            value=source,
            fix=f"The sources are {', '.join(SOURCES)}",
        )
    return _Place(store, stage, source)


def run_night(
    settings: Settings,
    night: str | date,
    *,
    through: str | None = None,
    backfill: bool = False,
    progress: Progress = silent,
) -> Path:
    """Runs a whole night; returns the folder of its marts (with `through`: of that stage's tables, unpublished).

    A night that is not the newest one is rebuilt from the night before it; the later ones follow in order.
    """
    run = open_run(settings, night, backfill=backfill)
    store = Store(settings.data)
    last = through or STAGES[-1]
    _place(store, last, SOURCES[0] if last in BY_SOURCE else None)
    with _held(settings, store, progress):
        folder = _night(run, store, last, progress)
        if through is None:
            _rebuild_stale(settings, store, progress, backfill=backfill)
            _prune(settings, progress)
    return folder


def _night(run: Run, store: Store, last: str, progress: Progress) -> Path:
    _prepare(run, progress)
    try:
        _stages(run, store, last, progress)
    except Exception:
        with suppress(OSError):  # a disk that refuses: the next run drops the build
            store.discard(run.night.isoformat())
        raise
    done = store.read().night(run.night.isoformat())
    build = done.working if done.working is not None else done.build
    shown = last if STAGES.index(last) < STAGES.index(PUBLISHES) else PUBLISHES
    return store.folder(run.night.isoformat(), int(build or 0)) / shown


def _stages(run: Run, store: Store, last: str, progress: Progress) -> None:
    for stage in STAGES[: STAGES.index(last) + 1]:
        for source in SOURCES if stage in BY_SOURCE else (None,):
            place = _Place(store, stage, source)
            if place.path == f"{STAGES[0]}/{SOURCES[0]}":
                store.begin(run.night.isoformat())
            _run(run, place, progress)


def rebuild_stale(settings: Settings, progress: Progress = silent) -> list[str]:
    """Rebuilds, in order, the finished nights that rest on a night that was rebuilt after them; returns them."""
    store = Store(settings.data)
    with _held(settings, store, progress):
        return _rebuild_stale(settings, store, progress, backfill=True)


def _rebuild_stale(settings: Settings, store: Store, progress: Progress, *, backfill: bool) -> list[str]:
    """The newest of them may tell its readers other figures: that is mailed as a correction, but in a back-fill."""
    rebuilt: list[str] = []
    while True:
        finished = {name: state for name, state in store.read().nights.items() if state.build is not None}
        stale = sorted(name for name, state in finished.items() if state.stale and name not in rebuilt)
        if not stale:
            return rebuilt
        progress(f"{stale[0]} is made again, because it stands on a night that was")
        _night(open_run(settings, stale[0], backfill=backfill), store, STAGES[-1], progress)
        rebuilt.append(stale[0])


def newest_night(settings: Settings) -> str | None:
    """The published night; None where none is."""
    return Store(settings.data).read().published


def marts_folder(settings: Settings) -> Path:
    """The folder of the published night's marts; raises NightError where nothing is published."""
    store = Store(settings.data)
    catalog = store.read()
    if catalog.published is None:
        raise NightError("nothing is published yet", where=str(settings.data), fix="Run a night: landmark run")
    return store.folder(catalog.published, int(catalog.night(catalog.published).build or 0)) / PUBLISHES


def prune(settings: Settings, *, is_trial: bool = False, progress: Progress = silent) -> None:
    """Lets go of what the settings `retention` say, as the end of each night does; a trial only tells what that is."""
    from pipeline.upkeep import retention

    store = Store(settings.data)
    with _held(settings, store, progress):
        if not is_trial:
            _prune(settings, progress)
        else:
            lines = retention.planned(settings.data, settings.retention).told(settings.data)
            for line in lines or ["nothing: the settings `retention` keep all that is there"]:
                progress(f"would prune {line}")


def _prune(settings: Settings, progress: Progress) -> None:
    from pipeline.upkeep import retention

    retention.prune(settings.data, settings.retention, progress)


def _prepare(run: Run, progress: Progress) -> None:
    """Says what was put right before the night; raises LandmarkError where it cannot be begun."""
    from pipeline.upkeep import preflight

    for line in preflight.check(run):
        progress(line)


# -- one stage ------------------------------------------------------------------------------------------------------


def _run(run: Run, place: _Place, progress: Progress) -> dict[str, Any]:
    progress(f"{run.night} {place.name} ...")
    with disk.told(place.store.data, f"stage {place.name}, night {run.night}"):
        return _transaction(run, place, progress)


def _transaction(run: Run, place: _Place, progress: Progress) -> dict[str, Any]:
    was_open = place.store.read().night(run.night.isoformat()).working is not None
    folder = _build_folder(run, place)
    started = time.perf_counter()
    module = importlib.import_module(f"pipeline.stages.{place.stage}")
    imported = time.perf_counter()
    fresh = folder / f".{place.stage}.{place.source or 'all'}.fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        summary = _build(run, place, module, folder, fresh)
        if not was_open and place.stage in _PRIVATE and place.stage not in BY_SOURCE:
            summary["messages"].append("a new build of a published night: readers keep the old one until marts has run")
        summary |= {"seconds": round(time.perf_counter() - imported, 3), "import_seconds": round(imported - started, 3)}
        (fresh / "_stage.json").write_text(json.dumps(summary, sort_keys=True), "utf-8")
        _commit(place, folder, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    if place.stage == PUBLISHES:
        place.store.publish(run.night.isoformat())
        write_views(marts_folder(run.settings), place.store.data / rights.DATABASE)
    if run.settings.readers == "group" and place.stage in (PUBLISHES, "report"):
        rights.let_group_read(place.store.data, marts_folder(run.settings), run.night.isoformat())
    summary["folder"] = str(folder / place.path)
    progress("\n".join(summaries.told(summary)))
    return summary


def _build_folder(run: Run, place: _Place) -> Path:
    """The folder of the build that this stage belongs to; a stage of a finished night opens a new build of it."""
    night = run.night.isoformat()
    state = place.store.read().night(night)
    position = STAGES.index(place.stage)
    if position >= len(_PRIVATE):
        if state.build is None:
            raise StageError(
                "this night is not published",
                where=f"stage {place.stage}, night {night}",
                fix="Run its stages before this one",
            )
        return place.store.folder(night, state.build)
    if state.working is not None:
        return place.store.folder(night, state.working)
    if position > 0 and state.build is None:
        raise StageError(
            "the night was not begun",
            where=f"stage {place.stage}, night {night}",
            fix="Run the stages before this one, pull first",
        )
    if state.build is None:
        return place.store.begin(night)
    return place.store.begin(night, keep=BY_SOURCE if place.stage in BY_SOURCE else STAGES[:position])


def _build(run: Run, place: _Place, module: Any, folder: Path, fresh: Path) -> dict[str, Any]:
    from pipeline import quality
    from pipeline.ingest import noted

    spill = place.store.data / "spill" / str(os.getpid())
    with Session(run.settings, place.stage, fresh, spill) as session:
        _attach(run, place, module, folder, session)
        module.build(run, session, place.source) if place.source else module.build(run, session)
        if place.source:
            noted.put(session, place.source)
        checked = quality.check(run, session, place.stage) if session.kept or session.carried else []
        _put_checks(session, checked)
        tables = session.write()
        rows, failed = session.rows, _failed(session)
        return {
            "stage": place.stage,
            "source": place.source,
            "night": run.night.isoformat(),
            "needs": list(module.NEEDS),
            "tables": {name: count for name, count in tables.items() if name != "checks"},
            "rows_in": int(rows.get("in", 0)),
            "rows_out": int(rows.get("out", sum(v for k, v in tables.items() if k != "checks"))),
            "rows_quarantined": int(rows.get("quarantined", 0)),
            "checks": tables.get("checks", 0),
            "warnings": failed,
            "messages": session.messages,
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }


def _put_checks(session: Any, checked: Sequence[Any]) -> None:
    import pandas as pd

    from pipeline.quality import CHECKS_COLUMNS

    if not checked:
        return
    frame = pd.DataFrame([[getattr(c, name) for name in CHECKS_COLUMNS] for c in checked], columns=CHECKS_COLUMNS)
    if f"{session.schema}.checks" in session.kept:  # those that the stage made itself, row by row
        frame = pd.concat([session.frame(f"{session.schema}.checks"), frame], ignore_index=True)
    session.put(f"{session.schema}.checks", frame, grain=("table_name", "expectation", "column_name", "reason"))


def _failed(session: Any) -> list[str]:
    """The stage's checks that did not hold; all of them are warnings, or of rows that went to the quarantine."""
    table = f"{session.schema}.checks"
    if table not in session.kept:
        return []
    rows = session.frame(f"{table} where not success", "table_name, expectation, column_name").itertuples(index=False)
    return sorted(" ".join(row) for row in rows)


def _attach(run: Run, place: _Place, module: Any, folder: Path, session: Any) -> None:
    """Attaches what the stage needs of this night, and points to its own tables of the night before."""
    for need in module.NEEDS:
        session.attach(need, _folders(folder, need, place))
    catalog = place.store.read()
    before = catalog.before(run.night.isoformat())
    if before is None:
        return
    last = place.store.folder(before, int(catalog.night(before).build or 0))
    for stage in {*module.NEEDS, place.stage}:
        session.previous_folders[stage] = [f for f in _places(last, stage, place) if f.is_dir()]


def _places(folder: Path, stage: str, place: _Place) -> list[Path]:
    """Where a stage's tables lie in a build: of the source at hand, or of all of them."""
    if stage not in BY_SOURCE:
        return [folder / stage]
    return [folder / stage / source for source in ((place.source,) if place.source else SOURCES)]


def _folders(folder: Path, stage: str, place: _Place) -> list[Path]:
    """The folders of a stage that is needed; raises StageError where one is not there."""
    places = _places(folder, stage, place)
    missing = [path for path in places if not path.is_dir()]
    if missing:
        raise StageError(
            "what the stage needs is not there",
            where=str(missing[0]),
            fix=f"Run the stage {stage} first (in Airflow: clear it together with its downstream tasks)",
        )
    return places


def _commit(place: _Place, folder: Path, fresh: Path) -> None:
    """Puts the stage's folder in place; what rested on its former self in this build goes first."""
    if place.stage in _PRIVATE:
        for later in _PRIVATE[STAGES.index(place.stage) + 1 :]:
            rests = folder / later / place.source if place.source and later in BY_SOURCE else folder / later
            shutil.rmtree(rests, ignore_errors=True)
    target = folder / place.path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted(fresh.rglob("*")):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
    fresh.rename(target)
    sync_folder(target.parent)
