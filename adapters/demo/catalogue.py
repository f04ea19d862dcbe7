"""What the demo client sells, to whom, and when its files arrive: everything that does not hang on the seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

GO_LIVE = date(2026, 1, 1)
"""First day of the first period: opening stock counts from here."""

REGISTERED = date(2025, 1, 1)
"""Day from which the first rows of the registers hold; before every shipment of the opening stock."""


@dataclass(frozen=True, slots=True)
class Month:
    """One period: its label in file names, its name in the books, its days, and when its files arrive."""

    label: str
    period: str
    first: date
    last: date
    received: date
    corrected: date


MONTHS = (
    Month("2026-01", "FY2026-P01", date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 3), date(2026, 2, 6)),
    Month("2026-02", "FY2026-P02", date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 6)),
    Month("2026-03", "FY2026-P03", date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 2), date(2026, 4, 7)),
    Month("2026-04", "FY2026-P04", date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 4), date(2026, 5, 7)),
)


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner: its terms as the register states them, its number in the ERP, and its habits.

    `count_days_early` is how long before the period's end it counts its stock; `invoices_late` says that goods of the
    last two days of a month carry an invoice date of the next.
    """

    code: str
    number: str
    region: str
    model: str
    return_right: str
    settles_on: str
    price_protected: bool
    protection_days: int
    claims_debits: bool
    transit_days: int
    counts_in_transit: bool
    counts_uncredited: bool
    count_days_early: int = 0
    invoices_late: bool = False


ACME = Partner(
    "ACME", "100010", "AMER", "resale", "full", "reported-pos", True, 60, True, 3,
    counts_in_transit=False, counts_uncredited=True,
)  # fmt: skip
BRAVO = Partner(
    "BRAVO", "100020", "EMEA", "resale", "full", "reported-pos", True, 45, False, 7,
    counts_in_transit=True, counts_uncredited=False,
)  # fmt: skip
CHARLIE = Partner(
    "CHARLIE", "100030", "APAC", "consignment", "full", "reported-pos", False, 0, False, 12,
    counts_in_transit=False, counts_uncredited=False, count_days_early=2,
)  # fmt: skip
DELTA = Partner(
    "DELTA", "100040", "AMER", "resale", "rotation", "adjusted-pos", True, 90, False, 4,
    counts_in_transit=False, counts_uncredited=False, invoices_late=True,
)  # fmt: skip
ECHO = Partner(
    "ECHO", "100050", "EMEA", "stocking", "none", "reported-pos", False, 0, False, 5,
    counts_in_transit=False, counts_uncredited=False,
)  # fmt: skip
PARTNERS = (ACME, BRAVO, CHARLIE, DELTA, ECHO)
REGIONS = ("AMER", "EMEA", "APAC")
SELLERS = (("JONES", "standard"), ("SMITH", "accelerated"))


@dataclass(frozen=True, slots=True)
class Part:
    """One part: list price and standard cost in USD, and how many units a usual sale takes (at most)."""

    code: str
    family: str
    serialised: bool
    list_price: Decimal
    standard_cost: Decimal
    usual_sale: int

    @property
    def delta_number(self) -> str:
        """What DELTA calls the part."""
        return f"77-{ord(self.code[0])}{self.code[-2:]}"


def _family(letter: str, family: str, first: str, step: str, usual_sale: int, serialised: int = 0) -> tuple[Part, ...]:
    parts = []
    for number in range(1, 11):
        price = Decimal(first) + Decimal(step) * (number - 1)
        cost = (price * Decimal("0.55")).quantize(price if price < 1 else Decimal("0.01"))
        parts.append(Part(f"{letter}-{number:02d}", family, number <= serialised, price, cost, usual_sale))
    return tuple(parts)


PARTS = (
    *_family("R", "radios", "180.00", "35.00", 3),
    *_family("A", "antennas", "24.50", "4.75", 6),
    *_family("M", "modems", "310.00", "60.00", 2, serialised=6),
    *_family("C", "chips", "0.4375", "0.0825", 60),
    *_family("W", "cables", "3.20", "1.15", 12),
    *_family("S", "sensors", "45.00", "9.99", 5),
)


@dataclass(frozen=True, slots=True)
class PriceCut:
    """Our list price of a part in a region becomes `share` of what it was, on a day."""

    part: str
    region: str
    day: date
    share: Decimal


PRICE_CUTS = (
    PriceCut("R-02", "AMER", date(2026, 1, 19), Decimal("0.90")),
    PriceCut("R-02", "EMEA", date(2026, 1, 19), Decimal("0.90")),
    PriceCut("S-05", "AMER", date(2026, 2, 9), Decimal("0.88")),
    PriceCut("S-05", "APAC", date(2026, 2, 9), Decimal("0.88")),
    PriceCut("A-07", "EMEA", date(2026, 2, 16), Decimal("0.93")),
    PriceCut("R-02", "AMER", date(2026, 3, 16), Decimal("0.95")),
    PriceCut("C-04", "AMER", date(2026, 3, 9), Decimal("0.80")),
    PriceCut("W-09", "EMEA", date(2026, 4, 13), Decimal("1.06")),
    PriceCut("M-09", "AMER", date(2026, 4, 20), Decimal("0.85")),
)
"""Changes of the price book; one of them is a rise."""


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Ship and debit: a special price for one part, granted to ACME."""

    number: str
    part: str
    method: str
    unit_credit: Decimal
    authorised_cost: Decimal
    valid_from: date
    valid_through: date


_NONE = Decimal("0.00")
AUTHORISATIONS = (
    Authorisation("SD-1001", "R-05", "flat-credit", Decimal("12.00"), _NONE, MONTHS[0].first, MONTHS[3].last),
    Authorisation("SD-1002", "S-03", "down-to-cost", _NONE, Decimal("58.00"), MONTHS[0].first, MONTHS[1].last),
    Authorisation("SD-1003", "A-04", "flat-credit", Decimal("1.25"), _NONE, MONTHS[1].first, MONTHS[3].last),
)


def month_of(day: date) -> int:
    """The place in MONTHS of the month that holds a day; ValueError outside the four months."""
    for place, month in enumerate(MONTHS):
        if month.first <= day <= month.last:
            return place
    raise ValueError(f"{day} is outside the demo's months")


def book_price(part: Part, region: str, day: date) -> Decimal:
    """The price book's price of a part in a region on a day, in USD with the digits of the list price."""
    price = part.list_price
    for cut in PRICE_CUTS:
        if (cut.part, cut.region) == (part.code, region) and cut.day <= day:
            price = (price * cut.share).quantize(part.list_price)
    return price
