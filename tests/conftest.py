"""Shared fixtures: where the worlds with known truth lie, and a small night of the demo company."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with worlds and real data; tests that need it skip loudly where it is absent."""
    folder = Path(os.environ.get("SHARED_DIR", ""))
    if not os.environ.get("SHARED_DIR") or not folder.is_dir():
        pytest.skip("SHARED_DIR is not set: the worlds with known truth are absent")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A real Chromium: this machine's own, else the one that `playwright install chromium` brought."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is absent: nothing was seen in a browser")
    own = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_api.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"there is no Chromium, so nothing was seen in a browser: {str(error).splitlines()[0]}")
        yield browser
        browser.close()
