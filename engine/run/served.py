"""What rows got of a limit that they use up one after another: asked for, the limit, used before, given."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.model.ruleset import Amount
from engine.plan.relation import column, named, table
from engine.plan.values.limits import ASKED, CLOSED, GIVEN, LIMIT, NOW, USED, limit_name, rows_of, running_cap
from engine.plan.world import World
from engine.run.basis import Asked, Key, Question
from engine.run.explanation import Answer, Candidate, Tested
from engine.run.said import rule, said, text

TOLD = (ASKED, LIMIT, USED, GIVEN, NOW, CLOSED)


def served_answers(world: World, asked: Asked, question: Question) -> list[Answer]:
    """For each row asked of what it got under an amount's limit, rows that got all they asked for together; nothing
    where the amount has no such limit, or the run did not ask for it."""
    amount = world.ruleset.amounts.get(question.node.item)
    cap = None if amount is None else running_cap(amount)
    if amount is None or cap is None or not world.has(limit_name(amount.name)):
        return []
    about = rule(world.ruleset, "amount", amount)
    shown = f"{text(amount.value.span)}, {text(cap.span)}"
    found: list[Answer] = []
    whole: list[Answer] = []
    for key, row in _rows(world, asked, amount):
        tests = tuple(Tested(words, True) for words in _words(amount, row))
        candidate = Candidate("", about, shown, True, (), tests)
        outcome = said(row[GIVEN], amount.type)
        answer = Answer(amount.name, about, outcome, ("", None), asked.names.get(key, ""), 1, (candidate,))
        (whole if row[GIVEN] == row[ASKED] else found).append(answer)
    if whole:
        alike = whole[0].outcome if len({one.outcome for one in whole}) == 1 else ""
        found.insert(0, replace(whole[0], rows=len(whole), outcome=alike))
    return found


def _words(amount: Amount, row: dict[str, object]) -> list[str]:
    """A row's figures in sentences; what it got now apart where it got some before."""
    figures = {name: said(row[name], amount.type) for name in (ASKED, LIMIT, USED, GIVEN, NOW)}
    words = [
        f"asked for {figures[ASKED]}",
        f"the limit is {figures[LIMIT]}, and {figures[USED]} of it was used up before",
        f"given {figures[GIVEN]}",
    ]
    if row[CLOSED]:
        words[-1] += f", of which {figures[NOW]} in this period"
    return words


def _rows(world: World, asked: Asked, amount: Amount) -> list[tuple[Key, dict[str, object]]]:
    """The rows asked of that share the limit, with their figures, in the order of their keys."""
    frame = asked.frame()
    alias = frame.join(table(limit_name(amount.name)), {one: frame.column(one) for one in rows_of(frame, amount).keys})
    keys = [named(frame.column(one), f"k{index}") for index, one in enumerate(asked.keys)]
    figures = [named(column(one, alias), one) for one in TOLD]
    served = exp.Not(this=exp.Is(this=column(GIVEN, alias), expression=exp.Null()))
    query = frame.rows_query([]).select(*keys, *figures).where(served)
    rows = world.executor.rows(query.order_by(*(exp.Ordered(this=column(f"k{at}")) for at in range(len(keys)))))
    found = [(tuple(row[: len(keys)]), dict(zip(TOLD, row[len(keys) :], strict=True))) for row in rows]
    return [one for one in found if one[0] in asked.wanted]
