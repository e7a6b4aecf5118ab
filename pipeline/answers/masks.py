"""How much of somebody's data a terminal shows: by default enough to tell two people apart, not enough to know one.

The company's and its partners' numbers (crm_id, partner, customer_id) are shown: they are what is asked by.
"""

from typing import Any

from pipeline.words import clean

HIDDEN = "…"
_TAIL = 3


def shown(column: str, value: Any, *, plain: bool) -> str:
    """The value as it is shown; `plain` shows it as it is kept (an e-mail address is kept as its SHA-256)."""
    if isinstance(value, list):
        return ", ".join(shown(column, one, plain=plain) for one in value)
    text = clean(value)
    if plain or not text:
        return text
    if column in ("born", "birth_date"):
        return f"{text[:4]}-{HIDDEN}"
    if column in ("phone", "phones", "loyalty_id"):
        return HIDDEN + text[-_TAIL:]
    if column in ("device", "devices", "anonymous_id", "email"):
        return text[:6] + HIDDEN
    return f"{text[0]}{HIDDEN}"
