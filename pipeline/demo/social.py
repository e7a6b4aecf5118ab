"""social/posts: strangers talk about the company and about anything else; some customers post too."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demo.company import CITIES, MISSION_NAMES
from pipeline.demo.history import Journeys
from pipeline.demo.people import People
from pipeline.demo.recipe import DAY, Ints, Recipe, choose, stamp
from pipeline.demo.voices import chatter, felt, labels, texts

PLATFORMS = ("mastodon", "x", "instagram", "reviews")
COLUMNS = [
    "id",
    "platform",
    "author_handle",
    "created_at",
    "text",
    "lang",
    "likes",
    "shares",
    "topics",
    "city",
    "night",
]
TOPICS = ("gardening", "plants", "homes", "local")


@dataclass(frozen=True)
class Social:
    """posts, all nights, with `night`; emotions: id, label of each and person (-1: nobody we know)."""

    posts: pd.DataFrame
    emotions: pd.DataFrame


def make_social(recipe: Recipe, people: People, journeys: Journeys) -> Social:
    rng = recipe.rng("social")
    parts = [_by_customers(people, journeys, rng), _by_strangers(recipe, rng), _chatter(recipe, rng)]
    posts = pd.concat(parts).sort_values(["time", "text"], kind="stable", ignore_index=True)
    n = len(posts)
    posts["id"] = [f"S{i:07d}" for i in range(n)]
    posts["night"] = recipe.delivered(posts["time"].to_numpy(), rng, late=0.005)
    posts["created_at"], posts["lang"] = stamp(posts["time"].to_numpy()), "en"
    posts["platform"] = choose(rng, PLATFORMS, n)
    posts["likes"], posts["shares"] = rng.poisson(3, n), rng.poisson(0.4, n)
    posts["topics"] = [[t] if keep else [] for t, keep in zip(choose(rng, TOPICS, n), rng.random(n) < 0.3, strict=True)]
    towns = tuple(town for region in CITIES for town in region)
    posts["city"] = np.where(rng.random(n) < 0.3, choose(rng, towns, n), "")
    posts = posts[posts["night"] < len(recipe.nights)].sort_values("night", kind="stable", ignore_index=True)
    return Social(posts[COLUMNS], posts[["id", "label", "person"]])


def _table(time: Ints, author: list[str], said: list[str], feeling: Ints) -> pd.DataFrame:
    table = {"time": time, "author_handle": author, "text": said, "label": labels(feeling), "person": -1}
    return pd.DataFrame(table)


def _by_customers(people: People, j: Journeys, rng: np.random.Generator) -> pd.DataFrame:
    rows = np.flatnonzero((people.handle[j.person] != "") & (rng.random(len(j)) < 0.4))
    time = j.ends[rows] + (rng.uniform(0.5, 8, len(rows)) * DAY).astype(np.int64)
    feeling = felt(j, rng)[rows]
    said = texts(feeling, np.array(MISSION_NAMES)[j.mission[rows]].tolist(), rng)
    person = j.person[rows]
    return _table(time, people.handle[person].tolist(), said, feeling).assign(person=person)


def _times(recipe: Recipe, n: int, rng: np.random.Generator) -> Ints:
    return recipe.start + (rng.random(n) * (recipe.end - recipe.start)).astype(np.int64)


def _authors(n: int, rng: np.random.Generator) -> list[str]:
    return [f"passerby{i}" for i in rng.integers(0, 3 * n + 9, n)]


def _by_strangers(recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    n = max(3, recipe.people // 3)
    feeling = rng.choice(3, size=n, p=[0.3, 0.3, 0.4])
    subject = choose(rng, (*MISSION_NAMES, "any"), n).tolist()
    return _table(_times(recipe, n, rng), _authors(n, rng), texts(feeling, subject, rng), feeling)


def _chatter(recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    n = max(3, recipe.people // 4)
    said, feeling = chatter(n, rng)
    return _table(_times(recipe, n, rng), _authors(n, rng), said, feeling)
