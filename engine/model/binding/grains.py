"""Grains: what one row of an item stands for, and which fields such a row has."""

from __future__ import annotations

from collections.abc import Iterable

from dsl import syntax
from engine.model.binding.records import implied_columns, type_of_word
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import (
    ACCOUNT_ROLE,
    ACCOUNT_TYPES,
    CALENDAR_WORDS,
    CAUSES,
    CURRENCY,
    DATE,
    DAYS,
    MONEY,
    NATURES,
    NUMBER,
    PERIOD,
    QUANTITY,
    RATE,
    TEXT,
    UNKNOWN,
    YES_NO,
    calendar_type,
    one_of,
)
from engine.model.binding.world import Field, World
from engine.model.datatypes import DataType, Family
from engine.model.expression import LEDGER_ROWS, Grain, Key

ONCE = Grain("once", (), (), (), "")
BOOKED = DataType(Family.MONEY, "company")
"""Money in the currency of its company."""
LEDGER_KEYS = ("company", "partner", "part", "programme", "authorisation", "currency")
LAYER_KEY = Key("layer", TEXT)
EVENT_KEY = Key("event", TEXT)


def grain_of(world: World, scope: syntax.Scope | None, calendar: str = "") -> Grain:
    """The grain of a `for each`, on the calendar stated or else that of the close. Reports T101 for unknown words."""
    calendar = calendar or world.calendar
    if scope is None:
        return ONCE
    if scope.form == "touched":
        for name in scope.names:
            _report_no_kind(world, name)
        kinds = tuple(name.text for name in scope.names)
        return Grain("slices", (), kinds, (*pool_keys(world), LAYER_KEY, EVENT_KEY), calendar)
    if scope.form == "layer":
        return _layer_grain(world, scope, calendar)
    rows: list[str] = []
    keys: dict[str, Key] = {}
    for name in scope.names:
        text = name.text
        if text in LEDGER_ROWS and len(scope.names) == 1:
            return Grain(LEDGER_ROWS[text], (text,), (), _ledger_keys(world, text), calendar)
        if is_row(world, text):
            rows.append(text)
            for key in row_keys(world, text):
                keys.setdefault(key.name, key)
            if text in world.reconciliations:
                calendar = world.reconciliations[text].calendar.text
        else:
            keys.setdefault(text, Key(text, _key_type(world, name)))
    return Grain("rows" if rows else "keys", tuple(rows), (), tuple(keys.values()), calendar)


def part_grain(world: World, whole: Grain, over: str) -> Grain:
    """The grain of the parts of an allocation: the whole's rows joined with `over`, rows or a calendar word."""
    rows, keys = list(whole.rows), {key.name: key for key in whole.keys}
    if over in CALENDAR_WORDS:
        keys[over] = Key(over, calendar_type(over))
    elif is_row(world, over):
        rows.append(over)
        for key in row_keys(world, over):
            keys.setdefault(key.name, key)
    else:
        keys[over] = Key(over, type_of_word(world, over) or UNKNOWN)
    return Grain("rows" if rows else "keys", tuple(rows), (), tuple(keys.values()), whole.calendar)


def is_row(world: World, name: str) -> bool:
    """Whether a scope's word stands for rows of its own: a kind, a reconciliation, a register of several keys."""
    if name in world.kinds or name in world.reconciliations:
        return True
    return name in world.registers and len(world.records[name].identity) > 1


def row_keys(world: World, name: str) -> tuple[Key, ...]:
    """The keys that tell the rows of a kind, register or reconciliation apart."""
    if name in world.reconciliations:
        reconciliation = world.reconciliations[name]
        scope = reconciliation.scope
        return tuple(Key(key.text, _key_type(world, key)) for key in scope.names)
    record = world.records[name]
    return tuple(Key(key, record.column(key).type) for key in record.identity)


def pool_keys(world: World) -> tuple[Key, ...]:
    """The keys of a pool: the `for each` of the layers."""
    found: dict[str, Key] = {}
    for layers in world.layers.values():
        for name in layers.scope.names:
            found.setdefault(name.text, Key(name.text, _key_type(world, name)))
    return tuple(found.values())


def said(world: World, grain: Grain) -> str:
    """A grain in words: `each company, partner, period`."""
    if grain.form == "slices":
        return f"each layer touched by {', '.join(grain.touched)}"
    if grain.form == "once":
        return "the whole"
    if grain.form == "layers":
        return f"each {', '.join(grain.rows)}"
    own: list[str] = [*grain.rows]
    if grain.form in LEDGER_ROWS.values():
        return f"each {own[0]}"
    held = {key.name for row in own if row in (*world.records, *world.reconciliations) for key in row_keys(world, row)}
    return f"each {', '.join([*own, *(key.name for key in grain.keys if key.name not in held)])}"


def _layer_grain(world: World, scope: syntax.Scope, calendar: str) -> Grain:
    keys = {key.name: key for key in (*pool_keys(world), LAYER_KEY)}
    rows = ["layer"]
    for name in scope.names:
        if is_row(world, name.text):
            rows.append(name.text)
            for key in row_keys(world, name.text):
                keys.setdefault(key.name, key)
        else:
            keys.setdefault(name.text, Key(name.text, _key_type(world, name)))
    return Grain("layers", tuple(rows), (), tuple(keys.values()), calendar)


def _report_no_kind(world: World, name: syntax.Ref) -> None:
    if name.text not in world.kinds:
        help_text = did_you_mean(name.text, world.kinds) or "declare the kind"
        world.error("T101", f"no kind `{name.text}`", name.span, help_text)


def _key_type(world: World, name: syntax.Ref) -> DataType:
    text = name.text
    if text in CALENDAR_WORDS:
        return calendar_type(text)
    if text == "book":
        return one_of("book", world.books)
    found = type_of_word(world, name.parts[-1].text)
    if found is None:
        known = (*world.terms, *world.registers, *world.kinds, *world.reconciliations, *CALENDAR_WORDS)
        help_text = did_you_mean(text, known) or "name a key, register, kind, reconciliation or calendar word"
        world.error("T101", f"nothing is called `{text}`, so there is no row for each", name.span, help_text)
        return UNKNOWN
    return found


def _ledger_keys(world: World, row: str) -> tuple[Key, ...]:
    fields = _ledger_fields(world, row)
    if row == "ledger-balance":
        names: Iterable[str] = ("book", "role", *LEDGER_KEYS)
    elif row == "correction":
        names = ("company", "role", "origin-period")
    else:
        return (Key("ledger-line", TEXT),)
    return tuple(Key(name, fields[name].type) for name in names if name in fields)


def _ledger_fields(world: World, row: str) -> dict[str, Field]:
    """The fields the ledger's own rows have; which of the six dimensions exist depends on what is declared."""
    found: dict[str, tuple[DataType, bool]] = {
        "role": (ACCOUNT_ROLE, False),
        "book": (one_of("book", world.books), False),
    }
    for name in LEDGER_KEYS:
        type_ = CURRENCY if name == "currency" else type_of_word(world, name)
        if type_ is not None:
            found[name] = (type_, name not in ("company", "currency"))
    if row == "correction":
        found |= {
            "origin-period": (PERIOD, False),
            "amount": (BOOKED, False),
            "cause": (one_of("cause", CAUSES), False),
            "share-of-result": (RATE, False),
            "share-accumulated": (RATE, False),
            "flagged": (YES_NO, False),
            "known-at": (DATE, False),
        }
        return {name: Field(row, name, *kind) for name, kind in found.items()}
    found |= {"nature": (one_of("nature", NATURES), False), "amount": (MONEY, False), "booked": (BOOKED, False)}
    if row == "ledger-line":
        found |= {
            "account": (TEXT, False),
            "account.type": (one_of("account.type", ACCOUNT_TYPES), False),
            "account.title": (TEXT, False),
            "account.normal": (one_of("side", ("debit", "credit")), False),
            "account.nature": (one_of("nature", NATURES), False),
            "side": (one_of("side", ("debit", "credit")), False),
            "posting-date": (DATE, False),
            "journal": (TEXT, False),
        }
    return {name: Field(row, name, *kind) for name, kind in found.items()}


# ---- fields --------------------------------------------------------------------------------------------------------


def fields_of(world: World, grain: Grain) -> dict[str, Field]:
    """The fields a row of the grain has, by name; of several rows the first that has a name gives it."""
    if grain not in world.row_fields:
        found: dict[str, Field] = {}
        if grain.form == "slices":
            found = slice_fields(world, grain.touched)
        else:
            for row in grain.rows:
                found = {**own_fields(world, row), **found}
        world.row_fields[grain] = found
    return world.row_fields[grain]


def own_fields(world: World, row: str) -> dict[str, Field]:
    """The fields of one kind of row."""
    if row == "layer":
        return layer_fields(world)
    if row in LEDGER_ROWS:
        return _ledger_fields(world, row)
    if row in world.reconciliations:
        return _reconciliation_fields(world, row)
    if row in ("day", "period"):
        found = {"start": (DATE, False), "end": (DATE, False)}
        if row == "day":
            found["working"] = (NUMBER, False)
        return {name: Field(row, name, *kind) for name, kind in found.items()}
    if row not in world.records:
        return {}
    record = world.records[row]
    columns = {column.name: column for column in record.columns}
    if record.family == "kind":
        for column in implied_columns():
            columns.setdefault(column.name, column)
    return {column.name: Field(row, column.name, column.type, not column.required) for column in columns.values()}


def slice_fields(world: World, kinds: tuple[str, ...]) -> dict[str, Field]:
    """The fields of a slice: those of the facts that touch layers (missing where one kind lacks them) and its own."""
    found = _union(world, "slice", kinds)
    found["quantity"] = Field("slice", "quantity", QUANTITY, False)
    found["returning"] = Field("slice", "returning", YES_NO, False)
    found["event-date"] = Field("slice", "event-date", DATE, False)
    found["event-kind"] = Field("slice", "event-kind", one_of("event-kind", kinds), False)
    return found


def layer_fields(world: World) -> dict[str, Field]:
    """The fields of a layer: its opening fact's, what it carries, and `remaining`, `opened`, `age`."""
    opening = tuple(dict.fromkeys(kind for layers in world.layers.values() for kind in opening_kinds(world, layers)))
    found = _union(world, "layer", opening)
    for layers in world.layers.values():
        for policy in layers.policies:
            if isinstance(policy, syntax.Carry):
                for name in policy.names:
                    found[name.text] = Field("layer", name.text, _carried_type(world, name, found), False)
    found["remaining"] = Field("layer", "remaining", QUANTITY, False)
    found["opened"] = Field("layer", "opened", DATE, False)
    found["age"] = Field("layer", "age", DAYS, False)
    return found


def _union(world: World, row: str, kinds: tuple[str, ...]) -> dict[str, Field]:
    each = [own_fields(world, kind) for kind in kinds if kind in world.kinds]
    found: dict[str, Field] = {}
    for fields in each:
        for name, one in fields.items():
            perhaps = any(name not in other or other[name].perhaps for other in each)
            found.setdefault(name, Field(row, name, one.type, perhaps))
    return found


def _carried_type(world: World, name: syntax.Ref, fields: dict[str, Field]) -> DataType:
    text = name.text
    if text in world.terms:
        return world.terms[text]
    if text in fields:
        return fields[text].type
    declared = world.declared.get(text)
    if declared is not None:
        return world.type_of(text, name.span)[0]
    return UNKNOWN


def _reconciliation_fields(world: World, row: str) -> dict[str, Field]:
    found = {key.name: Field(row, key.name, key.type, False) for key in row_keys(world, row)}
    found["expected"] = Field(row, "expected", QUANTITY, False)
    found["reported"] = Field(row, "reported", QUANTITY, True)
    for name, (type_, perhaps) in world.local_types.get(row, {}).items():
        found[name] = Field(row, name, type_, perhaps)
    return found


# ---- what follows from movements -------------------------------------------------------------------------------------


def covered(layers: syntax.Layers) -> tuple[str, ...]:
    """The buckets a layers item covers."""
    return tuple(bucket.text for bucket in layers.over)


def returning_kinds(layers: syntax.Layers) -> tuple[str, ...]:
    """The kinds whose units come back as the units last sold."""
    return tuple(policy.kind.text for policy in layers.policies if isinstance(policy, syntax.BringBack))


def opening_kinds(world: World, layers: syntax.Layers) -> tuple[str, ...]:
    """The kinds that bring units into the covered buckets and open layers."""
    inside, back = covered(layers), returning_kinds(layers)
    return tuple(
        name
        for name, kind in world.kinds.items()
        if _ends(kind)[1] in inside and _ends(kind)[0] not in inside and name not in back
    )


def leaving_kinds(world: World, layers: syntax.Layers) -> tuple[str, ...]:
    """The kinds that take units out of the covered buckets."""
    inside = covered(layers)
    return tuple(
        name for name, kind in world.kinds.items() if _ends(kind)[0] in inside and _ends(kind)[1] not in inside
    )


def transfer_kinds(world: World, layers: syntax.Layers) -> tuple[str, ...]:
    """The kinds that hand units from one pool to another, inside the covered buckets."""
    inside = covered(layers)
    return tuple(
        name
        for name, kind in world.kinds.items()
        if kind.movement.receiver is not None and _ends(kind)[0] in inside and _ends(kind)[1] in inside
    )


def _ends(kind: syntax.Kind) -> tuple[str, str]:
    movement = kind.movement
    return (
        movement.source.text if movement.source and movement.form == "moves" else "",
        movement.target.text if movement.target and movement.form == "moves" else "",
    )
