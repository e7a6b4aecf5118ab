"""What stands in place of an erased person: counts, and keyed hashes by which a row of theirs is known if it returns.

DATA/identity/tombstones.jsonl, one object a person: night, customer_id, key (tells whether the hashes are of today's
key), hashes (HMAC-SHA-256 of "kind|value"), files (how many rows each delivered file lost when the person was erased).
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.catalog import sync_folder
from pipeline.errors import SettingsError, StageError
from pipeline.ingest.door import ask
from pipeline.ingest.rows import PLACE
from pipeline.privacy import personal
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.sources.forms import Form
    from pipeline.warehouse import Session

_TOKENS = r"[\s,;:=|\"''{}\[\]()<>\\]+"
_BLOCK_BYTES = 64
# What a household may share, later if not now: it stops no row that names somebody else.
SHARED = ("phone", "anonymous_id")
_IDS = ("crm_id", "anonymous_id", "order_id", "interaction_id", "message_id", "post_id", "phone")


@dataclass(frozen=True)
class Tombstone:
    """One erased person."""

    night: str
    customer_id: str
    key: str
    hashes: tuple[str, ...]
    files: dict[str, int]


def path_of(data: Path) -> Path:
    """Where the tombstones of a data folder are."""
    return data / "identity" / "tombstones.jsonl"


def hashed(kind: str, value: str, key: str) -> str:
    """The keyed hash of one value of a kind."""
    return hmac.new(key.encode(), f"{kind}|{value}".encode(), hashlib.sha256).hexdigest()


def of(text: str, stones: Iterable[Tombstone], key: str) -> Tombstone | None:
    """The tombstone of whom a customer_id or KIND:VALUE names."""
    kind, _, value = text.rpartition(":")
    plain = value.strip().lower()
    digits = "".join(c for c in value if c.isdigit())
    mail = hashlib.sha256(plain.encode()).hexdigest()
    forms = (value, value.strip().upper(), plain.removeprefix("@"), mail, digits)
    hashes = {hashed(kind, form, key) for form in forms}
    return next((stone for stone in stones if stone.customer_id == text or hashes & set(stone.hashes)), None)


def key_mark(key: str) -> str:
    """What tells keys apart without telling them."""
    return hashed("key", "", key)[:16]


def read(settings: Settings) -> list[Tombstone]:
    """Every tombstone; raises where the file is damaged, or was made under another key and so would know nobody."""
    path = path_of(settings.data)
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found = [Tombstone(**{**line, "hashes": tuple(line["hashes"])}) for line in lines]
    except (ValueError, TypeError, KeyError) as error:
        raise StageError(
            "the tombstones are damaged",
            where=str(path),
            value=str(error),
            fix="Restore the file from a backup: without it, erased people would come back",
        ) from error
    if any(stone.key != key_mark(settings.hash_key) for stone in found):
        raise SettingsError(
            "the tombstones were made under another hash_key, so that erased people would come back",
            where=str(path),
            fix="Set LANDMARK_HASH_KEY to the key that was in force when they were erased",
        )
    return found


def add(settings: Settings, stone: Tombstone) -> None:
    """Keeps a tombstone, once however often it is added."""
    known = [other for other in read(settings) if other.customer_id != stone.customer_id or other != stone]
    text = "".join(json.dumps(asdict(one), sort_keys=True) + "\n" for one in [*known, stone])
    write_private(path_of(settings.data), text)


def write_private(path: Path, text: str) -> None:
    """Writes a file whole that its owner alone may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


class Gate:
    """Stands before a source's tables and takes out, into door.erased, every row that is an erased person's."""

    def __init__(self, settings: Settings, session: "Session") -> None:
        self.session = session
        hashes = sorted({hash_ for stone in read(settings) for hash_ in stone.hashes})
        self.is_open = not hashes
        place = "table_name varchar, delivered_night date, delivered_file varchar, delivered_line bigint"
        ask(session, f"create schema if not exists door; create table door.erased ({place}, lines bigint)")
        if hashes:
            self._prepare(hashes, settings.hash_key)

    def _prepare(self, hashes: list[str], key: str) -> None:
        ask(self.session, "create schema if not exists personal")
        personal.put(self.session, "personal.hashes", ("hashed",), [(hash_,) for hash_ in hashes])
        define_hashed(self.session, key)

    def take_out(self, form: "Form") -> int:
        """Takes the rows of door.<form> that are an erased person's out of it; returns how many."""
        if self.is_open or not personal.GIVEN[form.name]:
            return 0
        rows, place = f"door.{form.name}", ", ".join(PLACE)
        if form.name == "customers":
            personal.read_phones(self.session, rows)
        given = personal.given(form.name, rows, partner="table_name")
        ask(
            self.session,
            f"create or replace table personal.given as select * from ({given}) union all select * from ({torn(rows)})",
        )
        ask(
            self.session,
            """
            create or replace table personal.named as
            select kind, value, personal.hashed(kind || '|' || value) as hashed
            from (select distinct kind, value from personal.given)
            """,
        )
        ask(
            self.session,
            f"""
            create or replace table personal.stopped as
            with known as (
                select {place}, kind from personal.given
                semi join (from personal.named semi join personal.hashes using (hashed)) as theirs using (kind, value)
            ),
            others as (
                select {place} from ({given}) as named
                anti join (select {place} from known where kind not in {SHARED}) as theirs using ({place})
                where kind = 'crm_id'
            )
            select distinct {place} from known where kind not in {SHARED}
            union
            select {place} from known anti join others using ({place}) where kind in {SHARED}
            """,
        )
        ask(
            self.session,
            f"insert into door.erased select table_name, {place}, {LINES} from {rows}"
            f" semi join personal.stopped using ({place})",
        )
        counted = ask(self.session, f"delete from {rows} where ({place}) in (select ({place}) from personal.stopped)")
        return int(counted[0][0])


LINES = "length(regexp_replace(raw, '\\n$', '')) - length(replace(regexp_replace(raw, '\\n$', ''), chr(10), '')) + 1"


def torn(rows: str) -> str:
    """A select of place, kind and value: what rows that cannot be read may give, each word of theirs as every kind."""
    place = ", ".join(PLACE)
    split = f"unnest(regexp_split_to_array(raw, '{_TOKENS}'))"
    words = f"select {place}, table_name, {split} as word from {rows} where broken is not null"
    kinds = [f"select '{kind}' as kind, word as value" for kind in _IDS]
    kinds += [
        "select 'email' as kind, sha256(lower(word)) as value",
        "select 'email' as kind, lower(word) as value",
        "select 'loyalty_id' as kind, upper(word) as value",
        f"select 'social_handle' as kind, {personal.plain_handle('word')} as value",
        "select 'partner:' || table_name as kind, word as value",
        "select 'activity_id:' || table_name as kind, word as value",
    ]
    each = " union all ".join(f"{kind.replace('select ', f'select {place}, ', 1)} from words" for kind in kinds)
    return f"with words as ({words}) {each}"


def define_hashed(session: "Session", key: str) -> None:
    """Makes the SQL function personal.hashed(text): the same keyed hash as `hashed`, of "kind|value"."""
    secret = key.encode()
    secret = hashlib.sha256(secret).digest() if len(secret) > _BLOCK_BYTES else secret
    padded = secret.ljust(_BLOCK_BYTES, b"\0")
    inner, outer = (_blob(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    ask(
        session,
        f"create or replace macro personal.hashed(text) as sha256({outer} || unhex(sha256({inner} || encode(text))))",
    )


def _blob(data: Iterable[int]) -> str:
    return "'" + "".join(f"\\x{byte:02x}" for byte in data) + "'::blob"
