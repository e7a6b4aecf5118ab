"""The account of a source's files: what has become of every row that ever arrived, proven every night.

arrived = accepted + superseded + quarantined + not_ours + erased, file by file, over all nights so far. A row that was
quarantined and is taken in by a later night (waiting.py, releasing.py) stays its own file's.
"""

from datetime import date
from pathlib import Path

from pipeline.errors import QualityError
from pipeline.ingest.door import ask
from pipeline.sources.landing import Landing
from pipeline.warehouse import Session, quoted

FATES = ("accepted", "superseded", "quarantined", "not_ours", "erased")
_FILE = "regexp_replace(delivered_file, '^.*/', '') as file"


def account(session: Session, landing: Landing, before: Path | None) -> None:
    """Makes ingest.quarantine, not_ours and files of all nights; raises QualityError where a file does not add up.

    door.taken: the files that were taken in now.
    """
    _put_set_aside(session, landing.source, before)
    _put_arrived(session, landing, before)
    session.model("ingest.quarantine", source=landing.source)
    session.model("ingest.not_ours")
    session.model("ingest.files")
    _prove(session, landing.source)


def tell(session: Session) -> None:
    """Says what became of the rows of the files taken in now."""
    sums = ", ".join(f"cast(coalesce(sum({fate}), 0) as bigint)" for fate in ("arrived", *FATES))
    taken = "semi join door.taken using (table_name, night, file)"
    arrived, accepted, replaced, refused, not_ours, erased = ask(session, f"select {sums} from ingest.files {taken}")[0]
    session.rows = {"in": arrived, "out": accepted, "quarantined": refused}
    if not arrived:
        session.log("warning: nothing arrived, or files without a row")
    codes = f"select split_part(reason, ':', 1) as code, count(*) from ingest.quarantine {taken}"
    told = ", ".join(f"{count} {code}" for code, count in ask(session, f"{codes} group by code order by code"))
    session.log(
        f"{arrived:,} rows arrived tonight: {accepted:,} accepted, {replaced:,} superseded, "
        f"{refused:,} quarantined ({told or 'none'})"
        + (f", {not_ours:,} not ours" if not_ours else "")
        + (f", {erased:,} erased" if erased else "")
    )


def set_aside_by(before: Path) -> str:
    """SQL: what earlier nights quarantined, and what told nothing; nights of old have both in one table."""
    paths = [before / f"{name}.parquet" for name in ("quarantine", "not_ours")]
    listed = ", ".join(quoted(path) for path in paths if path.is_file())
    return f"read_parquet([{listed}], union_by_name = true)"


def _rows_of(*paths: Path) -> str:
    return f"read_parquet([{', '.join(map(quoted, paths))}])"


def _put_set_aside(session: Session, source: str, before: Path | None) -> None:
    ask(
        session,
        f"""
        create table door.set_aside as
        select ? as source, table_name, delivered_night as night, {_FILE}, delivered_line as line, record_id, reason,
            is_refusal
        from door.refused""",
        [source],
    )
    if before:
        ask(
            session,
            f"""
            insert into door.set_aside by name
            select * from {set_aside_by(before)} as before
            anti join door.retaken using (table_name, night, file, line)
            where not starts_with(reason, 'duplicate:')""",
        )


def _put_arrived(session: Session, landing: Landing, before: Path | None) -> None:
    ask(session, "create table door.forgotten (table_name varchar, night date, file varchar, erased bigint)")
    for file in landing.files():
        if file.erased:
            values: list[object] = [file.table, date.fromisoformat(file.night), file.file, file.erased]
            ask(session, "insert into door.forgotten values (?, ?, ?, ?)", values)
    ask(
        session,
        f"""
        create table door.arrived as
        with counted as (
            select ? as source, table_name, delivered_night as night, {_FILE}, cast(sum(arrived) as bigint) as arrived
            from door.counted group by all)
        select source, table_name, night, file, arrived + coalesce(erased, 0) as arrived, coalesce(erased, 0) as erased
        from counted left join door.forgotten using (table_name, night, file)""",
        [landing.source],
    )
    ask(session, "create table door.taken as select distinct table_name, night, file from door.arrived")
    if before:
        earlier = f"select source, table_name, night, file, arrived, erased from {_rows_of(before / 'files.parquet')}"
        ask(session, f"insert into door.arrived {earlier}")


def _prove(session: Session, source: str) -> None:
    wrong = ask(
        session,
        f"select table_name, night, file, arrived, {', '.join(FATES)} from ingest.files"
        f" where arrived <> {' + '.join(FATES)} order by all limit 1",
    )
    if wrong:
        table, night, file, *terms = wrong[0]
        raise QualityError(
            "a file's rows do not add up",
            where=f"{source}/{table}/{night}/{file}",
            value=dict(zip(("arrived", *FATES), terms, strict=True)),
            fix="This is a fault of the pipeline, not of the delivery; nothing was published",
        )
