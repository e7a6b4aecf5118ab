"""The night's ranking beside other ways to rank moments, on made-up worlds whose truth is known.

    python benchmarks/ranking.py [--people N] [--seeds 1,2,3] [--bend B] [--nothing] [--hidden]

Each seed is a company of `landmark demo`: its first night is run from its raw exports, and the ranking that it makes is
scored against what was planted. The others get the same journeys, missions and covariates as the night's own
estimator (ranking_methods.py). Seconds are a world's, without imports; ours are those of the whole estimation.
SHAP and DoubleML come with `pip install '.[benchmarks]'`; without them, they are skipped.
"""

import argparse
import math
import pickle
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from identity import alone
from night import import_clock

if TYPE_CHECKING:
    from ranking_methods import Said
    from ranking_scores import Scores

OURS, PLAIN = "ours", "plain difference"
NAMES = (PLAIN, "odds ratio", "logistic coefficients", "SHAP, boosted trees", "DoubleML, linear", "DoubleML, boosted")


@dataclass(frozen=True)
class Recipe:
    """What a world is made of, as `landmark demo` has it."""

    people: int
    seed: int
    bend: float
    nothing: bool
    hidden: bool


@dataclass(frozen=True)
class Found:
    """What one method said of one world, or why it did not."""

    said: "Said | None"
    seconds: float
    skipped: str = ""


# -- each step in a process of its own --------------------------------------------------------------------------------


def run_world(folder: str, recipe: Recipe) -> float:
    """Makes the world and runs its first night; keeps the trials and returns the seconds of the night's estimation.

    The trials are taken where the stage hands them over, so that all methods see what the night saw.
    """
    from pipeline.demo import NIGHTS, generate
    from pipeline.runner import run_night
    from pipeline.settings import load_settings
    from pipeline.stages import ranking

    world, seconds, rank = Path(folder), [0.0], ranking.rank
    kind = {"bend": recipe.bend, "effects": not recipe.nothing, "hidden": recipe.hidden}
    generate(world, people=recipe.people, seed=recipe.seed, **kind)  # type: ignore[arg-type]

    def kept(trials: Any, *given: Any) -> Any:
        (world / "trials.pickle").write_bytes(pickle.dumps(trials))
        with import_clock() as imports:
            started = time.perf_counter()
            found = rank(trials, *given)
            seconds[0] = time.perf_counter() - started - imports[0]
        return found

    ranking.rank = kept  # type: ignore[assignment]
    settings = load_settings(exports=str(world / "exports"), journey_map=world / "journey.yml", data=world / "data")
    marts = run_night(settings, NIGHTS[0], through="marts")
    (world / "marts").symlink_to(marts)
    return seconds[0]


def compare(folder: str, name: str) -> Found:
    """What a method other than ours says of a world."""
    import warnings

    from ranking_methods import RIVALS, need, world_of
    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    try:
        need(name)
    except ImportError as error:
        return Found(None, 0.0, f"not installed ({error.name or error})")
    world = world_of(pickle.loads((Path(folder) / "trials.pickle").read_bytes()))
    with import_clock() as imports, threadpool_limits(1):
        started = time.perf_counter()
        found = RIVALS[name](world)
        seconds = time.perf_counter() - started - imports[0]
    return Found(found, seconds)


def published(folder: str) -> "tuple[Said, Any]":
    """What the night's mart says, and the planted effects, in the order of the trials' moments and missions."""
    import numpy as np
    import pandas as pd
    from ranking_methods import Said
    from ranking_scores import ALL, true_effects

    from pipeline.journey_map import load_journey_map

    world = Path(folder)
    missions = pickle.loads((world / "trials.pickle").read_bytes()).missions
    mart = pd.read_parquet(world / "marts" / "moment_ranking.parquet")
    moments = [row.moment for row in load_journey_map(world / "journey.yml").moments()]
    order = pd.MultiIndex.from_product([moments, [*missions, ALL]], names=["moment", "mission"])
    mart = mart.set_index(["moment", "mission"]).reindex(order)
    shape = len(moments), len(missions) + 1
    told = mart["verdict"].ne("cannot_tell").to_numpy() & mart["effect"].notna().to_numpy()
    figures = [mart[column].to_numpy(float) for column in ("effect", "ci_low", "ci_high")]
    effect, low, high = (np.where(told, figure, np.nan).reshape(shape) for figure in figures)
    named = mart["verdict"].isin(["drives", "harms"]).to_numpy().reshape(shape)
    truth = true_effects(world / "marts", world / "truth", missions, moments)
    return Said(effect, low, high, np.abs(effect), named), truth


def scored(worlds: "list[tuple[Said, Said, Any]]") -> "Scores":
    from ranking_scores import score

    return score(worlds)


# -- the comparison ---------------------------------------------------------------------------------------------------


def compared(given: argparse.Namespace, scratch: Path) -> dict[str, list[tuple[Any, Any, Any, float]]]:
    """By method, what it said of each world, what a plain difference said, the truth, and the seconds."""
    found: dict[str, list[tuple[Any, Any, Any, float]]] = {}
    for seed in given.seeds:
        folder = str(scratch / f"world-{seed}")
        started = time.perf_counter()
        seconds = alone(run_world, folder, Recipe(given.people, seed, given.bend, given.nothing, given.hidden))
        own, truth = alone(published, folder)
        print(f"seed {seed}: made and run in {time.perf_counter() - started:.0f} s", flush=True)
        plain = alone(compare, folder, PLAIN)
        found.setdefault(OURS, []).append((own, plain.said, truth, seconds))
        for name in given.methods:
            other = plain if name == PLAIN else alone(compare, folder, name)
            if other.skipped:
                print(f"SKIPPED {name}: {other.skipped}", file=sys.stderr, flush=True)
            else:
                found.setdefault(name, []).append((other.said, plain.said, truth, other.seconds))
    return found


def table(found: dict[str, list[tuple[Any, Any, Any, float]]]) -> str:
    lines = [
        "\n| method | told | coverage | named | false | power | ndcg5 | rmse, points | of plain | seconds |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, worlds in found.items():
        s = alone(scored, [world[:3] for world in worlds])
        cells = [share(s.told), share(s.coverage), str(s.named), share(s.false_discoveries), share(s.power)]
        cells += [share(s.ndcg5), share(100 * s.rmse, 2), share(s.of_plain, 2)]
        cells.append(f"{sum(world[3] for world in worlds) / len(worlds):,.1f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def share(value: float, places: int = 3) -> str:
    return "–" if math.isnan(value) else f"{value:.{places}f}"


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: whole numbers with commas between them, as in 1,2,3") from None


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--people", type=int, default=4000, help="of each world (default 4000)")
    top.add_argument("--seeds", type=_seeds, default=[1, 2, 3], metavar="A,B,C", help="a world each (default 1,2,3)")
    top.add_argument("--bend", type=float, default=0.0, help="0..1: how far the confounding bends")
    top.add_argument("--nothing", action="store_true", help="no moment does anything")
    top.add_argument("--hidden", action="store_true", help="a strong cause that no export shows")
    top.add_argument("--methods", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME", help="beside ours")
    return top


def main() -> None:
    given = parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="landmark-ranking-") as scratch:
        found = compared(given, Path(scratch))
        print(table(found))


if __name__ == "__main__":
    main()
