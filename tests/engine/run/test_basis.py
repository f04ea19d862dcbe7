"""Rules asked again: of several versions of a name the one in force, with the dates that kept the others out."""

from __future__ import annotations

from dsl.span import Source, Span
from engine.model.expression import ItemOf
from engine.plan.values.frames import frame_of
from engine.run.basis import Asked, Question, answers
from engine.run.explanation import Answer
from tests.support.small_world import HEAD, small_world

ORDERS = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    order-date is a date
register partner identified by code
kind order moves nothing on order-date identified by document
    has partner, quantity
amount fee for each order
    is 1.00 USD
    version 1
amount fee for each order
    is 2.00 USD
    effective from 2026-01-15
    version 2
    why "Side letter."
table sizes decides size for each order
    | row | quantity => size |
    | all | any      => few  |
table sizes decides size for each order
    | row | quantity => size |
    | all | any      => many |
    effective from 2026-01-15
    why "Larger boxes."
"""
)


def asked(name: str) -> list[Answer]:
    days = {"O1": "2026-01-14", "O2": "2026-01-15"}
    rows = [{"document": at, "order-date": day, "partner": "ACME", "quantity": 1} for at, day in days.items()]
    ran = small_world(ORDERS, {"partner": [{"partner": "ACME"}], "order": rows})
    ruleset, world = ran.ruleset, ran.run.world
    item = ruleset.amounts.get(name) or ruleset.tables["sizes"]
    type_ = ruleset.amounts[name].type if name in ruleset.amounts else dict(ruleset.tables["sizes"].outputs)[name]
    about = Asked(
        lambda: frame_of(world, item.grain), item.grain, ("document",), frozenset({("O1",), ("O2",)}),
        {("O1",): "O1", ("O2",): "O2"},
    )  # fmt: skip
    node = ItemOf(type_, Span(Source("x", "x"), 0, 1), False, name, (), None)
    return sorted(answers(world, about, Question(node, item.grain)), key=lambda one: one.about)


def test_the_version_of_an_amount_in_force_stands_and_the_other_says_its_dates() -> None:
    before, after = asked("fee")
    assert [(one.about, one.outcome) for one in (before, after)] == [("O1", "1.00"), ("O2", "2.00")]
    usual, later = after.candidates
    assert (later.rule.word, later.rule.version, later.rule.why, later.in_play) == ("amount", "2", "Side letter.", True)
    assert [one.words for one in usual.tests] == ["effective through 2026-01-14, governed by 2026-01-15"]
    assert [one.words for one in before.candidates[1].tests] == ["effective from 2026-01-15, governed by 2026-01-14"]
    assert not before.candidates[1].in_play


def test_the_row_of_a_table_is_that_of_the_version_in_force_with_its_reason() -> None:
    before, after = asked("size")
    assert [(one.outcome, one.candidates[0].name, one.rule.why) for one in (before, after)] == [
        ("few", "all", ""),
        ("many", "all from 2026-01-15", "Larger boxes."),
    ]
