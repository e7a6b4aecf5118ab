"""What several commands' arguments share: how a night and a count are read. Wrong usage is told as such."""

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline.catalog import parse_night
from pipeline.errors import LandmarkError


def night(text: str) -> str:
    """A night written as YYYY-MM-DD."""
    try:
        return parse_night(text).isoformat()
    except LandmarkError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def file(*endings: str) -> Callable[[str], Path]:
    """A file whose name has one of these endings."""

    def read(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in endings:
            raise argparse.ArgumentTypeError(f"{text!r} does not end with {' or '.join(endings)}")
        return path

    return read
