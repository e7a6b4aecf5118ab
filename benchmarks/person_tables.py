"""Any table of people as the linker takes it: which column means what, by its name and else by its values.

A column's role is told by the words of its name ("given_name", "fname_c1", "date of birth"); where they say nothing,
by its content (addresses with an @, dates, numbers as people dial them). What has no role is an attribute: compared as
it is, unless it is constant or tells every row apart.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.estimators.identity.spelling import plain_name

if TYPE_CHECKING:
    import pandas as pd

# Words of a column's name, in the order in which they are tried; the first role whose words all occur is taken.
ROLES: tuple[tuple[str, str], ...] = (
    ("full_name", r"\b(full|whole|complete)\b.*\bname|\bfirst and (sur|last|family)|^(person )?names?$|display name"),
    ("birth_year", r"\b(birth|dob|born)\b.*\b(year|yyyy|yy|y)\b|\b(year|yr)\b.*\b(birth|born)\b|^(by|yob)$"),
    ("birth_month", r"\b(birth|dob|born)\b.*\b(month|mm|m)\b|\bmonth\b.*\b(birth|born)\b|^(bm|mob)$"),
    ("birth_day", r"\b(birth|dob|born)\b.*\b(day|dd|d)\b|\bday\b.*\b(birth|born)\b|^(bd)$"),
    ("birth_date", r"\b(dob|birthdate|birthday|dateofbirth)\b|\b(birth|born) ?(date|on)?$|\bdate\b.*\bbirth"),
    ("email", r"\be ?mails?\b|\bmail\b"),
    ("phone", r"\b(phone|telephone|mobile|cell|tel|msisdn|cellphone)\b|phone ?(no|number)"),
    ("first_name", r"\b(first|given|forename|fore|fname|firstname|givenname|christian|vorname|prenom|nombre)\b"),
    ("last_name", r"\b(last|surname|sur|lname|lastname|family|familyname|nachname|apellidos?)\b"),
    ("postcode", r"\b(post ?code|zip ?code|zip|postal|plz|postcode|eircode|pincode)\b"),
    ("city", r"\b(city|town|suburb|village|locality|municipality|place|ort|stadt|ville)\b"),
    ("street", r"\b(street|address|addr|road|house|strasse|line|address ?\d|apartment|unit)\b"),
)  # fmt: skip
PARTS = ("birth_year", "birth_month", "birth_day")
_DATE = re.compile(r"^\s*(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})")
_EIGHT = re.compile(r"^\d{8}$")
_MAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
_DIALLED = re.compile(r"^\+?[\d\s()./-]{7,20}$")


@dataclass(frozen=True)
class Columns:
    """The columns of each role, in the table's order; attributes: what has no role but says something."""

    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()


def words(name: str) -> str:
    """A column's name as lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[^a-z0-9]+", " ", spaced.lower()).strip()


def map_columns(frame: "pd.DataFrame", leave: Iterable[str], given: Mapping[str, str]) -> Columns:
    """Which column means what. leave: id and truth. given: role -> column, where the caller knows better."""
    roles: dict[str, list[str]] = {role: [column] for role, column in given.items()}
    attributes = []
    for column in frame.columns:
        if column in leave or column in given.values():
            continue
        role = role_by_name(column) or role_by_content(frame[column])
        if role is None or role in given:
            attributes.append(column)
        else:
            roles.setdefault(role, []).append(column)
    kept = tuple(column for column in attributes if _says_something(frame[column]))
    return Columns({role: tuple(columns) for role, columns in roles.items()}, kept)


def role_by_name(column: str) -> str | None:
    text = words(column)
    return next((role for role, pattern in ROLES if re.search(pattern, text)), None)


def role_by_content(values: "pd.Series[Any]") -> str | None:
    """What the values look like; None where nine in ten do not look like one thing."""
    sample = [str(value).strip() for value in values.dropna().unique()[:2000]]
    if len(sample) < 2:
        return None
    for role, looks in (("email", _MAIL.match), ("birth_date", _DATE.match), ("phone", _looks_dialled)):
        if sum(bool(looks(value)) for value in sample) >= 0.9 * len(sample):
            return role
    return None


def _looks_dialled(value: str) -> bool:
    """A number written as people dial it: with a plus, or in groups."""
    return bool(_DIALLED.match(value)) and bool(re.search(r"^\+|\d[\s()/.-]+\d", value))


def _says_something(values: "pd.Series[Any]") -> bool:
    """Neither one value for all, nor another for each."""
    present = values.dropna()
    return 1 < present.nunique() < len(present)


# -- the values -------------------------------------------------------------------------------------------------------


def profiles(frame: "pd.DataFrame", columns: Columns) -> "pd.DataFrame":
    """One row a record, in the frame's order: the columns that the linker compares, plainly spelt, empty is null."""
    import pandas as pd

    texts = {c: frame[c].astype("string").str.strip() for c in frame.columns}
    made: dict[str, Any] = {"record_id": range(len(frame))}
    first, last = _names(texts, columns)
    made |= {"first_name": first, "last_name": last, "first_root": first}
    made["full_name"] = [f"{a} {b}" if a and b else None for a, b in zip(first, last, strict=True)]
    made["born"] = _births(texts, columns, len(frame))
    made["birth_digits"] = [None if b is None else "".join(sorted(b)) for b in made["born"]]
    made["city"] = _joined(texts, columns.roles.get("city", ()), len(frame), plain_name)
    for role in ("street", "postcode"):  # where blanks stand in them says nothing
        made[role] = _joined(texts, columns.roles.get(role, ()), len(frame), _letters_and_digits)
    made["phone"] = _joined(texts, columns.roles.get("phone", ())[:1], len(frame), _digits)
    made["email"] = _joined(texts, columns.roles.get("email", ())[:1], len(frame), str.lower)
    made["email_local"] = [None if e is None else e.partition("@")[0] for e in made["email"]]
    for place, column in enumerate(columns.attributes):
        made[f"attribute_{place}"] = _joined(texts, (column,), len(frame), plain_name)
    result = pd.DataFrame(made | _starts(made))
    for column in result.columns:
        if column != "record_id":
            result[column] = result[column].astype("string")
    return result.assign(sure=pd.array([pd.NA] * len(frame), dtype="Int64"))


def _starts(made: Mapping[str, Any]) -> dict[str, list[str | None]]:
    """The beginnings of values, for records to meet that a slip sets apart."""

    def cut(column: str, start: int | None, end: int | None) -> list[str | None]:
        return [None if value is None else value[start:end] or None for value in made[column]]

    return {
        "first_start": cut("first_name", 0, 2),
        "last_start": cut("last_name", 0, 3),
        "birth_year": cut("born", 0, 4),
        "birth_rest": cut("born", 5, None),
        "postcode_start": cut("postcode", 0, -2),
    }


def _joined(texts: Mapping[str, Any], columns: tuple[str, ...], count: int, spell: Any) -> list[str | None]:
    """The columns' values side by side; None where all are empty."""
    if not columns:
        return [None] * count
    rows = zip(*(texts[column].fillna("") for column in columns), strict=True)
    return [spell(" ".join(value for value in row if value)) or None for row in rows]


def _names(texts: Mapping[str, Any], columns: Columns) -> tuple[list[str | None], list[str | None]]:
    count = len(next(iter(texts.values())))
    first = _joined(texts, columns.roles.get("first_name", ()), count, plain_name)
    last = _joined(texts, columns.roles.get("last_name", ()), count, plain_name)
    whole = _joined(texts, columns.roles.get("full_name", ())[:1], count, str)
    split = [split_name(name) for name in whole]
    return (
        [own or other[0] for own, other in zip(first, split, strict=True)],
        [own or other[1] for own, other in zip(last, split, strict=True)],
    )


def split_name(name: str | None) -> tuple[str | None, str | None]:
    """First and last name of a full name: "Ann Lee Smith", or "Smith, Ann Lee" where the comma parts two names."""
    if not name:
        return None, None
    before, comma, after = name.partition(",")
    if comma and len(before.split()) == 1 and after.strip():
        return plain_name(after) or None, plain_name(before) or None
    parts = plain_name(name).split()
    return (parts[0] if parts else None), (parts[-1] if len(parts) > 1 else None)


def _letters_and_digits(text: str) -> str:
    return plain_name(text).replace(" ", "")


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _births(texts: Mapping[str, Any], columns: Columns, count: int) -> list[str | None]:
    """YYYY-MM-DD, as far as it is known."""
    if all(part in columns.roles for part in PARTS):
        rows = zip(*(texts[columns.roles[part][0]].fillna("") for part in PARTS), strict=True)
        return [f"{y:0>4}-{m:0>2}-{d:0>2}" if y and m and d else None for y, m, d in rows]
    if "birth_date" not in columns.roles:
        return [None] * count
    values = texts[columns.roles["birth_date"][0]]
    day_first = not any(_month_first(v) for v in values.dropna())
    return [
        None if v is None else _iso(v, day_first=day_first) for v in values.astype(object).where(values.notna(), None)
    ]


def _month_first(value: str) -> bool:
    found = _DATE.match(value)
    return found is not None and len(found[1]) <= 2 < len(found[3]) and int(found[2]) > 12


def _iso(value: str, *, day_first: bool) -> str | None:
    if _EIGHT.match(value):
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    found = _DATE.match(value)
    if not found:
        return value or None
    one, two, three = found.groups()
    if len(one) == 4:
        return f"{one}-{two:0>2}-{three:0>2}"
    return f"{three:0>4}-{two:0>2}-{one:0>2}" if day_first else f"{three:0>4}-{one:0>2}-{two:0>2}"
