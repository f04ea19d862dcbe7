"""Histories run through a whole close under a ruleset, and what it says of values, broken into units and cents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlglot import exp

from adapters.duckdb_executor import DuckDBExecutor
from engine.model.ruleset import PostingLine, Ruleset
from engine.plan.executor import Executor
from engine.plan.facts import Cutoff
from engine.plan.relation import column, table
from engine.run.close import Run, close_calendar, run_period
from engine.run.given import FactRow, append_inputs
from engine.run.handover import hand_over
from tests.support.histories import CUSTOMER, LAST_DAY_OF_FIRST_PERIOD, History
from tests.support.oracle import CHANGE, LEAVES, OPENS, Event, Policy, Pool, replay
from tests.support.valued_rules import CHANGES

PERIODS = ("FY2026-P01", "FY2026-P02")
COMPANY = "OUR-COMPANY"
MOST_CHANGES = 3

Handed = dict[str, tuple[tuple[tuple[str, str], ...], list[tuple[object, ...]]]]
"""What one period hands to the next: columns and rows by the name of the relation they go into."""


# ---- histories as facts ------------------------------------------------------------------------------------------


def as_date(day: int) -> date:
    """The date of a history's day: days of the second period lie in February."""
    second = day > LAST_DAY_OF_FIRST_PERIOD
    return date(2026, 2, 1) + timedelta(day - LAST_DAY_OF_FIRST_PERIOD) if second else date(2026, 1, 1 + day)


def kind_of(event: Event) -> str:
    """The kind of the fact that an event is."""
    if event.action == OPENS:
        return "receipt"
    if event.change is not None:
        return {"to": "repricing", "lower": "price-cut", "by": "late-freight"}[event.change.form]
    if event.action == LEAVES and event.document is not None:
        return f"recall-{event.otherwise}"
    sold = event.bucket == CUSTOMER
    if event.action == LEAVES:
        return "sale" if sold else "recall"
    return "customer-return" if sold else "resupply"


def with_values(history: History) -> History:
    """The same history with the changes the rules have, in the language's order of a day: additions are to the cost."""
    drawn = [[_fitted(event) for event in _few_changes(events)] for events in (history.first, history.second)]
    turn, periods = 0, []
    for events in drawn:
        ordered = sorted(events, key=_turn)
        periods.append(tuple(replace(event, identity=turn + n) for n, event in enumerate(ordered, start=1)))
        turn += len(ordered)
    return History(*periods)


def _few_changes(events: Iterable[Event]) -> Iterator[Event]:
    """Without what would be a pool's fourth change of a period: each turn of changes costs every pool a round."""
    seen: Counter[int] = Counter()
    for event in events:
        seen[event.pool] += event.action == CHANGE
        if event.action != CHANGE or seen[event.pool] <= MOST_CHANGES:
            yield event


def _fitted(event: Event) -> Event:
    if event.change is None:
        return event
    if event.change.form == "by":
        return replace(event, change=replace(event.change, name="cost"))
    return replace(event, change=replace(event.change, form="to" if event.change.form == "to" else "lower"))


def _turn(event: Event) -> tuple[int, int, int, str, int]:
    kind = kind_of(event)
    return event.day, event.action, CHANGES.index(kind) if event.action == CHANGE else 0, kind, event.identity


def feasible(policy: Policy, history: History) -> History:
    """The history without the events that would stop a close under the policy."""
    while True:
        pools: dict[int, Pool] = {}
        stopping: set[int] = set()
        for events in (history.first, history.second):
            replay(policy, events, pools)
            stopping.update(problem.event for pool in pools.values() for problem in pool.problems)
        if not stopping:
            return history
        first, second = (
            tuple(event for event in events if event.identity not in stopping)
            for events in (history.first, history.second)
        )
        history = History(first, second)


def facts_of(ruleset: Ruleset, events: Iterable[Event], publication: int) -> dict[str, list[FactRow]]:
    """Events as rows of their kinds; the fact's number is the event's."""
    found: dict[str, list[FactRow]] = defaultdict(list)
    for event in events:
        kind = kind_of(event)
        record = ruleset.kinds[kind].record
        known = {name: value for name, value in _fields(event).items() if value is not None}
        row: FactRow = {one.name: known.get(one.name) for one in record.columns}
        assert record.on is not None
        row[record.on] = as_date(event.day)
        number = f"{event.identity:06d}"
        row |= {"identity": f"{COMPANY}\x1f{number}", "currency": "USD", "known-at": as_date(event.day), "version": 1}
        row |= {"number": number, "source-file": "history", "source-row": event.identity}
        found[kind].append(row | {"publication": publication, "fact": event.identity})
    return found


def _fields(event: Event) -> dict[str, object]:
    found: dict[str, object] = {
        "company": COMPANY,
        "partner": partner_of(event.pool),
        "part": "X",
        "quantity": Decimal(event.quantity),
        "document": event.document,
        "serial": event.specific,
    }
    if event.action == OPENS:
        values = dict(event.values)
        units = values["price"].denominator * values["cost"].denominator
        found |= {"lot-units": Decimal(units), "leaves-as": as_date(event.place[0])}
        found |= {f"lot-{name}": Decimal(int(values[name] * units)) for name in ("price", "cost")}
        found["rank"] = f"{event.place[1] + 500:04d}"
    if event.change is not None:
        given = event.change.given
        found |= {name: Decimal(given.numerator) for name in ("lot-price", "lot-cost")}
        found["lot-units"] = Decimal(given.denominator)
    return found


def partner_of(pool: int) -> str:
    """The partner whose shelf a pool is."""
    return f"P{pool:05d}"


# ---- runs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Posted:
    """What a period of the engine said: keys and values in words the ledger of single units shares.

    `moved` counts units: event, layer, offset (None where provisional, and where cents post apart, which merges what is
    worth the same), returning, settling, provisional, date, price and cost just before. `amounts` sums lines of each
    journal: event, date, layer, returning, settling, journal, line. `layers` counts units left: layer, price, cost.
    `balances` sums ledger lines, credit positive, by partner and role.
    """

    moved: Counter[tuple[object, ...]] = field(default_factory=Counter)
    amounts: dict[tuple[object, ...], Fraction] = field(default_factory=dict)
    layers: Counter[tuple[object, ...]] = field(default_factory=Counter)
    balances: dict[tuple[str, str], Fraction] = field(default_factory=dict)

    def tidied(self) -> Posted:
        """The same without amounts of nothing, which ledger and engine need not both mention."""
        for found in (self.amounts, self.balances):
            for key in [key for key, amount in found.items() if not amount]:
                del found[key]  # type: ignore[arg-type]  # the keys of the one are not those of the other
        return self


def closed(ruleset: Ruleset, history: History, threads: int = 2) -> Iterator[Posted]:
    """Both periods through the engine, the second beginning with what the first handed over."""
    calendar = close_calendar(ruleset)
    handed: Handed = {}
    facts: dict[str, list[FactRow]] = defaultdict(list)
    fact_of_event: dict[int, int] = {}
    cutoff: Cutoff | None = None
    for number, events in enumerate((history.first, history.second), start=1):
        period = calendar.span(PERIODS[number - 1])[0]
        for kind, rows in facts_of(ruleset, events, number).items():
            facts[kind] += rows
        with DuckDBExecutor(threads=threads) as executor:
            append_inputs(executor, ruleset, facts, None)
            for name, (columns, values) in handed.items():
                executor.append(name, columns, values)
            run = run_period(executor, ruleset, period, given=frozenset(handed), cutoff=cutoff)
            for row in _read(executor, "event"):
                fact_of_event[row["event"]] = row["fact"]
            yield _posted(run, fact_of_event)
            handed = {
                name: (executor.types(query), executor.rows(query)) for name, query in hand_over(run.world).items()
            }
        cutoff = Cutoff(number, period.end)


def _posted(run: Run, fact_of_event: Mapping[int, int]) -> Posted:
    executor, told = run.world.executor, Posted()
    origins = {row["layer"]: row for row in _read(executor, "layer origin")}
    for row in _read(executor, "slice"):
        kept = {f"layer.{name}": value for name, value in origins[row["layer"]].items()} | row
        worth = (_worth(kept, "layer.price"), _worth(kept, "layer.cost"))
        where = (row["fact"], fact_of_event[row["layer"]])
        marks = (row["returning"], row["settling"], row["provisional"], row["event-date"])
        if row["provisional"] or "leftover" in row:
            told.moved[*where, None, *marks, *worth] += int(row["quantity"])
            continue
        for offset in range(int(row["layer.from"]), int(row["layer.to"])):
            told.moved[*where, offset, *marks, *worth] += 1
    for row in _read(executor, "layer"):
        told.layers[fact_of_event[row["layer"]], _worth(row, "price"), _worth(row, "cost")] += int(row["remaining"])
    _read_entries(run, fact_of_event, told)
    for row in _read(executor, "ledger line"):
        signed = Fraction(row["amount"]) * (1 if row["side"] == "credit" else -1)
        key = (row["partner"], row["role"])
        told.balances[key] = told.balances.get(key, Fraction()) + signed
    return told.tidied()


def _read_entries(run: Run, fact_of_event: Mapping[int, int], told: Posted) -> None:
    for entry in (entry for entry in run.entries if entry.journal.grain.form == "slices"):
        lines = [line for line in entry.journal.lines if isinstance(line, PostingLine)]
        for row in _read(run.world.executor, entry.name):
            marks = (row["returning"], row["settling"])
            for number in range(1, len(lines) + 1):
                layer = fact_of_event[row["layer"]]
                key = (row["fact"], row["posting-date"], layer, *marks, entry.journal.name, number)
                told.amounts[key] = told.amounts.get(key, Fraction()) + Fraction(row[f"amount {number}"])


def _worth(row: Mapping[str, Any], name: str) -> Fraction:
    return Fraction(row[name]) / Fraction(row.get(f"{name}:over", 1))


def _read(executor: Executor, name: str) -> list[dict[str, Any]]:
    names = [found for found, _ in executor.describe(name)]
    query = exp.select(*(column(found) for found in names)).from_(table(name))
    return [dict(zip(names, row, strict=True)) for row in executor.rows(query)]
