from __future__ import annotations

import numpy as np
import pytest
import torch
from stable_baselines3.common.evaluation import evaluate_policy

from steered_env import ImpalaPolicy, LayerError, Maze, MazeEnv, SteeredPolicy, Steering, cheese_vector
from steered_env.steering import sample_actions, scaling


def test_steers_its_own_passes_only(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = mazes[12]
    plain = reference_policy.action_probabilities(maze.observe())
    steered = SteeredPolicy(reference_policy, -cheese_vector(reference_policy, maze))
    without = reference_policy.action_probabilities(maze.without_cheese().observe())
    assert np.allclose(steered.action_probabilities(maze.observe()), without, atol=1e-5)
    assert np.array_equal(reference_policy.action_probabilities(maze.observe()), plain)


def test_predict_has_stable_baselines_signature(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = np.stack([maze.observe() for maze in mazes[:5]])
    steered = SteeredPolicy(reference_policy, seed=0)
    actions, state = steered.predict(observations, state=None, episode_start=np.ones(5, bool), deterministic=False)
    assert (actions.shape, actions.dtype, state) == ((5,), np.int64, None)
    one, _ = steered.predict(observations[0], deterministic=True)
    assert np.shape(one) == ()
    assert one == reference_policy.action_probabilities(observations[0]).argmax()
    again = SteeredPolicy(reference_policy, seed=0)
    assert np.array_equal(again.predict(observations)[0], actions)


def test_actions_follow_the_probabilities() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(15)).astype(np.float32)
    drawn = sample_actions(np.tile(probabilities, (40_000, 1)), generator.random(40_000))
    counts = np.bincount(drawn, minlength=15)
    deviations = (counts - 40_000 * probabilities) / np.sqrt(40_000 * probabilities * (1 - probabilities))
    assert np.abs(deviations).max() < 4
    edge = sample_actions(np.tile(probabilities, (2, 1)), np.array([0.0, np.nextafter(1, 0)]))
    assert edge.tolist() == [0, 14]


def test_goes_into_stable_baselines_evaluation(reference_policy: ImpalaPolicy) -> None:
    env = MazeEnv(levels=1, time_limit=20)
    reward, deviation = evaluate_policy(SteeredPolicy(reference_policy), env, n_eval_episodes=2, warn=False)
    assert (reward, deviation) == (10.0, 0.0)


def test_observations_as_stable_baselines_transposes_them(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = np.stack([maze.observe() for maze in mazes[:3]])
    steered = SteeredPolicy(small, cheese_vector(small, mazes[0]))
    expected = steered.action_probabilities(observations)
    assert np.array_equal(steered.action_probabilities(observations.transpose(0, 3, 1, 2)), expected)
    assert np.allclose(steered.action_probabilities(observations[0].transpose(2, 0, 1)), expected[0], atol=1e-6)
    assert np.shape(steered.predict(observations[0].transpose(2, 0, 1))[0]) == ()
    assert steered.predict(observations.transpose(0, 3, 1, 2))[0].shape == (3,)


def test_no_action_is_chosen_from_what_are_no_probabilities(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    with pytest.raises(ValueError, match="nan"):
        SteeredPolicy(small, scaling(1e38)).predict(mazes[0].observe())


def test_bad_arguments(reference_policy: ImpalaPolicy) -> None:
    with pytest.raises(TypeError, match="got 'small'"):
        SteeredPolicy("small")  # type: ignore[arg-type]
    with pytest.raises(LayerError, match="near names"):
        SteeredPolicy(reference_policy, Steering({"embedder.block9": torch.zeros(1)}))
    with pytest.raises(TypeError, match=r"a steering is a Steering or another Intervention, .*, got int"):
        SteeredPolicy(reference_policy, 3)  # type: ignore[arg-type]


def test_weights_that_are_not_finite() -> None:
    policy = ImpalaPolicy()
    with torch.no_grad():
        policy.fc_policy.bias[2:4] = torch.nan
    with pytest.raises(ValueError, match=r"fc_policy\.bias holds numbers that are not finite \(2 of 15\)"):
        SteeredPolicy(policy)
