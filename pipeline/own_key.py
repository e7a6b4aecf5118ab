"""The key of this user's keyed hashes: made once, kept beside the user's other settings."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def own_key(environ: Mapping[str, str]) -> str:
    """The key of this user's keyed hashes, made once and readable by its owner only."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    path = home / "landmark" / "hash_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".hash_key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), "ascii")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text("ascii").strip()
