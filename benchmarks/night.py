"""Time one or more nights, stage by stage, beside a floor measured in the same run.

    python benchmarks/night.py [--people N | --exports DIR --journey-map FILE] [--nights NIGHT ...]

The floor is plain DuckDB that reads the night's files once and writes them as typed Parquet: what no pipeline can
undercut. Each stage runs in a process of its own, so that its peak memory is its own; the time of library imports
is taken apart. Prints one table a night.
"""

import argparse
import builtins
import importlib
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THREADS, MEMORY_LIMIT = 2, "4GB"
ENDINGS = (".csv", ".json", ".jsonl", ".parquet")
TIMES = ("ordered_at", "starts_at", "ends_at", "occurred_at", "created_at", "updated_at", "timestamp", "receivedAt")
TYPES = (
    dict.fromkeys(TIMES, "timestamptz")
    | dict.fromkeys(("amount", "rating", "duration_seconds", "value"), "double")
    | dict.fromkeys(("likes", "shares"), "bigint")
    | dict.fromkeys(("date", "birth_date"), "date")
    | dict.fromkeys(("consent_analytics", "consent_marketing"), "boolean")
)
EVENT_COLUMNS = ("messageId", "type", "anonymousId", "userId", "event", "name", "timestamp", "receivedAt")
POST_COLUMNS = ("id", "platform", "author_handle", "created_at", "text", "lang", "likes", "shares", "city")


# imported before the clock starts: while a stage imports them its threads are at work already
LIBRARIES = (
    "duckdb",
    "expectations.ingest",
    "great_expectations",
    "isal.isal_zlib",
    "pandas",
    "pipeline.quality",
    "pipeline.runner",
    "pipeline.stages.ingest",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "sqlglot",
)


@dataclass(frozen=True)
class Cost:
    """What one step took: seconds without imports, seconds of imports, peak memory of its process, rows read."""

    name: str
    seconds: float
    import_seconds: float
    peak_memory_mb: float
    rows: int = 0


# -- measuring --------------------------------------------------------------------------------------------------------


@contextmanager
def import_clock(clock: Callable[[], float] = time.perf_counter) -> Iterator[list[float]]:
    """Adds up the seconds, by the clock, that import statements take while it is open; nested imports count once."""
    spent, depth, real = [0.0], [0], builtins.__import__

    def timed(*given: Any, **named: Any) -> Any:
        depth[0] += 1
        started = clock()
        try:
            return real(*given, **named)
        finally:
            depth[0] -= 1
            if not depth[0]:
                spent[0] += clock() - started

    builtins.__import__ = timed
    try:
        yield spent
    finally:
        builtins.__import__ = real


def peak_memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str, step: Callable[..., int], *given: object) -> Cost:
    """The cost of step(*given), which returns the rows that it read. Runs in a fresh process: see alone()."""
    with import_clock() as imports:
        for library in LIBRARIES if step is stage else ():
            importlib.import_module(library)
        first, started = imports[0], time.perf_counter()
        rows = step(*given)
        seconds = time.perf_counter() - started
    return Cost(name, seconds - (imports[0] - first), imports[0], peak_memory_mb(), rows)


def alone(name: str, step: Callable[..., int], *given: object) -> Cost:
    """measured() in a process of its own.

    Linux hands a parent's peak memory on to its children, so this process imports nothing heavy itself.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(measured, name, step, *given).result()


# -- what is measured -------------------------------------------------------------------------------------------------


def make_company(folder: str, people: int, nights: list[str] | None) -> int:
    from pipeline.demo import NIGHTS, generate

    generate(Path(folder), people=people, nights=tuple(nights or NIGHTS))
    return people


def floor(exports: str, night: str, target: str) -> int:
    """Read each table's files of the night and write them as one typed Parquet file a table; returns the rows."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY_LIMIT})
    connection.execute("set timezone = 'UTC'")
    rows = 0
    for folder in sorted(Path(exports).glob(f"*/*/{night}")):
        if files := delivered(folder):
            place = Path(target) / f"{folder.parent.parent.name}_{folder.parent.name}.parquet"
            query = typed(connection, files)
            done = connection.execute(f"copy ({query}) to '{place}' (format parquet)").fetchone()
            rows += int(done[0]) if done else 0
    return rows


def delivered(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.iterdir()) if path.name.endswith(_with_packing(ENDINGS))]


def _with_packing(endings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(ending + packed for ending in endings for packed in ("", ".gz", ".zst"))


def typed(connection: Any, files: list[str]) -> str:
    """A select of the files' columns, those of TYPES cast; what does not cast becomes null."""
    source = reader(files)
    names = [row[0] for row in connection.execute(f"describe select * from {source}").fetchall()]
    # nullif keeps DuckDB from moving the cast into its reader, where one bad value ends the whole file
    casts = [f'try_cast(nullif("{n}", \'\') as {TYPES[n]}) as "{n}"' if n in TYPES else f'"{n}"' for n in names]
    return f"select {', '.join(casts)} from {source}"


def reader(files: list[str]) -> str:
    """DuckDB's table function for files of one table: all text, lines that are not JSON skipped."""
    if ".parquet" in files[0]:
        return f"read_parquet({files}, union_by_name = true)"
    if ".json" not in files[0]:
        return f"read_csv({files}, all_varchar = true, header = true, union_by_name = true)"
    is_web = "/events/" in files[0]
    columns = dict.fromkeys(EVENT_COLUMNS if is_web else POST_COLUMNS, "varchar")
    columns |= dict.fromkeys(("properties", "traits", "context") if is_web else ("topics",), "json")
    return f"read_json({files}, format = 'newline_delimited', ignore_errors = true, columns = {columns})"


def stage(settings: dict[str, str], night: str, name: str, source: str | None) -> int:
    """One stage of the night, as the command line and the DAGs run it; returns the rows that it put out."""
    from pipeline.runner import run_stage
    from pipeline.settings import load_settings

    places = load_settings(exports=settings["exports"], journey_map=settings["journey_map"], data=settings["data"])
    summary = run_stage(places, name, night, source)
    return int(summary["rows_in"] or summary["rows_out"])


# -- the nights -------------------------------------------------------------------------------------------------------


def run_night(settings: dict[str, str], night: str, scratch: Path) -> tuple[Cost, list[Cost]]:
    """The floor and the stages of one night."""
    from pipeline.stages import BY_SOURCE, SOURCES, STAGES

    target = scratch / f"floor-{night}"
    target.mkdir()
    ground = alone("floor: DuckDB reads, writes Parquet", floor, settings["exports"], night, str(target))
    costs = []
    for name in STAGES:
        for source in SOURCES if name in BY_SOURCE else (None,):
            label = f"{name} {source}" if source else name
            costs.append(alone(label, stage, settings, night, name, source))
    return ground, costs


def together(name: str, costs: list[Cost]) -> Cost:
    """The sum of the seconds and the largest peak."""
    seconds, imports = (sum(getattr(c, field) for c in costs) for field in ("seconds", "import_seconds"))
    return Cost(name, seconds, imports, max(c.peak_memory_mb for c in costs), sum(c.rows for c in costs))


def table(night: str, ground: Cost, costs: list[Cost]) -> str:
    """The night as a Markdown table: each step, the sums of pull and of ingest, the whole."""
    lines = [
        f"\nNight {night}\n",
        "| step | rows | seconds | imports | peak MB | x floor |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines.append(_line(ground, ground))
    for i, cost in enumerate(costs):
        lines.append(_line(cost, ground))
        kind = cost.name.split()[0]
        group = [c for c in costs if c.name.split()[0] == kind]
        if len(group) > 1 and (i + 1 == len(costs) or costs[i + 1].name.split()[0] != kind):
            lines.append(_line(together(f"**{kind}, all**", group), ground))
    lines.append(_line(together("**the night**", costs), ground, count=False))
    return "\n".join(lines)


def _line(cost: Cost, ground: Cost, *, count: bool = True) -> str:
    rows = f"{cost.rows:,}" if count else ""
    ratio = cost.seconds / max(ground.seconds, 1e-9)
    return (
        f"| {cost.name} | {rows} | {cost.seconds:.2f} | {cost.import_seconds:.2f} "
        f"| {cost.peak_memory_mb:.0f} | {ratio:.2f} |"
    )


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description="Time a night and its stages beside a floor.")
    top.add_argument("--people", type=int, default=5000, help="people of the made-up company (default 5000)")
    top.add_argument("--exports", metavar="DIR", type=Path, help="deliveries to run instead of a made-up company")
    top.add_argument("--journey-map", metavar="FILE", type=Path, help="their journey map")
    top.add_argument("--nights", metavar="NIGHT", nargs="+", help="the nights to run, in order (default: all)")
    return top


def main() -> None:
    top = parser()
    given = top.parse_args()
    if (given.exports is None) != (given.journey_map is None):
        top.error("--exports and --journey-map go together")
    with tempfile.TemporaryDirectory(prefix="landmark-night-") as name:
        scratch = Path(name)
        exports, journey_map = given.exports, given.journey_map
        if exports is None:
            made = alone("made", make_company, str(scratch / "company"), given.people, given.nights)
            print(f"{given.people:,} people made up in {made.seconds:.0f} s, {made.peak_memory_mb:.0f} MB")
            exports, journey_map = scratch / "company" / "exports", scratch / "company" / "journey.yml"
        settings = {"exports": str(exports), "journey_map": str(journey_map), "data": str(scratch / "data")}
        nights = given.nights or sorted({path.name for path in exports.glob("*/*/*") if path.is_dir()})
        for night in nights:
            print(table(night, *run_night(settings, night, scratch)), flush=True)


if __name__ == "__main__":
    main()
