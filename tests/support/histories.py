"""Histories of pools for the ledger of single units and the engine: drawn at random, enumerated, or written as a table.

A history is one pool's life over two periods. Quantities and layers are few, so that events meet on the same units.
Late facts of the second period carry days of the first. Inside a day events follow the language's order of classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from random import Random

from tests.support.oracle import (
    CHANGE,
    LEAVES,
    OPENS,
    RETURNS,
    BeyondSales,
    BeyondStock,
    Change,
    Event,
    Form,
    Order,
    Policy,
)
from tests.support.tables import needed, optional, read_table

CUSTOMER, VENDOR = "end-customer", "our-stock"
DOCUMENTS = ("S-1", "S-2", "S-3")
SERIALS = ("N-1", "N-2")
LAST_DAY_OF_FIRST_PERIOD = 6
ACTIONS = {"change": CHANGE, "receipt": OPENS, "sale": LEAVES, "to-vendor": LEAVES, "return": RETURNS}
ORDERS: dict[str, Order] = {"oldest": "oldest", "newest": "newest"}
FORMS: dict[str, Form] = {"to": "to", "by": "by", "lower": "lower", "higher": "higher"}
BEYOND_SALES: tuple[BeyondSales, ...] = ("stop", "open-layer")
BEYOND_STOCK: tuple[BeyondStock, ...] = ("stop", "wait", "last-price")

POLICIES = tuple(Policy(*phrases) for phrases in product(ORDERS.values(), BEYOND_SALES, BEYOND_STOCK))
"""Every combination of the phrases that decide where units stand."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What may happen in a pool: the actions drawn from, and whether layers come out of their order of leaving."""

    actions: tuple[str, ...]
    disordered: bool = False
    specific: bool = False


HABITS = (
    Habits(("receipt", "sale", "return")),
    Habits(("receipt", "sale", "return"), disordered=True),
    Habits(("receipt", "receipt", "sale")),
    Habits(("receipt", "sale", "return", "change", "change")),
    Habits(("receipt", "receipt", "sale", "sale", "return", "return", "change", "change")),
    Habits(("receipt", "sale", "to-vendor", "return", "return from vendor")),
    Habits(("receipt", "receipt", "sale", "named", "return")),
    Habits(("receipt", "sale", "named", "named", "return", "return from vendor"), disordered=True),
    Habits(("receipt", "receipt", "sale", "return"), specific=True),
    Habits(("receipt", "receipt", "sale", "to-vendor", "named", "return", "return from vendor", "change"), True, True),
)
"""From pools a window function can serve to pools where everything happens."""


@dataclass(frozen=True, slots=True)
class History:
    """The events of many pools over two periods; identities are turns over everything, low first."""

    first: tuple[Event, ...]
    second: tuple[Event, ...]

    @property
    def pools(self) -> tuple[int, ...]:
        """The pools something happens in."""
        return tuple(sorted({event.pool for event in (*self.first, *self.second)}))

    def of(self, pool: int) -> History:
        """What happens in one pool."""
        return History(
            tuple(event for event in self.first if event.pool == pool),
            tuple(event for event in self.second if event.pool == pool),
        )


def in_turn(first: Iterable[Event], second: Iterable[Event] = ()) -> History:
    """Events put in the order of their days and classes, and given identities from 1 upwards over all pools."""
    periods = []
    turn = 0
    for events in (first, second):
        ordered = sorted(events, key=lambda event: (event.day, event.action, event.identity, event.pool))
        periods.append(tuple(replace(event, identity=turn + n) for n, event in enumerate(ordered, start=1)))
        turn += len(ordered)
    return History(*periods)


def random_history(seed: int, pools: int, policy: Policy, events: int = 13) -> History:
    """As many pools as asked, each with about `events` facts over two periods; the same seed gives the same history."""
    source = Random(seed)
    drawn: tuple[list[Event], list[Event]] = ([], [])
    for pool in range(1, pools + 1):
        habits = HABITS[pool % len(HABITS)]
        for number in range(source.randint(3, events)):
            late = source.random() < 0.25
            second = late or source.random() < 0.4
            day = source.randint(1, LAST_DAY_OF_FIRST_PERIOD if number else 2) + (
                LAST_DAY_OF_FIRST_PERIOD if second and not late else 0
            )
            drawn[1 if second else 0].append(_draw(source, pool, number, day, habits, policy))
    return in_turn(*drawn)


def _draw(source: Random, pool: int, number: int, day: int, habits: Habits, policy: Policy) -> Event:
    what = "receipt" if number == 0 and source.random() < 0.8 else source.choice(habits.actions)
    quantity = source.randint(1, 4)
    serial = source.choice((None, *SERIALS)) if habits.specific else None
    if what == "change":
        return Event(number, pool, CHANGE, day, change=_draw_change(source))
    if what == "receipt":
        leaves_as = source.randint(1, day) if habits.disordered else day
        price = Fraction(source.randint(1, 2000), 300)
        return Event(
            number,
            pool,
            OPENS,
            day,
            source.randint(1, 5),
            (leaves_as, number),
            document=source.choice((None, *DOCUMENTS)),
            specific=serial,
            values=(("cost", price / 2), ("price", price)),
        )
    if what == "named":
        otherwise = source.choice(tuple(ORDERS.values()))
        document = source.choice(DOCUMENTS)
        return Event(number, pool, LEAVES, day, quantity, bucket=VENDOR, document=document, otherwise=otherwise)
    if what in ("sale", "to-vendor"):
        bucket = CUSTOMER if what == "sale" else VENDOR
        plain = None if serial else policy.order
        return Event(number, pool, LEAVES, day, quantity, bucket=bucket, specific=serial, otherwise=plain)
    origin = VENDOR if what == "return from vendor" else CUSTOMER
    return Event(number, pool, RETURNS, day, quantity, bucket=origin)


def tidy_history(seed: int, pools: int, events: int) -> History:
    """Pools that sell no more than they hold and take back no more than they sold, one event a day, none late."""
    source = Random(seed)
    drawn: tuple[list[Event], list[Event]] = ([], [])
    for pool in range(1, pools + 1):
        held = sold = 0
        for day in range(1, events + 1):
            possible = ["receipt", *["sale"] * (2 if held else 0), *["return"] * (1 if sold else 0)]
            what = source.choice(possible)
            quantity = source.randint(1, {"receipt": 6, "sale": held, "return": sold}[what])
            held += -quantity if what == "sale" else quantity
            sold += {"receipt": 0, "sale": quantity, "return": -quantity}[what]
            drawn[0 if day <= events // 2 else 1].append(_step(pool, day, f"{what} {quantity}", Policy()))
    return in_turn(*drawn)


def together(one: History, other: History) -> History:
    """Two histories side by side: the pools of the second are numbered after those of the first."""
    above = max(one.pools)
    periods = ((one.first, other.first), (one.second, other.second))
    first, second = (
        (*mine, *(replace(event, pool=event.pool + above) for event in others)) for mine, others in periods
    )
    return in_turn(first, second)


def _draw_change(source: Random) -> Change:
    form = source.choice(tuple(FORMS.values()))
    given = Fraction(source.randint(-300, 300) if form == "by" else source.randint(1, 2000), 300)
    return Change("price", form, given)


def every_history(steps: Sequence[str], length: int, policy: Policy) -> History:
    """Every sequence of these steps of this length, each in a pool of its own, within one period.

    Steps: `receipt 2` (named S-1, S-2, ... for its turn), `early 2` (a receipt that leaves before all others),
    `sale 1`, `return 1`, `named 2` (takes the layer of S-1 to the vendor, else as the policy leaves), `change`.
    """
    events: list[Event] = []
    for pool, sequence in enumerate(product(steps, repeat=length), start=1):
        events.extend(_step(pool, day, step, policy) for day, step in enumerate(sequence, start=1))
    return in_turn(events)


def _step(pool: int, day: int, step: str, policy: Policy) -> Event:
    what, _, units = step.partition(" ")
    quantity = int(units or 0)
    if what == "change":
        return Event(day, pool, CHANGE, day, change=Change("price", "lower", Fraction(3)))
    if what in ("receipt", "early"):
        place = (day, 0) if what == "receipt" else (0, -day)
        values = (("cost", Fraction(day)), ("price", Fraction(10 * day, 3)))
        return Event(day, pool, OPENS, day, quantity, place, document=f"S-{day}", values=values)
    if what == "return":
        return Event(day, pool, RETURNS, day, quantity, bucket=CUSTOMER)
    if what == "named":
        return Event(day, pool, LEAVES, day, quantity, bucket=VENDOR, document="S-1", otherwise=_else(policy))
    return Event(day, pool, LEAVES, day, quantity, bucket=CUSTOMER, otherwise=policy.order)


def _else(policy: Policy) -> Order:
    """What takes the rest of a named layer: a phrase for that has no dearest."""
    return "oldest" if policy.order == "dearest" else policy.order


def read_history(text: str, policy: Policy, second: str = "") -> History:
    """A history written as tables, one for each period.

    Columns `day what units`, and where wanted `pool bucket document specific otherwise place cost price change`. `what`
    is `receipt`, `sale`, `to-vendor`, `return` or `change`; `change` is `lower:3.50`; `place` is the day a layer leaves
    as.
    """
    return in_turn(_read_events(text, policy), _read_events(second, policy, start=1000) if second else ())


def _read_events(text: str, policy: Policy, start: int = 0) -> Iterator[Event]:
    for number, row in enumerate(read_table(text), start):
        what = needed(row, "what")
        action, day = ACTIONS[what], int(needed(row, "day"))
        specific = optional(row, "specific", str, None)
        otherwise = None if specific else _else(policy) if row.get("document") and action == LEAVES else policy.order
        form, _, given = (row.get("change") or "").partition(":")
        yield Event(
            number,
            optional(row, "pool", int, 1),
            action,
            day,
            optional(row, "units", int, 0),
            (optional(row, "place", int, day), number) if action == OPENS else (),
            optional(row, "bucket", str, VENDOR if what == "to-vendor" else CUSTOMER) if action >= LEAVES else None,
            optional(row, "document", str, None),
            specific,
            optional(row, "otherwise", ORDERS.__getitem__, otherwise) if action == LEAVES else None,
            tuple((name, Fraction(needed(row, name))) for name in ("cost", "price") if row.get(name)),
            Change("price", FORMS[form], Fraction(given)) if form else None,
        )
