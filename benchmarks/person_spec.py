"""What is compared in a table of people: a comparison for each thing that the table holds."""

import itertools

from person_tables import Columns

from pipeline.estimators.identity.comparisons import BIRTH_NEAR, Comparison, Spec, near, null, slip

_FIRST_SAME, _LAST_SAME = "first_name_l = first_name_r", "last_name_l = last_name_r"
# first and last name changed places, with a slip in one of them at the most
_SWAPPED = (
    "((first_name_l = last_name_r and jaro_winkler_similarity(last_name_l, first_name_r) >= 0.88)"
    " or (last_name_l = first_name_r and jaro_winkler_similarity(first_name_l, last_name_r) >= 0.88))"
)
_FIRST_NEAR = (
    f"({near('first_name', 0.88)}"
    " or starts_with(first_name_l, first_name_r) or starts_with(first_name_r, first_name_l))"
)
_LAST_NEAR = f"({near('last_name', 0.88)})"
_PARTS_OF_DATE = " + ".join(
    f"cast(substr(born_l, {start}, {length}) = substr(born_r, {start}, {length}) as integer)"
    for start, length in ((1, 4), (6, 2), (9, 2))
)

FIRST_NAME = Comparison(
    "first_name",
    null("first_name"),
    (
        (_FIRST_SAME, "first_name"),
        (_SWAPPED, None),
        (_FIRST_NEAR, None),
        ("substr(first_name_l, 1, 1) = substr(first_name_r, 1, 1)", None),
    ),
)
LAST_NAME = Comparison(
    "last_name",
    f"{null('last_name')} or ({_SWAPPED} and first_name_l <> first_name_r)",
    ((_LAST_SAME, "last_name"), (_LAST_NEAR, None)),
    at_home=True,
)
BIRTH_DATE = Comparison(
    "birth_date",
    null("born"),
    (("born_l = born_r", "born"), (BIRTH_NEAR, None), (f"{_PARTS_OF_DATE} = 2", None), (f"{_PARTS_OF_DATE} = 1", None)),
)
_STREET = "street_l = street_r"
_STREET_NEAR = (
    "(jaro_winkler_similarity(street_l, street_r) >= 0.92"
    " or starts_with(street_l, street_r) or starts_with(street_r, street_l))"
)
_AROUND = "(postcode_l = postcode_r or city_l = city_r)"
_POSTCODE_NEAR = f"({slip('postcode')} or postcode_start_l = postcode_start_r)"
ADDRESS = Comparison(
    "address",
    "(street_l is null or street_r is null) and (postcode_l is null or postcode_r is null)"
    " and (city_l is null or city_r is null)",
    (
        (f"{_STREET} and {_AROUND}", "street"),
        (f"{_STREET_NEAR} and {_AROUND}", None),
        (_STREET, "street"),
        ("postcode_l = postcode_r", "postcode"),
        (f"{_POSTCODE_NEAR} and city_l = city_r", None),
        (_POSTCODE_NEAR, None),
        ("city_l = city_r", "city"),
        (f"({near('city', 0.88)})", None),
    ),
    at_home=True,
)
PHONE = Comparison(
    "phone",
    null("phone"),
    (("phone_l = phone_r", "phone"), (slip("phone"), None)),
    at_home=True,
)
_MAIL_NEAR = f"({near('email_local', 0.88)})"
# Addresses are made of names: that two of one name have addresses that resemble each other tells nothing.
_MAIL_OF_NAME = f"(email_local_l <> email_local_r and {_MAIL_NEAR} and {_FIRST_SAME} and {_LAST_SAME})"
EMAIL = Comparison(
    "email",
    f"{null('email')} or {_MAIL_OF_NAME}",
    (
        ("email_l = email_r", "email"),
        ("email_local_l = email_local_r", "email_local"),
        (f"({near('email', 0.95)})", None),
        (_MAIL_NEAR, None),
    ),
)
_COLUMNS = ("phone", "email", "street", "born", "last_name", "postcode", "first_name", "city")
_SINGLE_STARTS = ("email_local", "last_start", "postcode_start", "birth_rest", "birth_year")
_STARTS = (
    ("first_start", "last_start", "birth_year"),
    ("first_start", "last_start", "birth_rest"),
    ("first_start", "last_start", "postcode_start"),
    ("first_start", "last_start", "city"),
    ("postcode_start", "born"),
    ("postcode_start", "last_name"),
    ("postcode_start", "first_name"),
)


def attribute(place: int) -> Comparison:
    """A column without a role: the same, a slip apart, or unlike."""
    column = f"attribute_{place}"
    return Comparison(column, null(column), ((f"{column}_l = {column}_r", column), (near(column, 0.92), None)))


def spec_of(columns: Columns) -> Spec:
    """The comparisons and blocks of a table with these columns."""
    roles = set(columns.roles)
    held = {
        "first_name": roles & {"first_name", "full_name"},
        "last_name": roles & {"last_name", "full_name"},
        "birth_date": roles & {"birth_date", "birth_year"},
        "address": roles & {"street", "postcode", "city"},
        "phone": roles & {"phone"},
        "email": roles & {"email"},
    }
    known = (FIRST_NAME, LAST_NAME, BIRTH_DATE, ADDRESS, PHONE, EMAIL)
    attributes = tuple(attribute(place) for place in range(len(columns.attributes)))
    whole = (*_COLUMNS, *(a.name for a in attributes))
    singles = [(column,) for column in (*whole, *_SINGLE_STARTS)]
    pairs = itertools.combinations(whole, 2)
    return Spec(
        comparisons=tuple(c for c in known if held[c.name]) + attributes,
        blocks=(*singles, *pairs, *_STARTS),
        learning=(("born",), ("first_name", "last_name"), ("street",), ("email",), ("postcode", "last_name")),
    )
