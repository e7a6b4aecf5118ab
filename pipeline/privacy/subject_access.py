"""Everything held on one person, in a folder of their own: what a person who asks for their data is given.

The folder holds one JSON file a table, and a README.txt that says in plain words what they are. Only the person's rows
are in it: of what tells two people apart, or once held them for one, the other side is left out.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.catalog import Store
from pipeline.errors import SettingsError
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival
from pipeline.privacy import erasure, erasure_plan
from pipeline.privacy.erasure_plan import Plan
from pipeline.privacy.personal_rows import Theirs, table_of
from pipeline.quarantine import releases
from pipeline.settings import Settings
from pipeline.sources.forms import Form
from pipeline.sources.landing import Landed, Landing, safe_name
from pipeline.sources.vendors import Route, landed_route
from pipeline.stages import SOURCES
from pipeline.warehouse import Session, quoted

Row = dict[str, Any]
_DERIVED = ("identity", "emotion", "missions", "marts")
README = """What is held on you

This folder holds every row that is about you, as of the night {night}. You are known here as {customer_id}.

delivered/   what was delivered to us, row by row, as it came: on which night, in which file and line, what became of
             it (taken in, superseded by a newer row, or set aside and why), its values and its raw text, and the
             text that somebody here repaired it to, where one could not be read
identity/    which records and identifiers we hold to be yours, and the evidence that ties them together, as it is
             computed with: plain spellings, and hashes of e-mail addresses (numbers that cannot be read back)
marts/       what was computed from it: your touchpoints, journeys, the moments in them, the missions of the journeys;
             cards and next_moments are what our staff are told of you, where you agreed to be spoken to
emotion/     how texts of yours were read: valence (unpleasant to pleasant), arousal (calm to excited) and a label
missions/    the mission that each of your journeys was placed in, and how surely

What moments change (the ranking, the report and its e-mails) is computed over all customers and holds nobody's rows:
there is nothing in it that is about you. Values that you share with others, such as a household's telephone number,
stand in your rows; what others gave is not in this folder.

{listing}
"""


def export(settings: Settings, text: str, to: Path) -> Path:
    """Writes everything held on the person whom a customer_id or KIND:VALUE names into a new folder; returns it.

    Only its owner can read the folder. Raises IdentityError where nobody or several people hold the text, SettingsError
    where the folder holds something already.
    """
    from pipeline.identity.lookup import find

    store = Store(settings.data)
    with store.lock(settings.lock_wait_seconds):
        erasure.finish(settings)
        person = find(settings, text)
        folder = _new_folder(Path(to))
        spill = settings.data / "spill" / f"export-{os.getpid()}"
        with Session(settings, "subject", folder, spill) as session:
            plan = erasure_plan.make(settings, session, person, text)
            tables = {f"delivered/{name}": rows for name, rows in _delivered(settings, session, plan)}
            tables |= dict(_derived(session, plan, person.folder.parent))
    for name, rows in sorted(tables.items()):
        _write(folder / f"{name}.json", json.dumps(rows, ensure_ascii=False, indent=1, default=str) + "\n")
    listing = "\n".join(f"{len(rows):>8} rows  {name}.json" for name, rows in sorted(tables.items()))
    _write(folder / "README.txt", README.format(night=plan.night, customer_id=plan.customer_id, listing=listing))
    return folder


def _new_folder(to: Path) -> Path:
    folder = to.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise SettingsError(
                "the folder holds something already", where=str(folder), fix="Give a folder that is new or empty"
            )
        folder.chmod(0o700)
    except OSError as error:
        raise SettingsError(
            f"the folder cannot be written: {error.strerror}", where=str(folder), fix="Give another folder"
        ) from error
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)


def _delivered(settings: Settings, session: Session, plan: Plan) -> Iterator[tuple[str, list[Row]]]:
    """By source and table, the person's rows as they were delivered."""
    lines: dict[tuple[str, str, str, str], list[int]] = {}
    for *place, line in plan.lines:
        lines.setdefault(tuple(place), []).append(line)  # type: ignore[arg-type]
    found: dict[str, list[Row]] = {}
    for source in SOURCES:
        landing = Landing(settings.data, source)
        for file in landing.files():
            wanted = lines.get((source, file.table, file.night, file.file))
            way = landed_route(source, file.table, settings.sources[source])
            if wanted and way and not file.pruned:
                name = f"{source}__{safe_name(file.table)}"
                found.setdefault(name, []).extend(_rows(session, landing, way, file, wanted))
    yield from sorted(found.items())


def _rows(session: Session, landing: Landing, way: Route, file: Landed, wanted: list[int]) -> Iterator[Row]:
    form = way.form
    door = Door(session, form)
    door.clear()
    listed = ", ".join(map(str, sorted(wanted)))
    columns = [*(column.name for column in form.columns), "unmapped"]
    fates = _fates(session, landing.source, file, form)
    repaired = releases.repaired(session.settings.data, landing.source)
    for _ in door.slabs(Arrival(way, file.table, file.night, file.file, landing.zone / file.path)):
        rows = f"select delivered_line, raw, {', '.join(columns)} from door.{form.name}"
        for line, raw, *values in ask(session, f"{rows} where delivered_line in ({listed}) order by all"):
            given = {c: v for c, v in zip(columns, values, strict=True) if v is not None}
            place = {"night": file.night, "file": file.file, "line": line, "fate": fates.get(line, "taken in")}
            text = repaired.get((file.table, file.night, file.file, line))
            yield {**place, "values": given, "raw": raw.rstrip("\r\n")} | ({"repaired": text} if text else {})
        door.clear()


def _fates(session: Session, source: str, file: Landed, form: Form) -> dict[int, str]:
    """What became of a file's rows that were not simply taken in."""
    at = f"source = {quoted(source)} and table_name = {quoted(file.table)} and night = date {quoted(file.night)}"
    at += f" and file = {quoted(file.file)}"
    fates = dict(ask(session, f"select line, 'set aside: ' || reason from ingest.quarantine where {at}"))
    if session.has("ingest.not_ours"):
        fates |= dict(ask(session, f"select line, reason from ingest.not_ours where {at}"))
    place = (
        f"delivered_night = date {quoted(file.night)} and delivered_file = {quoted(form.label(file.table, file.file))}"
    )
    standing = f"select delivered_line from ingest.{form.name} where {place}"
    replaced = (
        f"select delivered_line from ingest.{form.name}_history where {place} and delivered_line not in ({standing})"
    )
    return {line: "superseded" for (line,) in ask(session, replaced)} | fates


def _derived(session: Session, plan: Plan, build: Path) -> Iterator[tuple[str, list[Row]]]:
    """By stage and table, what the published night computed of the person."""
    theirs = Theirs(session, plan)
    found: dict[str, list[Row]] = {}
    for path in sorted(path for stage in _DERIVED for path in (build / stage).rglob("*.parquet")):
        at = (build.parent.name, build.name, *path.relative_to(build).parts)
        rows = f"read_parquet([{quoted(path)}])"
        kinds = dict(ask(session, f"select column_name, column_type from (describe select * from {rows})"))
        mine = theirs.condition(at, kinds, every=True)
        told = session.connection.sql(f"select * from {rows} where {mine}").to_arrow_table().to_pylist()
        if told:
            found.setdefault(f"{at[2]}/{table_of(at)}", []).extend(_alone(row, plan, at) for row in told)
    yield from sorted(found.items())


def _alone(row: Row, plan: Plan, at: tuple[str, ...]) -> Row:
    """The row without what another customer is called."""
    mine = plan.builds[f"{at[0]}/{at[1]}"].customers
    return {k: None if k.endswith("customer_id") and v not in mine else v for k, v in row.items()}
