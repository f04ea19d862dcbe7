"""What is posted, checked and shown: journals, controls, reports."""

from __future__ import annotations

from dataclasses import replace

from dsl import syntax
from engine.model.binding.algebra import fitted, said_type
from engine.model.binding.answers import bind_locals
from engine.model.binding.asker import Asker
from engine.model.binding.conditions import bind_tests, facts_of
from engine.model.binding.expressions import BINDING, bind, bind_date, bind_rate, bind_role, needed
from engine.model.binding.grains import grain_of
from engine.model.binding.names import bind_name
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import MONEY, SEVERITIES, UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import Family
from engine.model.expression import Expression
from engine.model.ruleset import Control, Journal, Meta, PostingLine, Report, TrueUp


def bind_journal(world: World, node: syntax.Journal, meta: Meta) -> Journal:
    """A journal: what it is worth in locals, then its lines."""
    name = node.name.text
    known_calendar(world, node.calendar)
    grain = grain_of(world, node.scope, node.calendar.text)
    asker = Asker(f"journal {name}", grain)
    posts_on = bind_date(world, asker, node.posts_on)
    when = bind_tests(world, BINDING, asker, node.when) if node.when else None
    inner = asker.knowing(facts_of(world, when)) if when else asker
    converts = bind_rate(world, inner, node.converts.at) if node.converts and node.converts.at else None
    true_ups = any(isinstance(line, syntax.TrueUpLine) for line in node.lines)
    locals_, inner = bind_locals(world, replace(inner, balances=true_ups), node.locals)
    lines = tuple(_line(world, inner, line) for line in node.lines)
    reverses = bind_date(world, inner, node.reverses.on) if node.reverses else None
    company_only = node.converts is not None and node.converts.at is None
    return Journal(
        name, node.name.span, meta, grain, posts_on, node.calendar.text, when, converts, company_only, locals_, lines,
        node.negative_swaps, reverses,
    )  # fmt: skip


def _line(world: World, asker: Asker, node: syntax.PostingLine | syntax.TrueUpLine) -> PostingLine | TrueUp:
    if isinstance(node, syntax.PostingLine):
        role = bind_role(world, asker, node.role)
        return PostingLine(node.span, node.side, role, _money(world, replace(asker, balances=False), node.value))
    role = bind_role(world, asker, node.role)
    target = _money(world, asker, node.target)
    return TrueUp(node.span, role, target, bind_role(world, asker, node.offset))


def _money(world: World, asker: Asker, node: syntax.Expression) -> Expression:
    value = fitted(needed(world, asker, bind(world, asker, node, MONEY)), MONEY)
    if value.type.family is not Family.MONEY and value.type != UNKNOWN:
        world.error("T201", f"posts {said_type(value.type)}, and only money can be posted", value.span, "post money")
    return value


def bind_control(world: World, node: syntax.Control, meta: Meta) -> Control:
    """A sentence that must hold for each row."""
    grain = grain_of(world, node.scope)
    asker = Asker(f"control {node.name.text}", grain, balances=True)
    when = bind_tests(world, BINDING, asker, node.when) if node.when else None
    inner = asker.knowing(facts_of(world, when)) if when else asker
    needs = bind_tests(world, BINDING, inner, node.needs)
    if node.severity.text not in SEVERITIES:
        help_text = did_you_mean(node.severity.text, SEVERITIES) or f"write one of {', '.join(SEVERITIES)}"
        world.error("T001", f"no severity `{node.severity.text}`", node.severity.span, help_text)
    known_role(world, node.role)
    return Control(
        node.name.text, node.name.span, meta, grain, when, needs, node.code.text, node.severity.text, node.role.text
    )


def bind_report(world: World, node: syntax.Report, meta: Meta) -> Report:
    """What is shown and rolled, at the report's grain."""
    calendar = node.calendar.text if node.calendar else ""
    if node.calendar:
        known_calendar(world, node.calendar)
    grain = grain_of(world, node.scope, calendar)
    asker = Asker(f"report {node.name.text}", grain, balances=True)
    shows: list[tuple[str, Expression]] = []
    rolls: list[tuple[str, str]] = []
    for line in node.lines:
        if isinstance(line, syntax.Shows):
            shows.extend((name.text, bind_name(world, asker, name)) for name in line.names)
            continue
        for name in line.names:
            bind_role(world, asker, name)
            rolls.append((name.text, line.by.text if line.by else ""))
    return Report(node.name.text, node.name.span, meta, grain, tuple(shows), tuple(rolls))


def known_role(world: World, name: syntax.Name | syntax.Ref) -> None:
    """Report a person's role that is not declared."""
    if name.text not in world.roles:
        help_text = did_you_mean(name.text, world.roles) or "declare it with `role`"
        world.error("T101", f"no role `{name.text}`", name.span, help_text)


def known_calendar(world: World, name: syntax.Name) -> None:
    """Report a calendar that is not declared."""
    if name.text not in world.calendars:
        help_text = did_you_mean(name.text, world.calendars) or "declare it with `calendar`"
        world.error("T101", f"no calendar `{name.text}`", name.span, help_text)
