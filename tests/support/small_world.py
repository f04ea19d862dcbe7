"""Small rulesets run on small inputs: rows as dictionaries in, relations as dictionaries out."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp

from adapters.closing.overrides import attach_overrides
from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import Diagnostics
from dsl.span import Source
from engine.compile import STAGES, check
from engine.governance.state import Override
from engine.model.expression import ItemOf, KeyOf
from engine.model.ruleset import Ruleset
from engine.model.schema import IDENTITY_SEPARATOR, IMPLIED, Record
from engine.plan.executor import Row
from engine.plan.facts import Cutoff
from engine.plan.relation import Origin, column, table
from engine.plan.told import REFUSED_ROWS
from engine.plan.values.frames import frame_of
from engine.plan.values.tables import table_of
from engine.run.close import Run, close_calendar, run_period
from engine.run.given import COMPANY, INPUT_TAIL, append_inputs
from engine.run.handover import hand_over

Inputs = Mapping[str, Sequence[Mapping[str, object]]]
Rows = list[dict[str, object]]
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

HEAD = """\
ruleset small version 1
    owner controller
    reporting currency USD
    effective from 2020-01-01 unless stated
    rounding half-up to the minor unit
    overlays may change terms, tables, exceptions
role controller
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
"""

SHOP = (
    HEAD
    + """\
terms
    code, document, line, invoice, return-number are text
    tier is one of gold, silver
    model is one of stocking, resale
    quantity is a quantity
    list-price, unit-price, unit-cost, new-price are prices
    amount is money
    transit-days are days
    ship-date, receipt-date, sale-date, return-date, credit-date, count-date, cut-date, line-date, date are dates
    reported-for is a period
    role is a role
register company identified by code
register partner identified by code with history by date
    has tier, model, transit-days
register part identified by code with history by date
    has list-price
stock for each company, partner, part
    own, road, shelf, back, customer
kind shipment moves own to road on ship-date identified by company, document, line
    has partner, part, quantity, unit-price, unit-cost
kind receipt moves road to shelf on receipt-date identified by company, document, line
    has partner, part, quantity
kind sale moves shelf to customer on sale-date identified by company, partner, invoice, line
    has part, quantity, reported-for
kind sale-back moves customer to shelf on return-date identified by company, partner, invoice, line
    has part, quantity
kind credit-note moves shelf to own on credit-date identified by company, return-number, line
    has partner, part, quantity and perhaps document
kind count states shelf on count-date identified by company, partner, part, count-date
    has quantity
kind price-cut moves nothing on cut-date identified by part, cut-date
    has new-price
kind ledger-entry moves nothing on line-date identified by company, document, line
    has role, amount and perhaps partner
layers channel over road, shelf for each company, partner, part
    carry unit-price, unit-cost, basis
    leave oldest first by ship-date, then document, then line
    sale-back brings back the units last sold, in their old place
    credit-note takes the layer of document, else the oldest
    price-cut changes unit-price of units held on cut-date to cut-price
    units sold beyond stock wait for the next receipt
    units returned beyond sales stop the close
    late facts catch up in the open period
    leftover cents follow the running total
    ignore facts marked adjusted when partner.tier is silver
accounts ledger
    | role       | account | title         | type      | normal | nature       |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary     |
    | goods      | 1320    | "Goods"       | asset     | debit  | non-monetary |
    | held-cost  | 1355    | "Held cost"   | asset     | debit  | non-monetary |
    | deferred   | 2310    | "Deferred"    | liability | credit | non-monetary |
    | clearing   | 3190    | "Clearing"    | equity    | credit | non-monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | non-monetary |
    | cost       | 5010    | "Cost"        | expense   | debit  | non-monetary |
    | commission | 6310    | "Commission"  | expense   | debit  | non-monetary |
    | owed       | 2410    | "Owed"        | liability | credit | monetary     |
table segments decides centre for each ledger-line
    | row    | account.type             => centre |
    | held   | asset, liability, equity => "0000" |
    | earned | revenue, expense         => "4200" |
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported count.quantity, latest within 3 days of period end
    reported includes road when partner.tier is gold
    opens from adjusted closing stock
    stages clean, date, complete, absorb
    amount variance is reported - expected, but 0 when reported is missing
    amount value is rounded(variance * part.list-price), but 0 when reported is missing
    amount percent is variance / expected, but 100% when expected is 0
adjustment twin-sale of siso in stage clean for each sale
    when two agree on partner, part, quantity, invoice and their sale-date differs by at most 1 days
    then exclude the later by known-at
adjustment next-period-sale of siso in stage date for each sale
    when sale-date is after period end
     and reported-for is period
     and sale-date is at most period end + 5 days
    then count it at period end
adjustment mistyped-sale of siso in stage date for each sale
    when reported-for is period
     and sale-date is after period end + 5 days
    then date it at period end
adjustment arrived of siso in stage complete for each shipment
    when quantity is over sum of receipt.quantity
     and ship-date + partner.transit-days is at most period end
    then record receipt of quantity - sum of receipt.quantity dated ship-date + partner.transit-days marked estimated
    reverses on next period start
adjustment gone of siso in stage absorb for each siso
    when treatment is absorb
     and reported is not missing
     and expected is over reported
    then record sale of expected - reported dated period end marked adjusted
amount loss for each siso is absolute value
amount small-losses for each company, partner, period is sum of (loss where loss is under 1,000 USD)
table treatments decides severity, treatment for each siso
    | row   | reported         | absolute value         | small-losses        => severity | treatment |
    | none  | missing          | any                    | any                 => medium   | ask       |
    | small | at least 0 units | under 1,000 USD        | under 5,000 USD     => low      | absorb    |
    | many  | at least 0 units | under 1,000 USD        | at least 5,000 USD  => medium   | ask       |
    | large | at least 0 units | at least 1,000 USD     | any                 => high     | block     |
decision basis for each company, partner, part is one of firm, deferred-basis decided as of ship-date
    unless excepted, firm
    why "Control passes at shipment."
exception resold to basis
    when partner.model is resale
    becomes deferred-basis
    why "The partner may send all of it back."
parameter commission-rate is a rate for each partner.tier
    | from       | gold | silver |
    | 2020-01-01 | 2.0% | 3.0%   |
    | 2026-02-01 | 2.5% | 3.5%   |
    review by 2027-01-31
amount cut-price for each layer, price-cut is lower of (layer.unit-price, new-price)
amount gross for each layer touched by sale, sale-back is rounded(quantity * layer.unit-price)
amount cost-moved for each layer touched by sale, sale-back, credit-note is rounded(quantity * layer.unit-cost)
control never-negative for each siso
    needs expected is at least 0
    otherwise raise negative-stock high to controller
control no-drift for each siso
    needs count of (siso where siso.variance is over 0) within last 3 periods is under 3
    otherwise raise drift medium to controller
journal defer for each shipment posts on ship-date in fiscal
    when basis is deferred-basis
    amount price is rounded(quantity * unit-price)
    amount held is rounded(quantity * unit-cost)
    debit  receivable price
    credit deferred   price
    debit  held-cost  held
    credit goods      held
journal sell for each shipment posts on ship-date in fiscal
    when basis is firm
    amount price is rounded(quantity * unit-price)
    debit  receivable price
    credit revenue    price
journal earn for each layer touched by sale, sale-back posts on event-date in fiscal
    when layer.basis is deferred-basis
     and treatment is not block
    debit  deferred  gross
    credit revenue   gross
    debit  cost      cost-moved
    credit held-cost cost-moved
journal pay-commission for each layer touched by sale, sale-back posts on event-date in fiscal
    amount paid is rounded(gross * commission-rate)
    debit  commission paid
    credit owed       paid
journal take-back for each layer touched by credit-note posts on event-date in fiscal
    when layer.basis is deferred-basis
    amount price is rounded(quantity * layer.unit-price)
    debit  deferred   price
    credit receivable price
    debit  goods      cost-moved
    credit held-cost  cost-moved
journal cut for each layer touched by price-cut posts on cut-date in fiscal
    when layer.basis is deferred-basis
    amount granted is rounded(quantity * (layer.unit-price - cut-price))
    debit  deferred   granted
    credit receivable granted
journal bring-forward for each ledger-entry posts on line-date in fiscal
    debit  ledger-entry.role rounded(amount)
    credit clearing          rounded(amount)
    negative amounts swap sides
report standing for each company, partner, period
    shows small-losses
    rolls deferred, held-cost by journal
close fiscal
    hard close needs every step
"""
)
"""A shop with one of everything that runs: layers, each action of an adjustment, each journal's grain, a report."""


@dataclass
class SmallWorld:
    """A period that was run, its database still open."""

    run: Run
    executor: DuckDBExecutor
    ruleset: Ruleset

    def rows(self, name: str, *names: str) -> Rows:
        """Chosen columns (all where none are named) of a relation, in the order of all of them."""
        wanted = names or self.run.world.relation(name).column_names
        order = [exp.Ordered(this=column(one), nulls_first=True) for one in wanted]
        query = exp.select(*(column(one) for one in wanted)).from_(table(name)).order_by(*order)
        return [dict(zip(wanted, row, strict=True)) for row in self.executor.rows(query)]

    def lines(self, journal: str) -> list[tuple[str, str, Decimal]]:
        """A journal's ledger lines as (side, role, amount), in order."""
        found = [row for row in self.rows("ledger line") if row["journal"] == journal]
        ordered = sorted(found, key=lambda row: str(row["id"]))
        return [(str(row["side"]), str(row["role"]), Decimal(str(row["amount"]))) for row in ordered]

    def values(self, name: str, *shown: str, as_of: str = "") -> Rows:
        """An amount, decision or table output for each row of its own grain, with other fields of the row.

        `as_of` is the field a decision is decided as of. A quotient comes with its denominator as `NAME:over`.
        """
        ruleset, world = self.ruleset, self.run.world
        table_item = table_of(ruleset, name)
        item = ruleset.amounts.get(name) or ruleset.decisions.get(name)
        type_ = item.type if item is not None else dict(table_item.outputs)[name] if table_item is not None else None
        owner = item or table_item
        assert owner is not None, name
        assert type_ is not None, name
        frame = frame_of(world, owner.grain)
        day = frame.keys[as_of][1] if as_of else None
        asked = KeyOf(day, owner.span, False, as_of) if day is not None else None
        value = frame.lower(ItemOf(type_, owner.span, False, name, (), asked), owner.grain)
        outputs = [*((one, frame.key(one)) for one in shown), (name, value)]
        made = frame.relation(f"values {len(world.relations)}", (), outputs, Origin("test"))
        return self.rows(made.name, *(one for one in made.column_names if one != "guard"))

    def handed(self) -> dict[str, tuple[tuple[tuple[str, str], ...], list[Row]]]:
        """What this period hands to the next, as a hard close would keep it."""
        handed = hand_over(self.run.world)
        return {name: (self.executor.types(query), self.executor.rows(query)) for name, query in handed.items()}


@lru_cache(maxsize=64)
def compiled(text: str, covered: bool = True) -> tuple[Ruleset | None, Diagnostics]:
    """A text checked; with everything it could not run refused unless `covered` is off."""
    return check([(Source("small.tieout", text),)], STAGES if covered else STAGES[:2])


def ruleset_of(text: str) -> Ruleset:
    """The ruleset of a text that has no error."""
    ruleset, found = compiled(text)
    assert ruleset is not None, [(one.code, one.message, str(one.span)) for one in found.errors]
    return ruleset


def small_world(
    text: str,
    inputs: Inputs,
    period: str = "FY2026-P01",
    *,
    before: SmallWorld | None = None,
    strict: bool = True,
    threads: int | None = None,
    shuffled: int | None = None,
    refused: Mapping[str, int | None] | None = None,
    plans_everything: bool = False,
    overrides: Sequence[Override] = (),
) -> SmallWorld:
    """Run a period of a ruleset on inputs by record; `before` is the period hard-closed before it, `refused` how many
    rows of each file wait in quarantine; `overrides` are those approved.

    With a seed in `shuffled` the rows of each record are loaded, and so numbered, in another order.
    """
    ruleset = ruleset_of(text)
    executor = DuckDBExecutor(threads=threads, plans_everything=plans_everything)
    cutoff = Cutoff(1, before.run.world.period.end) if before is not None else None
    draw = random.Random(shuffled)
    ordered = inputs if shuffled is None else {name: draw.sample(held, len(held)) for name, held in inputs.items()}
    rows = _rows(ruleset, ordered, cutoff)
    append_inputs(executor, ruleset, rows, None)
    handed = before.handed() if before is not None else {}
    for name, (columns, values) in handed.items():
        executor.append(name, columns, values)
    calendar = close_calendar(ruleset)
    wanted = calendar.period(period)
    assert wanted is not None, period
    if refused is not None:
        executor.append(REFUSED_ROWS, (("file", "VARCHAR"), ("rows", "BIGINT")), sorted(refused.items()))
    held = attach_overrides(executor, ruleset, overrides)
    given = frozenset((*handed, *held, *([] if refused is None else [REFUSED_ROWS])))
    return SmallWorld(
        run_period(executor, ruleset, wanted, given=given, cutoff=cutoff, strict=strict), executor, ruleset
    )


def _rows(ruleset: Ruleset, inputs: Inputs, cutoff: Cutoff | None) -> dict[str, list[dict[str, object]]]:
    records = {name: one.record for name, one in ruleset.registers.items()}
    records |= {name: one.record for name, one in ruleset.kinds.items()}
    records |= {name: one.record for name, one in ruleset.rates.items()}
    found: dict[str, list[dict[str, object]]] = {}
    number = 0
    for name, rows in inputs.items():
        for row in rows:
            number += 1
            found.setdefault(name, []).append(_row(ruleset, records[name], row, number, cutoff))
    return found


def _row(
    ruleset: Ruleset, record: Record, given: Mapping[str, object], number: int, cutoff: Cutoff | None
) -> dict[str, object]:
    """A loaded row: a register's own name stands for its code, texts that look like dates are dates."""
    own = {
        record.identity[0] if name == record.name and len(record.identity) == 1 else name: value
        for name, value in given.items()
    }
    types = {one.name: one.type for one in record.columns}
    unknown = set(own) - {*types, *(name for name, _ in (*IMPLIED, *INPUT_TAIL))}
    assert not unknown, f"{record.name} has no {sorted(unknown)}"
    row: dict[str, object] = dict.fromkeys((*types, *(one for one, _ in (*IMPLIED, *INPUT_TAIL))))
    row.update({name: _typed(value, types[name].is_numeric if name in types else False) for name, value in own.items()})
    if "company" in types and row["company"] is None:
        row["company"] = COMPANY
    row["identity"] = IDENTITY_SEPARATOR.join("" if row[one] is None else str(row[one]) for one in record.identity)
    row["currency"] = row["currency"] or ruleset.head.currency
    row["known-at"] = row["known-at"] or row.get(record.on or "date") or date(2020, 1, 1)
    late = cutoff is not None and isinstance(row["known-at"], date) and row["known-at"] > cutoff.end
    row["publication"] = 2 if late else 1
    row["version"] = row["version"] or 1
    row["source-file"] = row["source-file"] or record.name
    row["source-row"], row["fact"] = number, number
    return row


def _typed(value: object, numeric: bool) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    if numeric and value is not None:
        return Decimal(str(value))
    return value
