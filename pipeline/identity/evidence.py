"""What the deliveries say of people, record by record; after the first night only of whom the night touches.

Every function leaves `identity.<table>` as the next ones need it: the rows that are touched where rows are made, all
that stand (`whole`) or all holders of a touched value where rows are compared.
"""

from typing import TYPE_CHECKING

from pipeline.arrived import show_arrived
from pipeline.carried import Carried
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.estimators.identity.spelling import ReadingCounts

TOUCHED = "semi join identity.touched_people using (kind, value)"
CHANGED = "semi join identity.changed using (record_id)"
_CRM = "select value from identity.touched_people where kind = 'crm_id'"
_DEVICES = "select anonymous_id from identity.touched_devices"
_HELD = (
    "where key_kind = 'birth_date'"
    " or (key_kind, key_value) in (select (key_kind, key_value) from identity.touched_values)"
)
_NARROWED = {
    "events": f"""
        select * from identity.proofs where user_id in ({_CRM}) or anonymous_id in ({_DEVICES})
        or order_id in (select order_id from delivered.orders where crm_id in ({_CRM}))""",
    "orders": f"""
        select * from delivered.orders
        where crm_id in ({_CRM}) or order_id in (select order_id from ingest.events where order_id is not null)""",
    "customers": f"select * from delivered.customers where crm_id in ({_CRM})",
    "customers_history": f"select * from delivered.customers_history where crm_id in ({_CRM})",
    "interactions": f"select crm_id, occurred_at from delivered.interactions where crm_id in ({_CRM})",
    "activities": """
        select * from delivered.activities
        where ('partner:' || partner, customer_ref) in (select (kind, value) from identity.touched_people)""",
}


def can_narrow(session: Session) -> bool:
    """Whether the night can be built on what stands; makes arrived.* and delivered.* (everything) if so."""
    if not show_arrived(session):
        return False
    session.attach("ingest", session.attached["ingest"], schema="delivered")
    session.model("identity.touched_people", keep=False)
    return True


def read_events(session: Session, carried: Carried) -> None:
    """Makes proofs, and narrows ingest.* to the people and devices that the night touches."""
    if not carried.renew:
        replace_ingest(session, "events", "select * from arrived.events_standing")
    session.model("identity.proofs", keep=False)
    if carried.renew:
        carried.take("proofs", ("message_id",))
        return
    carried.take("proofs", ("message_id",), "where message_id in (select message_id from arrived.events)")
    session.model("identity.touched_devices", keep=False)
    for table, sql in _NARROWED.items():
        replace_ingest(session, table, sql)


def gather(session: Session, carried: Carried) -> None:
    """Makes the records that are touched and the values that they gave: records, given_keys, emails, device_ties."""
    session.model("identity.crm_ids", keep=False)
    session.model("identity.partner_people", keep=False)
    session.model("identity.emails", keep=False)
    session.model("identity.device_ties", keep=False)
    session.model("identity.device_emails", keep=False)
    if not carried.renew:
        _leave_out("crm_ids", f"crm_id in ({_CRM})", session)
        _leave_out("emails", f"crm_id in ({_CRM})", session)
        _leave_out("device_ties", f"crm_id in ({_CRM}) or anonymous_id in ({_DEVICES})", session)
        _leave_out("device_emails", f"anonymous_id in ({_DEVICES})", session)
    carried.take("emails", ("crm_id", "plain"), f"where crm_id in ({_CRM})")
    carried.take(
        "device_ties",
        ("anonymous_id", "crm_id", "tie", "occurred_at"),
        f"where crm_id in ({_CRM}) or anonymous_id in ({_DEVICES})",
    )
    devices = ("anonymous_id", "email_key", "occurred_at")
    carried.take("device_emails", devices, f"where anonymous_id in ({_DEVICES})")
    _put_spellings(session)
    carried.stand_empty(
        "records", "select 0::bigint as row_id, 0::bigint as record_id, '' as kind, '' as value limit 0"
    )
    session.model("identity.record_ids", keep=False)
    session.model("identity.records", keep=False)
    carried.take("records", ("record_id",), TOUCHED)
    _put_phone_readings(session, carried)
    for table in ("records", "emails", "device_ties"):
        carried.show(table, of="fresh")
    session.model("identity.given_keys", keep=False)
    carried.show("emails")
    carried.take("given_keys", ("record_id", "key_kind", "key_value"), _of_replaced("records"))


def _leave_out(table: str, but: str, session: Session) -> None:
    session.connection.execute(f"delete from identity.{table} where not coalesce({but}, false)")


def _of_replaced(table: str) -> str:
    return f"where record_id in (select record_id from standing.{table} semi join replaced.{table} using (row_id))"


def replace_ingest(session: Session, table: str, sql: str) -> None:
    """Makes ingest.<table> the rows of the select."""
    session.make_room(f"ingest.{table}")
    session.connection.execute(f"create table ingest.{table} as {sql}")


def find_changed(session: Session, carried: Carried) -> None:
    """Makes changed, restated and blocked_values; shows given_keys of all who hold a value of a changed record."""
    if carried.renew:
        session.connection.execute("create table identity.changed as select record_id from whole.records")
        session.model("identity.blocked_values", keep=False)
        carried.take("blocked_values", ("key_kind", "key_value"))
        return
    session.model("identity.changed", keep=False)
    session.model("identity.restated", keep=False)
    _see_values(session, carried)
    carried.show("records")
    session.model("identity.blocked_values", keep=False)
    carried.take("blocked_values", ("key_kind", "key_value"), _HELD)
    session.model("identity.flipped", keep=False)
    also = "select record_id from identity.flipped anti join identity.changed using (record_id)"
    session.connection.execute(f"insert into identity.changed {also}")
    _see_values(session, carried)


def _see_values(session: Session, carried: Carried) -> None:
    """Shows given_keys of all holders of the values that changed records give or gave, and every birth date."""
    session.model("identity.touched_values", keep=False)
    carried.show("given_keys", _HELD, held=True)


def profile(session: Session, carried: Carried) -> None:
    """Makes keys, key_pairs and profiles of the records that changed, with all holders of their values."""
    session.model("identity.keys", keep=False)
    session.model("identity.key_pairs", keep=False)
    either = (
        "left_id in (select record_id from identity.changed) or right_id in (select record_id from identity.changed)"
    )
    if not carried.renew:
        _leave_out("key_pairs", either, session)
    carried.take("key_pairs", ("left_id", "right_id", "key_kind"), f"where {either}")


def put_profiles(session: Session, carried: Carried, roots: "pd.DataFrame") -> None:
    """Makes the profiles of the records that changed. roots: first_name, root (see learn_roots)."""
    session.put("identity.first_roots", roots, grain=("first_name",), keep=False)
    carried.show("records", "" if carried.renew else CHANGED, held=True)
    if not carried.renew:
        of = "select value from identity.records where kind = 'crm_id'"
        replace_ingest(
            session, "customers_history", f"select * from delivered.customers_history where crm_id in ({of})"
        )
    _put_birth_dates(session)
    session.model("identity.profiles", keep=False)
    carried.take("profiles", ("record_id",), CHANGED)
    carried.show("records")


def learn_roots(session: Session) -> "pd.DataFrame":
    """The one name that stands for a first name and its nicknames, learned from all records: first_name, root."""
    import pandas as pd

    session.model("identity.nicknames", keep=False)
    pairs = session.frame("identity.nicknames", "short_name, long_name, people").sort_values(
        ["people", "short_name", "long_name"], ascending=[False, True, True]
    )
    best = pairs.drop_duplicates("short_name")
    return pd.DataFrame({"first_name": best["short_name"], "root": best["long_name"]}, dtype="string")


def _put_spellings(session: Session) -> None:
    import pandas as pd

    from pipeline.estimators.identity.spelling import plain_name

    tables = ("ingest.customers", "ingest.activities")
    written = sorted({name for table in tables for name in distinct(session, table, "first_name", "last_name")})
    plain = [plain_name(name) or None for name in written]
    frame = pd.DataFrame({"written": written, "plain": plain}, dtype="string")
    session.put("identity.spellings", frame.dropna(), grain=("written",), keep=False)


def distinct(session: Session, table: str, *columns: str) -> set[str]:
    """The values in the table's columns."""
    found: set[str] = set()
    for column in columns:
        rows = session.connection.execute(f"select distinct {column} from {table} where {column} is not null")
        found |= {str(row[0]) for row in rows.fetchall()}
    return found


def _put_phone_readings(session: Session, carried: Carried) -> None:
    """One reading per written number and country, kept once it was chosen: see spelling.choose_readings."""
    import pandas as pd

    from pipeline.estimators.identity.spelling import choose_readings

    new = "" if carried.renew else "anti join standing.phone_readings using (phone, country)"
    given = session.connection.execute(
        "select phone, country, count(*) as records from"
        " (select phone, coalesce(country, '') as country from ingest.customers_history where phone is not null)"
        f" {new} group by all order by all"
    ).fetchall()
    known = None if carried.renew else _known_readings(session, given)
    columns = {"phone": "string", "country": "string", "reading": "string"}
    frame = pd.DataFrame(choose_readings(given, known), columns=list(columns)).astype(columns)
    counts = pd.DataFrame(given, columns=["phone", "country", "records"])
    counts = counts.astype({"phone": "string", "country": "string", "records": "int64"})
    frame = frame.merge(counts, on=["phone", "country"], how="left")
    session.put("identity.phone_readings", frame, grain=("phone", "country"), keep=False)
    carried.take("phone_readings", ("phone", "country"), "where false")


def _known_readings(session: Session, given: list[tuple[str, str, int]]) -> "ReadingCounts":
    """What earlier nights say of the readings that new numbers may have."""
    from collections import Counter

    import pandas as pd

    from pipeline.estimators.identity.spelling import ReadingCounts, phone_readings

    run = session.connection.execute
    possible = sorted({reading for phone, country, _ in given for reading in phone_readings(phone, country)})
    asked = pd.DataFrame({"reading": possible}, dtype="string")
    session.put("identity.possible_readings", asked, grain=("reading",), keep=False)
    shared = (
        "select reading, sum(records) from standing.phone_readings semi join identity.possible_readings using (reading)"
    )
    beginnings = (
        "select country, substr(reading, 1, 2), sum(records) from standing.phone_readings where phone like '+%'"
    )
    return ReadingCounts(
        Counter({str(reading): int(n) for reading, n in run(f"{shared} group by reading").fetchall()}),
        Counter({(str(c), str(b)): int(n) for c, b, n in run(f"{beginnings} group by all").fetchall()}),
    )


def _put_birth_dates(session: Session) -> None:
    import pandas as pd

    dates = sorted(distinct(session, "identity.records", "born"))
    digits = ["".join(sorted(date)) for date in dates]
    frame = pd.DataFrame({"born": dates, "digits": digits}, dtype="string")
    session.put("identity.birth_dates", frame, grain=("born",), keep=False)
