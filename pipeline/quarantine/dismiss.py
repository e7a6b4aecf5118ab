"""Rows in quarantine that nobody will repair are dismissed, and decisions about rows are taken back.

Nothing of a file's account changes by either: a dismissed row stays quarantined, and is nobody's task.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import QuestionError
from pipeline.quarantine import dismissals, kept, releases
from pipeline.quarantine.dismissals import Dismissal
from pipeline.quarantine.kept import Place, next_night
from pipeline.quarantine.release import Outcome, Why, checked, held, nothing
from pipeline.quarantine.releases import Release
from pipeline.quarantine.shown import Chosen, Row, standing, standing_rows
from pipeline.settings import Settings
from pipeline.stages import SOURCES

RELEASED = "released into the next night: landmark quarantine withdraw takes that back"
READ_AGAIN = "released, and a night has read that again since: what is still set aside can be repaired or dismissed"
TAKEN_IN = "taken in since: what is a record now is delivered again as it should be, or with a deleted_at"


@dataclass(frozen=True)
class Withdrawn:
    """What was taken back: how many releases and dismissals. applied: how many could not be, by why."""

    releases: int
    dismissals: int
    applied: dict[str, int]


def dismiss(settings: Settings, chosen: Chosen, why: Why) -> Outcome:
    """Dismisses the chosen rows; raises QuestionError where there is none."""
    why = checked(why)
    with held(settings), standing(settings) as session:
        found = standing_rows(session, chosen)
        night = next_night(settings.data)
        coming = {one.place for one in _released(settings) if one.counts_from >= night}
        good = [row for row in found if row.place not in coming]
        left = {RELEASED: len(found) - len(good)} if len(good) < len(found) else {}
        if not good:
            raise nothing("dismissed", left)
        decided = [Dismissal(night, *row.place, row.code, why.by, why.why, why.at) for row in good]
        return Outcome(night, len(decided), dismissals.add(settings.data, decided), left)


def withdraw(settings: Settings, chosen: Chosen) -> Withdrawn:
    """Takes back what was decided about the chosen rows and no night has applied; a dismissal also later.

    Raises QuestionError, which says what can be done instead, where nothing can be taken back.
    """
    with held(settings), standing(settings) as session:
        found = standing_rows(session, chosen)
        night, places = next_night(settings.data), {row.place for row in found}
        dismissed = _dismissed(settings, found)
        here = [one for one in _released(settings) if one.place in places]
        gone = [one for one in here if one.counts_from >= night]
        every = {row.place for row in standing_rows(session, Chosen())}
        applied = _applied(settings, chosen, here, night, every)
        if not (gone or dismissed):
            raise _nothing(applied)
        kept.change(settings.data, releases.FOLDER, Release, (), gone)
        dismissals.take_back(settings.data, dismissed, night)
        return Withdrawn(len(gone), len(dismissed), applied)


def _released(settings: Settings) -> list[Release]:
    return [one for source in SOURCES for one in releases.read(settings.data, source)]


def _dismissed(settings: Settings, rows: Sequence[Row]) -> list[Dismissal]:
    known = dismissals.standing(settings.data)
    return [known[row.place, row.code] for row in rows if (row.place, row.code) in known]


def _applied(
    settings: Settings, chosen: Chosen, here: Sequence[Release], night: str, standing_: set[Place]
) -> dict[str, int]:
    """How many of the chosen rows a night has read again since they were released, by what became of them.

    here: the releases of chosen rows that stand in quarantine. standing_: all that does.
    """
    coming = {one.place for one in here if one.counts_from >= night}
    again = {one.place for one in here if one.counts_from < night} - coming
    meant = {one.place for one in _released(settings) if chosen.holds(one.place)}
    return dict(Counter([*([READ_AGAIN] * len(again)), *([TAKEN_IN] * len(meant - standing_))]))


def _nothing(applied: dict[str, int]) -> QuestionError:
    told = "; ".join(f"{number} {'was' if number == 1 else 'were'} {why}" for why, number in applied.items())
    return QuestionError(
        f"there is nothing to take back: {told}" if told else "nothing was decided about such rows",
        fix="landmark quarantine list tells what is decided",
    )
