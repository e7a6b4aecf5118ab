"""How a source writes what can be written in several ways (text, dates, decimals, times, words), and its largest file.

Nothing is guessed from the values: what the settings do not tell is ISO 8601, a decimal point and UTC, and all else
is set aside or told.
"""

import codecs
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ByteSize, ConfigDict, Field, field_validator

NEVER_SHOWN = "a time that was never shown by the clocks"  # as on the night on which they are put forward


class Conventions(BaseModel):
    """What the settings of a source tell of its canonical tables and column maps; vendors' own forms have their own.

    dates: how 03/04/2026 is meant; ISO dates are read whatever it says. decimals: of CSV and TSV. time_zone: of times
    that tell none. encoding: of text without a byte order mark; '': UTF-8, or another where it can be only one.
    values: by table and column, what its words mean (sources/value_maps.py).
    largest_file: the bytes beyond which a file is not read on, once unpacked; None: 1 GiB, or 200 times its size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    dates: Literal["iso", "day_first", "month_first"] = "iso"
    decimals: Literal["point", "comma"] = "point"
    time_zone: str = "UTC"
    encoding: str = ""
    values: dict[str, dict[str, dict[str, str]]] = Field(default_factory=dict)
    largest_file: ByteSize | None = None

    @property
    def conventions(self) -> "Conventions":
        """This alone."""
        return self

    def are_usual(self, table: str) -> bool:
        """Whether a table's values are written as all models read them."""
        as_told = (self.dates, self.decimals, self.time_zone) == (USUAL.dates, USUAL.decimals, USUAL.time_zone)
        return as_told and not any(self.values.get(table, {}).values())

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("encoding")
    @classmethod
    def _text_encoding(cls, value: str) -> str:
        try:
            "".encode(value or "utf-8")
            return codecs.lookup(value).name if value else ""
        except LookupError as error:
            raise ValueError(f"{value!r} is not an encoding of text such as cp1252") from error


def known_zone(name: str) -> str:
    """The name, where it is a time zone's; raises ValueError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from error
    return name


USUAL = Conventions()
