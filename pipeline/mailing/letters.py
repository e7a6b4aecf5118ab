"""What a night is told as in a few words, and the letters that say it: one an audience.

Both are made from the values that the report's templates are given, so that letter and report say the same figures.
Beside each letter lies what it tells (letters/<audience>.json), which the stage deliver and later nights go by.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import quality, render, words
from pipeline.catalog import write_bytes, write_text
from pipeline.context import Run
from pipeline.figures import Figures
from pipeline.mailing import approvals, letter_changes, letter_words, mail
from pipeline.mailing.editions import Edition, Editions
from pipeline.reporting import bars, report_values
from pipeline.settings import Audience

if TYPE_CHECKING:
    from pipeline.warehouse import Session

Row = dict[str, Any]
Tables = dict[str, list[Row]]
TOLD = "letters.json"  # what each audience was told: kept with the stage's tables, for the night after
HEADLINES = 3  # moments that the letter names: more than three at a time nobody acts on


# -- whose missions -------------------------------------------------------------------------------------------------


def put_audiences(run: Run, session: "Session") -> None:
    """Scratch table report.audiences: which missions each audience is told of; the report, without a name, of all."""
    import pyarrow as pa

    labels = {row["mission"]: row["label"] for row in session.arrow("marts.missions", "mission, label").to_pylist()}
    rated = session.arrow("(select distinct mission from marts.moment_ranking)").to_pylist()
    every = sorted(row["mission"] for row in rated)
    pairs = [("", mission) for mission in every]
    for audience in run.settings.audiences:
        pairs += [(audience.name, mission) for mission in _missions(audience, every, labels)]
    rows = [{"audience": audience, "mission": mission} for audience, mission in pairs]
    schema = pa.schema([("audience", pa.string()), ("mission", pa.string())])
    session.put("report.audiences", pa.Table.from_pylist(rows, schema), grain=("audience", "mission"), keep=False)


def _missions(audience: Audience, every: list[str], labels: dict[str, str | None]) -> list[str]:
    """The audience's missions among tonight's, named by slug or label; all, and ALL, where it names none."""
    if not audience.missions:
        return every
    asked = {name.casefold() for name in audience.missions}
    return [name for name in every if {name.casefold(), (labels.get(name) or name).casefold()} & asked]


# -- the letters ----------------------------------------------------------------------------------------------------


def write(run: Run, session: "Session", tables: Tables, values: Row) -> None:
    """Writes each audience's e-mail to DATA/reports/<night>/letters/<audience>.eml, and what it tells beside it."""
    folder = run.settings.data / "reports" / run.night.isoformat() / "letters"
    before = json.loads(session.previous_file("report", TOLD) or b"{}")
    values |= {"troubles": [*tables["troubles"], *_failed(session, tables["check_outcomes"])]}
    told: dict[str, Row] = {}
    for audience in run.settings.audiences:
        given = _for_audience(run, values, tables, audience)
        if not given["own"] and audience.missions:
            _take_away(folder, audience)
            asked = ", ".join(audience.missions)
            session.log(f"warning: no letter for {audience.name}: none of its missions is there tonight ({asked})")
            continue
        told[audience.name] = letter_changes.record(given)
        edition = Editions(run.settings.data, run.night, audience.name).of(told[audience.name])
        last, figures = before.get(audience.name), Figures(audience.locale)
        given |= _news(given, tables["ranking_changes"], last, edition, figures)
        _write(run, folder, audience, given, edition)
    session.save(TOLD, json.dumps(told, ensure_ascii=False, sort_keys=True).encode("utf-8"))


def _failed(session: "Session", outcomes: list[Row]) -> list[Row]:
    """The checks that warn tonight and did not on the last finished night; one that goes on warning is the report's.

    What is unusual of a table beside its volume is for whoever looks after the data: the quality page has it.
    """
    before = session.previous("report", "check_outcomes")
    names = ("table_name", "expectation", "column_name", "reason")
    known = {tuple(row[name] for name in names) for row in _warnings([] if before is None else before.to_pylist())}
    return [
        row | {"trouble": "check"} for row in _warnings(outcomes) if tuple(row[name] for name in names) not in known
    ]


def _warnings(outcomes: list[Row]) -> list[Row]:
    return [
        row
        for row in outcomes
        if row["severity"] == "warning" and not row["is_passed"] and not quality.is_measured(row["table_name"])
    ]


def _take_away(folder: Path, audience: Audience) -> None:
    """Removes what an earlier run of the night wrote to an audience that has no letter now."""
    for suffix in (".eml", ".json"):
        (folder / f"{audience.name}{suffix}").unlink(missing_ok=True)


def _for_audience(run: Run, values: Row, tables: Tables, audience: Audience) -> Row:
    """The report's values, with what this audience is told of its missions."""
    own = [row for row in tables["audience_ranking"] if row["audience"] == audience.name]
    given = values | report_values.what_to_do(run, tables, audience.name)
    given |= {"audience": audience.name, "own": own, "missions_told": []}
    if audience.missions:
        stops = [row for row in tables["stop_list"] if row["audience"] == audience.name]
        given |= letter_words.stops_of(stops, {row["mission"] for row in own})
        given |= {"missions_told": letter_words.labels(own), "facts": _facts(values["facts"], own)}
    return given


def _facts(facts: Row, own: list[Row]) -> Row:
    """The report's facts, with how many comparisons can be judged among the audience's own."""
    told = [row for row in own if row["verdict"] != "cannot_tell"]
    return facts | {"pairs_count": len(own), "told_count": len(told)}


def _news(given: Row, changes: list[Row], before: Row | None, edition: Edition, figures: Figures) -> Row:
    """What is new since the letter of the last night, and what this one corrects."""
    missions = {row["mission"] for row in given["own"]}
    mine = [row for row in changes if row["mission"] in missions]
    news = letter_changes.since(before, edition.told, mine, figures)
    fixes = letter_changes.corrected(edition.corrects, edition.told) if edition.corrects else []
    return {"news": news, "fixes": fixes, "is_quiet": news["is_nothing"] and not fixes and not given["troubles"]}


def _write(run: Run, folder: Path, audience: Audience, given: Row, edition: Edition) -> None:
    letter = _letter(run, audience, given)
    message = mail.compose(letter, audience, run.settings.mail_from, run.night, str(edition.number))
    write_bytes(folder / f"{audience.name}.eml", message.as_bytes())
    beside = vars(edition) | {"subject": letter.subject, "terms": approvals.terms(run.settings, audience)}
    beside |= {"troubles": letter_words.troubles(given["troubles"])}
    write_text(folder / f"{audience.name}.json", json.dumps(beside, ensure_ascii=False, sort_keys=True, indent=1))


def _letter(run: Run, audience: Audience, values: Row) -> mail.Letter:
    """What an audience is sent: the same figures as text, as HTML and, where moments are told anew, as a picture."""
    figures = Figures(audience.locale)
    shown = [] if values["is_quiet"] else [*values["invest"], *values["stops"][:HEADLINES]]
    given = values | letter_words.told(values, figures) | _places(run) | _picture(shown, figures)
    given |= letter_words.news(given, figures)
    html = render.page("email.html.j2", figures=figures, **given)
    return mail.Letter(
        subject=given["subject"],
        text=render.page("email.txt.j2", figures=figures, **given),
        html=render.inlined(html),
        picture=render.chart_png("letter", given["chart_rows"]) if given["chart_rows"] else None,
    )


def _places(run: Run) -> Row:
    """Where the whole report is: its address, or else the file."""
    base, night = run.settings.report_url.rstrip("/"), run.night.isoformat()
    return {
        "url": f"{base}/{night}/report.html" if base else "",
        "place": run.settings.data / "reports" / night / "report.html",
    }


def _picture(shown: list[Row], figures: Figures) -> Row:
    """The chart's rows, and what it shows in words, for those who do not see it."""
    rows = [
        bars.bar(row, str(place), words.heading(row["moment"]), figures) | {"scope": letter_words.scope(row)}
        for place, row in enumerate(shown)
    ]
    told = "; ".join(f"{row['label']} ({row['scope']}) {row['told']}" for row in rows)
    return {
        "picture": mail.PICTURE,
        "chart_rows": rows,
        "alt": f"Change in 100 customers who come back, with 95 % ranges: {told}.",
        "misled": any(row["is_misleading"] for row in rows),
    }
