"""The rows a client supplies: each register and kind as a record with typed columns."""

from __future__ import annotations

from collections.abc import Iterable

from dsl import syntax
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import CURRENCY, DATE, TEXT, UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.schema import Column, Record


def type_of_field(world: World, name: syntax.Ref) -> DataType:
    """The type of a declared field: its term, or the register or kind it refers to. Reports T101 for neither."""
    text = name.parts[-1].text
    found = type_of_word(world, text)
    if found is None:
        known = (*world.terms, *world.registers, *world.kinds)
        help_text = did_you_mean(text, known) or f"say its type in `terms`: `{text} is text`"
        world.error("T101", f"`{text}` has no type: no term, register or kind of this name", name.span, help_text)
        return UNKNOWN
    return found


def type_of_word(world: World, text: str) -> DataType | None:
    """The one type a word has wherever it appears, or None."""
    if text in world.terms:
        return world.terms[text]
    if text in world.registers:
        return DataType(Family.REGISTER, text)
    if text in world.kinds:
        return DataType(Family.KIND, text)
    return None


def declare_records(world: World) -> None:
    """Fill `world.records` from registers and kinds."""
    for register in world.registers.values():
        world.records[register.name.text] = _register_record(world, register)
    for kind in world.kinds.values():
        world.records[kind.name.text] = _kind_record(world, kind)


def _register_record(world: World, register: syntax.Register) -> Record:
    extra: list[Column] = []
    if register.history:
        extra.append(Column("date", DATE, True))
    if register.bands_by is not None:
        band = register.bands_by
        extra.append(Column(band.text, type_of_field(world, syntax.Ref(band.span, (band,))), True))
    identity = _columns(world, register.identity, True)
    return Record(
        register.name.text,
        "register",
        tuple(column.name for column in identity),
        "date" if register.history else None,
        _once(world, register, (*identity, *extra, *_fields(world, register.fields))),
        register.bands_by.text if register.bands_by else None,
    )


def _kind_record(world: World, kind: syntax.Kind) -> Record:
    on = Column(kind.on.text, type_of_field(world, syntax.Ref(kind.on.span, (kind.on,))), True)
    fields = _fields(world, kind.fields)
    optional = {column.name for column in fields if not column.required}
    identity = tuple(
        Column(column.name, column.type, column.name not in optional) for column in _columns(world, kind.identity, True)
    )
    rest = tuple(column for column in fields if column.name not in {one.name for one in identity})
    before = identity if on.name in {column.name for column in identity} else (*identity, on)
    if on.type.family is not Family.DATE and on.type != UNKNOWN:
        world.error(
            "T201", f"`{on.name}` is {on.type}, and a kind happens on a date", kind.on.span, "name a date field"
        )
    return Record(
        kind.name.text,
        "kind",
        tuple(column.name for column in identity),
        on.name,
        _once(world, kind, (*before, *rest)),
        None,
    )


def _columns(world: World, names: Iterable[syntax.Ref], required: bool) -> tuple[Column, ...]:
    return tuple(Column(name.text, type_of_field(world, name), required) for name in names)


def _fields(world: World, lines: Iterable[syntax.FieldLine]) -> tuple[Column, ...]:
    found: list[Column] = []
    for line in lines:
        found.extend(_columns(world, line.required, True))
        found.extend(_columns(world, line.perhaps, False))
    return tuple(found)


def _once(world: World, item: syntax.Register | syntax.Kind, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    kept: dict[str, Column] = {}
    for column in columns:
        if column.name in kept:
            world.error(
                "T103", f"`{item.name.text}` has the field `{column.name}` twice", item.name.span, "name it once"
            )
        kept.setdefault(column.name, column)
    return tuple(kept.values())


def implied_columns() -> tuple[Column, ...]:
    """What every fact has beside its declared fields, as far as rules may read it."""
    return (
        Column("known-at", DATE, True),
        Column("mark", TEXT, False),
        Column("currency", CURRENCY, True),
    )


def rate_record(name: str, feed: str) -> Record:
    """The rows of a rate set: what 1 of a currency is worth from a date."""
    columns = (
        Column("currency", CURRENCY, True),
        Column("date", DATE, True),
        Column("rate", DataType(Family.EXCHANGE), True),
    )
    return Record(name, "register", ("currency",), "date", columns, None, feed)
