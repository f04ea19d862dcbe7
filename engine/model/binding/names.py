"""What a name stands for, in the order of the language: a local, a field of the row, a key, an item visible here."""

from __future__ import annotations

from collections.abc import Iterable

from dsl import syntax
from dsl.span import Span
from engine.model.binding.asker import Asker
from engine.model.binding.grains import fields_of, own_fields, row_keys, said
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import CALENDAR_WORDS, QUANTITY, TEXT, UNKNOWN, calendar_type, one_of
from engine.model.binding.visibility import key_in_terms, key_may_be_missing, keys_in_terms
from engine.model.binding.world import Declared, Field, World
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    BucketOf,
    Expression,
    FactField,
    FieldOf,
    ItemOf,
    KeyOf,
    Literal,
    LocalOf,
    MomentOf,
    RegisterField,
)


def unknown(span: Span) -> Expression:
    """What stands for a value that was already reported."""
    return Literal(UNKNOWN, span, False, "")


def bind_name(world: World, asker: Asker, ref: syntax.Ref) -> Expression:
    """The value a name or path stands for; where there is none, T101 or T102 and an unknown value."""
    found = find(world, asker, ref)
    if found is None:
        report_unknown(world, asker, ref)
        return unknown(ref.span)
    return found


def find(world: World, asker: Asker, ref: syntax.Ref) -> Expression | None:
    """The value a name or path stands for, or None; a name found in two places is T103."""
    if len(ref.parts) == 1:
        return _single(world, asker, ref.parts[0])
    key = asker.grain.key(ref.text)
    if key is not None:
        return KeyOf(key.type, ref.span, False, key.name)
    whole = fields_of(world, asker.grain).get(ref.text)
    if whole is not None:
        return field_of(asker, whole, ref.span)
    base, rest = _base(world, asker, ref)
    for part in rest:
        if base is None:
            return None
        base = follow(world, asker, base, part, ref.span)
    return base


def field_of(asker: Asker, one: Field, span: Span) -> Expression:
    """A field of the asker's row; one that is a key of the grain is that key."""
    key = asker.grain.key(one.name)
    if key is not None and (one.row in asker.grain.rows and one.row != "layer"):
        return KeyOf(key.type, span, one.perhaps, one.name)
    return FieldOf(one.type, span, one.perhaps, one.row, one.name)


# ---- one word --------------------------------------------------------------------------------------------------------


def _single(world: World, asker: Asker, name: syntax.Name) -> Expression | None:
    places = list(_places(world, asker, name))
    if len(places) > 1:
        (first, kept), (second, _) = places[0], places[1]
        world.error(
            "T103",
            f"`{name.text}` is found twice: {first}, and {second}",
            name.span,
            "rename one of them, or write the path: `row.field`",
        )
        return kept
    return places[0][1] if places else None


def _places(world: World, asker: Asker, name: syntax.Name) -> Iterable[tuple[str, Expression]]:
    """Every place where a word is found, in words and bound; the order is that of the language."""
    text, span, grain = name.text, name.span, asker.grain
    if text in asker.locals:
        type_, perhaps = asker.locals[text]
        yield f"a local amount of {asker.item}", LocalOf(type_, span, perhaps, text)
    one = fields_of(world, grain).get(text)
    key = grain.key(text)
    if key is not None and text not in ("layer", "event"):
        yield f"a key of {said(world, grain)}", KeyOf(key.type, span, key_may_be_missing(grain, one), text)
    elif one is not None:
        yield f"a field of {one.row}", field_of(asker, one, span)
    elif text == asker.governing:
        yield "the governing date", KeyOf(world.terms.get(text, TEXT), span, False, text)
    elif text in CALENDAR_WORDS:
        yield "the calendar", KeyOf(calendar_type(text), span, False, text)
    elif text == "book":
        yield "the book", KeyOf(one_of("book", world.books), span, False, text)
    elif text == "scenario":
        yield "the scenario", KeyOf(TEXT, span, False, text)
    else:
        register = _register_of_grain(world, asker, text, span)
        if register is not None:
            yield "a field of the register", register
    item = visible_item(world, asker, text, span)
    if item is not None:
        yield f"{_family(world, text)} `{text}`", item
    if text in world.buckets and key is None and one is None:
        yield "a bucket of stock", _bucket(world, asker, text, span)
    if text in world.registers and key is None and one is None:
        row = register_row(world, asker, text, span)
        if row is not None:
            yield f"a row of the register {text}", row


def _register_of_grain(world: World, asker: Asker, text: str, span: Span) -> Expression | None:
    """A bare field of the one register a grain of keys stands for."""
    keys = [key for key in asker.grain.keys if key.name not in CALENDAR_WORDS]
    if asker.grain.form != "keys" or len(keys) != 1 or keys[0].name not in world.registers:
        return None
    register = keys[0].name
    if text not in {column.name for column in world.records[register].columns} or text in world.declared:
        return None
    return follow(world, asker, KeyOf(keys[0].type, span, False, register), syntax.Name(span, text), span)


def _bucket(world: World, asker: Asker, text: str, span: Span) -> Expression:
    assert world.stock is not None
    keys = tuple(
        (key.text, found)
        for key in world.stock.scope.names
        if (found := key_in_terms(world, asker, key.text, span)) is not None
    )
    return BucketOf(QUANTITY, span, False, text, keys, None)


def register_row(world: World, asker: Asker, register: str, span: Span, field: str = "") -> Expression | None:
    """A row of a register found by its keys, or one field of it; None where a key cannot be named here."""
    record = world.records[register]
    keys = [key_in_terms(world, asker, key, span) for key in record.identity]
    named = tuple(key for key in keys if key is not None)
    if len(named) < len(keys):
        return None
    return register_field(world, asker, register, field, named, span, len(keys) > 1)


def register_field(
    world: World, asker: Asker, register: str, field: str, keys: tuple[Expression, ...], span: Span, may_lack: bool
) -> Expression | None:
    """A field of a register's row; missing where the field is optional, a key may be, or the row need not exist."""
    record = world.records[register]
    column = next((column for column in record.columns if column.name == field), None)
    if field and column is None:
        return None
    type_ = column.type if column else DataType(Family.REGISTER, register)
    optional = column is not None and not column.required
    perhaps = optional or may_lack or any(asker.may_be_missing(key) for key in keys)
    bound = RegisterField(type_, span, perhaps, register, field, keys, None)
    return RegisterField(type_, span, asker.may_be_missing(bound), register, field, keys, None)


# ---- paths -----------------------------------------------------------------------------------------------------------


def _base(world: World, asker: Asker, ref: syntax.Ref) -> tuple[Expression | None, tuple[syntax.Name, ...]]:
    """The value the first words of a path stand for, and the words that are left."""
    first, second, grain = ref.parts[0], ref.parts[1], asker.grain
    row = _own_row(asker, first.text)
    if row is not None:
        fields = own_fields(world, first.text) if row != "slice" else fields_of(world, grain)
        one = fields.get(second.text)
        if one is not None:
            shown = Field(row, one.name, one.type, one.perhaps)
            return field_of(asker, shown, ref.span), ref.parts[2:]
        item = visible_item(world, asker, second.text, ref.span)
        return item, ref.parts[2:]
    if first.text in world.reconciliations:
        return _reconciliation_value(world, asker, first.text, second.text, ref.span), ref.parts[2:]
    if first.text in world.registers and grain.key(first.text) is None and first.text not in fields_of(world, grain):
        composite = register_row(world, asker, first.text, ref.span, second.text)
        if composite is not None:
            return composite, ref.parts[2:]
    return _single(world, asker, first), ref.parts[1:]


def _own_row(asker: Asker, name: str) -> str | None:
    """The row of `FieldOf` that a path's first word names: the asker's own kind, its layer, its day."""
    grain = asker.grain
    if name == "layer" and grain.form in ("layers", "slices"):
        return "layer"
    if name in grain.rows:
        return name
    if name in grain.touched:
        return "slice"
    if name in ("day", "period") and grain.key(name) is not None:
        return name
    return None


def _reconciliation_value(world: World, asker: Asker, name: str, field: str, span: Span) -> Expression | None:
    one = own_fields(world, name).get(field)
    if one is None:
        return None
    keys = []
    for key in row_keys(world, name):
        found = key_in_terms(world, asker, key.name, span)
        if found is None:
            return None
        keys.append((key.name, found))
    return ItemOf(one.type, span, one.perhaps, f"{name}.{field}", tuple(keys), None)


def follow(world: World, asker: Asker, base: Expression, part: syntax.Name, span: Span) -> Expression | None:
    """The field `part` of the row that a value refers to."""
    if base.type == UNKNOWN:
        return unknown(span)
    if base.type.family is Family.REGISTER:
        if isinstance(base, RegisterField) and not base.name:
            may_lack = len(base.keys) > 1
            return register_field(world, asker, base.register, part.text, base.keys, span, may_lack)
        return register_field(world, asker, base.type.domain, part.text, (base,), span, False)
    if base.type.family is Family.KIND and base.type.domain in world.records:
        kind = base.type.domain
        column = own_fields(world, kind).get(part.text)
        keys = (("identity", base),)
        if column is not None:
            bound = FactField(column.type, span, column.perhaps or asker.may_be_missing(base), kind, column.name, keys)
            return FactField(column.type, span, asker.may_be_missing(bound), kind, column.name, keys)
        declared = world.declared.get(part.text)
        if declared is not None and kind in declared.grain.rows:
            type_, perhaps = world.type_of(part.text, span)
            return ItemOf(type_, span, perhaps or asker.may_be_missing(base), part.text, ((kind, base),), None)
    return None


# ---- items -----------------------------------------------------------------------------------------------------------


def visible_item(world: World, asker: Asker, name: str, span: Span) -> Expression | None:
    """The value of a declared item in the asker's row, or None where it is not declared or not visible here."""
    declared = world.declared.get(name)
    if declared is None:
        return None
    keys = keys_in_terms(world, asker, declared.grain, span)
    if keys is None:
        return None
    _one_calendar(world, asker, declared, keys, span)
    as_of: Expression | None = None
    if isinstance(declared.node, syntax.Decision):
        as_of = governing_date(world, asker, declared.node)
        if as_of is None:
            return None
    type_, perhaps = world.type_of(name, span)
    perhaps = perhaps and not world.missing_without.get(name, frozenset()) & asker.peopled
    bound = ItemOf(type_, span, perhaps, name, keys, as_of)
    return ItemOf(type_, span, asker.may_be_missing(bound), name, keys, as_of)


def _one_calendar(
    world: World, asker: Asker, declared: Declared, keys: tuple[tuple[str, Expression], ...], span: Span
) -> None:
    """A value for each period means the asker's period only where both follow one calendar (T206)."""
    theirs, ours = declared.grain.calendar, asker.grain.calendar
    if theirs and ours and theirs != ours and any(key in CALENDAR_WORDS for key, _ in keys):
        world.error(
            "T206",
            f"`{declared.name}` follows the calendar {theirs}, and {asker.item} follows {ours}",
            span,
            "let both use one calendar",
        )


def governing_date(world: World, asker: Asker, decision: syntax.Decision) -> Expression | None:
    """A decision's governing date in the asker's terms, or None where the asker has no such date."""
    node = decision.as_of
    if isinstance(node, syntax.Moment):
        return MomentOf(DataType(Family.DATE), node.span, False, node.shift, node.unit, node.edge)
    if isinstance(node, syntax.DateLiteral):
        return Literal(DataType(Family.DATE), node.span, False, node.value)
    if isinstance(node, syntax.Ref):
        if node.text == asker.governing:
            return KeyOf(DataType(Family.DATE), node.span, False, node.text)
        return key_in_terms(world, asker, node.text, node.span)
    return None


def _family(world: World, name: str) -> str:
    return {"output": "an output of a table,"}.get(world.declared[name].family, world.declared[name].family)


# ---- what to say -----------------------------------------------------------------------------------------------------


def report_unknown(world: World, asker: Asker, ref: syntax.Ref) -> None:
    """Report a name that stands for nothing here: T102 for a hyphen in place of a minus, else T101."""
    text, where = ref.text, said(world, asker.grain)
    if len(ref.parts) == 1 and "-" in text:
        for at, character in enumerate(text):
            left, right = text[:at], text[at + 1 :]
            if character == "-" and left and right and _is_name(world, asker, left) and _is_name(world, asker, right):
                world.error(
                    "T102",
                    f"no name `{text}`; a hyphen joins words",
                    ref.span,
                    f"for subtraction write `{left} - {right}`",
                )
                return
    declared = world.declared.get(text)
    if declared is None:
        help_text = did_you_mean(text, known_names(world, asker, ref))
        world.error("T101", f"nothing is called `{text}` for {where}", ref.span, help_text)
    elif _seen_but_undated(world, asker, declared, ref.span):
        date = declared.node.as_of.span.text if isinstance(declared.node, syntax.Decision) else ""
        message = f"`{text}` is decided as of {date}, and {where} has no such date"
        world.error("T101", message, ref.span, f"read it where {date} is known")
    elif declared.family == "parameter":
        _report_parameter(world, asker, declared, ref.span)
    else:
        world.error(
            "T101",
            f"`{text}` has one value for {said(world, declared.grain)}; {where} cannot name one of them",
            ref.span,
            f"aggregate it: `sum of {text}`, or read it where its keys are known",
        )


def _report_parameter(world: World, asker: Asker, declared: Declared, span: Span) -> None:
    """A parameter is looked up by its column (T101) and by what its exceptions read (T206)."""
    assert isinstance(declared.node, syntax.Parameter)
    column = declared.node.scope.names[0].text if declared.node.scope else ""
    lacking = [key.name for key in declared.grain.keys if key_in_terms(world, asker, key.name, span) is None]
    where = said(world, asker.grain)
    if column in lacking:
        message = f"`{declared.name}` is looked up by {column}, which {where} does not have"
        world.error("T101", message, span, f"read it where {column} is known")
    else:
        message = f"an exception to `{declared.name}` reads {lacking[0]}, which {where} does not have"
        world.error("T206", message, span, f"read it where {lacking[0]} is known")


def _seen_but_undated(world: World, asker: Asker, declared: Declared, span: Span) -> bool:
    """Whether a decision's keys can be named here and only its governing date cannot."""
    if not isinstance(declared.node, syntax.Decision):
        return False
    return keys_in_terms(world, asker, declared.grain, span) is not None


def _is_name(world: World, asker: Asker, text: str) -> bool:
    return (
        text in asker.locals
        or text in fields_of(world, asker.grain)
        or asker.grain.key(text) is not None
        or text in world.declared
        or text in world.buckets
    )


def known_names(world: World, asker: Asker, ref: syntax.Ref) -> Iterable[str]:
    """The names that could have been meant by a name or path that was not found."""
    if len(ref.parts) == 1:
        keys = (key.name for key in asker.grain.keys)
        return (*asker.locals, *fields_of(world, asker.grain), *keys, *world.declared, *world.buckets)
    first = ref.parts[0].text
    row = _own_row(asker, first)
    if row is not None:
        fields: Iterable[str] = fields_of(world, asker.grain) if row == "slice" else own_fields(world, first)
    elif first in world.reconciliations or first in world.records:
        fields = own_fields(world, first)
    else:
        known = (*asker.grain.rows, *world.records, *world.reconciliations, *fields_of(world, asker.grain), "layer")
        return (".".join((name, *(part.text for part in ref.parts[1:]))) for name in known)
    return (f"{first}.{name}" for name in fields)
