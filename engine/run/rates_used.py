"""What a line was booked at: its company's currency, and the rates that led there, each with its day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlglot import exp

from engine.model.expression import Converted, MomentOf
from engine.model.ruleset import Journal
from engine.model.walk import walk
from engine.plan.posting.journal import RATE_DAY, entry_name
from engine.plan.relation import column, table
from engine.plan.values.rates import rates_name
from engine.plan.world import World, date_literal
from engine.run.explanation import RateUsed
from engine.run.shares import shares_query


def home_currency(world: World, company: object) -> str:
    """The currency a company keeps its books in."""
    register, reporting = world.ruleset.registers.get("company"), world.ruleset.head.currency
    if register is None or company is None or "currency" not in {one.name for one in register.record.columns}:
        return reporting
    own = exp.EQ(this=column(register.record.identity[0]), expression=exp.Literal.string(str(company)))
    query = exp.select(column("currency")).from_(table("company")).where(own)
    found = sorted(str(row[0]) for row in world.executor.rows(query) if row[0] is not None)
    return found[0] if found else reporting


def rates_used(world: World, journal: Journal, number: int, line_id: str, currencies: Sequence[str]) -> list[RateUsed]:
    """The rates a line was booked at, by rate set, day and currency; none where nothing was converted."""
    found: set[RateUsed] = set()
    for name, days in _asked(world, journal, number, line_id):
        rates = world.ruleset.rates[name]
        if not days or not world.has(rates_name(name)):
            continue
        among = exp.In(this=column("currency"), expressions=[exp.Literal.string(one) for one in currencies])
        on = exp.In(this=column("day"), expressions=[date_literal(one) for one in days])
        shown = [column(one) for one in ("day", "currency", "rate", "quoted-on")]
        query = exp.select(*shown).from_(table(rates_name(name))).where(among, on)
        for day, currency, rate, quoted_on in world.executor.rows(query):
            if isinstance(day, date) and isinstance(rate, Decimal) and isinstance(quoted_on, date):
                pair = (rates.quoted_to, str(currency)) if rates.from_quoted else (str(currency), rates.quoted_to)
                if pair[0] != pair[1]:
                    found.add(RateUsed(name, day, pair[0], rate.normalize(), pair[1], quoted_on))
    return sorted(found, key=lambda one: (one.rates, one.day, one.currency, one.quoted_to))


def _asked(world: World, journal: Journal, number: int, line_id: str) -> list[tuple[str, list[date]]]:
    """Rate sets with the days on which a line asked them."""
    if journal.company_currency_only:
        nodes = [one for one in walk(journal) if isinstance(one, Converted) and isinstance(one.on, MomentOf)]
        return [(one.rates, [_moment(world, one.on)]) for one in nodes if isinstance(one.on, MomentOf)]
    conversion = world.ruleset.head.conversion
    name = journal.converts[0] if journal.converts is not None else conversion.rates.text if conversion else ""
    label = f"{RATE_DAY}{number}"
    if not name or label not in world.relation(entry_name(journal)).column_names:
        return []
    only = exp.EQ(this=column("id", "l"), expression=exp.Literal.string(line_id))
    query = shares_query(world, journal, number, only).select(column(label, "e"), append=False).distinct()
    days = [row[0] for row in world.executor.rows(query)]
    return [(name, sorted(one for one in days if isinstance(one, date)))]


def _moment(world: World, on: MomentOf) -> date:
    return world.calendar.moment(world.period, on.shift, on.unit, on.edge)
