"""What was set aside: shown redacted, listed, and let in again by decision."""
