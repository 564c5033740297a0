# %% [markdown]
# # An RL engineer's loop
#
# Mazes are Gymnasium environments, a steered policy is a policy, and a training loop of Stable-Baselines3 logs what
# steering would do to the model as it learns.
#
# ## Step through a maze

# %%
import gymnasium
import matplotlib.pyplot as plt

import steered_env  # first: it keeps the old gym from printing its notice
from evaluation.sb3 import ReachRatesCallback
from steered_env import EditMaze, Maze, SteeredPolicy, cheese_vector, load_policy, top_right_vector

env = gymnasium.make("steered_env/Maze-v0", levels=range(100))
observation, info = env.reset(seed=1, options={"level": 52})
info["maze"]

# %% [markdown]
# Steering is set once, for the maze that the episode begins in, and stays while the mouse walks.

# %%
policy, maze = load_policy(), info["maze"]
steered = SteeredPolicy(policy, top_right_vector(policy, maze) - cheese_vector(policy, maze), seed=0)
steps, over = 0, False
while not over:
    action, _ = steered.predict(observation)
    observation, reward, terminated, truncated, info = env.step(action)
    steps, over = steps + 1, terminated or truncated or info["reached_top_right"]
print(f"the corner after {steps} steps, the cheese left where it was: {info['cheese']}")
info["maze"]

# %% [markdown]
# ## Change the mazes
#
# An edit is any function from a maze to a maze, and is made after every reset.

# %%
env = EditMaze(gymnasium.make("steered_env/Maze-v0", levels=range(100)), Maze.without_cheese, Maze.with_top_right_path)
observation, info = env.reset(options={"level": 52})
info["maze"]

# %% [markdown]
# ## Train, and measure while it trains
#
# PPO on the smallest mazes, begun from the packaged policy so that there is something to see in seconds. The callback
# measures two held-out mazes exactly, unsteered and with the cheese vector subtracted. With `tensorboard_log=` the same
# numbers are in TensorBoard.

# %%
from stable_baselines3 import PPO

from steered_env.sb3 import MazeVecEnv, copy_into, impala_policy_kwargs

envs = MazeVecEnv(4, levels=range(10_000_000, 10_001_000), sizes=[3], cheese_region=5)
model = PPO("CnnPolicy", envs, policy_kwargs=impala_policy_kwargs(), n_steps=8, batch_size=32, n_epochs=1, seed=0)
copy_into(model, policy)
rates = ReachRatesCallback(levels=[3, 26], conditions=["baseline", "-cheese"], every=32, horizon=64)
model.learn(64, callback=rates)
rates.history[["steps", "condition", "reach_cheese", "reach_top_right"]].round(2)

# %%
figure, axes = plt.subplots(figsize=(5, 2.6))
for condition, rows in rates.history.groupby("condition"):
    axes.plot(rows["steps"], rows["reach_cheese"], marker="o", label=condition)
axes.set(xlabel="steps of training", ylabel="cheese reached", ylim=(-0.05, 1.05))
axes.legend()
plt.show()

# %% [markdown]
# A few updates change little. [Your own agent](../tutorials/own_agent.md) trains from scratch, and
# [Gymnasium and Stable-Baselines3](../reinforcement_learning.md) has vector environments, recorders, and models in and
# out of files.
