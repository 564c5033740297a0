"""All claims at once, and their page in a real browser: headless Chromium, wide and narrow, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure

from evaluation.reproduction import Reproduction, all_claims, chosen_claims, regression, reproduce, store
from evaluation.reproduction.claims import behaviour
from evaluation.results import figure_files

if TYPE_CHECKING:
    from selenium import webdriver


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    """Every claim, measured quickly on mazes of sizes 5 and 7 with a decision square; its figures as PNG alone.

    The claim that takes forty mazes of all sizes takes a dozen, and weights them less often; figures are laid out once,
    and are half as large, which still is more than a phone is wide.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(behaviour, "_FEWEST", 12)
        patch.setattr(regression, "_RESAMPLES", 40)
        patch.setattr(Figure, "draw_without_rendering", lambda _: None)
        patch.setattr(store, "_FIGURE_SUFFIXES", (".png",))
        patch.setattr(figure_files, "_DOTS_PER_INCH", 75)
        names = [claim.name for claim in all_claims()]
        return reproduce("small", [3, 26], claims=names, quick=True, out=tmp_path_factory.mktemp("everything"))


@pytest.fixture(scope="module")
def page(everything: Reproduction) -> str:
    assert not [stored.summary for stored in everything.findings.values() if stored.problem == "failed"]
    return everything.page.as_uri()


def test_a_quick_run_judges_what_few_mazes_can_decide(everything: Reproduction) -> None:
    """Of the claims that it measures, and of their numbers, those that it said beforehand."""
    chosen = chosen_claims(None, quick=True)
    assert chosen == [claim for claim in all_claims() if claim.quick]
    assert 0 < len(chosen) < len(all_claims())
    judged = [[check.what for check in everything.findings[claim].checks] for claim in chosen]
    assert judged == [list(claim.quick) for claim in chosen]
    assert {everything.findings[claim].problem for claim in chosen} == {""}


def test_failures_come_first(everything: Reproduction) -> None:
    text = everything.page.read_text(encoding="utf-8")
    overview = text[text.index('class="overview"') : text.index("<main>")]
    assert all(f'href="#{claim.name}"' in overview for claim in everything.findings)
    found = re.findall(r"class=\"chip [a-z-]+\">([a-z ]+)</span>", overview)
    assert sorted(found) == sorted(stored.verdict_text for stored in everything.findings.values())
    judged = [verdict for verdict in found if verdict != "does not apply"]
    assert judged == sorted(judged, key=["does not replicate", "partly", "undecided", "replicates"].index)
    assert found[: len(judged)] == judged


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
