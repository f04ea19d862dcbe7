"""Tests: bound, and what each tells about the rows that pass it or fail it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from dsl import syntax
from engine.model.binding.algebra import agree, fit_pair, said_type
from engine.model.binding.asker import NOTHING, Asker, Facts, all_of
from engine.model.binding.fingerprint import fingerprint
from engine.model.binding.sources import exists_source
from engine.model.binding.terms import DATE, UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    ComparisonOf,
    ExistsTest,
    Expression,
    ItemOf,
    Literal,
    MissingTest,
    OneOfTest,
    PeriodTest,
    RegisterField,
    TestOf,
    TestsOf,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """How expressions are bound: handed in, because tests hold expressions and expressions hold tests."""

    bind: Callable[[World, Asker, syntax.Expression, DataType | None], Expression]
    needed: Callable[[World, Asker, Expression], Expression]


def bind_tests(world: World, binding: Binding, asker: Asker, node: syntax.Tests) -> TestsOf:
    """Bind tests in order; each knows that those before it hold (`and`) or do not (`or`)."""
    bound: list[TestOf] = []
    for one in node.tests:
        test = _test(world, binding, asker, one)
        bound.append(test)
        asker = asker.knowing(_negated(test) if node.joined == "or" else _facts(world, test))
    return TestsOf(tuple(bound), node.joined)


def facts_of(world: World, tests: TestsOf) -> Facts:
    """What is known of a row that passes."""
    each = [_facts(world, test) for test in tests.tests]
    if tests.joined != "or":
        return all_of(each)
    found = each[0]
    for one in each[1:]:
        found = found.either(one)
    return found


def facts_of_not(tests: TestsOf) -> Facts:
    """What is known of a row that fails."""
    each = [_negated(test) for test in tests.tests]
    if tests.joined == "or" or len(each) == 1:
        return all_of(each)
    return NOTHING


def _test(world: World, binding: Binding, asker: Asker, node: syntax.Test) -> TestOf:
    if isinstance(node, syntax.Exists):
        return _exists(world, binding, asker, node)
    if isinstance(node, syntax.IsMissing):
        return MissingTest(node.span, binding.bind(world, asker, node.left, None), node.negated)
    left = binding.needed(world, asker, binding.bind(world, asker, node.left, None))
    if isinstance(node, syntax.OneOf):
        options = tuple(_option(world, binding, asker, left, option) for option in node.options)
        return OneOfTest(node.span, left, node.negated, options)
    return _comparison(world, binding, asker, node, left)


def _option(world: World, binding: Binding, asker: Asker, left: Expression, option: syntax.Ref) -> Expression:
    found = binding.needed(world, asker, binding.bind(world, asker, option, left.type))
    agree(world, left, found, option.span, "compare")
    return found


def _comparison(
    world: World, binding: Binding, asker: Asker, node: syntax.Comparison, left: Expression
) -> ComparisonOf | PeriodTest:
    right = binding.needed(world, asker, binding.bind(world, asker, node.right, left.type))
    left, right = fit_pair(left, right)
    if node.operator in ("is", "is-not"):
        if left.type.family is Family.DATE and right.type.family is Family.PERIOD:
            return PeriodTest(node.span, left, node.operator == "is-not", right)
        agree(world, left, right, node.span, "compare")
        return ComparisonOf(node.span, left, node.operator, right)
    if agree(world, left, right, node.span, "compare"):
        _ordered(world, node, left)
    return ComparisonOf(node.span, left, node.operator, right)


def _ordered(world: World, node: syntax.Comparison, left: Expression) -> None:
    family = left.type.family
    if left.type == UNKNOWN:
        return
    if not left.type.is_numeric and family not in (Family.DATE, Family.PERIOD):
        world.error(
            "T201",
            f"{said_type(left.type)} is neither more nor less than another",
            node.span,
            "use `is` or `is one of`",
        )
    elif node.operator in ("before", "after") and family not in (Family.DATE, Family.PERIOD):
        right_word = "under" if node.operator == "before" else "over"
        world.error(
            "T201",
            f"`{node.operator}` compares dates, and this is {said_type(left.type)}",
            node.span,
            f"write `{right_word}`",
        )
    elif node.operator in ("under", "over") and family in (Family.DATE, Family.PERIOD):
        right_word = "before" if node.operator == "under" else "after"
        world.error(
            "T201",
            f"`{node.operator}` compares numbers, and this is {said_type(left.type)}",
            node.span,
            f"write `{right_word}`",
        )


def _exists(world: World, binding: Binding, asker: Asker, node: syntax.Exists) -> TestOf:
    source = exists_source(world, asker, node)
    before = None
    if node.before is not None:
        before = binding.needed(world, asker, binding.bind(world, asker, node.before, DATE))
    return ExistsTest(node.span, node.negated, source, before)


# ---- what tests tell -------------------------------------------------------------------------------------------------


def _facts(world: World, test: TestOf) -> Facts:
    if isinstance(test, MissingTest):
        return Facts(known=_known(test.left)) if test.negated else NOTHING
    if isinstance(test, ExistsTest):
        return NOTHING if test.negated else Facts(peopled=frozenset(test.source.grain.rows))
    if isinstance(test, ComparisonOf):
        return Facts(_implied(world, test), _nonzero(test))
    return NOTHING


def _negated(test: TestOf) -> Facts:
    if isinstance(test, MissingTest):
        return NOTHING if test.negated else Facts(known=_known(test.left))
    if isinstance(test, ExistsTest):
        return Facts(peopled=frozenset(test.source.grain.rows)) if test.negated else NOTHING
    if isinstance(test, ComparisonOf) and test.operator in ("is", "at-most") and _value(test.right) == 0:
        return Facts(nonzero=frozenset({fingerprint(test.left)}))
    return NOTHING


def _known(left: Expression) -> frozenset[str]:
    """A value known to be there; a register's value is there on the date asked, and its row with it."""
    found = {fingerprint(left)}
    if isinstance(left, RegisterField):
        found.add(fingerprint(replace(left, on=None)))
        found.update(fingerprint(key) for key in left.keys)
    return frozenset(found)


def _nonzero(test: ComparisonOf) -> frozenset[str]:
    limit = _value(test.right)
    if limit is None:
        return frozenset()
    over = (test.operator == "over" and limit >= 0) or (test.operator == "at-least" and limit > 0)
    under = (test.operator == "under" and limit <= 0) or (test.operator == "at-most" and limit < 0)
    other = (test.operator == "is-not" and limit == 0) or (test.operator == "is" and limit != 0)
    return frozenset({fingerprint(test.left)}) if over or under or other else frozenset()


def _implied(world: World, test: ComparisonOf) -> frozenset[str]:
    """What a decision's outcome tells: all that every exception with this outcome requires to be there."""
    left, right = test.left, test.right
    if test.operator != "is" or not isinstance(left, ItemOf) or left.keys or not isinstance(right, Literal):
        return frozenset()
    return world.outcome_guards.get((left.item, str(right.value)), frozenset())


def _value(expression: Expression) -> Decimal | None:
    if isinstance(expression, Literal) and isinstance(expression.value, Decimal):
        return expression.value
    return None
