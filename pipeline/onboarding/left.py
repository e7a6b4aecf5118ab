"""Files of the exports that no rule takes: unknown tables, unknown formats, and files outside of any night."""

from dataclasses import dataclass

from pipeline.errors import DeliveryError, PassingError
from pipeline.onboarding.trial import Trial
from pipeline.sources.advice import Advice, advised
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.landing import Landing
from pipeline.sources.places import HIDDEN, Exports, is_litter, is_readable, shown
from pipeline.sources.samples import Sample, sample
from pipeline.sources.strays import Stray, strays
from pipeline.sources.vendors import route
from pipeline.stages import SOURCES
from pipeline.warehouse import Session

MOST_SAMPLED = 40
_NO_UTF8 = "not UTF-8 text"
_LARGEST_SAMPLED = 200 << 20
_NO_FORMAT, _NO_TABLE, _NO_NIGHT = "not a file of a known format", "no table of that name", "not in a night's folder"


@dataclass(frozen=True)
class Left:
    """Files of one folder that no rule takes: where, how many, why, and what to do."""

    where: str
    files: int
    why: str
    advice: Advice


def left(here: Trial) -> list[Left]:
    """Folder by folder, what is left and what to do about it."""
    groups: dict[tuple[str, str, str], list[tuple[Exports, Stray]]] = {}
    for place, d in here.delivered:
        known = route(d.source, d.table, here.settings.sources[d.source])
        if is_litter(d.name):
            continue
        if why := _why(d.fault, d.name, is_known=known is not None):
            groups.setdefault((d.source, f"{d.source}/{shown(d.table)}", why), []).append((place, Stray((), d)))
    for place in here.places:
        for stray in _strays(place):
            folders = (place.own, *stray.folders) if place.own else stray.folders
            why = _NO_FORMAT if not is_readable(stray.delivery.name) else _NO_NIGHT
            groups.setdefault((_source(folders), shown("/".join(folders)), why), []).append((place, stray))
    with here.session() as session:
        listed = sorted(groups.items(), key=lambda group: group[0])
        return [
            Left(where or ".", len(files), why, _advised(here, session, (source, why), files[-1], nth=nth))
            for nth, ((source, where, why), files) in enumerate(listed)
        ]


def _why(fault: str, name: str, *, is_known: bool) -> str:
    if fault:
        return fault
    return ("" if is_known else _NO_TABLE) if is_readable(name) else _NO_FORMAT


def _source(folders: tuple[str, ...]) -> str:
    return folders[0] if folders and folders[0] in SOURCES else ""


def _strays(place: Exports) -> list[Stray]:
    try:
        return strays(place.place, place.own)
    except (OSError, ValueError, DeliveryError):
        return []  # what can be listed was listed


def _advised(
    here: Trial, session: Session, group: tuple[str, str], newest: tuple[Exports, Stray], *, nth: int
) -> Advice:
    """What to do about the files of a source that are left for one reason; the newest is looked into."""
    (source, why), (place, stray) = group, newest
    if why == _NO_FORMAT:
        return Advice("deliver CSV, JSON lines or Parquet; text may be .gz or .zst")
    if why not in (_NO_TABLE, _NO_NIGHT):
        return Advice("deliver the file itself")
    if nth >= MOST_SAMPLED:
        return Advice("too many such folders to look into all of them")
    folder = _table_of(stray, source) if stray.folders or not stray.delivery.night else stray.delivery.table
    found = _sampled(here, session, place, stray, _how(here, source))
    if _NO_UTF8 in found.fault and not _how(here, source).encoding:
        at = f"sources.{source or '<source>'}.encoding"
        return Advice(f'its text is in another encoding: set {at}, as in encoding = "cp1252", and check again')
    return advised(source, shown(folder), found, is_in_night=why == _NO_TABLE and _is_plain(folder))


def _is_plain(folder: str) -> bool:
    """Whether the settings can name it."""
    return shown(folder) == folder and not folder.startswith(HIDDEN)


def _table_of(stray: Stray, source: str) -> str:
    """The folder that a stray's table may have been meant to be; a file right below its source or place names it."""
    inner = stray.folders[1:] if source else stray.folders
    return inner[0] if inner else stray.delivery.name.partition(".")[0]


def _how(here: Trial, source: str) -> Conventions:
    """How the source writes, as far as it is known whose the files are."""
    return here.settings.sources[source].conventions if source else USUAL


def _sampled(here: Trial, session: Session, place: Exports, stray: Stray, how: Conventions) -> Sample:
    if (stray.delivery.size or 0) > _LARGEST_SAMPLED:
        return Sample(fault="it is too large to be looked at here")
    landing = Landing(here.scratch / "left", "left")
    try:
        landed = landing.take(place.described(stray.delivery), place, here.night)
        return sample(session, landing.zone / landed.path, landed.file, how)
    except (PassingError, DeliveryError) as error:
        return Sample(fault=error.what)
