"""Stable-Baselines3's own evaluation of a steered mouse, beside the exact rate."""

import steered_env  # noqa: F401 (first: it keeps the old gym from printing its notice)

# isort: split
from stable_baselines3.common.evaluation import evaluate_policy

from evaluation import evaluate
from steered_env import Maze, SteeredPolicy, cheese_vector, load_policy
from steered_env.sb3 import MazeVecEnv

level, steps = 6, 32
policy = load_policy()
vector = cheese_vector(policy, Maze.from_level(level))

for name, steering in (("baseline", 0 * vector), ("-cheese", -vector)):
    steered = SteeredPolicy(policy, steering, seed=0)
    env = MazeVecEnv(8, levels=level, time_limit=steps)
    reward, _ = evaluate_policy(steered, env, n_eval_episodes=16, deterministic=False, warn=False)
    exact = evaluate(steered, level, horizon=steps).frame["reach_cheese"][0]
    print(f"{name}: mean reward {reward:.2f}, exactly {10 * exact:.2f}")
    env.close()
