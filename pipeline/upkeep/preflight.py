"""What must hold before a night is begun: told at once, before any work, not when the night is half done."""

from pipeline.context import Run
from pipeline.upkeep import retention, rights


def check(run: Run) -> list[str]:
    """Raises LandmarkError where the map or the data folder cannot be used, or the night not be built again.

    Returns what was put right, for the log. One run at a time is the lock's to see to; room on the disk is looked at
    by the stage pull, which knows what is delivered (room.py).
    """
    _ = run.journey_map
    data = run.settings.data
    closed = rights.check(data)
    retention.refuse_pruned(data, run.night.isoformat())
    return [f"closed to others: {data / name}" for name in closed]
