"""crm/orders: the orders of the true journeys, and orders that came to nothing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demo.company import CATEGORIES, GBP_PER_EUR
from pipeline.demo.crm import Crm
from pipeline.demo.history import Journeys
from pipeline.demo.recipe import DAY, HOUR, Ints, Recipe, Texts, stamp

DEAD_SHARE = 0.04  # cancelled and refunded orders, beside the completed ones
LATE_SHARE = 0.004


@dataclass(frozen=True)
class Orders:
    """rows: crm/orders, all nights, with `night`. ids: order_id of each journey. dead_*: of orders that died:
    their id, person and time."""

    rows: pd.DataFrame
    ids: Texts
    dead_ids: Texts
    dead_person: Ints
    dead_ordered: Ints


def make_orders(recipe: Recipe, journeys: Journeys, crm: Crm) -> Orders:
    rng = recipe.rng("orders")
    n = len(journeys)
    model = rng.integers(0, n, max(1, round(n * DEAD_SHARE)))  # a dead order looks like some journey's
    created = crm.rows["created"].to_numpy()[crm.of_journey[model]]
    dead_ordered = created + (rng.random(len(model)) * np.maximum(recipe.end - created, DAY)).astype(np.int64)
    number = rng.permutation(n + len(model))
    ids = np.array([f"F{2_000_000 + i}" for i in number], dtype=object)
    rows = _rows(journeys, crm, ids[:n], rng)
    rows["night"] = recipe.delivered(journeys.ordered, rng, LATE_SHARE)
    dead = _dead(rows.iloc[model], ids[n:], dead_ordered, recipe, rng)
    again = _corrected(rows, recipe, rng)
    out = pd.concat([rows, dead, again], ignore_index=True)
    out = out[out["night"] < len(recipe.nights)].sort_values(["night", "ordered_at", "order_id"], kind="stable")
    return Orders(out.reset_index(drop=True), ids[:n], ids[n:], journeys.person[model], dead_ordered)


def _rows(journeys: Journeys, crm: Crm, ids: Texts, rng: np.random.Generator) -> pd.DataFrame:
    row = crm.rows.iloc[crm.of_journey]
    pounds = (row["country"] == "GB").to_numpy()
    amount = np.where(pounds, np.round(journeys.amount * GBP_PER_EUR, 2), journeys.amount)
    return pd.DataFrame(
        {
            "order_id": ids,
            "crm_id": row["crm_id"].to_numpy(),
            "ordered_at": stamp(journeys.ordered),
            "starts_at": stamp(journeys.starts),
            "ends_at": stamp(journeys.ends),
            "status": "completed",
            "category": np.array(CATEGORIES, dtype=object)[journeys.category],
            "amount": [f"{a:.2f}" for a in amount],
            "currency": np.where(pounds, "GBP", "EUR"),
            "attributes": _attributes(journeys, rng),
        }
    )


def _attributes(journeys: Journeys, rng: np.random.Generator) -> list[str]:
    """The company's own fields, as JSON: items, lead_days, plot_m2 (not always asked), who it is for."""
    gift = np.where(journeys.mission == 3, rng.random(len(journeys)) < 0.8, rng.random(len(journeys)) < 0.05)
    asked = rng.random(len(journeys)) < 0.8
    lead = (journeys.starts - journeys.ordered) // DAY
    columns = zip(journeys.items, lead, journeys.plot_m2, asked, gift, strict=True)
    out = []
    for items, days, plot, known, other in columns:
        size = f', "plot_m2": {plot}' if known else ""
        out.append(f'{{"items": {items}, "lead_days": {days}{size}, "for": "{"other" if other else "self"}"}}')
    return out


def _dead(model: pd.DataFrame, ids: Texts, ordered: Ints, recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    """Orders that were cancelled or refunded: many of them known as completed until a later night."""
    n, last = len(model), len(recipe.nights) - 1
    end = np.where(rng.random(n) < 0.7, "cancelled", "refunded")
    rows = model.assign(
        order_id=ids,
        ordered_at=stamp(ordered),
        starts_at=stamp(ordered + 6 * DAY),
        ends_at=stamp(ordered + 6 * DAY + 5 * HOUR),
        status=end,
        night=recipe.delivered(ordered, rng, 0.0),
    )
    changed = (rng.random(n) < 0.3) & (rows["night"].to_numpy() < last)
    before = rows[changed].assign(status="completed")
    night = rows["night"].to_numpy()
    later = night + 1 + (rng.random(n) * (last - night)).astype(np.int64)
    return pd.concat([rows.assign(night=np.where(changed, later, night)), before])


def _corrected(rows: pd.DataFrame, recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    """Orders that a later night delivers again, with another amount."""
    last = len(recipe.nights) - 1
    again = rows[(rng.random(len(rows)) < 0.005) & (rows["night"] < last).to_numpy()]
    night = again["night"].to_numpy()
    later = night + 1 + (rng.random(len(again)) * (last - night)).astype(np.int64)
    return again.assign(amount=[f"{float(a) * 0.9:.2f}" for a in again["amount"]], night=later)
