"""A close made by hand, with something of everything a page must show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from adapters.report.closing import Closing, FileLine, TotalLine
from engine.run.conditions import weigh
from engine.run.results import (
    AccountLine,
    AdjustmentLine,
    BookLine,
    BookResult,
    CloseResult,
    CompanyResult,
    ControlLine,
    OverrideLine,
    ReportTable,
    ReversalLine,
    StageTime,
    StockLine,
    StockNames,
    TieOut,
    VarianceLine,
)
from tests.support.conditions import accepted, close_of, raised, row


def units(text: str) -> Decimal:
    return Decimal(text)


def account_line(account: str, title: str, debit: str, credit: str) -> AccountLine:
    """An account of a journal in one currency."""
    return AccountLine(account, title, units(debit), units(credit), "USD", units(debit), units(credit))


def flows(shipped: str, received: str, sold: str, returned: str) -> tuple[tuple[str, Decimal], ...]:
    names = ("shipment", "receipt", "sale", "customer-return")
    return tuple((name, Decimal(one)) for name, one in zip(names, (shipped, received, sold, returned), strict=True))


def beside(on_the_road: str, not_credited: str) -> tuple[tuple[str, Decimal], ...]:
    return (("in-transit", Decimal(on_the_road)), ("returned-not-credited", Decimal(not_credited)))


STOCK = (
    StockLine(
        "ACME", units("1204"), flows("0", "880", "-951", "12"), beside("20", "14"), units("1145"),
        units("1139"), units("-6"), units("-744.00"), 0,
    ),
    StockLine(
        "BRAVO", units("310"), flows("0", "0", "-118", "0"), beside("0", "0"), units("192"),
        None, None, None, 7,
    ),
    StockLine(
        "Électro-Distribution Île-de-France & Fils", units("2000"), flows("0", "1500", "-1250", "0"),
        beside("0", "0"), units("2250"), units("1840"), units("-410"), units("-18450.00"), 0,
    ),
)  # fmt: skip

RESULT = CloseResult(
    period="FY2026-P01",
    start=date(2026, 2, 1),
    end=date(2026, 2, 28),
    currency="USD",
    ruleset="acme-emea",
    ruleset_version="2026.1",
    ruleset_hash="9c1f4e" + "0" * 58,
    stock_names=StockNames("channel-stock", "partner", "part"),
    stock=STOCK,
    variances=(
        VarianceLine("info", "auto-adjust", "nobody", 41, units("-6"), units("-744.00")),
        VarianceLine("high", "exception", "channel-controller", 2, units("-410"), units("-18450.00")),
        VarianceLine("no report", "exception", "channel-analyst", 7, None, None),
    ),
    adjustments=(
        AdjustmentLine("duplicate-pos", "exclude", 3, units("-12")),
        AdjustmentLine("never-needed", "split", 0, None),
        AdjustmentLine("pos-of-next-period", "date", 5, None),
        AdjustmentLine("unreported-sell-through", "record", 41, units("-6")),
    ),
    journal=(
        account_line("1310", "Inventory at distributors", "0", "40120.55"),
        account_line("2310", "Deferred revenue", "84120.00", "71300.00"),
        account_line("4010", "Product revenue", "0", "12820.00"),
        account_line("5010", "Cost of goods sold", "40120.55", "0"),
    ),
    tie_outs=(
        TieOut("balanced", True, "debits = credits in every entry, currency and company", True),
        TieOut("units", True, "units: opening + in - out +/- adjusted = closing for 1,842 of 1,842 parts", True),
        TieOut("deferred", True, "units in layers = on hand + not yet credited     3,601 = 3,587 + 14", True),
        TieOut(
            "reports", False, "every report received: BRAVO has not reported stock", False,
            "load BRAVO's stock report, or let channel-analyst accept the expected stock",
        ),
    ),
    controls=(
        ControlLine("large-variance", "unexplained-stock", "high", "channel-controller", 7,
                    ("ACME, P-100: -310 units", "ACME, P-200: -100 units")),
        ControlLine("every-report-in", "no-report", "medium", "channel-analyst", 1, ("BRAVO",)),
        ControlLine("no-negative-stock", "oversold", "high", "channel-controller", 0, ()),
    ),
    reports=(
        ReportTable(
            "scorecard",
            ("company", "partner", "report-accuracy", "grade"),
            (("US01", "ACME", units("0.985"), "A"), ("US01", "BRAVO", None, None)),
        ),
        ReportTable("consigned-stock", ("company", "partner", "opening", "closing"), ()),
    ),
    books=(
        BookResult("statutory", "", True, 12, (
            BookLine("4010", "Product revenue", units("12820.00")),
            BookLine("5010", "Cost of goods sold", units("-40120.55")),
        )),
        BookResult("management", "", False, 9, (BookLine("4010", "Product revenue", units("9000.50")),)),
    ),
    companies=(
        CompanyResult("US01", units("80241.10"), units("80241.10"), (
            ("statutory", units("-30000.00")), ("management", units("9000.50")),
        )),
        CompanyResult("US02", units("2699.45"), units("2699.45"), (
            ("statutory", units("2699.45")), ("management", units("0")),
        )),
    ),
    overrides=(
        OverrideLine(
            override="O-3f09a1c2b4", reconciliation="siso",
            row=(("company", "US01"), ("partner", "ACME"), ("part", "P-300")), column="reported", was="40", value="98",
            unit="units", period="FY2026-P01", reason="recount", comment="two boxes stood in the next bay",
            evidence="count.pdf", evidence_sha256="5b1c" + "0" * 60, proposed_by="ana",
            proposed_at="2026-03-03T09:00:00Z", approved_by="ben", approved_at="2026-03-04T09:00:00Z",
            role="channel-analyst", approval_comment="counted with ACME by phone", counts=True,
        ),
        OverrideLine(
            override="O-77aa01c2b4", reconciliation="siso", row=(("company", "US01"), ("partner", "GONE")),
            column="treatment", was="", value="auto-adjust", unit="", period="FY2026-P01", reason="agreed",
            comment="below what is followed up", evidence="", evidence_sha256="", proposed_by="ana",
            proposed_at="2026-03-03T09:00:00Z", approved_by="ben", approved_at="2026-03-04T09:00:00Z",
            role="channel-analyst", approval_comment="", counts=False,
        ),
    ),
    late_lines=12,
    facts=4181,
    reversals=(ReversalLine("accrue-freight", 4, units("1250.50")),),
    stages=(StageTime("facts", 4181, 250), StageTime("valuation", 3920, 1650)),
)  # fmt: skip

MISSING = raised("every-report-in", row("BRAVO", "P-100"), sentence="reported is missing, needs a value")
UNTIED = raised("siso", row("ACME", "P-100"), "-18450.00", "exception", sentence="expected 410, reported 100")
AGREED = raised("siso", row("ACME", "P-200"), "-744.00", "exception", sentence="expected 106, reported 100")
CONDITIONS = weigh(
    close_of(), (MISSING, UNTIED, AGREED), {("siso", AGREED.row): accepted(AGREED, "counted again, sold in March")}
)
"""A step that is open, two that wait, a trial beyond its limit, and an exception that was accepted."""

CLOSING = Closing(
    client="Acme EMEA",
    kind="trial",
    number=2,
    known_at=date(2026, 3, 5),
    files=(
        FileLine(
            "acme_pos_2026-02.csv", "acme-pos", date(2026, 3, 2), 4120, 4117, 3,
            (TotalLine("units", Decimal(31877), Decimal(31860), Decimal(17), Decimal(31877)),
             TotalLine("Net EUR", None, Decimal("912340.50"), None, None)),
            resubmitted=2,
        ),
        FileLine("beta_stock_2026-02-28.csv", "beta-stock", date(2026, 3, 2), 61, 61, 0, ()),
    ),
    result=RESULT,
    conditions=CONDITIONS,
)  # fmt: skip
"""A trial with a partner who has not reported, late lines, broken controls and a report."""

FAILED = replace(
    CLOSING,
    number=None,
    result=replace(
        RESULT,
        tie_outs=(
            replace(
                RESULT.tie_outs[0],
                passed=False,
                sentence="debits = credits: entry sell-through of ACME has 100.00 USD debit and 99.99 USD credit",
                next_action="run `tieout explain` on a line of that entry",
            ),
            *RESULT.tie_outs[1:],
        ),
    ),
)
"""The same with a tie-out that refuses publication."""

EMPTY = replace(
    CLOSING,
    kind="hard close",
    number=1,
    known_at=None,
    files=(),
    conditions=weigh(close_of(), (), {}),
    result=replace(
        RESULT, stock=(), variances=(), adjustments=(), journal=(), controls=(), reports=(), books=(), companies=(),
        overrides=(), late_lines=0, facts=0, stages=(), tie_outs=RESULT.tie_outs[:1],
    ),
)  # fmt: skip
"""A hard close of a period in which nothing happened."""

REFUSED = replace(CLOSING, number=3, is_refused=True)
"""A hard close that its conditions refuse, kept as a trial."""
