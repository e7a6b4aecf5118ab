"""The sentences of the letters: the night in a few words, what a moment is worth, and what is wrong with the data.

values is what the templates are given; figures says how numbers are written. Everything here is plain text.
"""

from typing import Any

from pipeline import words
from pipeline.figures import Figures

Row = dict[str, Any]
STOPS = 5  # moments of the stop list that a sentence names
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def told(values: Row, figures: Figures | None = None) -> Row:
    """The night in a few words: subject, title, why nothing is named, and what to stop polishing."""
    figures = figures or Figures()
    return {
        "subject": subject(values, figures),
        "title": title(values, figures),
        "reason": reason(values, figures),
        "stopped": stopped(values, figures),
    }


def number(count: int) -> str:
    """A small count in words."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else str(count)


def scope(row: Row) -> str:
    """The mission that a figure is about, in words."""
    return "all journeys" if row["mission"] == "ALL" else words.clean(row["mission_label"])


def title(values: Row, figures: Figures) -> str:
    """What to do, as one line: the letter's heading."""
    invest, stops = len(values["invest"]), len(values["stops"])
    if values.get("is_quiet"):
        return f"Nothing changed since {figures.day(values['news']['night'])}"
    if not invest:
        return "No moment stands out yet" if stops else "We cannot tell yet what makes customers come back"
    moments = f"{number(invest)} moment{'' if invest == 1 else 's'}"
    return f"Invest in {moments}" + (f", stop polishing {number(stops)}" if stops else "")


def subject(values: Row, figures: Figures) -> str:
    """The best finding, as one line; that nothing changed, or that this corrects an e-mail, where it does."""
    if values.get("is_quiet"):
        best = f"still {words.plain(values['invest'][0]['moment'])} first" if values["invest"] else values["brand"]
        return f"Nothing changed: {best}"
    first = f"{title(values, figures)} ({values['brand']})"
    if values["invest"]:
        best = values["invest"][0]
        change = figures.change(best["effect"], best["ci_low"], best["ci_high"])
        first = f"{words.heading(best['moment'])}: {change} customers come back"
    return f"Correction: {first}" if values.get("fixes") else first


def news(values: Row, figures: Figures) -> Row:
    """What is new since the last letter, what each moment is worth and what is wrong with the data, in sentences."""
    horizon, currency = values["horizon_days"], values["currency"]
    invest = [row | {"worth": worth(row, horizon, currency, figures)} for row in values["invest"]]
    told = {"invest": invest, "troubles_told": troubles(values["troubles"], figures), "since": since(values, figures)}
    return told | {"preheader": preheader(values | told)}


def since(values: Row, figures: Figures) -> str:
    """What is new since the letter of the last night, as one text."""
    new = values["news"]
    if new["night"] is None:
        return "There is no earlier e-mail to compare with."
    if new["lines"]:
        return " ".join(new["lines"])
    silent = f" ({new['silent']} effects that are not named did)" if new["silent"] else ""
    return f"No moment named here changed by more than noise since {figures.day(new['night'])}{silent}."


def preheader(values: Row) -> str:
    """What a mail program shows beside the subject."""
    if values["troubles_told"]:
        return f"Trouble with the data: {' '.join(values['troubles_told'])}"
    if values["is_quiet"]:
        return str(values["since"])
    return "; ".join(f"{row['label']} {row['told']}" for row in values["chart_rows"]) or str(values["reason"])


def reason(values: Row, figures: Figures) -> str:
    """Why no moment is named."""
    facts, days = values["facts"], values["horizon_days"]
    if 0 < facts["known_count"] < values["small_group"]:
        return f"Fewer than {values['small_group']} journeys were followed so far: too few to say anything of them."
    if not facts["known_count"]:
        return (
            f"No journey was followed yet for the {days} days in which customers may come back. The first figures come "
            "when the oldest journeys are that old."
        )
    known = f"{figures.count(facts['known_count'])} of {figures.count(facts['orders_count'])} journeys"
    judged = (
        f"{facts['told_count']} can be judged, and none stands out from chance"
        if facts["told_count"]
        else "none has enough journeys to be judged"
    )
    return (
        f"{known} are old enough to know whether the customer came back. Of {facts['pairs_count']} comparisons "
        f"(a moment for a mission), {judged}."
    )


def stopped(values: Row, figures: Figures) -> str:
    """The stop list in two sentences; empty where no moment is a candidate for it."""
    stops = values["stops"][:STOPS]
    if not stops:
        limit = figures.in_100(values["worth_seeing"])
        hidden = f"behind each candidate an effect of {limit} in 100 may still hide."
        return f"Nothing yet: {hidden}" if values["open_stops"] else ""
    more = f" (and {len(values['stops']) - STOPS} more)" if len(values["stops"]) > STOPS else ""
    names = words.listed([words.plain(row["moment"]) for row in stops])
    most = figures.in_100(max(row["at_most"] for row in values["stops"]))
    text = f"{names[:1].upper()}{names[1:]}{more}: no effect was seen; more than {most} in 100 either way is ruled out."
    praised = max((row["naive_difference"] for row in stops if row["is_misleading"]), default=0.0)
    return f"{text} A plain comparison would promise up to +{figures.in_100(praised)}." if praised > 0 else text


# -- an audience's own ----------------------------------------------------------------------------------------------


def labels(own: list[Row]) -> list[str]:
    """The names of the missions that an audience is told of, the largest first."""
    named = {(row["mission_position"], words.clean(row["mission_label"])) for row in own}
    return [label for _, label in sorted(named)]


def stops_of(rows: list[Row], missions: set[str]) -> Row:
    """What somebody who answers for some missions can stop polishing: what surely does nothing in each of them.

    A moment stands once, with the row that rules out least.
    """
    by_moment: dict[str, list[Row]] = {}
    for row in rows:
        by_moment.setdefault(row["moment"], []).append(row)
    told = [
        max(found, key=lambda row: (row["at_most"] is None, row["at_most"] or 0.0, row["mission"]))
        | {"is_clear": all(row["is_clear"] for row in found)}
        for found in by_moment.values()
        if {row["mission"] for row in found} == missions
    ]
    told.sort(key=lambda row: (-abs(row["naive_difference"] or 0.0), row["moment"]))
    return {
        "stops": [row for row in told if row["is_clear"]],
        "open_stops": [row for row in told if not row["is_clear"]],
    }


# -- worth ----------------------------------------------------------------------------------------------------------


def worth(row: Row, horizon_days: int, currency: str, figures: Figures) -> str:
    """What a moment of the headline is worth, as a sentence."""
    if row["exposed_share"] is None or row["worth_customers"] is None:
        return "What it is worth cannot be told yet."
    scope = " on all missions that it matters to" if row["also_missions"] else ""
    gain = f"Worth {_gain(row, currency, figures)} in {horizon_days} days{scope}"
    now = f"on {figures.percent(row['exposed_share'])} of these journeys in the last {horizon_days} days"
    if row["verdict"] == "harms":
        return f"{gain} if it stopped: it happened {now}."
    if row["worth_customers"] < 0.5:
        return f"It happened {now}, about as often as in the best tenth of places and weeks: see that it stays so."
    best = f"on {figures.percent(row['feasible_share'])}, as in the best tenth of places and weeks"
    return f"{gain}: it happened {now}, and could {best}."


def _gain(row: Row, currency: str, figures: Figures) -> str:
    customers = f"about {_about(row, 'worth_customers', figures)} more customers"
    if row["worth_value"] is None:
        return customers
    return f"{customers} and {_about(row, 'worth_value', figures)} {currency}"


def _about(row: Row, name: str, figures: Figures) -> str:
    """A figure and its range: 12 (7 to 17)."""
    middle, low, high = (figures.rounded(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{middle} ({low} to {high})"


# -- trouble --------------------------------------------------------------------------------------------------------


def troubles(rows: list[Row], figures: Figures | None = None) -> list[str]:
    """What is wrong with the night's data: rows of report.troubles, and checks that began to warn, in sentences."""
    return [_trouble(row, figures or Figures()) for row in rows]


def _trouble(row: Row, figures: Figures) -> str:
    if row["trouble"] == "check":
        return f"A check of {words.plain(row['table_name'].rpartition('.')[2])} failed: {words.clean(row['reason'])}"
    table = f"{words.plain(row['table_name'])} ({words.plain(row['source'])})"
    if row["trouble"] == "missing":
        return f"No {table} arrived."
    arrived = figures.count(row["arrived"])
    if row["trouble"] == "thin":
        return f"Only {arrived} rows of {table} arrived; {figures.count(row['usual'])} are usual."
    if row["trouble"] == "much":
        return f"{arrived} rows of {table} arrived; {figures.count(row['usual'])} are usual."
    return f"{figures.count(row['set_aside'])} of {arrived} rows of {table} could not be used."
