"""What the company means by its words: the journey map, typed, checked, refused with the line at fault.

A `when` is one SQL boolean expression over a touchpoint's columns. It is parsed here and checked against a list of
what it may hold, so that nothing else of it ever reaches the database.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import JourneyMapError
from pipeline.warehouse import fails
from pipeline.words import clean

TOUCH_COLUMNS = (
    "source", "brand", "channel", "event", "outcome", "topic", "category", "duration_seconds", "rating", "amount",
    "valence", "text", "attributes",
)  # fmt: skip
TYPES = ("informative", "engaging", "decision", "delightful")
MICRO_MOMENTS = ("know", "go", "do", "buy")
_LABEL, _TOLD = 80, 400  # letters of a mission's label and of its description
_EVERYTHING = ("all", "all journeys")  # what the marts and the report call them
_SLUG = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_FUNCTIONS = frozenset(
    ["lower", "upper", "trim", "ltrim", "rtrim", "length", "abs", "round", "floor", "ceil", "coalesce", "nullif",
     "replace", "contains", "starts_with", "ends_with", "regexp_like", "regexp_matches", "split_part", "substring",
     "left", "right", "greatest", "least", "json_extract", "json_extract_scalar", "cast", "try_cast", "case", "if"]
)  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """One way in which a sub-step can go."""

    name: str
    when: str
    type: str
    micro_moment: str


@dataclass(frozen=True)
class SubStep:
    """Reached when `when` is true of a touch, or when one of its moments happens."""

    name: str
    when: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True)
class Step:
    """A major step of the journey."""

    name: str
    sub_steps: tuple[SubStep, ...]


@dataclass(frozen=True)
class MomentRow:
    """A moment with its place in the map; `position` counts sub-steps from 0 in the map's order."""

    step: str
    sub_step: str
    moment: str
    type: str
    micro_moment: str
    position: int


@dataclass(frozen=True)
class Renaming:
    """What the company calls a mission that was found: a label, and a description where it gives one."""

    mission: str
    label: str
    description: str | None


@dataclass(frozen=True)
class JourneyMap:
    """A company's journey map."""

    brand: str
    currency: str
    lookback_days: int
    follow_up_days: int
    inactivity_days: int
    horizon_days: int
    steps: tuple[Step, ...]
    missions: tuple[Renaming, ...] = ()

    def sub_steps(self) -> list[tuple[str, SubStep]]:
        """Every sub-step with its step's name, in the map's order."""
        return [(step.name, sub) for step in self.steps for sub in step.sub_steps]

    def moments(self) -> list[MomentRow]:
        """Every moment of the map, in its order."""
        return [
            MomentRow(step, sub.name, m.name, m.type, m.micro_moment, position)
            for position, (step, sub) in enumerate(self.sub_steps())
            for m in sub.moments
        ]


class _Reader:
    """Walks the YAML nodes of one file; knows the line of everything."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, node: yaml.Node, what: str, *, value: object | None = None, fix: str = "") -> JourneyMapError:
        return JourneyMapError(what, where=f"{self.path}, line {node.start_mark.line + 1}", value=value, fix=fix)

    def fields(
        self, node: yaml.Node, owner: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """The mapping's children by name: all of `required`, any of `optional`, each once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, f"{owner} must be a mapping with {', '.join(required)}")
        found: dict[str, yaml.Node] = {}
        for key, child in node.value:
            name = str(key.value)
            if name not in (*required, *optional):
                known = ", ".join((*required, *optional))
                raise self.fail(key, f"{owner} has an unknown key", value=name, fix=f"Known: {known}")
            if name in found:
                raise self.fail(key, f"{owner} has the key twice", value=name)
            found[name] = child
        missing = [name for name in required if name not in found]
        if missing:
            raise self.fail(node, f"{owner} lacks {missing[0]!r}", fix=f"It needs: {', '.join(required)}")
        return found

    def items(self, node: yaml.Node, owner: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.fail(node, f"{owner} must be a list with at least one entry")
        return list(node.value)

    def text(self, node: yaml.Node, owner: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
            raise self.fail(node, f"{owner} must be a text that is not empty")
        return str(node.value).strip()

    def words(self, node: yaml.Node, owner: str, most: int) -> str:
        """A text on one line, for readers."""
        text = " ".join(clean(self.text(node, owner)).split())
        if not text or len(text) > most:
            raise self.fail(node, f"{owner} must have 1 to {most} letters", value=text[:most])
        return text

    def slug(self, node: yaml.Node, owner: str) -> str:
        name = self.text(node, owner)
        if not _SLUG.match(name):
            raise self.fail(
                node,
                f"{owner} is not a plain name",
                value=name,
                fix="Use lower-case letters, digits and _, starting with a letter",
            )
        return name

    def choice(self, node: yaml.Node, owner: str, known: tuple[str, ...]) -> str:
        name = self.text(node, owner)
        if name not in known:
            raise self.fail(node, f"{owner} is not known", value=name, fix=f"One of: {', '.join(known)}")
        return name

    def days(self, node: yaml.Node, owner: str, least: int) -> int:
        name = self.text(node, owner)
        if not name.isascii() or not name.isdigit() or not least <= int(name) <= 3650:
            raise self.fail(node, f"{owner} must be a whole number of days from {least} to 3650", value=name)
        return int(name)

    def expression(self, node: yaml.Node, owner: str) -> str:
        text = self.text(node, owner)
        reason = refused(text) or fails(condition(text))
        if reason:
            raise self.fail(
                node,
                f"{owner}: `when` is refused: {reason}",
                value=text,
                fix=f"Write one SQL condition over {', '.join(TOUCH_COLUMNS)}",
            )
        return text


def refused(when: str) -> str:
    """Why a `when` expression may not be used; '' where it may."""
    import sqlglot
    from sqlglot import exp

    try:
        trees = sqlglot.parse(when, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        return "not readable as SQL: " + re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]
    if len(trees) != 1 or trees[0] is None:
        return "it must be a single expression"
    tree = trees[0]
    if isinstance(tree, (exp.Query, exp.Command, exp.DDL, exp.DML)) or not isinstance(tree, exp.Expression):
        return "it must be a condition, not a statement"
    for node in tree.walk():
        reason = _node_refused(node, exp)
        if reason:
            return reason
    return "" if _is_condition(tree, exp) else "it must be true or false of a touch"


def _is_condition(tree: Any, exp: Any) -> bool:
    boolean = (exp.Connector, exp.Not, exp.Predicate, exp.Boolean, exp.Between, exp.In, exp.Is, exp.RegexpLike,
               exp.Contains, exp.StartsWith, exp.EndsWith, exp.Escape, exp.Case, exp.If, exp.Coalesce)  # fmt: skip
    if isinstance(tree, exp.Paren):
        return _is_condition(tree.this, exp)
    if isinstance(tree, (exp.And, exp.Or)):
        return _is_condition(tree.left, exp) and _is_condition(tree.right, exp)
    return isinstance(tree, boolean)


def _node_refused(node: Any, exp: Any) -> str:
    if isinstance(node, exp.Column):
        if node.table or node.name.lower() not in TOUCH_COLUMNS:
            return f"{node.sql()} is not a column of a touch"
    elif isinstance(node, exp.Func) and not isinstance(node, (exp.Connector, exp.Predicate)):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if name not in _FUNCTIONS:
            return f"the function {name} is not allowed"
    elif not isinstance(node, _allowed(exp)):
        return f"{type(node).__name__.lower()} is not allowed"
    return ""


def _allowed(exp: Any) -> tuple[type, ...]:
    return (exp.Connector, exp.Predicate, exp.Not, exp.Paren, exp.Literal, exp.Boolean, exp.Null, exp.Identifier,
            exp.Binary, exp.Neg, exp.In, exp.Between, exp.Is, exp.Func, exp.DataType, exp.JSONPath, exp.JSONPathRoot,
            exp.JSONPathKey, exp.JSONPathSubscript, exp.If, exp.Escape, exp.Tuple)  # fmt: skip


def condition(when: str) -> str:
    """The expression in DuckDB's words; casts that do not fit give null."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(when, read="duckdb").transform(
        lambda node: exp.TryCast(**node.args) if type(node) is exp.Cast else node
    )
    return str(tree.sql(dialect="duckdb", comments=False))


def compiled(when: str) -> str:
    """The expression as a condition that is true or false of every touch and cannot fail on one."""
    return f"coalesce(try(try_cast(({condition(when)}) as boolean)), false)"


def load_journey_map(path: Path) -> JourneyMap:
    """The journey map in the file; raises JourneyMapError that names file, line and reason."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise JourneyMapError(
            f"the journey map cannot be read: {error}",
            where=str(path),
            fix="Give its path with --journey-map or LANDMARK_JOURNEY_MAP",
        ) from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise JourneyMapError("the journey map is nested too deep", where=str(path)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise JourneyMapError(f"the journey map is not YAML: {problem}", where=f"{path}{line}") from error
    if node is None:
        raise JourneyMapError("the journey map is empty", where=str(path))
    try:
        return _map(_Reader(path), node)
    except RecursionError as error:
        raise JourneyMapError("a condition of the journey map is nested too deep", where=str(path)) from error


def _map(read: _Reader, node: yaml.Node) -> JourneyMap:
    required = ("brand", "currency", "journey", "retention", "steps")
    top = read.fields(node, "the journey map", required, ("missions",))
    journey = read.fields(top["journey"], "journey", ("lookback_days", "follow_up_days", "inactivity_days"))
    retention = read.fields(top["retention"], "retention", ("horizon_days",))
    currency = read.text(top["currency"], "currency")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise read.fail(top["currency"], "currency is not an ISO 4217 code such as EUR", value=currency)
    steps = tuple(_step(read, item) for item in read.items(top["steps"], "steps"))
    _unique(read, top["steps"], steps)
    return JourneyMap(
        brand=read.text(top["brand"], "brand"),
        currency=currency,
        lookback_days=read.days(journey["lookback_days"], "lookback_days", 0),
        follow_up_days=read.days(journey["follow_up_days"], "follow_up_days", 0),
        inactivity_days=read.days(journey["inactivity_days"], "inactivity_days", 1),
        horizon_days=read.days(retention["horizon_days"], "horizon_days", 1),
        steps=steps,
        missions=_missions(read, top["missions"]) if "missions" in top else (),
    )


def _missions(read: _Reader, node: yaml.Node) -> tuple[Renaming, ...]:
    """missions: the slug of a mission that was found, and its label, or a mapping of label and description."""
    if not isinstance(node, yaml.MappingNode):
        if isinstance(node, yaml.ScalarNode) and not node.value:
            return ()
        raise read.fail(node, "missions must be a mapping from a mission's slug to its label")
    found = [_renaming(read, key, child) for key, child in node.value]
    for kind, names in (("slug", [r.mission for r in found]), ("label", [r.label.casefold() for r in found])):
        twice = next((nth for nth, name in enumerate(names) if name in names[:nth]), None)
        if twice is not None:
            key = node.value[twice][0]
            raise read.fail(key, f"two missions have one {kind}", value=names[twice], fix=f"Give each its own {kind}")
    return tuple(found)


def _renaming(read: _Reader, key: yaml.Node, node: yaml.Node) -> Renaming:
    mission = read.text(key, "a mission's slug")
    if mission.casefold() == "all":
        raise read.fail(key, "'ALL' stands for all journeys and cannot be renamed", value=mission)
    if isinstance(node, yaml.ScalarNode):
        return Renaming(mission, _label(read, node, mission), None)
    parts = read.fields(node, f"mission {mission}", ("label",), ("description",))
    label = _label(read, parts["label"], mission)
    told = parts.get("description")
    return Renaming(mission, label, read.words(told, f"mission {mission}: description", _TOLD) if told else None)


def _label(read: _Reader, node: yaml.Node, mission: str) -> str:
    label = read.words(node, f"mission {mission}: label", _LABEL)
    if label.casefold() in _EVERYTHING:
        raise read.fail(
            node, "a mission cannot have the name of all journeys", value=label, fix="Give it its own label"
        )
    return label


def _step(read: _Reader, node: yaml.Node) -> Step:
    parts = read.fields(node, "a step", ("name", "sub_steps"))
    name = read.slug(parts["name"], "a step's name")
    subs = read.items(parts["sub_steps"], f"step {name}: sub_steps")
    return Step(name, tuple(_sub_step(read, item) for item in subs))


def _sub_step(read: _Reader, node: yaml.Node) -> SubStep:
    parts = read.fields(node, "a sub-step", ("name", "when", "moments"))
    name = read.slug(parts["name"], "a sub-step's name")
    moments = parts["moments"]
    nodes = moments.value if isinstance(moments, yaml.SequenceNode) else read.items(moments, f"{name}: moments")
    when = read.expression(parts["when"], f"sub-step {name}")
    return SubStep(name, when, tuple(_moment(read, item) for item in nodes))


def _moment(read: _Reader, node: yaml.Node) -> Moment:
    parts = read.fields(node, "a moment", ("name", "when", "type", "micro_moment"))
    name = read.slug(parts["name"], "a moment's name")
    return Moment(
        name=name,
        when=read.expression(parts["when"], f"moment {name}"),
        type=read.choice(parts["type"], f"moment {name}: type", TYPES),
        micro_moment=read.choice(parts["micro_moment"], f"moment {name}: micro_moment", MICRO_MOMENTS),
    )


def _unique(read: _Reader, node: yaml.Node, steps: tuple[Step, ...]) -> None:
    kinds = {
        "step": [s.name for s in steps],
        "sub-step": [sub.name for s in steps for sub in s.sub_steps],
        "moment": [m.name for s in steps for sub in s.sub_steps for m in sub.moments],
    }
    for kind, names in kinds.items():
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice:
            raise read.fail(node, f"two {kind}s have one name", value=twice, fix=f"Give each {kind} its own name")
    if not kinds["moment"]:
        raise read.fail(node, "the journey map has no moment", fix="Add at least one moment to a sub-step")
