"""Time the missions of a made-up company whose missions are known, and say how well they are found.

    python benchmarks/missions.py [--journeys N] [--missions K] [--seed S]

Makes the tables that the stage reads (an order a journey and some eight pages before it), then takes a first night
(read, learn, place), looks whether a night with one journey in a hundred more would learn anew, and lets k-means, a
Gaussian mixture and a plain mixed mixture group the same journeys, told the true number and which signals tell.
Seconds are without imports; memory is the process's peak, the made-up tables in it. Two threads.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from mission_rivals import RIVALS, number_by_bic, tables
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from pipeline.estimators.mission_renewal import renew
from pipeline.estimators.mission_signals import Signals
from pipeline.estimators.mission_standing import Standing
from pipeline.journey_map import JourneyMap, load_journey_map
from pipeline.settings import Settings
from pipeline.stages.mission_reading import read_signals
from pipeline.warehouse import Session

MAP = """
brand: Benchmark
currency: EUR
journey: {lookback_days: 14, follow_up_days: 10, inactivity_days: 21}
retention: {horizon_days: 90}
steps:
  - name: look
    sub_steps:
      - name: compare
        when: "source = 'web'"
        moments:
          - {name: guide, when: "source = 'web' and event = 'guide'", type: informative, micro_moment: know}
"""
DAY, HOUR = np.timedelta64(1, "D"), np.timedelta64(1, "h")
AGENTS = np.array(["Mozilla/5.0 (iPhone) Mobile", "Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 (Macintosh)"])
PAGES, TOPICS, CATEGORIES = 8, 15, 12


def make(journeys: int, missions: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The tables journeys (with its true mission), touchpoints and events."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(missions, journeys, p=rng.dirichlet(np.full(missions, 8.0)))
    orders = _orders(rng, truth, missions)
    number = rng.poisson(PAGES, journeys)
    row = np.repeat(np.arange(journeys), number)
    topic = _drawn(rng, rng.dirichlet(np.full(TOPICS, 0.5), missions), truth[row])
    before = rng.integers(1, 14 * 24, len(row)) * HOUR
    ids = np.char.add("t", np.arange(len(row)).astype(str)).astype(object)
    web = pd.DataFrame({"touch_id": ids, "record_id": ids, "source": "web", "brand": "Benchmark", "channel": "web"})
    web["event"] = web["topic"] = np.char.add("topic ", topic.astype(str)).astype(object)
    for name in ("journey_id", "customer_id"):
        web[name] = orders[name].to_numpy()[row]
    web["occurred_at"] = orders["ordered_at"].to_numpy()[row] - before
    web = web.assign(
        **dict.fromkeys(("category", "outcome", "attributes", "text"), pd.array([None] * len(web), "string"))
    )
    web = web.assign(**dict.fromkeys(("amount", "duration_seconds", "rating", "valence"), np.nan))
    agent = AGENTS[_drawn(rng, rng.dirichlet(np.full(3, 4.0), missions), truth[row])].astype(object)
    events = pd.DataFrame({"message_id": ids, "type": "page", "name": web["topic"], "user_agent": agent})
    events["campaign_medium"] = np.array(["email", "search", None], dtype=object)[rng.integers(0, 3, len(row))]
    return orders, web, events


def _orders(rng: np.random.Generator, truth: np.ndarray, missions: int) -> pd.DataFrame:
    n = len(truth)
    ordered = np.datetime64("2025-01-01T08:00") + rng.integers(0, 500 * 24, n) * HOUR
    lead = np.exp(rng.normal(2.2 + 0.6 * rng.permutation(missions)[truth], 0.5))
    nights = 1 + rng.poisson((1.0 + rng.integers(0, 4, missions))[truth])
    party = 1 + rng.poisson((0.5 + rng.integers(0, 3, missions))[truth])
    value = np.round(np.exp(rng.normal(4, 0.35, n)) * nights * np.sqrt(party), 2)
    columns = zip(party, nights, rng.integers(0, 9, n), strict=True)
    starts = ordered + (lead * 24).astype(int) * HOUR
    category = _drawn(rng, 0.75 * rng.dirichlet(np.full(CATEGORIES, 0.4), missions) + 0.25 / CATEGORIES, truth)
    ids = np.char.zfill(np.arange(n).astype(str), 8)
    return pd.DataFrame(
        {
            "journey_id": np.char.add("j", ids).astype(object),
            "customer_id": np.char.add("c", rng.integers(0, max(1, n // 2), n).astype(str)).astype(object),
            "order_id": np.char.add("o", ids).astype(object),
            "ordered_at": ordered,
            "starts_at": starts,
            "ends_at": starts + nights * DAY,
            "category": np.char.add("category ", category.astype(str)).astype(object),
            "attributes": [f'{{"guests": {{"count": {p}}}, "nights": {m}, "desk": "d{d}"}}' for p, m, d in columns],
            "value": value,
            "truth": truth,
        }
    )


def _drawn(rng: np.random.Generator, shares: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """One column of `shares` (missions x columns) for each row of `truth`."""
    reach = np.cumsum(shares, axis=1)[truth]
    place: np.ndarray = np.minimum((rng.random(len(truth))[:, None] > reach).sum(axis=1), shares.shape[1] - 1)
    return place


@contextmanager
def told(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step:34s} {seconds[step]:8.1f} s {peak:8.0f} MB")


def first_night(session: Session, the_map: JourneyMap, seed: int) -> tuple[Signals, Standing, dict[str, float]]:
    """Reads, learns and places; then a night with one journey in a hundred more, which learns nothing."""
    seconds: dict[str, float] = {}
    with told("read", seconds):
        journeys, signals = read_signals(session, the_map, "UTC")
    everyone, n = np.ones(len(journeys), dtype=bool), len(journeys)
    with told("learn", seconds):
        renewal = renew(signals, ~everyone, None, seed)
    if renewal.choice is None:
        raise SystemExit("nothing can be learned of so few journeys")
    model, heard = renewal.choice.model, renewal.heard
    names = [f"m{k}" for k in range(model.missions)]
    standing = Standing(model, names, [], [], [], None, renewal.gain, "", heard, n - n // 100, "")
    with told("place", seconds):
        standing.place(signals, everyone)
    print(f"{'read, learn, place':34s} {sum(seconds.values()):8.1f} s")
    with told("a later night: is it due", {}):
        renew(signals, np.arange(n) >= n - n // 100, standing, seed)
    return signals, standing, seconds


def beside_rivals(
    signals: Signals, standing: Standing, truth: np.ndarray, seconds: dict[str, float], seed: int
) -> None:
    """What was found, and what the rivals find of the same journeys; seconds are of learning and placing alone."""
    ours, missions = seconds["learn"] + seconds["place"], len(np.unique(truth))
    label, _ = standing.place(signals, np.ones(len(truth), dtype=bool))
    print(f"{'':34s} missions  adjusted Rand  largest error of a share   seconds   x ours")
    _compare("ours", truth, label, ours, 1.0)
    numbers, counts = tables(signals)
    for name, rival in RIVALS.items():
        started = time.perf_counter()
        label = rival(numbers, counts, missions, seed)
        took = time.perf_counter() - started
        _compare(name, truth, label, took, took / ours)
    print(f"the mixed mixture's BIC asks for {number_by_bic(numbers, counts, seed)} missions or more; true: {missions}")


def _compare(name: str, truth: np.ndarray, label: np.ndarray, seconds: float, ratio: float) -> None:
    placed = label >= 0
    found, true = (np.sort(np.bincount(one) / len(one)) for one in (label[placed], truth))
    error = f"{np.abs(found - true).max():.3f}" if len(found) == len(true) else "-"
    rand = adjusted_rand_score(truth, label)
    print(f"{name:34s} {len(found):8d} {rand:14.3f} {error:>25s} {seconds:9.1f} {ratio:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--journeys", type=int, default=160_000)
    parser.add_argument("--missions", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    orders, touches, events = make(given.journeys, given.missions, given.seed)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        path = Path(folder) / "journey.yml"
        path.write_text(MAP, "utf-8")
        settings = Settings(data=Path(folder), exports=folder, journey_map=path, memory_limit="1GB", threads=2)
        with Session(settings, "missions", Path(folder), Path(folder) / "spill") as session:
            for name, table in (("journeys.journeys", orders.drop(columns="truth")), ("journeys.touchpoints", touches)):
                _store(session, name, table, Path(folder))
            _store(session, "ingest.events", events, Path(folder))
            rows = len(touches)
            del touches, events
            print(f"{len(orders):,} journeys, {rows:,} pages read")
            night = first_night(session, load_journey_map(path), settings.seed)
        beside_rivals(*night[:2], orders["truth"].to_numpy(), night[2], settings.seed)


def _store(session: Session, name: str, table: pd.DataFrame, folder: Path) -> None:
    """As the stage finds it: a Parquet file behind a view."""
    schema, _, short = name.partition(".")
    (folder / schema).mkdir(exist_ok=True)
    table.to_parquet(folder / schema / f"{short}.parquet", index=False)
    session.attach(schema, [folder / schema])


if __name__ == "__main__":
    main()
