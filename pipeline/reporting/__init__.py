"""What the report's templates are given, and what else is made for readers."""
