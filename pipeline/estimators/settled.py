"""How much of what weighting corrects is kept, and how sure a cell of moment and mission is.

A doubly robust effect is what the outcome's model says, corrected by the weighted mean of what that model leaves. Where
the model is right the corrections are noise; in a small cell they are most of the noise. So each is drawn towards none
as far as those of all cells together spread no wider than their own errors explain (DerSimonian & Laird 1986, Control.
Clin. Trials 7; Efron & Morris 1975, JASA 70; Green & Strawderman 1991, JASA 86, for drawing an unbiased estimate
towards a steadier one). Where models of many cells are off, the spread says so, and corrections are kept. The error of
a correction counts only how far the weights differ within an arm: what they have in common the outcome's model has
used up. An efficient estimate goes with nothing that is noise beside it (Hausman 1978, Econometrica 46), so that what
is left out of a correction takes its variance along.

Adjusting takes away what is known, and may leave something over: taken to be of the size of a share of what it took
away (the reasoning of Altonji, Elder & Taber 2005, J. Polit. Econ. 113: what could not be seen confounds in proportion
to what could). Most of that is the moment's own and shared by its missions, where the same customers are at work.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEFT_OVER = 0.15  # as a share of what adjusting took away, shared by all missions of a moment
OWN_LEFT_OVER = 0.05  # the same, of each mission alone
LEAST_CELLS = 10  # with fewer nothing is learned from them: corrections are kept whole
MOST_SAVED = 0.5  # of a variance


@dataclass(frozen=True)
class Raw:
    """By moment and group, nan where not measured: the corrected effect and its sampling error, the plain difference,
    and of the effect what weighting corrected, with its error."""

    effect: Floats
    error: Floats
    naive: Floats
    correction: Floats
    correction_error: Floats


def settled(raw: Raw, learned: Bools) -> tuple[Floats, Floats, Floats]:
    """Effects, errors, and of each error the part that a moment's missions share (with the sign that it has where it
    goes the way of the plain difference), of the shape of the raw ones; `learned` marks the cells that say how
    corrections spread."""
    kept = _kept(raw, learned)
    effect = raw.effect - (1 - kept) * raw.correction
    saved = np.minimum((1 - kept) * raw.correction_error**2, MOST_SAVED * raw.error**2)
    taken = raw.naive - effect
    own = raw.error**2 - saved + (OWN_LEFT_OVER * taken) ** 2
    return effect, np.sqrt(own + (LEFT_OVER * taken) ** 2), LEFT_OVER * taken


def _kept(raw: Raw, learned: Bools) -> Floats:
    """The share of each correction that is kept."""
    noise = np.maximum(raw.correction_error, 1e-9) ** 2
    some = learned & ~np.isnan(raw.correction) & ~np.isnan(noise)
    if some.sum() < LEAST_CELLS:
        return np.ones(raw.effect.shape)
    weight = 1 / noise[some]
    spread = max(0.0, float((weight * raw.correction[some] ** 2 - 1).sum() / weight.sum()))
    out: Floats = np.where(np.isnan(noise), 1.0, spread / (spread + noise))
    return out
