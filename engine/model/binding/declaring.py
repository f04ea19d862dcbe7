"""The first pass: every name a text declares, before any expression is bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dsl import syntax
from dsl.diagnostics import Diagnostics
from dsl.span import Span
from engine.model.binding.answers import decision_type
from engine.model.binding.expressions import refs_of, test_refs
from engine.model.binding.grains import grain_of, part_grain
from engine.model.binding.grids import cell_name, output_types, parameter_type
from engine.model.binding.records import declare_records, type_of_word
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import UNKNOWN, declared_terms, type_named
from engine.model.binding.versions import VERSIONED, add_version, check_versions, version_of
from engine.model.binding.world import Declared, World, by_name
from engine.model.expression import Grain, Key
from engine.model.merging import Merged, head_key

VALUES = (syntax.Amount, syntax.Allocation, syntax.Decision, syntax.Parameter, syntax.Table)
FAMILIES = {
    syntax.Amount: "amount",
    syntax.Allocation: "allocation",
    syntax.Decision: "decision",
    syntax.Parameter: "parameter",
    syntax.Table: "table",
}


def declare(merged: Merged, diagnostics: Diagnostics) -> World:
    """A world that knows every name of the merged text."""
    world = World(diagnostics, merged.items)
    world.head_of = lambda item: merged.heads.get(head_key(item))
    world.reporting_currency = merged.base.currency.text if merged.base.currency else ""
    world.registers = by_name(world.of_type(syntax.Register), "register", diagnostics)
    world.kinds = by_name(world.of_type(syntax.Kind), "kind", diagnostics)
    world.reconciliations = by_name(world.of_type(syntax.Reconciliation), "reconciliation", diagnostics)
    world.layers = by_name(world.of_type(syntax.Layers), "layers", diagnostics)
    world.calendars = by_name(world.of_type(syntax.Calendar), "calendar", diagnostics)
    world.rates = by_name(world.of_type(syntax.Rates), "rates", diagnostics)
    world.books = by_name(world.of_type(syntax.Book), "book", diagnostics)
    world.roles = by_name(world.of_type(syntax.Role), "role", diagnostics)
    world.citations = by_name(world.of_type(syntax.Citation), "citation", diagnostics)
    world.exceptions = by_name(world.of_type(syntax.Exception_), "exception", diagnostics)
    world.calendar = _close_calendar(world)
    world.terms = declared_terms(_of(world, syntax.Terms), world.registers, diagnostics)
    world.stock = _stock(world)
    world.account_roles = _account_roles(world)
    declare_records(world)
    _declare_values(world)
    _declare_exceptions(world)
    _widen_parameters(world)
    return world


def _of(world: World, family: type[syntax.Terms]) -> tuple[syntax.Terms, ...]:
    return tuple(item for item in world.items if isinstance(item, family))


def _close_calendar(world: World) -> str:
    closes = world.of_type(syntax.Close)
    for other in closes[1:]:
        world.error("T103", "a second `close`", other.name.span, "a ruleset closes by one calendar")
    if closes:
        return closes[0].name.text
    return next(iter(world.calendars), "")


def _stock(world: World) -> syntax.Stock | None:
    found = [item for item in world.items if isinstance(item, syntax.Stock)]
    for other in found[1:]:
        world.error("T103", "a second `stock`", other.span, "list every bucket in one place")
    return found[0] if found else None


def _account_roles(world: World) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for accounts in world.of_type(syntax.Accounts):
        for row in accounts.grid.rows:
            found.setdefault(cell_name(row.cells[0]), row.cells[0].span)
    return found


# ---- values ----------------------------------------------------------------------------------------------------------


def _declare_values(world: World) -> None:
    rows: dict[str, str] = dict.fromkeys(world.registers, "register")
    rows |= dict.fromkeys(world.kinds, "kind")
    rows |= dict.fromkeys(world.reconciliations, "reconciliation")
    rows |= dict.fromkeys(world.buckets, "bucket")
    for name, rates in world.rates.items():
        if name in rows:
            message = f"`{name}` is declared twice: there is {_article(rows[name])} of this name"
            world.error("T103", message, rates.name.span, "rename one of them")
    rows |= dict.fromkeys(world.rates, "rate set")
    for item in world.items:
        if not isinstance(item, VALUES):
            continue
        for name, family, span in _names(item):
            first = world.declared.get(name)
            if first is not None and isinstance(item, VERSIONED) and version_of(item, first.node):
                assert isinstance(first.node, VERSIONED)
                if name == next(iter(_names(first.node)))[0]:
                    add_version(world, item.name.text, first.node, item)
                continue
            if name in world.declared or name in rows:
                other = rows.get(name) or world.declared[name].family
                world.error(
                    "T103",
                    f"`{name}` is declared twice: there is {_article(other)} of this name",
                    span,
                    "rename one of them",
                )
                continue
            world.declared[name] = Declared(name, family, item, _grain(world, item))
    _earliest_first(world)
    check_versions(world)
    for item in world.value_nodes.values():
        if isinstance(item, syntax.Table):
            versions = [one for one in world.versions.get(item.name.text, ()) if isinstance(one, syntax.Table)]
            world.output_types |= output_types(world, versions or [item])
        elif isinstance(item, syntax.Decision):
            world.output_types[item.name.text] = decision_type(item)
        elif isinstance(item, syntax.Parameter):
            world.output_types[item.name.text] = parameter_type(world, item)
            if item.band_of is not None:
                found = type_named(item.band_of.text, world.registers) or world.terms.get(item.band_of.text)
                if found is None:
                    world.error(
                        "T101",
                        f"no type `{item.band_of.text}`",
                        item.band_of.span,
                        "say days, money, quantity or a term",
                    )
                world.band_types[item.name.text] = found or UNKNOWN


def _earliest_first(world: World) -> None:
    """A name with several versions stands for the earliest of them."""
    for name, declared in list(world.declared.items()):
        versions = world.versions.get(declared.node.name.text)
        if versions is not None and type(versions[0]) is type(declared.node):
            world.declared[name] = replace(declared, node=versions[0])


def _article(word: str) -> str:
    article = "an" if word[0] in "aeiou" else "a"
    return f"{article} {word}"


def _names(item: syntax.AnyItem) -> Iterable[tuple[str, str, Span]]:
    if isinstance(item, syntax.Table):
        return [(output.text, "output", output.span) for output in item.decides]
    assert isinstance(item, VALUES)
    return [(item.name.text, FAMILIES[type(item)], item.name.span)]


def _grain(
    world: World, item: syntax.Amount | syntax.Allocation | syntax.Decision | syntax.Parameter | syntax.Table
) -> Grain:
    """The grain at which an item's value is read: of an allocation that of its parts."""
    calendar = item.calendar.text if isinstance(item, syntax.Amount) and item.calendar else ""
    if calendar and calendar not in world.calendars:
        assert isinstance(item, syntax.Amount)
        assert item.calendar is not None
        world.error("T101", f"no calendar `{calendar}`", item.calendar.span, did_you_mean(calendar, world.calendars))
    grain = grain_of(world, item.scope, calendar)
    if isinstance(item, syntax.Allocation) and item.body.spread is not None:
        return part_grain(world, grain, item.body.spread.over.text)
    return grain


# ---- exceptions ------------------------------------------------------------------------------------------------------


def _declare_exceptions(world: World) -> None:
    """Which items each exception answers for: those it names, and those that the exceptions it names answer for."""
    for name, exception in world.exceptions.items():
        if name in world.declared:
            world.error(
                "T103",
                f"`{name}` is declared twice: there is {_article(world.declared[name].family)} of this name",
                exception.name.span,
                "rename one of them",
            )
        for target in exception.to:
            _known_target(world, target)
    found: dict[str, list[syntax.Exception_]] = {}
    for name, exception in world.exceptions.items():
        for root in dict.fromkeys(_roots(world, name, ())):
            found.setdefault(root, []).append(exception)
    world.exceptions_of = {root: tuple(rules) for root, rules in found.items()}


def _known_target(world: World, target: syntax.Ref) -> None:
    declared = world.declared.get(target.text)
    if declared is not None and declared.family == "output":
        world.error(
            "T101",
            f"`{target.text}` is decided by table `{declared.node.name.text}`, and a table takes no exception",
            target.span,
            "add a row, or an input that tells the case apart",
        )
    elif declared is None and target.text not in world.exceptions:
        known = (*world.exceptions, *(name for name, one in world.declared.items() if one.family != "output"))
        help_text = did_you_mean(target.text, known) or "name a decision, amount, allocation, parameter or exception"
        world.error("T101", f"nothing called `{target.text}` takes exceptions", target.span, help_text)


def _roots(world: World, name: str, before: tuple[str, ...]) -> Iterable[str]:
    if name in before:
        loop = before[before.index(name) :]
        if name == min(loop):
            message = f"exceptions go round: {' -> '.join((*loop, name))}"
            span = world.exceptions[name].name.span
            world.error("T313", message, span, "an exception yields to another, never to itself")
        return
    for target in world.exceptions[name].to:
        if target.text in world.exceptions:
            yield from _roots(world, target.text, (*before, name))
        elif target.text in world.declared:
            yield target.text


def _widen_parameters(world: World) -> None:
    """A parameter with exceptions is read with the names they read: these become keys of it."""
    for name, declared in list(world.declared.items()):
        if declared.family != "parameter" or name not in world.exceptions_of:
            continue
        keys = {key.name: key for key in declared.grain.keys}
        for exception in world.exceptions_of[name]:
            for ref in _exception_refs(exception):
                for key in _keys_read(world, ref):
                    keys.setdefault(key.name, key)
        grain = Grain("keys", (), (), tuple(keys.values()), declared.grain.calendar)
        world.declared[name] = Declared(name, declared.family, declared.node, grain)


def _keys_read(world: World, ref: syntax.Ref) -> tuple[Key, ...]:
    first = ref.parts[0].text
    if first in world.declared:
        return world.declared[first].grain.keys
    type_ = type_of_word(world, first)
    return (Key(first, type_),) if type_ is not None and first not in world.kinds else ()


def _exception_refs(exception: syntax.Exception_) -> tuple[syntax.Ref, ...]:
    body = exception.body
    found: list[syntax.Ref] = list(test_refs(body.when)) if body.when else []
    if body.answer is not None:
        found.extend(refs_of(body.answer.value))
        if body.answer.otherwise is not None:
            found.extend(refs_of(body.answer.otherwise.value))
            found.extend(test_refs(body.answer.otherwise.when))
    return tuple(found)
