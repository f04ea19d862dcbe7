"""Sums of named amounts: an expression as a linear combination of what cannot be taken apart further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.model.binding.fingerprint import fingerprint
from engine.model.expression import Arithmetic, Expression, Literal, LocalOf, Minus
from engine.model.ruleset import Local


@dataclass(frozen=True, slots=True)
class Term:
    """So many times one amount; `said` is the amount as people wrote it."""

    factor: Decimal
    said: str


Sum = dict[str, Term]
"""Terms by the fingerprint of their amount; none has factor 0."""


def linear(expression: Expression, locals_: Mapping[str, Local]) -> Sum:
    """The terms of an expression: sums and differences are taken apart, everything else is one amount."""
    if isinstance(expression, Literal) and isinstance(expression.value, Decimal):
        return _clean({"1": Term(expression.value, "1")})
    if isinstance(expression, Minus):
        return scaled(linear(expression.operand, locals_), Decimal(-1))
    if isinstance(expression, Arithmetic) and expression.operator in "+-":
        sign = Decimal(1) if expression.operator == "+" else Decimal(-1)
        return plus(linear(expression.left, locals_), scaled(linear(expression.right, locals_), sign))
    if isinstance(expression, Arithmetic) and expression.operator == "*":
        for factor, other in ((expression.left, expression.right), (expression.right, expression.left)):
            if isinstance(factor, Literal) and isinstance(factor.value, Decimal):
                return scaled(linear(other, locals_), factor.value)
    if isinstance(expression, LocalOf) and expression.name in locals_:
        value = locals_[expression.name].value
        if isinstance(value, Arithmetic | Minus | LocalOf | Literal):
            return linear(value, locals_)
        return {fingerprint(value): Term(Decimal(1), expression.name)}
    return {fingerprint(expression): Term(Decimal(1), " ".join(expression.span.text.split()))}


def plus(one: Sum, two: Sum) -> Sum:
    """The sum of two sums."""
    found = dict(one)
    for key, term in two.items():
        before = found.get(key)
        found[key] = Term(term.factor + (before.factor if before else 0), before.said if before else term.said)
    return _clean(found)


def scaled(one: Sum, factor: Decimal) -> Sum:
    """A sum times a number."""
    return _clean({key: Term(term.factor * factor, term.said) for key, term in one.items()})


def _clean(found: Sum) -> Sum:
    return {key: term for key, term in found.items() if term.factor != 0}


def said_sum(one: Sum) -> str:
    """A sum in words: `gross - 2 * net`."""
    parts: list[str] = []
    for key, term in one.items():
        size = abs(term.factor)
        amount = f"{size}" if key == "1" else term.said if size == 1 else f"{size} * {term.said}"
        if not parts:
            parts.append(amount if term.factor > 0 else f"-{amount}")
        else:
            parts.append(f"{'+' if term.factor > 0 else '-'} {amount}")
    return " ".join(parts) or "0"
