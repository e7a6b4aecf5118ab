"""What would let a row in quarantine in, in plain words: a setting, a corrected text, or another delivery."""

import re

from pipeline.sources.column_maps import each_of
from pipeline.sources.conventions import NEVER_SHOWN, USUAL, Conventions
from pipeline.sources.map_errors import line
from pipeline.sources.vendors import Told, route

TEXT = "correct its text (--rows)"
AGAIN = "have the file delivered again, whole, under another name, and dismiss this row"
BY_CODE = {
    "bad_number": '{text}; where decimals have commas, set {at}.decimals = "comma" and release it',
    "bad_time": '{text}; where the day or the month stands first, set {at}.dates = "day_first" or "month_first" and'
    " release it",
    "duplicate": "nothing: the first of the repeats stands",
    "future_time": "{text}: it lies more than a day after the night that delivered it",
    "missing_value": "{text}, or have the record delivered again and dismiss this row",
    "negative_amount": "{text}: what was paid back is an order of status refunded",
    "no_header": "{again}",
    "not_parquet": "{again}",
    "truncated": "{again}",
    "unknown_currency": "{text}, or tell what the word means in {at}.values.{table}.{column} and release it",
    "unknown_status": "tell what the word means in {at}.values.{table}.{column} and release it; or {text}",
    "unmatched": "nothing for a week: each night looks for what it names; then have that delivered, and release it",
    "unreadable": "{text}; where its file is in another encoding, set {at}.encoding and release it",
    "unset_clock": "{text}: the clock that told it counts from 1970",
}
_SETTINGS = ("bad_number", "bad_time", "unknown_currency", "unknown_status")  # of no vendor's own form
_LACKS = re.compile(r"the file has no column (.+?)(?:, nor any other that is known: .*| \(perhaps (.*)\))?", re.S)


def remedy(told: Told, source: str, table: str, reason: str) -> str:
    """What may be done about a row. told: what the settings tell of its source; reason: why it was set aside."""
    code, _, what = reason.partition(": ")
    way = route(source, table, told)
    is_a_vendor_s = way is not None and way.vendor is not None
    if code == "missing_column":
        return _of_column(told, (source, table), what, is_a_vendor_s=is_a_vendor_s)
    if code not in BY_CODE or (is_a_vendor_s and code in _SETTINGS) or _is_set(told.conventions, code, what):
        return TEXT
    names = {"text": TEXT, "again": AGAIN, "at": f"sources.{source}", "table": table, "column": what.partition(" ")[0]}
    return BY_CODE[code].format(**names)


def _is_set(how: Conventions, code: str, what: str) -> bool:
    """Whether the setting that could help is there already, or none could: no clock showed the time."""
    if code == "bad_time":
        return how.dates != USUAL.dates or NEVER_SHOWN in what
    return code == "bad_number" and how.decimals != USUAL.decimals


def _of_column(told: Told, place: tuple[str, str], what: str, *, is_a_vendor_s: bool) -> str:
    found = _LACKS.fullmatch(what)
    if is_a_vendor_s or found is None or ", nor any other " in what:
        return AGAIN
    lacks = found[1].partition(", ")[0]
    names = lacks.split(" or ")
    hints = (hint.partition(" for ") for hint in (found[2] or "").split(", "))
    like = next((name for name, _, of in hints if of.partition(":")[0] == lacks), "<its name there>")
    mapped = {ours: each_of(given) for ours, given in told.columns.get(place[1], {}).items()}
    ours, given = next(
        ((ours, given) for ours, given in mapped.items() if set(names) & set(given)),
        (names[0], (names[0],)),
    )
    told_so = f"sources.{place[0]}.columns.{place[1]}: {line(ours, (*given, like))}"
    return f"where it has another name there, tell both in {told_so}, and release it; else {AGAIN}"
