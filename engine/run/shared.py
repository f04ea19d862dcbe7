"""How a share of a whole came about: what was shared, what the part was given first, and what it weighs among all."""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from engine.model.expression import ItemOf
from engine.model.ruleset import Allocation, Item
from engine.model.walk import walk
from engine.plan.facts import DAY, PERIOD
from engine.plan.relation import column, named, table
from engine.plan.values.allocations import make_allocation, part_named
from engine.plan.values.frames import TOOLS
from engine.plan.values.periods import items_under
from engine.plan.values.shares_told import BY, GIVEN, LEFT, MORE, TOLD, WEIGHT, WEIGHTS, WHOLE
from engine.plan.world import World
from engine.run.basis import Asked, Key, Question
from engine.run.explanation import Answer, Candidate, Tested
from engine.run.said import rule, said, text


def reads_shares(world: World, nodes: object) -> bool:
    """Whether something reads a share, directly or through other items: then all facts must be there."""
    allocations = world.ruleset.allocations
    own = any(isinstance(one, ItemOf) and one.item in allocations for one in walk(nodes))
    return bool(allocations) and (own or any(one.name in allocations for one in items_under(world.ruleset, nodes)))


def shared_answers(world: World, asked: Asked, question: Question) -> list[Answer]:
    """For each row asked of the share it reads; nothing where the question is no share, or the facts are not there."""
    allocation = world.ruleset.allocations.get(question.node.item)
    if allocation is None or allocation.shares.over == DAY:
        return []
    kinds = {allocation.grain.rows[0], allocation.shares.over} - {PERIOD}
    if not all(world.has(one) for one in kinds):
        return []
    found: dict[tuple[object, ...], Answer] = {}
    for key, row in _rows(world, asked, question, allocation):
        answer = _answer(world, allocation, row, asked.names.get(key, ""))
        found.setdefault(tuple(sorted((name, str(value)) for name, value in row.items())), answer)
    return list(found.values())


def _answer(world: World, allocation: Allocation, row: dict[str, object], about: str) -> Answer:
    exception = next((one for one in allocation.exceptions if one.name == row[BY]), None)
    item: Item = allocation if exception is None else exception
    shares = allocation.shares if exception is None or exception.shares is None else exception.shares
    word = "allocation" if exception is None else "exception"
    usual = rule(world.ruleset, "allocation", allocation)
    shown = f"in proportion to {text(shares.weight.span)}"
    tests = tuple(Tested(words, True) for words in _words(allocation, row))
    candidate = Candidate(item.name if exception else "", rule(world.ruleset, word, item), shown, True, (), tests)
    outcome = said(row[allocation.name], allocation.type)
    return Answer(allocation.name, usual, outcome, ("", None), about, 1, (candidate,))


def _words(allocation: Allocation, row: dict[str, object]) -> list[str]:
    whole, left = (said(row[one], allocation.type) for one in (WHOLE, LEFT))
    words = [f"{whole} is shared" if row[WHOLE] == row[LEFT] else f"of {whole} what is given leaves {left}"]
    if row[GIVEN]:
        words.append(f"given {said(row[GIVEN], allocation.type)}")
    if row[WEIGHT]:
        words.append(f"weighs {said(_plain(row[WEIGHT]))} of {said(_plain(row[WEIGHTS]))}")
    if row[MORE]:
        words.append(f"takes one of the odd {allocation.shares.leftover}")
    return words


def _plain(value: object) -> object:
    return value.normalize() + Decimal(0) if isinstance(value, Decimal) else value


def _rows(
    world: World, asked: Asked, question: Question, allocation: Allocation
) -> list[tuple[Key, dict[str, object]]]:
    """The rows asked of with the share each reads and the columns that tell of it, in the order of their keys."""
    frame = asked.frame()
    made = make_allocation(world, allocation, TOOLS)
    on = part_named(frame, question.node)
    if allocation.shares.over == PERIOD:
        on[PERIOD] = frame.key(PERIOD).sql
    alias = frame.join(table(made.name), on)
    names = (allocation.name, *TOLD)
    keys = [named(frame.column(one), f"k{index}") for index, one in enumerate(asked.keys)]
    there = exp.Not(this=exp.Is(this=column(allocation.name, alias), expression=exp.Null()))
    query = frame.rows_query([]).select(*keys, *(named(column(one, alias), one) for one in names)).where(there)
    rows = world.executor.rows(query.order_by(*(exp.Ordered(this=column(f"k{at}")) for at in range(len(keys)))))
    found = [(tuple(row[: len(keys)]), dict(zip(names, row[len(keys) :], strict=True))) for row in rows]
    return [one for one in found if one[0] in asked.wanted]
