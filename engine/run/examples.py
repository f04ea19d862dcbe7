"""Examples of a ruleset, run on their own rows and compared cell by cell with what they expect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlglot import exp

from dsl import syntax
from engine.ledger.calendar import Calendar, Period
from engine.model.books import BOOK, runs_in
from engine.model.datatypes import DataType, Family
from engine.model.expression import Literal
from engine.model.from_syntax import resolve_under
from engine.model.posting_order import journals_posting_to
from engine.model.ruleset import Ruleset
from engine.model.scenarios import UnderScenario
from engine.plan.controls import control_name
from engine.plan.executor import Executor
from engine.plan.facts import PERIOD, PROJECTED, Cutoff
from engine.plan.fragments import scale_of
from engine.plan.numbers import Value, shown
from engine.plan.posting.balances import DIMENSIONS, make_ledger_balances, measures
from engine.plan.posting.booked_roles import booked_role
from engine.plan.posting.differences import DIFFERENCES, recomputes
from engine.plan.posting.journal import RATE_DAY, READ
from engine.plan.posting.reversals import REVERSALS
from engine.plan.relation import Relation, column, named, table
from engine.plan.reports import report_names
from engine.plan.values.expected import expected_value, make_expected, make_expected_corrections
from engine.plan.world import RunStopped, World
from engine.run.close import Run, close_calendar, run_period
from engine.run.example_replay import Held, as_known_now, cutoffs, learns_late, lines_of, replayed
from engine.run.given import FactRow, UnreadableExampleError, append_inputs, cell_value, facts_given, with_parameters
from engine.run.handover import hand_over
from engine.run.projecting import project
from engine.run.said import number

ExecutorFactory = Callable[[], AbstractContextManager[Executor]]
ActualRow = dict[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that did not come out as expected: where it stands, what was wanted, and cell by cell what came
    instead."""

    location: str
    wanted: str
    cells: tuple[tuple[str, str, str], ...]
    """(column, wanted, found) of the nearest row; empty where there is none near."""
    found: str


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example: passed where there is no difference and the run was not stopped."""

    title: str
    case: str
    location: str
    differences: tuple[Difference, ...]
    stopped: str

    @property
    def passed(self) -> bool:
        """Whether everything expected came out."""
        return not self.differences and not self.stopped


def run_example(ruleset: Ruleset, example: syntax.Example, executors: ExecutorFactory) -> ExampleResult:
    """Run one example; a stop of the run is a result, not an error."""
    case = example.case.text if example.case is not None else ""
    differences: list[Difference] = []
    stopped = ""
    try:
        under = _under(ruleset, example)
        changed = ruleset if under is None else under.ruleset
        differences = _differences(with_parameters(changed, example), example, executors, under)
    except (RunStopped, UnreadableExampleError) as reason:
        stopped = str(reason)
    return ExampleResult(example.title.text, case, str(example.span), tuple(differences), stopped)


def _under(ruleset: Ruleset, example: syntax.Example) -> UnderScenario | None:
    """The ruleset as the scenario of an example changes it; None where it runs under none."""
    if example.under is None:
        return None
    under, _ = resolve_under(ruleset, example.under.text)
    if under is None:
        raise UnreadableExampleError(f"scenario `{example.under.text}` cannot be read; run `tieout check`")
    both = {one.name.text for one in example.givens} & {one.item for one in under.changes if one.family == "parameter"}
    if both:
        name = min(both)
        raise UnreadableExampleError(f"the example gives `{name}` and scenario `{under.name}` sets it; leave one out")
    return under


Handed = dict[str, Held]


def _differences(
    ruleset: Ruleset, example: syntax.Example, executors: ExecutorFactory, under: UnderScenario | None
) -> list[Difference]:
    rows = facts_given(ruleset, example)
    calendar = close_calendar(ruleset)
    periods = _periods(calendar, ruleset, rows, example.run.text)
    if not periods:
        raise UnreadableExampleError(f"calendar `{calendar.name}` has no period `{example.run.text}`")
    shown, supposed = _shown(example), frozenset[str]()
    wanted = _wanted(ruleset, example) | ({BOOK} if BOOK in shown else frozenset())
    known = _last_known(calendar, ruleset, rows, under) if under is not None and under.projections else None
    expected = dict.fromkeys(one.name.text for one in example.expects)
    by_period = [name for name in expected if PERIOD in _asked(example, name)]
    earlier: dict[str, list[ActualRow]] = {}
    handed: Handed = {}
    cutoff: Cutoff | None = None
    posted: list[dict[str, Held]] = []

    def run_one(executor: Executor, period: Period, handed: Handed, cutoff: Cutoff | None, until: date | None) -> Run:
        append_inputs(executor, ruleset, rows, until)
        for name, (columns, values) in handed.items():
            executor.append(name, columns, values)
        given = frozenset(handed) | supposed
        return run_period(
            executor, ruleset, period, given=given, cutoff=cutoff, strict=False, wanted=wanted, shown=shown
        )

    def replay(at: int, until: date | None) -> Handed:
        as_known_now(rows)
        chain: Handed = {}
        lines: list[dict[str, Held]] = []
        for period, before in zip(periods[:at], cutoffs(periods[:at]), strict=True):
            with executors() as executor:
                run = run_one(executor, period, chain, before, until)
                lines.append(lines_of(run))
                chain = _handed(run)
        return replayed(handed, chain, posted, lines)

    for at, period in enumerate(periods):
        last = period == periods[-1]
        until = None if last else period.end
        _publish(rows, cutoff)
        if cutoff is not None and learns_late(ruleset, rows, cutoff, until):
            handed = replay(at, until)
        with executors() as executor:
            run = run_one(executor, period, handed, cutoff, until)
            if last:
                return _compare(run, example, earlier)
            for name in by_period:
                earlier.setdefault(name, []).extend(_actual(run, name, example))
            if under is not None and period == known:
                for kind, made in project(run.world, under, 1).rows.items():
                    rows.setdefault(kind, []).extend(made)
                    supposed |= {f"{PROJECTED} {kind}"}
            if recomputes(ruleset):
                posted.append(lines_of(run))
            handed = _handed(run)
            cutoff = Cutoff(1, period.end)
    return []


def _last_known(
    calendar: Calendar, ruleset: Ruleset, rows: dict[str, list[FactRow]], under: UnderScenario
) -> Period | None:
    """The period of the latest fact of a kind that is projected: what comes after it is supposed."""
    days = [row[ruleset.kinds[one.kind].record.on or ""] for one in under.projections for row in rows.get(one.kind, [])]
    return calendar.period_of(max(one for one in days if isinstance(one, date))) if days else None


def _publish(rows: dict[str, list[FactRow]], cutoff: Cutoff | None) -> None:
    """Rows a closed period did not know are published after it."""
    for row in (one for facts in rows.values() for one in facts):
        late = cutoff is not None and isinstance(row["known-at"], date) and row["known-at"] > cutoff.end
        row["publication"] = 2 if late else 1


def _handed(run: Run) -> Handed:
    executor = run.world.executor
    found = {}
    for name, query in hand_over(run.world).items():
        rows = executor.rows(query)
        found[name] = (executor.types(query), rows)
    return found


def _periods(calendar: Calendar, ruleset: Ruleset, rows: dict[str, list[FactRow]], wanted: str) -> list[Period]:
    """From the period of the earliest fact through the last one named."""
    span = calendar.span(wanted)
    if not span:
        return []
    days = [
        row[kind.record.on]
        for kind in ruleset.kinds.values()
        for row in rows.get(kind.name, [])
        if kind.record.on is not None
    ]
    first = min((one for one in days if isinstance(one, date)), default=span[0].start)
    period = calendar.period_of(min(first, span[0].start))
    found = [period]
    while found[-1].end < span[-1].end:
        found.append(calendar.next(found[-1]))
    return found


def _wanted(ruleset: Ruleset, example: syntax.Example) -> frozenset[str]:
    """What an example needs a run to make: the names it expects, and for rows of the ledger whose roles it says, what
    posts to those."""
    names = {one.name.text for one in example.expects}
    for name in names & {"ledger-line", "ledger-balance"}:
        every = [one for one in example.expects if one.name.text == name]
        grids = [one.grid for one in every if isinstance(one, syntax.ExpectRows)]
        roles = [_cells(grid, "role") for grid in grids]
        if len(grids) == len(every) and all(roles):
            booked = name == "ledger-line" or "booked" in _asked(example, name)
            names = (names - {name}) | journals_posting_to(
                ruleset, frozenset(one for row in roles for one in row), booked
            )
    return frozenset(names)


def _cells(grid: syntax.Grid, title: str) -> tuple[str, ...]:
    """The cells below a title of a grid; none where it has no such column."""
    titles = [cell.span.text.strip() for cell in grid.head.cells]
    return tuple(row.cells[titles.index(title)].span.text.strip() for row in grid.rows) if title in titles else ()


def _shown(example: syntax.Example) -> tuple[str, ...]:
    names: list[str] = []
    for one in example.expects:
        if isinstance(one, syntax.ExpectRows):
            names += [cell.span.text.strip() for cell in one.grid.head.cells]
    return tuple(dict.fromkeys(name for name in names if name not in ("side", "role", "amount", "booked", PERIOD)))


# ---- comparing ---------------------------------------------------------------------------------------------------


def _compare(run: Run, example: syntax.Example, earlier: dict[str, list[ActualRow]]) -> list[Difference]:
    """What differs in the last period, and in those before it where an example names the period of its rows."""
    found: list[Difference] = []
    matched: dict[str, list[ActualRow]] = {}
    for one in example.expects:
        name = one.name.text
        left = matched[name] if name in matched else [*earlier.get(name, []), *_actual(run, name, example)]
        matched[name] = left
        if isinstance(one, syntax.ExpectRows):
            found += _missing_rows(one, left)
        elif left:
            label = "other " if one.other else ""
            found.append(Difference(str(one.span), f"no {label}{name}", (), "; ".join(_row_text(row) for row in left)))
    return found


def _missing_rows(expected: syntax.ExpectRows, left: list[ActualRow]) -> list[Difference]:
    """Rows wanted and not there; those found are taken out of `left`."""
    found: list[Difference] = []
    head = [cell.span.text.strip() for cell in expected.grid.head.cells]
    for row in expected.grid.rows:
        wanted = {name: cell_value(cell, None) for name, cell in zip(head, row.cells, strict=True)}
        match = next((one for one in left if all(_equal(one.get(name), value) for name, value in wanted.items())), None)
        if match is not None:
            left.remove(match)
            continue
        near = _nearest(wanted, left)
        cells = tuple(
            (name, _text(value), _text(near.get(name)))
            for name, value in wanted.items()
            if near is not None and not _equal(near.get(name), value)
        )
        found.append(Difference(str(row.span), _row_text(wanted), cells, "" if near is None else _row_text(near)))
    return found


def _nearest(wanted: ActualRow, rows: list[ActualRow]) -> ActualRow | None:
    scored = [
        (sum(_equal(row.get(name), value) for name, value in wanted.items()), -index) for index, row in enumerate(rows)
    ]
    best = max(scored, default=(0, 0))
    return rows[-best[1]] if scored and best[0] else None


def _equal(found: object, wanted: object) -> bool:
    if isinstance(found, Decimal) and isinstance(wanted, Decimal):
        return found == wanted
    if isinstance(found, bool):
        return found == (wanted in (True, "yes"))
    if isinstance(wanted, Decimal) or isinstance(found, Decimal):
        return str(found) == str(wanted)
    return found == wanted or (found is not None and wanted is not None and str(found) == str(wanted))


def _text(value: object) -> str:
    if value is None:
        return "missing"
    if not isinstance(value, Decimal):
        return str(value)
    exponent = value.as_tuple().exponent
    return number(value, min(2, -exponent) if isinstance(exponent, int) else 0)


def _row_text(row: ActualRow) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in row.items())


def _actual(run: Run, name: str, example: syntax.Example) -> list[ActualRow]:
    """The rows of a name that came out, by the columns that the example asks for; those of every book where it asks for
    the book, else of the one that posts."""
    period = {PERIOD: run.world.period.name} if PERIOD in _asked(example, name) else {}
    if BOOK not in _asked(example, name):
        return [{**period, **row} for row in _actual_in(run, name, example)]
    runs = [one for one in (run, *run.books) if _is_kept(one, name)]
    return [{**period, **row, BOOK: one.world.book} for one in runs for row in _actual_in(one, name, example)]


def _is_kept(run: Run, name: str) -> bool:
    """Whether a book has anything of a name: one on top of another has its own journals."""
    ruleset, book = run.world.ruleset, run.world.book
    if name in ruleset.journals:
        return runs_in(ruleset, ruleset.journals[name], book)
    return not ruleset.books[book].on_top_of


def _actual_in(run: Run, name: str, example: syntax.Example) -> list[ActualRow]:
    entry = next((one for one in run.entries if one.journal.name == name), None)
    if entry is not None:
        return [*_journal_rows(run, name), *_reversed_rows(run, name, _asked(example, name))]
    if name in ("ledger-line", "ledger-balance"):
        return _rows_of_ledger(run.world, name, _asked(example, name))
    made = _made(run.world, name, example)
    if not run.world.has(made):
        raise UnreadableExampleError(
            f"this run makes nothing called `{name}`; expect a journal, a control, a reconciliation or `layer`"
        )
    relation = run.world.relation(made)
    names = [one for one in relation.column_names if one != "guard" and not one.endswith(OVER)]
    have = [one for one in _asked(example, name) if one in names] or names
    query = exp.select(*(_as_shown(relation, one, run.world.half) for one in have)).from_(table(made))
    query = query.order_by(*(exp.Literal.number(str(at + 1)) for at in range(len(have))))
    return [dict(zip(have, row, strict=True)) for row in run.world.executor.rows(query)]


def _as_shown(relation: Relation, name: str, half: str) -> exp.Expr:
    """A column of a relation; of a quotient, such as a cost that freight was added to, what it comes to in digits."""
    if f"{name}{OVER}" not in relation.column_names:
        return column(name)
    scale, over_scale = (scale_of(relation.type_of(one)) or 0 for one in (name, f"{name}{OVER}"))
    value = Value(column(name), DataType(Family.NUMBER), scale, column(f"{name}{OVER}"), over_scale)
    return named(shown(value, half).sql, name)


def _made(world: World, name: str, example: syntax.Example) -> str:
    """The relation that holds what a name stands for; a value is worked out for the rows of its own grain."""
    ruleset, asked = world.ruleset, _asked(example, name)
    if name in ruleset.controls:
        return control_name(ruleset.controls[name])
    if name in ruleset.reports:
        shown, *rolled = report_names(ruleset.reports[name])
        return rolled[0] if rolled and {"role", "movement"} & set(asked) else shown
    if name == "correction":
        return make_expected_corrections(world, asked).name
    value = None if world.has(name) else expected_value(ruleset, name, example.span)
    return name if value is None else make_expected(world, value, asked).name


def _asked(example: syntax.Example, name: str) -> tuple[str, ...]:
    """The columns that an example names for the rows of a name."""
    grids = [one.grid for one in example.expects if isinstance(one, syntax.ExpectRows) and one.name.text == name]
    found = dict.fromkeys(cell.span.text.strip() for grid in grids for cell in grid.head.cells)
    return tuple(found)


def _journal_rows(run: Run, name: str) -> list[ActualRow]:
    """A journal's lines by the fields that examples ask for, each side and role summed."""
    entry = next(one for one in run.entries if one.journal.name == name)
    columns = run.world.relation(entry.name).column_names
    shown = [one for one in columns if not one.startswith(_OF_LINES)]
    lines = entry.lines
    summed: dict[tuple[object, ...], tuple[Decimal, Decimal]] = {}
    asked = [one for one in shown if one not in _INNER]
    for row in run.world.executor.rows(
        exp.select(*(column(one) for one in columns))
        .from_(table(entry.name))
        .order_by(*(column(one) for one in columns))
    ):
        values = dict(zip(columns, row, strict=True))
        for index, line in enumerate(lines, start=1):
            amount = values[f"amount {index}"]
            booked = values[entry.booked[index - 1]] if entry.booked else amount
            if not isinstance(amount, Decimal) or not isinstance(booked, Decimal) or amount == booked == 0:
                continue
            swapped = bool(values["returning"]) != ((amount or booked) < 0)
            side = {"debit": "credit", "credit": "debit"}[line.side] if swapped else line.side
            role = str(line.role.value) if isinstance(line.role, Literal) else str(values[f"role {index}"])
            if entry.journal.grain.form == "slices":
                mark = next((one for one in ("leftover", "settling") if values.get(one)), "")
                role = booked_role(run.world, line, role, mark)
            if entry.booked:
                values["currency"] = values[entry.currencies[index - 1]]
            key = (*(values[one] for one in asked), run.world.period.name, side, role)
            before = summed.get(key, (Decimal(0), Decimal(0)))
            summed[key] = (before[0] + abs(amount), before[1] + (booked if (amount or booked) > 0 else -booked))
    labels = (*asked, "period", "side", "role")
    names = ("amount", "booked") if entry.booked else ("amount",)
    return [dict(zip((*labels, *names), (*key, *sums), strict=False)) for key, sums in summed.items()]


def _reversed_rows(run: Run, name: str, asked: tuple[str, ...]) -> list[ActualRow]:
    """A journal's lines taken back, and what replayed periods would have posted otherwise, summed by side and role
    and what balances are kept by."""
    world = run.world
    return [
        row for made in (REVERSALS, DIFFERENCES) if world.has(made) for row in _rows_beside(world, made, name, asked)
    ]


def _rows_beside(world: World, made: str, name: str, asked: tuple[str, ...]) -> list[ActualRow]:
    keys = [one for one in (*DIMENSIONS, "currency", "side", "role") if one in {*asked, "side", "role"}]
    sums = [named(exp.Sum(this=column(one)), one) for one in measures(world)]
    query = exp.select(*(column(one) for one in keys), *sums).from_(table(made))
    query = query.where(exp.EQ(this=column("journal"), expression=exp.Literal.string(name)))
    query = query.group_by(*(column(one) for one in keys)).order_by(*(column(one) for one in keys))
    names = (*keys, *measures(world))
    return [{**dict(zip(names, row, strict=True)), "period": world.period.name} for row in world.executor.rows(query)]


def _rows_of_ledger(world: World, name: str, asked: tuple[str, ...]) -> list[ActualRow]:
    """Lines or balances of the ledger, money summed by the other columns asked for; none of nothing."""
    made = "ledger line" if name == "ledger-line" else make_ledger_balances(world)
    money = [one for one in ("amount", "booked") if one in asked or one == "amount"]
    held = {"amount": "amount", "booked": measures(world)[-1]}
    have = [one for one in asked if one in world.relation(made).column_names and one not in money]
    sums = [exp.Sum(this=column(held[one])) for one in money]
    query = exp.select(
        *(column(one) for one in have), *(named(total, one) for total, one in zip(sums, money, strict=True))
    )
    query = query.from_(table(made)).group_by(*(column(one) for one in have)).order_by(*(column(one) for one in have))
    query = query.having(exp.or_(*(exp.NEQ(this=one.copy(), expression=exp.Literal.number("0")) for one in sums)))
    return [dict(zip((*have, *money), row, strict=True)) for row in world.executor.rows(query)]


_OF_LINES = ("amount ", "booked ", "currency ", "role ", "guard", READ, RATE_DAY)
OVER = ":over"
"""What the column of a quotient's denominator is called by, behind the name of the quotient."""
_INNER = ("fact", "event", "layer", "layer.from", "layer.to", "returning", "settling", "leftover")
