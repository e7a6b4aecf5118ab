"""The settings of how long things are kept (see retention.py)."""

from pydantic import BaseModel, ConfigDict, Field


class RetentionSettings(BaseModel):
    """After how many days before the published night things go; None: never.

    builds: the tables of earlier nights. landing: files as they were delivered. quarantine: raw text of rows that were
    set aside, and texts that somebody repaired. reports: reports, letters and mails.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    builds_days: int | None = Field(default=None, ge=1)
    landing_days: int | None = Field(default=None, ge=1)
    quarantine_days: int | None = Field(default=None, ge=1)
    reports_days: int | None = Field(default=None, ge=1)
