"""The page of a close: what a controller reads and signs, as blocks, and the same as values for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from adapters.report.behind import behind_lines
from adapters.report.blocks import (
    MISSING,
    Block,
    Check,
    Checks,
    Column,
    Page,
    Sentences,
    Signatures,
    Table,
    Verdict,
)
from adapters.report.closing import Closing, FileLine, TotalLine
from adapters.report.conditions import condition_blocks, conditions_json, signing_roles
from adapters.report.overrides import in_force_table
from adapters.report.side_by_side import book_blocks, company_blocks
from adapters.wording import NIL, counted, decimals, figure, money_places, plain, plural
from engine.run.results import (
    CloseResult,
    ControlLine,
    Replayed,
    ReportTable,
    ReversalLine,
    StockLine,
    StockNames,
    TieOut,
)

UNKNOWN = "?"
"""What stands where a figure would follow from one that is missing."""

NOBODY = "nobody"
"""The approver of a treatment that needs none."""

FORMS = {
    "exclude": "leaves out",
    "exclude-twin": "leaves out the later",
    "date": "dates anew",
    "count": "counts on another day",
    "record": "records",
    "split": "splits",
    "replace": "replaces",
}
"""What an adjustment does, by the form of its action."""

SHORT_HASH = 6
"""Characters of a hash that tell rulesets apart on a page."""


def close_page(closing: Closing) -> Page:
    """The page of a close."""
    result = closing.result
    number = "" if closing.number is None else f" {closing.number}"
    known = "everything loaded" if closing.known_at is None else f"as known on {closing.known_at.isoformat()}"
    dates = f"{result.start.isoformat()} to {result.end.isoformat()}"
    blocks: list[Block] = [
        *([Sentences("Built on a trial", (_built_on(closing),))] if closing.built_on else []),
        *([Sentences("Recomputed", (_replayed(closing.replayed, result),))] if closing.replayed is not None else []),
        _files(closing.files),
        _movements(result),
        _counts(result),
        _variances(result),
        *([in_force_table(result.overrides)] if result.overrides else []),
        _adjustments(result),
        _journal(result),
        *_ways_in(result),
        *book_blocks(result),
        *company_blocks(result),
        Checks("Tie-outs", tuple(_tie_out(one) for one in result.tie_outs)),
        _controls(result.controls),
        Sentences("Late postings", (_late(result),)),
    ]
    if result.reversals:
        blocks.append(Sentences("Reversals", tuple(_reversal(one, result) for one in result.reversals)))
    if result.reports:
        blocks.append(Sentences("Reports", tuple(_report_line(report) for report in result.reports)))
    is_governed = closing.behind is not None and closing.behind.is_governed
    blocks += condition_blocks(closing.conditions, result.period, closing.kind != "trial", is_governed)
    if closing.behind is not None:
        blocks.append(Sentences("Behind this page", behind_lines(closing.behind)))
    blocks.append(_verdict(closing))
    if result.publishable:
        blocks.append(Signatures(signing_roles(closing.conditions)))
    return Page(
        f"{result.period}  {dates}   {closing.kind}{number}   {_ruleset(result)}",
        (f"{closing.client}   amounts in {result.currency}   {known}",),
        tuple(blocks),
    )


def roll_forward_page(client: str, result: CloseResult) -> Page:
    """The page of a roll-forward as at the end of a day: stock and variances; nothing of it was posted."""
    day = result.end.isoformat()
    return Page(
        f"Roll-forward as at {day}   {result.period} from {result.start.isoformat()}   {_ruleset(result)}",
        (f"{client}   amounts in {result.currency}   everything loaded",),
        (
            _movements(result),
            _counts(result),
            _variances(result),
            Checks("Tie-outs", tuple(_tie_out(one) for one in result.tie_outs)),
            Verdict(result.publishable, "nothing was posted or published", ""),
        ),
    )


def known_page(client: str, result: CloseResult, on: str, said: tuple[str, ...]) -> Page:
    """The page of what was known about a period on a day; `said` are sentences on how far it was then."""
    return Page(
        f"{result.period}  as known on {on}   {_ruleset(result)}",
        (f"{client}   amounts in {result.currency}   what was loaded by the end of {on} (UTC)",),
        (
            Sentences("Then", said),
            _movements(result),
            _variances(result),
            _adjustments(result),
            _journal(result),
            Checks("Tie-outs", tuple(_tie_out(one) for one in result.tie_outs)),
            Verdict(result.publishable, "run again with what was known then; nothing was published", ""),
        ),
    )


def known_json(client: str, result: CloseResult, on: str) -> dict[str, Any]:
    """The same as values."""
    return {"client": client, "known-on": on, **_result_json(result)}


def roll_forward_json(client: str, result: CloseResult) -> dict[str, Any]:
    """The same as values."""
    shown = ("currency", "start", "stock", "variances", "tie-outs")
    values = _result_json(result)
    return {"client": client, "as-of": plain(result.end), **{name: values[name] for name in shown}}


def close_json(closing: Closing) -> dict[str, Any]:
    """The same as values: figures with decimals as texts, nothing left out."""
    return {
        "client": closing.client,
        "kind": closing.kind,
        "number": closing.number,
        "known-at": plain(closing.known_at),
        "published": closing.number is not None,
        "refused": closing.is_refused,
        "built-on": list(closing.built_on),
        "replayed": None if closing.replayed is None else plain(closing.replayed),
        "files": plain(closing.files),
        **_result_json(closing.result),
        "conditions": conditions_json(closing.conditions),
        "behind": None if closing.behind is None else plain(closing.behind),
    }


def _result_json(result: CloseResult) -> dict[str, Any]:
    values: dict[str, Any] = plain(result)
    values["stock"] = [{**plain(line), "flows": plain(dict(line.flows))} for line in result.stock]
    values["companies"] = [{**plain(one), "earned": plain(dict(one.earned))} for one in result.companies]
    if not _in_several_currencies(result):
        own = ("account", "title", "debit", "credit")
        values["journal"] = [{name: line[name] for name in own} for line in values["journal"]]
    return values


def _in_several_currencies(result: CloseResult) -> bool:
    """Whether some of the journal is in another currency than that of the page."""
    return any(line.currency != result.currency for line in result.journal)


def _ruleset(result: CloseResult) -> str:
    return f"ruleset {result.ruleset} {result.ruleset_version} ({result.ruleset_hash[:SHORT_HASH]})"


def report_tables(result: CloseResult) -> tuple[Table, ...]:
    """The reports of the ruleset, each as a table; they go on paper behind the page."""
    return tuple(_report(report) for report in result.reports)


def _files(files: tuple[FileLine, ...]) -> Table:
    names = ["received", "accepted", "quarantined"]
    if any(file.resubmitted for file in files):
        names.append("resubmitted")
    columns = (
        Column("file"),
        *(Column(name if name != "resubmitted" else "of these resubmitted", True) for name in names),
        Column("control total", True),
        Column(""),
    )
    rows: list[tuple[str, ...]] = []
    for file in files:
        counts = tuple(f"{getattr(file, name):,}" for name in names)
        totals = [_total(total) for total in file.totals] or [("none declared", "-")]
        rows.append((file.name, *counts, *totals[0]))
        rows += [("", *("" for _ in names), *total) for total in totals[1:]]
    sums = (sum(getattr(file, name) for file in files) for name in names)
    total = ("total", *(f"{one:,}" for one in sums), "", "")
    return Table("Files, rows", columns, tuple(rows), total, "none delivered since the last hard close")


def _total(total: TotalLine) -> tuple[str, str]:
    places = decimals((total.received, total.accepted, total.declared))
    # One decimal is how exact arithmetic writes 10 cents; two are how people do.
    places = 2 if places == 1 else places
    accepted, received = f"{total.accepted:,.{places}f}", f"{total.received or 0:,.{places}f}"
    if total.declared is not None:
        of_file = "" if total.received != total.declared else f"{received} of "
        return f"{of_file}{total.declared:,.{places}f} {total.column}", "✓"
    if total.received is None:
        return f"{accepted} {total.column} accepted", NIL
    return f"{received} {total.column}", "✓"


def _movements(result: CloseResult) -> Table:
    """Opening stock, what came in, what went out, and what should be there, line by line."""
    stock = result.stock
    flows = [dict(line.flows) for line in stock]
    named = dict.fromkeys(kind for line in flows for kind in line)
    totals = {kind: sum((flow.get(kind, Decimal(0)) for flow in flows), Decimal(0)) for kind in named}
    moving = [kind for kind in named if any(flow.get(kind) for flow in flows)]
    kinds = sorted(moving, key=lambda kind: totals[kind] < 0)
    columns = (Column(result.stock_names.line), *(Column(one, True) for one in ("opening", *kinds, "expected")))
    zero = Decimal(0)
    figures = [
        (line.opening, *(flow.get(kind, zero) for kind in kinds), line.expected)
        for line, flow in zip(stock, flows, strict=True)
    ]
    places = decimals(value for row in figures for value in row)
    rows = tuple(
        (line.name, *(figure(value, places) for value in row)) for line, row in zip(stock, figures, strict=True)
    )
    sums = [sum(column, zero) for column in zip(*figures, strict=True)]
    total = ("total", *(figure(one, places) for one in sums)) if rows else ()
    title = result.stock_names.bucket.replace("-", " ") or "stock"
    return Table(f"{title[0].upper()}{title[1:]}, units", columns, rows, total)


def _counts(result: CloseResult) -> Table:
    """What should be there against what is reported, and what stands beside it."""
    stock = result.stock
    money = money_places(result.currency, (line.value for line in stock))
    places = decimals(value for line in stock for value in _units(line))
    beside = tuple(name for name, _ in stock[0].beside) if stock else ()
    columns = (
        Column(result.stock_names.line),
        Column("expected", True),
        Column("reported", True),
        Column("variance", True),
        Column(f"variance {result.currency}", True),
        Column(_without_report(result.stock_names), True),
        *(Column(name.replace("-", " "), True) for name in beside),
    )

    def row(name: str, lines: Iterable[StockLine]) -> tuple[str, ...]:
        listed = tuple(lines)
        return (
            name,
            figure(_sum(listed, lambda line: line.expected) or Decimal(0), places),
            _known(_sum(listed, lambda line: line.reported), places, MISSING),
            _known(_sum(listed, lambda line: line.variance), places, UNKNOWN),
            _known(_sum(listed, lambda line: line.value), money, UNKNOWN),
            figure(Decimal(sum(line.silent for line in listed)), 0),
            *(figure(sum((dict(line.beside)[name] for line in listed), Decimal(0)), places) for name in beside),
        )

    rows = tuple(row(line.name, (line,)) for line in stock)
    return Table("Expected against reported, units", columns, rows, row("total", stock))


def _without_report(names: StockNames) -> str:
    """What is counted where no report came in: `parts`, where each line adds up parts alone."""
    return f"{plural(names.finer) if names.finer and ',' not in names.finer else 'rows'} without report"


def _units(line: StockLine) -> tuple[Decimal | None, ...]:
    return line.expected, line.reported, line.variance, *(units for _, units in line.beside)


def _sum(lines: Iterable[StockLine], value: Callable[[StockLine], Decimal | None]) -> Decimal | None:
    """The sum over lines, unknown as soon as one is."""
    total = Decimal(0)
    for line in lines:
        part = value(line)
        if part is None:
            return None
        total += part
    return total


def _known(value: Decimal | None, places: int, unknown: str) -> str:
    return unknown if value is None else figure(value, places)


def _variances(result: CloseResult) -> Table:
    money = money_places(result.currency, (line.value for line in result.variances))
    places = decimals(line.units for line in result.variances)
    columns = (
        Column("severity"),
        Column("rows", True),
        Column("units", True),
        Column(result.currency, True),
        Column("treatment"),
    )
    rows = tuple(
        (
            line.severity,
            f"{line.rows:,}",
            _known(line.units, places, UNKNOWN),
            _known(line.value, money, UNKNOWN),
            f"{line.treatment}: {line.approver}" if line.approver not in ("", NOBODY) else line.treatment,
        )
        for line in result.variances
    )
    units = [line.units for line in result.variances if line.units is not None]
    values = [line.value for line in result.variances if line.value is not None]
    total = (
        "total",
        f"{sum(line.rows for line in result.variances):,}",
        figure(sum(units, Decimal(0)), places),
        figure(sum(values, Decimal(0)), money),
        "" if len(units) == len(values) == len(result.variances) else "of the rows with a report",
    )
    return Table("Variances", columns, rows, total)


def _adjustments(result: CloseResult) -> Table:
    places = decimals(line.units for line in result.adjustments)
    columns = (Column("adjustment"), Column("what it does"), Column("facts", True), Column("units", True))
    rows = tuple(
        (
            line.name,
            FORMS.get(line.form, line.form),
            figure(Decimal(line.facts), 0),
            "" if line.units is None else figure(line.units, places),
        )
        for line in result.adjustments
        if line.facts
    )
    return Table("Adjustments made", columns, rows)


def _journal(result: CloseResult) -> Table:
    if _in_several_currencies(result):
        return _journal_in_currencies(result)
    places = money_places(result.currency, (side for line in result.journal for side in (line.debit, line.credit)))
    columns = (Column("account"), Column(f"debit {result.currency}", True), Column(f"credit {result.currency}", True))
    rows = tuple(
        (f"{line.account} {line.title}", *(figure(side, places) if side else "" for side in (line.debit, line.credit)))
        for line in result.journal
    )
    debit = sum((line.debit for line in result.journal), Decimal(0))
    credit = sum((line.credit for line in result.journal), Decimal(0))
    total = ("total", figure(debit, places), figure(credit, places))
    return Table("Journal", columns, rows, total, "nothing to post")


def _journal_in_currencies(result: CloseResult) -> Table:
    """Accounts by currency: what was transacted, and what is booked of it in the company's currency."""
    booked = [side for line in result.journal for side in (line.debit_booked, line.credit_booked)]
    places = money_places(result.currency, booked)
    headings = ("account", "currency", "debit", "credit", "debit booked", "credit booked")
    columns = tuple(Column(one, one not in ("account", "currency")) for one in headings)
    rows = []
    for line in result.journal:
        own = money_places(line.currency, (line.debit, line.credit))
        sides = [figure(side, own) if side else "" for side in (line.debit, line.credit)]
        sides += [figure(side, places) if side else "" for side in (line.debit_booked, line.credit_booked)]
        rows.append((f"{line.account} {line.title}", line.currency, *sides))
    debit = sum((line.debit_booked for line in result.journal), Decimal(0))
    credit = sum((line.credit_booked for line in result.journal), Decimal(0))
    total = ("total", "", "", "", figure(debit, places), figure(credit, places))
    return Table("Journal", columns, tuple(rows), total, "nothing to post")


def _ways_in(result: CloseResult) -> tuple[Sentences, ...]:
    """The commands that answer what the journal makes a reader ask, where there is one in the books."""
    if not result.journal or not result.publishable:
        return ()
    return (Sentences("", (f"line by line: `tieout journal {result.period}`, and `tieout explain LINE`",)),)


def _tie_out(tie_out: TieOut) -> Check:
    if tie_out.passed:
        return Check(True, tie_out.sentence)
    blocks = "nothing is published while this does not hold" if tie_out.blocks else "does not block the close"
    return Check(False, tie_out.sentence, tuple(one for one in (blocks, tie_out.next_action) if one))


def _controls(controls: tuple[ControlLine, ...]) -> Checks:
    raised = tuple(_raised(one) for one in controls if one.broken)
    held = len(controls) - len(raised)
    good = (Check(True, f"{counted(held, 'control')} held"),) if held else ()
    return Checks("Controls", (*raised, *good), "the ruleset has none")


def _raised(control: ControlLine) -> Check:
    rows = counted(control.broken, "row")
    more = control.broken - len(control.witnesses)
    details = (*control.witnesses, *([f"and {more:,} more"] if more else []))
    return Check(False, f"{control.code}, {control.severity}, to {control.role}: {rows} of {control.name}", details)


def _built_on(closing: Closing) -> str:
    first, *others = closing.built_on
    names = f"{first} to {others[-1]}" if others else first
    verb, what = ("are", "what trials of them come") if others else ("is", "what a trial of it comes")
    return f"{names} {verb} open: {closing.result.period} opens with {what} to now, entries and true-ups included"


def _replayed(replay: Replayed, result: CloseResult) -> str:
    first, *others = replay.periods
    names = f"{first} to {others[-1]}" if others else first
    verb, they, come = ("were", "they", "come") if others else ("was", "it", "comes")
    return (
        f"{counted(replay.facts, 'fact')} dated up to the last hard close became known after it, so {names} {verb} "
        f"replayed: {result.period} opens with what {they} {come} to now, and posts what {they} would have posted "
        "otherwise"
    )


def _late(result: CloseResult) -> str:
    if not result.late_lines:
        return "none"
    lines = counted(result.late_lines, "journal line")
    return f"{lines} for facts of earlier, hard-closed periods, posted in {result.period}"


def _reversal(one: ReversalLine, result: CloseResult) -> str:
    debit = figure(one.debit, money_places(result.currency, (one.debit,)))
    return f"{one.journal}: {counted(one.lines, 'line')} taken back, debits of {debit} {result.currency}"


def _report_line(report: ReportTable) -> str:
    return f"{report.name}: {counted(len(report.rows), 'row')}"


def _verdict(closing: Closing) -> Verdict:
    result = closing.result
    milliseconds = sum(stage.milliseconds for stage in result.stages)
    tenths = (milliseconds + 50) // 100
    aside = f"{counted(result.facts, 'fact')}, {tenths // 10}.{tenths % 10} s"
    open_ends = sum(not one.passed for one in result.tie_outs if not one.blocks)
    open_ends += sum(one.broken > 0 for one in result.controls)
    asking = f"; {counted(open_ends, 'check asks', 'checks ask')} for a decision" if open_ends else ""
    if not result.publishable:
        failed = sum(not one.passed for one in result.tie_outs if one.blocks)
        return Verdict(False, f"not published: {counted(failed, 'tie-out')} failed; the books are as they were", aside)
    if closing.is_refused:
        kept = f"not hard-closed: its conditions are not met; kept as trial {closing.number}"
        return Verdict(False, f"{kept}, {result.period} stays open", aside)
    if closing.kind == "trial":
        number = "" if closing.number is None else f" as trial {closing.number}"
        if not closing.conditions.allows_trial:
            beyond = "more is unresolved than a trial close allows"
            return Verdict(False, f"published{number}, but {beyond}; {result.period} stays open", aside)
        return Verdict(True, f"published{number}; {result.period} stays open{asking}", aside)
    return Verdict(True, f"{result.period} is hard-closed{asking}", aside)


def _report(report: ReportTable) -> Table:
    columns = list(zip(*report.rows, strict=True)) if report.rows else [() for _ in report.columns]
    shown = [_report_column(values) for values in columns]
    heads = tuple(
        Column(name, any(isinstance(value, (Decimal, int)) for value in values))
        for name, values in zip(report.columns, columns, strict=True)
    )
    return Table(report.name, heads, tuple(zip(*shown, strict=True)), (), "no rows")


def _report_column(values: tuple[object, ...]) -> list[str]:
    numbers = [value for value in values if isinstance(value, Decimal)]
    places = decimals(numbers)
    return [_cell(value, places) for value in values]


def _cell(value: object, places: int) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Decimal, int)):
        return figure(Decimal(value), places)
    return str(plain(value))
