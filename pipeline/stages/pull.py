"""Brings one source's deliveries into the landing zone and tells what lies there for this night.

Everything delivered up to the night that has not landed yet is copied. What landed stays as it came: a file that
changes at its place afterwards is landed again only while no finished night has taken it in.
"""

from pipeline.catalog import Store
from pipeline.context import Run
from pipeline.erasure import is_unfinished
from pipeline.errors import DeliveryError, NightError, StageError
from pipeline.sources.forms import ANY, form_of, forms_of
from pipeline.sources.landing import Landed, Landing, digest_of
from pipeline.sources.places import Delivery, Exports, is_readable, shown
from pipeline.stages import SOURCES
from pipeline.warehouse import Session

NEEDS: tuple[str, ...] = ()


def build(run: Run, session: Session, source: str) -> None:
    """Makes pull.files: one row a landed file of the source up to the night."""
    if is_unfinished(run.settings.data):
        raise StageError(
            "the erasure of a person was killed before its end",
            where=str(run.settings.data),
            fix="Complete it first: landmark identity erase, with the same ID",
        )
    exports, night = Exports(run.settings.exports), run.night.isoformat()
    listed = exports.deliveries(source)
    _night_exists(exports, listed, source, night)
    due = [d for d in listed if d.night <= night and _is_wanted(d, session)]
    landing = Landing(run.settings.data, source)
    landed = _land(exports, landing, due, run, session)
    _report_missing(run, session, source, due, landed)
    _put(session, [file for file in landed if file.night <= night])


def _night_exists(exports: Exports, listed: list[Delivery], source: str, night: str) -> None:
    if any(d.night == night for d in listed):
        return
    others = [d for other in SOURCES if other != source for d in exports.deliveries(other)]
    nights = sorted({d.night for d in [*listed, *others]})
    if not nights:
        raise DeliveryError(
            "there is no delivery at all",
            where="exports",
            value=exports.shown,
            fix="A delivery is <exports>/<source>/<table>/<YYYY-MM-DD>/<file>; sources: " + ", ".join(SOURCES),
        )
    if night not in nights:
        told = ", ".join(nights if len(nights) <= 12 else [*nights[:3], "...", *nights[-6:]])
        raise NightError(
            "nothing was delivered for this night", where=exports.shown, value=night, fix=f"There are: {told}"
        )


def _is_wanted(delivery: Delivery, session: Session) -> bool:
    """True for a file of a known table and format; what is not is told, once for each."""
    if form_of(delivery.source, delivery.table) is None:
        known = ", ".join(form.table for form in forms_of(delivery.source))
        session.log(f"left: {shown(delivery.path)}: {delivery.source} has no such table, only {known}")
        return False
    if delivery.fault:
        session.log(f"warning: left: {shown(delivery.path)}: {delivery.fault}")
        return False
    if not is_readable(delivery.name):
        session.log(f"left: {shown(delivery.path)}: not a file of a known format (.csv, .json, .jsonl, .parquet)")
        return False
    return True


def _land(exports: Exports, landing: Landing, due: list[Delivery], run: Run, session: Session) -> list[Landed]:
    known = {file.place: file for file in landing.files()}
    finished = max((n for n, s in Store(run.settings.data).read().nights.items() if s.build is not None), default="")
    fresh = 0
    for delivery in due:
        place = landing.place(delivery)
        before = known.get(place)
        if before is not None and not _changed(exports, delivery, before):
            continue
        if before is not None and delivery.night <= finished:
            session.log(f"warning: {shown(delivery.path)} changed after it was taken in; what landed first stands")
            continue
        with exports.open(delivery) as content:
            known[place] = landing.take(delivery, content, run.night.isoformat())
        landing.keep(known.values())
        fresh += 1
        if before is not None and before.path != place:
            landing.sweep()
    session.log(f"{fresh} of {len(due)} files landed now")
    return sorted(known.values())


def _changed(exports: Exports, delivery: Delivery, before: Landed) -> bool:
    if delivery.stamp == before.stamp:
        return False
    with exports.open(delivery) as content:
        return digest_of(content) != before.sha256


def _report_missing(run: Run, session: Session, source: str, due: list[Delivery], landed: list[Landed]) -> None:
    """Tells the tables that the night lacks; raises DeliveryError where the source's setting is to stop."""
    night, stop = run.night.isoformat(), run.settings.sources[source].missing == "stop"
    here = {d.table for d in due if d.night == night} | {file.table for file in landed if file.night == night}
    wanted = {form.table for form in forms_of(source) if form.table != ANY} | {d.table for d in due}
    missing = sorted(wanted - here)
    if not due and not stop:
        session.log("no delivery so far")
        return
    for table in missing:
        if stop:
            raise DeliveryError(
                "a table is missing",
                where=f"{source}/{table}/{night}",
                value=f"delivered: {', '.join(sorted(here)) or 'nothing'}",
                fix=f"Deliver it, or let the night go on: LANDMARK_SOURCES__{source.upper()}__MISSING=warn",
            )
        session.log(f"warning: {source}/{shown(table)} is missing for the night {night}")


def _put(session: Session, files: list[Landed]) -> None:
    import pyarrow as pa

    names = ("source", "table", "night", "file", "path", "bytes", "sha256", "landed_night")
    columns = {("table_name" if n == "table" else n): [getattr(file, n) for file in files] for n in names}
    kinds = {"bytes": pa.int64()}
    table = pa.table({n: pa.array(values, kinds.get(n, pa.string())) for n, values in columns.items()})
    session.put("pull.files", table, grain=("source", "table_name", "night", "file"))
