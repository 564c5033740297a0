"""A headless Chromium for tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium import webdriver

_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--disable-gpu", "--disable-extensions", "--disable-component-update", "--disable-background-networking",
    "--renderer-process-limit=1", "--disable-features=SpareRendererForSitePerProcess,IsolateOrigins,site-per-process",
)  # fmt: skip
"""Those after the first line: it starts no process and loads nothing that pages of ours do not need."""


@contextmanager
def chromium(*arguments: str) -> Iterator[webdriver.Chrome]:
    """Run a browser; skips the test where there is none, which CI must have.

    Args:
        *arguments: Further switches of Chromium.
    """
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        if os.environ.get("CI"):
            pytest.fail("CI must have chromium and chromedriver")
        pytest.skip("no chromium and chromedriver here")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*_ARGUMENTS, *arguments):
        options.add_argument(argument)
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        chrome.set_script_timeout(120)
        yield chrome
    finally:
        chrome.quit()
