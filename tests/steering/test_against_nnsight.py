"""The same edits through another library: nnsight, on an MLP, a CNN, and a transformer whose blocks put out tuples."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from steered_env import Steering
from steered_env.steering import Intervention, read_activations, scaling, zero_ablation


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        seen, weights = self.attention(self.norm(x), self.norm(x), self.norm(x))
        return x + self.fc(torch.relu(x + seen)), {"weights": weights}


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 8)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.head = nn.Linear(8, 10)

    def forward(self, words: Tensor) -> Tensor:
        x = self.words(words)
        for block in self.blocks:
            x, _ = block(x)
        return self.head(x)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


def cnn() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.Flatten(), nn.Linear(64, 5))


CASES: dict[str, tuple[Callable[[], nn.Module], str, Tensor, Tensor]] = {
    "mlp": (mlp, "1", torch.linspace(-1, 1, 8).reshape(2, 4), torch.ones(1, 4)),
    "cnn": (cnn, "2", torch.linspace(0, 1, 2 * 192).reshape(2, 3, 8, 8), torch.ones(1, 3, 8, 8)),
    "transformer": (Transformer, "blocks.0[0]", torch.tensor([[1, 2, 3], [7, 8, 9]]), torch.tensor([[4, 4, 4]])),
}


@pytest.fixture(scope="module")
def nnsight() -> ModuleType:
    """The library, imported only here, since that takes long."""
    import nnsight

    nnsight._c.unmount("save")  # which importing it puts onto every object, here and in other tests
    return nnsight


@pytest.mark.parametrize("name", CASES)
def test_the_same_edits_through_nnsight(name: str, nnsight: ModuleType) -> None:
    torch.manual_seed(0)
    make, layer, x, other = CASES[name]
    module = make().eval()
    traced = nnsight.NNsight(module)
    part = traced
    for word in layer.partition("[")[0].split("."):
        part = part[int(word)] if word.isdigit() else getattr(part, word)
    in_tuple = layer.endswith("[0]")

    with torch.no_grad(), traced.trace(x):
        read = nnsight.save(part.output[0] if in_tuple else part.output)
    assert torch.equal(read_activations(module, [layer], x)[layer], read)

    with torch.no_grad(), traced.trace(other):
        there = nnsight.save(part.output[0] if in_tuple else part.output)
    vector = Steering.difference(module, x[:1], other, layer=layer)
    assert torch.allclose(vector[layer], read[0] - there[0], atol=1e-6)

    edits: dict[str, tuple[Intervention, Callable[[Tensor], Tensor]]] = {
        "add": (2 * vector, lambda activations: activations + 2 * (read[0] - there[0])),
        "scale": (scaling(-0.5, layer=layer), lambda activations: activations * -0.5),
        "zero": (zero_ablation(layer=layer, channels=[1]), lambda activations: without_channel(activations, 1)),
    }
    for edit, (ours, theirs) in edits.items():
        with torch.no_grad(), traced.trace(x):
            if in_tuple:
                part.output[0][:] = theirs(part.output[0])
            else:
                part.output = theirs(part.output)
            expected = nnsight.save(traced.output)
        with torch.no_grad(), ours.applied_to(module):
            assert torch.allclose(module(x), expected, atol=1e-6), edit
        assert not torch.allclose(module(x), expected, atol=1e-4), edit


def without_channel(activations: Tensor, channel: int) -> Tensor:
    result = activations.clone()
    result.select(1 if result.ndim == 4 else -1, channel)[:] = 0
    return result
