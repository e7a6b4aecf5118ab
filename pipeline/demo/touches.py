"""What staff wrote down: crm/interactions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demo.company import MISSION_NAMES, MOMENT_NAMES, SUB_STEP_NAMES
from pipeline.demo.crm import Crm
from pipeline.demo.history import Journeys
from pipeline.demo.orders import Orders
from pipeline.demo.recipe import DAY, HOUR, Bools, Ints, Recipe, Texts, stamp
from pipeline.demo.voices import felt, labels, ratings, texts

LATE_SHARE = 0.01
COLUMNS = [
    *("interaction_id", "crm_id", "order_id", "occurred_at", "channel", "type", "outcome", "duration_seconds"),
    *("rating", "text", "night"),
]


@dataclass(frozen=True)
class Touches:
    """rows, all nights, with `night`; emotions: id, label, person of every text."""

    rows: pd.DataFrame
    emotions: pd.DataFrame


@dataclass(frozen=True)
class Story:
    """Journeys with what the makers of touches ask of them."""

    j: Journeys
    rng: np.random.Generator

    def at(self, sub_step: str) -> Bools:
        return self.j.reached[:, SUB_STEP_NAMES.index(sub_step)]

    def on(self, moment: str) -> Bools:
        return self.j.on[:, MOMENT_NAMES.index(moment)]

    def after(self, low: float, high: float) -> Ints:
        """A time so many days after the end; nine days after it the next journey may begin."""
        return self.j.ends + (self.rng.uniform(low, high, len(self.j)) * DAY).astype(np.int64)

    def before(self, low: float, high: float) -> Ints:
        """A time so many days before the order, nearer to it than to the previous journey."""
        most = np.minimum(high, 0.45 * (self.j.ordered - self.j.before) / DAY)
        days = low + self.rng.random(len(self.j)) * (most - low)
        return self.j.ordered - (days * DAY).astype(np.int64)

    def while_delivered(self, low: float = 0.05, high: float = 0.9) -> Ints:
        """A time between these shares of the span from the start of use to its end."""
        span = self.j.ends - self.j.starts
        return self.j.starts + (self.rng.uniform(low, high, len(self.j)) * span).astype(np.int64)

    def seconds(self, low: float, high: float) -> Ints:
        return self.rng.uniform(low, high, len(self.j)).astype(np.int64)


def make_touches(recipe: Recipe, journeys: Journeys, crm: Crm, orders: Orders) -> Touches:
    story = Story(journeys, recipe.rng("touches"))
    parts = [*_store(story), *_office(story), *_care(story), *_said(story)]
    rows = pd.concat(parts, ignore_index=True)
    of = rows.pop("journey").to_numpy()
    rows["order_id"] = np.where(rows.pop("tied"), orders.ids[of], "")
    rows["crm_id"] = crm.rows["crm_id"].to_numpy()[crm.of_journey[of]]
    rows["person"] = journeys.person[of]
    rows = finished(rows, "N", "interaction_id", recipe, story.rng)
    return Touches(rows[COLUMNS], spoken(rows, "interaction_id"))


def _part(
    mask: Bools, when: Ints, channel: str, kind: str, *, outcome: Texts | str, seconds: Ints | str = ""
) -> pd.DataFrame:
    """Interactions of the journeys in `mask`, tied to their orders."""
    rows = np.flatnonzero(mask)
    pickup = {k: (v[rows] if isinstance(v, np.ndarray) else v) for k, v in (("o", outcome), ("s", seconds))}
    table = {"journey": rows, "time": when[rows], "channel": channel, "type": kind, "outcome": pickup["o"]}
    extra = {"duration_seconds": pickup["s"], "rating": "", "text": "", "label": "", "tied": True}
    return pd.DataFrame({**table, **extra}).astype({"duration_seconds": str})


def _store(story: Story) -> list[pd.DataFrame]:
    """The visit before the order; some staff do not note which order it led to."""
    when = story.before(0.1, 14)
    queue = np.where(story.on("till_queue"), story.seconds(760, 2400), story.seconds(20, 690))
    outcome = np.where(story.on("gardener_advice"), "gardener_advice", "looked_round").astype(object)
    visit = _part(story.at("store_visit"), when, "store", "store_visit", outcome=outcome, seconds=queue)
    visit["tied"] = story.rng.random(len(visit)) < 0.88
    hall = when + story.seconds(600, 3600) * 1000
    return [visit, _part(story.on("open_day_joined"), hall, "store", "open_day", outcome="joined")]


def _office(story: Story) -> list[pd.DataFrame]:
    j = story.j
    sent = j.ordered + story.seconds(60, 7200) * 1000
    outcome = np.where(story.on("substitute_offered"), "substitute_offered", "sent").astype(object)
    day = j.ordered + story.seconds(7200, 72_000) * 1000
    question = story.rng.random(len(j)) < 0.06
    return [
        _part(story.at("confirmation"), sent, "email", "order_confirmation", outcome=outcome),
        _part(story.on("day_chosen"), day, "email", "delivery_day_chosen", outcome="done"),
        _part(story.on("order_chased"), story.while_delivered(0.5), "call_center", "order_chased", outcome="told",
              seconds=story.seconds(60, 900)),
        _part(question & ~j.addon, day, "call_center", "question", outcome="answered", seconds=story.seconds(40, 700)),
    ]  # fmt: skip


def _care(story: Story) -> list[pd.DataFrame]:
    call = np.where(story.on("tip_given"), "tip_given", "checked").astype(object)
    died = story.after(1.5, 4.2)
    claim = died + story.seconds(HOUR // 2000, 3 * DAY // 1000) * 1000
    outcome = np.where(story.on("replaced_same_week"), "replaced_same_week", "voucher_sent").astype(object)
    letter = np.where(story.on("season_letter_opened"), "opened", "sent").astype(object)
    return [
        _part(story.at("first_weeks"), story.after(3, 8), "call_center", "care_call", outcome=call,
              seconds=story.seconds(60, 1200)),
        _part(story.on("plant_died"), died, "call_center", "plant_died", outcome="reported",
              seconds=story.seconds(60, 600)),
        _part(story.at("recovery"), claim, "store", "plant_claim", outcome=outcome),
        _part(story.at("keepsake"), story.after(0.5, 4), "email", "season_letter", outcome=letter),
        _part(story.on("before_after_photo"), story.after(1, 6), "email", "before_after_photo", outcome="sent"),
    ]  # fmt: skip


def _said(story: Story) -> list[pd.DataFrame]:
    """Surveys: a rating, mostly with a text."""
    j, rng = story.j, story.rng
    part = _part((rng.random(len(j)) < 0.25) & ~j.addon, story.after(2, 7), "survey", "survey_response", outcome="done")
    of = part["journey"].to_numpy()
    feeling = felt(j, rng)[of]
    part["rating"] = ratings(feeling, rng).astype(str)
    spoke = rng.random(len(of)) < 0.85
    said = texts(feeling, np.array(MISSION_NAMES)[j.mission[of]].tolist(), rng)
    part["text"], part["label"] = np.where(spoke, said, ""), np.where(spoke, labels(feeling), "")
    return [part]


def finished(rows: pd.DataFrame, letter: str, key: str, recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    """Sorted by time, numbered, and each given the night that delivers it."""
    rows = rows.sort_values(["time", "journey"] if "journey" in rows else "time", kind="stable", ignore_index=True)
    rows[key] = [f"{letter}{i:07d}" for i in range(len(rows))]
    time = rows["time"].to_numpy()
    rows["night"] = recipe.delivered(time, rng, LATE_SHARE)
    rows["occurred_at"] = stamp(time)
    return rows[rows["night"] < len(recipe.nights)].sort_values("night", kind="stable", ignore_index=True)


def spoken(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """id, label, person of the rows that have a text."""
    texts_of = rows.loc[rows["label"] != "", [key, "label", "person"]]
    return texts_of.rename(columns={key: "id"})
