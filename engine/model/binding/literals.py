"""Words that stand for values: enumeration values, keys of registers, roles, kinds, calendars, currencies."""

from __future__ import annotations

from dsl import syntax
from engine.model.binding.terms import UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.expression import Literal


def whole_count(world: World, node: syntax.Measure, unit: str) -> int:
    """A whole number of days or periods; T001 where it is no whole number or has another unit."""
    if node.unit.text not in (unit, f"{unit}s"):
        world.error("T001", f"`{node.unit.text}` cannot stand here", node.unit.span, f"write `{unit}s`")
    elif node.number != node.number.to_integral_value():
        world.error("T001", f"a part of a {unit} cannot stand here", node.span, f"write whole {unit}s")
    return int(node.number)


def needs_money(world: World, node: syntax.Measure) -> None:
    """T001 where a limit is no amount in a currency."""
    if len(node.unit.text) != 3 or not node.unit.text.isupper():
        message = f"`{node.unit.text}` is no currency"
        world.error("T001", message, node.unit.span, f"write the limit in money, such as `5,000 {_currency(world)}`")


def _currency(world: World) -> str:
    return world.reporting_currency or "USD"


def literal_named(world: World, type_: DataType, name: syntax.Name, closed: bool) -> Literal | None:
    """The value a word stands for where a type is expected.

    `closed` asks for types whose values are all known, which win over other names; without it a word that is no other
    name is a key of a register or a text.
    """
    text = name.text
    if closed:
        if type_.family is Family.ENUMERATION and text in type_.values:
            return Literal(type_, name.span, False, text)
        if type_.family is Family.YES_NO and text in ("yes", "no"):
            return Literal(type_, name.span, False, text == "yes")
        if type_.family is Family.ROLE:
            known = world.roles if type_.domain else world.account_roles
            return Literal(type_, name.span, False, text) if text in known else None
        if type_.family is Family.CALENDAR and text in world.calendars:
            return Literal(type_, name.span, False, text)
        return None
    if type_.family in (Family.REGISTER, Family.KIND, Family.TEXT) and type_ != UNKNOWN:
        return Literal(type_, name.span, False, text)
    if type_.family is Family.CURRENCY and len(text) == 3 and text.isupper():
        return Literal(type_, name.span, False, text)
    return None
