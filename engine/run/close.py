"""One period's run, in the order of the language reference (section 8): every relation of the close, made in an
executor.

The executor holds the inputs (`input NAME`) and, after the first hard close, the hand-over (`handed NAME`). A run
makes relations and publishes nothing; `engine.run.handover` says what the next period needs, `engine.run.page` what
people read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlglot import exp

from engine.ledger.calendar import Calendar, Period
from engine.model.books import (
    books_compared,
    other_books,
    posting_book,
    runs_in,
    speaks_of_books,
    units_differ,
    values_differ,
)
from engine.model.posting_order import event_journals, journals_needed, needs_balances, true_up_order
from engine.model.ruleset import Book, Journal, Reconciliation, Ruleset
from engine.plan.adjust import run_stage
from engine.plan.books import begin_book, take_over, was_handed
from engine.plan.controls import make_control
from engine.plan.executor import Executor
from engine.plan.facts import Cutoff, finish_facts, make_facts, make_registers
from engine.plan.posting.balances import make_balances
from engine.plan.posting.differences import make_differences
from engine.plan.posting.journal import Entry, make_entry, posts_within
from engine.plan.posting.ledger_lines import make_accounts, make_ledger_lines
from engine.plan.posting.postings import gather_postings, make_past_periods, make_postings
from engine.plan.posting.reversals import make_reversals
from engine.plan.reconcile import make_reconciliation
from engine.plan.relation import Relation, column, table
from engine.plan.reports import make_report
from engine.plan.told import tell_before_controls, tell_before_reports, told_kinds
from engine.plan.units.averaging import pooled
from engine.plan.units.slices import make_slices
from engine.plan.units.stock import make_stock, make_stock_keys
from engine.plan.units.valuation import make_layer_origins, make_placing_inputs, make_units, placing_of
from engine.plan.values.frames import layers_of
from engine.plan.values.rates import make_rates
from engine.plan.world import RunStopped, World
from engine.run.averages import average_units
from engine.run.placing import PlacingReport, place_units
from engine.run.results import StageTime


@dataclass
class Run:
    """What a run made: its world of relations, the entries of each journal, how units were placed, and times."""

    world: World
    entries: list[Entry] = field(default_factory=list)
    placing: PlacingReport | None = None
    stages: list[StageTime] = field(default_factory=list)
    upto: dict[str, Mapping[str, Relation]] = field(default_factory=dict)
    """Relations made up to the facts, up to where units are placed, and up to their values: what other books share."""
    books: list[Run] = field(default_factory=list)
    """The runs of the other books, in the order in which they were made."""


Progress = Callable[[str], None]


def close_calendar(ruleset: Ruleset) -> Calendar:
    """The calendar the books close by: the one `close` names, else the only one."""
    if ruleset.close is not None:
        return ruleset.calendars[ruleset.close.name.text]
    return next(iter(ruleset.calendars.values()))


def run_period(
    executor: Executor,
    ruleset: Ruleset,
    period: Period,
    *,
    given: frozenset[str] = frozenset(),
    cutoff: Cutoff | None = None,
    strict: bool = True,
    wanted: frozenset[str] | None = None,
    shown: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Run:
    """Run one period. `given` names the hand-over relations that are there; `wanted` limits controls, reports and
    journals, to those and whatever posts to a balance they read; `shown` adds fields to the journals' subledger rows,
    for those that have them.

    The books beside the one that posts are run where everything is, or where something wanted speaks of books.

    Raises RunStopped where the material does not allow an answer (two rules that differ, units sold beyond stock, ...).
    """
    book = posting_book(ruleset)
    world = World(
        ruleset, close_calendar(ruleset), period, executor, strict, given, follows=cutoff is not None, book=book
    )
    world.books[book] = world
    if wanted is not None:
        world.wanted = wanted | journals_needed(ruleset, wanted)
    run = Run(world)
    steps: list[tuple[str, Callable[[], None]]] = [
        ("registers and facts", lambda: _make_inputs(world, cutoff)),
        ("reconciliation", lambda: _reconcile(world)),
        ("layers", lambda: _value(run)),
        ("journals", lambda: _post(run, shown)),
        *([("other books", lambda: _run_books(run, shown))] if speaks_of_books(ruleset, wanted) else []),
        ("controls", lambda: _control(world, cutoff, wanted)),
        ("reports", lambda: _report(run, wanted)),
    ]
    for name, step in steps:
        if progress is not None:
            progress(name)
        began, before = time.perf_counter(), sum(count or 0 for count in world.rows.values())
        step()
        made = sum(count or 0 for count in world.rows.values()) - before
        run.stages.append(StageTime(name, made, round((time.perf_counter() - began) * 1000)))
    return run


def _make_inputs(world: World, cutoff: Cutoff | None) -> None:
    make_registers(world)
    make_rates(world)
    make_facts(world, cutoff)
    make_past_periods(world)
    make_accounts(world)


def _reconcile(world: World) -> None:
    """Stages in order; before the last one the reconciliation decides, after it the rest is measured."""
    if world.ruleset.stock is None:
        finish_facts(world)
        return
    for found in world.ruleset.reconciliations.values():
        _reconcile_one(world, found)
        _make_history(world, found)
    finish_facts(world)
    make_stock(world, "stock")
    make_stock_keys(world)


def _reconcile_one(world: World, found: Reconciliation) -> None:
    for stage in found.stages[:-1]:
        run_stage(world, found, stage)
    make_reconciliation(world, found, found.name, f"{found.name} stock", decide=True)
    if found.stages:
        run_stage(world, found, found.stages[-1])
        if world.strict:
            _measure_residual(world, found)


def _measure_residual(world: World, found: Reconciliation) -> None:
    """What the last stage left; for the page and the books, which an example has not."""
    decided = world.current[found.name]
    make_reconciliation(world, found, f"{found.name} residual", f"{found.name} residual stock", decide=False)
    world.current[found.name] = decided


def _make_history(world: World, found: Reconciliation) -> None:
    """`NAME history`: this period's rows and those handed over, for `within last N periods`."""
    handed = f"handed {found.name} history"
    if handed in world.given:
        made = world.relation(found.name)
        parts = [
            exp.select(*(column(one) for one in made.column_names)).from_(table(name)) for name in (made.name, handed)
        ]
        query = exp.union(*parts, distinct=False)
        world.add(Relation(f"{found.name} history", made.grain, made.columns, query, made.origin, stored=False))


def _value(run: Run) -> None:
    world = run.world
    run.upto = {stage: dict(world.relations) for stage in ("facts", "units", "values")}
    if not world.ruleset.layers:
        return
    layers = layers_of(world)
    make_units(world)
    before = set(world.relations)
    make_layer_origins(world)
    opened = world.relations.keys() - before
    make_placing_inputs(world)
    policy = placing_of(layers, world.ruleset.kinds)

    def watch(relation: Relation, rows: int | None) -> None:
        world.note(relation)
        world.rows[relation.name] = rows

    run.placing = place_units(world.executor, policy, watch=watch)
    _stop_on_problem(world)
    run.upto["units"] = {name: one for name, one in world.relations.items() if name not in opened}
    _value_units(world)
    run.upto["values"] = dict(world.relations)


def _value_units(world: World) -> None:
    """What units that were placed carry when they move, and what is left."""
    layers = layers_of(world)
    if pooled(layers):
        average_units(world, placing_of(layers, world.ruleset.kinds))
    make_slices(world)


_PROBLEMS = {
    "oversell": ("T421", "more units leave than are held", "`units sold beyond stock stop the close`"),
    "overreturn": ("T422", "more units come back than were sold", "`units returned beyond sales stop the close`"),
    "round": (
        "T425",
        "units go round from pool to pool on one day, so none can go first",
        "date one of these transfers otherwise",
    ),
    "no-layer-yet": ("T423", "units leave or come back before the pool ever had a layer", "no price is known"),
}


def _stop_on_problem(world: World) -> None:
    """RunStopped naming the first fact whose units cannot be placed, and how many there are."""
    same = exp.EQ(this=column("event", "e"), expression=column("event", "u"))
    keys = [column(key.name, "p") for key in layers_of(world).grain.keys]
    pooled = exp.EQ(this=column("pool", "p"), expression=column("pool", "u"))
    query = (
        exp.select(
            column("problem", "u"),
            column("quantity", "u"),
            column("kind", "e"),
            column("identity", "e"),
            column("date", "e"),
            *keys,
        )
        .from_(table("unit-problem", "u"))
        .join(table("event", "e"), on=same, copy=False)
        .join(table("pool", "p"), on=pooled, copy=False)
        .order_by(column("event", "u"))
    )
    found = world.executor.rows(query)
    if not found:
        return
    problem, quantity, kind, identity, day, *pool = found[0]
    code, sentence, phrase = _PROBLEMS[str(problem)]
    name = str(identity).replace("\x1f", " ").strip()
    units = f"{Decimal(str(quantity)).scaleb(-3):,f}".rstrip("0").rstrip(".")
    where = ", ".join(str(one) for one in pool if one is not None)
    more = f"; {len(found) - 1} more" if len(found) > 1 else ""
    raise RunStopped(
        code,
        f"{sentence}: {kind} {name} of {day} is short by {units} units at {where} ({phrase}){more}",
        (f"layers {layers_of(world).name}",),
    )


def _post(run: Run, shown: tuple[str, ...]) -> None:
    """Journals of events and reversals that are due, then the true-ups one after another: each reads the balances that
    the ones before left."""
    world = run.world
    needed = world.wanted

    def posts(journal: Journal) -> bool:
        is_asked = needed is None or journal.name in needed
        return is_asked and posts_within(journal, world) and runs_in(world.ruleset, journal, world.book)

    run.entries = [make_entry(world, journal, shown) for journal in event_journals(world.ruleset) if posts(journal)]
    parts = [make_postings(world, run.entries, "posting of events")]
    reversed_here = make_reversals(world, parts[0], needed)
    parts += [reversed_here] if reversed_here is not None else []
    differing = make_differences(world, parts[0])
    parts += [differing] if differing is not None else []
    if needs_balances(world.ruleset):
        for part in parts:
            make_balances(world, part)
    for journal in filter(posts, true_up_order(world.ruleset)[0]):
        run.entries.append(make_entry(world, journal, shown))
        parts.append(make_postings(world, run.entries[-1:], f"posting of {journal.name}"))
        make_balances(world, parts[-1])
    gather_postings(world, parts)
    make_ledger_lines(world)


def _run_books(run: Run, shown: tuple[str, ...]) -> None:
    """The other books: facts and reconciliation are those of the book that posts, and all else that does not differ."""
    runs = {run.world.book: run}
    for book in other_books(run.world.ruleset):
        base = runs[book.on_top_of] if book.on_top_of else run
        apart = "values" if book.on_top_of else _apart_from(run, book)
        own = Run(begin_book(base.world, book, base.upto[apart]), upto=dict(base.upto))
        if apart == "facts":
            _value(own)
        elif apart == "units":
            make_layer_origins(own.world)
            _value_units(own.world)
            own.upto["values"] = dict(own.world.relations)
        _post(own, shown)
        runs[book.name] = own
        run.books.append(own)


def _apart_from(run: Run, book: Book) -> str:
    """Up to where a book shares what the posting book made: by what the rules ask, and by what it was handed."""
    ruleset = run.world.ruleset
    for layers in ruleset.layers.values():
        if units_differ(ruleset, layers) or was_handed(run.world, book, "handed pool"):
            return "facts"
        if values_differ(ruleset, layers) or was_handed(run.world, book, "handed layer"):
            return "units"
    return "values"


def _control(world: World, cutoff: Cutoff | None, wanted: frozenset[str] | None) -> None:
    tell_before_controls(world, cutoff)
    for control in world.ruleset.controls.values():
        if wanted is None or control.name in wanted:
            make_control(world, control)


def _report(run: Run, wanted: frozenset[str] | None) -> None:
    """Reports of the book that posts, then those of the others: they may read what was told once controls were held.

    A report that compares books is that of the book that posts; one on top of another holds only what it adds.
    """
    world = run.world
    tell_before_reports(world)
    reports = [one for one in world.ruleset.reports.values() if wanted is None or one.name in wanted]
    for report in reports:
        make_report(world, report)
    standing = {one.name for one in other_books(world.ruleset) if not one.on_top_of}
    for own in (one.world for one in run.books if one.world.book in standing):
        take_over(own, world, told_kinds(world))
        for report in reports:
            if not books_compared(world.ruleset, report):
                make_report(own, report)
