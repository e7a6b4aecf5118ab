"""How well and how fast feelings are read, beside VADER alone and a plain n-gram model, in one run.

    python benchmarks/emotion.py --texts FILE.csv [--text text] [--rating rating] [--label label] [--rated N ...]
    python benchmarks/emotion.py --pace [N ...]

The first scores texts whose feeling is known (label: positive, neutral or negative): some of the texts with a rating
teach, as in a night, and macro-F1 is taken over all the other texts with a label. The plain model is TF-IDF of words,
word pairs and characters with a logistic regression, taught by what the same ratings mean. The second makes texts up,
3 in 10 of them rated, and prints texts a second and the peak memory, each size in a process of its own and without
imports.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from night import alone

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LABELS = ("negative", "neutral", "positive")
RATED = (0, 50, 150, 300, 700, 1300, 4000)
PACES = (20_000, 1_000_000)
RATED_SHARE = 0.3


# -- how well ---------------------------------------------------------------------------------------------------------


def read(given: argparse.Namespace) -> "pd.DataFrame":
    """The file's texts as the stage takes them, and truth (label)."""
    import pandas as pd

    table = pd.read_csv(given.texts, dtype=str, keep_default_na=False)
    for option in ("text", "rating", "label"):
        if getattr(given, option) not in table.columns:
            raise SystemExit(f"{given.texts}: no column {getattr(given, option)!r}; name it with --{option}")
    texts = pd.DataFrame({"text": table[given.text], "scale": "given", "lang": None, "delivered_night": 1})
    texts["rating"] = pd.to_numeric(table[given.rating], errors="coerce")
    texts["truth"] = table[given.label].str.strip().str.lower()
    wrong = sorted(set(texts["truth"]) - {*LABELS, ""})
    if wrong:
        raise SystemExit(f"{given.texts}: label {wrong[0]!r} is none of {', '.join(LABELS)}")
    return texts


def scores(texts: "pd.DataFrame", rated: int, seed: int) -> list[float]:
    """Macro-F1 of ours, VADER alone and the plain model, of the texts that do not teach; `rated` texts do."""
    import numpy as np
    from sklearn.metrics import f1_score

    from pipeline.stages.emotion import feel

    can_teach = np.flatnonzero(texts["rating"].notna())
    teach = np.sort(np.random.default_rng(seed).permutation(can_teach)[:rated])
    judged = np.setdiff1d(np.flatnonzero(texts["truth"] != ""), teach)
    ours = texts.copy()
    ours.loc[np.setdiff1d(can_teach, teach), "rating"] = np.nan
    feel(ours)
    others = ours["text"].iloc[judged].tolist()
    told = [ours["label"].iloc[judged].fillna("none").tolist(), vader(others)]
    told.append(plain(ours.iloc[teach], others))
    truth = texts["truth"].iloc[judged].tolist()
    return [float(f1_score(truth, said, average="macro", labels=LABELS)) for said in told]


def vader(texts: list[str]) -> list[str]:
    """The package's own reading, with its customary threshold."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    compound = [analyzer.polarity_scores(text)["compound"] for text in texts]
    return [LABELS[2 if value >= 0.05 else 0 if value <= -0.05 else 1] for value in compound]


def plain(taught: "pd.DataFrame", texts: list[str]) -> list[str]:
    """TF-IDF of words, word pairs and characters within words, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    if taught["label"].nunique() < 2:
        return ["none"] * len(texts)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, pieces), LogisticRegression(C=4, class_weight="balanced", max_iter=500))
    model.fit(taught["text"], taught["label"])
    return [str(label) for label in model.predict(texts)]


def compare(given: argparse.Namespace) -> None:
    """Prints a row for each number of rated texts."""
    import numpy as np

    texts = read(given)
    most = int(texts["rating"].notna().sum())
    print("| rated texts | ours | VADER alone | plain n-grams |\n|--:|--:|--:|--:|")
    for rated in sorted({min(n, most) for n in given.rated}):
        found = np.mean([scores(texts, rated, seed) for seed in range(given.draws)], axis=0)
        print(f"| {rated:,} | " + " | ".join(f"{value:.3f}" for value in found) + " |", flush=True)


# -- how fast ---------------------------------------------------------------------------------------------------------


def made_up(count: int) -> "pd.DataFrame":
    """Texts of about 14 words, some of them the lexicon's, from a long-tailed vocabulary; some are rated."""
    import numpy as np
    import pandas as pd

    from pipeline.estimators.emotion_lexicon import vader as lexicon

    rng = np.random.default_rng(1)
    felt = {word: value for word, value in lexicon().words.items() if word.isalpha()}
    syllables = [a + b for a in "bcdfghkptvwz" for b in ("ee", "oo", "ou", "ai", "ea")]
    invented = ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(60_000)]
    words = np.array([*invented, *felt])
    chance = np.append(1 / (np.arange(len(invented)) + 10.0), np.full(len(felt), 0.8 / len(felt)))
    texts, valence = [], np.zeros(count)
    value = np.append(np.zeros(len(invented)), list(felt.values()))
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        drawn = rng.choice(len(words), (size, 20), p=chance / chance.sum())
        lengths = rng.integers(7, 21, size)
        texts += [" ".join(row[:n]) for row, n in zip(words[drawn].tolist(), lengths.tolist(), strict=True)]
        valence[start : start + size] = value[drawn].sum(axis=1)
    rating = np.where(rng.random(count) < RATED_SHARE, _ratings(valence, rng), np.nan)
    return pd.DataFrame({"text": texts, "scale": "made", "lang": None, "rating": rating, "delivered_night": 1})


def _ratings(valence: "np.ndarray[Any, Any]", rng: "np.random.Generator") -> "np.ndarray[Any, Any]":
    return (5 + 2 * valence + rng.normal(0, 2, len(valence))).round().clip(0, 10)


def paced(count: int) -> int:
    """Reads made-up texts; prints how long that took, making them apart."""
    import numpy as np
    import sklearn.linear_model  # noqa: F401  # imports are not what is timed

    from pipeline.stages.emotion import feel

    texts = made_up(count)
    started, worked = time.perf_counter(), time.process_time()
    feel(texts)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    print(f"| {count:,} | {seconds:.1f} | {worked:.1f} | {count / seconds:,.0f} |", end="", flush=True)
    return int(np.isfinite(texts["valence"]).sum())


def pace(counts: list[int]) -> None:
    """Prints a row for each number of texts."""
    print("| texts | seconds | of work | texts a second | peak MB, with the texts |\n|--:|--:|--:|--:|--:|", flush=True)
    for count in counts:
        print(f" {alone('emotion', paced, count).peak_memory_mb:,.0f} |", flush=True)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description="Score and time the reading of feelings.")
    top.add_argument("--texts", metavar="CSV", type=Path, help="texts with ratings and labels")
    top.add_argument("--text", default="text", help="the column of the texts (default text)")
    top.add_argument("--rating", default="rating", help="the column of the ratings, empty where there is none")
    top.add_argument("--label", default="label", help="the column of the true feelings, empty where not known")
    top.add_argument("--rated", metavar="N", type=int, nargs="+", default=list(RATED), help="rated texts that teach")
    top.add_argument("--draws", type=int, default=2, help="random choices of these, averaged (default 2)")
    top.add_argument(
        "--pace", metavar="N", type=int, nargs="*", help="time so many made-up texts (default 20000 1000000)"
    )
    return top


def main() -> None:
    top = parser()
    given = top.parse_args()
    if given.texts is None and given.pace is None:
        top.error("give --texts or --pace")
    if given.texts is not None:
        compare(given)
    if given.pace is not None:
        pace(given.pace or list(PACES))


if __name__ == "__main__":
    main()
