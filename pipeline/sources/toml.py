"""Names and texts as a TOML file writes them, whatever they hold."""

import re


def key(name: str) -> str:
    """A key of a TOML file."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)


def text(value: str) -> str:
    """A text of a TOML file, whatever it holds."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
