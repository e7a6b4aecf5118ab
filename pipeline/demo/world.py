"""Put a world together and write it: exports night by night, the journey map, the truth."""

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.demo import JOURNEY_MAP
from pipeline.demo.company import BRAND, DELIVERER, PLANTERS
from pipeline.demo.crm import Crm, customer_rows, make_crm
from pipeline.demo.dirt import bad_table, soil, soil_lines
from pipeline.demo.hard import harder_crm, harder_people
from pipeline.demo.history import Journeys, simulate
from pipeline.demo.orders import Orders, make_orders
from pipeline.demo.partners import Partners, make_partners
from pipeline.demo.people import People, make_people
from pipeline.demo.recipe import Recipe
from pipeline.demo.social import Social, make_social
from pipeline.demo.touches import Touches, make_touches
from pipeline.demo.truth import effects, journey_rows
from pipeline.demo.weather import factor_rows, make_weather
from pipeline.demo.web import Web, lines, make_web
from pipeline.errors import SettingsError


@dataclass(frozen=True)
class World:
    recipe: Recipe
    people: People
    journeys: Journeys
    crm: Crm
    orders: Orders
    touches: Touches
    partners: Partners
    web: Web
    social: Social
    factors: pd.DataFrame


def make_world(recipe: Recipe) -> World:
    """Draw everything that happened, and how it was written down."""
    people, weather = make_people(recipe), make_weather(recipe)
    people = harder_people(recipe, people) if recipe.hard else people
    journeys = simulate(recipe, people, weather)
    crm = make_crm(recipe, people, journeys)
    crm = harder_crm(recipe, people, crm) if recipe.hard else crm
    orders = make_orders(recipe, journeys, crm)
    return World(
        recipe, people, journeys, crm, orders,
        make_touches(recipe, journeys, crm, orders),
        make_partners(recipe, people, journeys, crm),
        make_web(recipe, people, journeys, crm, orders),
        make_social(recipe, people, journeys),
        factor_rows(weather, recipe),
    )  # fmt: skip


def build(folder: Path, recipe: Recipe) -> Path:
    """Write the world of `recipe` under `folder`; see pipeline.demo.generate."""
    _clear(folder)
    world = make_world(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "journey.yml").write_bytes(JOURNEY_MAP.read_bytes())
    spared = _refused(world)
    nights = range(len(recipe.nights))
    bad = [part for night in nights for part in _write_night(folder / "exports", world, night, spared)]
    _write_truth(folder / "truth", world, pd.concat(bad, ignore_index=True))
    return folder


def _clear(folder: Path) -> None:
    """Take away the world that was made here before, and nothing else."""
    parts = [folder / name for name in ("exports", "truth")]
    mark = folder / "journey.yml"  # written first, so that a world half written is known as ours too
    if any(part.exists() for part in parts) and not (mark.is_file() and BRAND in mark.read_text("utf-8")):
        raise SettingsError(
            "the folder holds exports that the demo did not write", where=str(folder), fix="Give a new folder"
        )
    for part in parts:
        if part.exists():
            shutil.rmtree(part)


def _refused(world: World) -> frozenset[str]:
    """Every identifier of people who refuse."""
    rows, refs, people = world.crm.rows, world.partners.refs, world.crm.refusers
    crm = rows[rows["person"].isin(people)]
    cookies = world.web.cookies[np.isin(world.web.cookie_person, people)]
    return frozenset([*crm["crm_id"], *crm["handle"], *refs.loc[refs["person"].isin(people), "value"], *cookies])


def _write_night(exports: Path, world: World, night: int, spared: frozenset[str]) -> Iterator[pd.DataFrame]:
    """Write one night's delivery; yields what is bad in each of its files."""
    name = world.recipe.nights[night]
    rng = world.recipe.rng(f"dirt {name}")
    tables = {
        ("crm", "customers", "customers"): customer_rows(world.crm),
        ("crm", "orders", "orders"): world.orders.rows,
        ("crm", "interactions", "interactions"): world.touches.rows,
        ("partner", DELIVERER, "partner"): _with_offset(world.partners.rows[DELIVERER]),
        ("partner", PLANTERS, "partner"): world.partners.rows[PLANTERS],
        ("social", "posts", "posts"): world.social.posts,
    }
    for (source, table, form), whole in tables.items():
        rows = whole[whole["night"] == night].drop(columns="night")
        soiled, bad = soil(rows, form, rng, spared=spared, place=(source, table, name))
        _write(exports / source / table / name, table, soiled)
        yield bad
    factors = world.factors[world.factors["night"] == night].drop(columns="night")
    _write(exports / "context" / "factors" / name, "factors", factors)
    yield _write_web(exports / "web" / "events" / name, world, night, spared, rng)


def _with_offset(rows: pd.DataFrame) -> pd.DataFrame:
    """This partner's clock: the same moments, written at an offset of two hours."""
    local = pd.to_datetime(rows["occurred_at"].str[:-1]) + pd.Timedelta(hours=2)
    return rows.assign(occurred_at=local.dt.strftime("%Y-%m-%dT%H:%M:%S") + "+02:00")


def _write(folder: Path, table: str, rows: pd.DataFrame) -> None:
    """Posts as JSON lines, the planters' activities as Parquet, the rest as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    if table == "posts":
        records = (json.dumps(r, ensure_ascii=False) for r in rows.to_dict("records"))
        (folder / "posts.jsonl").write_text("".join(f"{r}\n" for r in records), encoding="utf-8")
    elif table == PLANTERS:
        text = {c: pa.array([v or None for v in rows[c]], pa.string()) for c in rows}
        pq.write_table(pa.table(text), folder / f"{table}.parquet", compression="zstd")
    else:
        rows.to_csv(folder / f"{table}.csv", index=False, lineterminator="\n")


def _write_web(
    folder: Path, world: World, night: int, spared: frozenset[str], rng: np.random.Generator
) -> pd.DataFrame:
    """events-00.jsonl.gz and on, without a clock in the gzip header, so that the bytes repeat."""
    folder.mkdir(parents=True, exist_ok=True)
    place = ("web", "events", world.recipe.nights[night])
    bad = [bad_table([], place)]
    for i, chunk in enumerate(lines(world.web, night, rng)):
        soiled, truth = soil_lines(chunk, rng, spared=spared, place=place, chunk=str(i))
        with gzip.GzipFile(folder / f"events-{i:02d}.jsonl.gz", "wb", compresslevel=5, mtime=0) as file:
            file.write("".join(soiled).encode())
        bad.append(truth)
    return pd.concat(bad)


def _write_truth(folder: Path, world: World, bad: pd.DataFrame) -> None:
    """identities, journeys, effects, bad_rows, refusers, emotions, all_orders (Parquet) and counts.json."""
    folder.mkdir(parents=True, exist_ok=True)
    known = ~np.isin(world.journeys.person, world.crm.refusers)
    delivered = known & pd.Series(world.orders.ids).isin(world.orders.rows["order_id"]).to_numpy()
    journeys = journey_rows(world.journeys, world.orders.ids, world.recipe)[delivered]
    rows = world.crm.rows[world.crm.rows["night"] < len(world.recipe.nights)]
    refusers = rows.loc[rows["person"].isin(world.crm.refusers), ["crm_id"]]
    parts = [world.touches.emotions, world.partners.emotions, world.social.emotions]
    emotions = pd.concat(parts, ignore_index=True)
    emotions = emotions.loc[~emotions["person"].isin(world.crm.refusers), ["id", "label"]]
    tables = {
        "identities": _identities(world, rows),
        "journeys": journeys,
        "effects": effects(world.journeys.take(np.flatnonzero(delivered)), world.recipe),
        "bad_rows": bad,
        "refusers": refusers,
        "emotions": emotions,
        "all_orders": journeys[["order_id"]],
    }
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "counts.json").write_text(json.dumps(_counts(world, rows), indent=1) + "\n")


def _identities(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """kind, value, person, linkable: every identifier of people who do not refuse."""
    people, web = world.people, world.web
    seen = np.zeros(len(web.cookies), bool)
    seen[web.events.device[web.night < len(world.recipe.nights)]] = True
    cookies = np.flatnonzero(seen & (web.cookie_person >= 0))
    handled = rows.loc[rows["handle"] != "", ["handle", "person"]].drop_duplicates("handle")
    parts = [
        pd.DataFrame({"kind": "crm_id", "value": rows["crm_id"], "person": rows["person"], "linkable": True}),
        pd.DataFrame(
            {
                "kind": "anonymous_id",
                "value": web.cookies[cookies],
                "person": web.cookie_person[cookies],
                "linkable": web.tied[cookies],
            }
        ),
        world.partners.refs,
        pd.DataFrame(
            {"kind": "social_handle", "value": handled["handle"], "person": handled["person"], "linkable": True}
        ),
    ]
    table = pd.concat(parts, ignore_index=True)
    known = table["person"].isin(rows["person"]) | (table["person"] >= len(people))
    return table[known & ~table["person"].isin(world.crm.refusers)].reset_index(drop=True)


def _counts(world: World, rows: pd.DataFrame) -> dict[str, object]:
    recipe, last = world.recipe, len(world.recipe.nights)
    return {
        "people": recipe.people,
        "crm_records": len(rows),
        "orders": int(world.orders.rows["order_id"].nunique()),
        "web_events": int((world.web.night < last).sum()),
        "interactions": len(world.touches.rows),
        "partner_activities": sum(len(p) for p in world.partners.rows.values()),
        "posts": len(world.social.posts),
        "nights": list(recipe.nights),
        "seed": recipe.seed,
        "bend": recipe.bend,
        "effects": recipe.effects,
        "hidden": recipe.hidden,
        **({"hard": True} if recipe.hard else {}),
    }
