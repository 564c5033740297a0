"""The documentation site, as `make docs` built it, in a real browser, from files, wide and narrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import pytest

from tests.chromium import chromium

if TYPE_CHECKING:
    from selenium import webdriver

ROOT = Path(__file__).parent.parent.parent
SITE = Path(os.environ.get("STEERED_ENV_SITE", ROOT / "build/site/html"))
WIDE, NARROW = 1280, 390
LOOK = """
const done = arguments[arguments.length - 1];
document.querySelectorAll('img[loading=lazy]').forEach(i => i.loading = 'eager');
Promise.allSettled([...document.images].map(i => i.decode())).then(() => done({
  broken: [...document.images].filter(i => !i.complete || i.naturalWidth < 16).map(i => i.src),
  links: [...document.querySelectorAll('a[href], link[rel=stylesheet]')].map(a => a.href),
  anchors: [...document.querySelectorAll('[id]')].map(e => e.id),
  width: document.documentElement.scrollWidth,
}));
"""
pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").is_file() and not os.environ.get("CI"), reason="no site: `make docs` builds it"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with chromium("eager") as browser:  # what is looked at waits for the pictures itself
        yield browser


def show(browser: webdriver.Chrome, width: int) -> None:
    """Give the window the width of a desk's or of a phone's."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def own_pages() -> list[Path]:
    """The pages that are written by Sphinx, without the listings of sources."""
    pages = [path for path in SITE.rglob("*.html") if not path.relative_to(SITE).parts[0].startswith("_")]
    return [path for path in pages if b"furo" in path.read_bytes()]


def test_no_link_is_broken_no_picture_missing_and_nothing_overflows(browser: webdriver.Chrome) -> None:
    faults, links, anchors = [], set(), {}
    pages = own_pages()
    assert len(pages) > 50
    for page in pages:
        show(browser, WIDE)
        browser.get(page.as_uri())
        seen = browser.execute_async_script(LOOK)
        show(browser, NARROW)
        widths = {WIDE: seen["width"], NARROW: browser.execute_script("return document.documentElement.scrollWidth")}
        faults += [f"{page.name}: {wide} pixels wide in {width}" for width, wide in widths.items() if wide > width]
        faults += [f"{page.name}: missing picture {source}" for source in seen["broken"]]
        links |= {(page.name, link) for link in seen["links"]}
        anchors[page] = set(seen["anchors"])
    faults += [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    for name, link in links:
        parts = urlparse(link)
        target = Path(unquote(parts.path))
        if parts.scheme == "file" and not target.exists():
            faults.append(f"{name}: no file for {link}")
        elif target in anchors and parts.fragment and unquote(parts.fragment) not in anchors[target]:
            faults.append(f"{name}: no anchor for {link}")
    assert not faults


def test_the_search_works_from_a_file(browser: webdriver.Chrome) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    show(browser, WIDE)
    found = "return document.querySelectorAll('#search-results li a').length"
    for words in ("top-right vector", "ReachRatesCallback"):
        browser.get(f"{(SITE / 'search.html').as_uri()}?q={words}")
        WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(found) > 0)


def test_every_public_name_and_every_option_is_there() -> None:
    import evaluation
    import steered_env

    text = {package: (SITE / f"reference/{package}.html") for package in ("steered_env", "evaluation")}
    for module in (steered_env, evaluation):
        page = text[module.__name__].read_text(encoding="utf-8")
        for name in module.__all__:
            if name != "simulator":
                assert f"#{module.__name__}.{name}" in page, name
    commands = (SITE / "reference/commands.html").read_text(encoding="utf-8")
    assert all(option in commands for option in ("--cheese-region", "--other-code", "--ray"))
