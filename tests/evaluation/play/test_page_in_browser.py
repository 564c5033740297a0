"""The page in a real browser: one headless Chromium and one server in this process."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
import pytest
import uvicorn

from evaluation import MazeWidget, evaluate
from evaluation.play import Session, application, page_file, write_bundle
from steered_env import ImpalaPolicy, Maze

if TYPE_CHECKING:
    from selenium import webdriver
    from selenium.webdriver.remote.webelement import WebElement

RATES = {
    "cheese": "reach_cheese",
    "corner": "reach_top_right",
    "region": "reach_region",
    "decision-cheese": "p_cheese_at_decision",
    "decision-corner": "p_top_right_at_decision",
}
T = TypeVar("T")


class Server:
    """Serves the page from a thread, and can be stopped and started again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        settings: dict[str, Any] = {"lifespan": "off", "ws": "websockets-sansio", "timeout_graceful_shutdown": 1}
        self._server = uvicorn.Server(uvicorn.Config(application(self._session), log_level="error", **settings))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([listener])))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class Page:
    """What a person does with the page, and sees."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def open(self, address: str, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.browser.get("about:blank")
        self.browser.get(address)
        self.drawn_after(lambda: None, -1)
        wait_for(lambda: self.script("return location.hash"))

    def drawn(self) -> int:
        drawn = self.script("return document.querySelector('.steered-play')?.getAttribute('data-drawn') ?? -1")
        return int(drawn)

    def drawn_after(self, do: Callable[[], object], before: int | None = None) -> None:
        """Do something, and wait for the numbers that come of it."""
        before = self.drawn() if before is None else before
        do()
        wait_for(lambda: self.drawn() > before)

    def script(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element("css selector", selector)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, where the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def chord(self, *keys: str) -> None:
        """Press a key while others are held."""
        from selenium.webdriver import ActionChains

        *held, last = keys
        chain = ActionChains(self.browser, duration=0)
        for key in held:
            chain.key_down(key)
        chain.send_keys(last)
        for key in held:
            chain.key_up(key)
        chain.perform()

    def drag(self, *cells: tuple[int, int]) -> None:
        """Press the pointer over a cell, move it over others, and let it go."""
        from selenium.webdriver import ActionChains

        canvas, view = self.find("canvas[data-field]"), Maze.from_text(self.scene()["maze"])
        low, side = view.start[0] - 1, view.size + 2
        width = canvas.size["width"]
        chain = ActionChains(self.browser, duration=20)
        for place, (row, col) in enumerate(cells):
            x, y = (col - low + 0.5) / side - 0.5, 0.5 - (row - low + 0.5) / side
            chain.move_to_element_with_offset(canvas, round(x * width), round(y * width))
            if place == 0:
                chain.click_and_hold()
        chain.release().perform()

    def scene(self) -> dict[str, Any]:
        """The scene of the link."""
        text = str(self.script("return location.hash")).removeprefix("#")
        held: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["scene"]
        return held

    def maze(self) -> Maze:
        return Maze.from_text(self.scene()["maze"])

    def number(self, row: str, side: str) -> str:
        return self.find(f'[data-row="{row}"] [data-side="{side}"]').text

    def severe(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]


def wait_for(holds: Callable[[], T], seconds: float = 60) -> T:
    """Wait until something holds; a busy machine takes its time."""
    end = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.03)
    return value


@pytest.fixture(scope="module")
def server(session: Session) -> Iterator[Server]:
    server = Server(session)
    yield server
    server.stop()


@pytest.fixture
def page(browser: webdriver.Chrome, server: Server) -> Page:
    page = Page(browser)
    page.open(server.address)
    return page


def test_dragging_the_cheese_shows_in_the_observation(page: Page, mazes: list[Maze]) -> None:
    before, goal = mazes[6], (8, 12)
    assert before.cheese is not None
    page.drawn_after(lambda: page.drag(before.cheese, (9, 12), goal))
    wait_for(lambda: page.maze() == before.with_cheese(goal))
    np.testing.assert_array_equal(page.maze().observe(), before.with_cheese(goal).observe())
    from selenium.webdriver.common.keys import Keys

    page.drawn_after(lambda: page.chord(Keys.CONTROL, "z"))
    wait_for(lambda: page.maze() == before)


def test_every_number_is_that_of_evaluate(page: Page, small: ImpalaPolicy) -> None:
    from selenium.webdriver.common.keys import Keys

    page.drawn_after(lambda: page.find(".level").send_keys(Keys.CONTROL, "a", Keys.NULL, "27", Keys.ENTER))
    for word, keys in (("cheese", [Keys.ARROW_LEFT] * 9), ("top_right", [Keys.ARROW_RIGHT] * 6)):
        slider = page.find(f'input[type="range"][data-word="{word}"]')
        slider.send_keys(*keys)
    wait_for(lambda: page.find(".condition textarea").get_property("value") == "0.6*top_right - 0.9*cheese")
    wait_for(lambda: page.scene()["condition"] == "0.6*top_right - 0.9*cheese")
    conditions = ["baseline", page.scene()["condition"]]
    frame = evaluate(small, mazes=[page.maze()], conditions=conditions).frame
    for side, (_, rates) in zip(("baseline", "steered"), frame.iterrows(), strict=True):
        for row, column in RATES.items():
            shown, rate = page.number(row, side), rates[column]
            assert shown in (("–", "") if pd.isna(rate) else (f"{rate:.3f}",)), (row, side)
        assert page.number("elsewhere", side) == f"{1 - rates['reach_either']:.3f}"
    page.drawn_after(lambda: page.find('input[data-word="cheese"]').send_keys("0"))
    wait_for(lambda: page.scene()["condition"] == "0.6*top_right")


def test_walls_are_drawn_and_what_is_impossible_is_refused_where_it_happens(page: Page, mazes: list[Maze]) -> None:
    before = mazes[6]
    stroke = [(8, 10), (8, 11), (8, 12)]  # open cells in a row
    page.drawn_after(lambda: page.drag(*stroke))
    wait_for(lambda: page.maze() == before.with_walls(stroke))
    page.drawn_after(lambda: page.find('[title^="Undo"]').click())
    wait_for(lambda: page.maze() == before)  # the stroke is undone as one
    assert before.cheese is not None
    with pytest.raises(ValueError, match="wall") as refused:
        before.with_cheese((9, 9))
    page.drag(before.cheese, (9, 9))
    refusal = wait_for(lambda: page.find(".refusal").text)
    assert refusal == str(refused.value)
    assert page.maze() == before


def test_an_episode_is_played(page: Page) -> None:
    page.drawn_after(lambda: page.find('input[data-word="top_right"]').send_keys("\ue014" * 10))
    page.script("document.querySelector('[aria-label=Speed]').value = 40")
    page.find('[title="One step"]').click()
    bar = page.find(".playback-bar input")
    wait_for(lambda: bar.get_property("value") == "1")
    page.find('[title="Play an episode"]').click()
    said = wait_for(lambda: re.findall(r"(baseline|steered): (.*?) after (\d+)", page.find(".said").text)[1:] and page)
    assert said.find(".said").text.startswith(f"step {bar.get_property('max')} of")


def test_keys_alone_will_do(page: Page, mazes: list[Maze]) -> None:
    from selenium.webdriver.common.keys import Keys

    before = mazes[6]
    seen: set[str] = set()
    while page.script("return document.activeElement.dataset.field") is None:
        page.press(Keys.TAB)
        seen.add(page.script("return document.activeElement.outerHTML"))
        outline = "return getComputedStyle(document.activeElement).outlineStyle"
        assert len(seen) < 20
    assert page.script(outline) == "solid"
    page.drawn_after(lambda: page.press(Keys.ARROW_UP, Keys.ARROW_UP))
    moved = before.with_mouse((before.mouse[0] + 2, before.mouse[1]))
    wait_for(lambda: page.maze() == moved)
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT):  # the first one puts the cursor where the mouse is
        page.chord(Keys.SHIFT, key)
    page.drawn_after(lambda: page.press(Keys.ENTER))
    cell = (moved.mouse[0], moved.mouse[1] + 1)
    wait_for(lambda: page.maze() == (moved.with_walls if not moved.walls[cell] else moved.with_open)([cell]))
    for _ in range(3):
        page.drawn_after(lambda: page.chord(Keys.CONTROL, "z"))
    wait_for(lambda: page.maze() == before)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (320, "light")])
def test_a_phone_shows_all_of_it(page: Page, server: Server, width: int, scheme: str) -> None:
    page.open(server.address, width, 844, scheme)
    for tab in ("activations", "steering"):
        page.script(f"document.querySelector('.segment-{tab} input').click()")
        if tab == "activations":
            wait_for(lambda: page.script("return document.querySelectorAll('.channel').length") == 12)
            page.script("document.querySelector('.channel').click()")
            page.drawn_after(lambda: page.script("document.querySelector('.channel-tools button').click()"))
            wait_for(lambda: page.find(".chip").text)  # the channel is ablated, and says so
        assert page.script("return document.documentElement.scrollWidth") <= width
        outside = """return [...document.querySelectorAll('main *')].filter(e => !e.closest('.unseen'))
            .filter(e => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 90))"""
        assert page.script(outside) == []
    nameless = """return [...document.querySelectorAll('main :is(button, input, select, textarea)')]
        .filter(e => !e.textContent.trim() && !e.labels?.length && !e.getAttribute('aria-label'))
        .map(e => e.outerHTML)"""
    assert page.script(nameless) == []
    ground = page.script("return getComputedStyle(document.body).backgroundColor")
    assert (int(ground.split("(")[1].split(",")[0]) < 100) == (scheme == "dark")
    assert page.severe() == []


def test_two_tabs_and_a_server_that_is_restarted(page: Page, server: Server, mazes: list[Maze]) -> None:
    browser = page.browser
    page.drawn_after(lambda: page.press("n"))
    wait_for(lambda: page.maze() == mazes[7])
    link, first = browser.current_url, browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        page.open(link)
        assert page.maze() == mazes[7]  # the link holds all of it
        page.drawn_after(lambda: page.press("n"))
        wait_for(lambda: page.maze() == mazes[8])
    finally:
        browser.close()
        browser.switch_to.window(first)
    assert page.maze() == mazes[7]
    server.stop()
    wait_for(lambda: page.find(".lamp").text)
    slider = page.find('input[data-word="cheese"]')
    slider.send_keys("\ue012" * 10)  # what is done meanwhile is not lost
    page.drawn_after(server.start)
    wait_for(lambda: page.scene()["condition"] == "-cheese")
    assert (page.maze(), page.find(".lamp").text) == (mazes[7], "")


def test_a_bundle_needs_no_server(page: Page, mazes: list[Maze], small: ImpalaPolicy, tmp_path: Path) -> None:
    path = write_bundle(tmp_path, levels=[6, 58], coefficients=[-1, 0])
    page.severe()
    page.open(path.as_uri())
    page.drawn_after(lambda: page.find('input[data-word="cheese"]').send_keys("\ue012"))
    rates = evaluate(small, mazes=[mazes[6]], conditions=["-cheese"]).frame.iloc[0]
    assert page.number("cheese", "steered") == f"{rates['reach_cheese']:.3f}"
    assert page.number("corner", "steered") == f"{rates['reach_top_right']:.3f}"
    page.drawn_after(lambda: page.press("n"))
    wait_for(lambda: page.maze() == mazes[58])
    assert (
        page.script("return document.querySelectorAll('.tool-bar:not([hidden]), .playback:not([hidden])').length") == 0
    )
    assert page.severe() == []


def test_a_widget_by_the_contract_of_anywidget(
    page: Page, mazes: list[Maze], small: ImpalaPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module as notebooks run it: its `render` with a model, whose other end is a real `MazeWidget`.

    A notebook server, its page and its kernel would take longer to start than all the tests of this file.
    """
    widget = MazeWidget(mazes[6], small)
    page.browser.get("about:blank")
    begin = """const [code, css, done] = arguments;
        document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
        const listeners = new Set();
        window.sent = [];
        window.receive = (reply) => listeners.forEach((listener) => listener(reply, []));
        const model = { send: (message) => window.sent.push(message), on: (_, f) => listeners.add(f),
            off: (_, f) => listeners.delete(f) };
        import(URL.createObjectURL(new Blob([code], { type: "text/javascript" }))).then((module) => {
            window.end = module.default.render({ model, el: document.body });
            done();
        });"""
    page.browser.execute_async_script(begin, page_file("play.js"), page_file("play.css"))
    monkeypatch.setattr(widget, "send", lambda reply: page.script("window.receive(arguments[0])", reply))

    def answered() -> bool:
        for message in page.script("return window.sent.splice(0)"):
            widget._handle_custom_msg(message, [])
        return page.drawn() >= 0 and widget.condition == "-cheese"

    wait_for(lambda: answered() or page.drawn() >= 0)
    page.script("window.heard = 0; document.addEventListener('keydown', () => window.heard++)")
    page.find('input[data-word="cheese"]').send_keys("\ue012" * 10)
    wait_for(answered)
    assert page.script("return window.heard") == 0  # a notebook's own keys are not pressed with the page's
    assert page.script("window.end(); return window.sent.length") == 0
    widget.close()
