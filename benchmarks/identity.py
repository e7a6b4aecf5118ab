"""Who is who in any table of people whose truth is known: ours beside splink alone and exact rules, in one run.

    python benchmarks/identity.py TABLE --id COLUMN --truth COLUMN [--map first_name=COLUMN ...]
    python benchmarks/identity.py --made 60000 [--seed S]

TABLE is CSV or Parquet; what its columns mean is told by their names, else by their values (person_tables.py). Each
method runs in a process of its own on the same prepared table. Prints the columns' meaning and one Markdown table.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

THREADS, MEMORY_LIMIT = 2, "4GB"
SMALL_TABLE = 20_000


@dataclass(frozen=True)
class Task:
    """Where the prepared table lies, the roles of its columns, how many attributes it has; where labels go."""

    folder: str
    roles: tuple[str, ...]
    attributes: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return str(Path(self.folder) / "profiles.parquet")


@dataclass(frozen=True)
class Result:
    """What one method took and made. labels: the cluster of each record, by variant of the method."""

    name: str
    seconds: float
    peak_memory_mb: float
    labels: dict[str, Any] = field(default_factory=dict)


# -- methods ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """What a session may use."""

    memory_limit: str = MEMORY_LIMIT
    threads: int = THREADS


def ours(task: Task) -> dict[str, Any]:
    """The product's linker; no column is taken for a key, what a value is worth is learned."""
    import numpy as np
    from person_spec import spec_of
    from person_tables import Columns

    from pipeline.estimators.identity import linker
    from pipeline.warehouse import Session

    spec = spec_of(Columns({role: (role,) for role in task.roles}, task.attributes))
    nothing = np.array([], np.int64)
    with Session(Limits(), "identity", Path(task.folder), Path(task.folder) / "spill-ours") as session:  # type: ignore[arg-type]
        session.select("identity.profiles", f"select * from read_parquet('{task.table}')")
        count = session.count("identity.profiles")
        own = np.ones(count, np.int64)
        model = linker.learn(session, "identity.profiles", own, np.arange(count), spec)
        scored = linker.score(session, "identity.profiles", model)
        keys = (nothing, nothing, np.array([], object))
        cuts = cuts_of(model.households.same[0])
        found = linker.decide(count, keys, scored, lambda _: (nothing, nothing), kinds=own, model=model, cuts=cuts)
    return {"": found.labels}


def cuts_of(rate: float) -> tuple[float, float, float]:
    """Where groups part, for the best F1: a company would rather miss a customer than merge two, a benchmark not.

    rate: how many other records of its person a record has. The more there are, the more of their pairs carry a slip in
    both records, and the lower lies the mean probability within a person.
    """
    cut = max(1.0 / (2.0 + rate), 0.2)
    return 0.5, cut, cut


def splink_alone(task: Task) -> dict[str, Any]:
    """Splink as its documentation sets it up: ready-made comparisons, three kinds of training, connected components."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.internals.exceptions import EMTrainingException

    made = {
        "first_name": lambda c: cl.NameComparison(c).configure(term_frequency_adjustments=True),
        "last_name": lambda c: cl.NameComparison(c).configure(term_frequency_adjustments=True),
        "born": lambda c: cl.DateOfBirthComparison(c, input_is_string=True),
        "street": lambda c: cl.JaroWinklerAtThresholds(c, [0.9, 0.8]).configure(term_frequency_adjustments=True),
        "city": lambda c: cl.ExactMatch(c).configure(term_frequency_adjustments=True),
        "postcode": lambda c: cl.LevenshteinAtThresholds(c, 1).configure(term_frequency_adjustments=True),
        "phone": lambda c: cl.LevenshteinAtThresholds(c, 1).configure(term_frequency_adjustments=True),
        "email": cl.EmailComparison,
    }
    held = [column for column in made if column in _columns(task)]
    attributes = [f"attribute_{place}" for place in range(len(task.attributes))]
    comparisons = [made[column](column) for column in held]
    comparisons += [cl.ExactMatch(column).configure(term_frequency_adjustments=True) for column in attributes]
    connection = _connection(task)
    count = connection.execute("select count(*) from profiles").fetchall()[0][0]
    blocks = _SPLINK_BLOCKS + (_SPLINK_BLOCKS_OF_SMALL if count <= SMALL_TABLE else ())
    pairs = [pair for pair in blocks if set(pair) <= {*held, *attributes}]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*pair) for pair in pairs],
    )
    linker = Linker(DuckDBAPI(connection).register("profiles"), settings, log_level="ERROR")
    certain = [rule for columns, rule in _SPLINK_CERTAIN if columns <= set(held)]
    linker.training.estimate_probability_two_random_records_match(certain or [block_on(*pairs[0])], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for pair in _SPLINK_TRAINING:
        if set(pair) <= set(held):
            try:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(*pair))
            except (EMTrainingException, ValueError):
                continue
    return _clusters(connection, linker)


_SPLINK_BLOCKS = (
    ("first_name", "last_name"),
    ("last_name", "born"),
    ("first_name", "born"),
    ("postcode", "first_name"),
    ("postcode", "last_name"),
    ("born", "postcode"),
    ("born", "city"),
    ("street", "last_name"),
    ("email",),
    ("phone",),
    ("attribute_0", "last_name"),
    ("attribute_1", "last_name"),
)
_SPLINK_BLOCKS_OF_SMALL = (("first_name",), ("last_name",), ("born",))
# as in the documentation's examples
_SPLINK_CERTAIN = (
    ({"first_name", "born"}, "l.first_name = r.first_name and levenshtein(r.born, l.born) <= 1"),
    ({"last_name", "born"}, "l.last_name = r.last_name and levenshtein(r.born, l.born) <= 1"),
    ({"first_name", "last_name"}, "l.first_name = r.first_name and levenshtein(r.last_name, l.last_name) <= 2"),
    ({"email"}, "l.email = r.email"),
)
_SPLINK_TRAINING = (("first_name", "last_name"), ("born",), ("email",))


def splink_same(task: Task) -> dict[str, Any]:
    """Splink's own training, scores and components on the pairs that ours compares: what our time is held against."""
    from person_spec import spec_of
    from person_tables import Columns
    from splink import DuckDBAPI, Linker
    from splink.internals.exceptions import EMTrainingException

    from pipeline.estimators.identity.scoring import choose_blocks, comparison_settings, put_blocked
    from pipeline.warehouse import Session

    spec = spec_of(Columns({role: (role,) for role in task.roles}, task.attributes))
    with Session(Limits(), "identity", Path(task.folder), Path(task.folder) / "spill-same") as session:  # type: ignore[arg-type]
        session.connection.execute(f"create table main.profiles as select * from read_parquet('{task.table}')")
        session.select("identity.profiles", "select * from main.profiles")
        put_blocked(session, "identity.profiles", choose_blocks(session, "identity.profiles", spec), None)
        session.connection.execute(
            "create table main.met as select '0' as match_key, left_id as join_key_l, right_id as join_key_r"
            " from identity.blocked"
        )
        settings = {
            "link_type": "dedupe_only",
            "unique_id_column_name": "record_id",
            "comparisons": [comparison_settings(comparison, None) for comparison in spec.comparisons],
            "blocking_rules_to_generate_predictions": ["l.record_id = r.record_id"],
        }
        api = DuckDBAPI(session.connection)
        linker = Linker(api.register("profiles"), settings, log_level="ERROR")
        linker.table_management.register_blocked_pairs_for_predict(api.register("met"))
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
        for block in spec.learning:
            try:
                rule = " and ".join(f"l.{column} = r.{column}" for column in block)
                linker.training.estimate_parameters_using_expectation_maximisation(rule)
            except (EMTrainingException, ValueError):
                continue
        return _clusters(session.connection, linker)


def _clusters(connection: Any, linker: Any) -> dict[str, Any]:
    found = linker.inference.predict(threshold_match_probability=0.5)
    labels = {}
    for threshold in (0.5, 0.95):
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            found, threshold_match_probability=threshold
        )
        rows = connection.execute(f"select cluster_id from {clusters.physical_name} order by record_id").fetchnumpy()
        labels[f"at {threshold}"] = rows["cluster_id"]
    return labels


def exact_rules(task: Task) -> dict[str, Any]:
    """Two records are one where the name and birth date, or the last name and e-mail, phone or street, are the same."""
    import numpy as np

    from pipeline.estimators.identity.clusters import components

    connection = _connection(task)
    held = _columns(task)
    rules = [("first_name", "last_name", "born"), ("last_name", "email"), ("first_name", "last_name", "phone")]
    rules += [("first_name", "last_name", "street")]
    left, right = [np.array([], np.int64)], [np.array([], np.int64)]
    for rule in rules:
        if set(rule) <= held:
            same = " and ".join(f"l.{column} = r.{column}" for column in rule)
            rows = connection.execute(
                f"select l.record_id as a, r.record_id as b from profiles l inner join profiles r on {same}"
                " and l.record_id < r.record_id"
            ).fetchnumpy()
            left.append(rows["a"])
            right.append(rows["b"])
    count = connection.execute("select count(*) from profiles").fetchall()[0][0]
    return {"": components(count, np.concatenate(left), np.concatenate(right))}


METHODS: dict[str, Callable[[Task], dict[str, Any]]] = {
    "ours": ours,
    "splink alone": splink_alone,
    "splink, our pairs": splink_same,
    "exact rules": exact_rules,
}


def _connection(task: Task) -> Any:
    import duckdb

    connection = duckdb.connect(
        config={"threads": THREADS, "memory_limit": MEMORY_LIMIT, "temp_directory": task.folder}
    )
    connection.execute(f"create table profiles as select * from read_parquet('{task.table}')")
    return connection


def _columns(task: Task) -> set[str]:
    """The columns of the prepared table that hold something."""
    roles = set(task.roles)
    names = {"first_name", "last_name"} if "full_name" in roles else roles & {"first_name", "last_name"}
    born = {"born"} if roles & {"birth_date", "birth_year"} else set()
    return names | born | (roles & {"street", "city", "postcode", "phone", "email"})


# -- measuring --------------------------------------------------------------------------------------------------------


def measured(name: str, task: Task) -> Result:
    """Runs in a fresh process: see alone(). Imports come first, so that they are not in the seconds."""
    import splink  # noqa: F401

    import pipeline.estimators.identity.linker  # noqa: F401

    started = time.perf_counter()
    labels = METHODS[name](task)
    seconds = time.perf_counter() - started
    return Result(name, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, labels)


def alone(step: Callable[..., Any], *given: object) -> Any:
    """step(*given) in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, *given).result()


def scores(labels: Any, truth: Any) -> dict[str, float]:
    """Pairwise and B-cubed precision, recall and F1 of clusters."""
    import pandas as pd

    frame = pd.DataFrame({"label": pd.factorize(labels)[0], "truth": pd.factorize(truth)[0]})
    both = frame.groupby(["label", "truth"]).size()
    found, true = frame.groupby("label").size(), frame.groupby("truth").size()
    pairs = [float((sizes * (sizes - 1) / 2).sum()) for sizes in (both, found, true)]
    share_found = (both**2 / found.reindex(both.index.get_level_values("label")).to_numpy()).sum() / len(frame)
    share_true = (both**2 / true.reindex(both.index.get_level_values("truth")).to_numpy()).sum() / len(frame)
    pairwise = pairs[0] / pairs[1] if pairs[1] else 1.0, pairs[0] / pairs[2] if pairs[2] else 1.0
    return _with_f1("", *pairwise) | _with_f1("B3 ", float(share_found), float(share_true))


def _with_f1(name: str, precision: float, recall: float) -> dict[str, float]:
    total = precision + recall
    return {
        f"{name}precision": precision,
        f"{name}recall": recall,
        f"{name}F1": 2 * precision * recall / total if total else 0.0,
    }


def prepare(folder: str, source: str, truth: str, leave: list[str], given: dict[str, str]) -> Task:
    """Reads the table, tells its columns' meaning, writes the prepared table and the truth."""
    import pandas as pd
    from person_tables import map_columns, profiles

    frame = read(source)
    lacking = [column for column in (*leave, *given.values()) if column not in frame.columns]
    if lacking:
        raise SystemExit(f"{source}: there is no column {lacking[0]!r}; it has {', '.join(frame.columns)}")
    columns = map_columns(frame, leave, given)
    profiles(frame, columns).to_parquet(Path(folder) / "profiles.parquet")
    pd.DataFrame({"truth": frame[truth]}).to_parquet(Path(folder) / "truth.parquet")
    print(f"\n{source}: {len(frame):,} records, {frame[truth].nunique():,} people")
    for role, held in columns.roles.items():
        print(f"  {role}: {', '.join(held)}")
    print(f"  compared as they are: {', '.join(columns.attributes) or 'nothing'}", flush=True)
    return Task(folder, tuple(columns.roles), columns.attributes)


def read(source: str) -> "pd.DataFrame":
    import pandas as pd

    if source.endswith(".parquet"):
        return pd.read_parquet(source).astype("string")
    return pd.read_csv(source, dtype="string", skipinitialspace=True)


def make_table(path: str, records: int, seed: int) -> None:
    from made_people import make

    make(records, seed).to_parquet(path)


def line(result: Result, variant: str, truth: Any) -> str:
    found = scores(result.labels[variant], truth)
    name = f"{result.name} {variant}".strip()
    numbers = " | ".join(f"{value:.4f}" for value in found.values())
    return f"| {name} | {numbers} | {result.seconds:.1f} | {result.peak_memory_mb:,.0f} |"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description="Measure who-is-who on a table of people whose truth is known.")
    top.add_argument("table", nargs="?", help="CSV or Parquet")
    top.add_argument("--id", help="the column that numbers the records")
    top.add_argument("--truth", help="the column that says who is who")
    top.add_argument(
        "--map", nargs="+", default=[], metavar="ROLE=COLUMN", help="what columns mean, where names mislead"
    )
    top.add_argument("--made", type=int, metavar="N", help="a made-up table of N records instead")
    top.add_argument("--seed", type=int, default=1, help="of the made-up table (default 1)")
    top.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), help="default: all")
    return top


def main() -> None:
    top = parser()
    given = top.parse_args()
    if given.made is None and not (given.table and given.id and given.truth):
        top.error("TABLE, --id and --truth go together; or --made N")
    if any("=" not in pair for pair in given.map):
        top.error("--map takes ROLE=COLUMN, as in first_name=vorname")
    with tempfile.TemporaryDirectory(prefix="landmark-identity-") as folder:
        source, leave, truth = given.table, [given.id, given.truth], given.truth
        if given.made is not None:
            source, leave, truth = str(Path(folder) / "made.parquet"), ["id", "person"], "person"
            alone(make_table, source, given.made, given.seed)
        task = alone(prepare, folder, source, truth, leave, dict(pair.split("=", 1) for pair in given.map))
        print("\n| method | precision | recall | F1 | B3 precision | B3 recall | B3 F1 | seconds | peak MB |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
        results = [alone(measured, name, task) for name in given.methods]
        show(results, folder)


def show(results: list[Result], folder: str) -> None:
    import pandas as pd

    truth = pd.read_parquet(Path(folder) / "truth.parquet")["truth"].to_numpy()
    for result in results:
        for variant in result.labels:
            print(line(result, variant, truth))


if __name__ == "__main__":
    main()
