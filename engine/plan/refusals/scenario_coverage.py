"""What a scenario can say and no run answers: what it sets, what it shows, and what it projects."""

from __future__ import annotations

from dsl import syntax
from dsl.diagnostics import Diagnostics
from engine.model.expression import AggregateOf, KeyOf
from engine.model.ruleset import Kind, Ruleset
from engine.model.scenarios import Projection, UnderScenario
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.projection import at_period, pool_grain
from engine.plan.refusals.offered import HISTORY, KEYS, LAYERS, STOCK, closing_calendar, why_not
from engine.plan.refusals.reading import Reading
from engine.plan.refusals.refusing import Refusals
from engine.plan.values.substitute import parts

SHOWN_BY = (*DIMENSIONS, "period")
"""What a scenario may show balances by: what the ledger keeps them by, and the period."""

PLAIN = (syntax.Measure, syntax.Percent, syntax.Number, syntax.Negate)


def scenario_refusals(ruleset: Ruleset, found: Refusals) -> None:
    """Refuse lines of scenarios that change or show what this version cannot."""
    for scenario in ruleset.scenarios.values():
        projected: set[str] = set()
        for line in scenario.lines:
            match line:
                case syntax.SetParameter():
                    _plain(ruleset, line, found)
                case syntax.ReplaceItem():
                    _replaceable(ruleset, line, found)
                case syntax.ShowsBy():
                    _shown(ruleset, line, found)
                case syntax.Project() | syntax.ProjectTrend():
                    if line.kind.text in projected:
                        found.add(line.span, f"a second projection of `{line.kind.text}`", "keep one of them")
                    projected.add(line.kind.text)
                    _projected(ruleset, line, found)


def _plain(ruleset: Ruleset, line: syntax.SetParameter | syntax.ReplaceItem, found: Refusals) -> None:
    if line.name.text in ruleset.parameters and not isinstance(line.value, PLAIN):
        found.add(line.value.span, f"`{line.name.text}` set to what is worked out", "write a plain number")


def _replaceable(ruleset: Ruleset, line: syntax.ReplaceItem, found: Refusals) -> None:
    name = line.name.text
    if name in ruleset.allocations:
        found.add(line.span, f"`{name}` replaced: an allocation has no one answer", "replace what it shares")
    elif name not in (*ruleset.amounts, *ruleset.decisions, *ruleset.parameters):
        found.add(line.span, f"`{name}` replaced: a table has an answer in each row", "replace what reads it")
    elif name in ruleset.decisions and not isinstance(line.value, syntax.Ref):
        found.add(line.value.span, f"`{name}` replaced by what is worked out", "name one of its outcomes")
    else:
        _plain(ruleset, line, found)


def _shown(ruleset: Ruleset, line: syntax.ShowsBy, found: Refusals) -> None:
    for name in line.names:
        if name.text not in ruleset.accounts:
            found.add(name.span, f"`shows {name.text}`: a scenario shows balances", "name roles of `accounts`")
    for key in line.by:
        if key.text not in SHOWN_BY:
            words = f"`shows ... by {key.text}`: balances are not kept by it"
            found.add(key.span, words, f"show by {', '.join(SHOWN_BY)}")


def _projected(ruleset: Ruleset, line: syntax.Project | syntax.ProjectTrend, found: Refusals) -> None:
    kind, name = ruleset.kinds.get(line.kind.text), line.kind.text
    for span in (line.forward, *([line.within] if isinstance(line, syntax.ProjectTrend) else [])):
        if span.unit.text not in ("period", "periods"):
            found.add(span.span, f"`{name}` projected in {span.unit.text}", "count in periods")
    if kind is None or not ruleset.layers:
        found.add(line.span, f"`{name}` projected: nothing is kept in layers", "")
        return
    lacking = _lacking(ruleset, kind)
    if lacking:
        words = f"`{name}` projected: it has no {lacking}"
        found.add(line.kind.span, words, "project a kind that enters or leaves layers")


def _lacking(ruleset: Ruleset, kind: Kind) -> str:
    """What keeps facts of a kind from being made for each pool; empty where nothing does."""
    layers = next(iter(ruleset.layers.values()))
    has = {one.name for one in kind.record.columns}
    missing = [key.name for key in layers.grain.keys if key.name not in has]
    if missing:
        return f"`{missing[0]}`"
    if kind.name not in (*layers.opening_kinds, *layers.leaving_kinds):
        return "part in layers"
    return "" if "quantity" in has and kind.record.on else "quantity and date"


# ---- what is projected, read at the end of a period ------------------------------------------------------------------


def projection_refusals(under: UnderScenario) -> Diagnostics:
    """What projections of a scenario read that is not there when they are asked."""
    found = Refusals()
    for one in under.projections:
        if isinstance(one, Projection):
            _readable(under.ruleset, one, found)
    return found.diagnostics


def _readable(ruleset: Ruleset, projection: Projection, found: Refusals) -> None:
    """A projection is asked for each pool, once a run has made everything but balances."""
    grain, kind = pool_grain(projection), projection.kind
    made = frozenset({KEYS, LAYERS, *([STOCK] if ruleset.stock is not None else [])})
    made |= {HISTORY, *ruleset.reconciliations} if ruleset.reconciliations else frozenset()
    reason = why_not(ruleset, grain, made)
    if reason:
        found.add(projection.span, f"`{kind}` projected: {reason}", "")
        return
    calendar = ruleset.calendars[closing_calendar(ruleset)]
    known, ahead = calendar.periods(2026)[:2]
    value = at_period(projection, calendar, known, ahead)
    for part in parts(value):
        if isinstance(part, AggregateOf) and part.window is None and part.source.grain.form != "layers":
            words = f"`{kind}` projected from a sum without an end: of a week ahead nothing is known"
            found.add(part.span, words, "write how far it looks back: `within last 26 weeks`")
        elif isinstance(part, KeyOf) and part.name in ("week", "day"):
            found.add(part.span, f"`{kind}` projected by `{part.name}`", "let it depend on the period or the quarter")
    reading = Reading(ruleset, found)
    reading.value(value, reading.rows_of(grain, made), grain)
