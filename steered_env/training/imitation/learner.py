"""The network that imitation trains, with its extra heads, and the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from steered_env.maze import ACTIONS_OF, DIRECTIONS
from steered_env.policy import ImpalaPolicy, to_input
from steered_env.simulator import ACTIONS, WORLD_SIZE
from steered_env.training.examples import NO_MOVE, Examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .config import TrainingConfig

_UPSCALE = 4


class CellHead(nn.Module):
    """Four logits, one for each move, in every cell of the maze at once; dropped after training.

    One of them names the best move in every cell: an example then teaches about 150 cells instead of one. Another finds
    the mouse and the best move there, among all cells and moves: the policy's own layer has to do the same, but is told
    of a wrong move only, not where the mouse was.

    Args:
        width: Width of the policy that it reads from.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(32 * width, len(DIRECTIONS) * _UPSCALE**2, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """``(B, 32·width, 8, 8)`` of the third block to logits ``(B, 4, 25, 25)``, bottom row first."""
        logits = functional.pixel_shuffle(self.conv(maps), _UPSCALE)
        resized = functional.interpolate(logits, size=(WORLD_SIZE, WORLD_SIZE), mode="bilinear", align_corners=False)
        return resized.flip(2)  # the first row of a map is the top one


@dataclass(frozen=True)
class Losses:
    """The parts of the loss, each a scalar tensor, and their weighted sum."""

    total: Tensor
    policy: Tensor
    dense: Tensor
    mouse: Tensor
    value: Tensor


class Learner(nn.Module):
    """A policy and the heads that help it learn.

    Args:
        config: The recipe.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__()
        self.config = config
        self.policy = ImpalaPolicy(config.width)
        self.dense = CellHead(config.width)
        self.mouse = CellHead(config.width)
        groups = torch.full((len(DIRECTIONS), ACTIONS), -math.inf)
        for row, name in enumerate(DIRECTIONS):
            groups[row, list(ACTIONS_OF[name])] = 0.0
        self.register_buffer("groups", groups, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Log-probabilities of the four moves ``(B, 4)``, values ``(B,)``, two ``(B, 4, 25, 25)``."""
        outputs = self.policy.embedder.outputs(x)
        maps, positive = outputs["block3"], outputs["relu3"]
        logits, values = self.policy.heads(outputs["relufc"])
        groups = self.get_buffer("groups")
        moves = torch.logsumexp(logits.float().log_softmax(1)[:, None, :] + groups, dim=2)
        return moves, values.float(), self.dense(maps).float(), self.mouse(positive).float()

    def losses(self, examples: Examples, device: torch.device, *, dense_weight: float | None = None) -> Losses:
        """The loss of one batch.

        The policy's is −log of the summed probability of all actions that make the best move, or the cross-entropy with
        `soft_targets` where the configuration has a temperature for them; the dense head's is the cross-entropy over
        all cells that have one; the mouse head's that of the mouse's cell and best move among all cells and moves; the
        value head's half the squared distance to ``discount ** steps``.

        Args:
            examples: the batch.
            device: where the network is.
            dense_weight: the weight of the dense head's loss now; defaults to the configuration's.
        """
        with torch.autocast(device.type, torch.bfloat16, enabled=self.config.bfloat16):
            moves, values, dense, mouse = self(to_input(examples.observations, device))
        best = torch.from_numpy(examples.moves).to(device)
        cells = torch.from_numpy(examples.cell_moves.astype(np.int64)).to(device)
        place = torch.from_numpy(examples.mice[:, 0] * WORLD_SIZE + examples.mice[:, 1]).to(device)
        returns = self.config.discount ** torch.from_numpy(examples.distances).to(device)
        temperature = self.config.target_temperature
        if temperature:
            targets = torch.from_numpy(soft_targets(examples, temperature)).to(device)
            policy = -(targets * moves).sum(1).mean()
        else:
            policy = functional.nll_loss(moves, best)
        dense_loss = functional.cross_entropy(dense, cells, ignore_index=NO_MOVE)
        mouse_loss = functional.cross_entropy(mouse.flatten(1), best * WORLD_SIZE**2 + place)
        value = 0.5 * functional.mse_loss(values, returns)
        weighted = (
            (self.config.dense_weight if dense_weight is None else dense_weight) * dense_loss,
            self.config.mouse_weight * mouse_loss,
            self.config.value_weight * value,
        )
        return Losses(total=policy + sum(weighted), policy=policy, dense=dense_loss, mouse=mouse_loss, value=value)


def soft_targets(examples: Examples, temperature: float) -> NDArray[np.float32]:
    """``(B, 4)``: a softmax of minus the steps left after each move, over a temperature.

    There is one way between two cells of a maze: the best move leaves one step less, every other move into an open cell
    one more, and a move against a wall as many as before.

    Example:
        >>> from steered_env.training.examples import TrainingExamples
        >>> batch = TrainingExamples(seed=0, batch_size=4, per_level=4, cheese_region=5)[0]
        >>> targets = soft_targets(batch, 0.5)
        >>> bool((targets.argmax(1) == batch.moves).all()), targets.sum(1).round(3).tolist()
        (True, [1.0, 1.0, 1.0, 1.0])
    """
    count = len(examples.moves)
    padded = np.pad(examples.cell_moves, ((0, 0), (1, 1), (1, 1)), constant_values=NO_MOVE)
    after = np.zeros((count, len(DIRECTIONS)))
    for number, (rows, cols) in enumerate(DIRECTIONS.values()):
        neighbour = padded[np.arange(count), examples.mice[:, 0] + rows + 1, examples.mice[:, 1] + cols + 1]
        after[:, number] = neighbour != NO_MOVE
    after[np.arange(count), examples.moves] = -1
    return softmax(-after / temperature, axis=1).astype(np.float32)


def dense_weight(config: TrainingConfig, done: int) -> float:
    """The weight of the dense head's loss after ``done`` examples."""
    over = config.examples is not None and done >= config.dense_share * config.examples
    return 0.0 if over else config.dense_weight


def learning_rate(config: TrainingConfig, done: int) -> float:
    """The learning rate after ``done`` examples: a linear rise, then a cosine down to 0."""
    if done < config.warmup_examples or config.examples is None:
        return config.learning_rate * min(1.0, (done + config.batch_size) / max(1, config.warmup_examples))
    progress = (done - config.warmup_examples) / max(1, config.examples - config.warmup_examples)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
