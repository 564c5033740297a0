"""The page on which one steers live, in a real browser: from a moved slider, or a wall, to new field and numbers."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from evaluation.measuring import one_torch_thread
from evaluation.measuring.cuts import Stages
from evaluation.play import Session
from steered_env import Maze, cheese_vector, load_policy
from steered_env.simulator import WORLD_SIZE, Cell

from .timing import Row, seconds

_SIZES = {9: 60, 15: 150, 25: 350}
"""Sizes of mazes, and the milliseconds that a moved slider is to take."""
_WALL_TIMES = 3
_SLIDES = np.linspace(-4, 4, 41).tolist()
_WALLS, _BATCH = 7, 16
_LONGEST_S = 60
_WAIT_FOR_NUMBERS = """
const [event, done] = arguments, root = document.querySelector("#play"), before = root.dataset.drawn;
let began = null;
addEventListener(event, () => { began = performance.now(); }, { capture: true, once: true });
window.took = new Promise((resolve) => {
  const observer = new MutationObserver(() => {
    if (began === null || root.dataset.drawn === before) return;
    observer.disconnect();
    resolve(performance.now() - began);
  });
  observer.observe(root, { attributes: true, attributeFilter: ["data-drawn"] });
});
done();
"""
_DRAG_SLIDER = """
const [values, done] = arguments, root = document.querySelector("#play");
const slider = document.querySelector("[data-word=cheese]"), took = [];
let began = 0;
function move() {
  if (took.length === values.length) return done(took);
  began = performance.now();
  slider.value = values[took.length];
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}
const observer = new MutationObserver(() => {
  took.push(performance.now() - began);
  if (took.length === values.length) observer.disconnect();
  setTimeout(move);
});
observer.observe(root, { attributes: true, attributeFilter: ["data-drawn"] });
move();
"""
_TOOK = "const done = arguments[0]; window.took.then(done);"


def rows() -> Iterator[Row]:
    """A moved slider and a moved wall in mazes of three sizes, until the browser has drawn what came of it."""
    policy, levels = load_policy(), Maze.from_levels(range(60))
    network = f"the layers after the steered one alone, in every open cell, batches of {_BATCH}, one thread"
    with _server() as address, _browser() as browser:
        for size, aim in _SIZES.items():
            maze = next(maze for maze in levels if maze.size == size and maze.decision_square is not None)
            page = _Page(browser, address, maze)
            slide, wall = page.slider(), page.wall()
            cells, alone = int((~maze.walls).sum()), 1000 * _layers_alone(policy, maze)
            yield Row(
                f"`play`: from a moved slider to new field and numbers, drawn, size {size} ({cells} open cells)",
                f"{slide:.0f} ms",
                f"the answer without a browser: {1000 * _answer_alone(maze):.0f} ms; {network}: {alone:.0f} ms",
                f"{alone / slide:.2f}",
                f"{aim} ms",
            )
            yield Row(
                f"`play`: from a moved wall, size {size}",
                f"{wall:.0f} ms",
                f"a moved slider: {slide:.0f} ms",
                f"{slide / wall:.2f}",
                f"{_WALL_TIMES * aim} ms",
            )


class _Page:
    """The page in a browser.

    Args:
        browser: Shows it.
        address: Of the server.
        maze: A maze of a level.
    """

    def __init__(self, browser: webdriver.Chrome, address: str, maze: Maze) -> None:
        self._browser, self._maze = browser, maze
        browser.get(address)
        self._until("return document.querySelector('#play').dataset.drawn")
        self._dragged([-1.0])
        level = browser.find_element(By.CSS_SELECTOR, "input[type=number]")
        self._wait_for("change")
        browser.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', { bubbles: true }))",
            level,
            maze.level,
        )
        self._took()

    def slider(self) -> float:
        """Median milliseconds from a slider that moved to what it changes, while it is dragged."""
        return statistics.median(self._dragged([round(value, 1) for value in _SLIDES]))

    def wall(self) -> float:
        """Median milliseconds from a wall that was drawn to what it changes."""
        free = {self._maze.mouse, self._maze.cheese, self._maze.corner}
        cells = [cell for cell in map(tuple, np.argwhere(~self._maze.walls).tolist()) if cell not in free]
        return statistics.median(self._clicked(cell) for cell in cells[:: len(cells) // _WALLS])

    def _dragged(self, values: list[float]) -> list[float]:
        """Milliseconds of each move of the slider, which follows as soon as the one before is drawn."""
        return [float(took) for took in self._browser.execute_async_script(_DRAG_SLIDER, values)]

    def _clicked(self, cell: Cell) -> float:
        canvas = self._browser.find_element(By.CSS_SELECTOR, "#play canvas")
        first = max(self._maze.start[0] - 1, 0)
        pixels = canvas.size["width"] / (min(self._maze.corner[0] + 1, WORLD_SIZE - 1) - first + 1)
        from_middle = [pixels * (place - self._middle) for place in cell]
        self._wait_for("pointerdown")
        actions = ActionChains(self._browser, duration=0)
        actions.move_to_element_with_offset(canvas, round(from_middle[1]), round(-from_middle[0])).click().perform()
        return self._took()

    @property
    def _middle(self) -> float:
        return (self._maze.start[0] + self._maze.corner[0]) / 2

    def _wait_for(self, event: str) -> None:
        self._browser.execute_async_script(_WAIT_FOR_NUMBERS, event)

    def _took(self) -> float:
        return float(self._browser.execute_async_script(_TOOK))

    def _until(self, script: str) -> None:
        while not self._browser.execute_script(script):
            pass


def _answer_alone(maze: Maze) -> float:
    """Median seconds of the answers to a slider that is dragged, with nobody to draw them."""
    session = Session(maze)
    scene = session.scene.model_dump(mode="json")

    def answer(value: float) -> float:
        request = {"kind": "show", "id": 0, "scene": scene, "have_maze": True, "sliders": {"cheese": round(value, 1)}}
        return seconds(lambda: json.dumps(list(session.answer(request))))

    answer(-1)
    try:
        return statistics.median(answer(value) for value in _SLIDES)
    finally:
        session.close()


def _layers_alone(policy: Any, maze: Maze) -> float:
    """Seconds of the layers after the steered one, run in as many states as there are open cells."""
    stages = Stages(policy)
    first = stages.cut_of(cheese_vector(policy, maze)).stage
    batches = range(-(-int((~maze.walls).sum()) // _BATCH))
    with one_torch_thread(), torch.inference_mode():
        x = stages.run(policy.input_of(np.stack([maze.observe()] * _BATCH)), 0, first)
        return statistics.median(seconds(lambda: [stages.logits(x, first) for _ in batches]) for _ in range(5))


@contextmanager
def _server() -> Iterator[str]:
    """The address of a server that runs in a process of its own, as somebody starts it."""
    command = [str(Path(sys.executable).with_name("steered-env")), "play", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()


@contextmanager
def _browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1200"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options)
    browser.set_script_timeout(_LONGEST_S)
    try:
        yield browser
    finally:
        browser.quit()
