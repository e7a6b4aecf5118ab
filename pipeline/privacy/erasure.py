"""Erases a person: what is held on them leaves the data folder, and a tombstone stays that keeps them from returning.

    DATA/identity/erasing.json       the plan, while an erasure is carried out; private, gone at its end
    DATA/identity/tombstones.jsonl   see tombstones.py

Erased is what belongs to the person alone; a value that other customers' rows give too stays in theirs. The exports are
not touched: a row that comes again is known by the tombstone and kept nowhere. An erasure that was killed is completed
by whatever runs next.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.catalog import Store
from pipeline.errors import IdentityError, LandmarkError, StageError
from pipeline.privacy import erasure_plan, tombstones
from pipeline.privacy.erasure_plan import Plan
from pipeline.settings import Settings
from pipeline.sources.landing import Landing
from pipeline.upkeep import leftovers
from pipeline.warehouse import Session

Progress = Callable[[str], None]
Summary = dict[str, Any]


def silent(_: str) -> None:
    """Shows no progress."""


def erase(settings: Settings, text: str, *, progress: Progress = silent) -> Summary:
    """Erases the person whom a customer_id or KIND:VALUE names (see identity_lookup.find); returns what was removed.

    The summary: customer_id, night, records, rows (removed, by table), landed_rows, quarantined_rows, files_rewritten,
    shared (how many values stay with others, by kind). Raises IdentityError where nobody or several people hold the
    text, or who did was erased.
    """
    store = Store(settings.data)
    with store.lock(settings.lock_wait_seconds):
        finished = finish(settings, progress)
        if finished is not None and text in (finished.pop("asked"), finished["customer_id"]):
            return finished
        plan = _planned(settings, text, progress)
        _check(settings, plan)
        tombstones.write_private(_journal(settings.data), plan.as_text())
        done = _carry_out(settings, plan, progress)
    done.pop("asked")
    return done


def finish(settings: Settings, progress: Progress = silent) -> Summary | None:
    """Completes an erasure that was killed; None where none was. The caller holds the lock."""
    path = _journal(settings.data)
    if not path.exists():
        return None
    try:
        plan = erasure_plan.plan_of(path.read_text("utf-8"))
    except (ValueError, TypeError, KeyError) as error:
        raise StageError(
            "the plan of an erasure that was killed is damaged",
            where=str(path),
            value=type(error).__name__,
            fix="Remove the file and erase the person again",
        ) from error
    progress("completing an erasure that was killed ...")
    try:
        return _carry_out(settings, plan, progress)
    except LandmarkError as error:
        raise StageError(
            f"an erasure that was begun cannot be completed, and nothing else runs before it is: {error.what}",
            where=error.where,
            value=error.value,
            fix=f"{error.fix or 'Mend this'}; whatever runs next completes it",
        ) from error


def is_unfinished(data: Path) -> bool:
    """Whether an erasure was killed and waits to be completed."""
    return _journal(data).exists()


def _journal(data: Path) -> Path:
    return data / "identity" / "erasing.json"


def _planned(settings: Settings, text: str, progress: Progress) -> Plan:
    from pipeline.identity.lookup import find

    known = tombstones.read(settings)
    try:
        person = find(settings, text)
    except IdentityError as error:
        stone = tombstones.of(text, known, settings.hash_key)
        if stone is None:
            raise
        raise IdentityError("this person was erased already", where=f"night {stone.night}", value=text) from error
    progress(f"erase: looking for everything held on {person.customer_id} ...")
    with _session(settings) as session:
        return erasure_plan.make(settings, session, person, text)


def _check(settings: Settings, plan: Plan) -> None:
    from pipeline.privacy.files import Files

    Files(settings.data, plan).check()


def _carry_out(settings: Settings, plan: Plan, progress: Progress) -> Summary:
    """Every step can be taken again: it changes nothing where it was taken before."""
    from pipeline.privacy.builds import Builds
    from pipeline.privacy.files import Files

    files = Files(settings.data, plan)
    leftovers.sweep(settings.data)
    counts: dict[str, int] = {}
    for source, table, night, file, _ in plan.lines:
        name = f"{source}/{table}/{night}/{file}"
        counts[name] = counts.get(name, 0) + 1
    key = tombstones.key_mark(settings.hash_key)
    tombstones.add(settings, tombstones.Tombstone(plan.night, plan.customer_id, key, plan.hashes, counts))
    progress("erase: landing zone ...")
    landed = _rewrite_landed(settings, plan)
    progress("erase: builds ...")
    with _session(settings) as session:
        builds = Builds(settings.data / "builds", session, plan)
        builds.sweep()
    progress("erase: everything else ...")
    files.sweep()
    _journal(settings.data).unlink()
    return {
        "asked": plan.asked,
        "customer_id": plan.customer_id,
        "night": plan.night,
        "records": len(plan.records),
        "rows": dict(sorted(builds.removed.items())),
        "landed_rows": len(plan.lines),
        "quarantined_rows": files.rows,
        "files_rewritten": landed + builds.rewritten + files.rewritten,
        "shared": plan.shared,
    }


def _rewrite_landed(settings: Settings, plan: Plan) -> int:
    rewritten = 0
    for source, changes in plan.landed.items():
        landing = Landing(settings.data, source)
        landing.sweep()
        for file in landing.files():
            if file.path in changes:
                landing.replace(file, changes[file.path], settings.sources[source].conventions)
                rewritten += 1
    return rewritten


def _session(settings: Settings) -> Session:
    spill = settings.data / "spill" / f"erase-{os.getpid()}"
    return Session(settings, "erasure", settings.data / "identity", spill)
