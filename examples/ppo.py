"""About a minute of Stable-Baselines3's PPO on our network: the smallest mazes, from scratch."""

import argparse

import steered_env  # noqa: F401 (first: it keeps the old gym from printing its notice)

# isort: split
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from evaluation import evaluate
from steered_env import Maze
from steered_env.sb3 import MazeVecEnv, impala_from, impala_policy_kwargs

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--steps", type=int, default=12_288, help="steps of all mice together")
parser.add_argument("--mice", type=int, default=32, help="how many play at once")
arguments = parser.parse_args()

held_out = [maze for maze in Maze.from_levels(range(200)) if maze.size == 3]


def cheese_rate(model: PPO) -> float:
    """How often the cheese is reached within 20 steps, over held-out mazes, exactly."""
    return float(evaluate(impala_from(model), mazes=held_out, horizon=20).frame["reach_cheese"].mean())


env = VecMonitor(MazeVecEnv(arguments.mice, range(10_000_000, 10_001_000), sizes=[3], cheese_region=5, time_limit=20))
model = PPO(
    "CnnPolicy",
    env,
    policy_kwargs=impala_policy_kwargs(width=1),
    n_steps=32,
    batch_size=256,
    n_epochs=3,
    learning_rate=1e-3,
    gamma=0.95,
    ent_coef=0.01,
    seed=0,
)
before = cheese_rate(model)
model.learn(arguments.steps)
after = cheese_rate(model)
print(f"cheese in {len(held_out)} held-out mazes: {before:.2f} before, {after:.2f} after {model.num_timesteps} steps")
