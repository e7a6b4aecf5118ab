"""What a rating and a text's words say together: people rate loosely, and a 6 may stand for a feeling or for none.

The true label is hidden; words tell its chance, and around each label ratings lie normally (Raykar et al. 2010, where
the annotators are these ratings). Means and spreads are learned with the chances, from where the ratings' cuts began.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_TURNS = 15
_LEAST_SPREAD = 0.1  # of ratings on the scale -1..1: about half a point of ten
_SLIP = 0.02  # share of ratings that have nothing to do with the feeling


def believed(belief: Floats, chance: Floats, valence: Floats) -> Floats:
    """Chances of the labels: texts x labels, rows of sum 1.

    belief: to begin with; chance: by the words alone, of texts that their teacher did not see; valence: of the ratings.
    """
    for _ in range(_TURNS):
        weight = np.maximum(belief.sum(axis=0), 1e-9)
        mean = valence @ belief / weight
        away = (valence[:, None] - mean) ** 2
        spread = np.maximum(np.sqrt((away * belief).sum(axis=0) / weight), _LEAST_SPREAD)
        likely = np.exp(-away / (2 * spread**2)) / (spread * np.sqrt(2 * np.pi))
        belief = chance * ((1 - _SLIP) * likely + _SLIP / 2)
        belief /= belief.sum(axis=1, keepdims=True)
    return belief
