"""What the stage missions reads of each journey: its signals, with nothing of its outcome and of the map's moments."""

from typing import TYPE_CHECKING, Any

from pipeline.estimators.mission_signals import Signals, flatten_all
from pipeline.journey_map import JourneyMap, Moment, compiled
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

NEAR_DAYS = 90  # how long before an order a partner's activity still belongs to the same plans
_KIND = {"event", "topic", "category"}  # a moment of any page, whatever its kind, takes no kind of page away
_BY_WHOM = {"channel", "brand"}  # by these, dealings other than pages are signals
_OF_ORDERS = {"category": ("category",), "amount": ("value",)}  # signals by the column of an order's touch


def read_signals(session: Session, the_map: JourneyMap, time_zone: str) -> "tuple[pd.DataFrame, Signals]":
    """The rows of missions.order_signals, sorted by journey_id, and every journey's signals in the same order."""
    moments = [moment for _, sub in the_map.sub_steps() for moment in sub.moments]
    _find_moment_kinds(session, moments)
    for name in ("order_signals", "visits", "reads", "entries", "devices", "contacts", "partner_uses"):
        session.model(f"missions.{name}", keep=False, near_days=NEAR_DAYS)
    journeys = session.frame("(from missions.order_signals order by journey_id)")
    place = {journey: row for row, journey in enumerate(journeys["journey_id"])}
    flat = flatten_all(journeys["attributes"].tolist())
    numbers = {name: journeys[name].to_numpy(dtype=float) for name in ("value", "lead_hours", "use_hours")}
    words = {name: _texts(journeys[name]) for name in ("category", "category_before")} | _clock(journeys, time_zone)
    words |= {
        "entry": _words(session, place, "missions.entries", "medium"),
        "device": _words(session, place, "missions.devices", "device"),
    }
    bags = {
        "topics": _bags(session, place, "missions.reads", "topic", "reads"),
        "contacts": _bags(session, place, "missions.contacts", "channel", "contacts"),
        "partners": _bags(session, place, "missions.partner_uses", "activity", "uses"),
    }
    signals = Signals(list(place), numbers | flat.numbers, words | flat.words, bags | flat.bags)
    return journeys, signals.without(_moment_signals(session, moments, signals))


def _find_moment_kinds(session: Session, moments: list[Moment]) -> None:
    """Makes missions.moment_kinds: the kinds of touch that a moment is made of."""
    whens = []
    for moment in moments:
        columns = _columns(moment.when)
        if columns & _KIND:
            whens.append(f"({compiled(moment.when)})")
        elif columns & _BY_WHOM or columns == {"source"}:
            whens.append(f"(source <> 'web' and ({compiled(moment.when)}))")
    kinds = "select distinct source, brand, event, coalesce(topic, '') as topic from journeys.touchpoints"
    session.select("missions.moment_kinds", f"{kinds} where {' or '.join(whens) or 'false'}")


def _columns(when: str) -> set[str]:
    import sqlglot
    from sqlglot import exp

    return {column.name.lower() for column in sqlglot.parse_one(when, read="duckdb").find_all(exp.Column)}


def _moment_signals(session: Session, moments: list[Moment], signals: Signals) -> set[str]:
    """The signals that a moment is made of which some orders are and some are not, such as a large amount."""
    found: set[str] = set()
    for moment in moments:
        columns = _columns(moment.when) & {*_OF_ORDERS, "attributes"}
        if columns and _tells_orders_apart(session, moment.when):
            found.update(name for column in columns for name in _OF_ORDERS.get(column, ()))
            found.update(_fields(moment.when, signals) if "attributes" in columns else ())
    return found


def _tells_orders_apart(session: Session, when: str) -> bool:
    session.select(
        "missions.moment_orders",
        f"select count(*) as orders, count(*) filter (where {compiled(when)}) as on_moment "
        "from journeys.touchpoints where source = 'crm' and event = 'order'",
    )
    row = session.arrow("missions.moment_orders").to_pylist()[0]
    return bool(0 < row["on_moment"] < row["orders"])


def _fields(when: str, signals: Signals) -> list[str]:
    """The attributes that the condition names; all of them where it cannot be told which."""
    import sqlglot
    from sqlglot import exp

    every = [name for name in signals.names() if name.startswith("attributes.")]
    tree = sqlglot.parse_one(when, read="duckdb")
    named = {str(key.this).lower() for key in tree.find_all(exp.JSONPathKey)}
    named |= {str(text.this).lower().removeprefix("$.") for text in tree.find_all(exp.Literal) if text.is_string}
    fields = [name for name in every if {part.lower() for part in name.split(".")[1:]} & named]
    return fields or every


def _texts(column: "pd.Series[Any]") -> list[str | None]:
    return [text if isinstance(text, str) and text else None for text in column]


def _clock(journeys: "pd.DataFrame", time_zone: str) -> dict[str, list[str | None]]:
    """The weekday and the part of the day of the order, as the company's clocks show them."""
    local = journeys["ordered_at"].dt.tz_localize("UTC").dt.tz_convert(time_zone)
    days, hours = local.dt.day_of_week, local.dt.hour
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return {
        "weekday": [names[int(day)] if day >= 0 else None for day in days],
        "hour": [f"{4 * (int(hour) // 4):02d}:00" if hour >= 0 else None for hour in hours],
    }


def _words(session: Session, place: dict[str, int], table: str, column: str) -> list[str | None]:
    words: list[str | None] = [None] * len(place)
    rows = session.arrow(table)
    for journey, word in zip(rows["journey_id"].to_pylist(), rows[column].to_pylist(), strict=True):
        words[place[journey]] = word
    return words


def _bags(session: Session, place: dict[str, int], table: str, word: str, count: str) -> list[dict[str, float]]:
    bags: list[dict[str, float]] = [{} for _ in place]
    found = session.arrow(f"(from {table} order by journey_id, {word})")
    rows = (found[name].to_pylist() for name in ("journey_id", word, count))
    for journey, text, times in zip(*rows, strict=True):
        bags[place[journey]][text] = times
    return bags
