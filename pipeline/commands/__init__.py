"""The subcommands of `landmark` beside the night: what each parses, and what it prints."""
