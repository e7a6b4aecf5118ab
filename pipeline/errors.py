"""Every error of the pipeline, as one tree: what happened, where, the value seen, what to do."""


class LandmarkError(Exception):
    """Base of all errors that the pipeline raises on purpose.

    what: what happened, one sentence without a full stop. where: the file, line, name or stage. value: what
    was seen there. fix: what the reader can do about it.
    """

    def __init__(self, what: str, *, where: str = "", value: object | None = None, fix: str = "") -> None:
        self.what, self.where, self.value, self.fix = what, where, value, fix
        super().__init__(what)

    def __str__(self) -> str:
        seen = "" if self.value is None else f" (seen: {_short(self.value)})"
        place = f"{self.where}: " if self.where else ""
        advice = f". {self.fix}" if self.fix else ""
        return f"{place}{self.what}{seen}{advice}"

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _rebuild, (type(self), self.what, self.where, self.value, self.fix)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _rebuild(kind: type[LandmarkError], what: str, where: str, value: object, fix: str) -> LandmarkError:
    return kind(what, where=where, value=value, fix=fix)


class SettingsError(LandmarkError):
    """A setting is unknown, missing or out of range."""


class JourneyMapError(LandmarkError):
    """The journey map cannot be used; `where` names its file and line."""


class DeliveryError(LandmarkError):
    """A delivery is missing or cannot be read."""


class PassingError(DeliveryError):
    """A delivery cannot be had now, and may be later: its place does not answer, or it is still being written."""


class QualityError(LandmarkError):
    """A critical check failed, a check itself is broken, or rows do not add up."""


class NightError(LandmarkError):
    """The night asked for cannot be run or does not exist."""


class LockedError(LandmarkError):
    """Another run holds the data folder."""


class StageError(LandmarkError):
    """A stage cannot run: unknown, or what it needs is not there."""


class DiskError(LandmarkError):
    """The disk refuses: it is full, it is read-only, or this user has no right there."""


class IdentityError(LandmarkError):
    """Nobody, or several people, hold what was asked for; or a decision about two records cannot be taken."""


class QuestionError(LandmarkError):
    """What is asked about is not in the published figures: no such moment or mission."""
