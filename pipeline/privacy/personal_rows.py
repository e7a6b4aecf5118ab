"""Which rows of a build's tables are a person's, told by the columns that a table has, whatever stage made it."""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.ingest.door import ask
from pipeline.ingest.rows import PLACE
from pipeline.privacy import personal
from pipeline.privacy.erasure_plan import ROW_KINDS, Marks, Plan
from pipeline.stages import BY_SOURCE
from pipeline.warehouse import Session, quoted

_LINES = ("source", "table_name", "night", "file", "line")
_PAIRED = ("identifier_", "", "anchor_")  # before the columns kind and value
_BY_BUILD = {
    "customer_id": "customers",
    "other_customer_id": "customers",
    "journey_id": "journeys",
    "touch_id": "touches",
}
# as sql/journeys/*_touches.sql number what a row tells
_TOUCHES = {
    "order_id": "crm:orders:",
    "interaction_id": "crm:interactions:",
    "message_id": "web:events:",
    "post_id": "social:posts:",
    "activity_id": "partner:",
}
_KINDS = {"user_id": "crm_id"}  # of columns that are called otherwise than what they hold
_RECORDS = ("record_id", "left_id", "right_id")


class Theirs:
    """The person of a plan, in a session: conditions on the rows of the builds' Parquet files.

    A file is named by its path below the builds, in parts: night, build, stage and so on.
    """

    def __init__(self, session: Session, plan: Plan) -> None:
        self.plan = plan
        ask(session, "create schema if not exists personal")
        personal.put(session, "personal.own", ("kind", "value"), {*plan.own, *plan.records})
        personal.put(session, "personal.exact", ("value",), [(v,) for v in plan.tokens])
        personal.put(session, "personal.touches", ("touch_id",), [(touch,) for touch in _touches(plan)])
        sourced = {(ROW_KINDS[k.partition(":")[0]], v) for k, v in plan.own if k.partition(":")[0] in ROW_KINDS}
        sourced -= {("partner", v) for _, v in sourced if v not in plan.row_ids}
        personal.put(session, "personal.sourced", ("source", "record_id"), sourced)
        rows = [(form, n, f, str(line)) for form, places in plan.places.items() for n, f, line in places]
        personal.put(session, "personal.places", ("form", *PLACE), rows)
        personal.put(session, "personal.lines", _LINES, [(*line[:4], str(line[4])) for line in plan.lines])

    def condition(self, at: Sequence[str], kinds: Mapping[str, str], *, every: bool = False) -> str:
        """SQL that is true of the person's rows in a file with these columns (name to type); 'false' where none can be.

        every: of a row about two records, both must be theirs.
        """
        found = list(self._conditions(at, kinds))
        if every and {"left_id", "right_id"} <= set(kinds):
            found = [" and ".join(self._records(at, name) for name in ("left_id", "right_id"))]
        return " or ".join(f"coalesce({one}, false)" for one in found) or "false"

    def named(self, at: Sequence[str], column: str) -> str:
        """SQL: the column holds what this build calls the person, or a thing of theirs."""
        values = getattr(self._marks(at), _BY_BUILD[column])
        return f"{column} in ({', '.join(map(quoted, values)) or 'null'})"

    def paired(self, head: str) -> str:
        """SQL: the columns <head>kind and <head>value hold an identifier of theirs alone."""
        return f"({head}kind, {head}value) in (select (kind, value) from personal.own)"

    def _marks(self, at: Sequence[str]) -> Marks:
        return self.plan.builds.get(f"{at[0]}/{at[1]}", Marks())

    def _records(self, at: Sequence[str], column: str) -> str:
        return f"{column} in ({', '.join(map(str, self._marks(at).records)) or 'null'})"

    def _conditions(self, at: Sequence[str], kinds: Mapping[str, str]) -> Iterator[str]:
        stage = at[2]
        if stage == "ingest" and set(PLACE) <= set(kinds):
            place = ", ".join(f"cast({name} as varchar)" for name in PLACE)
            listed = f"select ({', '.join(PLACE)}) from personal.places where form = {quoted(table_of(at))}"
            yield f"({place}) in ({listed})"
        elif {"night", "file", "line"} <= set(kinds):
            name = '"table"' if "table" in kinds else "table_name"
            place = ", ".join(f"cast({c} as varchar)" for c in ("source", name, "night", "file", "line"))
            yield f"({place}) in (select ({', '.join(_LINES)}) from personal.lines)"
        elif stage not in ("ingest", "pull"):
            yield from self._by_columns(at, kinds)

    def _by_columns(self, at: Sequence[str], kinds: Mapping[str, str]) -> Iterator[str]:
        for head in _PAIRED:
            if {f"{head}kind", f"{head}value"} <= set(kinds):
                yield self.paired(head)
        if "touch_id" in kinds:
            yield "touch_id in (from personal.touches)"
        elif {"source", "record_id"} <= set(kinds):
            yield "(source, record_id) in (select (source, record_id) from personal.sourced)"
        for name, type_ in kinds.items():
            if name in _BY_BUILD:
                yield self.named(at, name)
            elif at[2] == "identity" and name in _RECORDS and type_ != "VARCHAR":
                yield self._records(at, name)
            elif type_ == "VARCHAR" and (at[2] == "identity" or name.endswith("_id")):
                kind = _KINDS.get(name, name)
                yield f"{name} in (from personal.exact)"
                yield f"{name} in (select value from personal.own where kind = {quoted(kind)})"


def _touches(plan: Plan) -> Iterator[str]:
    """The touch_ids of the person's rows."""
    for kind, value in plan.own:
        name, _, partner = kind.partition(":")
        if name in _TOUCHES:
            yield f"{_TOUCHES[name]}{partner}:{value}" if partner else f"{_TOUCHES[name]}{value}"


def table_of(at: Sequence[str]) -> str:
    """The table that a file holds rows of: <stage>[/<source>]/<table>.parquet, or below <table>/ or <table>.gone/."""
    inside = at[4:] if at[2] in BY_SOURCE else at[3:]
    return inside[0].partition(".")[0]
