"""Plain spellings of names, readings of telephone numbers, keyed hashes: per distinct value, never per row."""

import hashlib
import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_BREAKS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\D+")
_SHORTEST_NUMBER = 6


def plain_name(written: str) -> str:
    """The name in lower case without accents, with single blanks for everything that is not a letter or digit."""
    parts = unicodedata.normalize("NFKD", written)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return _BREAKS.sub(" ", bare.casefold()).strip()


def phone_readings(phone: str, country: str) -> tuple[str, ...]:
    """The digits, country code first, that a written number may mean, likeliest first; none where it is too short.

    A number with a plus or 00 has one reading. Without, it may be a national number of its country, or an international
    one whose plus was lost: both are returned, because only other records can tell which.
    """
    digits = _DIGITS.sub("", phone)
    if len(digits) < _SHORTEST_NUMBER:
        return ()
    if phone.strip().startswith("+"):
        return (digits,)
    if digits.startswith("00"):
        return (digits[2:],)
    national = _national(digits, country)
    return (national, digits) if national and national != digits else (digits,)


def _national(digits: str, country: str) -> str | None:
    import phonenumbers

    if country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        return None
    try:
        number = phonenumbers.parse(digits, country.upper())
    except phonenumbers.NumberParseException:
        return None
    return f"{number.country_code}{number.national_number}" if phonenumbers.is_valid_number(number) else None


@dataclass(frozen=True)
class ReadingCounts:
    """What tells which reading of a number counts: how many records share each, and how those with a plus begin.

    sharing: by reading. beginnings: by country and first two digits.
    """

    sharing: Mapping[str, int] = field(default_factory=Counter)
    beginnings: Mapping[tuple[str, str], int] = field(default_factory=Counter)


def count_readings(given: Iterable[tuple[str, str, int]]) -> ReadingCounts:
    """The counts of written numbers: phone, country and how many records have it."""
    return _counted((phone, country, n, phone_readings(phone, country)) for phone, country, n in given)


def _counted(read: Iterable[tuple[str, str, int, tuple[str, ...]]]) -> ReadingCounts:
    sharing: Counter[str] = Counter()
    beginnings: Counter[tuple[str, str]] = Counter()
    for phone, country, n, readings in read:
        sharing.update(dict.fromkeys(readings, n))
        if readings and phone.strip().startswith("+"):
            beginnings[country, readings[0][:2]] += n
    return ReadingCounts(sharing, beginnings)


def choose_readings(
    given: Sequence[tuple[str, str, int]], known: ReadingCounts | None = None
) -> list[tuple[str, str, str]]:
    """The reading of each written number: phone, country, reading. given: phone, country and how many records have it.

    Of several readings the one that most records share counts, then the one that begins as the international
    numbers of that country's customers mostly do, then the national one. known: the counts of other records than
    these (of earlier nights), so that new numbers alone are read as they would be among all.
    """
    before = known or ReadingCounts()
    read = [(phone, country, n, phone_readings(phone, country)) for phone, country, n in given]
    new = _counted(read)

    def weight(country: str, reading: str) -> tuple[int, int]:
        start = (country, reading[:2])
        return (
            new.sharing.get(reading, 0) + before.sharing.get(reading, 0),
            new.beginnings.get(start, 0) + before.beginnings.get(start, 0),
        )

    return [
        (phone, country, max(readings, key=lambda reading: weight(country, reading)))
        for phone, country, _, readings in read
        if readings
    ]


def keyed_hashes(values: Iterable[str], key: str) -> list[str]:
    """HMAC-SHA-256 of each value, hexadecimal: the same value gives the same hash only under the same key."""
    secret = key.encode()
    return [hmac.new(secret, value.encode(), hashlib.sha256).hexdigest() for value in values]
