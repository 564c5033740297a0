from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecFrameStack

from evaluation import evaluate
from steered_env import CheckpointError, ImpalaPolicy, Maze, SteeredPolicy, cheese_vector, load_policy
from steered_env.policy.sb3_archive import ModelError
from steered_env.sb3.extractor import ImpalaExtractor, copy_into, impala_from, impala_policy_kwargs
from steered_env.sb3.moves import MovePolicy
from steered_env.sb3.vec_env import MazeVecEnv


def make(**more: object) -> PPO:
    kwargs = {**impala_policy_kwargs(), **more}
    return PPO(
        "CnnPolicy", MazeVecEnv(2, levels=range(9)), policy_kwargs=kwargs, n_steps=8, batch_size=8, n_epochs=1, seed=0
    )


@pytest.fixture(scope="module")
def observations() -> np.ndarray:
    return np.stack([maze.observe() for maze in Maze.from_levels(range(6))])


def model_probabilities(model: PPO, observations: np.ndarray) -> np.ndarray:
    """By Stable-Baselines3's own code."""
    inputs, _ = model.policy.obs_to_tensor(observations.transpose(0, 3, 1, 2))
    with torch.no_grad():
        return model.policy.get_distribution(inputs).distribution.probs.numpy()


def test_a_trained_model_becomes_a_policy(tmp_path: Path, observations: np.ndarray) -> None:
    model = make()
    before = model_probabilities(model, observations)
    model.learn(32)
    after = model_probabilities(model, observations)
    assert not np.allclose(before, after, atol=1e-6)
    model.save(tmp_path / "model.zip")
    for policy in (impala_from(model), load_policy(tmp_path / "model.zip")):
        assert np.allclose(policy.action_probabilities(observations), after, atol=1e-6)
    inputs, _ = model.policy.obs_to_tensor(observations.transpose(0, 3, 1, 2))
    with torch.no_grad():
        values = model.policy.predict_values(inputs).numpy()[:, 0]
        _, ours = policy(torch.from_numpy(observations).permute(0, 3, 1, 2).float() / 255)
    assert np.allclose(ours.numpy(), values, atol=1e-5)
    maze = Maze.from_level(0)
    steered = SteeredPolicy(policy, -cheese_vector(policy, maze))
    without = policy.action_probabilities(maze.without_cheese().observe())
    assert np.allclose(steered.action_probabilities(maze.observe()), without, atol=1e-5)


def test_bfloat16_follows_float32(reference_policy: ImpalaPolicy, observations: np.ndarray) -> None:
    model = make(**impala_policy_kwargs(bfloat16=True))
    copy_into(model, reference_policy)
    fast, exact = model_probabilities(model, observations), reference_policy.action_probabilities(observations)
    assert not np.array_equal(fast, exact)
    assert np.allclose(fast, exact, atol=0.03)
    model.learn(16)
    assert all(parameter.dtype == torch.float32 for parameter in model.policy.parameters())


def test_the_losses_may_see_moves(observations: np.ndarray, reference_policy: ImpalaPolicy) -> None:
    env = MazeVecEnv(2, levels=range(9))
    model = PPO(MovePolicy, env, policy_kwargs=impala_policy_kwargs(), n_steps=8, batch_size=8, n_epochs=1, seed=0)
    copy_into(model, reference_policy)
    probabilities = model_probabilities(model, observations)
    assert np.allclose(probabilities, reference_policy.action_probabilities(observations), atol=1e-6)
    groups = [[0, 1, 2], [3], [5], [6, 7, 8], [4, 9, 10, 11, 12, 13, 14]]
    moves = np.stack([probabilities[:, group].sum(1) for group in groups], axis=1).astype(np.float64)
    inputs, _ = model.policy.obs_to_tensor(observations.transpose(0, 3, 1, 2))
    for action in range(15):
        actions = torch.full((len(observations),), action)
        _, log_probabilities, entropy = model.policy.evaluate_actions(inputs, actions)
        own = next(number for number, group in enumerate(groups) if action in group)
        assert np.allclose(log_probabilities.exp().detach(), moves[:, own], atol=1e-5)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_hand = -np.nansum(moves * np.log(moves), axis=1)
    assert np.allclose(entropy.detach(), by_hand, atol=1e-4)
    model.learn(32)
    assert not np.allclose(model_probabilities(model, observations), probabilities, atol=1e-7)
    assert impala_from(model).width == 1


def test_a_policy_becomes_a_model(reference_policy: ImpalaPolicy, observations: np.ndarray) -> None:
    model = make()
    copy_into(model, reference_policy)
    assert np.allclose(
        model_probabilities(model, observations), reference_policy.action_probabilities(observations), atol=1e-6
    )
    deterministic = evaluate_policy(model, MazeVecEnv(1, levels=3), n_eval_episodes=2, warn=False)[0]
    assert deterministic == 10.0


def test_evaluate_policy_agrees_with_evaluate(reference_policy: ImpalaPolicy) -> None:
    """Sampled within 12 steps: the share of rewarded episodes lies within 4 standard errors of the exact rate."""
    maze = Maze.from_level(11)
    steered = SteeredPolicy(reference_policy, -cheese_vector(reference_policy, maze), seed=0)
    rate = evaluate(steered, 11, horizon=12).frame["reach_cheese"][0]
    assert 0.2 < rate < 0.8
    episodes = 150
    rewards = evaluate_policy(
        steered,
        MazeVecEnv(50, levels=11, time_limit=12),
        n_eval_episodes=episodes,
        deterministic=False,
        warn=False,
        return_episode_rewards=True,
    )[0]
    share = np.mean(np.array(rewards) > 0)
    assert abs(share - rate) < 4 * np.sqrt(rate * (1 - rate) / episodes)


def test_deterministic_evaluations_agree_exactly(reference_policy: ImpalaPolicy) -> None:
    """The same mouse by evaluate_policy, by stepping, by the chain, and by a model that only predicts."""
    levels = [1, 3, 11, 26]
    measured = {"deterministic": True, "horizon": 16}
    steered = SteeredPolicy(reference_policy, -cheese_vector(reference_policy, Maze.from_level(26)))
    by_steps = evaluate(steered, levels, method="sampled", episodes=1, **measured).frame["reach_cheese"].tolist()
    by_chain = evaluate(steered, levels, **measured).frame["reach_cheese"].tolist()
    by_sb3 = [
        evaluate_policy(steered, MazeVecEnv(1, levels=level, time_limit=16), n_eval_episodes=1, warn=False)[0] / 10
        for level in levels
    ]
    assert by_steps == by_chain == by_sb3
    assert 0 < sum(by_steps) < len(levels)
    model = make()
    copy_into(model, reference_policy)
    by_model = evaluate(model, levels, method="sampled", episodes=1, **measured).frame["reach_cheese"].tolist()
    assert by_model == evaluate(reference_policy, levels, **measured).frame["reach_cheese"].tolist()


def test_other_models_are_refused(tmp_path: Path, reference_policy: ImpalaPolicy) -> None:
    path = tmp_path / "model.zip"

    def refused(message: str) -> None:
        with pytest.raises(CheckpointError, match=message):
            load_policy(path)

    PPO("CnnPolicy", MazeVecEnv(1), n_steps=8, batch_size=8).save(path)
    refused("holds another network")
    A2C("MlpPolicy", "CartPole-v1").save(path)
    refused(r"observations of shape \[4\] and dtype float32, not on this environment's")
    PPO("CnnPolicy", VecFrameStack(MazeVecEnv(1), 2), n_steps=8, batch_size=8).save(path)
    refused(r"observations of shape \[6, 64, 64\]")
    make(net_arch=[32]).save(path)
    refused(r"layers after the features, such as mlp_extractor.*net_arch must be \[\]")
    make(share_features_extractor=False).save(path)
    refused("share_features_extractor was off")
    model = make()
    state = model.policy.state_dict()
    name = "features_extractor.embedder.fc.weight"  # to compare two of these takes hours
    claimed = {parameter: torch.zeros(1, 1).expand(10**8, 10**4) for parameter in (name, f"pi_{name}", f"vf_{name}")}
    model.policy.state_dict = lambda: {**state, **claimed}
    model.save(path)
    refused("each of its numbers in the file")
    make().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused("not a whole Stable-Baselines3 model")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", json.dumps({}))
    refused("not a whole Stable-Baselines3 model")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", json.dumps({"observation_space": None}))
        archive.writestr("policy.pth", b"")
    refused("does not say what observations")
    with pytest.raises(ModelError, match="from NatureCNN, not from ImpalaExtractor"):
        impala_from(PPO("CnnPolicy", MazeVecEnv(1), n_steps=8, batch_size=8))
    with pytest.raises(ModelError, match="width 2, the policy 1"):
        copy_into(make(features_extractor_kwargs={"width": 2}), reference_policy)
    with pytest.raises(ValueError, match=r"channels first, got \(64, 64, 3\)"):
        ImpalaExtractor(spaces.Box(0, 255, (64, 64, 3), np.uint8))
