"""The demo company: deliveries of a made-up garden centre, with the truth that was planted in them."""

from collections.abc import Sequence
from pathlib import Path

NIGHTS = ("2026-06-28", "2026-06-29", "2026-06-30")
JOURNEY_MAP = Path(__file__).with_name("journey_map.yml")


def generate(
    folder: Path,
    *,
    people: int = 1200,
    nights: Sequence[str] = NIGHTS,
    seed: int = 7,
    bend: float = 0.0,
    effects: bool = True,
    hidden: bool = False,
    hard: bool = False,
) -> Path:
    """Write deliveries of `people` made-up people into folder/exports, one a night, with journey.yml and truth/.

    The first night carries the history, each later one its increment. bend (0..1): how far what drives both
    moments and retention leaves a straight line (thresholds, humps, interactions of what can be observed).
    effects=False: no moment does anything. hidden: a strong cause of moments and retention that no export
    shows. hard: people who are harder to tell apart and to know again (families of one name, twins, moves,
    mistyped birth dates, desks and kiosks that many share). The same arguments give the same bytes. A world
    that was made there before is replaced. Raises SettingsError for fewer than 20 people, a bend outside 0..1,
    nights that are not dates in rising order, or a folder that holds exports of somebody else. Returns `folder`.
    """
    from pipeline.demo.recipe import Recipe
    from pipeline.demo.world import build

    return build(Path(folder), Recipe(people, tuple(nights), seed, bend, effects, hidden, hard))
