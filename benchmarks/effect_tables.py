"""Any table with a treatment and an outcome, as all methods of effects.py get it: checked, typed, and plain.

Ours gets the covariates as they are (numbers with nan, words with None); the others get the same ones as one matrix:
numbers filled with their median and marked where they were missing, words as indicators of their common values.
"""

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_WORDS = frozenset(("0", "no", "n", "false", "f", "off", "none", "control", "untreated", "unexposed", "placebo"))
MOST_CLASSES = 30  # words beyond the commonest ones share one column
SAYS_NOTHING = 0.9  # a column of words with more distinct values than this share of its rows numbers the rows
ISO_DATE = r"\d{4}-\d\d-\d\d"
FEWEST = 10  # rows with the treatment, and without, below which no method means anything


class TableError(Exception):
    """A table or a column that cannot be used: what, the value seen, what to do."""


@dataclass(frozen=True)
class Data:
    """n rows to measure an effect on.

    treated (n,) 0 or 1; outcome (n,), 0 or 1 where `binary`; covariates by name, (n,) floats with nan or objects with
    None; plain (n, p) the same covariates without gaps; cluster (n,) codes, None: rows are independent.
    """

    treated: Floats
    outcome: Floats
    covariates: dict[str, NDArray[Any]]
    plain: Floats
    cluster: Ints | None
    binary: bool


def read(path: str) -> "pd.DataFrame":
    """A CSV (whatever separates its columns) or Parquet file."""
    import pandas as pd

    if not Path(path).is_file():
        raise TableError(f"{path}: there is no such file; TABLE is a CSV or Parquet file")
    try:
        if path.endswith((".parquet", ".pq")):
            return pd.read_parquet(path)
        return pd.read_csv(path, sep=_separator(path), skipinitialspace=True, low_memory=False, encoding="utf-8-sig")
    except (OSError, ValueError, UnicodeError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error


def _separator(path: str) -> str:
    if not path.endswith((".csv", ".tsv", ".txt")):
        return ","
    with Path(path).open(encoding="utf-8-sig", errors="replace") as lines:
        head = lines.readline()
    try:
        return csv.Sniffer().sniff(head, ",;\t|").delimiter
    except csv.Error:
        return ","


def column(frame: "pd.DataFrame", name: str, path: str) -> str:
    """The name, if the table has such a column; else an error that tells the nearest ones."""
    if name in frame.columns:
        return name
    names = [str(held) for held in frame.columns]
    folded = {held.lower(): held for held in names}
    near = [folded[match] for match in difflib.get_close_matches(name.lower(), list(folded), n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(names[:30])}"
    raise TableError(f"{path}: there is no column {name!r}; {hint}")


def chosen(given: Sequence[str], frame: "pd.DataFrame", path: str, taken: set[str]) -> list[str]:
    """The covariates: those given, split at commas, and at spaces where no column is called so; default: all others."""
    if not given:
        return [str(name) for name in frame.columns if name not in taken]
    names: list[str] = []
    for text in given:
        for part in [text] if text in frame.columns else text.split(","):
            whole = part.strip()
            names += [whole] if whole in frame.columns else whole.split()
    for name in names:
        if column(frame, name, path) in taken:
            raise TableError(f"{name!r} is the treatment, the outcome or the cluster; it cannot be a covariate as well")
    return list(dict.fromkeys(names))


def prepare(
    path: str, treatment: str, outcome: str, given: Sequence[str], cluster: str | None
) -> tuple[Data, list[str]]:
    """The table at `path` as Data, and what was taken for what, in words. Raises TableError."""
    frame = read(path)
    taken = {column(frame, name, path) for name in (treatment, outcome, *([cluster] if cluster else []))}
    if len(taken) < 2 + bool(cluster):
        raise TableError("the treatment, the outcome and the cluster must be different columns")
    covariates = chosen(given, frame, path, taken)
    known = frame[list(taken)].notna().all(axis=1)
    if not known.any():
        empty = [name for name in sorted(taken) if not frame[name].notna().any()]
        raise TableError(f"{path}: no row has {' and '.join(map(repr, empty or sorted(taken)))}")
    said = [f"{path}: {len(frame):,} rows"]
    if not known.all():
        said.append(f"left out: {int((~known).sum()):,} rows that lack {', '.join(sorted(taken))}")
    frame = frame[known].reset_index(drop=True)
    treated, told = _treatment(frame[treatment], treatment)
    values, binary = _outcome(frame[outcome], outcome)
    said += [told, f"outcome: {outcome}, {'yes or no' if binary else 'a number'}, mean {values.mean():,.4g}"]
    held = _covariates(frame, covariates, treated, named=bool(given), said=said)
    groups = None if cluster is None else np.unique(frame[cluster].astype(str), return_inverse=True)[1].astype(np.int64)
    if groups is not None:
        said.append(f"cluster: {cluster}, {groups.max() + 1:,} of them")
    return Data(treated, values, held, plain_matrix(held, len(frame)), groups, binary), said


def _treatment(values: "pd.Series", name: str) -> tuple[Floats, str]:
    words = sorted(set(values), key=_order)
    if len(words) != 2:
        shown = ", ".join(repr(word) for word in words[:6]) + (", …" if len(words) > 6 else "")
        raise TableError(f"the treatment {name!r} must have two values; it has {len(words)}: {shown}")
    treated = (values == words[1]).to_numpy(np.float64)
    count = int(treated.sum())
    if min(count, len(treated) - count) < FEWEST:
        raise TableError(f"the treatment {name!r}: {count} rows with it, {len(treated) - count} without; too few")
    return treated, f"treatment: {name} = {words[1]} ({count:,} rows), against {words[0]} ({len(treated) - count:,})"


def _order(value: object) -> tuple[bool, bool, float, str]:
    """Numbers by size; of words, those that say no come first."""
    text = str(value)
    if isinstance(value, int | float | np.number | np.bool_):
        return False, False, float(value), text
    return True, text.strip().lower() not in NO_WORDS, 0.0, text


def _outcome(values: "pd.Series", name: str) -> tuple[Floats, bool]:
    """The outcome as numbers, and whether it is 0 or 1; two words are 0 and 1."""
    import pandas as pd

    kinds = sorted(set(values), key=_order)
    if len(kinds) < 2:
        raise TableError(f"the outcome {name!r} is {kinds[0]!r} in every row: nothing can change it")
    if len(kinds) == 2 and (isinstance(kinds[0], str | bool | np.bool_) or set(kinds) == {0, 1}):
        return (values == kinds[1]).to_numpy(np.float64), True
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(numbers).all():
        raise TableError(f"the outcome {name!r} must be numbers or two values; it has {kinds[-1]!r}")
    return numbers, False


def _covariates(
    frame: "pd.DataFrame", names: list[str], treated: Floats, *, named: bool, said: list[str]
) -> dict[str, NDArray[Any]]:
    held: dict[str, NDArray[Any]] = {}
    for name in names:
        values = typed(frame[name])
        reason = _useless(values) or _gives_away(values, treated)
        if reason and named and "only treated" in reason:
            raise TableError(f"the covariate {name!r} {reason}: leave it out, or there is nobody to compare with")
        if reason:
            said.append(f"left out: {name}, which {reason}")
        else:
            held[name] = values
    said.append(f"covariates: {', '.join(held) or 'none'}")
    return held


def typed(values: "pd.Series") -> NDArray[Any]:
    """Numbers, booleans and times as floats with nan (times in days), everything else as words with None."""
    import pandas as pd

    values = _as_times(values)
    if pd.api.types.is_datetime64_any_dtype(values):
        since = pd.to_datetime(values, utc=True) - pd.Timestamp("1970-01-01", tz="UTC")
        return (since.dt.total_seconds() / 86400).to_numpy(np.float64)
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    kinds = {type(value) for value in values.dropna()}
    if kinds and kinds <= {bool, np.bool_}:
        return values.astype("boolean").to_numpy(np.float64, na_value=np.nan)
    return np.array([None if missing else str(v) for v, missing in zip(values, values.isna(), strict=True)], object)


def _as_times(values: "pd.Series") -> "pd.Series":
    """Words that are all ISO dates as times, anything else as it is."""
    import pandas as pd

    known = values.dropna()
    if pd.api.types.is_numeric_dtype(values) or not known.astype(str).str.match(ISO_DATE).all():
        return values
    times = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)
    return times if int(times.notna().sum()) == len(known) > 0 else values


def _useless(values: NDArray[Any]) -> str:
    """Why a covariate says nothing, in words; empty if it says something."""
    seen = values[~_missing(values)]
    distinct = len(np.unique(seen.astype(str) if values.dtype == object else seen))
    if not len(seen) or (distinct == 1 and len(seen) == len(values)):
        return "has no values" if not len(seen) else "has one value"
    if values.dtype == object and distinct > MOST_CLASSES and distinct > SAYS_NOTHING * len(seen):
        return "has another value in nearly every row"
    return ""


def _gives_away(values: NDArray[Any], treated: Floats) -> str:
    words = np.where(_missing(values), "", values.astype(str))
    codes = np.unique(words, return_inverse=True)[1]
    if codes.max() >= MOST_CLASSES:
        return ""
    share = np.bincount(codes, weights=treated) / np.bincount(codes)
    return "" if ((share > 0) & (share < 1)).any() else "has values of only treated or only untreated rows"


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([value is None for value in values], dtype=bool)
    missing: NDArray[np.bool_] = np.isnan(values)
    return missing


def plain_matrix(covariates: dict[str, NDArray[Any]], rows: int) -> Floats:
    """The covariates as (n, p) without gaps: what a library that takes numbers only is given."""
    columns: list[NDArray[Any]] = []
    for values in covariates.values():
        missing = _missing(values)
        if values.dtype == object:
            names, counts = np.unique(np.where(missing, "", values).astype(str), return_counts=True)
            common = names[np.argsort(-counts, kind="stable")][:MOST_CLASSES]
            columns += [np.where(missing, "", values).astype(str) == name for name in common[1:]]
        else:
            columns.append(np.where(missing, np.median(values[~missing]), values))
            columns += [missing] if missing.any() else []
    out = np.column_stack([np.empty((rows, 0)), *columns]).astype(np.float64)
    return out[:, out.std(axis=0) > 0]
