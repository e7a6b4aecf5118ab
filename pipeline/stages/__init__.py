"""The stages of a night, in order. A stage is the module of its name, with NEEDS and build(run, session)."""

STAGES = ("pull", "ingest", "identity", "emotion", "journeys", "missions", "ranking", "marts", "report", "deliver")
BY_SOURCE = ("pull", "ingest")
SOURCES = ("crm", "web", "social", "partner", "context")
