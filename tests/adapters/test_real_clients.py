"""Two real clients by configuration and ruleset only: every row is a fact or is explained, and the figures of their
closes are those of an independent reckoning over the raw files, or of SAP itself."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import perpetual_stock, purchase_history
from tests.support.perpetual_stock import Difference, Movement, Reason
from tests.support.purchase_history import OrderLine, to_cents
from tests.support.real_clients import ClosedClient, RealClient, take_in
from tests.support.shared import shared_path

NOTHING = Decimal(0)
VALUES = ("at-order-price", "at-list-price", "at-standard-cost")


# ---- AdventureWorks: purchase orders -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def purchases() -> Path:
    """The folder of the raw files."""
    return shared_path("data", "adventureworks")


@pytest.fixture(scope="module")
def orders(purchases: Path) -> list[OrderLine]:
    return purchase_history.order_lines(purchases)


@pytest.fixture(scope="module")
def loaded(purchases: Path, tmp_path_factory: pytest.TempPathFactory) -> RealClient:
    return take_in("adventureworks", purchases, tmp_path_factory.mktemp("adventureworks") / "books")


@pytest.fixture(scope="module")
def before_prices(loaded: RealClient, tmp_path_factory: pytest.TempPathFactory) -> ClosedClient:
    """A close, in books of its own, before any part bought by then had a list price or standard cost."""
    return loaded.copy(tmp_path_factory.mktemp("before-prices") / "books").close("FY2024-P04")


@pytest.fixture(scope="module")
def bought(
    loaded: RealClient,
    before_prices: object,  # noqa: ARG001 - its books are copied before these are closed
) -> tuple[RealClient, ClosedClient, ClosedClient]:
    """The books; the first close, which takes in all that came before; a trial of the last period with an order."""
    return loaded, loaded.close("FY2025-P07", hard=True), loaded.close("FY2025-P10")


def test_adventureworks_loses_no_row(loaded: RealClient) -> None:
    assert {name: (file.received, file.quarantined, file.set_aside) for name, file in loaded.files.items()} == {
        "Product.csv": (504, 0, 0),
        "Vendor.csv": (104, 0, 0),
        "ProductListPriceHistory.csv": (395, 0, 0),
        "ProductCostHistory.csv": (395, 0, 0),
        "PurchaseOrderHeader.csv": (4012, 0, 0),
        "PurchaseOrderDetail.csv": (8845, 0, 0),
        "ProductInventory.csv": (1069, 0, 0),
    }
    assert all(file.received == file.accepted + file.quarantined for file in loaded.files.values())
    records = (*loaded.ruleset.registers, *loaded.ruleset.kinds)
    assert {name: len(loaded.facts(name)) for name in records} == {
        "part": 504,
        "vendor": 104,
        "price-book": 395,
        "cost-book": 395,
        "purchase-order": 4012,
        "order-receipt": 8845,
        "vendor-return": 563,
        "stock-count": 1069,
    }


def test_receipts_less_returns_are_the_units_in_layers_and_what_was_stocked(
    loaded: RealClient, orders: list[OrderLine], bought: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    received, rejected, stocked = loaded.files["PurchaseOrderDetail.csv"].totals
    assert received.accepted == sum(one.received for one in orders) == 2_327_299
    assert rejected.accepted == sum(one.rejected for one in orders) == 72_700
    assert stocked.accepted == sum(one.stocked for one in orders) == 2_254_599
    layers = bought[2].rows("layer")
    assert sum(row["remaining"] for row in layers) == received.accepted - rejected.accepted == stocked.accepted


def test_every_layer_is_what_its_own_order_left(
    orders: list[OrderLine], bought: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    for closed in bought[1:]:
        bought_by_part = purchase_history.layers_on(orders, closed.result.end)
        reckoned = {
            (layer.order, layer.line): (part, layer.units, layer.price)
            for part, held in bought_by_part.items()
            for layer in held
        }
        layers = {
            (row["document"], row["line"]): (row["part"], row["remaining"], row["unit-price"])
            for row in closed.rows("layer")
        }
        assert layers == reckoned
    assert len(layers) == 8_704


def test_stock_is_valued_at_order_price_and_the_ledger_holds_it_layer_by_layer(
    orders: list[OrderLine], bought: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    for closed in bought[1:]:
        by_part = purchase_history.layers_on(orders, closed.result.end)
        reported = closed.report("shelf-value")
        assert {part: row["at-order-price"] for part, row in reported.items()} == {
            part: to_cents(sum((layer.units * layer.price for layer in by_part.get(part, ())), NOTHING))
            for part in reported
        }
        assert closed.closing_balance("parts-roll-forward") == {
            part: sum((to_cents(layer.units * layer.price) for layer in held), NOTHING)
            for part, held in by_part.items()
        }
    assert sum(closed.closing_balance("parts-roll-forward").values()) == Decimal("61211701.66")


def test_list_price_and_standard_cost_are_those_of_the_day(
    purchases: Path,
    orders: list[OrderLine],
    before_prices: ClosedClient,
    bought: tuple[RealClient, ClosedClient, ClosedClient],
) -> None:
    closes = (before_prices, *bought[1:])
    for closed in closes:
        day = closed.result.end
        held = purchase_history.held_on(orders, day)
        for file, column in (("ProductListPriceHistory", "at-list-price"), ("ProductCostHistory", "at-standard-cost")):
            prices = purchase_history.prices_on(purchases / f"{file}.csv", day)
            reported = {part: row[column] for part, row in closed.report("shelf-value").items()}
            assert reported == {
                part: to_cents(held.get(part, NOTHING) * prices.get(part, NOTHING)) for part in reported
            }
            assert set(held) <= set(reported)
    totals = [
        tuple(sum(row[column] for row in one.report("shelf-value").values()) for column in VALUES) for one in bought[1:]
    ]
    assert totals == [
        (Decimal("57470630.76"), Decimal("43309195.54"), Decimal("18956158.14")),
        (Decimal("61211692.90"), Decimal("46014224.47"), Decimal("20116611.63")),
    ]
    worth = [sum(bool(row["at-list-price"]) for row in one.report("shelf-value").values()) for one in closes]
    assert worth == [0, 80, 83]


@pytest.mark.parametrize("day", [date(2025, 7, 15), date(2025, 8, 20)])
def test_the_roll_forward_at_any_day_is_the_sum_of_the_rows_up_to_it(
    day: date, orders: list[OrderLine], bought: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    client, first, _ = bought
    lines = client.held_on(day)
    held = purchase_history.held_on(orders, day)
    assert {part: line.expected for part, line in lines.items() if line.expected} == {
        part: units for part, units in held.items() if units
    }
    opening = purchase_history.held_on(orders, first.result.end) if day > first.result.end else {}
    assert {part: line.opening for part, line in lines.items() if line.opening} == {
        part: units for part, units in opening.items() if units
    }
    assert all(line.opening + sum(units for _, units in line.flows) == line.expected for line in lines.values())


def test_the_shelf_count_differs_by_what_was_made_and_sold_and_is_said_so(
    purchases: Path, orders: list[OrderLine], bought: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    """Every part of the count window shows counted less bought, both on the day of the count."""
    closed = bought[1]
    day = closed.result.end
    counted: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for one in purchase_history.counts(purchases):
        if abs((one.day - day).days) <= 15:
            counted[one.part, one.day] += one.units
    on_shelf = {(row["part"], row["counted on"]): row["variance"] for row in closed.rows("shelf") if row["counted on"]}
    held = {on: purchase_history.held_on(orders, on) for on in {on for _, on in counted}}
    assert on_shelf == {(part, on): units - held[on].get(part, NOTHING) for (part, on), units in counted.items()}
    less = [units for units in on_shelf.values() if units < 0]
    more = [units for units in on_shelf.values() if units > 0]
    assert (len(less), sum(less), len(more), sum(more)) == (77, -2_025_693, 134, 172_092)
    assert len(on_shelf) == 77 + 134
    assert sum(bool(row["expected"]) for row in closed.rows("shelf") if not row["counted on"]) == 51
    assert {(one.severity, one.rows, one.units) for one in closed.result.variances} == {
        ("low", 221, NOTHING),
        ("medium", 163, Decimal(-134_474)),
        ("high", 48, Decimal(-1_719_127)),
    }
    assert closed.broken() == {}


# ---- SAP: goods movements of one plant -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> RealClient:
    data = shared_path("data", "sap_goods_movements")
    return take_in("sap-goods-movements", data, tmp_path_factory.mktemp("sap") / "books")


@pytest.fixture(scope="module")
def moved(extract: RealClient) -> list[Movement]:
    headers = {row["code"] for row in extract.facts("material-document")}
    return perpetual_stock.movements(extract.facts("stock-receipt"), extract.facts("stock-removal"), headers)


@pytest.fixture(scope="module")
def differing(moved: list[Movement]) -> list[Difference]:
    return perpetual_stock.differences(moved)


@pytest.fixture(scope="module")
def plant(extract: RealClient) -> tuple[RealClient, ClosedClient, ClosedClient]:
    """January closed for good, February on trial: the extract ends on the 23rd."""
    return extract, extract.close("FY2017-P01", hard=True), extract.close("FY2017-P02")


def test_sap_loses_no_row_and_explains_the_empty_ones(extract: RealClient) -> None:
    lines, headers = extract.files["MSEG.csv"], extract.files["MKPF.csv"]
    assert (lines.received, lines.accepted, lines.quarantined) == (686, 686, 0)
    assert (headers.received, headers.accepted, headers.quarantined) == (530, 521, 9)
    assert headers.reasons == (("code missing", 9),)
    records = (*extract.ruleset.registers, *extract.ruleset.kinds)
    assert {name: len(extract.facts(name)) for name in records} == {
        "material-document": 521,
        "stock-receipt": 460,
        "stock-removal": 14,
        "movement-outside-stock": 212,
        "stock-count": 0,
    }
    assert [total.column for total in lines.totals] == ["MENGE", "DMBTR"]
    assert all(total.received == total.accepted and total.unreadable == 0 for total in lines.totals)


def test_every_line_before_which_our_stock_is_not_saps_has_a_reason(
    moved: list[Movement], differing: list[Difference]
) -> None:
    """`pytest -s -k saps_has_a_reason` prints the list."""
    sys.stdout.write(f"\n{perpetual_stock.as_table(differing)}\n")
    assert Counter(one.reason for one in differing) == {
        Reason.OPENING: 1,
        Reason.SAME_DOCUMENT: 1,
        Reason.ALTERED: 34,
        Reason.COPY: 35,
        Reason.COPY_WITHOUT_HEADER: 70,
    }
    assert len(moved) == 474
    agreeing = Counter(one.part for one in moved) - Counter(one.movement.part for one in differing)
    assert sum(agreeing.values()) == 333
    assert {one.movement.part for one in differing if one.reason is Reason.ALTERED} == {"BLUEPAINT"}


def test_with_the_reasons_undone_sap_and_we_agree_on_every_line(moved: list[Movement]) -> None:
    units, value, wrong = perpetual_stock.roll_undone(moved)
    assert wrong == []
    kept = perpetual_stock.originals(moved)
    assert len(kept) == 474 - 105
    amounts = _summed((line.part, line.amount) for line in kept)
    quantities = _summed((line.part, line.quantity) for line in kept)
    more_value = {part: total - amounts[part] for (_, part), total in value.items() if total != amounts[part]}
    more_units = {part: total - quantities[part] for (_, part), total in units.items() if total != quantities[part]}
    assert more_value == {"BOLT1000": 3}
    assert more_units == {"BOLT1000": 30, "BLUEPAINT": -2}


def test_the_controls_name_what_sap_did_not_write(plant: tuple[RealClient, ClosedClient, ClosedClient]) -> None:
    _, january, february = plant
    assert january.broken() == {}
    assert february.broken() == {
        "quantity-agrees-with-amount": 127,
        "document-has-a-header": 70,
        "line-is-told-once": 140,
        "issue-takes-out": 70,
    }


def test_the_plants_stock_and_value_roll_from_line_to_line(
    moved: list[Movement], plant: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    """Units by what the lines move, value by what SAP posted for them."""
    for closed in plant[1:]:
        lines = [line for line in moved if line.posted[0] <= closed.result.end]
        stock = {row["part"]: row["closing"] for row in closed.rows("stock") if row["bucket"] == "plant-stock"}
        assert stock == _summed((line.part, line.quantity) for line in lines)
        value = closed.closing_balance("raw-material-roll-forward")
        assert value == _summed((line.part, line.amount) for line in lines)
    assert (sum(stock.values()), sum(value.values())) == (443_342, Decimal("250550614.56"))


def test_only_what_left_at_moving_average_is_worth_something_else_oldest_first(
    moved: list[Movement], plant: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    balance = plant[2].closing_balance("raw-material-roll-forward")
    held = {part: row["oldest-first-cost"] for part, row in plant[2].report("plant-stock-value").items()}
    part = "GOLD TEAM 8"
    assert {line.part for line in moved if not line.at_standard and line.quantity < 0} == {part}
    lines = [line for line in moved if line.part == part]
    leaving = -sum(line.quantity for line in lines if line.quantity < 0)
    oldest_first = NOTHING
    for line in lines:
        if line.quantity > 0:
            left = line.quantity - min(leaving, line.quantity)
            leaving -= line.quantity - left
            oldest_first += to_cents(left * line.amount / line.quantity)
    assert {one: held[one] for one in held if held[one] != balance[one]} == {part: oldest_first}
    assert oldest_first - balance[part] == Decimal("-162.29")


@pytest.mark.parametrize("day", [date(2017, 1, 27), date(2017, 2, 20)])
def test_the_plants_stock_at_any_day_is_the_sum_of_the_lines_up_to_it(
    day: date, moved: list[Movement], plant: tuple[RealClient, ClosedClient, ClosedClient]
) -> None:
    lines = plant[0].held_on(day)
    held = _summed((line.part, line.quantity) for line in moved if line.posted[0] <= day)
    assert {part: line.expected for part, line in lines.items()} == held


def _summed(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for name, value in pairs:
        found[name] += value
    return dict(found)
