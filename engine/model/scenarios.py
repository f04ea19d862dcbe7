"""What a scenario changes: the merged text as it stands while one `scenario` is asked, and each change by itself.

A scenario is laid on the text like an overlay that needs nobody's leave, because nothing it gives is ever posted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from dsl import syntax
from dsl.span import Span
from engine.model.amending import with_policy
from engine.model.expression import Expression, Grain
from engine.model.merging import without_target
from engine.model.ruleset import Ruleset

BEGINNING = date(1, 1, 1)
"""The day a replaced parameter holds from."""

REPLACEABLE = (syntax.Amount, syntax.Decision, syntax.Parameter)
"""Items that `replace X with E` gives another answer; a table and an allocation have no one answer to replace."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a scenario: the family and name of what it changes, its words, and where they stand."""

    family: str
    item: str
    words: str
    span: Span


@dataclass(frozen=True, slots=True)
class Projection:
    """`project K forward N periods at E a week`: E bound in `grain`, the keys of a pool and the week."""

    kind: str
    periods: int
    value: Expression
    grain: Grain
    span: Span


@dataclass(frozen=True, slots=True)
class TrendProjection:
    """`project K forward N periods by trend and season for each a, b within last M periods`.

    `each` are the keys of pools whose sum has a trend and a season; `grain` the keys of a pool and the week.
    """

    kind: str
    periods: int
    each: tuple[str, ...]
    within: int
    grain: Grain
    span: Span


AnyProjection = Projection | TrendProjection


@dataclass(frozen=True, slots=True)
class Shown:
    """`shows A, B by C`: roles, and what their balances are parted by."""

    roles: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnderScenario:
    """A ruleset as a scenario changes it, with the changes one by one, the facts it projects and what it shows."""

    name: str
    span: Span
    ruleset: Ruleset
    changes: tuple[Change, ...]
    projections: tuple[AnyProjection, ...]
    shows: tuple[Shown, ...]


def shown_by(scenario: syntax.Scenario) -> tuple[Shown, ...]:
    """What a scenario shows."""
    lines = (line for line in scenario.lines if isinstance(line, syntax.ShowsBy))
    return tuple(Shown(tuple(one.text for one in line.names), tuple(one.text for one in line.by)) for line in lines)


def changes_of(scenario: syntax.Scenario, items: Sequence[syntax.AnyItem]) -> tuple[Change, ...]:
    """What a scenario changes, line by line; what it shows is no change."""
    families = {one.name.text: _family(one) for one in items if isinstance(one, REPLACEABLE)}
    found: list[Change] = []
    for line in scenario.lines:
        words = " ".join(line.span.text.split())
        match line:
            case syntax.SetParameter() | syntax.ReplaceItem():
                found.append(Change(families.get(line.name.text, ""), line.name.text, words, line.span))
            case syntax.InLayers():
                found.append(Change("layers", line.layers.text, words, line.span))
            case syntax.Project() | syntax.ProjectTrend():
                found.append(Change("kind", line.kind.text, words, line.span))
    return tuple(found)


def under_scenario(items: Sequence[syntax.AnyItem], scenario: syntax.Scenario) -> tuple[syntax.AnyItem, ...]:
    """The items of a merged text with every change of a scenario; its scenarios and examples are left out.

    Lines apply in the order written. A line that names what is not there, or what cannot be changed so, changes
    nothing: it was reported where the scenario is read.
    """
    changed: list[syntax.AnyItem] = [one for one in items if not isinstance(one, syntax.Scenario | syntax.Example)]
    for line in scenario.lines:
        match line:
            case syntax.SetParameter():
                changed = [_set(one, line) for one in changed]
            case syntax.ReplaceItem():
                changed = _replaced(changed, line)
            case syntax.InLayers():
                changed = [_in_layers(one, line) for one in changed]
    return tuple(changed)


def _family(item: syntax.AnyItem) -> str:
    return type(item).__name__.lower()


def _set(item: syntax.AnyItem, line: syntax.SetParameter) -> syntax.AnyItem:
    """A parameter that has one value in every column from a day on; rows from that day on no longer hold."""
    if not isinstance(item, syntax.Parameter) or item.name.text != line.name.text:
        return item
    kept = tuple(row for row in item.grid.rows if _from(row) < line.effective_from)
    return _with_rows(item, (*kept, _row(item, line.span, line.effective_from, line.value)))


def _from(row: syntax.Row) -> date:
    cell = row.cells[0]
    value = cell.values[0] if isinstance(cell, syntax.ValueCell) else None
    return value.value if isinstance(value, syntax.DateLiteral) else BEGINNING


def _row(item: syntax.Parameter, span: Span, since: date, value: syntax.Expression) -> syntax.Row:
    first = syntax.ValueCell(span, (syntax.DateLiteral(span, since),))
    cells = tuple(syntax.ValueCell(value.span, (value,)) for _ in item.grid.head.cells[1:])
    return syntax.Row(span, (first, *cells), ())


def _with_rows(item: syntax.Parameter, rows: tuple[syntax.Row, ...]) -> syntax.Parameter:
    return replace(item, grid=replace(item.grid, rows=rows))


def _replaced(items: Sequence[syntax.AnyItem], line: syntax.ReplaceItem) -> list[syntax.AnyItem]:
    """One answer in place of all that an item had: versions, tests, limits and exceptions no longer hold."""
    name = line.name.text
    first = next((one for one in items if isinstance(one, REPLACEABLE) and one.name.text == name), None)
    if first is None:
        return list(items)
    found: list[syntax.AnyItem] = []
    for one in items:
        if one is first:
            found.append(_answering(first, line))
        elif not isinstance(one, REPLACEABLE) or one.name.text != name:
            found.append(one)
    return _without_exceptions(found, name)


def _answering(item: syntax.Amount | syntax.Decision | syntax.Parameter, line: syntax.ReplaceItem) -> syntax.AnyItem:
    if isinstance(item, syntax.Parameter):
        return _with_rows(item, (_row(item, line.span, BEGINNING, line.value),))
    if isinstance(item, syntax.Decision):
        usual = line.value if isinstance(line.value, syntax.Ref) else item.usual
        return replace(item, usual=usual, meta=_undated(item.meta))
    answer = syntax.Answer(line.span, line.value, None)
    body = replace(item.body, when=None, answer=answer, caps=(), meta=_undated(item.body.meta))
    return replace(item, body=body)


def _undated(meta: syntax.Meta) -> syntax.Meta:
    return replace(meta, effective_from=None, effective_through=None)


def _without_exceptions(items: Sequence[syntax.AnyItem], name: str) -> list[syntax.AnyItem]:
    """Exceptions to a name alone go, and exceptions to those; others lose it among what they except."""
    exceptions = (one for one in items if isinstance(one, syntax.Exception_))
    gone = [one.name.text for one in exceptions if _excepts_only(one, name)]
    kept = [without_target(one, name) for one in items if not _excepts_only(one, name)]
    for exception in gone:
        kept = _without_exceptions(kept, exception)
    return kept


def _excepts_only(item: syntax.AnyItem, name: str) -> bool:
    return isinstance(item, syntax.Exception_) and [target.text for target in item.to] == [name]


def _in_layers(item: syntax.AnyItem, line: syntax.InLayers) -> syntax.AnyItem:
    if not isinstance(item, syntax.Layers) or item.name.text != line.layers.text:
        return item
    return replace(item, policies=with_policy(item.policies, line.policy))
