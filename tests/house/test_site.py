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
const [addresses, wide, narrow, done] = arguments;
const look = async address => {
  const frame = document.createElement('iframe');
  frame.style.cssText = `width: ${wide}px; height: 900px; border: 0`;
  frame.src = address;
  document.body.replaceChildren(frame);
  await new Promise(loaded => frame.onload = loaded);
  const page = frame.contentDocument, images = [...page.images];
  const scrolled = [...page.querySelectorAll('html, .content')];  // the latter in narrow windows
  const overflow = () => Math.max(...scrolled.map(part => part.scrollWidth - part.clientWidth));
  images.forEach(i => i.loading = 'eager');
  await Promise.allSettled(images.map(i => i.decode()));
  const seen = {
    broken: images.filter(i => !i.complete || i.naturalWidth < 16).map(i => i.src),
    links: [...page.querySelectorAll('a[href], link[rel=stylesheet]')].map(a => a.href),
    anchors: [...page.querySelectorAll('[id]')].map(e => e.id),
    overflow: {[wide]: overflow()},
  };
  frame.style.width = `${narrow}px`;
  seen.overflow[narrow] = overflow();
  return seen;
};
(async () => {
  const seen = [];
  for (const address of addresses) seen.push(await look(address));
  done(seen);
})().catch(error => done(String(error)));
"""
"""Opens one page after the other in a frame, wide and narrow: without a navigation, twice as fast."""
pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").is_file() and not os.environ.get("CI"), reason="no site: `make docs` builds it"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with chromium("--allow-file-access-from-files") as browser:  # a page of files looks into frames of others
        yield browser


def own_pages() -> list[Path]:
    """The pages that are written by Sphinx, without the listings of sources."""
    pages = [path for path in SITE.rglob("*.html") if not path.relative_to(SITE).parts[0].startswith("_")]
    return [path for path in pages if b"furo" in path.read_bytes()]


def test_no_link_is_broken_no_picture_missing_and_nothing_overflows(browser: webdriver.Chrome, tmp_path: Path) -> None:
    pages = own_pages()
    assert len(pages) > 50
    (tmp_path / "frame.html").write_text("<!doctype html><body></body>")
    browser.get((tmp_path / "frame.html").as_uri())
    found = browser.execute_async_script(LOOK, [page.as_uri() for page in pages], WIDE, NARROW)
    faults, links, anchors = [], set(), {}
    for page, seen in zip(pages, found, strict=True):
        faults += [
            f"{page.name}: {more} pixels too wide in {width}" for width, more in seen["overflow"].items() if more > 0
        ]
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
