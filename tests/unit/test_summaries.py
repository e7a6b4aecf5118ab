"""A stage's summary in five lines, with its counts."""

from typing import Any

import pytest

from pipeline import summaries

SUMMARY: dict[str, Any] = {
    "stage": "identity",
    "source": None,
    "night": "2026-06-29",
    "needs": ["ingest"],
    "tables": {"customers": 3092, "identifiers": 17196},
    "rows_in": 0,
    "rows_quarantined": 0,
    "checks": 41,
    "warnings": [],
    "messages": ["171 records were touched", "2 shared\nvalues stopped"],
    "seconds": 1.94,
    "peak_memory_mb": 412.3,
}


def test_a_stage_is_told_in_five_lines_with_its_counts() -> None:
    assert summaries.told(SUMMARY) == [
        "2026-06-29 identity: 1.9 s, 412 MB at the most",
        "    read     the tables of ingest",
        "    made     3,092 customers, 17,196 identifiers",
        "    checked  41 expectations, all held",
        "    noted    171 records were touched; 2 shared values stopped",
    ]


@pytest.mark.parametrize(
    ("changed", "line", "expected"),
    [
        ({"source": "crm"}, 0, "2026-06-29 identity crm: 1.9 s"),
        ({"rows_in": 1205, "needs": ["pull"]}, 1, "1,205 rows of the tables of pull"),
        ({"needs": []}, 1, "what was delivered"),
        ({"tables": {f"t{n}": n for n in range(8)}}, 2, "0 t0, 1 t1, 2 t2, 3 t3, 4 t4, 5 t5 and 2 tables more"),
        ({"tables": {}}, 2, "no table"),
        ({"warnings": ["a.b", "c.d"]}, 3, "41 expectations, 2 not held: a.b, c.d"),
        ({"warnings": [f"w{n}" for n in range(9)]}, 3, "w5 and 3 more"),
        ({"checks": 0, "rows_quarantined": 12}, 3, "nothing beyond the models themselves; 12 rows quarantined"),
        ({"messages": []}, 4, "nothing"),
    ],
)
def test_a_line_says_what_is_there(changed: dict[str, Any], line: int, expected: str) -> None:
    told = summaries.told(SUMMARY | changed)
    assert len(told) == 5
    assert expected in told[line]


def test_many_messages_stay_in_one_line() -> None:
    told = summaries.told(SUMMARY | {"messages": [f"message {n}" for n in range(30)]})
    assert len("\n".join(told).splitlines()) == 5
