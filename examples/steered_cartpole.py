"""CartPole, steered in Gymnasium: the agent is made to believe that its cart stands further right, and drives left.

``python examples/steered_cartpole.py --train 60000`` made the agent in ``agents/cartpole.safetensors``: a minute of
Stable-Baselines3's PPO.
"""

import argparse
from pathlib import Path

import steered_env  # noqa: F401 (first: it keeps the old gym from printing its notice)

# isort: split
import gymnasium
import numpy as np
from safetensors.torch import load_file, save_file
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from steered_env import Steering

AGENT = Path(__file__).parent / "agents" / "cartpole.safetensors"
LAYER = "mlp_extractor.policy_net.1"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--train", type=int, metavar="STEPS", help="make the agent anew")
parser.add_argument("--figure", type=Path, metavar="FILE", help="draw where the cart is, over time")
arguments = parser.parse_args()

model = PPO(
    "MlpPolicy",
    make_vec_env("CartPole-v1", n_envs=8),
    policy_kwargs={"net_arch": [32, 32]},
    n_steps=32,
    batch_size=256,
    n_epochs=20,
    learning_rate=lambda left: 1e-3 * left,
    clip_range=lambda left: 0.2 * left,
    gamma=0.98,
    gae_lambda=0.8,
    seed=0,
    device="cpu",
)
if arguments.train:
    model.learn(arguments.train)
    AGENT.parent.mkdir(exist_ok=True)
    save_file(model.policy.state_dict(), AGENT)
model.policy.load_state_dict(load_file(AGENT))

# position, speed, angle and angular speed: two states that differ in the position alone
right, middle = np.array([[1.0, 0, 0, 0], [0.0, 0, 0, 0]], np.float32)
further_right = Steering.difference(model, right, middle, layer=LAYER)

env = gymnasium.make("CartPole-v1")
lines = {}
for coefficient in (-1, 0, 1):
    positions, seeds = [], range(2)
    with (coefficient * further_right).applied_to(model.policy):
        for seed in seeds:
            (observation, _), over = env.reset(seed=seed), False
            while not over:
                action, _ = model.predict(observation, deterministic=True)
                observation, _, terminated, truncated, _ = env.step(action)
                positions.append(observation[0])
                over = terminated or truncated
    length = len(positions) // len(seeds)
    print(f"{coefficient:+d} * further right: mean position {np.mean(positions):+.2f}, {length} steps an episode")
    lines[coefficient] = positions[-length:]
env.close()

if arguments.figure:
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(7, 3), layout="constrained")).subplots()
    for coefficient, positions in lines.items():
        axes.plot(positions, label=f"{coefficient:+d} × further right" if coefficient else "not steered")
    axes.set(xlabel="step", ylabel="position of the cart", ylim=(-2.4, 2.4))
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(arguments.figure, dpi=110)
