"""Which column of a file may be which of a form: by the likeness of names, and by what kind of values stand in it.

Guesses for a person to confirm: nothing that is read ever rests on them. The words are those by which shops, CRMs and
exporters commonly call such columns.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from pipeline.ingest.rows import ISO_TIME, NUMBER
from pipeline.sources.column_maps import EVERY, HASHED_EMAIL, PLAIN_EMAIL, Given, is_column, paths_of
from pipeline.sources.forms import Column, Form
from pipeline.sources.samples import Sample

ENOUGH = 0.55
_LIKE, _CLOSE = 0.9, 0.8
_MOSTLY, _SPELT = 0.9, 0.85
_PATTERNS = {
    "number": NUMBER,
    "time": ISO_TIME,
    "other_time": r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}([ T].*)?|\d{4}[./]\d{1,2}[./]\d{1,2}([ T].*)?|1\d{9}(\d{3}){0,2}",
    "other_number": r"[+-]?\d{1,3}([.' ]\d{3})*,\d+|[+-]?\d+,\d+",
    "email": r"[^\s@]+@[^\s@]+\.[^\s@]+",
    "hash": r"[0-9a-fA-F]{64}",
    "currency": r"[A-Z]{3}",
    "phone": r"\+?[\d ()/.-]{7,20}",
    "truth": r"(?i:true|false|yes|no|y|n|0|1|t|f)",
}
_DATED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{4}")
_TIMES = {"time", "other_time"}
_FIGURES = {"number", "other_number"}
# what values a column must have; the others take what is neither a time nor a long text
_KINDS = {
    "email": {"email"}, "email_sha256": {"hash"}, "currency": {"currency"}, "phone": {"phone", "number"},
    "consent_analytics": {"truth"}, "consent_marketing": {"truth"}, "birth_date": _TIMES, "date": _TIMES,
    "amount": _FIGURES, "rating": _FIGURES, "value": _FIGURES, "duration_seconds": _FIGURES, "likes": _FIGURES,
    "shares": _FIGURES,
}  # fmt: skip
_TELLING = {"email": {"email"}, "email_sha256": {"hash"}}  # such values alone tell it, whatever the column is called
_NUMBERED = {"no", "nr", "num", "number", "code", "key", "ref", "reference"}  # ways to say that a column is an id
_WORDS = {
    "crm_id": "customer id|client id|contact id|account id|member id|guest id|user id|person id|customer|client|guest|"
    "member|buyer id|debtor id",
    "created_at": "created|registered|creation date|create date|registered at|registration date|sign up date|joined|"
    "date added|date|published at|post date|posted at",
    "email": "mail|e mail|email address|mail address",
    "phone": "telephone|mobile|cell|phone number|mobile phone|tel",
    "first_name": "given name|forename", "last_name": "surname|family name|name",
    "birth_date": "date of birth|dob|birthday", "street": "address|address line|street address|address 1",
    "city": "town|place|locality", "postcode": "zip|zip code|postal code|post code",
    "region": "state|province|county|area", "country": "nation|country code",
    "loyalty_id": "loyalty number|loyalty card|card number|membership number|member number",
    "social_handle": "handle|screen name|social account",
    "consent_analytics": "analytics consent|consent|tracking consent",
    "consent_marketing": "marketing consent|newsletter|opt in|marketing opt in",
    "updated_at": "updated|modified|last modified|changed|last update|last modified date|change date|edited at",
    "order_id": "order number|booking id|reservation id|purchase id|transaction id|invoice id|receipt id|sale id|"
    "sales id|policy id|contract id|order|booking|id",
    "ordered_at": "order date|booking date|purchase date|transaction date|order time|bought at|sold at|placed at|"
    "date of purchase|invoice date|date|created at",
    "status": "state|order status|booking status",
    "amount": "total|price|revenue|sum|net amount|gross amount|total amount|order total|order value|total price|paid|"
    "fare",
    "currency": "currency code|ccy|curr|iso currency",
    "starts_at": "start|start date|check in|check in date|arrival|arrival date|departure|begin|valid from|from date|"
    "travel date|event date|service date",
    "ends_at": "end|end date|check out|check out date|leave date|return date|valid until|to date|finish",
    "category": "kind|product category|product|segment|class|product type|market segment|group",
    "attributes": "custom fields|properties|details",
    "interaction_id": "activity id|case id|ticket id|call id|contact log id|event id|record id|id",
    "occurred_at": "occurred|timestamp|time|datetime|when|event time|event date|date time|date|started at|happened at",
    "channel": "medium|touchpoint|contact channel|via",
    "type": "event type|kind|activity|action|interaction type|contact type|reason|subject",
    "outcome": "result|resolution|disposition|end state|status",
    "duration_seconds": "duration|seconds|length|handle time|duration sec|time spent|talk time",
    "rating": "score|stars|satisfaction|nps|csat|grade",
    "text": "comment|message|note|notes|body|content|description|feedback|verbatim|full text|mention text|snippet",
    "message_id": "event id|message id|id|uuid|hit id",
    "anonymous_id": "visitor id|cookie|cookie id|client id|device id|session id|visitor|fingerprint",
    "user_id": "customer id|login|account id|member id|user",
    "event": "event name|event action|action|what", "name": "page name|page title|screen name|title",
    "received_at": "received|server time|ingested at", "topic": "subject|content group|page topic",
    "ip": "ip address|remote address", "user_agent": "browser|agent",
    "path": "page path|url path|pathname|page", "url": "page url|location|link|page location",
    "referrer": "referer|page referrer", "campaign_medium": "utm medium|medium", "campaign_source": "utm source",
    "campaign_name": "utm campaign|campaign",
    "post_id": "post id|mention id|id|tweet id|status id|resource id|document id",
    "platform": "network|social network|source|site|content source|page type|channel",
    "author_handle": "author|username|user name|user|handle|screen name|author name|account|profile",
    "lang": "language|locale", "likes": "like count|favourites|favorites|reactions",
    "shares": "share count|retweets|reposts|retweet count|boosts", "topics": "tags|hashtags|keywords|themes",
    "in_reply_to": "reply to|parent id|parent|thread id",
    "activity_id": "booking id|transaction id|record id|reference|event id|ride id|trip id|number|id",
    "customer_ref": "customer id|customer|guest id|client|client id|member id|passenger|account|person id|user id",
    "activity_type": "type|activity|event|event type|kind|service|action",
    "partner": "partner name|supplier|provider|vendor|brand",
    "email_sha256": "hashed email|email hash|sha256 email",
    "date": "day|on", "factor": "metric|indicator|variable|measure|name", "value": "amount|level|reading|index",
}  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """One column of a form: the column that it may be, as a column map tells it, and how alike they are (0..1).

    is_told: the map that there is tells it, and the file has it; given is then '' where it is made of no column.
    """

    column: str
    given: str
    likeness: float
    is_told: bool = False


@dataclass(frozen=True)
class Fit:
    """A file beside a form: the guesses, the required columns without one, and how well it fits (0..1)."""

    form: Form
    guesses: tuple[Guess, ...]
    open_: tuple[str, ...]
    share: float


def kinds(values: tuple[str, ...]) -> set[str]:
    """What kinds of values these are, nearly all of them; none where there are no values. A long text is `prose`."""
    if not values:
        return set()
    found = {
        kind
        for kind, pattern in _PATTERNS.items()
        if sum(bool(re.fullmatch(pattern, value)) for value in values) >= _MOSTLY * len(values)
    }
    is_prose = sum(value.count(" ") >= 3 and len(value) > 20 for value in values) >= 0.3 * len(values)
    return found or {"prose" if is_prose else "words"}


def fit(form: Form, found: Sample, told: Mapping[str, Given] | None = None) -> Fit:
    """The best guesses for a form's columns: each column of the file is at most one of them, the likest first.

    told: the column map that there is; what it tells of columns that the file has is no guess.
    """
    seen = {path: kinds(values) for path, values in found.columns.items() if is_column(path)}
    scored = sorted(
        (-_likeness(column.name, column.path, path, kind), not column.required, nth, path)
        for nth, column in enumerate(form.columns)
        for path, kind in seen.items()
    )
    taken, used = _told(form, found, told or {})
    for score, _, nth, path in scored:
        if -score >= ENOUGH and nth not in taken and path not in used:
            taken[nth] = Guess(form.columns[nth].name, path, round(-score, 2))
            used.add(path)
    _add_only_time(form, seen, taken, used)
    _add_wide(form, seen, taken, used)
    wanted = [nth for nth, column in enumerate(form.columns) if column.required]
    missing = tuple(form.columns[nth].name for nth in wanted if nth not in taken)
    strength = sum(taken[nth].likeness for nth in wanted if nth in taken) / max(1, len(wanted))
    share = 0.8 * strength + 0.2 * len(used) / max(1, len(found.columns))
    return Fit(form, tuple(taken[nth] for nth in sorted(taken)), missing, share)


def _told(form: Form, found: Sample, told: Mapping[str, Given]) -> tuple[dict[int, Guess], set[str]]:
    """The columns of a form that a map tells, by their places, and the file's columns that it uses."""
    taken: dict[int, Guess] = {}
    used: set[str] = set()
    for nth, column in enumerate(form.columns):
        for given in (told[name] for name in names_of(column) if name in told and is_there(told[name], found)):
            here = [path for path in paths_of(given) if path in found.columns]
            taken[nth] = Guess(column.name, here[0] if here else "", 1.0, is_told=True)
            used |= set(here)
    return taken, used


def names_of(column: Column) -> tuple[str, ...]:
    """What a map may call a column of a form."""
    return (column.path, column.name, *((PLAIN_EMAIL,) if column.name == HASHED_EMAIL else ()))


def is_there(given: Given, found: Sample) -> bool:
    """Whether what a map says of a column can be made of a file's columns; of a file without any, all can."""
    if not found.columns or not isinstance(given, str):
        return not found.columns or any(is_there(each, found) for each in given)
    return all(any(n == path or n.startswith(f"{path}.") for n in found.columns) for path in paths_of(given))


def _add_only_time(form: Form, seen: dict[str, set[str]], taken: dict[int, Guess], used: set[str]) -> None:
    """The only column of times that is left is the one time that every record must have."""
    left = [path for path, kind in seen.items() if kind & _TIMES and path not in used]
    open_ = [nth for nth, c in enumerate(form.columns) if c.required and c.name.endswith("_at") and nth not in taken]
    if len(left) == 1 and len(open_) == 1:
        taken[open_[0]] = Guess(form.columns[open_[0]].name, left[0], ENOUGH)
        used.add(left[0])


def _add_wide(form: Form, seen: dict[str, set[str]], taken: dict[int, Guess], used: set[str]) -> None:
    """Factors that have a column each: dates, and else figures, without a column of names."""
    at = {column.name: nth for nth, column in enumerate(form.columns)}
    if form.name != "factors" or at["date"] not in taken:
        return
    named, value = taken.get(at["factor"]), taken.get(at["value"])
    if named is not None and not (named.is_told and not named.given):
        return
    others = [path for path in seen if path not in used or (value and path == value.given)]
    if named is None and (len(others) < 2 or not all(seen[path] & _FIGURES or not seen[path] for path in others)):
        return
    taken[at["factor"]] = named or Guess("factor", EVERY, _LIKE)
    taken[at["value"]] = Guess("value", "", _LIKE, is_told=True)
    used |= set(others)


def habits(one: Fit, found: Sample) -> dict[str, str]:
    """How the source seems to write dates and decimals, as its settings tell it; a doubt stands behind a #."""
    times = [
        value
        for guess in one.guesses
        if guess.column.endswith(("_at", "date"))
        for value in found.columns.get(guess.given, ())
    ]
    named = {g.given for g in one.guesses if _KINDS.get(g.column) == _FIGURES} | _wide_columns(one, found)
    figures = [value for name in sorted(named) for value in found.columns.get(name, ())]
    parts = [(int(match[1]), int(match[2])) for value in times if (match := _DATED.match(value))]
    told = {}
    if len(parts) > len(times) / 2:
        is_day, is_month = any(first > 12 for first, _ in parts), any(second > 12 for _, second in parts)
        doubt = "" if is_day != is_month else "   # decide: day_first or month_first?"
        told["dates"] = f'"{"month_first" if is_month and not is_day else "day_first"}"{doubt}'
    if sum(bool(re.fullmatch(_PATTERNS["other_number"], value)) for value in figures) > len(figures) / 10:
        told["decimals"] = '"comma"'
    return told


def _wide_columns(one: Fit, found: Sample) -> set[str]:
    """Where each column is a factor, those of the file that hold one's values."""
    given = {guess.column: guess.given for guess in one.guesses}
    is_wide = given.get("factor") in ("", EVERY) and given.get("value") == ""
    return found.columns.keys() - given.values() if is_wide else set()


def best(forms: tuple[Form, ...], found: Sample) -> Fit | None:
    """The form that a file fits best; None where it has no columns."""
    fits = [fit(form, found) for form in forms if not form.is_extra]
    return max(fits, key=lambda one: one.share, default=None) if found.columns else None


def _likeness(name: str, path: str, given: str, seen: set[str]) -> float:
    if not _may_be(name, seen):
        return 0.0
    if given in (path, name):
        return 1.0
    words = max(_alike(other, given) for other in (name, path, *_WORDS.get(name, "").split("|")) if other)
    return max(words, _CLOSE) if seen & _TELLING.get(name, set()) else words


def _may_be(name: str, seen: set[str]) -> bool:
    if not seen:
        return True
    if name.endswith("_at") or name in _KINDS:
        return bool(seen & (_TIMES if name.endswith("_at") else _KINDS[name]))
    if name == "text":
        return not seen & _TIMES
    return "prose" not in seen and ("number" in seen or not seen & _TIMES)


def _alike(ours: str, theirs: str) -> float:
    """1: the same words; less where one has words that the other lacks, or they are merely spelt alike."""
    one, other = _tokens(ours), _tokens(theirs)
    if not one or not other:
        return 0.0
    if one == other:
        return 0.97
    if "".join(one) == "".join(other):
        return 0.95
    overlap = _LIKE * len(set(one) & set(other)) / max(len(one), len(other))
    spelt = SequenceMatcher(None, "".join(one), "".join(other)).ratio()
    return max(overlap, _CLOSE * spelt if spelt >= _SPELT else 0.0)


def _tokens(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.rsplit(".", 1)[-1])
    words = [word for word in re.split(r"[^0-9a-z]+", parted.lower()) if word]
    return ["id" if word in _NUMBERED else word for word in words]
