"""What other stages read: identifiers, refused, customers, counts; the same on the two other graphs; the ledger."""

from pipeline.carried import Carried
from pipeline.context import Run
from pipeline.identity.evidence import distinct, replace_ingest
from pipeline.identity.naming import GRAPHS
from pipeline.privacy import tombstones
from pipeline.warehouse import Session

IDENTIFIERS = ("identifier_kind", "identifier_value", "customer_id", "valid_from")


def publish(run: Run, session: Session, carried: Carried) -> None:
    """Makes identifiers, refused, customers and counts from whole.members; only what the night touches."""
    session.attach("ingest", session.attached["ingest"], schema="delivered")
    handles = "select social_handle from delivered.customers where social_handle is not null"
    replace_ingest(session, "customers", handles)
    session.model("identity.authors", keep=False)
    _find_resettled(session, carried)
    _show_settled(session, carried)
    _make(run, session)
    touched = (
        "" if carried.renew else "semi join identity.touched_identifiers using (identifier_kind, identifier_value)"
    )
    if not carried.renew:
        session.model("identity.touched_identifiers", keep=False)
    session.model("identity.identifiers", keep=False)
    session.model("identity.refused", keep=False)
    carried.take("identifiers", IDENTIFIERS, touched)
    carried.take("refused", ("identifier_kind", "identifier_value"), touched)
    of = "where customer_id in (select customer_id from identity.resettled_customers)"
    for table in ("members", "minted"):
        carried.show(table, "" if carried.renew else of)
    session.model("identity.customers", keep=False)
    carried.take("customers", ("customer_id",), of)
    carried.show("members")
    session.model("identity.counts")


def _find_resettled(session: Session, carried: Carried) -> None:
    """identity.resettled: records whose customer, evidence or values are not what they were; their customers."""
    run = session.connection.execute
    if carried.renew:
        run("create table identity.resettled as select record_id from whole.members")
        run("create table identity.touched_devices (anonymous_id varchar)")
        run("create schema if not exists arrived; create or replace table arrived.posts (author_handle varchar)")
    else:
        session.model("identity.resettled", keep=False)
    run(
        "create table identity.resettled_customers as select distinct customer_id from ("
        "select customer_id, record_id from whole.members union all select customer_id, record_id from former.members)"
        " semi join identity.resettled using (record_id)"
    )


def _show_settled(session: Session, carried: Carried) -> None:
    """Shows what the models of publishing read: the values, devices and records that hang on identity.resettled."""
    session.model("identity.settled_devices", keep=False)
    at = "where anonymous_id in (select anonymous_id from identity.settled_devices)"
    carried.show("device_ties", at, held=True)
    carried.show("device_emails", at, held=True)
    session.model("identity.settled_values", keep=False)
    carried.show("given_keys", "semi join identity.settled_values using (key_kind, key_value)", held=True)
    carried.show("blocked_values")
    session.model("identity.keys", keep=False)
    session.model("identity.settled_records", keep=False)
    carried.show("records")
    carried.show("emails")


def _make(run: Run, session: Session) -> None:
    """The owners of devices and handles among what is shown, and the hashes of what people gave."""
    session.model("identity.device_owners", keep=False)
    _show_visits(session)
    for table in ("device_spans", "handle_owners"):
        session.model(f"identity.{table}", keep=False)
    _put_hashes(run, session)
    settled = "select * from whole.records semi join identity.settled_records using (record_id)"
    session.connection.execute(f"create or replace view identity.records as {settled}")


def _show_visits(session: Session) -> None:
    """ingest.events: of cookies that several people used, every event; nobody asks for the others'."""
    shared = (
        "select anonymous_id from identity.device_owners group by anonymous_id having count(distinct customer_id) > 1"
    )
    events = f"select message_id, anonymous_id, occurred_at from delivered.events where anonymous_id in ({shared})"
    replace_ingest(session, "events", events)


def _put_hashes(run: Run, session: Session) -> None:
    """identity.keyed_values: the keyed hashes of the e-mail addresses and phone numbers that are shown."""
    import pandas as pd

    from pipeline.estimators.identity.spelling import keyed_hashes

    shown = "(select plain from identity.emails where sha256(plain) in"
    emails = sorted(
        distinct(session, f"{shown} (select key_value from identity.settled_values where key_kind = 'email'))", "plain")
    )
    phones = sorted(
        distinct(session, "(select key_value from identity.settled_values where key_kind = 'phone')", "key_value")
    )
    key = run.settings.hash_key
    frame = pd.DataFrame(
        {
            "kind": ["email"] * len(emails) + ["phone"] * len(phones),
            "value": [*emails, *phones],
            "hashed": [*keyed_hashes(emails, key), *keyed_hashes(phones, key)],
        },
        dtype="string",
    )
    session.put("identity.keyed_values", frame, grain=("kind", "value"), keep=False)


# -- the other graphs -----------------------------------------------------------------------------------------------


def publish_graphs(run: Run, session: Session, carried: Carried) -> None:
    """Makes identifiers_strict, identifiers_loose and regrouped: the people whom another cut groups differently.

    Only of whom the night touches: what is said of their records, or a cookie or handle of theirs.
    """
    connection = session.connection
    columns = "'' as graph, '' as customer_id, '' as graph_customer_id"
    carried.stand_empty("regrouped", f"select 0::bigint as row_id, {columns} limit 0")
    connection.execute(f"create table identity.regrouped as select {columns} limit 0")
    if carried.renew:
        connection.execute("create table identity.regrouping as select customer_id from whole.minted")
    else:
        session.model("identity.regrouping", keep=False)
    connection.execute("delete from identity.touched_devices")  # they were told of on the main graph
    _show_regrouped(session, carried)
    for graph in GRAPHS:
        _identifiers_on_graph(run, session, graph)
    torn = "where graph = '{}' and customer_id in (select customer_id from identity.regrouping)"
    for graph in GRAPHS:
        gone = f"select graph_customer_id from standing.regrouped {torn.format(graph)}"
        carried.take(f"identifiers_{graph}", IDENTIFIERS, f"where customer_id in ({gone})")
    carried.take(
        "regrouped",
        ("graph", "customer_id", "graph_customer_id"),
        "where customer_id in (select customer_id from identity.regrouping)",
    )
    carried.show("members")
    carried.show("identifiers", of="fresh")


def _show_regrouped(session: Session, carried: Carried) -> None:
    """Makes <graph>_members of who is looked at, identity.regrouped, and shows all that hangs on these records."""
    connection = session.connection
    looked_at = "main_customer_id in (select customer_id from identity.regrouping)"
    for graph in GRAPHS:
        members = f"identity.{graph}_members"
        session.model(members, keep=False)
        chosen = f"select customer_id from {members} where {looked_at}"
        connection.execute(f"delete from {members} where customer_id not in ({chosen})")
        connection.execute(
            f"insert into identity.regrouped select distinct '{graph}', main_customer_id, customer_id from {members}"
        )
    session.make_room("identity.resettled")
    either = " union ".join(f"select record_id from identity.{graph}_members" for graph in GRAPHS)
    connection.execute(f"create table identity.resettled as {either}")
    _show_settled(session, carried)


def _identifiers_on_graph(run: Run, session: Session, graph: str) -> None:
    """Makes identity.identifiers_<graph>, of the people who are grouped differently on it."""
    connection, members = session.connection, f"identity.{graph}_members"
    chosen = f"where customer_id in (select customer_id from {members})"
    if not session.count(members):
        connection.execute(f"create table identity.identifiers_{graph} as select * from fresh.identifiers limit 0")
        return
    session.make_room("identity.members")
    connection.execute(
        "create table identity.members as select m.record_id, coalesce(g.customer_id, m.customer_id) as customer_id,"
        " m.matched_by, m.match_probability, m.is_refused"
        f" from whole.members as m left join {members} as g using (record_id)"
    )
    session.make_room("identity.records")
    connection.execute("create view identity.records as select * from whole.records")
    _make(run, session)
    session.model("identity.identifiers", keep=False)
    connection.execute(f"create table identity.identifiers_{graph} as select * from identity.identifiers {chosen}")


# -- the ledger -----------------------------------------------------------------------------------------------------


def keep_ledger(run: Run, session: Session, carried: Carried, notes: list[tuple[str, str]]) -> None:
    """Adds the night to identity.ledger. notes: event and evidence of what was learned or decided."""
    import pandas as pd

    frame = pd.DataFrame(notes, columns=["event", "evidence"], dtype="string")
    session.put("identity.notes", frame, grain=("event", "evidence"), keep=False)
    for stone in tombstones.read(run.settings):
        if stone.night == run.night.isoformat():  # the night is run again after somebody was erased from it
            row = [stone.customer_id]
            session.connection.execute("insert into identity.happened values ('erase', ?, null, null)", row)
    session.model("identity.ledger", keep=False, night=run.night)
    if carried.renew and carried.knows("ledger"):
        every = "select columns(* exclude (row_id)) from standing.ledger"
        session.connection.execute(f"insert into identity.ledger by name {every}")
    carried.take("ledger", ("night", "nth"), "where false")
