"""The macro level: how large each mission is, and how it feels, inside the customer base and outside.

Strangers (visitors nobody knows, authors, people that only partners know) get probabilities of a mission type by the
words that they leave; what is kept of them are sums. Nobody outside the customer base has a row of their own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_lift import wilson
from pipeline.estimators.mission_types import Bags, MissionTypes, Mix, nobody

if TYPE_CHECKING:
    from pipeline.warehouse import Session

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]

OUTSIDE = ("visitors", "authors", "partners")
FEWEST_JOURNEYS = 5  # that must have a word to learn what it says of a mission
_MODELS = ("people", "words", "vocabulary", "bags", "entries", "texts", "sizes")
_SHARES = ("share", "low", "high", "positive_share", "positive_low", "positive_high", "negative_share", "negative_low",
           "negative_high")  # fmt: skip


@dataclass(frozen=True)
class _Mood:
    """Texts, each weighed by how likely it is of the mission; people: whose they are, weighed alike."""

    texts: float = 0.0
    people: float = 0.0
    positive: float = 0.0
    negative: float = 0.0

    def columns(self, small_group: int) -> Row:
        """The mart's columns; null where fewer than small_group people wrote."""
        if self.people < small_group:
            return {}
        row: Row = {"texts": round(self.texts, 1)}
        for name, part in (("positive", self.positive), ("negative", self.negative)):
            low, high = wilson(part, self.texts, self.people)
            row |= {f"{name}_share": part / self.texts, f"{name}_low": low, f"{name}_high": high}
        return row


@dataclass(frozen=True)
class _Group:
    """The people of a place who are on a mission (None: who tell none). share: of those of the place who tell one;
    of None, of everybody there."""

    place: str
    mission: str | None
    size: float
    share: float
    low: float
    high: float
    mood: _Mood

    def row(self, small_group: int) -> Row:
        shares = {"share": self.share, "low": self.low, "high": self.high}
        size = {"mission": self.mission, "place": self.place, "size": round(self.size, 1)}
        return size | shares | self.mood.columns(small_group)


def build(session: "Session", missions: list[str], small_group: int) -> None:
    """Makes missions.moods: a row a place and mission, and one of a null mission for those who tell none. Groups of
    fewer than small_group people are left out."""
    import pyarrow as pa

    for model in _MODELS:
        session.model(f"missions.macro_{model}", keep=False, fewest_journeys=FEWEST_JOURNEYS)
    groups = _inside(session, missions)
    for place in OUTSIDE:
        groups += _outside(session, place, missions)
    rows = [group.row(small_group) for group in groups if group.size >= small_group]
    texts = [("place", pa.string()), ("mission", pa.string())]
    numbers = [(name, pa.float64()) for name in ("size", "texts", *_SHARES)]
    session.put("missions.moods", pa.Table.from_pylist(rows, pa.schema(texts + numbers)), grain=("place", "mission"))


def _inside(session: "Session", missions: list[str]) -> list[_Group]:
    """Customers by the mission of their latest journey; their texts by the mission that they are about."""
    sizes = {row["mission"]: row["people"] for row in _rows(session, "sizes") if row["place"] == "customers"}
    felt = {row["mission"]: _mood(row) for row in _rows(session, "texts") if row["place"] == "customers"}
    told = sum(sizes.get(mission, 0) for mission in missions)
    groups = []
    for mission in [*missions, None]:
        size = sizes.get(mission, 0)
        whole = told if mission else sum(sizes.values())
        low, high = wilson(size, whole, whole)
        mood = felt.get(mission, _Mood())
        groups.append(_Group("customers", mission, size, size / max(1, whole), low, high, mood))
    return groups


def _rows(session: "Session", model: str) -> list[Row]:
    rows: list[Row] = session.arrow(f"missions.macro_{model}").to_pylist()
    return rows


def _mood(row: Row) -> _Mood:
    return _Mood(row["texts"], row["people"], row["positive_texts"], row["negative_texts"])


def _outside(session: "Session", place: str, missions: list[str]) -> list[_Group]:
    """Strangers by what their words say."""
    journeys, people = (_bags(session, place, is_journey=is_journey) for is_journey in (True, False))
    if not people[1]:
        return []
    words = session.arrow(f"missions.macro_vocabulary where place = '{place}'", "count(*) as n")["n"][0].as_py()
    slot = {mission: k for k, mission in enumerate(missions)}
    types = MissionTypes(len(missions), words)
    types.fit(journeys[0], np.array([slot[row["mission"]] for row in journeys[1]], dtype=np.int64))
    mix = types.mix(people[0]) if missions else nobody(people[0].count)
    texts = _texts(session, place, [row["bag"] for row in people[1]])
    groups = [_group(place, mission, k, mix, texts) for k, mission in enumerate(missions)]
    silent, everybody = float((~mix.told).sum()), len(mix.told)
    low, high = wilson(silent, everybody, everybody)
    return [*groups, _Group(place, None, silent, silent / everybody, low, high, _weighed(texts, ~mix.told))]


def _bags(session: "Session", place: str, *, is_journey: bool) -> tuple[Bags, list[Row]]:
    """The place's bags with the numbers of their words, and a row for each bag, in the order of their numbers."""
    where = f"where place = '{place}' and is_journey = {str(is_journey).lower()}"
    order = "order by bag_position, word_position"  # sums of floats depend on it
    entries = session.arrow(f"missions.macro_entries {where} {order}", "bag_position, word_position, times")
    rows = session.arrow(f"missions.macro_bags {where} order by bag_position", "bag, mission").to_pylist()
    bag, word = (entries[name].to_numpy().astype(np.int64) for name in ("bag_position", "word_position"))
    return Bags(bag, word, entries["times"].to_numpy(), len(rows)), rows


def _texts(session: "Session", place: str, people: list[str]) -> Floats:
    """People x (texts, positive, negative)."""
    found = {row["person"]: row for row in _rows(session, "texts") if row["place"] == place}
    names = ("texts", "positive_texts", "negative_texts")
    return np.array([[found[one][n] if one in found else 0 for n in names] for one in people], dtype=float)


def _group(place: str, mission: str, k: int, mix: Mix, texts: Floats) -> _Group:
    share, size = float(mix.shares[k]), float(mix.chance[:, k].sum())
    low, high = wilson(share * mix.evidence[k], mix.evidence[k], mix.evidence[k])
    return _Group(place, mission, size, share, low, high, _weighed(texts, mix.chance[:, k]))


def _weighed(texts: Floats, weight: npt.NDArray[Any]) -> _Mood:
    said = texts * weight.astype(float)[:, None]
    return _Mood(said[:, 0].sum(), float(weight[texts[:, 0] > 0].sum()), said[:, 1].sum(), said[:, 2].sum())
