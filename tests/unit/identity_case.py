"""A small published night, written by hand: six customers whose evidence is known to the last tie.

CA   A1, A2 (one e-mail), P1 (the pair model, 99 %)       CB   B1, who shares CA's phone and was born on another day
CD   D1, 60 % the same as A1                               CR   R1, who refuses
CX   X1, who shares A2's e-mail, yet bears another name    CZ   Z1, who has nothing in common with anybody
"""

import hashlib
import json
from pathlib import Path

import duckdb

from pipeline.settings import Settings, load_settings

NIGHT = "2026-06-30"
SECRET = "k" * 64
NAMES = {
    0: ("CA", "crm_id", "A1", "mira", "stone", "1980-02-03"),
    1: ("CA", "crm_id", "A2", "mira", "stone", "1980-02-03"),
    2: ("CA", "partner:shop", "P1", "mira", "stone", None),
    3: ("CB", "crm_id", "B1", "jon", "stone", "1979-11-30"),
    4: ("CD", "crm_id", "D1", "mira", "stone", None),
    5: ("CR", "crm_id", "R1", "ada", "quiet", "1990-01-01"),
    6: ("CX", "crm_id", "X1", "bodo", "vale", None),
    7: ("CZ", "crm_id", "Z1", "zoe", "alone", None),
}
EMAIL = "mira@example.org"
PHONE, SHARED_PHONE = "4915112345678", "4900000000"
KEYS = [
    *((number, "email", hashlib.sha256(EMAIL.encode()).hexdigest()) for number in (0, 1, 6)),
    *((number, "phone", PHONE) for number in (0, 3)),
    *((number, "phone", SHARED_PHONE) for number in (0, 4, 7)),
    (0, "device", "cookie1"), (3, "device", "cookie1"), (5, "device", "cookie2"),
    (0, "loyalty_id", "L-100"), (5, "social_handle", "ada_q"),
]  # fmt: skip
IDENTIFIERS = [
    ("anonymous_id", "cookie1", "CA", "login", "2026-01-01", "2026-02-01"),
    ("anonymous_id", "cookie1", "CB", "login", "2026-02-01", None),
    ("loyalty_id", "L-100", "CA", "loyalty_id", None, None),
    ("social_handle", "@Mira_S", "CA", "social_handle", None, None),
    ("email", "f" * 64, "CA", "email", None, None),
]
# left, right, probability, weights of first_name, last_name, phone (natural logarithms; none: not compared)
PAIRS = [
    (0, 2, 0.99, 4.0, 5.0, None),
    (0, 3, 0.20, -3.0, 5.0, 6.0),
    (0, 4, 0.60, 4.0, 5.0, -2.0),
    (1, 4, 0.60, 4.0, 5.0, None),
]
TOLD = "crm_id:A2 and crm_id:Z1 were linked by ann: same card"
LEDGER = [
    ("2026-06-28", 1, "mint", "CA", None, None, None, None),
    ("2026-06-28", 2, "mint", "CO", None, None, None, None),
    ("2026-06-28", 3, "tie", "CA", None, "crm_id", "A1", "own"),
    ("2026-06-28", 4, "tie", "CO", None, "crm_id", "A2", "own"),
    ("2026-06-29", 1, "merge", "CO", "CA", None, None, "1 record"),
    ("2026-06-29", 2, "untie", "CO", None, "crm_id", "A2", None),
    ("2026-06-29", 3, "tie", "CA", None, "crm_id", "A2", "email"),
    ("2026-06-30", 0, "decide", None, None, None, None, TOLD),
    ("2026-06-30", 1, "tie", "CA", None, "email", "f" * 64, "email"),
]


def build(folder: Path) -> Settings:
    """Writes the night; returns the settings of its data folder."""
    settings = load_settings({"HOME": str(folder)}, data=folder / "data", hash_key=SECRET)
    build_folder = settings.data / "builds" / NIGHT / "1"
    (build_folder / "identity").mkdir(parents=True)
    (build_folder / "ingest" / "crm").mkdir(parents=True)
    catalog = {"published": NIGHT, "nights": {NIGHT: {"build": 1, "working": None, "stale": False, "next_build": 2}}}
    (settings.data / "catalog.json").write_text(json.dumps(catalog))
    with duckdb.connect() as connection:
        for name, sql in _tables().items():
            path = build_folder / name
            connection.execute(f"copy ({sql}) to '{path}.parquet' (format parquet)")
    return settings


def _values(columns: str, rows: list[tuple[object, ...]]) -> str:
    told = ", ".join("(" + ", ".join(_literal(value) for value in row) + ")" for row in rows)
    return f"select * from (values {told}) as t ({columns})"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _tables() -> dict[str, str]:
    people = [(number, *rest) for number, rest in NAMES.items()]
    everybody = _values("record_id, customer_id, kind, value, first_name, last_name, born", people)
    keys = _values("record_id, key_kind, key_value", KEYS)
    held = _values("identifier_kind, identifier_value, customer_id, matched_by, valid_from, valid_to", IDENTIFIERS)
    own = "customer_id || record_id in ('CA0', 'CB3', 'CD4', 'CR5', 'CX6', 'CZ7')"
    weights = ("first_name", "last_name", "phone")
    gammas = ", ".join(f"case when {n} is null then -1 when {n} > 0 then 2 else 0 end as gamma_{n}" for n in weights)
    compared = ", ".join(f"cast({n} as double) as weight_{n}" for n in weights)
    return {
        "identity/records": "select * exclude (customer_id), value = 'R1' as is_refusal,"
        f" timestamp '2025-01-01' + to_days(cast(record_id as integer)) as first_at from ({everybody})",
        "identity/members": f"select record_id, customer_id, customer_id = 'CR' as is_refused,"
        f" case when {own} then 'own' when record_id = 1 then 'email' else 'model' end as matched_by,"
        f" case when {own} then 1.0 when record_id = 1 then 0.75 else 0.99 end::double as match_probability"
        f" from ({everybody})",
        "identity/given_keys": keys,
        "identity/blocked_values": _values("key_kind, key_value, names", [("phone", SHARED_PHONE, 9)]),
        "identity/key_pairs": _values(
            "left_id, right_id, key_kind", [(0, 1, "email"), (0, 6, "email"), (1, 6, "email")]
        ),
        "identity/pairs": f"select left_id, right_id, cast(p as double) as probability, {gammas}, {compared} from"
        f" ({_values('left_id, right_id, p, first_name, last_name, phone', PAIRS)})",
        "identity/profiles": "select record_id, first_name, last_name, first_name as first_root, born,"
        " born as birth_digits, 'main street 1' as street, '10115' as postcode, 'berlin' as city,"
        f" (select list(key_value) from ({keys}) as k where k.record_id = e.record_id and key_kind = 'phone'"
        f" and key_value <> '{SHARED_PHONE}') as phones, cast(null as varchar) as loyalty_id,"
        f" cast([] as varchar[]) as loyalty_ids from ({everybody}) as e",
        "identity/identifiers": "select * replace (cast(valid_from as timestamp) as valid_from,"
        f" cast(valid_to as timestamp) as valid_to), 1.0::double as match_probability from ({held}) union all by name"
        " select kind as identifier_kind, value as identifier_value, customer_id, 'own' as matched_by,"
        f" 1.0::double as match_probability from ({everybody}) where customer_id <> 'CR'",
        "identity/refused": _values(
            "identifier_kind, identifier_value",
            [("crm_id", "R1"), ("anonymous_id", "cookie2"), ("social_handle", "Ada_Q")],
        ),
        "identity/ledger": "select * replace (cast(night as date) as night), cast(null as timestamp) as valid_from,"
        " cast(null as timestamp) as valid_to from ("
        + _values(
            "night, nth, event, customer_id, other_customer_id, identifier_kind, identifier_value, evidence", LEDGER
        )
        + ")",
        "ingest/crm/orders": _values("order_id, crm_id", [("O1", "A1"), ("O2", "A2"), ("O3", "D1")]),
    }
