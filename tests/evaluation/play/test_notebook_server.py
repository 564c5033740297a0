"""The widget in a real JupyterLab: its server, its page and a kernel. `make notebook` installs what this needs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from evaluation import evaluate
from steered_env import ImpalaPolicy, Maze

if TYPE_CHECKING:
    from selenium import webdriver

pytest.importorskip("jupyterlab", reason="no JupyterLab here: make notebook installs it, and runs this test")

_LEVEL, _TOKEN, _LONGEST_S = 6, "of-this-test", 180
_CELL = f"""from evaluation import MazeWidget
from steered_env import Maze
MazeWidget(Maze.from_level({_LEVEL}))"""
_PROMPT = "return document.querySelector('.jp-CodeCell .jp-InputPrompt').textContent.trim()"


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[str]:
    """The address of a notebook with one cell, which shows the widget, in a server of its own."""
    books, settings = tmp_path / "books", tmp_path / "settings"
    books.mkdir()
    cell = {
        "cell_type": "code",
        "id": "widget",
        "metadata": {},
        "source": _CELL,
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    book = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (books / "widget.ipynb").write_text(json.dumps(book))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {name: str(settings / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    options = [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={_TOKEN}"]
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        *options,
        "--notebook-dir",
        str(books),
    ]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            command, env=os.environ | folders, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_for(lambda: _answers(port), lambda: (tmp_path / "log").read_text())
        yield f"http://127.0.0.1:{port}/lab/tree/widget.ipynb?token={_TOKEN}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_the_widget_in_a_notebook_server(browser: webdriver.Chrome, notebook: str, small: ImpalaPolicy) -> None:
    from selenium.webdriver import ActionChains, Keys

    def waits(script: str) -> Any:
        return _wait_for(lambda: browser.execute_script(f"return {script}"), lambda: browser.page_source[:4000])

    browser.set_window_size(1400, 1000)
    browser.get(notebook)
    cell = "document.querySelector('.jp-Notebook .jp-CodeCell .cm-content')"
    waits(cell)

    def began() -> bool:
        """Run the cell, again where the notebook asks for a kernel, which may not be ready at first."""
        prompt = browser.execute_script("document.querySelector('.jp-Dialog .jp-mod-accept')?.click(); " + _PROMPT)
        if prompt != "[ ]:":
            return True
        browser.execute_script(f"{cell}.focus()")
        ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
        time.sleep(1)
        return False

    _wait_for(began, lambda: browser.page_source[:4000])
    drawn = "document.querySelector('.steered-play')?.getAttribute('data-drawn')"
    before = waits(drawn)
    browser.find_element("css selector", 'input[data-word="cheese"]').send_keys(Keys.ARROW_LEFT * 10)
    waits("document.querySelector('.condition textarea').value === '-cheese'")
    waits(f"{drawn} !== '{before}'")
    rate = evaluate(small, mazes=[Maze.from_level(_LEVEL)], conditions=["-cheese"]).frame["reach_cheese"].item()
    shown = "document.querySelector('[data-row=cheese] [data-side=steered]').textContent"
    waits(f"{shown} === '{rate:.3f}'")


def _answers(port: int) -> bool:
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


def _wait_for(what: Callable[[], Any], otherwise: Callable[[], str]) -> Any:
    end = time.monotonic() + _LONGEST_S
    while not (found := what()):
        assert time.monotonic() < end, otherwise()
        time.sleep(0.2)
    return found
