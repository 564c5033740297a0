"""Networks of every make, inputs of every kind, and layers that put out more than one tensor."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.policies import ActorCriticCnnPolicy, ActorCriticPolicy
from stable_baselines3.dqn.policies import CnnPolicy as DQNPolicy
from torch import Tensor, nn

from evaluation import evaluate, vector_field
from steered_env import LayerError, Maze, SteeredPolicy, Steering, activations, as_policy, cheese_vector
from steered_env.policy import UnknownPolicyError
from steered_env.steering import read_activations, scaling

ACTIONS = spaces.Discrete(15)
MAZE = Maze.from_level(3)


def gray(observations: Tensor) -> Tensor:
    """``(B, 1, 64, 64)`` uint8."""
    return observations.float().mean(dim=3).to(torch.uint8)[:, None]


def stacked(observations: Tensor) -> Tensor:
    """``(B, 6, 64, 64)`` uint8: a mouse that stood still for two steps."""
    return observations.permute(0, 3, 1, 2).repeat(1, 2, 1, 1)


def sb3(kind: Any, channels: int, **settings: Any) -> nn.Module:
    space = spaces.Box(0, 255, (channels, 64, 64), np.uint8)
    torch.manual_seed(0)
    policy = kind(space, ACTIONS, lambda _: 0.0, **settings)
    with torch.no_grad():
        for weight in policy.parameters():
            weight.mul_(3)  # as initialised, a policy is almost uniform
    return policy


def small_network(channels: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(channels, 4, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(900, 15))


class InBytes(nn.Module):
    """Takes observations as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small_network(3)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        assert observations.dtype == torch.uint8
        logits = self.net(observations.permute(0, 3, 1, 2) / 255.0)
        return logits, logits.sum(dim=1)


class ChannelsLast(nn.Module):
    """Works on ``(B, H, W, C)`` all the way."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.mix, self.head = nn.Linear(3, 5), nn.Linear(5 * 64 * 64, 15)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.mix(images).relu().flatten(1))
        return logits


KINDS: dict[str, tuple[Callable[[], object], str]] = {
    "PPO and A2C": (lambda: sb3(ActorCriticCnnPolicy, 3), "features_extractor.cnn.2"),
    "DQN": (lambda: sb3(DQNPolicy, 3), "features_extractor.cnn.2"),
    "grayscale, SB3": (lambda: as_policy(sb3(ActorCriticCnnPolicy, 1), preprocess=gray), "features_extractor.cnn.0"),
    "stacked, SB3": (lambda: as_policy(sb3(ActorCriticCnnPolicy, 6), preprocess=stacked), "features_extractor.cnn.0"),
    "stacked, DQN": (lambda: as_policy(sb3(DQNPolicy, 6), preprocess=stacked), "q_net.features_extractor.cnn.0"),
    "uint8": (lambda: as_policy(InBytes()), "net.0"),
    "grayscale": (lambda: as_policy(small_network(1), preprocess=lambda o: gray(o) / 255), "0"),
    "stacked": (lambda: as_policy(small_network(6), preprocess=lambda o: stacked(o) / 255), "0"),
    "channels last": (lambda: as_policy(ChannelsLast(), preprocess=lambda o: o / 255), "mix"),
    "plain module": (lambda: as_policy(small_network(3), preprocess=lambda o: o.permute(0, 3, 1, 2) / 255), "1"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_closed_form_holds_for_every_network(kind: str) -> None:
    """At the start, minus the cheese vector is no cheese: in a loop, and where it is measured."""
    make, layer = KINDS[kind]
    policy = make()
    here, without = MAZE.observe(), MAZE.without_cheese().observe()
    expected = as_policy(policy).action_probabilities(without)
    steered = SteeredPolicy(policy, -cheese_vector(policy, MAZE, layer=layer))
    assert np.allclose(steered.action_probabilities(here), expected, atol=1e-5)
    assert np.allclose(steered.action_probabilities(np.stack([here, here]))[1], expected, atol=1e-5)
    field = vector_field(policy, MAZE, f"-cheese(layer='{layer}')")
    assert np.allclose(field.probabilities[MAZE.start], expected, atol=1e-5)
    if "DQN" not in kind:  # whose best action seldom changes
        assert not np.allclose(as_policy(policy).action_probabilities(here), expected, atol=1e-4)
    assert (
        len(evaluate(policy, mazes=[MAZE], conditions=["baseline", f"-cheese(layer='{layer}')"], horizon=2).frame) == 2
    )


def test_models_with_observations_of_their_own_say_what_to_write() -> None:
    policy = sb3(ActorCriticCnnPolicy, 6)
    with pytest.raises(UnknownPolicyError, match=r"as_policy\(model, preprocess="):
        cheese_vector(policy, MAZE, layer="features_extractor.cnn.0")
    with pytest.raises(ValueError, match=r"\(1, 1, 64, 64\).*6, 64, 64"):
        as_policy(policy, preprocess=gray).action_probabilities(MAZE.observe())
    with pytest.raises(TypeError, match="logits"):
        as_policy(policy, preprocess=stacked, logits=lambda output: output)
    with pytest.raises(ValueError, match=r"\(1, 7\).*logits="):
        as_policy(nn.Sequential(nn.Flatten(), nn.Linear(12288, 7)), Tensor.float).action_probabilities(MAZE.observe())


@pytest.mark.parametrize("net", [ActorCriticCnnPolicy, DQNPolicy])
def test_observations_that_the_model_scales_must_not_be_scaled_before(net: type) -> None:
    model, observation = sb3(net, 1), MAZE.observe()
    as_bytes = as_policy(model, preprocess=gray).action_probabilities(observation)
    as_floats = as_policy(model, preprocess=lambda o: gray(o).float())
    assert np.allclose(as_floats.action_probabilities(observation), as_bytes, atol=1e-6)
    assert as_floats.action_probabilities(np.zeros_like(observation)).shape == (15,)
    for scaled in (lambda o: gray(o) / 255, lambda o: gray(o) / 127.5 - 1, lambda o: gray(o) - 128.0):
        policy = as_policy(model, preprocess=scaled)
        with pytest.raises(ValueError, match=r"0 to 255.*division"):
            policy.action_probabilities(observation)
        with pytest.raises(ValueError, match=r"0 to 255.*division"):
            policy.logits_with_gradient(observation)
        seen = scaled(torch.as_tensor(observation[None])).numpy()
        with pytest.raises(ValueError, match=r"0 to 255.*division"):
            Steering.difference(model, seen, seen, layer="features_extractor.cnn.0")


def test_a_model_that_takes_floats_gets_them() -> None:
    model = ActorCriticPolicy(spaces.Box(0, 1, (12288,), np.float32), ACTIONS, lambda _: 0.1)
    policy = as_policy(model, preprocess=lambda o: o.flatten(1) / 255)
    assert policy.action_probabilities(MAZE.observe()).sum() == pytest.approx(1, abs=1e-5)


def test_a_model_that_learned_is_copied() -> None:
    """After a pass with gradients its distribution holds tensors of that pass's graph."""
    policy = sb3(ActorCriticCnnPolicy, 3)
    policy.train()
    policy.get_distribution(torch.zeros(1, 3, 64, 64)).log_prob(torch.zeros(1)).sum().backward()
    assert len(evaluate(policy, mazes=[MAZE], horizon=2, workers=2).frame) == 1


# --- outside mazes


@pytest.fixture(scope="module")
def cartpole() -> PPO:
    return PPO("MlpPolicy", "CartPole-v1", n_steps=8, batch_size=8, seed=0, device="cpu")


def test_observations_of_other_environments(cartpole: PPO) -> None:
    a, b = np.array([1, 0, 0.1, 0], np.float32), np.array([0, 0, 0, 0.2], np.float32)
    layer = "mlp_extractor.policy_net.1"
    vector = Steering.difference(cartpole, a, b, layer=layer)
    assert vector == Steering.difference(cartpole.policy, a[None], b[None], layer=layer)
    net = cartpole.policy.mlp_extractor.policy_net
    with torch.no_grad():
        assert torch.allclose(vector[layer], (net[:2](torch.tensor(a)) - net[:2](torch.tensor(b))), atol=1e-6)

    def chances(observation: np.ndarray) -> Tensor:
        return cartpole.policy.get_distribution(torch.tensor(observation[None])).distribution.probs

    with torch.no_grad():
        expected = chances(a)
        with vector.applied_to(cartpole.policy):
            assert torch.allclose(chances(b), expected, atol=1e-6)
    twice = Steering.difference(cartpole, np.stack([a, b]), b, layer=layer)  # of a batch the mean
    assert torch.allclose(twice[layer], vector[layer] / 2, atol=1e-6)
    with pytest.raises(TypeError, match="PPO"):
        Steering.difference(cartpole, "left", "right", layer=layer)


def test_dicts_and_numbers_as_observations() -> None:
    space = spaces.Dict({"seen": spaces.Box(0, 1, (3,)), "place": spaces.Discrete(4)})

    class Env(gymnasium.Env[Any, Any]):
        observation_space, action_space = space, spaces.Discrete(2)

    model = DQN("MultiInputPolicy", Env(), buffer_size=4, device="cpu")
    a, b = ({"seen": np.full(3, x, np.float32), "place": np.array(x)} for x in (1, 0))
    assert Steering.difference(model, a, b, layer="q_net.1").norm() > 0  # q_net.q_net.1, found by its end
    model = DQN("MlpPolicy", "FrozenLake-v1", buffer_size=4, device="cpu")
    assert Steering.difference(model, np.array(1), np.array(2), layer="q_net.1").norm() > 0


Pair = namedtuple("Pair", "hidden other")


@dataclass
class Output:
    hidden: Tensor
    label: str


class Holding(nn.Module):
    """Puts out the activations inside something else."""

    def __init__(self, wrap: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.wrap = wrap

    def forward(self, x: Tensor) -> Any:
        return self.wrap(x * 1)


class Holder(nn.Module):
    def __init__(self, wrap: Callable[[Tensor], Any], unwrap: Callable[[Any], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inside, self.fc, self.unwrap = Holding(wrap), nn.Linear(2, 2), unwrap

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.fc(self.unwrap(self.inside(x)))
        return result


HOLDERS: dict[str, tuple[Callable[[Tensor], Any], Callable[[Any], Tensor]]] = {
    "inside[1]": (lambda x: (x * 0, x), lambda out: out[1]),
    "inside[0]": (lambda x: [x, None], lambda out: out[0]),
    "inside[0].": (lambda x: Pair(x, 3), lambda out: out.hidden),
    "inside['x']": (lambda x: {"x": x, "n": 1}, lambda out: out["x"]),
    "inside[x]": (lambda x: {"x": x}, lambda out: out["x"]),
    "inside[hidden]": (lambda x: Output(x, "left"), lambda out: out.hidden if out.label == "left" else out),
    "inside[past][1][0]": (lambda x: {"past": (1, [x])}, lambda out: out["past"][1][0]),
}


@pytest.mark.parametrize("layer", HOLDERS)
def test_tensors_inside_outputs_are_read_and_steered(layer: str) -> None:
    wrap, unwrap = HOLDERS[layer]
    layer, module = layer.rstrip("."), Holder(wrap, unwrap)
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert torch.equal(read_activations(module, [layer], x)[layer], x)
    vector = Steering.difference(module, x[:1], x[1:], layer=layer)
    assert torch.allclose(vector[layer], torch.tensor([-2.0, -2.0]))
    with torch.no_grad(), vector.then(scaling(2, layer=layer)).applied_to(module):
        assert torch.allclose(module(x), module.fc((x - 2) * 2), atol=1e-6)


def test_what_is_not_in_an_output_is_named() -> None:
    x = torch.ones(1, 2)
    module = Holder(lambda x: (x, {"y": x, "n": torch.tensor([1])}), lambda out: out[0])
    for layer, near in (
        ("inside", r"inside\[0\], inside\[1\]\['y'\]"),
        ("inside[5]", "without 5"),
        ("inside[1]", "dict"),
    ):
        with pytest.raises(LayerError, match=near), scaling(2, layer=layer).applied_to(module):
            module(x)
        with pytest.raises(LayerError, match=near):
            read_activations(module, [layer], x)
    with pytest.raises(LayerError, match="int64"):
        read_activations(module, ["inside[1][n]"], x)
    for broken in ("inside[", "inside[-1]", "inside[0]x"):
        with pytest.raises(LayerError, match=r"cannot be read|without '-1'"):
            read_activations(module, [broken], x)
    with pytest.raises(LayerError, match=r"'fc\[0\]'|'fc' puts out one tensor"):
        read_activations(module, ["fc[0]"], x)
    both = (
        Steering({"inside[0]": torch.ones(2)})
        .then(scaling(3, layer="inside[1][y]"))
        .then(scaling(2, layer="inside[0]"))
    )
    with torch.no_grad(), both.applied_to(module):
        assert torch.allclose(module(x), module.fc((x + 1) * 2))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 3)

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        result: Tensor = self.fc(x * scale)
        return result


def test_arguments_of_modules() -> None:
    module, x = TwoInputs(), torch.ones(1, 2)
    expected = Steering.difference(module, 2 * x, x, layer="fc")
    for a in ((x, 2.0), {"x": x, "scale": 2.0}, 2 * x.double().numpy()):
        assert Steering.difference(module, a, x, layer="fc") == expected
    with pytest.raises(LayerError, match=r"input\[None\]"):
        Steering.difference(module, x[0], x[0], layer="fc")
    words = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 3))
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(4, 3\)"):
        Steering.difference(words, torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 4, dtype=torch.long), layer="0")


# --- what cannot be read or steered


class Shared(nn.Module):
    """One layer that runs twice, one that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.unused = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.fc(self.fc(x))
        return result


def test_a_layer_that_is_put_out_twice_or_never() -> None:
    module, x = Shared(), torch.ones(1, 2)
    with pytest.raises(LayerError, match="2 calls"):
        read_activations(module, ["fc"], x)
    with torch.no_grad(), Steering({"fc": torch.ones(2)}).applied_to(module):
        steered = module(x)
    assert torch.allclose(steered, module.fc(module.fc(x) + 1) + 1)  # every time
    with pytest.raises(LayerError, match="'unused'"):
        read_activations(module, ["unused"], x)
    with pytest.raises(LayerError, match="'unused'"), Steering({"unused": torch.ones(2)}).applied_to(module):
        module(x)
    with Steering({"unused": torch.ones(2)}).applied_to(module):
        module.fc(x)  # a part alone says nothing about the whole


class DropsByFunction(nn.Module):
    """No part of torch's that drops, but a function."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, self.training)


@pytest.mark.parametrize(
    "part",
    [
        nn.Dropout(0.5),
        nn.BatchNorm2d(4),
        nn.Dropout(0.0),
        DropsByFunction(),
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 4, 1)),
        nn.utils.spectral_norm(nn.Conv2d(4, 4, 1)),
    ],
    ids=["dropout", "batch norm", "dropout of nothing", "function", "spectral norm", "spectral norm by hook"],
)
def test_training_mode_is_refused_where_it_matters(part: nn.Module) -> None:
    network = small_network(3)
    network.insert(1, part)  # type: ignore[operator]
    policy = as_policy(network, preprocess=lambda o: o.permute(0, 3, 1, 2) / 255)
    policy.train()
    if getattr(part, "p", 1) == 0:
        assert cheese_vector(policy, MAZE, layer="1").norm() > 0
        return
    for make in (lambda: cheese_vector(policy, MAZE, layer="0"), lambda: SteeredPolicy(policy)):
        with pytest.raises(ValueError, match=r"module\.1.* \(.*\.eval\(\)"):
            make()
    steered = SteeredPolicy(policy.eval(), cheese_vector(policy, MAZE, layer="0"))
    assert steered.predict(MAZE.observe())[0] in range(15)
    policy.train()  # as a training loop does
    with pytest.raises(ValueError, match=r"module\.1.* \(.*\.eval\(\)"):
        steered.predict(MAZE.observe())


@pytest.mark.parametrize("preprocess", [None, gray], ids=["mazes", "grayscale"])
def test_sb3_models_leave_training_mode_themselves(preprocess: Callable[[Tensor], Tensor] | None) -> None:
    """At every step, however they are wrapped: their training turns it on again and again."""
    model = sb3(ActorCriticCnnPolicy, 3 if preprocess is None else 1)
    model.features_extractor.cnn.insert(2, nn.Dropout(0.5))
    policy = as_policy(model, preprocess=preprocess)
    layer = "features_extractor.cnn.0"
    model.set_training_mode(True)
    vector = cheese_vector(policy, MAZE, layer=layer)
    steered = SteeredPolicy(policy, vector)
    first = steered.action_probabilities(MAZE.observe())
    model.set_training_mode(True)
    assert np.array_equal(steered.action_probabilities(MAZE.observe()), first)
    model.set_training_mode(True)
    assert activations(policy, [MAZE], layer, grad=True).keys() == {layer, f"{layer}:grad"}
    assert not model.training


def test_precision_follows_the_activations() -> None:
    module, x = nn.Sequential(nn.Linear(2, 2)).to(torch.bfloat16), torch.ones(1, 2, dtype=torch.bfloat16)
    vector = Steering.difference(module, x, 0 * x, layer="0")
    assert vector["0"].dtype == torch.float32
    with torch.no_grad(), vector.applied_to(module):
        assert module(0 * x).dtype == torch.bfloat16
