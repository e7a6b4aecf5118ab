"""A first delivery of a new company: what it holds, what fits, and a drafted journey map."""
