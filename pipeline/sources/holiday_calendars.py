"""Which days are public holidays where, by the library `holidays`; light enough for the settings to name it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def _parsed(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error}); in a settings file write [holidays]") from error


def _known(value: Mapping[str, str]) -> Mapping[str, str]:
    for code in value.values():
        calendar(code, [2026])
    return value


# the company's own word for a region or country ('': everywhere) to the ISO 3166 code whose holidays it keeps
Holidays = Annotated[dict[str, str], BeforeValidator(_parsed), AfterValidator(_known)]


def calendar(code: str, years: Sequence[int]) -> Mapping[date, str]:
    """The holidays of a country (IE) or of a part of one (DE-BY); raises ValueError where the library has none."""
    import holidays

    country, _, part = code.partition("-")
    try:
        found: Mapping[date, str] = holidays.country_holidays(country, subdiv=part or None, years=list(years))
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(f"{code!r} is no country or part of one with known holidays, such as IE or DE-BY") from error
    return found
