"""What `landmark sources check` found, in words: a clean delivery takes one screen."""

from collections.abc import Iterable, Iterator

from pipeline.onboarding.check import FATES, Found, Reason, TableFound
from pipeline.onboarding.left import Left
from pipeline.sources.advice import source_toml
from pipeline.words import clean, count

_MOST_NAMES = 8
_MOST_LEFT = 20
_HEADS = ("source", "table", "files", "columns", "arrived", "accepted", "superseded", "quarantined", "not ours")


def told(found: Found) -> list[str]:
    """The report as lines."""
    lines = [*_head(found), "", *_tables(found.tables)]
    for title, part in (
        ("Columns that mean nothing here; they are kept as they came", _columns(found.tables)),
        ("Quarantined: how many, why, and the first of them (x: a letter, 9: a digit)", _reasons(found.tables)),
        ("The night would note", [f"  {clean(warning)}" for warning in found.warnings]),
        ("Would be read better", _mended(found)),
        ("No rule takes", _left(found.left)),
        ("Settings to add (proposals: read them before you use them)", _settings(found)),
    ):
        lines += ["", title, *part] if part else []
    return [line.rstrip() for line in [*lines, "", *_verdict(found)]]


def _head(found: Found) -> list[str]:
    files = sum(sum(table.kinds.values()) for table in found.tables)
    rows = sum(table.fates["arrived"] for table in found.tables)
    night = f"night {found.night}" if found.night else "no night"
    counted = f"{_many(files, 'file')} of {_many(found.nights, 'night')}, {_many(rows, 'row')}"
    return [f"{clean(found.exports)}, {night}: {counted}"]


def _many(number: int, what: str) -> str:
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def _verdict(found: Found) -> list[str]:
    if found.stops:
        return ["A night would STOP:", *(f"  {clean(stop)}" for stop in found.stops)]
    idle = [
        f"{table.source}/{table.table}"
        for table in found.tables
        if sum(table.fates.values()) and not table.fates.get("accepted")
    ]
    if idle:
        return [f"A night would run, but not one row of {', '.join(idle)} is of use: see the reasons below."]
    return ["A night would take this in."]


def _tables(tables: list[TableFound]) -> list[str]:
    rows = [_HEADS, *(_row(table) for table in tables)]
    widths = [max(len(row[nth]) for row in rows) for nth in range(len(_HEADS))]
    return [
        "  ".join(cell.ljust(width) if nth < 3 else cell.rjust(width) for nth, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    ]


def _row(table: TableFound) -> tuple[str, ...]:
    kinds = " + ".join(f"{count(number)} {kind.lstrip('.')}" for kind, number in sorted(table.kinds.items()))
    name = f"{table.table} ({table.way})" if table.way and table.way != table.table else table.table
    columns = f"{len(table.mapped)} of {len(table.mapped) + len(table.unmapped)}"
    return (table.source, clean(name), kinds, columns, *(count(table.fates[fate]) for fate in FATES))


def _columns(tables: list[TableFound]) -> list[str]:
    lines = []
    for table in tables:
        if table.unmapped:
            lines.append(f"  {table.source}/{clean(table.table)}: {_named(table.unmapped)}")
    return lines


def _named(names: Iterable[str]) -> str:
    listed = [clean(name)[:60] for name in names]
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return f"{', '.join(listed[:_MOST_NAMES])}{more}"


def _reasons(tables: list[TableFound]) -> list[str]:
    return [line for table in tables for reason in table.reasons for line in _reason(table, reason)]


def _reason(table: TableFound, reason: Reason) -> Iterator[str]:
    why = f": {clean(reason.told)}" if reason.told else ""
    place, first = f"{table.source}/{clean(table.table)}", f"{clean(reason.where)}: {clean(reason.example) or '-'}"
    yield f"  {count(reason.count)} {reason.code} in {place}{why}; {first}"


def _left(left: list[Left]) -> list[str]:
    lines = []
    for one in left[:_MOST_LEFT]:
        lines += [f"  {clean(one.where)}: {_many(one.files, 'file')}, {one.why}", f"      {clean(one.advice.words)}"]
    more = len(left) - _MOST_LEFT
    return lines + ([f"  and {more} folders more"] if more > 0 else [])


def _settings(found: Found) -> list[str]:
    """Ready to be pasted into the settings file: what is told of each source, then the column maps."""
    given = [*found.texts, *(table.advice for table in found.tables), *(one.advice for one in found.left)]
    advice = [one for one in given if one is not None]
    lines = source_toml(advice)
    blocks: dict[str, list[str]] = {}
    for head, *block in dict.fromkeys(block for one in advice for block in (one.columns, *one.values) if block):
        others = [f"# or, in another folder: {line.removeprefix('# ')}" for line in block]
        blocks[head] = blocks[head] + others if head in blocks else block
    for head, block in blocks.items():
        lines += [head, *block, ""]
    return lines[:-1]


def _mended(found: Found) -> list[str]:
    tables = [f"  {t.source}/{clean(t.table)}: {clean(t.advice.words)}" for t in found.tables if t.advice]
    return [f"  {one.source}/{clean(one.words)}" for one in found.texts] + tables
