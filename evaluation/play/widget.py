"""The page as a widget of notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.maze import check_maze
from steered_env.policy import packaged_policies
from steered_env.system import needing

from .mazes import FIRST_LEVEL, read_maze
from .page_files import page_file
from .session import Session

with needing("play"):
    import anywidget


class MazeWidget(anywidget.AnyWidget):
    """Draw a maze and steer a policy in a notebook: the page of ``steered-env play``, with this kernel as its server.

    Example:
        >>> widget = MazeWidget(Maze.from_level(6), condition="-cheese")  # the last line of a cell shows it
        >>> widget.maze.size, widget.condition
        (9, '-cheese')

    Args:
        maze: The maze to begin with; defaults to level 27, in which either vector turns the mouse away from the cheese.
        policy: A policy, any torch module with ``action_probabilities``, a `SteeredPolicy`, the name of a packaged
            policy, or a path. All packaged ones can be chosen beside it.
        condition: The condition to begin with.
        vectors: Vectors of your own, by the words that stand for them in conditions; a slider each.

    Raises:
        TypeError: if an argument is of the wrong kind.
        MissingExtraError: if anywidget is not installed.
    """

    def __init__(
        self,
        maze: Maze | None = None,
        policy: nn.Module | SteeredPolicy | str = "small",
        condition: str = BASELINE,
        *,
        vectors: Mapping[str, Steering] | None = None,
    ) -> None:
        self._esm, self._css = page_file("play.js"), page_file("play.css")
        super().__init__()
        name = policy if isinstance(policy, str) else type(policy).__name__
        policies = {name: policy} | {packaged: packaged for packaged in packaged_policies() if packaged != name}
        first = Maze.from_level(FIRST_LEVEL) if maze is None else check_maze(maze)
        self._session = Session(first, policies=policies, vectors=vectors, condition=condition)
        self._scene: Mapping[str, Any] = self._session.scene.model_dump(mode="json")
        self.on_msg(self._receive)

    @property
    def maze(self) -> Maze:
        """The maze as it is shown now."""
        return read_maze(self._scene["maze"])

    @property
    def condition(self) -> str:
        """The condition as it is shown now; without what was clicked under activations."""
        return str(self._scene["condition"])

    def close(self) -> None:
        """Close the widget, and end its threads."""
        self._session.close()
        super().close()

    def _receive(self, _widget: object, message: Any, _buffers: object) -> None:
        for reply in self._session.answer(message):
            self._scene = reply.get("scene", self._scene) if reply["kind"] in ("maze", "numbers") else self._scene
            self.send(reply)
