"""What names stand for: the row, key, item or field that a bound expression says, in the asker's own terms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.model.binding.fingerprint import fingerprint
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    AggregateOf,
    Arithmetic,
    BandOf,
    BucketOf,
    ComparisonOf,
    Converted,
    ExistsTest,
    Expression,
    FactField,
    FieldOf,
    ItemOf,
    KeyOf,
    Literal,
    LocalOf,
    MissingTest,
    MomentOf,
    Otherwise,
    RegisterField,
    RoundedOf,
)
from engine.model.ruleset import PostingLine, Ruleset
from engine.model.walk import walk
from tests.model.small import SMALL, resolved, told_of

MORE = """\
kind order moves nothing on sale-date identified by company, document
    has partner, amount
kind order-line moves nothing on sale-date identified by company, document, line
    has part, quantity and perhaps bonus
kind credit moves nothing on sale-date identified by company, line
    has order-line, amount
allocation order-price for each order
    spreads order.amount over order-line in proportion to order-line.quantity
    leftover cents by largest remainder, ties by line
amount line-price for each credit is order-line.order-price, but 0 when order-line.quantity is 0
amount list-value for each pos-sale
    is price-list.list-price on sale-date, but 0 USD when price-list is missing
control no-drift for each siso
    needs count of (siso where siso.variance is over 0) within last 3 periods is under 3
    otherwise raise drift low to analyst
control shipped-first for each pos-sale
    needs a shipment exists for partner, line as document before sale-date
    otherwise raise not-shipped low to analyst
journal blocked for each layer touched by pos-sale, pos-return posts on event-date in fiscal
    when treatment is not block
     and event-kind is pos-sale
     and layer.basis is sell-in
    debit  cogs  cost-of-slice
    credit goods cost-of-slice
amount worth for each company, partner, part, period
    is rounded(sum of (at-risk where layer.basis is sell-in) since previous quarter start through period end)
amount product-in-dollars for each shipment
    is rounded(unit-price * quantity converted to USD at spot rate on ship-date)
amount seen for each company, partner, part, period is absolute siso.value
exception dear-to-bravo to overhead
    when partner is BRAVO
    becomes 5.0%
amount loaded for each shipment is quantity * unit-price * overhead
"""


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    ruleset, found = resolved(SMALL + MORE)
    assert ruleset is not None, [(one.code, one.message, one.span.text) for one in found]
    return ruleset


def only(node: object, family: type[Expression]) -> Expression:
    found = [one for one in walk(node) if isinstance(one, family)]
    assert len({fingerprint(one) for one in found}) == 1, found
    return found[0]


def names(keys: tuple[tuple[str, Expression], ...]) -> dict[str, str]:
    return {
        name: f"{value.row}.{value.name}" if isinstance(value, FieldOf) else getattr(value, "name", "?")
        for name, value in keys
    }


def test_table_over_a_reconciliation_reads_its_own_row(rules: Ruleset) -> None:
    reported, value = rules.tables["treatments"].inputs
    assert isinstance(reported, FieldOf)
    assert (reported.row, reported.name, reported.perhaps) == ("siso", "reported", True)
    assert fingerprint(value) == "AbsoluteOf[FieldOf[siso,value]]"
    assert value.type == DataType(Family.MONEY, "USD")


def test_value_of_a_reconciliation_read_from_outside_is_an_item_with_its_keys(rules: Ruleset) -> None:
    seen = only(rules.amounts["seen"].value, ItemOf)
    assert isinstance(seen, ItemOf)
    assert seen.item == "siso.value"
    assert names(seen.keys) == {key: key for key in ("company", "partner", "part", "period")}


def test_decision_is_asked_with_the_asker_s_keys_and_date(rules: Ruleset) -> None:
    when = rules.journals["defer"].when
    assert when is not None
    [test] = when.tests
    assert isinstance(test, ComparisonOf)
    assert isinstance(test.left, ItemOf)
    assert names(test.left.keys) == {"company": "company", "partner": "shipment.partner", "part": "shipment.part"}
    assert isinstance(test.left.as_of, FieldOf)
    assert test.left.as_of.name == "ship-date"
    assert isinstance(test.right, Literal)
    assert (test.right.value, test.right.type.domain) == ("sell-through", "basis")


def test_slice_reads_its_fact_its_layer_and_items_of_its_period(rules: Ruleset) -> None:
    when = rules.journals["blocked"].when
    assert when is not None
    treatment, event_kind, basis = (test.left for test in when.tests if isinstance(test, ComparisonOf))
    assert isinstance(treatment, ItemOf)
    assert names(treatment.keys) == {key: key for key in ("company", "partner", "part", "period")}
    assert rules.journals["blocked"].grain.key("period") is None
    assert isinstance(event_kind, FieldOf)
    assert (event_kind.row, event_kind.type.values) == ("slice", ("pos-sale", "pos-return"))
    assert isinstance(basis, FieldOf)
    assert (basis.row, basis.name, basis.perhaps) == ("layer", "basis", False)


def test_amount_of_the_same_slice_has_no_keys_and_one_of_a_layer_is_the_layer_s_own(rules: Ruleset) -> None:
    line = rules.journals["blocked"].lines[0]
    assert isinstance(line, PostingLine)
    assert isinstance(line.value, ItemOf)
    assert line.value.keys == ()
    [change] = rules.layers["pool"].changes
    assert isinstance(change.value, ItemOf)
    assert (change.value.item, change.value.keys) == ("cut-price", ())


def test_register_of_two_keys_is_found_by_a_key_and_a_path(rules: Ruleset) -> None:
    value = rules.amounts["list-value"].value
    assert isinstance(value, Otherwise)
    assert isinstance(value.value, RegisterField)
    part, tier = value.value.keys
    assert isinstance(part, FieldOf)
    assert isinstance(tier, RegisterField)
    assert (part.name, tier.register, tier.name) == ("part", "partner", "tier")
    assert isinstance(value.value.on, FieldOf)
    [test] = value.when.tests
    assert isinstance(test, MissingTest)
    assert isinstance(test.left, RegisterField)
    assert (test.left.register, test.left.name) == ("price-list", "")


def test_aggregate_agrees_on_every_key_but_calendar_words(rules: Ruleset) -> None:
    total = only(rules.amounts["worth"].value, AggregateOf)
    assert isinstance(total, AggregateOf)
    assert total.source.grain.form == "layers"
    assert [fingerprint(theirs) for theirs, _ in total.source.matching] == [
        "KeyOf[company]",
        "KeyOf[partner]",
        "KeyOf[part]",
    ]
    assert total.window is not None
    assert isinstance(total.window.since, MomentOf)
    assert (total.window.since.shift, total.window.since.unit, total.window.since.edge) == (
        "previous",
        "quarter",
        "start",
    )
    assert total.where is not None


def test_reconciliation_s_own_rows_are_counted_over_its_periods(rules: Ruleset) -> None:
    count = only(rules.controls["no-drift"].needs, AggregateOf)
    assert isinstance(count, AggregateOf)
    assert (count.value, count.source.grain.rows) == (None, ("siso",))
    assert len(count.source.matching) == 3
    assert count.window is not None
    assert (count.window.last, count.window.unit) == (3, "period")


def test_exists_agrees_on_what_is_named_and_on_company(rules: Ruleset) -> None:
    [test] = rules.controls["shipped-first"].needs.tests
    assert isinstance(test, ExistsTest)
    pairs = [(fingerprint(theirs), fingerprint(ours)) for theirs, ours in test.source.matching]
    assert pairs == [
        ("KeyOf[company]", "KeyOf[company]"),
        ("FieldOf[shipment,partner]", "KeyOf[partner]"),
        ("KeyOf[document]", "KeyOf[line]"),
    ]
    assert isinstance(test.before, FieldOf)


def test_parameter_with_an_exception_is_read_with_the_names_the_exception_reads(rules: Ruleset) -> None:
    overhead = rules.parameters["overhead"]
    assert [key.name for key in overhead.grain.keys] == ["company", "partner"]
    assert overhead.column_key is None
    read = only(rules.amounts["loaded"].value, ItemOf)
    assert isinstance(read, ItemOf)
    assert names(read.keys) == {"company": "company", "partner": "shipment.partner"}
    [rule] = overhead.exceptions
    assert rule.when is not None
    [test] = rule.when.tests
    assert isinstance(test, ComparisonOf)
    assert isinstance(test.left, KeyOf)
    assert isinstance(test.right, Literal)
    assert test.right.value == "BRAVO"


def test_banded_parameter_knows_its_ends(rules: Ruleset) -> None:
    bands = rules.parameters["fade"].bands
    assert [(band.low, band.high) for band in bands] == [(None, Decimal(30)), (Decimal(30), None)]
    band = only(rules.amounts["at-risk"].value, BandOf)
    assert isinstance(band, BandOf)
    assert not band.through


def test_share_of_an_allocation_is_read_through_a_reference(rules: Ruleset) -> None:
    value = rules.amounts["line-price"].value
    assert isinstance(value, Otherwise)
    assert isinstance(value.value, ItemOf)
    assert (value.value.item, names(value.value.keys)) == ("order-price", {"order-line": "credit.order-line"})
    [test] = value.when.tests
    assert isinstance(test, ComparisonOf)
    assert isinstance(test.left, FactField)
    assert [name for name, _ in test.left.keys] == ["identity"]
    assert [key.name for key in rules.allocations["order-price"].shares.part_grain.keys] == [
        "company",
        "document",
        "line",
    ]


def test_conversion_behind_a_product_converts_the_product(rules: Ruleset) -> None:
    value = rules.amounts["product-in-dollars"].value
    assert isinstance(value, RoundedOf)
    assert isinstance(value.value, Converted)
    assert isinstance(value.value.value, Arithmetic)
    assert value.type == DataType(Family.MONEY, "USD")


def test_stock_is_kept_by_the_keys_the_asker_has(rules: Ruleset) -> None:
    expected = rules.reconciliations["siso"].expected
    assert isinstance(expected, BucketOf)
    assert names(expected.keys) == {"company": "company", "partner": "partner", "part": "part"}


def test_layers_know_what_opens_them_and_what_leaves(rules: Ruleset) -> None:
    pool = rules.layers["pool"]
    assert (pool.opening_kinds, pool.leaving_kinds, pool.returning_kinds) == (
        ("shipment",),
        ("pos-sale",),
        ("pos-return",),
    )
    assert (pool.order, pool.order_by) == ("oldest", ("ship-date", "document"))


def test_item_without_dates_takes_those_of_its_text(rules: Ruleset) -> None:
    [rule] = rules.decisions["basis"].exceptions
    assert str(rule.meta.effective_from) == "2020-01-01"
    assert rule.to == ("basis",)


def test_posting_line_reads_a_local_amount(rules: Ruleset) -> None:
    line = rules.journals["defer"].lines[0]
    assert isinstance(line, PostingLine)
    assert isinstance(line.value, LocalOf)
    assert (line.value.name, line.value.type.family) == ("price", Family.MONEY)


def test_parts_must_be_told_apart_by_what_ties_are_broken_by() -> None:
    text = SMALL + MORE.replace("ties by line", "ties by part").replace(
        "quantity and perhaps", "quantity, amount and perhaps"
    )
    found = told_of("T314", text)
    assert (found.message, found.underlined, found.help) == (
        "`part` does not tell the parts apart",
        "part",
        "name what does: line",
    )
