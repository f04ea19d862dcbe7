"""Units of measure: what quantities may be given in, each so many units or so many of another."""

from __future__ import annotations

from dsl import syntax
from engine.model.binding.algebra import said_type
from engine.model.binding.grains import own_fields
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.world import World
from engine.model.ruleset import Meta, UnitOfMeasure
from engine.model.schema import UNITS


def bind_unit(world: World, node: syntax.Unit, meta: Meta) -> UnitOfMeasure:
    """A unit that quantities may be given in: how many units, or other units, it is."""
    if isinstance(node.factor, syntax.Ref):
        row, _, field = node.factor.text.partition(".")
        known = own_fields(world, row) if row in world.registers else {}
        if field not in known:
            help_text = did_you_mean(node.factor.text, (f"{row}.{name}" for name in known)) or "name a register's field"
            world.error("T101", f"nothing is called `{node.factor.text}`", node.factor.span, help_text)
        elif not known[field].type.is_numeric:
            help_text = "name a number of the register"
            world.error("T201", f"`{node.factor.text}` is {said_type(known[field].type)}", node.factor.span, help_text)
    _leads_to_units(world, node)
    factor = node.factor.value if isinstance(node.factor, syntax.Number) else node.factor.text
    return UnitOfMeasure(node.name.text, node.name.span, meta, factor, node.of.text)


def _leads_to_units(world: World, node: syntax.Unit) -> None:
    """A unit is so many units, or so many of a unit that leads to them."""
    if isinstance(node.factor, syntax.Number) and node.factor.value <= 0:
        world.error("T001", f"a {node.name.text} of {node.factor.written}", node.factor.span, "write a number above 0")
    others = {one.name.text: one for one in world.of_type(syntax.Unit)}
    seen, at = {node.name.text}, node
    while at.of.text not in UNITS:
        name = next((one for one in others if at.of.text in (one, f"{one}s")), None)
        if name is None or name in seen:
            said = "goes round" if name is not None else "leads to no units"
            message = f"`{node.name.text}` {said}: nothing says how many units a {at.of.text} is"
            world.error("T101", message, node.of.span, "write how many `units` it is")
            return
        seen.add(name)
        at = others[name]
