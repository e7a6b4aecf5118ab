"""What a night brought: of each ingested table, the rows that the last finished night lacked, and those taken back.

A stage that works in increments looks at `arrived.<table>` to learn whom the night touches, and at `ingest.<table>` for
everything that is known of them.
"""

from pathlib import Path

from pipeline.warehouse import Session, quoted

_PLACE = "delivered_night, delivered_file, delivered_line"


def show_arrived(session: Session) -> bool:
    """Makes a view arrived.<table> of every ingested table; False where last night's rows are not all here any more.

    Of tonight's rows those that stand (by themselves: arrived.<table>_standing), of earlier nights' those that stand no
    longer: whom they named is touched as well.
    """
    session.connection.execute("create schema if not exists arrived")
    now, before = (
        _parts(folders) for folders in (session.attached["ingest"], session.previous_folders.get("ingest", []))
    )
    for table in sorted(now):
        old = {part.name: part.stat().st_size for part in before.get(table, [])}
        fresh = [part for part in now[table] if part.name not in old]
        if len(fresh) + len(old) != len(now[table]) or any(
            old[part.name] != part.stat().st_size for part in now[table] if part.name in old
        ):
            return False
        parts = f"read_parquet([{', '.join(quoted(part) for part in fresh or now[table][:1])}])"
        rows = f"select * from {parts}" + ("" if fresh else " limit 0")
        _put_gone(session, table, parts if fresh else "", now, before)
        session.connection.execute(
            f"create or replace view arrived.{table}_standing as"
            f" select * from ({rows}) as rows anti join arrived.{table}_gone as gone using ({_PLACE})"
        )
        back = f"semi join arrived.{table}_back as back using ({_PLACE})"
        every = f"select * from arrived.{table}_standing"
        if session.count(f"arrived.{table}_back"):
            every += f" union all by name select * from ingest.{table}_history as rows {back}"
        session.connection.execute(f"create or replace view arrived.{table} as {every}")
    return True


def _parts(folders: list[Path]) -> dict[str, list[Path]]:
    """The parts of every table."""
    return {
        place.name: sorted(place.glob("*.parquet"))
        for folder in folders
        for place in sorted(folder.iterdir())
        if place.is_dir() and "." not in place.name
    }


def _put_gone(
    session: Session, table: str, fresh: str, now: dict[str, list[Path]], before: dict[str, list[Path]]
) -> None:
    """Makes arrived.<table>_gone: what stands no longer since tonight; <table>_back: those rows of earlier nights."""
    gone, known = (_gone(parts.get(table, [])) for parts in (now, before))
    nothing = "select date '1970-01-01' as delivered_night, '' as delivered_file, 0::bigint as delivered_line limit 0"
    rows = f"select {_PLACE} from {gone}" if gone else nothing
    if gone and known:
        rows += f" anti join (select {_PLACE} from {known}) as known using ({_PLACE})"
    session.connection.execute(f"create or replace table arrived.{table}_gone as {rows}")
    but = f"anti join (select {_PLACE} from {fresh}) as fresh using ({_PLACE})" if fresh else ""
    session.connection.execute(f"create or replace table arrived.{table}_back as from arrived.{table}_gone {but}")


def _gone(parts: list[Path]) -> str | None:
    path = parts[0].parent.with_name(f"{parts[0].parent.name}.gone") / "gone.parquet" if parts else None
    return f"read_parquet({quoted(path)})" if path is not None and path.is_file() else None
