"""Shared fixtures: where the worlds with known truth lie, and a small night of the demo company."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with worlds and real data; tests that need it skip loudly where it is absent."""
    folder = Path(os.environ.get("SHARED_DIR", ""))
    if not os.environ.get("SHARED_DIR") or not folder.is_dir():
        pytest.skip("SHARED_DIR is not set: the worlds with known truth are absent")
    return folder
