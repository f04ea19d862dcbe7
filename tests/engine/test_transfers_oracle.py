"""Transfers between partners against a ledger of single units: every unit keeps what its own layer was worth."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.plan.world import RunStopped
from tests.support import promises
from tests.support.small_world import HEAD, Rows, SmallWorld, small_world

SHOP = (
    HEAD
    + """\
terms
    code, document are text
    quantity is a quantity
    unit-price, new-price are prices
    ship-date, sale-date, return-date, transfer-date, cut-date, count-date are dates
    receiver is a partner
register partner identified by code
register part identified by code
stock for each partner, part
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by document
    has partner, part, quantity, unit-price
kind sale moves shelf to customer on sale-date identified by document
    has partner, part, quantity
kind sale-back moves customer to shelf on return-date identified by document
    has partner, part, quantity
kind transfer moves shelf to shelf of receiver on transfer-date identified by document
    has partner, part, quantity, receiver
kind price-cut moves nothing on cut-date identified by part, cut-date
    has new-price
kind tally states shelf on count-date identified by partner, part, count-date
    has quantity
layers channel over shelf for each partner, part
    carry unit-price
    leave oldest first by ship-date, then document
    sale-back brings back the units last sold, in their old place
    price-cut changes unit-price of units held on cut-date to cut-price
    units sold beyond stock stop the close
    units returned beyond sales stop the close
    late facts catch up in the open period
    leftover cents follow the running total
amount cut-price for each layer, price-cut is lower of (layer.unit-price, new-price)
accounts ledger
    | role     | account | title      | type      | normal | nature       |
    | deferred | 2310    | "Deferred" | liability | credit | non-monetary |
    | revenue  | 4010    | "Revenue"  | revenue   | credit | non-monetary |
reconciliation siso for each partner, part, period in fiscal
    compares expected shelf with reported tally.quantity, latest within 3 days of period end
    stages absorb
amount gross for each layer touched by sale, sale-back is rounded(quantity * layer.unit-price)
journal earn for each layer touched by sale, sale-back posts on event-date in fiscal
    debit  deferred gross
    credit revenue  gross
"""
)
PARTNERS = ("A", "B", "C")
PERIODS = ("FY2026-P01", "FY2026-P02")
CLASSES = {"price-cut": 1, "shipment": 2, "transfer": 3, "sale": 4, "sale-back": 5}
DATED = {"price-cut": "cut-date", "shipment": "ship-date", "transfer": "transfer-date", "sale": "sale-date",
         "sale-back": "return-date"}  # fmt: skip


@dataclass
class Unit:
    """A unit: its place in the order of leaving, and what it is worth."""

    place: tuple[str, str, int]
    price: Decimal


@dataclass
class Ledger:
    """What each partner holds and has sold, unit by unit; nothing of the engine."""

    held: dict[str, list[Unit]] = field(default_factory=lambda: defaultdict(list))
    sold: dict[str, list[Unit]] = field(default_factory=lambda: defaultdict(list))
    earned: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def take(self, partner: str, quantity: int) -> list[Unit]:
        self.held[partner].sort(key=lambda unit: unit.place)
        taken, self.held[partner] = self.held[partner][:quantity], self.held[partner][quantity:]
        assert len(taken) == quantity
        return taken

    def play(self, kind: str, fact: dict[str, object]) -> None:
        partner, quantity = str(fact.get("partner")), int(str(fact.get("quantity", 0)))
        if kind == "shipment":
            day, document, price = str(fact["ship-date"]), str(fact["document"]), Decimal(str(fact["unit-price"]))
            self.held[partner] += [Unit((day, document, at), price) for at in range(quantity)]
        elif kind == "transfer":
            self.held[str(fact["receiver"])] += self.take(partner, quantity)
        elif kind == "price-cut":
            for unit in (unit for units in self.held.values() for unit in units):
                unit.price = min(unit.price, Decimal(str(fact["new-price"])))
        elif kind == "sale":
            units = self.take(partner, quantity)
            self.sold[partner] += units
            self.earned[partner] += sum((unit.price for unit in units), Decimal(0))
        else:
            back = [self.sold[partner].pop() for _ in range(quantity)]
            self.earned[partner] -= sum((unit.price for unit in back), Decimal(0))
            self.held[partner] += back


def history(draw: random.Random, first: date, ledger: Ledger, start: int, kinds: tuple[str, ...]) -> dict[str, Rows]:
    """Facts that can happen, day by day in the order of a day, played into the ledger as they are made."""
    found: dict[str, Rows] = {kind: [] for kind in CLASSES}
    number = start
    for offset in range(28):
        day = str(first + timedelta(days=offset))
        for kind in kinds:
            if draw.random() > (0.04 if kind == "price-cut" else 0.3):
                continue
            number += 1
            partner = draw.choice(PARTNERS)
            fact: dict[str, object] = {"document": f"D{number:04}", "partner": partner, "part": "X", DATED[kind]: day}
            room = {"shipment": 9, "sale-back": len(ledger.sold[partner])}.get(kind, len(ledger.held[partner]))
            if kind == "price-cut":
                fact = {"part": "X", "cut-date": day, "new-price": draw.randrange(5, 20)}
            elif room == 0:
                continue
            else:
                fact["quantity"] = draw.randrange(1, room + 1)
            if kind == "shipment":
                fact["unit-price"] = draw.randrange(5, 20)
            if kind == "transfer":
                fact["receiver"] = draw.choice([one for one in PARTNERS if one != partner])
            found[kind].append(fact)
            ledger.play(kind, fact)
    return found


def held(world: SmallWorld) -> dict[str, list[Decimal]]:
    found: dict[str, list[Decimal]] = defaultdict(list)
    for row in world.rows("layer", "partner", "remaining", "unit-price"):
        found[str(row["partner"])] += [Decimal(str(row["unit-price"]))] * int(Decimal(str(row["remaining"])))
    return {partner: sorted(prices) for partner, prices in found.items()}


@pytest.mark.parametrize("seed", range(promises.trials(20, per_commit=2)))
def test_units_keep_their_layer_from_partner_to_partner_over_a_close(seed: int) -> None:
    draw, ledger = random.Random(seed), Ledger()
    world: SmallWorld | None = None
    facts: dict[str, Rows] = {kind: [] for kind in CLASSES}
    for number, period in enumerate(PERIODS):
        ledger.earned.clear()
        # In one of them the second period hands nothing over, and its pools are placed apart again.
        kinds = tuple(one for one in CLASSES if one != "transfer" or number == 0 or seed == 0)
        more = history(draw, date(2026, 1 + number, 1), ledger, 1000 * number, kinds)
        facts = {kind: [*facts[kind], *more[kind]] for kind in CLASSES}
        world = small_world(SHOP, facts, period, before=world, threads=1)
        earned: dict[str, Decimal] = defaultdict(Decimal)
        for row in world.rows("ledger line", "partner", "role", "side", "amount"):
            if row["role"] == "revenue":
                sign = 1 if row["side"] == "credit" else -1
                earned[str(row["partner"])] += sign * Decimal(str(row["amount"]))
        assert {one: total for one, total in earned.items() if total} == {
            one: total for one, total in ledger.earned.items() if total
        }
        assert held(world) == {
            partner: sorted(unit.price for unit in units) for partner, units in ledger.held.items() if units
        }
        shelf = {str(row["partner"]): int(Decimal(str(row["expected"]))) for row in world.rows("siso")}
        assert {one: units for one, units in shelf.items() if units} == {
            one: len(units) for one, units in ledger.held.items() if units
        }


def ran(transfers: Rows, text: str = SHOP, sold_on: str = "2026-01-05") -> SmallWorld:
    shipped: Rows = [{"document": "S1", "partner": "A", "part": "X", "quantity": 5, "unit-price": 7,
                      "ship-date": "2026-01-02"}]  # fmt: skip
    facts = [
        {"document": f"T{at}", "part": "X", "transfer-date": "2026-01-05", **one} for at, one in enumerate(transfers)
    ]
    sold: Rows = [{"document": "V1", "partner": "C", "part": "X", "quantity": 2, "sale-date": sold_on}]
    return small_world(text, {"shipment": shipped, "transfer": facts, "sale": sold}, threads=1)


def test_who_gives_on_what_it_receives_on_the_day_receives_first() -> None:
    world = ran([
        {"partner": "B", "receiver": "C", "quantity": 3}, {"partner": "A", "receiver": "B", "quantity": 4},
    ])  # fmt: skip
    assert held(world) == {"A": [Decimal(7)], "B": [Decimal(7)], "C": [Decimal(7)]}


def test_transfers_that_go_round_or_beyond_stock_stop_the_close() -> None:
    with pytest.raises(RunStopped, match="units go round from pool to pool on one day"):
        ran([{"partner": "A", "receiver": "B", "quantity": 1}, {"partner": "B", "receiver": "A", "quantity": 1}])
    with pytest.raises(RunStopped, match=r"more units leave than are held: transfer T0 .* is short by 2 units at A, X"):
        ran([{"partner": "A", "receiver": "C", "quantity": 7}])


def test_what_was_sold_before_it_came_is_served_by_the_transfer_that_brings_it() -> None:
    text = SHOP.replace("units sold beyond stock stop the close", "units sold beyond stock wait for the next receipt")
    world = ran([{"partner": "A", "receiver": "C", "quantity": 5}], text, "2026-01-03")
    assert held(world) == {"C": [Decimal(7)] * 3}
    [sold] = [row for row in world.rows("slice") if row["event-kind"] == "sale"]
    assert (sold["quantity"], str(sold["event-date"])) == (Decimal(2), "2026-01-05")
    assert world.lines("earn") == [("debit", "deferred", Decimal("14.00")), ("credit", "revenue", Decimal("14.00"))]
