"""The demo's world day by day: what is shipped, received, sold, returned and counted, so that everything adds up.

A partner never sells what it does not hold; a count is the true stock. What goes wrong is added afterwards, in
`adapters.demo.planting`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from adapters.demo.catalogue import (
    ACME,
    AUTHORISATIONS,
    BRAVO,
    CHARLIE,
    ECHO,
    GO_LIVE,
    MONTHS,
    PARTNERS,
    PARTS,
    SELLERS,
    Month,
    Part,
    Partner,
    book_price,
    month_of,
)

_SHIPPING_DAYS = {"ACME": (0, 3), "BRAVO": (1, 4), "CHARLIE": (2,), "DELTA": (0, 3), "ECHO": (1, 4)}
_SHARE_OF_DAYS = 0.82
_LINES_OF_INVOICE = 6

GOODWILL = date(2026, 4, 8)
"""The day on which ECHO, whose contract has no right of return, sends goods back all the same."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Stock a partner held at go-live, from a shipment before it."""

    document: str
    line: str
    partner: str
    part: str
    quantity: int
    ship_date: date
    unit_price: Decimal
    serial: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """A line of our delivery; `month` is the place in MONTHS of the files that state it. Prices in USD."""

    month: int
    document: str
    line: str
    partner: str
    part: str
    quantity: int
    ship_date: date
    price: Decimal
    cost: Decimal
    promotional: bool
    drop_ship: bool
    serial: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The carrier's proof that a line of a delivery arrived."""

    month: int
    document: str
    line: str
    partner: str
    part: str
    quantity: int
    receipt_date: date
    serial: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A line the partner sold, or with `returned` took back from a customer; `month` is the report's."""

    month: int
    invoice: str
    line: str
    partner: str
    part: str
    quantity: int
    sale_date: date
    price: Decimal
    returned: bool = False
    serial: str = ""
    authorisation: str = ""
    seller: str = ""


@dataclass(frozen=True, slots=True)
class Rma:
    """Goods on their way back to us (`credited` no), or their credit (yes)."""

    month: int
    rma: str
    line: str
    partner: str
    part: str
    quantity: int
    day: date
    credited: bool
    credit_price: Decimal
    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """What a partner says it holds, with what it says it paid for a unit (None: says nothing)."""

    month: int
    partner: str
    part: str
    quantity: int
    as_of: date
    unit_cost: Decimal | None


@dataclass(slots=True)
class World:
    """Everything that happened, in the order it happened."""

    openings: list[Opening] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    rmas: list[Rma] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)


@dataclass(slots=True)
class _Pool:
    """Units of one part at one partner."""

    on_hand: int = 0
    on_the_road: int = 0
    uncredited: int = 0
    sold: int = 0
    serials: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)


class _Simulation:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.world = World()
        self.pools: dict[tuple[str, str], _Pool] = defaultdict(_Pool)
        self.arriving: dict[date, list[Shipment]] = defaultdict(list)
        self.crediting: dict[date, list[Rma]] = defaultdict(list)
        self.numbers: dict[str, int] = defaultdict(int)

    def run(self) -> World:
        for partner in PARTNERS:
            self._open(partner)
        for day in _days():
            self._arrive(day)
            for partner in PARTNERS:
                if day.weekday() in _SHIPPING_DAYS[partner.code]:
                    self._ship(partner, day)
                if day.weekday() < 6:
                    self._sell(partner, day)
                    self._take_back(partner, day)
                if (day.weekday() == 2 and partner is not ECHO) or (day == GOODWILL and partner is ECHO):
                    self._send_back(partner, day)
                self._count(partner, day)
        return self.world

    def _next(self, series: str) -> int:
        self.numbers[series] += 1
        return self.numbers[series]

    def _serial(self, part: Part) -> str:
        return f"{part.code.replace('-', '')}{self._next('serial'):06d}"

    def _open(self, partner: Partner) -> None:
        for place, part in enumerate(PARTS, 1):
            pool = self.pools[partner.code, part.code]
            for age in (96, 51, 17):
                day = GO_LIVE - timedelta(days=age - self.random.randrange(10))
                quantity = self.random.randint(2, 4) if part.serialised else self.random.randint(1, 4) * part.usual_sale
                document = f"OPEN-{partner.number[-2:]}{age}"
                price = (part.list_price * self.random.choice((Decimal(1), Decimal("1.05")))).quantize(part.list_price)
                serials = [self._serial(part) for _ in range(quantity)] if part.serialised else [""]
                for serial in serials:
                    units = 1 if serial else quantity
                    self.world.openings.append(
                        Opening(document, str(place), partner.code, part.code, units, day, price, serial)
                    )
                pool.on_hand += quantity
                pool.serials += [serial for serial in serials if serial]
                pool.documents.append(document)

    def _arrive(self, day: date) -> None:
        for shipment in self.arriving.pop(day, ()):
            pool = self.pools[shipment.partner, shipment.part]
            pool.on_hand += shipment.quantity
            pool.on_the_road -= shipment.quantity
            if shipment.serial:
                pool.serials.append(shipment.serial)
            self.world.receipts.append(
                Receipt(
                    month_of(day), shipment.document, shipment.line, shipment.partner, shipment.part, shipment.quantity,
                    day, shipment.serial,
                )
            )  # fmt: skip
        for credit in self.crediting.pop(day, ()):
            self.pools[credit.partner, credit.part].uncredited -= credit.quantity
            self.world.rmas.append(credit)

    def _ship(self, partner: Partner, day: date) -> None:
        document = f"8{partner.number[-2:]}{self._next('delivery'):05d}"
        line = 0
        transit = self.random.randint(1, partner.transit_days)
        for part in PARTS:
            pool = self.pools[partner.code, part.code]
            wanted = (8 if part.serialised else 9 * part.usual_sale) + self.random.randrange(part.usual_sale + 1)
            if pool.on_hand + pool.on_the_road >= wanted:
                continue
            promotional = self.random.random() < 0.04
            price = book_price(part, partner.region, day)
            if promotional:
                price = (price * Decimal("0.92")).quantize(part.list_price)
            quantity = self.random.randint(3, 5) if part.serialised else self.random.randint(6, 9) * part.usual_sale
            serials = [self._serial(part) for _ in range(quantity)] if part.serialised else [""]
            line += 10
            for serial in serials:
                shipment = Shipment(
                    month_of(day), document, str(line), partner.code, part.code, 1 if serial else quantity, day, price,
                    part.standard_cost, promotional, False, serial,
                )  # fmt: skip
                self.world.shipments.append(shipment)
                self.arriving[day + timedelta(days=transit)].append(shipment)
            pool.on_the_road += quantity
            pool.documents.append(document)
        if partner in (ACME, BRAVO) and self.random.random() < 0.12:
            self._drop_ship(partner, day, document, str(line + 10))

    def _drop_ship(self, partner: Partner, day: date, document: str, line: str) -> None:
        part = self.random.choice([part for part in PARTS if not part.serialised])
        price = book_price(part, partner.region, day)
        quantity = self.random.randint(1, 2 * part.usual_sale)
        self.world.shipments.append(
            Shipment(
                month_of(day), document, line, partner.code, part.code, quantity, day, price, part.standard_cost,
                False, True, "",
            )
        )  # fmt: skip

    def _sell(self, partner: Partner, day: date) -> None:
        month = month_of(day)
        sale_date = _invoice_date(partner, day, MONTHS[month])
        invoice, line = "", 0
        for part in PARTS:
            pool = self.pools[partner.code, part.code]
            if pool.on_hand == 0 or self.random.random() > (0.25 if part.serialised else _SHARE_OF_DAYS):
                continue
            quantity = 1 if part.serialised else min(pool.on_hand, self.random.randint(1, part.usual_sale))
            if line % _LINES_OF_INVOICE == 0:
                invoice, line = self._invoice(partner), 0
            line += 1
            serial = pool.serials.pop(self.random.randrange(len(pool.serials))) if part.serialised else ""
            price = (part.list_price * Decimal(self.random.randint(108, 135)) / 100).quantize(Decimal("0.01"))
            authorisation = seller = ""
            if partner is ACME:
                authorisation = self._authorisation(part, sale_date)
                seller = self.random.choice((SELLERS[0][0], SELLERS[1][0], ""))
            pool.on_hand -= quantity
            pool.sold += quantity
            self.world.sales.append(
                Sale(
                    month, invoice, str(line), partner.code, part.code, quantity, sale_date, price, False, serial,
                    authorisation, seller,
                )
            )  # fmt: skip

    def _invoice(self, partner: Partner) -> str:
        number = self._next(f"invoice {partner.code}")
        return {"ACME": f"AC{number + 500000}", "BRAVO": f"R26-{number:05d}", "CHARLIE": f"{number + 7100000}"}.get(
            partner.code, f"{partner.code[0]}/{number:06d}"
        )

    def _authorisation(self, part: Part, day: date) -> str:
        for one in AUTHORISATIONS:
            if one.part == part.code and one.valid_from <= day <= one.valid_through and self.random.random() < 0.5:
                return one.number
        return ""

    def _take_back(self, partner: Partner, day: date) -> None:
        for part in PARTS:
            pool = self.pools[partner.code, part.code]
            if part.serialised or pool.sold < 3 * part.usual_sale or self.random.random() > 0.012:
                continue
            quantity = self.random.randint(1, 2)
            pool.on_hand += quantity
            pool.sold -= quantity
            number = f"CN{self._next(f'credit note {partner.code}'):05d}"
            self.world.sales.append(
                Sale(month_of(day), number, "1", partner.code, part.code, quantity, day, part.list_price, returned=True)
            )

    def _send_back(self, partner: Partner, day: date) -> None:
        held = [part for part in PARTS if not part.serialised and self.pools[partner.code, part.code].on_hand]
        part = self.random.choice(held)
        pool = self.pools[partner.code, part.code]
        quantity = min(pool.on_hand, self.random.randint(1, part.usual_sale))
        pool.on_hand -= quantity
        pool.uncredited += quantity
        number = f"RMA{self._next('rma') + 3000}"
        reason = self.random.choice(("01", "01", "02", "03"))
        document = self.random.choice((pool.documents[-1], ""))
        self.world.rmas.append(
            Rma(month_of(day), number, "1", partner.code, part.code, quantity, day, False, Decimal(0), document, reason)
        )
        credited = day + timedelta(days=self.random.randint(4, 16))
        price = Decimal("0.00") if partner is CHARLIE else book_price(part, partner.region, day)
        if credited <= MONTHS[-1].last:
            self.crediting[credited].append(
                Rma(
                    month_of(credited), number, "1", partner.code, part.code, quantity, credited, True, price, document,
                    reason,
                )
            )  # fmt: skip

    def _count(self, partner: Partner, day: date) -> None:
        month = MONTHS[month_of(day)]
        if day != month.last - timedelta(days=partner.count_days_early):
            return
        for part in PARTS:
            pool = self.pools[partner.code, part.code]
            quantity = pool.on_hand
            quantity += pool.on_the_road if partner.counts_in_transit else 0
            quantity += pool.uncredited if partner.counts_uncredited else 0
            cost = book_price(part, partner.region, day) if partner in (ACME, ECHO) else None
            self.world.counts.append(Count(month_of(day), partner.code, part.code, quantity, day, cost))


def simulate(seed: int) -> World:
    """The world of a seed: the same seed gives the same world."""
    return _Simulation(seed).run()


def _days() -> Iterator[date]:
    day = GO_LIVE
    while day <= MONTHS[-1].last:
        yield day
        day += timedelta(days=1)


def _invoice_date(partner: Partner, day: date, month: Month) -> date:
    """A partner that invoices late dates goods of the last two days of a month into the next."""
    if partner.invoices_late and day > month.last - timedelta(days=2):
        return month.last + timedelta(days=(day - month.last).days + 3)
    return day
