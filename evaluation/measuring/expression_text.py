"""Writing combinations of vectors as the expressions that are read as them."""

from __future__ import annotations

from dataclasses import fields

from evaluation.storage import BASELINE

from .vectors import Combination, Function, Term, Vector


def write_expression(combination: Combination) -> str:
    """Write a combination as an expression of the condition language.

    Example:
        >>> from evaluation.measuring.expressions import read_expression
        >>> write_expression(read_expression("-(cheese - top_right(level=3)*2) + unit(cheese)/4"))
        '-cheese + 2*top_right(level=3) + 0.25*unit(cheese)'
    """
    text = ""
    for coefficient, term in combination.terms:
        size = abs(coefficient)
        number = "" if size == 1 else f"{size:g}*" if float(f"{size:g}") == size else f"{size!r}*"
        sign = "-" if coefficient < 0 else "+"
        lead = f" {sign} " if text else "-" if coefficient < 0 else ""
        text += f"{lead}{number}{_written(term)}"
    return text or BASELINE


def _written(term: Term) -> str:
    if isinstance(term, Function):
        return f"{term.name}({', '.join(write_expression(argument) for argument in term.arguments)})"
    if not isinstance(term, Vector):
        return term.name
    plain = Vector(term.name)
    options = [
        f"{field.name}={_option(field.name, getattr(term, field.name))}"
        for field in fields(term)
        if getattr(term, field.name) != getattr(plain, field.name)
    ]
    return f"{term.name}({', '.join(options)})" if options else term.name


def _option(name: str, value: object) -> str:
    if isinstance(value, range):
        return f"'{value.start}:{value.stop}'"
    if name == "levels" and isinstance(value, tuple):
        return f"'{','.join(map(str, value))}'"
    return repr(value)
