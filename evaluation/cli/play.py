"""``steered-env play``: its options, and the page that it opens."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluation.results import terminal

from .options import Policy, Steerings, without_equals_signs
from .parsing import load_mazes, load_steerings

if TYPE_CHECKING:
    from evaluation.play import Session

_out, _err = terminal(), terminal(stderr=True)
_STOPPED = 130


def play(
    level: Annotated[int | None, typer.Option(help="Level of the maze; defaults to 27.")] = None,
    maze: Annotated[Path | None, typer.Option(metavar="FILE", help="A maze from a text file, instead.")] = None,
    policy: Policy = "small",
    steering: Steerings = None,
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", "-c", help="The condition to begin with.", callback=without_equals_signs),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine's own open it to all.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; defaults to 8025, or any that is free.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a page that needs no server, of a few levels or --level, and end.",
        ),
    ] = None,
) -> None:
    """Draw a maze, drag the cheese, turn the vectors up, and watch what the mouse wants.

    Serves a page on this machine alone and opens it in a browser. Ctrl-C ends it.
    """
    if level is not None and maze is not None:
        raise ValueError(f"name either --level or --maze, got level {level} and {maze}")
    if condition and len(condition) > 1:
        raise ValueError(f"the page begins with one condition, got {len(condition)}: {', '.join(condition)}")
    vectors = load_steerings(steering)
    if bundle is not None:
        if maze is not None:
            raise ValueError(f"a bundle holds levels: leave out --maze {maze}")
        if condition or steering:
            raise ValueError("a bundle begins unsteered, with sliders of its own: leave out --condition and --steering")
        _write_bundle(bundle, policy, level)
        return
    from evaluation.measuring import read_conditions
    from evaluation.play import FIRST_LEVEL, Session, is_loopback
    from evaluation.storage import BASELINE
    from steered_env import Maze
    from steered_env.policy import packaged_policies

    begun_with = condition or [BASELINE]
    read_conditions(begun_with, vectors)  # says now what is wrong with it
    first = FIRST_LEVEL if level is None else level
    shown = Maze.from_level(first) if maze is None else next(iter(load_mazes([maze]).values()))
    names = [policy] if policy in packaged_policies() else [Path(policy).name]
    policies = {names[0]: policy} | {name: name for name in packaged_policies()}
    session = Session(shown, policies=policies, vectors=vectors, condition=begun_with[0])
    session.network(names[0])  # says now what is wrong with it
    if not is_loopback(host):
        _err.print(f"warning: with --host {host} everybody who can reach this machine can use the page", style="yellow")
    _serve(session, host=host, port=port, browser=not no_browser)


def _serve(session: Session, *, host: str, port: int | None, browser: bool) -> None:
    from evaluation.play import serve
    from steered_env.system import stopped_at_once

    def on_start(address: str) -> None:
        _out.print(f"{address}  (Ctrl-C ends it)", highlight=False, soft_wrap=True)
        if browser:
            import threading
            import webbrowser

            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    try:
        with stopped_at_once(lambda: "the page's link holds its maze and its steering"):
            serve(session, host=host, port=port, on_start=on_start)
    except KeyboardInterrupt:
        sys.stdout.flush()
        os._exit(_STOPPED)  # nothing is left to be cleaned up, and taking torch apart takes a second or two


def _write_bundle(folder: Path, policy: str, level: int | None) -> None:
    from evaluation.play import BUNDLED_LEVELS, write_bundle

    from .progress_bars import counting

    levels = BUNDLED_LEVELS if level is None else (level,)
    with counting(_err, "computing") as update:
        path = write_bundle(folder, policy, levels=levels, on_progress=update)
    _out.print(str(path), highlight=False, soft_wrap=True)
