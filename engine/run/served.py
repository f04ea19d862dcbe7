"""What rows got of a limit that they use up one after another: asked for, the limit, used before, given."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.model.ruleset import Amount
from engine.plan.relation import Relation, cast, column, named, table
from engine.plan.values.frames import fact_frame
from engine.plan.values.limits import (
    ASKED,
    CLOSED,
    GIVEN,
    HALF,
    LIMIT,
    NOW,
    USED,
    is_limited,
    limit_name,
    rows_of,
    running_cap,
)
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
    # Why is said of the answer among exceptions, where there are any.
    plain = replace(about, why="", cites=()) if amount.exceptions else about
    shown = f"{text(amount.value.span)}, {text(cap.span)}"
    found: list[Answer] = []
    whole: list[Answer] = []
    for key, row in _rows(world, asked, amount):
        tests = tuple(Tested(words, True) for words in _words(amount, row))
        candidate = Candidate("", plain, shown, True, (), tests)
        outcome = said(row[GIVEN], amount.type)
        answer = Answer(amount.name, about, outcome, ("", None), asked.names.get(key, ""), 1, (candidate,))
        (whole if row[GIVEN] == row[ASKED] else found).append(answer)
    if whole:
        alike = whole[0].outcome if len({one.outcome for one in whole}) == 1 else ""
        found.insert(0, replace(whole[0], rows=len(whole), outcome=alike))
    return found


def asked_before(world: World, asked: Asked) -> Asked | None:
    """The rows asked of that are facts of closed periods and got more of a limit in this run, as they stood before it;
    None where there are none."""
    grain = asked.grain
    if grain.form != "rows" or grain.rows[0] not in world.ruleset.kinds:
        return None
    limits = [
        limit_name(name)
        for name, one in world.ruleset.amounts.items()
        if is_limited(world.ruleset, name) and one.grain.rows == grain.rows and world.has(limit_name(name))
    ]
    more = {row for one in limits for row in world.executor.rows(_served_now(one))} & asked.wanted
    if not more:
        return None
    made = world.relation(asked.frame().base)
    name = f"{made.name} before"
    if not world.has(name):
        half = named(cast(exp.Literal.number("-1"), "INTEGER"), HALF)
        query = exp.select(*(column(one) for one in made.column_names), half).from_(table(made.name))
        columns = (*made.columns, (HALF, "INTEGER"))
        world.add(Relation(name, made.grain, columns, query, made.origin, stored=False))
    names = {key: asked.names.get(key, "") for key in more}
    return Asked(lambda: fact_frame(world, grain.rows[0], name), grain, asked.keys, frozenset(more), names)


def _served_now(limit: str) -> exp.Select:
    some = exp.NEQ(this=column(NOW), expression=exp.Literal.number("0"))
    return exp.select(column("fact")).from_(table(limit)).where(exp.and_(column(CLOSED), some))


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
