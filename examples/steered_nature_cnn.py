"""A NatureCNN of Stable-Baselines3 in small mazes, steered as it is: less of its cheese vector, and it walks past it.

``python examples/steered_nature_cnn.py --train 5000`` made the agent in ``agents/nature_cnn.safetensors``: ten minutes
of imitating shortest paths on one busy core.
"""

import argparse
from pathlib import Path

import steered_env  # noqa: F401 (first: it keeps the old gym from printing its notice)

# isort: split
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from stable_baselines3 import PPO

from evaluation import evaluate
from steered_env import Maze
from steered_env.maze import actions_between, random_cheese_cell, with_random_mouse
from steered_env.sb3 import MazeVecEnv
from steered_env.simulator import draw_observations

AGENT = Path(__file__).parent / "agents" / "nature_cnn.safetensors"
SIZES = (3, 5)


def new_model() -> PPO:
    """A PPO model with Stable-Baselines3's own network for images, its last layer half as wide."""
    network = {"features_extractor_kwargs": {"features_dim": 256}, "net_arch": []}
    env = MazeVecEnv(1, range(100), sizes=SIZES)
    return PPO("CnnPolicy", env, policy_kwargs=network, n_steps=8, batch_size=8, seed=0, device="cpu")


def lesson(mazes: list[Maze], generator: np.random.Generator) -> tuple[Maze, tuple[int, ...]]:
    """A maze with cheese and mouse somewhere, and the actions that begin the shortest path to the cheese."""
    maze = mazes[generator.integers(len(mazes))]
    maze = with_random_mouse(maze.with_cheese(random_cheese_cell(maze, 5, generator)), generator)
    here, there, *_ = maze.path(maze.mouse, maze.cheese)
    return maze, actions_between(here, there)


def train(model: PPO, steps: int, generator: np.random.Generator) -> None:
    """Teach a model shortest paths in mazes that are not evaluated."""
    mazes = [maze for maze in Maze.from_levels(range(10_000_000, 10_004_000)) if maze.size in SIZES]
    lessons = [lesson(mazes, generator) for _ in range(10_000)]
    observations = draw_observations([maze for maze, _ in lessons])
    right = torch.tensor([[float(action in actions) for action in range(15)] for _, actions in lessons])
    optimizer = torch.optim.Adam(model.policy.parameters(), lr=1e-3)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-3 * (1 - step / steps)
        chosen = generator.integers(len(lessons), size=64)
        inputs, _ = model.policy.obs_to_tensor(observations[chosen])
        probabilities = model.policy.get_distribution(inputs).distribution.probs
        loss = -(probabilities * right[chosen]).sum(dim=1).clamp(1e-6).log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 200 == 0:
            print(f"step {step}, loss {loss.item():.3f}", flush=True)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--train", type=int, metavar="STEPS", help="make the agent anew")
steps = parser.parse_args().train

model = new_model()
if steps:
    train(model, steps, np.random.default_rng(0))
    AGENT.parent.mkdir(exist_ok=True)
    weights = model.policy.state_dict().items()  # of three names for one extractor one is enough
    save_file({name: w.half() for name, w in weights if not name.startswith(("pi_", "vf_"))}, AGENT)
model.policy.load_state_dict(load_file(AGENT), strict=False)

layer = "features_extractor.cnn.2"
mazes = [maze for maze in Maze.from_levels(range(300)) if maze.size in SIZES and maze.decision_square]
results = evaluate(model, mazes=mazes, conditions=["baseline", f"-cheese(layer='{layer}')"], horizon=32)
for name, rate in results.frame.groupby("condition")["reach_cheese"].mean().items():
    print(f"{name}: the cheese in {rate:.2f} of {len(mazes)} mazes")
