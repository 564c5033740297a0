"""The condition as sliders and as text, each made of the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evaluation.measuring import Combination, Given, Term, Vector, read_expression, write_expression
from steered_env import Steering

WORDS = ("cheese", "top_right", "random")
"""Vectors that have a slider always."""


def stand_of_sliders(
    expression: str, words: Iterable[str], layer: str, vectors: Mapping[str, Steering]
) -> tuple[dict[str, float], Combination]:
    """Read where each slider stands in a condition, and what no slider stands for.

    Args:
        expression: The condition.
        words: A slider each.
        layer: The layer of the sliders' vectors.
        vectors: Vectors of the caller's, by the words that stand for them.

    Raises:
        ConditionError: if the expression is no condition.
    """
    combination = read_expression(" ".join(expression.split()), vectors)
    sliders, others = dict.fromkeys(words, 0.0), []
    for coefficient, term in combination.terms:
        word = _word_of(term, layer)
        if word in sliders:
            sliders[word] += coefficient
        else:
            others.append((coefficient, term))
    return sliders, Combination(tuple(others))


def text_of_sliders(
    sliders: Mapping[str, float], others: Combination, layer: str, vectors: Mapping[str, Steering]
) -> str:
    """Write the condition of sliders, and of what no slider stands for; what is added comes first."""
    terms: list[tuple[float, Term]] = []
    for word, coefficient in sliders.items():
        term = Given(word, vectors[word]) if word in vectors else Vector(word, layer=layer)
        terms.append((round(coefficient, 6), term))
    terms = [*(term for term in terms if term[0] > 0), *(term for term in terms if term[0] < 0), *others.terms]
    return write_expression(Combination(tuple(terms)))


def _word_of(term: Term, layer: str) -> str | None:
    if isinstance(term, Given):
        return term.name
    return term.name if isinstance(term, Vector) and term == Vector(term.name, layer=layer) else None
