"""Bad rows: planted in every file, with the reason for which each must be quarantined."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd

FUTURE, NO_TIME = "2033-05-05T00:00:00.000Z", "2026-13-45T99:00"
SHARE = 0.0008  # of the rows of a file, for each kind; at least one


@dataclass(frozen=True)
class Kind:
    """A way in which a row goes wrong: what is put into which column ('' takes it away)."""

    name: str
    column: str
    value: str


KINDS: dict[str, tuple[str, tuple[Kind, ...]]] = {
    "customers": ("crm_id", (Kind("bad_timestamp", "created_at", NO_TIME), Kind("missing_key", "crm_id", ""))),
    "orders": (
        "order_id",
        (
            Kind("negative_amount", "amount", "-"),
            Kind("bad_timestamp", "ordered_at", NO_TIME),
            Kind("missing_key", "crm_id", ""),
            Kind("unknown_currency", "currency", "GLD"),
            Kind("future", "ordered_at", FUTURE),
            Kind("unknown_status", "status", "perhaps"),
            Kind("bad_number", "amount", "twelve"),
        ),
    ),
    "interactions": (
        "interaction_id",
        (
            Kind("missing_key", "crm_id", ""),
            Kind("bad_timestamp", "occurred_at", NO_TIME),
            Kind("future", "occurred_at", FUTURE),
            Kind("missing_id", "interaction_id", ""),
        ),
    ),
    "partner": (
        "activity_id",
        (
            Kind("missing_key", "customer_ref", ""),
            Kind("bad_timestamp", "occurred_at", NO_TIME),
            Kind("future", "occurred_at", FUTURE),
        ),
    ),
    "posts": ("id", (Kind("missing_key", "author_handle", ""), Kind("bad_timestamp", "created_at", NO_TIME))),
}
REPEATED = ("orders", "interactions", "partner", "posts")


def soil(
    rows: pd.DataFrame, form: str, rng: np.random.Generator, *, spared: AbstractSet[str], place: tuple[str, str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of one file with bad ones after them, and the truth about these.

    form names the entry of KINDS, place is (source, table, night). A bad row is a copy of a good one under a key
    of its own; a repeat is an exact copy. No row of `spared` people serves as a model: what is delivered about
    people who refuse may be hidden even in quarantine.
    """
    key, kinds = KINDS[form]
    who = next(kind.column for kind in kinds if kind.name == "missing_key")
    models = rows[~rows[who].isin(spared)]
    if models.empty:
        return rows, bad_table([], place)
    many = max(1, round(len(rows) * SHARE))
    made, truth = [], []
    for kind in kinds:
        part = models.iloc[rng.integers(0, len(models), many)].copy()
        part[key] = [f"BAD-{place[1]}-{place[2]}-{kind.name}-{i}" for i in range(many)]
        part[kind.column] = "-" + part[kind.column] if kind.value == "-" else kind.value
        made.append(part)
        truth += [(value, kind.name) for value in part[key]]
    if form in REPEATED:
        part = models.iloc[rng.choice(len(models), size=min(3, len(models)), replace=False)]
        made.append(part)
        truth += [(value, "duplicate_row") for value in part[key]]
    bad = pd.concat(made)
    return pd.concat([rows, bad.iloc[rng.permutation(len(bad))]], ignore_index=True), bad_table(truth, place)


def bad_table(truth: list[tuple[str, str]], place: tuple[str, str, str]) -> pd.DataFrame:
    """source, table, night, record_id, kind: one row a planted bad row."""
    rows = [(*place, record, kind) for record, kind in truth]
    return pd.DataFrame(rows, columns=["source", "table", "night", "record_id", "kind"])


def soil_lines(
    lines: list[str], rng: np.random.Generator, *, spared: AbstractSet[str], place: tuple[str, str, str], chunk: str
) -> tuple[list[str], pd.DataFrame]:
    """Lines of a night's web events with bad ones after them: broken JSON, no cookie, no time, repeats."""
    models = [line for line in lines if _value(line, "anonymousId") not in spared]
    if not models:
        return lines, bad_table([], place)
    many = max(1, round(len(lines) * SHARE / 4))
    makers: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("bad_timestamp", lambda s: _with(s, "timestamp", NO_TIME)),
        ("missing_key", _nameless),
        ("invalid_json", lambda s: s[: len(s) * 2 // 3].rstrip() + "\n"),
    )
    out, truth = list(lines), []
    for kind, make in makers:
        for i, at in enumerate(rng.integers(0, len(models), many)):
            name = f"bad-{place[2]}-{chunk}-{kind}-{i}"
            out.append(make(_with(models[at], "messageId", name)))
            truth.append(("" if kind == "invalid_json" else name, kind))
    for at in rng.choice(len(models), size=min(5, len(models)), replace=False):
        out.append(models[at])
        truth.append((_value(models[at], "messageId"), "duplicate_row"))
    return out, bad_table(truth, place)


def _value(line: str, field: str) -> str:
    start = line.index(f'"{field}":"') + len(field) + 4
    return line[start : line.index('"', start)]


def _with(line: str, field: str, value: str) -> str:
    return line.replace(f'"{field}":"{_value(line, field)}"', f'"{field}":"{value}"', 1)


def _nameless(line: str) -> str:
    """The line without anybody it could be about."""
    for field in ("anonymousId", "userId"):
        if f'"{field}":"' in line:
            line = line.replace(f'"{field}":"{_value(line, field)}",', "", 1)
    return line
