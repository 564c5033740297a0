"""The page in a real browser: headless Chromium, wide and narrow, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evaluation.reproduction import all_claims, reproduce

if TYPE_CHECKING:
    from selenium import webdriver


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    reproduction = reproduce(
        "small", [3, 26], claims=[claim.name for claim in all_claims()], quick=True, out=tmp_path_factory.mktemp("page")
    )
    assert not [stored.summary for stored in reproduction.findings.values() if stored.problem == "failed"]
    return reproduction.page.as_uri()


@pytest.mark.parametrize("width", [1200, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_loads_and_nothing_overflows(
    browser: webdriver.Chrome, page: str, width: int, scheme: str, tmp_path: Path
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(page)
    assert browser.execute_script("return document.images.length") >= 20
    settled = "Promise.allSettled([...document.images].map(i => i.decode())).then(() => arguments[0]())"
    browser.execute_async_script(settled)  # a busy machine decodes for a while yet after the page has loaded
    broken = "return [...document.images].filter(i => !i.complete || i.naturalWidth < 50).map(i => i.alt)"
    assert browser.execute_script(broken) == []
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    outside = """return [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && !e.closest('svg'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert browser.execute_script(outside) == []
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (int(ground.split("(")[1].split(",")[0]) < 100) == (scheme == "dark")
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_links_lead_to_the_claims(browser: webdriver.Chrome, page: str) -> None:
    browser.get(page)
    missing = (
        "return [...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector(a.hash)).length"
    )
    assert browser.execute_script(missing) == 0
    assert browser.execute_script("return document.querySelectorAll('a[href^=\"#\"]').length") == len(all_claims())
