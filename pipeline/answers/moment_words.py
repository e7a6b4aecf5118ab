"""The explanation of a figure of the ranking, as lines of plain text for a terminal."""

from textwrap import wrap
from typing import Any

from pipeline.reporting.findings_report import known
from pipeline.words import clean, count, digits, heading, in_100, percent, plain, signed, span

Document = dict[str, Any]
WIDTH = 110
_SAID = {
    "drives": "brings customers back",
    "harms": "drives customers away",
    "no_detectable_effect": "no effect seen",
    "cannot_tell": "cannot tell",
}
_NONE = {
    "few": "too few journeys had it, or went without it",
    "no_overlap": "those with it and those without have too little in common",
    "unseen_cause": "something in no export may make as much as this",
    "unsure": "so few tell that even a large effect would not have been seen",
}
_DIAGNOSTICS = {
    "balance_before": "largest difference of the arms before weighting, in standard deviations",
    "balance_after": "largest difference of the arms after weighting, in standard deviations",
    "effective_sample_size": "journeys that the weighting leaves, effectively",
    "smallest_detectable_effect": "smallest effect that would have been seen (1 is all of them)",
    "placebo_effect": "the same comparison on a return before all this, where it should find 0",
    "sensitivity": "a hidden cause would have to raise both the moment and returning so many times",
}


def explained(document: Document) -> list[str]:
    """The answer of `landmark explain moment`."""
    row = document["estimate"]
    scope = "on all journeys" if document["mission"] == "ALL" else f"on the mission {clean(document['mission_label'])}"
    lines = [f"{heading(document['moment'])}, {scope}: {_SAID[row['verdict']]}", ""]
    parts = (
        _trial(document["protocol"], row),
        _diagnostics(row),
        _estimate(row),
        _comparison(document),
        _worth(document),
    )
    for part in (*parts, _versions(document)):
        lines += [*part, ""]
    return lines[:-1]


def _trial(protocol: Document, row: Document) -> list[str]:
    place = plain(row["sub_step"])
    adjusted = [known(name) for name in protocol["adjusted_for"]]
    before = [*(f"got to {plain(name)}" for name in protocol["earlier_sub_steps"])]
    before += [plain(name) for name in protocol["earlier_moments"]]
    first, last = (protocol[name][:10] for name in ("first_ordered_at", "last_ordered_at"))
    parts = {
        "eligible": f"journeys of an order that got to {place} ({clean(protocol['sub_step_when'])}), ordered from"
        f" {first} to {last} and followed up in full; one is out, not zero, until it is",
        "from": f"the first touch by which they got there: {place}",
        "compared": f"{plain(row['moment'])} ({clean(protocol['moment_when'])})",
        "against": f"{place} without it",
        "followed": f"{protocol['horizon_days']} days after what was ordered was used up",
        "outcome": "another order placed within these days",
        "adjusted for": f"what was known when the order was placed: {', '.join(adjusted)}",
        "and for": f"what came before it on the way: {', '.join(before) or 'nothing'}",
        "estimated": "by augmented inverse probability weighting over all eligible journeys, cross-fitted by customer;"
        " errors count customers, not journeys (docs/ranking.md)",
    }
    return ["the trial that this stands for", *(line for name, text in parts.items() for line in _wrapped(name, text))]


def _wrapped(name: str, text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=f"  {name:<14}", subsequent_indent=" " * 16, break_long_words=False)


def _diagnostics(row: Document) -> list[str]:
    eligible, exposed = row["eligible"], row["exposed"]
    lines = ["how good the comparison is", f"  {count(exposed)} journeys with it, {count(eligible - exposed)} without"]
    if row["overlap"] is not None:
        lines.append(f"  {percent(row['overlap'])} of them have others like them in the other arm")
    lines += [f"  {_short(row[name])}: {told}" for name, told in _DIAGNOSTICS.items() if row.get(name) is not None]
    if row.get("unseen_bias"):
        lines.append(
            "  it goes together with other moments more than all that is known explains: something in no export may be"
            f" behind them, and may make {in_100(row['unseen_bias'])} in 100 of what looks like an effect"
        )
    elif row.get("sensitivity_cause") is not None and row.get("sensitivity_times") is not None:
        cause = known(row["sensitivity_cause"])
        lines.append(f"  {row['sensitivity_times']:.2g} times as strong as {cause}, the strongest cause that is known")
    if row["depends_on_identity"]:
        lines.append("  it depends on who is who: where that is seen more strictly or loosely, something else is found")
    return lines


def _short(value: float) -> str:
    """Three digits, but no fewer than a whole number has."""
    return f"{value:,.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def _estimate(row: Document) -> list[str]:
    lines = ["the estimate, in customers of 100"]
    if row["effect"] is None:
        return [*lines, f"  none: {_NONE.get(row.get('reason') or '', _NONE['few'])}"]
    for name, told in (
        ("", "with strength borrowed from the other missions"),
        ("_unpooled", "from these journeys alone"),
    ):
        middle, low, high = (row[f"{figure}{name}"] for figure in ("effect", "ci_low", "ci_high"))
        if middle is not None:
            lines.append(f"  {signed(middle, digits(low, high))} ({span(low, high)}), {told} [{middle!r}]")
    if row["q_value"] is not None:
        share = "under 0.1 %" if row["q_value"] < 0.001 else f"{row['q_value'] * 100:.1f} %"
        lines.append(f"  of everything named as surely as this, {share} should be false alarms")
    if row["rank"] is not None:
        lines.append(f"  rank {row['rank']} (by chance {row['rank_low']} to {row['rank_high']})")
    return lines


def _comparison(document: Document) -> list[str]:
    """The plain difference, and where it misleads."""
    row = document["estimate"]
    lines = ["the plain comparison"]
    plainly, effect, low, high = (row[name] for name in ("naive_difference", "effect", "ci_low", "ci_high"))
    if plainly is None:
        return [*lines, "  none: one of the arms is (nearly) empty"]
    lines.append(
        f"  of 100 with it, {in_100(plainly, 1)} {'more' if plainly > 0 else 'fewer'} came back than of 100 without"
    )
    if effect is not None:
        apart = signed(plainly - effect, 1)
        misleads = f"it misleads by {apart}: that is who these customers are, not what it does"
        within = f"it is within the range of the estimate, {apart} from its middle: here it does not mislead by much"
        lines.append(f"  {within if low <= plainly <= high else misleads}")
    for one in document["differences"]:
        told = known(one["known"])
        lines.append(
            f"  those with it differed before: {told} {_short(one['with'])}, without it {_short(one['without'])}"
        )
    return lines


def _worth(document: Document) -> list[str]:
    row, days = document["estimate"], document["protocol"]["horizon_days"]
    lines = ["what it is worth"]
    if row.get("retained_customers") is None:
        return [*lines, "  cannot be told"]
    now, could = percent(row["exposed_share"]), percent(row["feasible_share"])
    lines.append(
        f"  of {count(row['recent_journeys'])} journeys that got there in the last {days} days it happened on {now};"
    )
    lines.append(
        f"  feasible is {could}: {'it stops' if row['effect'] < 0 else 'as in the best tenth of places and weeks'}"
    )
    currency = document["now"].get("currency", "")
    for name, unit in (
        ("retained_customers", "customers who come back"),
        ("retained_value", f"{currency} in orders".lstrip()),
    ):
        if row.get(name) is not None:
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            lines.append(f"  {row[name]:,.1f} ({low:,.1f} to {high:,.1f}) more {unit}")
    return lines


def _versions(document: Document) -> list[str]:
    protocol, now = document["protocol"], document["now"]
    lines = [
        "which data and which method",
        f"  night {document['night']}, build {document['build']}",
        f"  landmark {protocol['landmark_version']}, seed {protocol['seed']}",
        f"  journey map {protocol['map_version']}, deliveries {protocol['data_version']}",
    ]
    if document["again"]:
        return [*lines, "  made again from the tables of that build: the same to the last digit"]
    if document["again"] is None:
        return [
            *lines,
            f"  not made again: {document['why_not']} ({now['map_version']}); give that one with --journey-map",
        ]
    apart = [f"{name} {was!r}, now {found!r}" for name, (was, found) in document["apart"].items()]
    version = (
        f" by landmark {now['landmark_version']}" if now["landmark_version"] != protocol["landmark_version"] else ""
    )
    hint = "  (another processor or linear algebra library makes other last digits, and draws a little off)"
    return [*lines, f"  NOT the same when made again{version}: {'; '.join(apart)}", hint]
