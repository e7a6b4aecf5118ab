"""A night killed (-9) at any point: readers keep the last published night whole, and a re-run makes the same bytes."""

import json
import random
import shutil
from pathlib import Path

import pytest

from pipeline.demo import generate
from tests.integration.crash_case import NIGHTS, Strike, Undisturbed, alike, finished, stands, undisturbed

KILLED = -9
SEED = 7


def kill(world: Undisturbed, draw: random.Random) -> None:
    """Kills the night at a random point (one that was done before is not killed), and looks at what stands."""
    code = 0
    while code == 0:
        struck = world.struck(draw)
        code = struck.code
        assert code in (KILLED, 0), struck.log
        stands(world)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    place = tmp_path_factory.mktemp("small")
    world = generate(place / "world", people=150, nights=NIGHTS, seed=11)
    return undisturbed(world, place / "data", NIGHTS)


@pytest.fixture(scope="module")
def hotel(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The last two nights of hotel-small; the first of them takes all the others in."""
    world = shared / "worlds" / "hotel-small"
    nights = sorted(json.loads((world / "truth" / "counts.json").read_text("utf-8"))["nights"])
    return undisturbed(world, tmp_path_factory.mktemp("hotel") / "data", (nights[-2], nights[-1]))


def test_killed_four_times_in_a_row_and_run_again(small: Undisturbed) -> None:
    draw = random.Random(SEED)
    small.company.restore(small.kept)
    for _ in range(4):
        kill(small, draw)
    finished(small)


@pytest.mark.slow
def test_a_first_night_killed_three_times_and_run_again(small: Undisturbed) -> None:
    draw = random.Random(SEED)
    shutil.rmtree(small.company.data)
    for _ in range(3):
        struck = small.company.night(NIGHTS[0], seconds=draw.uniform(0, small.seconds / 2))
        assert struck.code == KILLED, struck.log
    again = small.company.night(NIGHTS[0])
    assert again.code == 0, again.log
    assert alike(small.company.read_whole(), small.marts[NIGHTS[0]]) == []


@pytest.mark.slow
def test_an_old_night_that_is_made_again_is_killed_twice(small: Undisturbed) -> None:
    small.company.restore(small.kept)
    finished(small)
    draw = random.Random(SEED)
    for _ in range(2):
        strike = Strike(small.company.data, draw.randint(1, small.changes))
        struck = small.company.night(NIGHTS[0], strike)
        assert struck.code == KILLED, struck.log
        stands(small)
    again = small.company.night(NIGHTS[0])
    assert again.code == 0, again.log
    stands(small)
    catalog = json.loads((small.company.data / "catalog.json").read_text("utf-8"))
    assert (catalog["published"], [state["stale"] for state in catalog["nights"].values()]) == (
        NIGHTS[1],
        [False, False],
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100))
def test_killed_at_a_random_point_and_run_again(hotel: Undisturbed, number: int) -> None:
    hotel.company.restore(hotel.kept)
    kill(hotel, random.Random(number))
    finished(hotel)
