"""Condition strings: a clear error, or a condition whose coefficients are finite and that reads the same again."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from evaluation.measuring.conditions import Condition
from evaluation.measuring.expressions import ConditionError, read_expression

from .target import Outcome, Target, Work, generator, pattern_of

_NUMBERS = ("0", "1", "2", "0.5", "-1", "1e-1", "1e300", "5e-324", "1e999", "0x1f", "1_000", "3j", "1" * 40, "٣", "²")
_OPTIONS = (
    "level=0", "level=7", "level=2147483646", "level=2147483647", "level=-1", "level=1.5", "level='0'", "level=None",
    "level={[]: 1}", "level={**{}}", "level=[0]", "level=True", "seed=3", "seed=-1", "seed=1e3", "seed=0x" + "f" * 50,
    "like=cheese", "like='top_right'", "like=mouse", "like=b'cheese'", "layer='embedder.block1'", "layer=''", "layer=3",
    "layer='\\ud800'", "layer=f'{1}'", "**x", "*x", "level=0, level=0", "level=(1,)", "level=-+-1", "level={}",
    "seed={()}", "seed={{}}", "like={[]}", "like='c' 'heese'", "layer=a.b", "level=lambda: 0", "level=1+1j",
)  # fmt: skip
_TOKENS = (
    "cheese", "top_right", "random", "baseline", "chese", "+", "-", "*", "/", "**", "//", "%", "(", ")", "[", "]", "{",
    "}", ",", "=", ":=", ".", ":", ";", "\\", "'", '"', "#", "\n", "\t", "\0", "\x0c", "\ufeff", "λ", "\ud800",
    "\N{MATHEMATICAL DOUBLE-STRUCK DIGIT TWO}", "\N{FULLWIDTH LATIN SMALL LETTER C}heese",
    "lambda: 0", "await x", "yield", "x if y else z", "not", "~", "@", "...", "__import__('os').system('touch x')",
    "print(1)", "f'{cheese}'", "b'x'", "'\\N{BULLET}'", "None", "(" * 60, "-" * 90, "1if", "0o8", "cheese" * 30,
)  # fmt: skip


def _vector(rng: random.Random) -> str:
    name = rng.choice(("cheese", "top_right", "random", "baseline"))
    if rng.random() < 0.5:
        return name
    if rng.random() < 0.5:
        name, options = "random", ["level=3", "seed=1", "like='top_right'", 'layer="embedder.block1"']
    else:
        options = ["level=3", 'layer="embedder.block1"']
    return f"{name}({', '.join(rng.sample(options, rng.randint(0, len(options))))})"


def _expression(rng: random.Random, depth: int = 0) -> list[str]:
    """The pieces of a valid expression."""
    kind = rng.randrange(5) if depth < 4 else 0
    if kind <= 1:
        return [_vector(rng)]
    inner = _expression(rng, depth + 1)
    if kind == 2:
        return [rng.choice(("-", "+", "2*", "0.5 * ", "1e-3*")), "(", *inner, ")"]
    if kind == 3:
        return ["(", *inner, ")", rng.choice(("/2", "*3", " / 0.1"))]
    return [*inner, rng.choice((" + ", " - ", "-", "+")), *_expression(rng, depth + 1)]


def mutated(rng: random.Random) -> str:
    """A condition with one to eight of its pieces or signs changed; a few are left whole."""
    pieces = _expression(rng)
    if rng.random() < 0.05:
        return "".join(pieces)
    for _ in range(rng.randint(1, 8) if rng.random() < 0.3 else rng.randint(1, 2)):
        place = rng.randrange(len(pieces))
        kind = rng.randrange(8)
        if kind == 0:
            pieces[place] = rng.choice(_TOKENS)
        elif kind == 1:
            pieces.insert(place, rng.choice(_TOKENS))
        elif kind == 2 and len(pieces) > 1:
            del pieces[place]
        elif kind == 3:
            pieces[place] = f"{rng.choice(_NUMBERS)}*({pieces[place]})"
        elif kind == 4:
            pieces[place] = rng.choice(("cheese", "top_right", "random")) + f"({rng.choice(_OPTIONS)})"
        elif kind == 5:
            pieces[place] = rng.choice((_vector(rng), *_NUMBERS))
        elif kind == 6:
            pieces[place] = f"({rng.choice(_NUMBERS)} {rng.choice('+-*/')} {rng.choice(_NUMBERS)})*{pieces[place]}"
        else:
            pieces[place] = _sign_changed(rng, pieces[place])
    text = "".join(pieces)
    return text * rng.randint(2, 60) if rng.random() < 0.005 else text


def _sign_changed(rng: random.Random, piece: str) -> str:
    place = rng.randrange(len(piece) + 1)
    sign = chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x110000))))
    return piece[:place] + sign + piece[place + rng.randrange(2) :]


def _read(index: int, text: str) -> Outcome:
    try:
        condition = Condition.parse(text)
    except ConditionError as error:
        return Outcome(index, checks=(_check_of(str(error)),))
    except Exception as error:
        return Outcome(index, finding=f"{type(error).__name__} instead of ConditionError for {text!r}: {error}")
    terms = read_expression(condition.name).terms
    if not all(math.isfinite(coefficient) for coefficient, _ in terms):
        return Outcome(index, finding=f"coefficients that are not finite, for {text!r}: {terms}")
    if Condition.parse(condition.name) != condition:
        return Outcome(index, finding=f"reads otherwise again: {text!r}")
    return Outcome(index, accepted=True)


def _check_of(message: str) -> str:
    """The message's pattern without the expression that it begins with."""
    return pattern_of(message).removeprefix("condition '…': ")


def prepare(seed: int) -> Work:
    """Reads mutated conditions."""

    def work(indices: Sequence[int]) -> list[Outcome]:
        return [_read(index, mutated(generator(seed, "conditions", index))) for index in indices]

    return work


TARGET = Target(
    name="conditions",
    what=(
        "Conditions with one to eight pieces or signs changed, into `Condition.parse`. What is accepted has finite "
        "coefficients and reads the same again. Length and header: too long, or no Python expression."
    ),
    prepare=prepare,
    count=100_000,
    batch=500,
    seconds=60,
    header=(r"^(?!.*\(at column N\)|a number alone|.*nested too deeply)",),  # all but what the reader itself says
)
