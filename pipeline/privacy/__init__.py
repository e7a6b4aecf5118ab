"""Erasure and access: whose a row is, everything held on a person, and who must not return."""
