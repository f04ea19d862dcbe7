"""A ruleset small enough to read at once that has one of nearly everything; tests plant one fault at a time into it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dsl.diagnostics import Diagnostic, Severity
from dsl.parse import parse
from dsl.span import Source
from dsl.syntax import RulesetText
from engine.model.from_syntax import resolve
from engine.model.ruleset import Ruleset

SMALL = """\
ruleset small version 1
    owner controller
    reporting currency USD
    effective from 2020-01-01 unless stated
    rounding half-up to the minor unit
    overlays may change terms, calendars, accounts, layers, parameters, tables, exceptions
role analyst may override siso up to 5,000 USD with comment
role controller may override siso with comment
role clerk
citation transfer "ASC 606-10-25-30" replaces "SAB 101"
citation cost "ASC 330-10-35"
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
    working days monday, tuesday, wednesday, thursday, friday except holiday
calendar retail
    weeks 4-4-5, year ends saturday nearest 31 january, week 53 joins the last period, named by its first day
rates spot from erp quoted to USD, stale after 3 days, missing stops the run
book statutory posts
book management never posts
book group on top of statutory never posts
terms
    code, document, line, invoice are text
    tier is one of gold, silver
    model is one of stocking, resale
    returnable is yes or no
    quantity is a quantity
    list-price, unit-price, unit-cost, new-price, unit-rebate are prices
    amount, bonus are money
    share is a rate
    transit-days are days
    ship-date, sale-date, return-date, report-date, change-date, date are dates
    from-volume is a quantity
    role is a role
    currency is a currency
register company identified by code
    has currency
register partner identified by code with history by date
    has tier, model, returnable, transit-days and perhaps share
register part identified by code with history by date
    has list-price
register price-list identified by part, partner.tier with history by date
    has list-price
register rebate-tier identified by partner with bands by from-volume
    has unit-rebate
register holiday identified by date
stock for each company, partner, part
    own, channel, customer
kind shipment moves own to channel on ship-date identified by company, document, line
    has partner, part, quantity, unit-price, unit-cost and perhaps bonus
kind pos-sale moves channel to customer on sale-date identified by company, partner, invoice, line
    has part, quantity
kind pos-return moves customer to channel on return-date identified by company, partner, invoice, line
    has part, quantity
kind count states channel on report-date identified by company, partner, part, report-date
    has quantity
kind price-cut moves nothing on change-date identified by company, part, change-date
    has new-price
kind opening-line moves nothing on report-date identified by company, document, line
    has role, amount
layers pool over channel for each company, partner, part
    carry unit-price, unit-cost, basis
    leave oldest first by ship-date, then document
    pos-return brings back the units last sold, in their old place
    price-cut changes unit-price of units held on change-date to cut-price
    units sold beyond stock stop the close
    units returned beyond sales stop the close
    late facts catch up in the open period
    leftover cents follow the running total
accounts ledger
    | role       | account | title         | type      | normal | nature       |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary     |
    | goods      | 1320    | "Goods"       | asset     | debit  | non-monetary |
    | deferred   | 2310    | "Deferred"    | liability | credit | non-monetary |
    | reserve    | 2360    | "Reserve"     | liability | credit | monetary     |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | non-monetary |
    | cogs       | 5010    | "Cost"        | expense   | debit  | non-monetary |
decision basis for each company, partner, part is one of sell-in, sell-through decided as of ship-date
    unless excepted, sell-in
    why "Control passes at shipment."
    cites transfer
exception at-resale to basis
    when partner.model is resale
    becomes sell-through
    why "The partner may send all of it back."
parameter reserve-rate is a rate for each partner.tier
    | from       | gold | silver |
    | 2020-01-01 | 3.0% | 4.0%   |
    review by 2027-01-31
parameter fade is a rate for each band of days
    | from       | under 30 days | at least 30 days |
    | 2020-01-01 | 100%          | 0%               |
    review by 2027-01-31
parameter overhead is a rate for each company
    | from       | any  |
    | 2020-01-01 | 1.0% |
    review by 2027-01-31
reconciliation siso for each company, partner, part, period in fiscal
    compares expected channel with reported count.quantity, latest within 3 days of period end
    stages complete, absorb
    amount variance is reported - expected, but 0 when reported is missing
    amount value is rounded(variance * part.list-price) converted to USD at spot rate on period end
    amount percent is variance / expected, but 100% when expected is 0
adjustment unreported of siso in stage absorb for each siso
    when treatment is absorb
     and reported is not missing
     and expected is over reported
    then record pos-sale of expected - reported dated period end marked adjusted
table treatments decides severity, treatment, approver for each siso
    | row   | reported         | absolute value            => severity | treatment | approver   |
    | none  | missing          | any                       => medium   | ask       | analyst    |
    | small | at least 0 units | under 500 USD             => info     | absorb    | nobody     |
    | mid   | at least 0 units | 500 to under 5,000 USD    => low      | ask       | analyst    |
    | large | at least 0 units | at least 5,000 USD        => high     | block     | controller |
control stock-is-there for each siso
    needs expected is at least 0
    otherwise raise oversell high to controller
amount gross for each layer touched by pos-sale, pos-return is rounded(quantity * layer.unit-price)
amount cost-of-slice for each layer touched by pos-sale, pos-return is rounded(quantity * layer.unit-cost)
amount cut-price for each layer, price-cut is lower of (layer.unit-price, price-cut.new-price)
amount shipped-value for each shipment is quantity * unit-price
amount at-risk for each layer is layer.remaining * layer.unit-price * fade at the band of layer.age
amount reserve-needed for each company, partner, period
    is rounded(sum of at-risk * reserve-rate)
amount paid-bonus for each shipment
    when bonus is not missing
    is rounded(bonus)
amount rebate-earned for each company, partner, period
    is rounded(rebate-tier.unit-rebate band by band over sold-units)
amount sold-units for each company, partner, period is sum of pos-sale.quantity
journal defer for each shipment posts on ship-date in fiscal
    when basis is sell-through
    amount price is rounded(quantity * unit-price)
    amount cost is rounded(quantity * unit-cost)
    debit  receivable price
    credit deferred   price
    debit  cogs       cost
    credit goods      cost
    cites transfer, cost
journal recognise for each layer touched by pos-sale, pos-return posts on event-date in fiscal
    when layer.basis is sell-through
    debit  deferred gross
    credit revenue  gross
    debit  cogs     cost-of-slice
    credit goods    cost-of-slice
journal sell-in-sale for each shipment posts on ship-date in fiscal
    when basis is sell-in
    amount price is rounded(quantity * unit-price)
    debit  receivable price
    credit revenue    price - paid-bonus
    credit reserve    paid-bonus
journal keep-reserve for each company, partner, period posts on period end in fiscal
    true up deferred to reserve-needed, offset to revenue
amount reserve-held for each company, partner, period is balance of deferred in company currency
report reserves for each company, partner, period
    shows reserve-held, rebate-earned
    rolls deferred by journal
close fiscal
    step stock-tied by analyst needs stock-is-there, siso
    step signed by controller after stock-tied
    trial close allows unresolved siso up to 50,000 USD
    hard close needs no open block
    hard close needs approval by controller
scenario dearer on small
    set overhead to 2.0% from 2026-01-01
    shows revenue by partner
example "a sale at resale"
    given partner
        | partner | tier | model  |
        | ACME    | gold | resale |
    given shipment
        | document | line | partner | part | quantity | unit-price | unit-cost | ship-date  |
        | S-1      | A    | ACME    | X100 | 5 units  | 10.00 USD  | 6.00 USD  | 2026-01-05 |
    run FY2026-P01
    expect journal defer
        | document | side  | role       | amount    |
        | S-1      | debit | receivable | 50.00 USD |
"""


OVERLAY = """\
ruleset over version 1
    extends small version 1
    owner controller
    overlays may change parameters"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person reads of a diagnostic."""

    code: str
    message: str
    underlined: str
    help: str


@lru_cache(maxsize=8)
def resolved(*texts: str) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
    """The ruleset of texts, base first, and everything told about them; the texts must read."""
    trees: list[RulesetText] = []
    for at, text in enumerate(texts):
        found, diagnostics = parse(Source(f"text-{at}.tieout", text))
        assert not list(diagnostics), [(one.message, str(one.span)) for one in diagnostics]
        trees.extend(found)
    ruleset, diagnostics = resolve(trees)
    return ruleset, tuple(diagnostics)


def planted(*changes: tuple[str, str], text: str = SMALL) -> str:
    """The small ruleset with pieces exchanged; each piece must be there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def told(*texts: str) -> tuple[Told, ...]:
    """What is told about texts, in order of place."""
    _, found = resolved(*texts)
    return tuple(Told(one.code, one.message, " ".join(one.span.text.split()), one.help) for one in found)


def told_of(code: str, *texts: str) -> Told:
    """The one diagnostic of a code."""
    found = [one for one in told(*texts) if one.code == code]
    assert len(found) == 1, found or told(*texts)
    return found[0]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault planted into the small ruleset, and what must be told of it."""

    title: str
    changes: tuple[tuple[str, str], ...]
    overlay: str
    expected: Told


def faults(file: str) -> tuple[Fault, ...]:
    """The faults of a file in `faults/`.

    A fault begins with `== CODE title`. Below it stand small differences to the small ruleset, as `diff` writes them,
    parted by `...`; or, behind `overlay`, an overlay's text. `>` lines hold the message, the underlined text, the help.
    """
    text = (Path(__file__).parent / "faults" / file).read_text(encoding="utf-8")
    return tuple(_fault(block) for block in text.split("== ")[1:])


def _fault(block: str) -> Fault:
    title, *lines = block.rstrip("\n").split("\n")
    said = [line[2:] for line in lines if line.startswith(">")]
    said += [""] * (3 - len(said))
    body = [line for line in lines if not line.startswith(">")]
    overlay = ""
    changes: list[tuple[str, str]] = []
    if body and body[0] == "overlay":
        overlay = "\n".join([OVERLAY, *body[1:], ""])
    else:
        for hunk in "\n".join(body).split("\n...\n"):
            each = hunk.split("\n")
            old = [line[1:] for line in each if line[:1] in (" ", "-")]
            new = [line[1:] for line in each if line[:1] in (" ", "+")]
            changes.append(("\n".join([*old, ""]), "\n".join([*new, ""])))
    return Fault(title, tuple(changes), overlay, Told(title.split()[0], *said))


def refused(*texts: str) -> bool:
    """Whether the texts make no ruleset, because of an error and never for a warning alone."""
    ruleset, found = resolved(*texts)
    errors = any(one.severity is Severity.ERROR for one in found)
    assert errors == (ruleset is None)
    return errors
