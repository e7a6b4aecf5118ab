"""What a stage did, told in five lines: the end of every task's log, and of the command line's."""

from typing import Any

SHOWN = 6  # tables that a line names; `runs` has them all


def told(summary: dict[str, Any]) -> list[str]:
    """Five lines on a stage's summary: what ran, what it read, what it made, what was checked, what it noted."""
    name = f"{summary['stage']} {summary['source']}" if summary["source"] else summary["stage"]
    return [
        f"{summary['night']} {name}: {summary['seconds']:.1f} s, {summary['peak_memory_mb']:,.0f} MB at the most",
        f"    read     {_read(summary)}",
        f"    made     {_made(summary['tables'])}",
        f"    checked  {_checked(summary)}",
        f"    noted    {'; '.join(' '.join(text.split()) for text in summary['messages']) or 'nothing'}",
    ]


def _read(summary: dict[str, Any]) -> str:
    tables = ", ".join(summary["needs"])
    rows = [f"{summary['rows_in']:,} rows"] if summary["rows_in"] else []
    return " of ".join([*rows, *([f"the tables of {tables}"] if tables else [])]) or "what was delivered"


def _made(tables: dict[str, int]) -> str:
    counts = [f"{count:,} {name}" for name, count in sorted(tables.items()) if not name.startswith("_")]
    more = f" and {len(counts) - SHOWN} tables more" if len(counts) > SHOWN else ""
    return (", ".join(counts[:SHOWN]) + more) or "no table"


def _checked(summary: dict[str, Any]) -> str:
    aside = f"; {summary['rows_quarantined']:,} rows quarantined" if summary["rows_quarantined"] else ""
    warnings = summary["warnings"]
    if not summary["checks"]:
        return f"nothing beyond the models themselves{aside}"
    more = f" and {len(warnings) - SHOWN} more" if len(warnings) > SHOWN else ""
    held = f"{len(warnings)} not held: {', '.join(warnings[:SHOWN])}{more}" if warnings else "all held"
    return f"{summary['checks']:,} expectations, {held}{aside}"
