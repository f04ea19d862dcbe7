"""What an overlay may change stands changed in the merged ruleset, and all of the base that it left alone stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.model.expression import Literal
from engine.model.ruleset import Ruleset
from tests.model.small import OVERLAY, SMALL, planted, resolved, told_of

CHANGES = """
terms
    tier is one of gold, silver, bronze
amend parameter reserve-rate because "A new tier, a new year."
    add row | 2026-01-01 | 2.5% | 3.5% |
    add column | bronze | 5.0% | 4.5% |
amend table treatments because "Materiality differs by tier."
    add input partner.tier
    withdraw row large
    add row | large-gold | at least 0 units | at least 5,000 USD | gold           => high | block | controller |
    add row | large-rest | at least 0 units | at least 5,000 USD | silver, bronze => high | ask   | controller |
amend accounts ledger because "Another number."
    withdraw row goods
    add row | goods | 1399 | "Goods" | asset | debit | non-monetary |
amend layers pool because "Newest first."
    leave newest first by ship-date
    price-cut changes unit-cost of units held on change-date by 0
amend calendar fiscal because "Weeks."
    weeks 4-4-5, year ends saturday nearest 31 january, week 53 joins period 12, named by its first day
exception bravo to basis, at-resale
    effective from 2026-03-01 through 2026-12-31
    when partner is BRAVO
    becomes sell-in
"""


@pytest.fixture(scope="module")
def merged() -> Ruleset:
    ruleset, found = resolved(SMALL, OVERLAY + CHANGES)
    assert ruleset is not None, [(one.code, one.message, one.span.text) for one in found]
    return ruleset


def test_grid_of_a_parameter_grows_by_row_and_column(merged: Ruleset) -> None:
    rate = merged.parameters["reserve-rate"]
    assert [band.name for band in rate.bands] == ["gold", "silver", "bronze"]
    values = {day: [one.value for one in row if isinstance(one, Literal)] for day, row in rate.rows}
    assert values == {
        date(2020, 1, 1): [Decimal("0.03"), Decimal("0.04"), Decimal("0.05")],
        date(2026, 1, 1): [Decimal("0.025"), Decimal("0.035"), Decimal("0.045")],
    }


def test_old_rows_of_a_table_hold_any_in_a_new_input(merged: Ruleset) -> None:
    table = merged.tables["treatments"]
    assert [row.name for row in table.rows] == ["none", "small", "mid", "large-gold", "large-rest"]
    assert [row.cells[-1].form for row in table.rows] == ["any", "any", "any", "values", "values"]
    rest = table.rows[-1].cells[-1].values
    assert [one.value for one in rest if isinstance(one, Literal)] == ["silver", "bronze"]


def test_phrase_of_the_same_form_is_replaced_and_a_new_one_added(merged: Ruleset) -> None:
    pool = merged.layers["pool"]
    assert (pool.order, pool.order_by) == ("newest", ("ship-date",))
    assert [(change.carried, change.form) for change in pool.changes] == [("unit-price", "to"), ("unit-cost", "by")]
    assert pool.late == "catch-up"


def test_calendar_line_replaces_that_of_its_form(merged: Ruleset) -> None:
    fiscal = merged.calendars["fiscal"]
    assert (fiscal.pattern, fiscal.weekday, fiscal.end_month, fiscal.end_day) == ("4-4-5", 5, 1, 31)
    assert (fiscal.extra_joins, fiscal.named_by, fiscal.zone) == (12, "first", "America/New_York")
    assert fiscal.except_register == "holiday"


def test_account_and_exception_of_the_overlay_stand(merged: Ruleset) -> None:
    assert merged.accounts["goods"].number == "1399"
    rules = {rule.name: rule for rule in merged.decisions["basis"].exceptions}
    assert rules["bravo"].to == ("basis", "at-resale")
    assert (rules["bravo"].meta.effective_from, rules["bravo"].meta.effective_through) == (
        date(2026, 3, 1),
        date(2026, 12, 31),
    )


def test_head_is_that_of_the_overlay_with_the_currency_of_the_base(merged: Ruleset) -> None:
    assert merged.head.lineage == (("small", Decimal(1)), ("over", Decimal(1)))
    assert (merged.head.name, merged.head.currency, merged.head.rounding) == ("over", "USD", "half-up")
    assert list(merged.journals) == ["defer", "recognise", "sell-in-sale", "keep-reserve"]


def test_withdrawn_exception_is_forgotten_by_those_that_yielded_to_it_too() -> None:
    firm = "exception firm to basis, at-resale\n    when partner is BRAVO\n    becomes sell-in\n"
    base = planted(("parameter reserve-rate is", f"{firm}parameter reserve-rate is"))
    ruleset, found = resolved(base, f'{OVERLAY}\nwithdraw at-resale because "No resale here."\n')
    assert ruleset is not None, [(one.code, one.message) for one in found]
    [rule] = ruleset.decisions["basis"].exceptions
    assert rule.to == ("basis",)


def test_second_overlay_changes_only_what_the_first_opened_too() -> None:
    third = "ruleset top version 1\n    extends over version 1\n    owner controller\n"
    amend = 'amend accounts ledger because "No."\n    withdraw row goods\n'
    found = told_of("T603", SMALL, f"{OVERLAY}\n", third + amend)
    assert found.message == "overlay `top` amends accounts `ledger`; `over` opened only parameters"
    raised = 'amend parameter overhead because "More."\n    add row | 2026-01-01 | 2.0% |\n'
    ruleset, _ = resolved(SMALL, f"{OVERLAY}\n", third + raised)
    assert ruleset is not None
    assert len(ruleset.parameters["overhead"].rows) == 2
    assert [name for name, _ in ruleset.head.lineage] == ["small", "over", "top"]


def test_a_version_of_an_overlay_stands_beside_that_of_the_base_and_ends_it() -> None:
    version = """
table treatments decides severity, treatment, approver for each siso
    | row  | reported         | absolute value => severity | treatment | approver |
    | none | missing          | any            => high     | ask       | analyst  |
    | some | at least 0 units | any            => low      | absorb    | nobody   |
    effective from 2026-03-01
"""
    ruleset, found = resolved(SMALL, OVERLAY + version)
    assert ruleset is not None, [(one.code, one.message, one.span.text) for one in found]
    rows = {row.name: row.meta for row in ruleset.tables["treatments"].rows}
    assert list(rows) == ["none", "small", "mid", "large", "none from 2026-03-01", "some"]
    dates = {name: (meta.effective_from, meta.effective_through) for name, meta in rows.items() if meta is not None}
    assert dates["large"] == (None, date(2026, 2, 28))
    assert dates["some"] == (date(2026, 3, 1), None)
