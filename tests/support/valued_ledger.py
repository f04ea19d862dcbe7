"""What the ledger of single units says a close must post, in the words `tests.support.valued` reads the engine in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.support.cents import along_the_layer, by_running_total, changes_by_running_total, rounded
from tests.support.histories import History
from tests.support.oracle import Event, Moved, Policy, Pool, replay
from tests.support.valued import Posted, as_date, kind_of, partner_of

LINES: dict[str, tuple[tuple[str, str, str, int], ...]] = {
    "defer": (
        ("receivable", "price", "debit", 1),
        ("deferred", "price", "credit", 1),
        ("deferred-cost", "cost", "debit", 1),
        ("goods", "cost", "credit", 1),
    ),
    "earn": (
        ("deferred", "price", "debit", 1),
        ("revenue", "price", "credit", 1),
        ("cost-of-sales", "cost", "debit", 1),
        ("deferred-cost", "cost", "credit", 1),
    ),
    "take-back": (
        ("deferred", "price", "debit", 1),
        ("receivable", "price", "credit", 1),
        ("goods", "cost", "debit", 1),
        ("deferred-cost", "cost", "credit", 1),
    ),
    "reprice": (("deferred", "price", "debit", -1), ("receivable", "price", "credit", -1)),
    "cut": (("deferred", "price", "debit", -1), ("receivable", "price", "credit", -1)),
    "raise": (("receivable", "price", "debit", 1), ("deferred", "price", "credit", 1)),
    "charge": (("receivable", "price", "debit", 1), ("deferred", "price", "credit", 1)),
    "add-freight": (("deferred-cost", "cost", "debit", 1), ("goods", "cost", "credit", 1)),
}
"""Lines of each journal: role, the value posted, side, and the sign of what is posted to what the value gains."""

JOURNALS = {
    "receipt": "defer",
    "sale": "earn",
    "customer-return": "earn",
    "recall": "take-back",
    "recall-newest": "take-back",
    "recall-oldest": "take-back",
    "resupply": "take-back",
    "repricing": "reprice",
    "price-cut": "cut",
    "price-rise": "raise",
    "surcharge": "charge",
    "late-freight": "add-freight",
}
RESULTS = ("revenue", "cost-of-sales")
"""Roles of income and expense: a settlement posts these differences elsewhere."""


@dataclass(slots=True)
class Ledger:
    """A life of pools under one policy, period by period."""

    policy: Policy
    leftover: str
    pools: dict[int, Pool] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)

    def close(self, events: Iterable[Event]) -> Posted:
        """What a period must say."""
        self.events.update({event.identity: event for event in events})
        replay(self.policy, events, self.pools)
        told = Posted()
        for pool in self.pools.values():
            moved = [*pool.moved, *self._reopened(pool)]
            self._tell_units(told, pool, moved)
            self._tell_moves(told, moved)
            self._tell_changes(told, pool)
        self._tell_openings(told, events)
        return told.tidied()

    def _day(self, event: int) -> date:
        return as_date(self.events[event].day)

    def _reopened(self, pool: Pool) -> Iterator[Moved]:
        """Units returned beyond sales, as units that came back into the layer they opened."""
        for unit in (unit for unit in pool.opened if unit.like is not None):
            day = self.events[unit.layer].day
            yield Moved(
                unit.layer, pool.number, unit.layer, unit.offset, True, day, False, False, unit.layer, unit.values
            )

    def _tell_units(self, told: Posted, pool: Pool, moved: Iterable[Moved]) -> None:
        for unit in moved:
            marks = (unit.returning, unit.settling, unit.provisional, as_date(unit.day))
            told.moved[
                unit.event, unit.layer, None if unit.provisional else unit.offset, *marks, *worth(unit.values)
            ] += 1
        for held in pool.changed:
            marks = (False, False, False, self._day(held.event))
            told.moved[held.event, held.layer, held.offset, *marks, *worth(held.before)] += 1
        for unit in pool.held:
            told.layers[unit.layer.identity, unit.values["price"], unit.values["cost"]] += 1

    def _tell_moves(self, told: Posted, moved: list[Moved]) -> None:
        for name in ("price", "cost"):
            days = {(unit.event, unit.step): as_date(unit.day) for unit in moved}
            for piece, amount in by_running_total(moved, name).items():
                where = (piece.event, days[piece.event, piece.step], piece.layer, piece.returning, piece.settling)
                self._post(told, where, name, amount)

    def _tell_changes(self, told: Posted, pool: Pool) -> None:
        for name in ("price", "cost"):
            for (event, layer, _, _), amount in changes_by_running_total(pool.changed, name).items():
                self._post(told, (event, self._day(event), layer, False, False), name, amount)

    def _tell_openings(self, told: Posted, events: Iterable[Event]) -> None:
        for event in (event for event in events if event.values):
            for name, value in event.values:
                self._book(told, event, "defer", name, rounded(event.quantity * value), False, False)

    def _post(self, told: Posted, where: tuple[int, date, int, bool, bool], name: str, amount: Fraction) -> None:
        event = self.events[where[0]]
        journal = JOURNALS[kind_of(event)]
        for number, (_, value, _, sign) in enumerate(LINES[journal], start=1):
            if value == name:
                key = (*where, journal, number)
                told.amounts[key] = told.amounts.get(key, Fraction()) + sign * amount
        self._book(told, event, journal, name, amount, where[3], where[4])

    def _book(
        self, told: Posted, event: Event, journal: str, name: str, amount: Fraction, returning: bool, settling: bool
    ) -> None:
        for role, value, side, sign in LINES[journal]:
            if value == name:
                credit = (side == "credit") != returning
                booked = "settlement" if settling and role in RESULTS else role
                key = (partner_of(event.pool), booked)
                told.balances[key] = told.balances.get(key, Fraction()) + (sign if credit else -sign) * amount


def worth(values: Iterable[tuple[str, Fraction]]) -> tuple[Fraction, Fraction]:
    """Price and cost."""
    found = dict(values)
    return found["price"], found["cost"]


def on_the_shelf(pools: Mapping[int, Pool], name: str) -> dict[str, Fraction]:
    """What the units held are worth in cents on the running totals of their layers, by partner."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for pool in pools.values():
        for unit in pool.held:
            found[partner_of(pool.number)] += along_the_layer(unit.offset, unit.values[name])
    return dict(found)


def expected(policy: Policy, leftover: str, history: History) -> Iterator[tuple[Posted, Ledger]]:
    """What both periods must say, with the ledger as it then stands."""
    ledger = Ledger(policy, leftover)
    for events in (history.first, history.second):
        yield ledger.close(events), ledger
