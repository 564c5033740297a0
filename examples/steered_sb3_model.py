"""A Stable-Baselines3 model, saved and loaded as a policy, and steered."""

import tempfile
from pathlib import Path

import steered_env  # noqa: F401 (first: it keeps the old gym from printing its notice)

# isort: split
from stable_baselines3 import PPO

from steered_env import Maze, SteeredPolicy, cheese_vector, load_policy
from steered_env.sb3 import MazeVecEnv, copy_into, impala_policy_kwargs

env = MazeVecEnv(2, levels=range(1000))
model = PPO("CnnPolicy", env, policy_kwargs=impala_policy_kwargs(), n_steps=8, batch_size=16)
copy_into(model, load_policy("small"))  # or train it: model.learn(...)

with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "model.zip")
    policy = load_policy(Path(folder) / "model.zip")  # runs nothing of what is in the file

maze = Maze.from_level(27)
here = maze.with_mouse(maze.decision_square)
for name, steering in (("baseline", None), ("-cheese", -cheese_vector(policy, maze))):
    probabilities = SteeredPolicy(policy, steering).action_probabilities(here.observe())
    print(f"{name}: P(left, to the cheese) {probabilities[:3].sum():.2f}, P(right) {probabilities[6:9].sum():.2f}")
