"""What can be written and does not run in this version, refused before any run, with what to write instead.

The list is kept beside the plan it speaks of: whoever teaches the plan a construct deletes its refusal here.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsl.diagnostics import Diagnostics
from dsl.span import Span
from engine.model.datatypes import Family
from engine.model.expression import (
    BucketOf,
    Expression,
    FieldOf,
    ItemOf,
    KeyOf,
    Literal,
    Minus,
)
from engine.model.ruleset import (
    Adjustment,
    Kind,
    Layers,
    Reconciliation,
    Ruleset,
)
from engine.model.schema import IMPLIED, Record
from engine.model.walk import walk
from engine.plan.facts import DAY, MADE
from engine.plan.refusals.book_coverage import book_refusals
from engine.plan.refusals.currency_coverage import currency_refusals
from engine.plan.refusals.limit_coverage import adjustment_refusals, limit_refusals
from engine.plan.refusals.offered import closing_calendar
from engine.plan.refusals.parting_coverage import parting_refusals
from engine.plan.refusals.pooled_coverage import pooled_refusals
from engine.plan.refusals.posting_coverage import is_moment, journal_refusals, report_refusals
from engine.plan.refusals.readers import read_everything
from engine.plan.refusals.reading_shares import why_not_shared
from engine.plan.refusals.refusing import Refusals
from engine.plan.refusals.scenario_coverage import scenario_refusals
from engine.plan.refusals.unenforced import warn_of_corrections
from engine.plan.units.stock import received_key
from engine.plan.units.valuation import EVENT_COLUMNS

TAKEN_COLUMNS = frozenset((
    *(name for name, _ in IMPLIED), *(name for name, _ in MADE), "publication", "layer", "event", "event-kind",
    "event-date", "returning", "settling", "provisional", "leftover", "pool",
))  # fmt: skip
"""Columns that facts and slices of a run have beside the fields of a record."""

TAKEN_RELATIONS = frozenset(("stock", "layer", "slice", "event", "pool", "piece", "posting", "account"))
"""Relations of a run with a name that a record could have."""


def refusals(ruleset: Ruleset) -> Diagnostics:
    """Every construct of a ruleset that this version cannot run, as T901; without an error a run may begin."""
    found = Refusals()
    _head(ruleset, found)
    _whole_items(ruleset, found)
    for record in (
        *(one.record for one in ruleset.registers.values()),
        *(one.record for one in ruleset.kinds.values()),
    ):
        _record(ruleset, record, found)
    for kind in ruleset.kinds.values():
        _kind(ruleset, kind, found)
    _stock(ruleset, found)
    _answers(ruleset, found)
    for layers in ruleset.layers.values():
        _layers(ruleset, layers, found)
    for reconciliation in ruleset.reconciliations.values():
        _reconciliation(ruleset, reconciliation, found)
    for adjustment in ruleset.adjustments.values():
        _adjustment(ruleset, adjustment, found)
    for journal in ruleset.journals.values():
        journal_refusals(ruleset, journal, found)
    for report in ruleset.reports.values():
        report_refusals(report, found)
    book_refusals(ruleset, found)
    _expressions(ruleset, found)
    currency_refusals(ruleset, found)
    scenario_refusals(ruleset, found)
    read_everything(ruleset, found)
    warn_of_corrections(ruleset, found.diagnostics)
    return found.diagnostics


# ---- whole items -----------------------------------------------------------------------------------------------------


def _head(ruleset: Ruleset, found: Refusals) -> None:
    if not ruleset.calendars:
        found.add(
            ruleset.head.span, "a ruleset without a calendar: nothing says when its periods end", "add `calendar`"
        )


def _whole_items(ruleset: Ruleset, found: Refusals) -> None:
    for layers in list(ruleset.layers.values())[1:]:
        found.add(layers.span, f"a second `layers`, {layers.name}: units are kept in one", "")
    for reconciliation in list(ruleset.reconciliations.values())[1:]:
        found.add(reconciliation.span, f"a second reconciliation, {reconciliation.name}: one is run", "")


# ---- records and stock -----------------------------------------------------------------------------------------------


def _record(ruleset: Ruleset, record: Record, found: Refusals) -> None:
    span = (ruleset.kinds.get(record.name) or ruleset.registers[record.name]).span
    # A field `currency` says itself what its row's money is in.
    taken = {one.name for one in record.columns if one.type.family is not Family.CURRENCY} & TAKEN_COLUMNS
    if record.family == "register" and record.on:
        taken |= {one.name for one in record.columns} & {"valid-from", "valid-until"}
    for name in sorted(taken):
        found.add(
            span, f"`{record.name}` with a field `{name}`: every row has a column of that name", "rename the field"
        )
    if record.name in TAKEN_RELATIONS or record.name.startswith("unit-"):
        found.add(span, f"a {record.family} called `{record.name}`: a table of the run has that name", "rename it")


def _kind(ruleset: Ruleset, kind: Kind, found: Refusals) -> None:
    if kind.receiver and ruleset.stock is not None and received_key(kind) not in ruleset.stock.keys:
        words = f"`{kind.name}` to a {kind.receiver} that stock is not kept by"
        found.add(kind.span, words, f"let {kind.receiver} be one of {', '.join(ruleset.stock.keys)}")
    if kind.form != "nothing" and "quantity" not in {one.name for one in kind.record.columns}:
        found.add(
            kind.span, f"`{kind.name}` without `quantity`: it says not how many units", "give it the field `quantity`"
        )


def _stock(ruleset: Ruleset, found: Refusals) -> None:
    stock = ruleset.stock
    if stock is None:
        for kind in ruleset.kinds.values():
            if kind.form == "moves":
                found.add(kind.span, f"`{kind.name}` without `stock`: units move between buckets", "declare `stock`")
        return
    for key in stock.keys:
        if key not in ruleset.registers and key not in ruleset.terms:
            found.add(
                stock.span,
                f"stock for each `{key}`: its keys are registers and terms",
                "keep it by a field of the facts",
            )
        elif key in ("bucket", "kind", "quantity", "opening", "received", "issued", "closing"):
            found.add(stock.span, f"stock for each `{key}`: stock has a column of that name", "rename the term")


def _answers(ruleset: Ruleset, found: Refusals) -> None:
    """Parameters by band or of what is no number, limits that rows use up, versions that differ in their `when`."""
    limit_refusals(ruleset, found)
    for parameter in ruleset.parameters.values():
        if parameter.band_type is not None and parameter.exceptions:
            found.add(parameter.span, f"an exception to `parameter {parameter.name}`, which is by band", "")
        for cell in (cell for _, row in parameter.rows for cell in row):
            if not _is_number(cell):
                found.add(cell.span, f"`{cell.span.text}` in a parameter: its cells are numbers", "write a number")
    for item in (*ruleset.reconciliations.values(), *ruleset.layers.values(), *ruleset.reports.values()):
        if item.meta.dated:
            found.add(item.span, f"dates of effect of `{item.name}`: it holds on every day", "leave the line out")
    for amount in ruleset.amounts.values():
        versions = [rule for rule in amount.exceptions if rule.is_version]
        if versions and any(when is not None for when in (amount.when, *(rule.when for rule in versions))):
            found.add(
                amount.span, f"`when` on `{amount.name}`, which has several versions", "write `is E, but 0 when T`"
            )


def _is_number(cell: Expression) -> bool:
    plain = cell.operand if isinstance(cell, Minus) else cell
    return isinstance(plain, Literal) and plain.type.is_numeric


# ---- layers ----------------------------------------------------------------------------------------------------------


def _layers(ruleset: Ruleset, layers: Layers, found: Refusals) -> None:
    phrases = dict(layers.phrases)
    _leaving(ruleset, layers, phrases, found)
    if not layers.opening_kinds:
        found.add(layers.span, f"`{layers.name}`, which no kind opens a layer of: it would stay empty", "")
    if layers.transfer_kinds and layers.order in ("average", "standard"):
        words = f"`{layers.transfer_kinds[0]}` beside `leave at {layers.order}`: a pool has one value for all its units"
        found.add(layers.span, words, "keep units in the order in which they came")
    for kind in (*layers.opening_kinds, *layers.leaving_kinds, *layers.returning_kinds, *layers.transfer_kinds):
        have = {one.name for one in ruleset.kinds[kind].record.columns}
        for key in layers.grain.keys:
            if key.name not in have:
                found.add(layers.span, f"layers for each `{key.name}`: `{kind}` does not say its {key.name}", "")
    for key in layers.grain.keys:
        if key.name in {name for name, _ in EVENT_COLUMNS}:
            found.add(
                layers.span, f"layers for each `{key.name}`: events have a column of that name", "rename the term"
            )
    _changes(ruleset, layers, found)


def _leaving(ruleset: Ruleset, layers: Layers, phrases: dict[str, Span], found: Refusals) -> None:
    order = phrases.get("LeaveOrder", phrases.get("LeaveAt", layers.span))
    if layers.order in ("average", "standard"):
        pooled_refusals(ruleset, layers, order, found)
    dated = layers.order in ("oldest", "newest") and layers.order_by and _is_date(ruleset, layers, layers.order_by[0])
    backs = [span for name, span in layers.phrases if name.startswith("BringBack")]
    for place, (kind, where) in zip(backs, layers.brings_back, strict=False):
        if where != "old" and not dated:
            found.add(
                place, f"`{kind} brings back ... at the back` where no date says what leaves first",
                "write `in their old place`, or order by a date first",
            )  # fmt: skip
    documented = any(
        "document" in {one.name for one in ruleset.kinds[kind].record.columns} for kind in layers.opening_kinds
    )
    taking = [span for name, span in layers.phrases if name == "TakeLayer"]
    if layers.takes and not documented:
        found.add(
            taking[0],
            "a layer taken by name: nothing that opens layers has a `document`",
            "give it the field `document`",
        )


def _is_date(ruleset: Ruleset, layers: Layers, name: str) -> bool:
    columns = [one for kind in layers.opening_kinds for one in ruleset.kinds[kind].record.columns if one.name == name]
    return not columns or columns[0].type.family is Family.DATE


def _changes(ruleset: Ruleset, layers: Layers, found: Refusals) -> None:
    days: dict[str, str] = {}
    pool = {key.name for key in layers.grain.keys}
    for change in layers.changes:
        if days.setdefault(change.kind, change.on) != change.on:
            found.add(
                change.span, f"a second change of `{change.kind}` on another day: a fact changes values once",
                f"write `held on {days[change.kind]}`, or declare a second kind",
            )  # fmt: skip
        for path in (one for one in ruleset.kinds[change.kind].record.identity if "." in one):
            register, _, field = path.partition(".")
            if register not in pool or "." in field or register not in ruleset.registers:
                found.add(change.span, f"`{change.kind}`, known by `{path}`: pools have no {register}", "")


# ---- what must agree -------------------------------------------------------------------------------------------------


def _reconciliation(ruleset: Ruleset, reconciliation: Reconciliation, found: Refusals) -> None:
    span, name = reconciliation.span, reconciliation.name
    stock = ruleset.stock.keys if ruleset.stock is not None else ()
    if reconciliation.grain.calendar != closing_calendar(ruleset):
        found.add(span, f"`{name}` in another calendar than the close", f"write `in {closing_calendar(ruleset)}`")
    if not isinstance(reconciliation.expected, BucketOf):
        found.add(
            reconciliation.expected.span, "an expected side that is no bucket of stock",
            "compare one bucket, and add others with `reported includes`",
        )  # fmt: skip
    if not isinstance(reconciliation.reported, FieldOf | KeyOf) or reconciliation.reported.name != "quantity":
        found.add(
            reconciliation.reported.span, "a count of anything but units", "compare the `quantity` that is reported"
        )
    moment = reconciliation.moment
    if moment is not None and not is_moment(moment, "", "period", "end"):
        found.add(
            moment.span,
            f"a count near `{moment.span.text}`: stock is compared at the period's end",
            "write `of period end`",
        )
    if reconciliation.opens_from not in ("adjusted", ""):
        found.add(
            span, f"`opens from {reconciliation.opens_from} closing stock`", "write `opens from adjusted closing stock`"
        )
    counted = ruleset.kinds.get(reconciliation.reported_kind)
    has = {one.name for one in counted.record.columns} if counted is not None else set()
    keys = [key.name for key in reconciliation.grain.keys]
    if "period" not in keys:
        found.add(span, f"`{name}` without `period` in its `for each`: it is measured each period", "add `period`")
    for key in keys:
        if key != "period" and (key not in stock or key not in has):
            where = "stock" if key not in stock else reconciliation.reported_kind
            found.add(span, f"`{name}` for each `{key}`: {where} is not kept by it", "compare by keys that both have")


def _adjustment(ruleset: Ruleset, adjustment: Adjustment, found: Refusals) -> None:
    action, span, name = adjustment.action, adjustment.span, adjustment.name
    adjustment_refusals(ruleset, adjustment, found)
    row = adjustment.grain.rows[0] if len(adjustment.grain.rows) == 1 and adjustment.grain.form == "rows" else ""
    if row not in ruleset.kinds and row not in ruleset.reconciliations:
        found.add(
            span, f"`{name}` for each of other rows than one kind's or a reconciliation's", "act on one kind's facts"
        )
        return
    if action.form != "record" and row not in ruleset.kinds:
        found.add(
            span,
            f"`{name}`, which would {action.form} rows of {row}: facts are adjusted",
            "write `for each` and a kind",
        )
    if action.form in ("split", "replace") and row in ruleset.kinds:
        parting_refusals(ruleset, adjustment, found)
    if adjustment.mark and action.form not in ("record", "split", "replace"):
        found.add(span, f"a mark `{adjustment.mark}` on a fact that is not recorded", "mark what `record` makes")
    if adjustment.twins is not None and row in ruleset.kinds:
        field = next((one for one in ruleset.kinds[row].record.columns if one.name == adjustment.twins.field), None)
        if field is None or field.type.family is not Family.DATE:
            found.add(
                adjustment.twins.span,
                f"twins whose {adjustment.twins.field} differs: they differ by days",
                "name a date",
            )
    _reversal(ruleset, adjustment, found)


def _reversal(ruleset: Ruleset, adjustment: Adjustment, found: Refusals) -> None:
    on = adjustment.reverses_on
    if on is None:
        return
    if adjustment.action.form != "record":
        found.add(on.span, f"`reverses on`: `{adjustment.name}` records nothing", "leave it out")
    elif not is_moment(on, "next", "period", "start"):
        found.add(on.span, f"`reverses on {on.span.text}`", "write `reverses on next period start`")
    for layers in ruleset.layers.values():
        moved = (*layers.opening_kinds, *layers.leaving_kinds, *layers.returning_kinds)
        if adjustment.action.name in moved:
            words = f"`reverses on` for `{adjustment.action.name}`"
            found.add(
                on.span, f"{words}: units that entered or left layers are not taken back", "record the opposite fact"
            )


# ---- expressions, wherever they stand --------------------------------------------------------------------------------


def _expressions(ruleset: Ruleset, found: Refusals) -> None:
    """Values that nothing computes yet, in every item, read or not."""
    for node in _bound(ruleset):
        match node:
            case ItemOf() if _not_shared(ruleset, node.item):
                found.add(node.span, f"`{_said(node)}`: it reads an allocation that does not run", "")
            case ItemOf() if _of_days(ruleset, node.item):
                found.add(node.span, f"`{_said(node)}`: only `split it by` reads an allocation over days", "")


def _not_shared(ruleset: Ruleset, name: str) -> bool:
    return name in ruleset.allocations and bool(why_not_shared(ruleset, ruleset.allocations[name]))


def _of_days(ruleset: Ruleset, name: str) -> bool:
    return name in ruleset.allocations and ruleset.allocations[name].shares.over == DAY


def _bound(ruleset: Ruleset) -> Iterator[object]:
    items = (
        ruleset.layers, ruleset.reconciliations, ruleset.adjustments, ruleset.controls, ruleset.tables,
        ruleset.decisions, ruleset.parameters, ruleset.amounts, ruleset.allocations, ruleset.journals, ruleset.reports,
    )  # fmt: skip
    for mapping in items:
        for item in mapping.values():
            yield from walk(item)


def _said(node: Expression) -> str:
    return " ".join(node.span.text.split())
