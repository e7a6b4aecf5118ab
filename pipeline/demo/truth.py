"""The truth that was planted: what each moment really does, and the journeys as they really were."""

import numpy as np
import pandas as pd

from pipeline.demo.company import (
    HORIZON_DAYS,
    MISSION_NAMES,
    MOMENT_NAMES,
    MOMENTS,
    PLANT_CLAIM_RATE,
    SUB_STEP_NAMES,
    SUB_STEP_OF,
    SUB_STEPS,
)
from pipeline.demo.history import DIED, REPLACED, Journeys, effect_table
from pipeline.demo.recipe import DAY, Bools, Floats, Recipe, Texts, sigmoid


def followed_up(journeys: Journeys, recipe: Recipe) -> Bools:
    return journeys.ends + HORIZON_DAYS * DAY <= recipe.end


def gains(journeys: Journeys, recipe: Recipe, moment: int) -> Floats:
    """P(retained | the moment on) - P(retained | off) of each journey, with all else as it happened.

    What only the moment can bring about goes with it: without a dead plant there is no replacement; with one,
    a replacement is as likely as the model has it.
    """
    table = effect_table(recipe)[journeys.mission]
    off = journeys.eta - table[:, moment] * journeys.on[:, moment]
    if moment != DIED:
        return sigmoid(off + table[:, moment]) - sigmoid(off)
    off = off - table[:, REPLACED] * journeys.on[:, REPLACED]
    chance = np.where(journeys.on[:, DIED], journeys.on[:, REPLACED], PLANT_CLAIM_RATE * sigmoid(journeys.replaced_eta))
    died = off + table[:, DIED]
    mended = sigmoid(died + table[:, REPLACED]) - sigmoid(died)
    return sigmoid(died) - sigmoid(off) + chance * mended


def effects(journeys: Journeys, recipe: Recipe) -> pd.DataFrame:
    """One row a moment and mission, and 'ALL': effect, eligible, exposed, and what a plain comparison says."""
    full = followed_up(journeys, recipe)
    rows = []
    for j, moment in enumerate(MOMENTS):
        gain = gains(journeys, recipe, j)
        eligible = full & journeys.reached[:, SUB_STEP_OF[j]]
        for k, mission in enumerate((*MISSION_NAMES, "ALL")):
            rows.append(
                {
                    "step": SUB_STEPS[SUB_STEP_OF[j]].step,
                    "sub_step": moment.sub_step,
                    "moment": moment.name,
                    "mission": mission,
                    **_row(journeys, eligible if mission == "ALL" else eligible & (journeys.mission == k), gain, j),
                }
            )
    return pd.DataFrame(rows)


def _row(journeys: Journeys, eligible: Bools, gain: Floats, moment: int) -> dict[str, float | int]:
    on, retained = journeys.on[eligible, moment], journeys.retained[eligible]
    both = on.any() and not on.all()
    return {
        "effect": float(gain[eligible].mean()) if eligible.any() else 0.0,
        "eligible": int(eligible.sum()),
        "exposed": int(on.sum()),
        "naive": float(retained[on].mean() - retained[~on].mean()) if both else 0.0,
    }


def journey_rows(journeys: Journeys, order_ids: Texts, recipe: Recipe) -> pd.DataFrame:
    """One row a journey: order_id, person, mission, times, retained (null: not followed up), reached:, on:."""
    full = followed_up(journeys, recipe)
    table = {
        "order_id": order_ids,
        "person": journeys.person,
        "mission": np.array(MISSION_NAMES, dtype=object)[journeys.mission],
        "order_at": journeys.ordered.astype("datetime64[ms]"),
        "ends_at": journeys.ends.astype("datetime64[ms]"),
        "retained": pd.Series(journeys.retained, dtype=object).where(full, None),
        "followed_up": full,
    }
    for i, name in enumerate(SUB_STEP_NAMES):
        table[f"reached:{name}"] = journeys.reached[:, i]
        for j in np.flatnonzero(np.array(SUB_STEP_OF) == i):
            table[f"on:{MOMENT_NAMES[j]}"] = journeys.on[:, j].astype(float)
    return pd.DataFrame(table)
