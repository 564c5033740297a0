"""Film the page of ``steered-env play`` in a browser: docs/play.png and docs/play.gif, which open the README.

``python -m house.film_play docs`` writes both. It needs Chromium and its driver.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver import ActionChains

LEVEL = 27
SIZE, WIDTH, COLOURS = (1124, 872), 640, 40
_LONGEST_MS = 2200
_PATIENCE_S = 30
CHEESE_WAY = (
    (13, 11),
    (14, 11),
    (15, 11),
    (15, 12),
    (15, 13),
    (15, 14),
    (15, 15),
    (16, 15),
    (17, 15),
    (17, 14),
    (17, 13),
)
"""Cells over which the cheese is dragged."""


class Film:
    """Pictures of a page, each with the time for which it stands.

    Args:
        chrome: The browser that shows the page.
    """

    def __init__(self, chrome: webdriver.Chrome) -> None:
        self._chrome = chrome
        self._pictures: list[tuple[Image.Image, int]] = []

    def take(self, milliseconds: int) -> None:
        """Take a picture."""
        picture = picture_of(self._chrome)
        height = round(picture.height * WIDTH / picture.width)
        self._pictures.append((picture.resize((WIDTH, height), Image.Resampling.LANCZOS), milliseconds))

    def save(self, path: Path) -> None:
        """Write a GIF; all pictures share their colours, so that what stands still costs nothing."""
        pictures = [picture for picture, _ in self._pictures]
        sheet = Image.new("RGB", (WIDTH, 3 * pictures[0].height))
        for place, number in enumerate((0, len(pictures) // 2, -1)):
            sheet.paste(pictures[number], (0, place * pictures[0].height))
        palette = sheet.quantize(COLOURS, Image.Quantize.MEDIANCUT)
        flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
        durations = [duration for _, duration in self._pictures]
        flat[0].save(path, save_all=True, append_images=flat[1:], duration=durations, loop=0, optimize=False)


def main() -> None:
    """Write the picture and the film."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    with served() as address, browser() as chrome:
        chrome.get(address)
        drawn_after(chrome, lambda: None, -1)
        time.sleep(1)
        film = Film(chrome)
        film.take(1000)
        drag_cheese(chrome, film)
        film.take(900)
        for word, numbers in (("cheese", range(-2, -11, -2)), ("top_right", range(2, 11, 2))):
            for number in numbers:
                turn(chrome, film, word, number / 10)
            film.take(900)
        film.take(_LONGEST_MS)
        film.save(folder / "play.gif")
        show_activations(chrome)
        picture_of(chrome).quantize(256).save(folder / "play.png", optimize=True)
    for name in ("play.png", "play.gif"):
        print(f"{folder / name}: {(folder / name).stat().st_size / 1024:.0f} KiB")  # noqa: T201 (a script's output)


def drag_cheese(chrome: webdriver.Chrome, film: Film) -> None:
    """Drag the cheese, a picture for each cell."""
    canvas = chrome.find_element("css selector", "canvas[data-field]")
    box = canvas.rect

    def pixel(cell: tuple[int, int]) -> tuple[int, int]:
        row, col = cell
        low, side = 7 - 1, 11 + 2
        x, y = (col - low + 0.5) / side - 0.5, 0.5 - (row - low + 0.5) / side
        return round(x * box["width"]), round(y * box["height"])

    ActionChains(chrome, 20).move_to_element_with_offset(canvas, *pixel(CHEESE_WAY[0])).click_and_hold().perform()
    for _, cell in pairwise(CHEESE_WAY):
        move = ActionChains(chrome, 20).move_to_element_with_offset(canvas, *pixel(cell))
        drawn_after(chrome, move.perform)
        time.sleep(0.25)
        film.take(160)
    ActionChains(chrome, 20).release().perform()


def turn(chrome: webdriver.Chrome, film: Film, word: str, value: float) -> None:
    """Turn a slider, and take a picture of arrows that turn and one of arrows that stand."""
    script = """const slider = document.querySelector(`input[data-word="${arguments[0]}"]`);
        slider.value = arguments[1];
        slider.dispatchEvent(new Event("input", { bubbles: true }));"""
    drawn_after(chrome, lambda: chrome.execute_script(script, word, value))
    time.sleep(0.25)
    film.take(140)


def show_activations(chrome: webdriver.Chrome) -> None:
    """Show channels, with the one over the maze that tracks the cheese best, in the dark."""
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    chrome.execute_script("document.querySelector('.segment-activations input').click()")
    end = time.monotonic() + _PATIENCE_S
    while not chrome.execute_script("return document.querySelector('.channel')") and time.monotonic() < end:
        time.sleep(0.1)
    chrome.execute_script("document.querySelector('.channel').click()")
    time.sleep(1)


def picture_of(chrome: webdriver.Chrome) -> Image.Image:
    """What the browser shows."""
    return Image.open(io.BytesIO(chrome.get_screenshot_as_png())).convert("RGB")


def drawn_after(chrome: webdriver.Chrome, do: Callable[[], Any], before: int | None = None) -> None:
    """Do something, and wait until what comes of it is drawn.

    Raises:
        TimeoutError: if nothing is.
    """
    script = "return document.querySelector('#play').getAttribute('data-drawn') ?? -1"
    before = int(chrome.execute_script(script)) if before is None else before
    do()
    end = time.monotonic() + _PATIENCE_S
    while int(chrome.execute_script(script)) <= before:
        if time.monotonic() > end:
            raise TimeoutError(f"nothing was drawn within {_PATIENCE_S} seconds")
        time.sleep(0.05)


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """A headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    chrome = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    width, height = SIZE
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        yield chrome
    finally:
        chrome.quit()


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that runs in a process of its own, as somebody starts it."""
    command = [str(Path(sys.executable).with_name("steered-env")), "play", "--no-browser", "--port", "0"]
    with subprocess.Popen([*command, "--level", str(LEVEL)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
