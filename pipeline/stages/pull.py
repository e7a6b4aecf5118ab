"""Brings one source's deliveries into the landing zone and tells what lies there for this night.

Everything delivered up to the night that has not landed yet is copied. What landed stays as it came: a file that
changes at its place afterwards is landed again only while no finished night has taken it in.
"""

from collections.abc import Iterable
from dataclasses import replace

from pipeline.catalog import Store
from pipeline.context import Run
from pipeline.errors import DeliveryError, NightError, PassingError, StageError
from pipeline.privacy.erasure import is_unfinished
from pipeline.sources import calendars
from pipeline.sources.forms import ANY, forms_of
from pipeline.sources.landing import Landed, Landing
from pipeline.sources.opening import opened
from pipeline.sources.places import Deliverer, Delivery, is_litter, is_readable, shown
from pipeline.sources.vendors import route
from pipeline.stages import SOURCES
from pipeline.upkeep import room
from pipeline.warehouse import Session

NEEDS: tuple[str, ...] = ()
_TOO_LATE = (
    "changed after it was taken in; what landed first stands, and this is said once. "
    "To have it taken in, deliver it under another name or in a later night"
)


def build(run: Run, session: Session, source: str) -> None:
    """Makes pull.files: one row a landed file of the source up to the night."""
    if is_unfinished(run.settings.data):
        raise StageError(
            "the erasure of a person was killed before its end",
            where=str(run.settings.data),
            fix="Complete it first: landmark identity erase, with the same ID",
        )
    landing, night = Landing(run.settings.data, source), run.night.isoformat()
    due: list[Delivery] = []
    try:
        deliverer = opened(run.settings, source, run.night)
        listed = deliverer.deliveries(source)
    except PassingError as error:
        _go_on_or_stop(run, session, source, error)
        landed = landing.files()
    else:
        _night_exists(run, deliverer, listed, source)
        due = [d for d in listed if d.night <= night and _is_wanted(d, run, session)]
        landed = _land(deliverer, landing, due, run, session)
    _report_missing(run, session, source, due, [file for file in landed if not calendars.is_ours(file)])
    if source == calendars.SOURCE and run.settings.holidays:
        made = calendars.Calendars(run.settings.holidays, run.night, landed)
        landed = _land(made, landing, made.deliveries(source), run, session)
    _look_at(landed, run, session)
    _put(session, [file for file in landed if file.night <= night])


def _go_on_or_stop(run: Run, session: Session, source: str, error: PassingError) -> None:
    """Raises the error where the source must deliver; else the night goes on, and the next one takes it in."""
    if run.settings.sources[source].missing == "stop":
        raise error
    session.log(f"warning: left for a later night: {error}")


def _night_exists(run: Run, deliverer: Deliverer, listed: list[Delivery], source: str) -> None:
    night = run.night.isoformat()
    if any(d.night == night for d in listed):
        return
    try:
        others = [
            d for other in SOURCES if other != source for d in opened(run.settings, other, run.night).deliveries(other)
        ]
    except PassingError:
        return
    nights = sorted({d.night for d in [*listed, *others]})
    if not nights:
        raise DeliveryError(
            "there is no delivery at all",
            where="exports",
            value=deliverer.shown,
            fix="A delivery is <exports>/<source>/<table>/<YYYY-MM-DD>/<file>; sources: " + ", ".join(SOURCES),
        )
    if night not in nights:
        told = ", ".join(nights if len(nights) <= 12 else [*nights[:3], "...", *nights[-6:]])
        raise NightError(
            "nothing was delivered for this night", where=deliverer.shown, value=night, fix=f"There are: {told}"
        )


def _is_wanted(delivery: Delivery, run: Run, session: Session) -> bool:
    """True for a file of a known table and format; what is not is told, once for each, unless nobody delivered it."""
    told = run.settings.sources[delivery.source]
    if is_litter(delivery.name):
        return False
    if route(delivery.source, delivery.table, told) is None:
        known = ", ".join([*(form.table for form in forms_of(delivery.source)), *(f"{v}'s" for v in told.form)])
        session.log(
            f"left: {shown(delivery.path)}: {delivery.source} has no such table, only {known}; "
            f"sources.{delivery.source}.folders tells which of them a folder is"
        )
        return False
    if delivery.fault:
        session.log(f"warning: left: {shown(delivery.path)}: {delivery.fault}")
        return False
    if not is_readable(delivery.name):
        session.log(f"left: {shown(delivery.path)}: not a file of a known format (.csv, .tsv, .json, .jsonl, .parquet)")
        return False
    return True


def _land(deliverer: Deliverer, landing: Landing, due: list[Delivery], run: Run, session: Session) -> list[Landed]:
    known = {file.place: file for file in landing.files()}
    finished = max((n for n, s in Store(run.settings.data).read().nights.items() if s.build is not None), default="")
    landing.sweep()
    fresh_bytes = sum(listed.size or 0 for listed in due if landing.place(listed) not in known)
    room.check(run.settings, run.night.isoformat(), fresh_bytes)
    fresh = 0
    for listed in due:
        place = landing.place(listed)
        before = known.get(place)
        try:
            delivery = _news(deliverer, listed, before, finished)
            if delivery is None or _was_told(delivery, before, run):
                continue
            if before is not None and delivery.night <= finished:
                known[place] = replace(before, left_stamp=delivery.stamp, left_night=run.night.isoformat())
                landing.keep(known.values())
                session.log(f"warning: {shown(delivery.path)} {_TOO_LATE}")
                continue
            known[place] = landing.take(delivery, deliverer, run.night.isoformat())
        except PassingError as error:
            _go_on_or_stop(run, session, landing.source, error)
            continue
        landing.keep(known.values())
        fresh += 1
        if before is not None and before.path != place:
            landing.sweep()
    session.log(f"{fresh} of {len(due)} files landed now")
    return sorted(known.values())


def _was_told(delivery: Delivery, before: Landed | None, run: Run) -> bool:
    """Whether another night said that this version of a file comes too late: it is said once, however often it runs."""
    return before is not None and before.has_left(delivery.stamp) and before.left_night != run.night.isoformat()


def _look_at(landed: Iterable[Landed], run: Run, session: Session) -> None:
    """Tells files that landed for this night without a byte, and those that are another one again."""
    first: dict[tuple[str, str], Landed] = {}
    for file in sorted(landed, key=lambda each: (each.landed_night, each.night, each.table, each.file)):
        other = first.setdefault((file.table, file.sha256), file)
        if file.landed_night != run.night.isoformat():
            continue
        shown_as = f"{file.source}/{file.table}/{file.night}/{file.file}"
        if not file.bytes:
            session.log(f"warning: {shown_as} has no byte in it")
        elif other is not file:
            session.log(f"warning: {shown_as} is the same, byte for byte, as {other.night}/{other.file}")


def _news(deliverer: Deliverer, listed: Delivery, before: Landed | None, finished: str) -> Delivery | None:
    """The delivery where it has not landed as it is; None where it has.

    Where the listing tells neither size nor stamp, what a finished night took in is not asked for again.
    """
    if before is None:
        return deliverer.described(listed) if listed.size is None else listed
    if listed.size is None:
        if listed.night <= finished:
            return None
        listed = deliverer.described(listed)
    has_changed = listed.stamp != before.stamp and (
        before.has_left(listed.stamp) or not deliverer.is_same(listed, before.sha256)
    )
    return listed if has_changed else None


def _report_missing(run: Run, session: Session, source: str, due: list[Delivery], landed: list[Landed]) -> None:
    """Tells the tables that the night lacks; raises DeliveryError where the source's setting is to stop."""
    night, stop = run.night.isoformat(), run.settings.sources[source].missing == "stop"
    here = {file.table for file in landed if file.night == night}
    wanted = {shown(d.table) for d in due}
    if not run.settings.sources[source].form:
        wanted |= {form.table for form in forms_of(source) if form.table != ANY and not form.is_extra}
    missing = sorted(wanted - here - set(run.settings.sources[source].without))
    if not due and not stop:
        session.log("no delivery so far")
        return
    for table in missing:
        if stop:
            raise DeliveryError(
                "a table is missing",
                where=f"{source}/{table}/{night}",
                value=f"delivered: {', '.join(sorted(here)) or 'nothing'}",
                fix=f"Deliver it; or say that there is none: sources.{source}.without = [{table!r}]; or let the night "
                f"go on: LANDMARK_SOURCES__{source.upper()}__MISSING=warn",
            )
        session.log(f"warning: {source}/{table} is missing for the night {night}")


def _put(session: Session, files: list[Landed]) -> None:
    import pyarrow as pa

    names = ("source", "table", "night", "file", "path", "bytes", "sha256", "landed_night")
    columns = {("table_name" if n == "table" else n): [getattr(file, n) for file in files] for n in names}
    kinds = {"bytes": pa.int64()}
    table = pa.table({n: pa.array(values, kinds.get(n, pa.string())) for n, values in columns.items()})
    session.put("pull.files", table, grain=("source", "table_name", "night", "file"))
