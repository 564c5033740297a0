"""A small transformer that counts up or down from a digit, as its first word says: steered, it counts the other way.

Its blocks put out tuples, the activations and the attention, as those of larger ones do: ``blocks.0[0]`` is the first.
``python examples/steered_transformer.py --train 400`` made the network in ``agents/counting.safetensors`` in a minute.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from steered_env import Steering

NETWORK = Path(__file__).parent / "agents" / "counting.safetensors"
UP, DOWN = 10, 11
"""The words after the ten digits."""
LONGEST, WIDTH = 6, 32


class Block(nn.Module):
    """Causal attention and a layer of neurons; puts out the activations and the attention."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, 4, batch_first=True)
        self.neurons = nn.Sequential(nn.Linear(WIDTH, 64), nn.GELU(), nn.Linear(64, WIDTH))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, T, WIDTH)`` to the same, and the attention ``(B, T, T)``."""
        ahead = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        seen, attention = self.attention(self.norm1(x), self.norm1(x), self.norm1(x), attn_mask=ahead)
        x = x + seen
        return x + self.neurons(self.norm2(x)), attention


class Counter(nn.Module):
    """Words ``(B, T)`` to the logits of the next digit at every place, ``(B, T, 10)``."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(12, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, words: Tensor) -> Tensor:
        """Logits at every place."""
        x = self.words(words) + self.places.weight[: words.shape[1]]
        for block in self.blocks:
            x, _ = block(x)
        return self.head(x)


def counting(word: int, digits: Tensor, length: int) -> Tensor:
    """A word and ``length`` digits from each first one on, up or down: ``(B, 1 + length)``."""
    step = {UP: 1, DOWN: -1}[word]
    counted = (digits[:, None] + step * torch.arange(length)) % 10
    return torch.cat([torch.full_like(digits, word)[:, None], counted], dim=1)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--train", type=int, metavar="STEPS", help="make the network anew")
steps = parser.parse_args().train

torch.manual_seed(0)
network = Counter()
if steps:
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        words = torch.cat([counting(word, torch.randint(10, (32,)), LONGEST) for word in (UP, DOWN)])
        logits = network(words[:, :-1])[:, 1:]  # nothing tells the first digit
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), words[:, 2:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    NETWORK.parent.mkdir(exist_ok=True)
    save_file(network.state_dict(), NETWORK)
network.load_state_dict(load_file(NETWORK))

# ten prompts that say up and ten that say down, with the same ten digits: what differs is the direction
digits = torch.arange(10)
up, down = counting(UP, digits, 1), counting(DOWN, digits, 1)
downward = Steering.difference(network, down, up, layer="blocks.0[0]")

for coefficient in (0, 0.5, 1):
    with torch.no_grad(), (coefficient * downward).applied_to(network):
        likeliest = network(up)[:, -1].argmax(dim=1)
    goes = {name: int((likeliest == (digits + step) % 10).sum()) for name, step in (("up", 1), ("down", -1))}
    print(f"{coefficient} * downward: of ten told to count up, {goes['up']} do so and {goes['down']} count down")
