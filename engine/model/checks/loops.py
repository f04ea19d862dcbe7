"""Definitions that go round (T313), changes that read what they may not (T321), balances read too early (T406)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dsl.diagnostics import Diagnostics
from dsl.span import Span
from engine.model.checks.reading import Edge, edges, graph, path_to, reachable, values_of
from engine.model.expression import AggregateOf, BucketOf, LedgerBalance
from engine.model.posting_order import true_up_order
from engine.model.ruleset import PostingLine, Ruleset, TrueUp
from engine.model.walk import walk

Graph = Mapping[str, tuple[Edge, ...]]


def check_loops(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Report what can only be known by following who reads whom."""
    reads = graph(ruleset)
    if not any(one.code == "T313" for one in diagnostics.errors):
        _values(reads, diagnostics)
    _adjustments(ruleset, reads, diagnostics)
    _changes(ruleset, reads, diagnostics)
    _balances(ruleset, reads, diagnostics)
    _true_ups(ruleset, diagnostics)


def _values(reads: Graph, diagnostics: Diagnostics) -> None:
    told: set[frozenset[str]] = set()
    for name in reads:
        way = path_to(reads, name, name)
        if way is None:
            continue
        loop = frozenset(edge.reader for edge in way)
        if loop in told:
            continue
        told.add(loop)
        said = " -> ".join((name, *(edge.read for edge in way)))
        diagnostics.error(
            "T313", f"definition goes round: {said}", way[0].span, "let one of them read what does not depend on it"
        )


def _adjustments(ruleset: Ruleset, reads: Graph, diagnostics: Diagnostics) -> None:
    """Before its last stage a reconciliation only gathers facts: what reads its result there would read itself."""
    for adjustment in ruleset.adjustments.values():
        reconciliation = ruleset.reconciliations.get(adjustment.reconciliation)
        if reconciliation is None or adjustment.stage not in reconciliation.stages[:-1]:
            continue
        goal = reconciliation.name
        for edge in edges(ruleset, adjustment.name, adjustment):
            rest = () if edge.read == goal else path_to(reads, edge.read, goal)
            if rest is None:
                continue
            said = " -> ".join((adjustment.name, edge.read, *(one.read for one in rest), adjustment.name))
            diagnostics.error(
                "T313",
                f"definition goes round: {said}, in stage `{adjustment.stage}`",
                edge.span,
                f"move it to the last stage, `{reconciliation.stages[-1]}`; a stage sees only what earlier ones left",
            )
            break


def _changes(ruleset: Ruleset, reads: Graph, diagnostics: Diagnostics) -> None:
    values = values_of(ruleset)
    for layers in ruleset.layers.values():
        for change in layers.changes:
            nodes = [change.value]
            read = {edge.read for edge in edges(ruleset, layers.name, change.value)}
            names = sorted({name for one in read for name in reachable(reads, one)})
            for node, through in [(one, "") for one in nodes] + [(values[n], n) for n in names if n in values]:
                _change_reads(node, through, change.value.span, change.carried, diagnostics)


def _change_reads(node: object, through: str, span: Span, carried: str, diagnostics: Diagnostics) -> None:
    for one in walk(node):
        what = ""
        if isinstance(one, LedgerBalance):
            what = "a balance"
        elif isinstance(one, BucketOf):
            what = f"the stock `{one.bucket}`"
        elif isinstance(one, AggregateOf) and one.source.grain.form in ("layers", "slices"):
            what = "other layers"
        if what:
            place = f" through `{through}`" if through else ""
            diagnostics.error(
                "T321",
                f"the change of `{carried}` reads {what}{place}",
                span,
                "a change may read the layer before the event, the event, parameters and decisions",
            )


def _balances(ruleset: Ruleset, reads: Graph, diagnostics: Diagnostics) -> None:
    """An amount that reads a balance may in turn be read by true-ups, reports and controls only."""
    values = values_of(ruleset)
    holders = {name for name, value in values.items() if any(isinstance(one, LedgerBalance) for one in walk(value))}
    if not holders:
        return
    for reader, node in _early_readers(ruleset):
        for edge in edges(ruleset, reader, node):
            held = sorted(holders & reachable(reads, edge.read))
            if held:
                diagnostics.error(
                    "T406",
                    f"{reader} reads a balance through `{held[0]}`",
                    edge.span,
                    "only true-ups, reports and controls may read balances",
                )


def _true_ups(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """True-ups follow those that post what they read; some that read each other have no first."""
    round_ = true_up_order(ruleset)[1]
    if round_:
        names = " and ".join(f"`{one.name}`" for one in round_)
        diagnostics.error(
            "T313",
            f"true-ups go round: {names} each read a balance that the other posts to",
            round_[0].span,
            "let one of them be offset to a role whose balance the other does not read",
        )


def _early_readers(ruleset: Ruleset) -> Iterator[tuple[str, object]]:
    for journal in ruleset.journals.values():
        yield f"journal {journal.name}", (journal.posts_on, journal.when)
        posted = tuple(line.value for line in journal.lines if isinstance(line, PostingLine))
        yield f"journal {journal.name}", posted
        if not any(isinstance(line, TrueUp) for line in journal.lines):
            yield f"journal {journal.name}", journal.locals
    for decision in ruleset.decisions.values():
        yield f"decision {decision.name}", decision
    for adjustment in ruleset.adjustments.values():
        yield f"adjustment {adjustment.name}", adjustment
    for layers in ruleset.layers.values():
        yield f"layers {layers.name}", (layers.changes, layers.ignores, layers.leave_by)
