"""A value that may be missing or 0 is used only where the text has asked first; every way of asking counts."""

from __future__ import annotations

import pytest

from tests.model.small import SMALL, told

SETTLED = [
    "amount x for each shipment\n    when bonus is not missing\n    is bonus * 2",
    "amount x for each shipment\n    when bonus is not missing\n     and bonus is over 0\n    is bonus * 2",
    "amount x for each shipment is bonus * 2, but 0 when bonus is missing",
    "amount x for each shipment is 0, but bonus * 2 when bonus is not missing",
    "amount x for each shipment is unit-price * quantity, but bonus * 2"
    " when bonus is not missing and quantity is over 1 units",
    "amount x for each shipment is bonus * 2, but 0 when bonus is missing or bonus is under 0",
    "amount x for each shipment\n    when bonus is not missing\n    is 0\nexception y to x\n    becomes bonus * 2",
    "amount x for each shipment is 0\nexception y to x\n    when bonus is not missing\n    becomes bonus",
    "amount x for each shipment is bonus\namount y for each shipment is x * 2, but 0 when x is missing",
    "amount x for each pos-sale is price-list.list-price * quantity, but 0 when price-list is missing",
    "amount x for each company, part\n    is price-cut.new-price at the latest price-cut.change-date\n"
    "amount y for each company, part is x, but 0 when no price-cut exists for part",
    "amount x for each shipment is unit-price / unit-cost, but 0% when unit-cost is 0",
    "amount x for each shipment\n    when quantity is over 0\n    is bonus-free / quantity * quantity\n"
    "amount bonus-free for each shipment is unit-price * quantity",
    "amount x for each pos-sale is sum of gross / sum of cost-of-slice, but 0% when sum of cost-of-slice is at most 0",
    "amount x for each layer touched by pos-sale is gross / quantity * quantity",
    "amount x for each layer is 5 USD / layer.remaining * layer.remaining",
]

UNSETTLED = [
    ("T205", "amount x for each shipment is bonus * 2", "bonus"),
    ("T205", "amount x for each shipment is bonus * 2, but 0 when quantity is 0", "bonus"),
    ("T205", "amount x for each shipment is bonus * 2, but 0 when bonus is missing and quantity is 0", "bonus"),
    (
        "T205",
        "amount x for each shipment\n    when bonus is not missing\n      or quantity is 0\n    is bonus * 2",
        "bonus",
    ),
    ("T205", "amount x for each shipment is bonus\namount y for each shipment is x * 2", "x"),
    ("T205", "amount x for each shipment is 0, but bonus * 2 when bonus is missing", "bonus"),
    (
        "T205",
        "amount x for each company, part is average of price-cut.new-price\namount y for each company, part is x + x",
        "x",
    ),
    ("T204", "amount x for each company, part is 5 units / sum of pos-sale.quantity", "sum of pos-sale.quantity"),
    (
        "T204",
        "amount x for each pos-sale is sum of gross / sum of cost-of-slice, but 0% when quantity is 0",
        "sum of cost-of-slice",
    ),
]


@pytest.mark.parametrize("text", SETTLED)
def test_value_asked_for_may_be_used(text: str) -> None:
    assert told(f"{SMALL}{text}\n") == ()


@pytest.mark.parametrize(("code", "text", "underlined"), UNSETTLED)
def test_value_not_asked_for_is_told(code: str, text: str, underlined: str) -> None:
    found = told(f"{SMALL}{text}\n")
    assert (code, underlined) in [(one.code, one.underlined) for one in found]


DECIDED = """\
kind claim moves nothing on sale-date identified by company, document
    has partner, amount and perhaps bonus
decision worth-it for each claim is one of plain, special decided as of sale-date
    unless excepted, plain
    why "Usual."
exception is-special to worth-it
    when bonus is not missing
    becomes special
    why "With a bonus."
amount x for each claim
    when worth-it is special
    is lower of (amount, bonus)
"""


def test_outcome_only_exceptions_give_tells_what_they_all_require() -> None:
    assert told(SMALL + DECIDED) == ()
    other = 'exception also-special to worth-it\n    when amount is over 0\n    becomes special\n    why "Big."\n'
    assert ("T205", "bonus") in [(one.code, one.underlined) for one in told(SMALL + DECIDED + other)]
