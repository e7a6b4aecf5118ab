"""The stages of a night, in order. A stage is the module of its name, with NEEDS and build(run, session)."""

STAGES = (
    "pull", "ingest", "identity", "emotion", "journeys", "missions", "ranking", "actions", "marts", "report", "deliver",
)  # fmt: skip
BY_SOURCE = ("pull", "ingest")
SOURCES = ("crm", "web", "social", "partner", "context")
