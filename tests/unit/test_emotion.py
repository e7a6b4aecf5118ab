"""Feeling read from texts: the lexicon's rules, ratings, languages, and what is learned from rated texts."""

import time

import numpy as np
import pytest

from pipeline.estimators.emotion import EmotionModel
from pipeline.estimators.emotion_features import learn_vocabulary, lowered, piece_rows, piece_sums, word_rows
from pipeline.estimators.emotion_language import languages
from pipeline.estimators.emotion_lexicon import score
from pipeline.estimators.emotion_ratings import learn_scale
from pipeline.estimators.emotion_taught import spoken_ratings
from pipeline.estimators.emotion_texts import read_texts, says_something


def compound(text: str) -> float:
    return float(score(read_texts([text])).compound[0])


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("good", "not good"),
        ("very good", "good"),
        ("good!!!", "good"),
        ("this is GOOD", "this is good"),
        ("slow but great", "great but slow and bad"),
        ("no problem", "problem"),
        ("we loved it 😍", "we went in"),
        ("fine :)", "fine :("),
        ("it isn’t bad", "it is bad"),
    ],
)
def test_the_lexicons_rules(more: str, less: str) -> None:
    assert compound(more) > compound(less)


def test_the_lexicon_agrees_with_the_package_it_follows() -> None:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    texts = [
        "The room was lovely and the staff very helpful.",
        "Terrible service, never again!",
        "It was okay I guess",
        "The food was good but the queue was awful",
        "I am not happy with this at all",
        "AMAZING stay, thank you so much!!!",
        "Nothing to say",
    ]
    theirs = [SentimentIntensityAnalyzer().polarity_scores(text)["compound"] for text in texts]
    assert score(read_texts(texts)).compound == pytest.approx(theirs, abs=0.06)


def test_texts_do_not_touch_each_other() -> None:
    together = score(read_texts(["not", "good", "!!!", "", "bad"])).compound
    assert together.tolist() == [compound(text) for text in ("not", "good", "!!!", "", "bad")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", False),
        (" .. ", False),
        (None, False),
        ("…", False),
        ("\u200b\x00", False),
        ("https://example.org/a?b=1 www.example.org", False),
        ("ok", True),
        ("👍", True),
        (":(", True),
        ("7", True),
        ("好", True),
    ],
)
def test_no_text_no_feeling(text: str | None, says: bool) -> None:
    assert says_something(text) is says


def test_languages_are_told_by_what_is_given_else_by_small_words() -> None:
    texts = [
        "the room was nice",
        "la habitación no era muy limpia",
        "Das Zimmer war nicht gut",
        "とても良い",
        "ok",
        "ok",
    ]
    assert languages(texts, [None] * 5 + ["pt-BR"]) == ["en", "es", "de", "other", "en", "pt"]


def test_ratings_have_the_customary_cuts() -> None:
    ten = learn_scale(np.array([0.0, 6, 7, 8, 9, 10]), None)
    assert ten.label(np.array([0.0, 6, 7, 8, 9, 10])).tolist() == [0, 0, 1, 1, 2, 2]
    stars = learn_scale(np.array([1.0, 2, 3, 4, 5]), None)
    assert stars.label(np.array([1.0, 2, 3, 4, 5])).tolist() == [0, 0, 1, 2, 2]
    assert stars.valence(np.array([1.0, 5]))[0] < 0 < stars.valence(np.array([1.0, 5]))[1]


def test_texts_that_clearly_speak_for_other_cuts_move_them() -> None:
    rng = np.random.default_rng(1)
    ratings = rng.integers(0, 11, 2000).astype(float)
    level = np.where(ratings <= 3, -0.6, np.where(ratings <= 6, 0.0, 0.6))
    scale = learn_scale(ratings, level + rng.normal(0, 0.3, 2000))
    assert (scale.low, scale.middle) == (3.0, 6.0)
    customary = learn_scale(ratings, rng.normal(0, 0.3, 2000))
    assert (customary.low, customary.middle) == (6.0, 8.0)


def test_a_scale_through_nought_has_its_middle_there() -> None:
    ratings = np.array([-1.0, -0.5, 0.0, 0.2, 1.0])
    scale = learn_scale(ratings, None)
    assert scale.label(ratings).tolist() == [0, 0, 1, 1, 2]
    assert scale.valence(ratings).tolist() == ratings.tolist()


def test_a_fine_scale_has_no_more_cuts_to_try_than_a_coarse_one() -> None:
    rng = np.random.default_rng(1)
    ratings = rng.uniform(0, 10, 4000)
    level = np.where(ratings <= 3, -0.6, np.where(ratings <= 6, 0.0, 0.6))
    started = time.perf_counter()
    scale = learn_scale(ratings, level + rng.normal(0, 0.3, 4000))
    assert time.perf_counter() - started < 2
    assert (scale.low, scale.middle) == pytest.approx((3, 6), abs=0.3)


def test_what_words_say_of_a_rating_is_told_by_other_texts() -> None:
    texts, labels = rated(400)
    spoken = spoken_ratings(texts, labels * 4.0)
    levels = [spoken[labels == label].mean() for label in range(3)]
    assert levels == sorted(levels)
    assert levels[2] - levels[0] > 4
    luck = spoken_ratings(texts, np.random.default_rng(2).permutation(labels) * 4.0)
    assert abs(np.corrcoef(luck, labels)[0, 1]) < 0.2


def rated(count: int, seed: int = 1) -> tuple[list[str], np.ndarray]:
    """Made-up texts whose trade words the lexicon does not know: snagged is bad, gliding is good."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    trade = {
        0: ["snagged", "snags again", "snaggy zip"],
        1: ["delivered tuesday", "blue one", "size eight"],
        2: ["gliding", "glides well"],
    }
    things = ["zip", "coat", "boot", "sleeve", "bag", "strap", "scarf", "hood", "lace", "sole", "hem", "cuff"]
    said = ["", "this time", "for me", "here", "on mine", "since march", "at home", "outside", "so far"]
    texts = [f"the {rng.choice(things)} {rng.choice(trade[int(k)])} {rng.choice(said)}" for k in labels]
    return texts, labels


def test_the_words_of_the_trade_are_learned_from_rated_texts() -> None:
    model = EmotionModel().fit(*rated(400))
    chance, _ = model.predict(["the zip snags", "it is gliding", "size eight"])
    assert chance.argmax(axis=1).tolist() == [0, 2, 1]
    assert 0.7 < model.say_ < 1


def test_with_few_rated_texts_only_the_lexicon_speaks() -> None:
    model = EmotionModel().fit(*rated(20))
    chance, arousal = model.predict(["wonderful!", "horrible", "a chair"])
    assert model.say_ == 0.0
    assert chance.argmax(axis=1).tolist() == [2, 0, 1]
    assert arousal[0] > arousal[2] == 0.0
    assert not EmotionModel(with_lexicon=False).fit(*rated(20)).can_read


def test_learning_twice_gives_the_same() -> None:
    first, second = (EmotionModel().fit(*rated(300)).predict(["zip snags", "gliding"])[0] for _ in range(2))
    assert (first == second).all()


def test_a_text_reads_the_same_alone_and_among_others() -> None:
    texts, labels = rated(300)
    model = EmotionModel().fit(texts, labels)
    among = model.predict(texts)[0]
    alone = np.vstack([model.predict([text])[0] for text in texts[:20]])
    assert among[:20] == pytest.approx(alone, abs=1e-12)


def test_features_are_words_pairs_and_pieces_of_length_one() -> None:
    small = lowered(read_texts(["Not good at all", "not good", "bad"]))
    vocabulary = learn_vocabulary(small)
    assert vocabulary.words == ("good", "not")
    assert vocabulary.pairs == ("not good",)
    words, pieces = word_rows(small, vocabulary), piece_rows(small, vocabulary)
    assert np.sqrt(words.multiply(words).sum(axis=1)).A1.round(9).tolist() == [1.0, 1.0, 0.0]
    weights = np.random.default_rng(1).normal(size=(len(vocabulary.pieces), 3))
    assert piece_sums(small, vocabulary, weights) == pytest.approx(np.asarray(pieces @ weights))
