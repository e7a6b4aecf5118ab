"""What the company calls its missions: the journey map's own labels over the ones that were found."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pipeline.journey_map import Renaming
from pipeline.settings import Audience
from pipeline.words import clean


def called(row: dict[str, Any], renamings: Sequence[Renaming]) -> dict[str, Any]:
    """The row of a mission with the journey map's label, and its description where it gives one."""
    own = next((one for one in renamings if one.mission == row["mission"]), None)
    if own is None:
        return row
    return {**row, "label": own.label, "description": own.description or row["description"]}


def unknown(renamings: Sequence[Renaming], missions: Collection[str]) -> list[str]:
    """A warning for every renaming of a mission that was never found: missions come and go, so it is no error."""
    known = ", ".join(sorted(missions)) or "none yet"
    return [
        f"warning: the journey map renames the mission {one.mission!r}, which was not found; the missions are: {known}"
        for one in renamings
        if one.mission not in missions
    ]


def listed(renamings: Sequence[Renaming], marts: Path) -> list[str]:
    """The published missions as `landmark check` shows them: slug, label, and whether the journey map gave it; then
    the warnings. A renaming that no night has published yet counts already."""
    rows = _published(marts)
    own = {one.mission for one in renamings}
    lines = [_line(called(row, renamings), is_own=row["mission"] in own) for row in rows]
    return ["missions:", *lines, *unknown(renamings, {row["mission"] for row in rows})]


def unheard(audiences: Sequence[Audience], renamings: Sequence[Renaming], marts: Path) -> list[str]:
    """A warning for every audience one of whose missions is not among the published ones."""
    names = {"all"}
    for row in _published(marts):
        names |= {row["mission"].casefold(), called(row, renamings)["label"].casefold()}
    return [
        f"warning: the audience {audience.name!r} asks for the mission {asked!r}, which was not found"
        for audience in audiences
        for asked in audience.missions
        if asked.casefold() not in names
    ]


def _published(marts: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    columns = ["mission", "label", "description", "status"]
    rows: list[dict[str, Any]] = pq.read_table(marts / "missions.parquet", columns=columns).to_pylist()
    return rows


def _line(row: dict[str, Any], *, is_own: bool) -> str:
    told = "" if row["status"] in ("born", "kept", "split") else f", {row['status']}"
    return f"  {clean(row['mission'])}: {clean(row['label'])} ({'renamed' if is_own else 'found'}{told})"
