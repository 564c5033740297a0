"""``python -m benchmarks.libraries``: the same jobs in other libraries, as docs/comparison.md has them.

The other libraries are no dependencies: ``pip install nnsight captum pyvene steering-vectors circrl`` first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from steered_env import Steering, read_activations

torch.manual_seed(0)


class Block(nn.Module):
    """Puts out a tuple, as the blocks of transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return x + self.fc(x), {"seen": x}


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x, _ = block(x)
        result: Tensor = self.head(x)
        return result


MLP = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
CNN = nn.Sequential(nn.Conv2d(1, 3, 1), nn.Flatten(), nn.Linear(48, 2))
BLOCKS = Transformer()
VECTORS, TOKENS, IMAGES = torch.rand(2, 4), torch.rand(2, 3, 4), torch.rand(2, 1, 4, 4)
with torch.no_grad():
    WANTED = {
        "MLP (B, C)": MLP[2](MLP[:2](VECTORS) + 1),
        "MLP (B, T, C)": MLP[2](MLP[:2](TOKENS) + 1),
        "CNN (B, C, H, W)": CNN[1:](CNN[0](IMAGES) + 1),
        "tuples": BLOCKS.head(BLOCKS.blocks[1](BLOCKS.blocks[0](TOKENS)[0] + 1)[0]),
    }
"""What adding 1 to a layer must give."""

Job = Callable[[], object]


def ours() -> Iterator[tuple[str, Job]]:
    def add(module: nn.Module, layer: str, tensor: Tensor, x: Tensor) -> Tensor:
        with Steering({layer: tensor}).applied_to(module):
            result: Tensor = module(x)
        return result

    yield "MLP (B, C)", lambda: add(MLP, "1", torch.ones(8), VECTORS)
    yield "MLP (B, T, C)", lambda: add(MLP, "1", torch.ones(8), TOKENS)
    yield "CNN (B, C, H, W)", lambda: add(CNN, "0", torch.ones(3, 1, 1), IMAGES)
    yield "tuples", lambda: add(BLOCKS, "blocks.0[0]", torch.ones(4), TOKENS)
    yield "reads tuples", lambda: read_activations(BLOCKS, ["blocks.0[0]"], TOKENS)["blocks.0[0]"]
    yield "another thread", lambda: other_thread(Steering({"1": torch.ones(8)}).applied_to(MLP))
    yield "an unknown layer", lambda: add(MLP, "9", torch.ones(8), VECTORS)
    yield "learned by gradient", lambda: Steering({"1": torch.ones(8, requires_grad=True)})


def nnsight() -> Iterator[tuple[str, Job]]:
    import nnsight as library

    def add(module: nn.Module, x: Tensor, part: Callable[[Any], Any], index: bool = False) -> Tensor:
        model = library.NNsight(module)
        with torch.no_grad(), model.trace(x):
            if index:
                part(model).output[0][:] = part(model).output[0] + 1
            else:
                part(model).output = part(model).output + 1
            outcome: Tensor = library.save(model.output)  # outside the trace: inside it, nothing has run yet
        return outcome.detach()

    yield "MLP (B, C)", lambda: add(MLP, VECTORS, lambda model: model[1])
    yield "MLP (B, T, C)", lambda: add(MLP, TOKENS, lambda model: model[1])
    yield "CNN (B, C, H, W)", lambda: add(CNN, IMAGES, lambda model: model[0])
    yield "tuples", lambda: add(BLOCKS, TOKENS, lambda model: model.blocks[0], index=True)
    yield "an unknown layer", lambda: add(MLP, VECTORS, lambda model: model.nine)


def steering_vectors() -> Iterator[tuple[str, Job]]:
    from steering_vectors import SteeringVector

    def applied(module: nn.Module, layer: str, tensor: Tensor) -> AbstractContextManager[Any]:
        vector = SteeringVector({0: tensor}, "decoder_block")
        return vector.apply(module, layer_config={"decoder_block": layer})  # type: ignore[no-any-return]

    def add(module: nn.Module, layer: str, tensor: Tensor, x: Tensor) -> Tensor:
        with applied(module, layer, tensor):
            result: Tensor = module(x)
        return result

    second = nn.Sequential(MLP[1], MLP[2])  # layers are counted from 0
    yield "MLP (B, C)", lambda: add(second, "{num}", torch.ones(8), MLP[0](VECTORS))
    yield "MLP (B, T, C)", lambda: add(second, "{num}", torch.ones(8), MLP[0](TOKENS))
    yield "CNN (B, C, H, W)", lambda: add(CNN, "{num}", torch.ones(3, 4, 4), IMAGES)
    yield "tuples", lambda: add(BLOCKS, "blocks.{num}", torch.ones(4), TOKENS)
    yield "another thread", lambda: other_thread(applied(second, "{num}", torch.ones(8)), second, MLP[0](TOKENS))
    yield "an unknown layer", lambda: add(MLP, "nine.{num}", torch.ones(8), TOKENS)


def circrl() -> Iterator[tuple[str, Job]]:
    from circrl.hooks import HookManager

    def add(module: nn.Module, layer: str, x: Tensor, change: Callable[[Any, Any], Any]) -> Tensor:
        with HookManager(module, hook={layer: change}):
            result: Tensor = module(x)
        return result

    yield "MLP (B, C)", lambda: add(MLP, "1", VECTORS, lambda _, out: out + 1)
    yield "MLP (B, T, C)", lambda: add(MLP, "1", TOKENS, lambda _, out: out + 1)
    yield "CNN (B, C, H, W)", lambda: add(CNN, "0", IMAGES, lambda _, out: out + 1)
    yield "tuples", lambda: add(BLOCKS, "blocks.0", TOKENS, lambda _, out: (out[0] + 1, out[1]))
    yield "another thread", lambda: other_thread(HookManager(MLP, hook={"1": lambda _, out: out + 1}))
    yield "an unknown layer", lambda: add(MLP, "nine", VECTORS, lambda _, out: out + 1)


def captum() -> Iterator[tuple[str, Job]]:
    from captum.attr import LayerActivation, LayerIntegratedGradients

    yield "reads tuples", lambda: LayerActivation(BLOCKS, BLOCKS.blocks[0]).attribute(TOKENS)[0]
    yield "attribution", lambda: LayerIntegratedGradients(CNN, CNN[0]).attribute(IMAGES, target=0)


def pyvene() -> Iterator[tuple[str, Job]]:
    import pyvene as library
    from transformers import PretrainedConfig

    def model(module: nn.Module, layer: str, width: int, *, with_config: bool = True) -> Any:
        if with_config:
            module.config = PretrainedConfig()  # type: ignore[assignment]
        addition = library.AdditionIntervention(source_representation=torch.ones(width), embed_dim=width)
        return library.IntervenableModel([{"component": f"{layer}.output", "intervention": addition}], model=module)

    yield "without a config", lambda: model(MLP, "1", 8, with_config=False)
    yield "MLP (B, C)", lambda: model(MLP, "1", 8)(base={"input": VECTORS})[1]
    yield "MLP (B, T, C)", lambda: model(MLP, "1", 8)(base={"input": TOKENS})[1]
    yield "CNN (B, C, H, W)", lambda: model(CNN, "0", 4)(base={"input": IMAGES})[1]
    yield "tuples", lambda: model(BLOCKS, "blocks[0]", 4)(base={"x": TOKENS})[1]
    yield "learned by gradient", lambda: len(list(library.RotatedSpaceIntervention(embed_dim=8).parameters()))
    yield "an unknown layer", lambda: model(MLP, "nine", 8)


def other_thread(block: AbstractContextManager[Any], module: nn.Module = MLP, x: Tensor = VECTORS) -> str:
    """Run a module in a thread of its own while this one steers it."""
    plain, seen = module(x), list[Tensor]()
    with block:
        thread = threading.Thread(target=lambda: seen.append(module(x)))
        thread.start()
        thread.join()
    return "is left alone" if torch.allclose(seen[0], plain) else "is steered as well"


def main() -> None:
    for library in (ours, nnsight, pyvene, steering_vectors, circrl, captum):
        for name, job in library():
            try:
                result = job()
            except Exception as error:
                outcome = f"{type(error).__name__}: {str(error).splitlines()[0][:100] if str(error) else ''}"
            else:
                outcome = str(result) if not isinstance(result, Tensor) else str(tuple(result.shape))
                if name in WANTED and isinstance(result, Tensor):
                    outcome = "right" if torch.allclose(result, WANTED[name], atol=1e-5) else "wrong"
            print(f"{library.__name__:18}{name:22}{outcome}", flush=True)


if __name__ == "__main__":
    main()
