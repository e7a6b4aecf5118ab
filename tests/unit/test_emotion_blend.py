"""What rated texts teach, how far it is believed, and that it does not move without a reason."""

import numpy as np
import pandas as pd
import pytest

from pipeline.estimators.emotion import EmotionModel, spread, standing
from pipeline.estimators.emotion_doubt import believed
from pipeline.estimators.emotion_language import languages
from pipeline.estimators.emotion_lexicon import score
from pipeline.estimators.emotion_taught import learnable, lessons
from pipeline.estimators.emotion_texts import read_texts
from pipeline.stages.emotion import feel

THINGS = ("zip", "coat", "boot", "sleeve", "bag", "strap", "scarf", "hood", "lace", "sole", "hem", "cuff")
SAID = ("", "this time", "for me", "here", "on mine", "since march", "at home", "outside", "so far")
TRADE = {
    "en": (("snagged", "snags again", "was snaggy"), ("is blue", "came tuesday"), ("glides", "was gliding", "glid")),
    "fr": (("est cassé", "très mauvais"), ("est arrivé mardi", "est bleu"), ("est parfait", "très beau")),
}
OPENER = {"en": "the", "fr": "le sac avec la"}
RATING = (2.0, 7.0, 10.0)


def said(count: int, shares: tuple[float, ...], seed: int, language: str = "en") -> tuple[list[str], np.ndarray]:
    """Made-up texts whose trade words the lexicon does not know, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, count, p=shares)
    trade = [rng.choice(TRADE[language][label]) for label in labels]
    return [f"{OPENER[language]} {rng.choice(THINGS)} {word} {rng.choice(SAID)}" for word in trade], labels


def frame(texts: list[str], ratings: list[float]) -> pd.DataFrame:
    columns = {"text": texts, "rating": ratings, "scale": "crm", "lang": None, "delivered_night": 1}
    return pd.DataFrame(columns)


EVEN = (1 / 3, 1 / 3, 1 / 3)


def test_ratings_that_do_not_go_with_the_words_leave_the_lexicon_alone() -> None:
    texts, _ = said(400, EVEN, 1)
    luck = np.random.default_rng(2).integers(0, 3, 400)
    assert EmotionModel().fit(texts, luck).say_ == 0.0
    assert not EmotionModel(with_lexicon=False).fit(texts, luck).can_read


def test_a_scale_without_a_middle_still_teaches_good_and_bad() -> None:
    texts, labels = said(600, (0.5, 0.0, 0.5), 1)
    assert learnable(labels) == (0, 2)
    model = EmotionModel().fit(texts, labels)
    chance, _ = model.predict(["the zip snags again", "the coat was gliding", "a letter"])
    assert chance.argmax(axis=1).tolist() == [0, 2, 1]


def test_good_and_bad_that_were_hardly_rated_are_not_taught() -> None:
    assert learnable(np.repeat([0, 1, 2], [3, 500, 500])) == ()


def test_a_text_many_times_teaches_little_more_than_once() -> None:
    texts = ["Late  again", "late again", "late again"] * 100 + ["order 7 lost", "order 12 lost", "fine"]
    taught = lessons(texts, np.eye(3)[[0, 0, 1] * 100 + [0, 0, 2]])
    assert taught.texts == ["Late  again", "Late  again", "order 7 lost", "fine"]
    assert taught.labels.tolist() == [0, 1, 0, 2]
    assert taught.of[-3:].tolist() == [1, 1, 2]
    assert taught.weights[:2].sum() == pytest.approx(1 + np.log(300))
    assert taught.weights[0] == pytest.approx(2 * taught.weights[1])
    assert taught.fold[:2].tolist() == [-1, -1]
    assert taught.fold[2] != -1


def test_a_form_letter_does_not_drown_what_others_say() -> None:
    texts, labels = said(400, EVEN, 1)
    letters = ["the coat was gliding but we count it as a complaint"] * 3000
    model = EmotionModel().fit([*letters, *texts], np.append(np.zeros(3000, dtype=np.int64), labels))
    chance, _ = model.predict(["the boot was gliding at home", letters[0]])
    assert chance.argmax(axis=1).tolist() == [2, 0]


def test_ratings_that_mean_something_else_here_are_learned_from_the_words() -> None:
    texts, labels = said(900, EVEN, 1)
    ratings = np.array([1.0, 4.0, 7.0])[labels] + np.random.default_rng(2).integers(0, 2, 900)
    told = frame([*texts, "the zip snags again", "the boot glides"], [*ratings, np.nan, np.nan])
    feel(told)
    assert (told["label"].iloc[:900] == np.array(["negative", "neutral", "positive"])[labels]).all()
    assert told["label"].tolist()[900:] == ["negative", "positive"]


def test_rating_and_words_together_tell_more_than_either() -> None:
    rng = np.random.default_rng(3)
    labels = rng.choice(3, 1200, p=[0.5, 0.2, 0.3])
    valence = np.clip(np.array([-0.6, 0.0, 0.7])[labels] + rng.normal(0, 0.3, 1200), -1, 1)
    heard = np.where(rng.random(1200) < 0.75, labels, rng.integers(0, 3, 1200))
    chance = np.full((1200, 3), 0.1) + 0.7 * np.eye(3)[heard]
    rated = np.where(valence < -0.2, 0, np.where(valence < 0.2, 1, 2))
    found = believed(np.eye(3)[rated], chance, valence)
    assert found.sum(axis=1) == pytest.approx(1)
    right = [(told == labels).mean() for told in (heard, rated, found.argmax(axis=1))]
    assert right[2] > max(right[:2]) + 0.03


def test_words_that_tell_nothing_leave_clear_ratings_as_they_are() -> None:
    labels = np.arange(900) % 3
    valence = np.array([-0.7, 0.1, 0.8])[labels] + np.random.default_rng(1).normal(0, 0.05, 900)
    found = believed(np.eye(3)[labels], np.full((900, 3), 1 / 3), valence)
    assert (found.argmax(axis=1) == labels).all()


def test_sadder_posts_than_surveys_are_read_sadder() -> None:
    texts, labels = said(1200, (0.1, 0.3, 0.6), 1)
    sad, _ = said(800, (0.9, 0.05, 0.05), 2)
    happy, _ = said(800, (0.05, 0.05, 0.9), 3)
    doubtful = ["a letter", "the zip"]
    told = [EmotionModel().fit(texts, labels, posts).predict(doubtful)[0] for posts in (sad, happy)]
    assert (told[0][:, 0] > told[1][:, 0]).all()
    assert (told[0][:, 2] < told[1][:, 2]).all()


def test_what_is_learned_stands_until_there_is_a_tenth_more() -> None:
    nights = np.arange(2000)
    steps = [standing(nights[:count]) for count in range(2000)]
    assert steps == sorted(steps)
    assert all(0.9 * count - 1 <= step <= count for count, step in enumerate(steps))
    assert len(set(steps[1000:])) < 10


def test_a_night_is_learned_from_whole_or_not_at_all() -> None:
    assert standing(np.repeat([1, 2, 3], [1000, 20, 20])) == 1000
    assert standing(np.repeat([1, 2, 3], [1000, 20, 200])) == 1220


def test_a_few_new_texts_change_no_old_one() -> None:
    texts, labels = said(1320, EVEN, 1)
    old = frame(texts, [RATING[label] for label in labels[:1000]] + [np.nan] * 320)
    more, their = said(45, EVEN, 9)
    later = frame(more, [RATING[label] for label in their[:25]] + [np.nan] * 20).assign(delivered_night=2)
    new = pd.concat([old, later], ignore_index=True)
    feel(old)
    feel(new)
    columns = ["label", "valence", "arousal", "model"]
    pd.testing.assert_frame_equal(old[columns], new[columns].iloc[: len(old)])


def test_at_most_so_many_places_evenly_spaced() -> None:
    assert spread(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spread(10, 3).tolist() == [0, 4, 9]
    assert spread(0, 3).tolist() == []


def test_the_model_column_tells_what_a_feeling_came_from() -> None:
    texts, labels = said(300, EVEN, 1)
    french, theirs = said(300, EVEN, 2, "fr")
    unrated = ["the zip snags again", "le sac avec la zip très mauvais", "das Zimmer war nicht gut", "とても良い"]
    ratings = [RATING[label] for label in [*labels, *theirs]]
    told = frame([*texts, *french, *unrated], [*ratings, *[np.nan] * 4])
    feel(told)
    assert set(told["model"].iloc[:600]) == {"rating"}
    assert told["model"].tolist()[600:] == ["blend", "taught", "not read: de", "not read: other"]
    assert told["label"].tolist()[600:602] == ["negative", "negative"]
    assert told["label"].iloc[602:].isna().all()
    assert told["valence"].iloc[602:].isna().all()
    few = frame(["lovely zip", "das Zimmer war nicht gut"], [np.nan, 2.0])
    feel(few)
    assert few["model"].tolist() == ["lexicon", "rating"]
    assert few["label"].tolist() == ["positive", "negative"]


def test_a_rating_decides_where_the_words_say_otherwise() -> None:
    told = frame(["what a lovely wait, great", "awful"], [0.0, 10.0])
    feel(told)
    assert told["label"].tolist() == ["negative", "positive"]
    assert (told["valence"].abs() < 0.5).all()


@pytest.mark.parametrize("taught", [False, True])
def test_louder_texts_are_more_aroused(taught: bool) -> None:
    texts, labels = said(300, EVEN, 1)
    model = EmotionModel().fit(texts, labels) if taught else EmotionModel().fit([], np.zeros(0, dtype=np.int64))
    _, arousal = model.predict(["I HATE this awful thing!!!", "I hate this", "it is bad", "the box is blue"])
    assert arousal.tolist() == sorted(arousal, reverse=True)
    assert ((arousal >= 0) & (arousal <= 1)).all()


@pytest.mark.parametrize(
    ("praise", "blame"),
    [
        ("what a great queue", "what a great queue #sarcasm"),
        ("love it", "love it /s"),
        ("the shit", "yeah right"),
        ("another great stay", "great, another delay"),
        ("Wonderful. Another lovely stay", "oh wonderful ... yet another hour on hold"),
        ("thanks for everything", "thanks for nothing"),
        ("it is better", "it could have been better"),
        ("👍", "👎"),
        ("🙌🙌", "💔"),
        ("goooood", "baaaad"),
        ("nice &lt;3", "nice &lt;/3 not good"),
    ],
)
def test_cheap_sarcasm_idioms_and_drawn_out_words(praise: str, blame: str) -> None:
    told = score(read_texts([praise, blame])).compound
    assert told[0] > 0 > told[1]


def test_an_address_says_only_that_there_is_one() -> None:
    read = read_texts(["see https://evil.example/bad?good=1 now", "see www.lovely.example now"])
    assert score(read).compound.tolist() == [0.0, 0.0]
    assert read.words == ["see", "http", "now"]


def test_short_texts_in_other_languages_are_not_taken_for_english() -> None:
    texts = ["muy bueno", "sehr gut", "très bon hôtel", "çok kötü", "kamar bagus sekali", "Отлично", "😍😍", "no no no"]
    assert languages(texts, [None] * 8) == ["es", "de", "fr", "tr", "id", "other", "en", "en"]


def test_english_that_shares_a_word_with_another_language_stays_english() -> None:
    texts = [
        "I had a good stay as a guest",
        "I hate Joomla I hate Joomla",
        "Non-stop fun",
        "Too bad I do",
        "best of all",
    ]
    assert set(languages(texts, [None] * 5)) == {"en"}
