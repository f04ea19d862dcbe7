"""The results of a run read from its relations: what the page shows, what is published, and the tie-outs."""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from engine.ledger.money import minor_digits
from engine.model.identity import ruleset_hash
from engine.model.ruleset import Reconciliation, Ruleset
from engine.plan.adjust import EFFECTS, MAKING, effect_name
from engine.plan.books import of_book
from engine.plan.controls import control_name
from engine.plan.overrides import OVERRIDES
from engine.plan.posting.balances import measures
from engine.plan.posting.differences import DIFFERENCES
from engine.plan.posting.reversals import REVERSALS
from engine.plan.relation import Relation, column, named, table
from engine.plan.reports import report_names
from engine.plan.values.limits import is_limited, limit_name
from engine.plan.values.rates import rates_name
from engine.plan.world import World
from engine.run.close import Run
from engine.run.overridden import read_overrides
from engine.run.results import (
    AccountLine,
    AdjustmentLine,
    CloseResult,
    ControlLine,
    ReportTable,
    ReversalLine,
    StockLine,
    StockNames,
    VarianceLine,
)
from engine.run.side_by_side import book_results, company_results, tie_outs_of_books
from engine.run.tie_outs import tie_outs

WITNESSES = 5


def read_results(run: Run, ruleset: Ruleset) -> CloseResult:
    """Everything the page of a close shows."""
    world = run.world
    period = world.period
    fed = [name for name, kind in ruleset.kinds.items() if not kind.told and world.has(name)]
    facts = sum(world.count(exp.select(column("fact")).from_(table(kind))) for kind in fed)
    return CloseResult(
        period.name,
        period.start,
        period.end,
        ruleset.head.currency,
        ruleset.head.name,
        str(ruleset.head.version),
        ruleset_hash(ruleset),
        _stock_names(world),
        _stock(world),
        _variances(world),
        _adjustments(world),
        _journal(world),
        (*tie_outs(run), *tie_outs_of_books(run)),
        _controls(world),
        (*_reports(world), *(one for book in run.books for one in _reports(book.world, book.world.book))),
        _late(world),
        facts,
        tuple(run.stages),
        _reversals(world),
        book_results(run),
        company_results(run),
        read_overrides(world),
    )


def published_relations(run: Run) -> dict[str, exp.Query]:
    """What a run leaves in the books, each in a total order: lines, subledger, layers, reconciliation, effects,
    findings; of other books what is theirs."""
    found = _published(run)
    for book in run.books:
        found |= of_book(book.world, _published(book))
    return found


def _published(run: Run) -> dict[str, exp.Query]:
    world = run.world
    names = ["ledger line", DIFFERENCES, *(entry.name for entry in run.entries)]
    names += [rates_name(one) for one in world.ruleset.rates]
    names += [limit_name(name) for name in world.ruleset.amounts if is_limited(world.ruleset, name)]
    names += sorted(set(world.sums.values()))
    for reconciliation in world.ruleset.reconciliations.values():
        names += [reconciliation.name, f"{reconciliation.name} residual", OVERRIDES]
    names += ["stock", "stock flow", "layer", "layer origin", "event", "slice"]
    names += [effect_name(one) for one in world.ruleset.adjustments.values()]
    names += [control_name(one) for one in world.ruleset.controls.values()]
    for report in world.ruleset.reports.values():
        names += report_names(report)
    found: dict[str, exp.Query] = {}
    for name in names:
        if world.has(name):
            made = world.relation(name)
            columns = _EVENT_COLUMNS if name == "event" else made.column_names
            by = made.column_names if name in _without_events(run) else _total_order(made)
            order = [exp.Ordered(this=column(one), nulls_first=True) for one in by]
            found[name] = exp.select(*(column(one) for one in columns)).from_(table(name)).order_by(*order)
    return found


def _without_events(run: Run) -> set[str]:
    """Subledgers whose rows no event or fact tells apart: those of keys and of balances."""
    return {one.name for one in run.entries if one.journal.grain.form in ("keys", "balances")}


_EVENT_COLUMNS = ("event", "pool", "kind", "fact")
"""What the books keep of an event; the rest stands in its fact."""

_ENTRY_KEY = ("event", "layer", "layer.from", "returning", "settling", "posting-date", "fact")


def _total_order(made: Relation) -> tuple[str, ...]:
    """Columns that order rows totally: the grain; of subledger rows what tells them apart; else all of them."""
    if made.grain:
        return made.grain
    if made.name.startswith("entry "):
        return tuple(one for one in _ENTRY_KEY if one in made.column_names)
    return made.column_names


def _reconciliation(world: World) -> Reconciliation | None:
    return next(iter(world.ruleset.reconciliations.values()), None)


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def _optional(value: object) -> Decimal | None:
    return None if value is None else _decimal(value)


def _stock_names(world: World) -> StockNames:
    found = _reconciliation(world)
    if found is None:
        return StockNames()
    keys = [key.name for key in found.grain.keys if key.name != "period"]
    line, *finer = [name for name in keys if name != "company"] or keys or ["period"]
    return StockNames(getattr(found.expected, "bucket", ""), line, ", ".join(finer))


def _stock(world: World) -> tuple[StockLine, ...]:
    """Stock by the first key that is not the company: opening, flows, expected, reported, variance."""
    found = _reconciliation(world)
    if found is None or not world.has(found.name):
        return ()
    names = _stock_names(world)
    bucket, by = names.bucket, names.line
    has_value = any(local.name == "value" for local in found.locals)
    sums = [
        named(exp.Sum(this=column(name)), name) for name in ("expected", "reported", *(("value",) if has_value else ()))
    ]
    silent = exp.Sum(
        this=exp.Case()
        .when(exp.Is(this=column("reported"), expression=exp.Null()), exp.Literal.number("1"))
        .else_(exp.Literal.number("0"))
    )
    query = (
        exp.select(column(by), *sums, named(silent, "silent"))
        .from_(table(found.name))
        .group_by(column(by))
        .order_by(column(by))
    )
    stock_name = f"{found.name} stock"
    opening = _by_name(world, stock_name, by, bucket, "opening")
    others = {name: _by_name(world, stock_name, by, name, "closing") for name in _buckets_beside(world, found, bucket)}
    flows = _flows(world, f"{stock_name} flow", by, bucket)
    lines: list[StockLine] = []
    for name, expected, reported, *rest in world.executor.rows(query):
        value, silent_count = (rest[0], rest[1]) if has_value else (None, rest[0])
        complete = int(str(silent_count or 0)) == 0
        lines.append(
            StockLine(
                str(name),
                opening.get(str(name), Decimal(0)),
                tuple(flows.get(str(name), ())),
                tuple((beside, units.get(str(name), Decimal(0))) for beside, units in others.items()),
                _decimal(expected),
                _optional(reported) if complete else None,
                _decimal(reported) - _decimal(expected) if complete else None,
                _optional(value) if complete else None,
                int(str(silent_count or 0)),
            )
        )
    return tuple(lines)


def _buckets_beside(world: World, found: Reconciliation, bucket: str) -> tuple[str, ...]:
    """Buckets that hold our units beside the one compared: those `reported includes` names, those of
    layers."""
    named_buckets = [name for name, _ in found.includes]
    layered = [name for layers in world.ruleset.layers.values() for name in layers.buckets]
    return tuple(name for name in dict.fromkeys([*named_buckets, *layered]) if name != bucket)


def _by_name(world: World, stock: str, by: str, bucket: str, measure: str) -> dict[str, Decimal]:
    in_bucket = exp.EQ(this=column("bucket"), expression=exp.Literal.string(bucket))
    query = (
        exp.select(column(by), exp.Sum(this=column(measure))).from_(table(stock)).where(in_bucket).group_by(column(by))
    )
    return {str(name): _decimal(total) for name, total in world.executor.rows(query)}


def _flows(world: World, flow: str, by: str, bucket: str) -> dict[str, list[tuple[str, Decimal]]]:
    in_bucket = exp.EQ(this=column("bucket"), expression=exp.Literal.string(bucket))
    query = exp.select(column(by), column("kind"), exp.Sum(this=column("quantity"))).from_(table(flow)).where(in_bucket)
    query = query.group_by(column(by), column("kind")).order_by(column(by), column("kind"))
    found: dict[str, list[tuple[str, Decimal]]] = {}
    for name, kind, total in world.executor.rows(query):
        found.setdefault(str(name), []).append((str(kind), _decimal(total)))
    return found


def _variances(world: World) -> tuple[VarianceLine, ...]:
    found = _reconciliation(world)
    if found is None or not world.has(found.name):
        return ()
    have = world.relation(found.name).column_names
    if not {"severity", "treatment", "approver", "variance", "value"} <= set(have):
        return ()
    keys = [column(name) for name in ("severity", "treatment", "approver")]
    sums = [exp.Count(this=exp.Star()), exp.Sum(this=column("variance")), exp.Sum(this=column("value"))]
    query = (
        exp.select(*keys, *sums)
        .from_(table(found.name))
        .group_by(*(one.copy() for one in keys))
        .order_by(*(one.copy() for one in keys))
    )
    return tuple(
        VarianceLine(
            str(severity), str(treatment), str(approver or "nobody"), int(str(rows)), _optional(units), _optional(value)
        )
        for severity, treatment, approver, rows, units, value in world.executor.rows(query)
    )


def _adjustments(world: World) -> tuple[AdjustmentLine, ...]:
    found: list[AdjustmentLine] = []
    for one in world.ruleset.adjustments.values():
        name = effect_name(one)
        if world.has(name):
            effect = EFFECTS[one.action.form]
            total = exp.Sum(this=column("quantity")) if effect in MAKING else exp.Null()
            facts: exp.Expr = exp.Count(this=exp.Star())
            if effect == "parted":
                facts = exp.Count(this=exp.Distinct(expressions=[column("made-from")]))
            count, units = world.executor.rows(exp.select(facts, total).from_(table(name)))[0]
            found.append(AdjustmentLine(one.name, one.action.form, int(str(count)), _optional(units)))
    return tuple(found)


def _journal(world: World) -> tuple[AccountLine, ...]:
    if not world.has("ledger line"):
        return ()
    sides = []
    for measure in ("amount", measures(world)[-1]):
        for side in ("debit", "credit"):
            amount = exp.Case().when(exp.EQ(this=column("side"), expression=exp.Literal.string(side)), column(measure))
            sides.append(exp.Sum(this=amount.else_(exp.Literal.number("0"))))
    keys = [column("account"), column("account.title"), column("currency")]
    query = (
        exp.select(*keys, *sides)
        .from_(table("ledger line"))
        .group_by(*(one.copy() for one in keys))
        .order_by(*(one.copy() for one in keys))
    )
    home = world.ruleset.head.currency
    found: list[AccountLine] = []
    for account, title, currency, *sums in world.executor.rows(query):
        name = str(account or "no account")
        debit, credit = (_in_minor(one, str(currency)) for one in sums[:2])
        debit_booked, credit_booked = (_in_minor(one, home) for one in sums[2:])
        line = AccountLine(name, str(title or ""), debit, credit, str(currency), debit_booked, credit_booked)
        found.append(line)
    return tuple(found)


def _reversals(world: World) -> tuple[ReversalLine, ...]:
    """What was posted before and taken back, by journal."""
    if not world.has(REVERSALS):
        return ()
    on_debit = exp.EQ(this=column("side"), expression=exp.Literal.string("debit"))
    debit = exp.Sum(this=exp.Case().when(on_debit, column(measures(world)[-1])).else_(exp.Literal.number("0")))
    query = exp.select(column("journal"), exp.Count(this=exp.Star()), debit).from_(table(REVERSALS))
    rows = world.executor.rows(query.group_by(column("journal")).order_by(column("journal")))
    home = world.ruleset.head.currency
    return tuple(ReversalLine(str(name), int(str(lines)), _in_minor(total, home)) for name, lines, total in rows)


def _in_minor(value: object, currency: str) -> Decimal:
    """An amount with the digits of its currency; more only where it has them."""
    found, unit = _decimal(value), Decimal(1).scaleb(-minor_digits(currency))
    return found.quantize(unit) if found == found.quantize(unit) else found


def _controls(world: World) -> tuple[ControlLine, ...]:
    found: list[ControlLine] = []
    for one in world.ruleset.controls.values():
        name = control_name(one)
        if not world.has(name):
            continue
        keys = world.relation(name).grain
        broken = world.count(exp.select(exp.Literal.number("1")).from_(table(name)))
        rows = world.first_rows(name, keys, WITNESSES) if broken and keys else []
        witnesses = tuple(
            ", ".join(str(value).replace("\x1f", " ") for value in row if value is not None) for row in rows
        )
        found.append(ControlLine(one.name, one.code, one.severity, one.role, broken, witnesses))
    return tuple(found)


def _reports(world: World, book: str = "") -> tuple[ReportTable, ...]:
    found: list[ReportTable] = []
    for report in world.ruleset.reports.values():
        for name in report_names(report):
            if world.has(name) and world.is_own(name):
                columns = [one for one in world.relation(name).column_names if one != "guard"]
                chosen = [column(one) for one in columns]
                rows = world.executor.rows(
                    exp.select(*chosen).from_(table(name)).order_by(*(one.copy() for one in chosen))
                )
                label = f"{report.name} of {book}" if book else report.name
                label = label if name.startswith("report ") else f"{label} (roll-forward)"
                found.append(ReportTable(label, tuple(columns), tuple(tuple(row) for row in rows)))
    return tuple(found)


def _late(world: World) -> int:
    if not world.has("ledger line"):
        return 0
    late = exp.NEQ(this=column("origin"), expression=exp.Literal.string(world.period.name))
    return world.count(exp.select(exp.Literal.number("1")).from_(table("ledger line")).where(late))
