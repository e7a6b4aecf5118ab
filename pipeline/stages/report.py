"""The report of a night, and the letters that announce it: one HTML file and one e-mail an audience.

Everything but the count of arrivals is read from the night's published marts. Written to DATA/reports/<night>/:
report.html, and letters/<audience>.eml, which the stage deliver sends as they are. The same marts give the same bytes.
"""

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from pipeline import findings_report, mail, mission_report, moment_report, render, words, worth_report
from pipeline.catalog import write_bytes
from pipeline.context import Run
from pipeline.settings import Audience

if TYPE_CHECKING:
    from pipeline.warehouse import Session

NEEDS = ("marts", "ingest")  # ingest: only its files table, for what became of each row that arrived
Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Section:
    """One section of the report: reports/sections/<name>.html.j2, filled from tables that sql/report/ makes."""

    name: str
    title: str
    tables: tuple[str, ...] = ()


SECTIONS = (
    Section("headline", "What to do", ("headline", "stop_list")),
    Section("ranking", "What each moment changes"),
    Section("changes", "What changed since the last night", ("ranking_changes",)),
    Section("where", "Where and for whom", ("moment_kinds", "moment_groups", "moment_pairs")),
    Section("stop_list", "What to stop polishing"),
    Section("cannot_tell", "What we cannot tell, and why", ("cannot_tell",)),
    Section("missions", "What customers are trying to do", ("missions", "personas", "mission_flows", "mission_moods")),
    Section("journey_map", "Where journeys go", ("journey_map",)),
    Section("feelings", "How journeys feel", ("emotion_curve", "moment_memory")),
    Section("connected_moments", "What one moment leads to", ("connected_moments",)),
    Section("data_quality", "What arrived", ("arrivals", "set_aside", "map_warnings")),
    Section("method", "How we know", ("trials",)),
    Section("glossary", "Words used here"),
)
_BASE = ("ranking", "facts")  # every section rests on these
STOPS = 5  # moments of the stop list that a sentence names
HEADLINES = 3  # moments that the letter names: more than three at a time nobody acts on
WORTH_SEEING = (
    0.05  # an effect under 5 in 100 is rarely worth a project; one that may be larger is told as a blind spot
)


def build(run: Run, session: "Session") -> None:
    """Makes the report's tables, then the report, then one letter an audience."""
    tables = _tables(run, session)
    folder = run.settings.data / "reports" / run.night.isoformat()
    values = _values(run, tables)
    html = render.page("report.html.j2", **values).encode("utf-8")
    write_bytes(folder / "report.html", html)
    for audience in run.settings.audiences:
        letter = _letter(run, audience, values)
        message = mail.compose(letter, audience, run.settings.mail_from, run.night)
        write_bytes(folder / "letters" / f"{audience.name}.eml", message.as_bytes())
    session.log(values["subject"])
    session.log(f"report of {len(html) / 1e6:.2f} MB at {folder / 'report.html'}")


# -- tables ---------------------------------------------------------------------------------------------------------


def _tables(run: Run, session: "Session") -> Tables:
    """The report's tables by name, as lists of rows in the order of their grain."""
    _put_map(run, session)
    names = dict.fromkeys((*_BASE, *(table for section in SECTIONS for table in section.tables)))
    for name in names:
        session.model(
            f"report.{name}",
            night=run.night,
            small_group=run.settings.small_group,
            headlines=HEADLINES,
            worth_seeing=WORTH_SEEING,
        )
    return {name: _rows(session, f"report.{name}") for name in names}


def _put_map(run: Run, session: "Session") -> None:
    """The journey map's own order, for the models: scratch tables report.sub_steps and report.places."""
    import pyarrow as pa

    sub_steps = [
        {"step": step, "sub_step": sub.name, "position": position}
        for position, (step, sub) in enumerate(run.journey_map.sub_steps())
    ]
    places = [
        {"moment": row.moment, "moment_position": position} for position, row in enumerate(run.journey_map.moments())
    ]
    session.put("report.sub_steps", pa.Table.from_pylist(sub_steps), grain=("sub_step",), keep=False)
    schema = pa.schema([("moment", pa.string()), ("moment_position", pa.int64())])
    session.put("report.places", pa.Table.from_pylist(places, schema=schema), grain=("moment",), keep=False)


def _rows(session: "Session", table: str) -> list[Row]:
    rows = [{k: _known(v) for k, v in row.items()} for row in session.arrow(table).to_pylist()]
    return sorted(rows, key=lambda row: [str(row[column]) for column in session.kept[table]])


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


# -- what the templates are given -----------------------------------------------------------------------------------


def _values(run: Run, tables: Tables) -> dict[str, Any]:
    """All that the templates may name; documented by reading it."""
    stops = sorted(tables["stop_list"], key=_stop_order)
    rated = {(row["mission"], row["moment"]): row for row in tables["ranking"]}
    invest = [_worthy(run, rated[row["mission"], row["moment"]] | row) for row in tables["headline"]]
    values = {
        "brand": words.clean(run.journey_map.brand),
        "currency": run.journey_map.currency,
        "night": run.night,
        "horizon_days": run.journey_map.horizon_days,
        "journey": run.journey_map,
        "small_group": run.settings.small_group,
        "worth_seeing": WORTH_SEEING,
        "sections": SECTIONS,
        "facts": tables["facts"][0],
        "invest": sorted(invest, key=lambda row: row["position"]),
        "stops": [row for row in stops if row["mission"] == "ALL" and row["is_clear"]],
        "open_stops": [row for row in stops if row["mission"] == "ALL" and not row["is_clear"]],
        "mission_stops": _by_mission([row for row in stops if row["mission"] != "ALL" and row["is_clear"]]),
        "rankings": _rankings(tables["ranking"]),
        "cannot_tell": _by_mission(sorted(tables["cannot_tell"], key=lambda row: row["moment_position"])),
        **mission_report.values(tables, run.journey_map.currency),
        "maps": _maps(tables["journey_map"], tables["ranking"]),
        **moment_report.values(tables),
        **findings_report.values(tables),
        "arrivals": tables["arrivals"],
        "set_aside": sorted(tables["set_aside"], key=lambda row: -row["rows_count"]),
    }
    told = {
        "subject": _subject(values),
        "title": _title(values),
        "reason": _reason(values),
        "stopped": _stopped(values),
    }
    return values | told


def _worthy(run: Run, row: Row) -> Row:
    return row | {"worth": worth_report.told(row, run.journey_map.horizon_days, run.journey_map.currency)}


def _stop_order(row: Row) -> tuple[Any, ...]:
    """Where a plain comparison would mislead most comes first: that is where effort is wasted."""
    return (row["mission_position"], -abs(row["naive_difference"] or 0.0), row["moment"])


def _by_mission(rows: list[Row]) -> list[Row]:
    """The rows grouped: one {mission, label, rows} a mission, all journeys first, then the largest mission."""
    groups: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["mission_position"], row["mission"])):
        group = groups.setdefault(
            row["mission"], {"mission": row["mission"], "label": row["mission_label"], "rows": []}
        )
        group["rows"].append(row)
    return list(groups.values())


def _rankings(ranking: list[Row]) -> list[Row]:
    """One group a mission: its moments by rank, what it cannot tell last, and the rows of its chart."""
    groups = _by_mission(
        sorted(ranking, key=lambda r: (r["rank"] is None, r["rank"] or 0, r["verdict"], r["moment_position"]))
    )
    for group in groups:
        told = [row for row in group["rows"] if row["verdict"] != "cannot_tell" and row["effect"] is not None]
        group["chart"] = [bar(row, row["moment"], words.heading(row["moment"])) for row in told]
        group["named"] = [row for row in told if row["verdict"] in ("drives", "harms")]
        group["rows"] = [row | {"worth": worth_report.cell(row)} for row in group["rows"]]
    return groups


def bar(row: Row, key: str, label: str) -> Row:
    """A chart's row: the effect with its interval and the plain difference, in customers of 100."""
    decimals = words.digits(row["ci_low"], row["ci_high"])
    return {
        "moment": key,
        "label": label,
        "verdict": row["verdict"],
        "points": row["effect"] * 100,
        "low": row["ci_low"] * 100,
        "high": row["ci_high"] * 100,
        "naive": row["naive_difference"] * 100 if row["naive_difference"] is not None else None,
        "is_misleading": row["is_misleading"],
        "told": f"{words.signed(row['effect'], decimals)} ({words.span(row['ci_low'], row['ci_high'])})",
    }


def _maps(places: list[Row], ranking: list[Row]) -> list[Row]:
    """One map a mission, all journeys first: its steps, each with its sub-steps and the moments in them."""
    positions = {row["mission"]: row["mission_position"] for row in ranking}
    moments: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(ranking, key=lambda row: row["moment_position"]):
        moments.setdefault((row["mission"], row["sub_step"]), []).append(row)
    rows = [row | {"mission_position": positions.get(row["mission"], 9999)} for row in places]
    maps = _by_mission(sorted(rows, key=lambda row: row["position"]))
    for group in maps:
        steps: dict[str, list[Row]] = {}
        for row in group.pop("rows"):
            found = moments.get((row["mission"], row["sub_step"]), [])
            steps.setdefault(row["step"], []).append(row | {"moments": found})
            group["journeys"] = row["journeys"]
        group["steps"] = steps
    return maps


# -- the night in a few words -----------------------------------------------------------------------------------------

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _moments(number: int) -> str:
    return f"{_NUMBERS[number] if number < len(_NUMBERS) else number} moment{'' if number == 1 else 's'}"


def _title(values: dict[str, Any]) -> str:
    """What to do, as one line: the letter's heading."""
    invest, stops = len(values["invest"]), len(values["stops"])
    if not invest:
        return "No moment stands out yet" if stops else "We cannot tell yet what makes customers come back"
    return f"Invest in {_moments(invest)}" + (f", stop polishing {_moments(stops).split()[0]}" if stops else "")


def _subject(values: dict[str, Any]) -> str:
    """The best finding, as one line: the letter's subject."""
    if not values["invest"]:
        return f"{_title(values)} ({values['brand']})"
    best = values["invest"][0]
    told = words.change(best["effect"], best["ci_low"], best["ci_high"])
    return f"{words.heading(best['moment'])}: {told} customers come back"


def _reason(values: dict[str, Any]) -> str:
    """Why no moment is named."""
    facts, days = values["facts"], values["horizon_days"]
    if 0 < facts["known_count"] < values["small_group"]:
        return f"Fewer than {values['small_group']} journeys were followed so far: too few to say anything of them."
    if not facts["known_count"]:
        return (
            f"No journey was followed yet for the {days} days in which customers may come back. The first figures come "
            "when the oldest journeys are that old."
        )
    known = f"{words.count(facts['known_count'])} of {words.count(facts['orders_count'])} journeys"
    told = facts["told_count"]
    judged = (
        f"{told} can be judged, and none stands out from chance" if told else "none has enough journeys to be judged"
    )
    return (
        f"{known} are old enough to know whether the customer came back. Of {facts['pairs_count']} comparisons "
        f"(a moment for a mission), {judged}."
    )


def _stopped(values: dict[str, Any]) -> str:
    """The stop list in two sentences; empty where no moment is a candidate for it."""
    stops = values["stops"][:STOPS]
    if not stops:
        limit = words.in_100(WORTH_SEEING)
        hidden = f"behind each candidate an effect of {limit} in 100 may still hide."
        return f"Nothing yet: {hidden}" if values["open_stops"] else ""
    more = f" (and {len(values['stops']) - STOPS} more)" if len(values["stops"]) > STOPS else ""
    names = words.listed([words.plain(row["moment"]) for row in stops])
    most = words.in_100(max(row["at_most"] for row in stops))
    text = f"{names[:1].upper()}{names[1:]}{more}: no effect was seen, and one over {most} in 100 is ruled out."
    praised = max((row["naive_difference"] for row in stops if row["is_misleading"]), default=0.0)
    return f"{text} A plain comparison would say up to +{words.in_100(praised)} in 100." if praised > 0 else text


# -- the letter -----------------------------------------------------------------------------------------------------


def _letter(run: Run, audience: Audience, values: dict[str, Any]) -> mail.Letter:
    """What an audience is sent: the same figures as text, as HTML and as a picture."""
    shown = [*values["invest"], *values["stops"][:HEADLINES]]
    chart = [bar(row, str(place), _told_for(row)) for place, row in enumerate(shown)]
    base = run.settings.report_url.rstrip("/")
    given = values | {
        "audience": audience.name,
        "url": f"{base}/{run.night.isoformat()}/report.html" if base else "",
        "place": run.settings.data / "reports" / run.night.isoformat() / "report.html",
        "picture": mail.PICTURE,
        "chart_rows": chart,
        "preheader": "; ".join(f"{row['label']} {row['told']}" for row in chart) or values["reason"],
        "alt": "Change in 100 customers who come back, with 95 % ranges. "
        + "; ".join(f"{row['label']}: {row['told']}" for row in chart),
        "misled": any(row["is_misleading"] for row in chart),
    }
    return mail.Letter(
        subject=values["subject"],
        text=render.page("email.txt.j2", **given),
        html=render.inlined(render.page("email.html.j2", **given)),
        picture=render.chart_png("letter", chart) if chart else None,
    )


def _told_for(row: Row) -> str:
    scope = "" if row["mission"] == "ALL" else f" · {words.clean(row['mission_label'])}"
    return f"{words.heading(row['moment'])}{scope}"
