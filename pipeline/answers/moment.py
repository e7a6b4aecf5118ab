"""How a figure of the ranking came about: the trial, its diagnostics, the estimate made again, the plain comparison.

What is asked for comes from outside: it is looked up among the names of the night, and never part of a query.
"""

import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.catalog import Store
from pipeline.context import Run
from pipeline.errors import NightError, QuestionError
from pipeline.journey_map import JourneyMap, load_journey_map
from pipeline.settings import Settings
from pipeline.stages import BY_SOURCE, SOURCES
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

Document = dict[str, Any]
ALL = "ALL"
KEPT = ("moment_ranking", "trials")
CLOSE = 0.4  # how alike a name must be to be offered instead
DIFFERENCES = 3  # between those with the moment and those without, the largest


def explain(settings: Settings, moment: str, mission: str = ALL, night: str | None = None) -> Document:
    """What the published ranking says of a moment on a mission (its slug or label), and how that came about.

    The estimate is made again from the tables of the night's build, by the stage itself. Nothing is written. Raises
    QuestionError where there is no such moment or mission, NightError where there is no such finished night.
    """
    night, build, folder = _place(settings, night)
    with _session(settings, folder) as session:
        rows = {(row["mission"], row["moment"]): row for row in session.arrow("kept.moment_ranking").to_pylist()}
        protocols = {row["moment"]: row for row in session.arrow("kept.trials").to_pylist()}
        labels = dict(session.arrow("missions.missions", "mission, label").to_pandas().itertuples(index=False))
        moment = _known("moment", moment, list(protocols), night)
        mission = _mission(mission, {name for name, _ in rows} - {ALL}, labels, night)
        kept, protocol = rows[mission, moment], protocols[moment]
        document = {
            "night": night,
            "build": build,
            "moment": moment,
            "mission": mission,
            "mission_label": "All journeys" if mission == ALL else labels.get(mission, mission),
            "protocol": {name: _plain(value) for name, value in protocol.items()},
            "estimate": {name: _plain(value) for name, value in kept.items()},
        }
        return document | _made_again(settings, session, kept, protocol)


def _place(settings: Settings, night: str | None) -> tuple[str, int, Path]:
    """The night that is asked for (none: the published one), its finished build, and its folder."""
    store = Store(settings.data)
    catalog = store.read()
    asked = night or catalog.published
    if asked is None:
        raise NightError("nothing is published yet", where=str(settings.data), fix="Run a night: landmark run")
    build = catalog.night(asked).build
    if build is None:
        done = sorted(name for name, state in catalog.nights.items() if state.build is not None)
        told = f"The finished nights are {', '.join(done[-5:])}" if done else "Run a night: landmark run"
        raise NightError("this night is not finished", where=str(settings.data), value=asked, fix=told)
    return asked, build, store.folder(asked, build)


@contextmanager
def _session(settings: Settings, folder: Path) -> Iterator[Session]:
    """The build's tables as the stage ranking reads them, and as `kept` what it made; nothing is left behind."""
    from pipeline.stages import ranking

    with (
        tempfile.TemporaryDirectory(prefix="landmark-") as scratch,
        Session(settings, "ranking", Path(scratch), Path(scratch) / f"spill-{os.getpid()}") as session,
    ):
        for need in ranking.NEEDS:
            session.attach(need, [folder / need / s for s in SOURCES] if need in BY_SOURCE else [folder / need])
        session.attach("ranking", [folder / "ranking"], "kept")
        missing = [name for name in KEPT if not (folder / "ranking" / f"{name}.parquet").is_file()]
        if missing:
            fix = "It was built by another version: run the night again, then ask again"
            raise NightError("the night lacks what an explanation needs", where=str(folder), value=missing[0], fix=fix)
        yield session


def _known(kind: str, name: str, names: Sequence[str], night: str) -> str:
    """The name, where it is one of them; else the error that names the nearest."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=3, cutoff=CLOSE)
    fix = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(names))}"
    raise QuestionError(f"there is no such {kind}", where=f"night {night}", value=name, fix=fix)


def _mission(name: str, missions: set[str], labels: dict[str, str], night: str) -> str:
    """The mission's slug, from its slug or label, or ALL."""
    slugs = {label.casefold(): slug for slug, label in labels.items() if slug in missions}
    slug = slugs.get(name.casefold(), name)
    return ALL if slug.casefold() == ALL.casefold() else _known("mission", slug, [ALL, *sorted(missions)], night)


# -- made again -------------------------------------------------------------------------------------------------------


def _made_again(settings: Settings, session: Session, kept: Document, protocol: Document) -> Document:
    """`again`: whether the same figures come out (None: it cannot be tried: `why_not`), and which are `apart`.

    differences: what set the arms apart before the moment; now: the versions of the map and the
    package at hand, and the map's currency where it is that of the night.
    """
    from pipeline.stages import ranking
    from pipeline.stages.protocols import landmark_version, map_version

    journey_map = load_journey_map(settings.journey_map)
    versions = {"landmark_version": landmark_version(), "map_version": map_version(journey_map)}
    if versions["map_version"] != protocol["map_version"]:
        why = f"the journey map {settings.journey_map} says something else than that of the night"
        return {"again": None, "why_not": why, "apart": {}, "now": versions, "differences": []}
    versions |= {"currency": journey_map.currency}
    run = Run(_night(protocol), settings.model_copy(update={"seed": protocol["seed"]}), _nameless(journey_map))
    ranking.build(run, session)
    found = session.arrow("ranking.moment_ranking").to_pylist()
    row = next(row for row in found if (row["mission"], row["moment"]) == (kept["mission"], kept["moment"]))
    apart = {name: [kept[name], row.get(name)] for name in kept if not _same(kept[name], row.get(name))}
    return {
        "again": not apart,
        "why_not": None,
        "apart": apart,
        "now": versions,
        "differences": _differences(session, kept, protocol),
    }


def _night(protocol: Document) -> date:
    night: date = protocol["night"]
    return night


def _nameless(journey_map: JourneyMap) -> JourneyMap:
    """The map without the company's own labels of missions: nothing is named here."""
    return replace(journey_map, missions=())


def _same(one: object, other: object) -> bool:
    """The same to the last digit, or both unknown."""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    """A value as JSON has it: nan is none, dates are text."""
    if isinstance(value, float) and isnan(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _differences(session: Session, kept: Document, protocol: Document) -> list[Document]:
    """What that adjusts sets the journeys with the moment apart from those without: the largest differences first."""
    followed = session.frame("(from ranking.followed order by journey_id)").set_index("journey_id")
    reached = session.frame("journeys.sub_steps", "journey_id, sub_step")
    happened = session.frame("journeys.moments", "journey_id, moment")
    there = set(reached.loc[reached["sub_step"] == kept["sub_step"], "journey_id"])
    had_it = set(happened.loc[happened["moment"] == kept["moment"], "journey_id"])
    followed = followed[followed.index.isin(there | had_it)]
    if kept["mission"] != ALL:
        followed = followed[followed["mission"] == kept["mission"]]
    had = followed.index.isin(had_it)
    numbers = [name for name in protocol["adjusted_for"] if name in followed and followed[name].dtype == float]
    found = [_difference(name, followed.loc[had, name], followed.loc[~had, name]) for name in numbers]
    known = [row for row in found if not isnan(row["standardised"])]
    return sorted(known, key=lambda row: -abs(row["standardised"]))[:DIFFERENCES]


def _difference(name: str, having: "pd.Series", lacking: "pd.Series") -> Document:
    spread = ((having.var() + lacking.var()) / 2) ** 0.5
    apart = (having.mean() - lacking.mean()) / spread if spread > 0 else float("nan")
    return {"known": name, "with": float(having.mean()), "without": float(lacking.mean()), "standardised": float(apart)}
