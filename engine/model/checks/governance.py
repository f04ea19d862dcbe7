"""Who may do what: releases, limits, approvals, the steps of the close, citations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from dsl import syntax
from dsl.diagnostics import Diagnostics
from dsl.span import Span
from engine.model.amending import FAMILY_OF, PLURAL_OF
from engine.model.binding.books import known_role
from engine.model.binding.literals import needs_money, whole_count
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import PERSON_ROLE
from engine.model.binding.world import World
from engine.model.datatypes import Family
from engine.model.expression import Literal
from engine.model.merging import Merged
from engine.model.ruleset import Ruleset, Table, TableRow

VALUE = "value"
"""The amount of a reconciliation that says what a difference is worth."""

WAITING = ("quarantine", "oversell")
"""What a hard close may need none open of without a table: rows in quarantine, and units sold beyond stock."""

OPENABLE = (*PLURAL_OF.values(), "terms", *(f"{word}s" for word in FAMILY_OF.values()))


def check_governance(world: World, merged: Merged, ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Report what nobody may release, approvers who may not approve, unknown roles and steps, loose citations."""
    for table in ruleset.tables.values():
        _approvers(ruleset, table, diagnostics)
    _head(world, merged)
    _measures(world, merged)
    if ruleset.close is not None:
        _close(world, ruleset, ruleset.close)
    _citations(world, ruleset, diagnostics)


# ---- releases --------------------------------------------------------------------------------------------------------


def _approvers(ruleset: Ruleset, table: Table, diagnostics: Diagnostics) -> None:
    """Each row's approver must be able to release what the row decides."""
    columns = [at for at, (_, type_) in enumerate(table.outputs) if type_ == PERSON_ROLE]
    if not columns:
        return
    blocking = _blocking(ruleset)
    for row in table.rows:
        if len(row.outputs) != len(table.outputs):
            continue
        approver = row.outputs[columns[0]]
        if approver is None:
            if any(isinstance(one, Literal) and one.value in blocking for one in row.outputs):
                diagnostics.error(
                    "T601",
                    f"row `{row.name}` blocks the close but nobody may release it",
                    row.span,
                    _who(ruleset, table),
                )
        elif isinstance(approver, Literal):
            _within_limit(ruleset, table, row, str(approver.value), approver.span, diagnostics)


def _blocking(ruleset: Ruleset) -> frozenset[object]:
    """The treatments that stop a hard close while they are open."""
    lines = ruleset.close.lines if ruleset.close else ()
    return frozenset(
        name.text
        for line in lines
        if isinstance(line, syntax.HardNeeds) and line.form == "no-open"
        for name in line.names
    )


def _who(ruleset: Ruleset, table: Table) -> str:
    for role in ruleset.roles.values():
        if role.overrides in table.grain.rows and role.limit is None:
            return f"name a role; `{role.name}` overrides {role.overrides} without limit"
    return "name a role that may override it"


def _within_limit(
    ruleset: Ruleset, table: Table, row: TableRow, name: str, span: Span, diagnostics: Diagnostics
) -> None:
    role = ruleset.roles.get(name)
    rows = [one for one in table.grain.rows if one in ruleset.reconciliations]
    if role is None or not rows:
        return
    if role.overrides != rows[0]:
        message = f"`{name}` may not override {rows[0]}"
        diagnostics.error("T602", message, span, _who(ruleset, table))
        return
    least = _least_money(table, row, role.limit_currency)
    if role.limit is not None and least is not None and least >= role.limit:
        line = role.span.location.line
        diagnostics.error(
            "T602",
            f"approver may override {rows[0]} only up to {role.limit:,f} {role.limit_currency} (line {line})",
            span,
            f"every case of this row is above that limit; {_who(ruleset, table).replace('name a role; ', '')}",
        )


def _least_money(table: Table, row: TableRow, currency: str) -> Decimal | None:
    """The least money a row's cells demand, of the largest such input."""
    found: list[Decimal] = []
    for value, cell in zip(table.inputs, row.cells, strict=False):
        low = cell.values[0] if cell.values else None
        if value.type.family is not Family.MONEY or not isinstance(low, Literal) or low.type.domain != currency:
            continue
        begins = cell.form == "range" or (cell.form == "compare" and cell.operator in ("at-least", "over"))
        if begins and isinstance(low.value, Decimal):
            found.append(low.value)
    return max(found, default=None)


# ---- head and close --------------------------------------------------------------------------------------------------


def _head(world: World, merged: Merged) -> None:
    for head in {id(one): one for one in (merged.base, merged.head)}.values():
        for name in (*((head.owner,) if head.owner else ()), *head.approval_by):
            known_role(world, name)
        for family in head.open_to_overlays:
            if family.text not in OPENABLE:
                help_text = (
                    did_you_mean(family.text, OPENABLE) or "name families such as parameters, tables, exceptions"
                )
                world.error("T101", f"nothing of the family `{family.text}` can be opened", family.span, help_text)
        conversion = head.conversion
        if conversion is not None and conversion.rates.text not in world.rates:
            world.error("T101", f"no rates `{conversion.rates.text}`", conversion.rates.span, "declare it with `rates`")
        if conversion is not None and conversion.difference.text not in world.account_roles:
            known = did_you_mean(conversion.difference.text, world.account_roles) or "add it to `accounts`"
            world.error("T101", f"no account role `{conversion.difference.text}`", conversion.difference.span, known)


def _measures(world: World, merged: Merged) -> None:
    """Limits of roles are money, and stretches of time are whole days or periods."""
    for head in {id(one): one for one in (merged.base, merged.head)}.values():
        if head.overrides_lapse is not None:
            whole_count(world, head.overrides_lapse, "period")
    for role in world.roles.values():
        if role.limit is not None:
            needs_money(world, role.limit)
    for rates in world.rates.values():
        whole_count(world, rates.stale_after, "day")


def _close(world: World, ruleset: Ruleset, close: syntax.Close) -> None:
    if close.name.text not in world.calendars:
        known = did_you_mean(close.name.text, world.calendars) or "a close is named by its calendar"
        world.error("T101", f"no calendar `{close.name.text}`", close.name.span, known)
    before: list[str] = []
    steps = [line.name.text for line in close.lines if isinstance(line, syntax.Step)]
    for line in close.lines:
        if isinstance(line, syntax.Step):
            _step(world, ruleset, line, steps, before)
            before.append(line.name.text)
        elif isinstance(line, syntax.TrialAllows):
            _trial_limit(world, ruleset, line)
        elif isinstance(line, syntax.HardNeeds) and line.form == "approval":
            _roles(world, line.names)
        elif isinstance(line, syntax.HardNeeds) and line.form == "no-open":
            for name in line.names:
                outcomes = (*_treatments(ruleset), *WAITING)
                _known(world, name, outcomes, "outcome of a table for each reconciliation")
        elif isinstance(line, syntax.ReopeningNeeds):
            _roles(world, line.roles)


def _step(world: World, ruleset: Ruleset, step: syntax.Step, steps: list[str], before: list[str]) -> None:
    _roles(world, step.by)
    for need in step.needs:
        _known(world, need, (*ruleset.controls, *ruleset.reconciliations), "control or reconciliation")
    for after in step.after:
        if after.text in steps and after.text not in before:
            message = f"step `{step.name.text}` comes after `{after.text}`, which stands below it"
            world.error("T313", message, after.span, "write the steps in the order they are done")
        elif after.text not in steps:
            _known(world, after, steps, "step")


def _trial_limit(world: World, ruleset: Ruleset, line: syntax.TrialAllows) -> None:
    """The limit is held against the reconciliation's `value`, in the currency that has."""
    _known(world, line.reconciliation, ruleset.reconciliations, "reconciliation")
    found = ruleset.reconciliations.get(line.reconciliation.text)
    if found is None:
        return
    value = next((one for one in found.locals if one.name == VALUE and one.value.type.family is Family.MONEY), None)
    if value is None:
        message = f"`{found.name}` has no amount `{VALUE}` in money, so nothing can be held against this limit"
        world.error("T101", message, line.reconciliation.span, f"add `amount {VALUE} is ...` to `{found.name}`")
    elif line.limit.unit.text != ruleset.head.currency:
        message = f"the limit is in {line.limit.unit.text}, and differences are valued in {ruleset.head.currency}"
        world.error("T202", message, line.limit.span, f"state the limit in {ruleset.head.currency}")


def _treatments(ruleset: Ruleset) -> Iterator[str]:
    """The outcomes that a reconciliation's rows can have."""
    for table in ruleset.tables.values():
        if not any(row in ruleset.reconciliations for row in table.grain.rows):
            continue
        for _, type_ in table.outputs:
            yield from type_.values


def _roles(world: World, names: Iterable[syntax.Ref]) -> None:
    for name in names:
        known_role(world, name)


def _known(world: World, name: syntax.Name | syntax.Ref, known: Iterable[str], word: str) -> None:
    names = tuple(known)
    if name.text not in names:
        help_text = did_you_mean(name.text, names) or f"name one of {', '.join(names[:6])}"
        world.error("T101", f"no {word} `{name.text}`", name.span, help_text)


# ---- citations -------------------------------------------------------------------------------------------------------


def _citations(world: World, ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    cited = frozenset(_cited(world))
    replaced = {text: one.name for one in ruleset.citations.values() for text in one.replaces}
    for citation in ruleset.citations.values():
        if citation.name not in cited:
            diagnostics.warning(
                "W701",
                f"`{citation.name}` is never cited",
                citation.span,
                "cite it or remove it; auditors read an uncited memo as a missing rule",
            )
        old = next((text for text in citation.texts if replaced.get(text, citation.name) != citation.name), None)
        if old is not None:
            diagnostics.warning(
                "W703", f"`{citation.name}` cites {old}, which was replaced", citation.span, f"cite `{replaced[old]}`"
            )


def _cited(world: World) -> Iterator[str]:
    for item in world.items:
        body = getattr(item, "body", item)
        meta = getattr(body, "meta", None)
        if isinstance(meta, syntax.Meta):
            yield from (name.text for name in meta.cites)
