"""Live Stable-Baselines3 models, steered and measured as they are."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.policies import ActorCriticCnnPolicy
from stable_baselines3.common.vec_env import VecFrameStack

from evaluation import evaluate, vector_field
from evaluation.storage import RunError
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, as_policy, cheese_vector
from steered_env.policy import UnknownPolicyError
from steered_env.sb3.extractor import copy_into, impala_policy_kwargs
from steered_env.sb3.moves import MovePolicy
from steered_env.sb3.vec_env import MazeVecEnv
from steered_env.simulator import draw_observations
from steered_env.steering import DEFAULT_LAYER, LayerError, find_layer

PREFIXED = f"features_extractor.{DEFAULT_LAYER}"


def ppo(policy: object = "CnnPolicy", **more: object) -> PPO:
    return PPO(policy, MazeVecEnv(1, levels=1), n_steps=8, batch_size=8, seed=0, **more)


@pytest.fixture(scope="module")
def model(small: ImpalaPolicy) -> PPO:
    """A PPO model with the network and weights of the shipped policy."""
    model = ppo(MovePolicy, policy_kwargs=impala_policy_kwargs())
    copy_into(model, small)
    return model


@pytest.fixture(scope="module")
def dqn() -> DQN:
    return DQN("CnnPolicy", MazeVecEnv(1, levels=1), buffer_size=8, seed=0)


def test_its_vectors_are_those_of_its_weights(model: PPO, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    expected = cheese_vector(small, mazes[0])
    for policy in (model, model.policy, as_policy(model)):
        for layer in (PREFIXED, DEFAULT_LAYER, f"pi_{PREFIXED}"):
            vector = cheese_vector(policy, mazes[0], layer=layer)
            assert torch.allclose(vector[layer], expected[DEFAULT_LAYER], atol=1e-4)


def test_its_network_is_steered_by_the_names_of_ours(model: PPO, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations, vector = draw_observations(mazes[:3]), cheese_vector(small, mazes[0])
    expected = SteeredPolicy(small, -vector).action_probabilities(observations)
    for policy in (model, model.policy):
        assert np.allclose(SteeredPolicy(policy, -vector).action_probabilities(observations), expected, atol=1e-5)
    with (-vector).applied_to(model.policy):
        inputs, _ = model.policy.obs_to_tensor(observations.transpose(0, 3, 1, 2))
        inside = model.policy.get_distribution(inputs).distribution.probs.detach().numpy()
        best, _ = model.predict(observations, deterministic=True)
    assert np.allclose(inside, expected, atol=1e-5)
    assert np.array_equal(best, expected.argmax(axis=1))
    with pytest.raises(TypeError, match=r"PPO.*policy"), vector.applied_to(model):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize("layer", [PREFIXED, f"pi_{PREFIXED}", f"{PREFIXED}_out"])
def test_our_network_is_steered_by_its_names(layer: str, model: PPO, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    vector = cheese_vector(model, mazes[0], layer=layer)
    expected = SteeredPolicy(small, cheese_vector(small, mazes[0])).action_probabilities(mazes[1].observe())
    found = SteeredPolicy(small, vector).action_probabilities(mazes[1].observe())
    assert np.allclose(found, expected, atol=1e-5)
    assert len(evaluate(small, 1, [("cheese", vector)], horizon=2).frame) == 1
    for unknown in ("embedder.block9.fc_policy", "features_extractor.block2.nothing", "features_extractor.conv1"):
        with pytest.raises(LayerError, match=r"no layer .*block2"):
            find_layer(small, unknown)


def test_it_is_measured_exactly(model: PPO, small: ImpalaPolicy) -> None:
    conditions = ["baseline", "-cheese"]
    for more in ({}, {"method": "sampled", "episodes": 5}):
        ours = evaluate(small, [1, 3], conditions, horizon=6, **more)
        for policy in (model, model.policy):
            theirs = evaluate(policy, [1, 3], conditions, horizon=6, **more)
            assert np.allclose(theirs.frame["reach_cheese"], ours.frame["reach_cheese"], atol=1e-4)
    assert evaluate(model, 1, horizon=2).description["policy"] == "PPO"
    maze = Maze.from_level(1)
    fields = [vector_field(policy, maze, "-cheese").arrows for policy in (model, small)]
    assert np.allclose(*fields, atol=1e-4, equal_nan=True)


def test_it_is_measured_into_a_folder(model: PPO, dqn: DQN, tmp_path: Path) -> None:
    """A model that was saved and loaded goes on with the run; one that learned is another."""
    for live in (model, dqn):
        name = type(live).__name__
        found = [evaluate(live, range(2), horizon=4, out=tmp_path / name)]
        live.predict(draw_observations([Maze.from_level(5)]))
        live.save(tmp_path / f"{name}.zip")
        loaded = type(live).load(tmp_path / f"{name}.zip")
        loaded.policy.optimizer.param_groups[0]["lr"] = 1.0
        found += [evaluate(again, range(2), horizon=4, out=tmp_path / name) for again in (live, loaded)]
        assert all(results.frame.equals(found[0].frame) for results in found)
        with torch.no_grad():
            next(loaded.policy.parameters()).add_(0.01)
        with pytest.raises(RunError, match="with weights"):
            evaluate(loaded, range(2), horizon=4, out=tmp_path / name)


def test_its_evaluation_takes_a_steered_policy(small: ImpalaPolicy) -> None:
    """`evaluate_policy` on the model's own environment hands over channels first."""
    steered = SteeredPolicy(small, seed=0)
    env = ppo(policy_kwargs=impala_policy_kwargs()).get_env()
    assert env is not None
    assert env.observation_space.shape == (3, 64, 64)
    assert evaluate_policy(steered, env, n_eval_episodes=2, warn=False)[0] == 10.0


def test_other_networks_and_algorithms(mazes: list[Maze]) -> None:
    """NatureCNN, features apart for actor and critic: the closed form at the start."""
    observation, without = mazes[0].observe(), mazes[0].without_cheese().observe()
    model = A2C("CnnPolicy", MazeVecEnv(1, levels=1), policy_kwargs={"share_features_extractor": False}, seed=0)
    with pytest.raises(LayerError, match=r"pi_features_extractor\.cnn\.0|vf_features_extractor\.cnn\.0"):
        cheese_vector(model, mazes[0], layer="cnn.0")
    layer = "pi_features_extractor.cnn.0"
    steered = SteeredPolicy(model, -cheese_vector(model, mazes[0], layer=layer))
    assert np.allclose(
        steered.action_probabilities(observation), as_policy(model).action_probabilities(without), atol=1e-5
    )
    with pytest.raises(LayerError, match="vf_features_extractor"):  # the critic chooses nothing
        cheese_vector(model, mazes[0], layer="vf_features_extractor.cnn.0")


def test_dqn_takes_the_best_action_but_for_what_it_explores(dqn: DQN, mazes: list[Maze]) -> None:
    observations = draw_observations(mazes[:6])
    best, _ = dqn.predict(observations, deterministic=True)
    assert np.array_equal(as_policy(dqn.policy).action_probabilities(observations), np.eye(15, dtype=np.float32)[best])
    dqn.exploration_rate = 0.9
    before, steered = as_policy(dqn), SteeredPolicy(dqn)
    for share in (0.0, 0.3):
        dqn.exploration_rate = share
        expected = (1 - share) * np.eye(15)[best] + share / 15
        for policy in (as_policy(dqn), before, steered):
            assert np.allclose(policy.action_probabilities(observations), expected, atol=1e-6)
    duplicate = copy.deepcopy(before)
    dqn.exploration_rate = 0.1
    assert (before.exploration, duplicate.exploration) == (0.1, 0.3)
    dqn.exploration_rate = 0.3
    drawn = np.array([dqn.predict(observations[:1])[0][0] for _ in range(600)])
    share = np.mean(drawn != best[0])
    assert abs(share - 0.3 * 14 / 15) < 4 * np.sqrt(0.28 * 0.72 / 600)
    layer = "features_extractor.cnn.0"
    vector = cheese_vector(dqn, mazes[0], layer=layer)
    assert vector.norm() > 0
    assert SteeredPolicy(dqn, vector).action_probabilities(observations).shape == (6, 15)
    with pytest.raises(LayerError, match=r"q_net\.features.*q_net_target\.features"), vector.applied_to(dqn.policy):
        pass
    assert len(evaluate(dqn, 1, ["baseline", ("cnn", vector)], horizon=4).frame) == 2


class OwnPredict(PPO):
    def predict(self, observation: np.ndarray, **more: object) -> tuple[np.ndarray, None]:
        return np.full(len(observation), 7), None


class OwnChoice(ActorCriticCnnPolicy):
    def _predict(self, observation: torch.Tensor, deterministic: bool = False) -> torch.Tensor:
        return torch.full((len(observation),), 7)


def test_models_whose_probabilities_are_not_known_say_why(model: PPO) -> None:
    stacked = PPO("CnnPolicy", VecFrameStack(MazeVecEnv(1, levels=1), 2), n_steps=8, batch_size=8)
    in_double = ppo()
    in_double.policy.double()
    cases = {
        r"\(6, 64, 64\)": stacked,
        "CartPole|float32": A2C("MlpPolicy", "CartPole-v1"),
        "_predict": ppo(OwnChoice),
        "predict": OwnPredict("CnnPolicy", MazeVecEnv(1, levels=1), n_steps=8, batch_size=8),
        r"float64.*\.float\(\)": in_double,
    }
    for why, unknown in cases.items():
        with pytest.raises(UnknownPolicyError, match=why):
            as_policy(unknown)
        with pytest.raises(ValueError, match=f'(?s)method="sampled".*({why})'):
            evaluate(unknown, 1, horizon=2)
    own = cases["predict"]
    assert evaluate(own, 1, method="sampled", episodes=2, horizon=2).frame["episodes"].tolist() == [2]
