"""The other two graphs of who is who: people put together only where the evidence leaves little doubt (strict), or
where it is merely likely as well (loose).

Only people who are grouped differently on a graph are computed on it, by the very models of the main graph: they run
in a database of the graph's own, in which the tables that depend on who is who hold these people alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pipeline.warehouse import Session, quoted

GRAPHS = ("strict", "loose")


def regrouped(session: Session) -> list[str]:
    """The graphs on which anybody is grouped differently, in the order of GRAPHS."""
    found = session.connection.execute("select distinct graph from identity.regrouped").fetchall()
    return [graph for graph in GRAPHS if (graph,) in found]


@contextmanager
def beside(session: Session, graph: str, theirs: Mapping[str, str], shared: Sequence[str]) -> Iterator[None]:
    """Inside, the session's models read and make the graph's own tables; what they make is gone afterwards.

    theirs: a table's name here -> the rows that it has: those of the graph, of a table of the main database (with a
    column `graph`, and a condition if need be). shared: tables that are the same on all graphs.
    """
    views = {name: f"(from memory.{rows}) where graph = {quoted(graph)}" for name, rows in theirs.items()}
    views |= {name: f"memory.{name}" for name in shared}
    session.connection.execute(f"attach ':memory:' as {graph}; use {graph}")
    try:
        for name, rows in views.items():
            session.connection.execute(f"create schema if not exists {name.partition('.')[0]}")
            session.connection.execute(f"create view {name} as select * from {rows}")
        yield
    finally:
        session.connection.execute(f"use memory; detach {graph}")
