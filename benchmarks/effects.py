"""What a treatment did, in any table: ours beside plain comparison, regression, DoubleML and EconML, in one run.

    python benchmarks/effects.py TABLE --treatment COLUMN --outcome COLUMN [--covariates a,b c] [--cluster COLUMN]
                                 [--on all|treated] [--effect NUMBER] [--seeds N]
    python benchmarks/effects.py --made 1000000 [--moments 20] [--missions 5]

TABLE is CSV or Parquet; the outcome a number or two values. Every method gets the same rows and covariates, in a
process of its own; seconds are without imports. `--effect` is the effect as an experiment has it, or as it was planted.
`--seeds` splits the rows anew that many times. `--made` times the night's own estimator on trials of that many
journeys (made_trials.py). The other libraries come with `pip install '.[benchmarks]'`; one that is missing is skipped.
"""

import argparse
import os
import pickle
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from effect_methods import METHODS, Estimate
from effect_tables import TableError, prepare
from identity import alone
from night import import_clock, peak_memory_mb


@dataclass(frozen=True)
class Result:
    """A method's estimates and seconds, one a seed, and the peak memory of its process; or why there are none."""

    name: str
    estimates: tuple[Estimate, ...]
    seconds: tuple[float, ...]
    peak_memory_mb: float
    skipped: str = ""


def prepared(place: str, *given: object) -> list[str]:
    """Writes the table as Data to `place`; returns what is said of it, or a line that starts with "error:"."""
    try:
        data, said = prepare(*given)  # type: ignore[arg-type]
    except TableError as error:
        return [f"error: {error}"]
    Path(place).write_bytes(pickle.dumps(data))
    return said


def measured(name: str, place: str, on: str | None, seeds: int) -> Result:
    """Runs in a fresh process. Once ours has said which rows its effect is on, it stays with them."""
    import warnings

    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the processes that libraries start
    try:
        measure = METHODS[name]()
    except ImportError as error:
        return Result(name, (), (), 0.0, f"not installed ({error.name or error})")
    data = pickle.loads(Path(place).read_bytes())
    estimates, seconds = [], []
    for seed in range(seeds):
        with import_clock() as imports, threadpool_limits(1):
            started = time.perf_counter()
            try:
                found = measure(data, on, seed)
            except Exception as error:
                return Result(name, (), (), 0.0, f"it failed: {type(error).__name__}: {str(error)[:200]}")
            seconds.append(time.perf_counter() - started - imports[0])
        estimates.append(found)
        on = found.on
    return Result(name, tuple(estimates), tuple(seconds), peak_memory_mb())


def line(result: Result, effect: float | None, ours: float | None) -> str:
    """One row of the table: medians over the seeds."""
    if result.skipped:
        return f"| {result.name} | skipped: {result.skipped} |" + " |" * (4 + 2 * (effect is not None))
    found, seconds = result.estimates, median(result.seconds)
    middle, low, high = (median(getattr(e, end) for e in found) for end in ("effect", "low", "high"))
    cells = [result.name, number(middle), f"{number(low)} to {number(high)}"]
    if effect is not None:
        held = sum(e.low <= effect <= e.high for e in found)
        cells += [number(abs(middle - effect)), f"{held} of {len(found)}"]
    ratio = f"{seconds / ours:,.1f}" if ours else ""
    return f"| {' | '.join([*cells, f'{seconds:,.2f}', ratio, f'{result.peak_memory_mb:,.0f}'])} |"


def number(value: float) -> str:
    """Four figures, or whole from a thousand on."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def header(effect: float | None, seeds: int) -> str:
    cells = ["method", "effect" if seeds == 1 else f"median of {seeds}", "95 % interval"]
    cells += ["error", "holds it"] if effect is not None else []
    cells += ["seconds", "x ours", "peak MB"]
    return f"\n| {' | '.join(cells)} |\n|---|{'--:|' * (len(cells) - 1)}"


def beside_each_other(given: argparse.Namespace, place: str) -> None:
    """Runs the methods, ours first: on which rows its effect is, the others measure it too."""
    on, own = given.on, None
    results: list[Result] = []
    for name in [name for name in METHODS if name in given.methods]:
        result = alone(measured, name, place, on, given.seeds)
        if result.skipped:
            print(f"SKIPPED {name}: {result.skipped}", file=sys.stderr, flush=True)
        elif name == "ours":
            on, own = result.estimates[-1].on, median(result.seconds)
        if not results:
            print(where(on, given.on), header(given.effect, given.seeds), sep="\n")
        print(line(result, given.effect, own), flush=True)
        results.append(result)
    for result in results:
        for note in sorted({estimate.note for estimate in result.estimates} - {""}):
            print(f"\n{result.name}: {note}")
    if any(result.name == "ours" and result.skipped for result in results):
        raise SystemExit(1)


def where(on: str | None, asked: str | None) -> str:
    if on != "treated":
        return "the effect is the mean over all rows"
    reason = "" if asked else ": too few of the others could have been treated"
    return f"the effect is the mean over the treated rows{reason}"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("table", nargs="?", help="CSV or Parquet")
    top.add_argument("--treatment", metavar="COLUMN", help="a column of two values")
    top.add_argument("--outcome", metavar="COLUMN", help="numbers, or two values")
    top.add_argument("--covariates", nargs="+", default=[], metavar="COLUMN", help="default: all other columns")
    top.add_argument("--cluster", metavar="COLUMN", help="whose rows are not independent: a person, a place")
    top.add_argument("--on", choices=("all", "treated"), help="default: all, or treated where only that can be told")
    top.add_argument("--effect", type=float, metavar="NUMBER", help="the effect that is known")
    top.add_argument("--seeds", type=int, default=1, metavar="N", help="random splits (default 1)")
    top.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="NAME")
    top.add_argument("--made", type=int, metavar="JOURNEYS", help="the night's trials of so many made-up journeys")
    top.add_argument("--moments", type=int, default=20, help="of the made-up journeys (default 20)")
    top.add_argument("--missions", type=int, default=5, help="of the made-up journeys (default 5)")
    return top


def main() -> None:
    top = parser()
    given = top.parse_args()
    if given.made is not None:
        from made_trials import show

        if given.table or min(given.made // 1000, given.moments, given.missions) < 1:
            top.error("--made takes no TABLE, at least 1,000 journeys, and at least one moment and mission")
        show(given.made, given.moments, given.missions)
        return
    if not (given.table and given.treatment and given.outcome):
        top.error("TABLE, --treatment and --outcome go together; or --made N")
    if given.seeds < 1:
        top.error(f"--seeds {given.seeds}: at least one")
    with tempfile.TemporaryDirectory(prefix="landmark-effects-") as folder:
        place = str(Path(folder) / "data.pickle")
        said = alone(prepared, place, given.table, given.treatment, given.outcome, given.covariates, given.cluster)
        if said[0].startswith("error:"):
            top.error(said[0].removeprefix("error: "))
        print(*said, sep="\n", flush=True)
        beside_each_other(given, place)


if __name__ == "__main__":
    main()
