"""Which row of an item an asker means: every key of the item's grain, said in the asker's terms."""

from __future__ import annotations

from dsl.span import Span
from engine.model.binding.asker import Asker
from engine.model.binding.grains import LAYER_KEY, fields_of, pool_keys, row_keys
from engine.model.binding.terms import CALENDAR_WORDS, CURRENCY, calendar_type, one_of
from engine.model.binding.world import Field, World
from engine.model.datatypes import Family
from engine.model.expression import LEDGER_ROWS, Expression, FieldOf, Grain, KeyOf, RegisterField


def keys_in_terms(world: World, asker: Asker, target: Grain, span: Span) -> tuple[tuple[str, Expression], ...] | None:
    """Each key of a grain in the asker's terms, or None where one cannot be named: the item is not visible there.

    Rows that both grains have are the asker's own and their keys are left out. A calendar word the asker lacks is the
    span its date lies in.
    """
    grain = asker.grain
    if target.form == "slices":
        same = grain.form == "slices" and set(grain.touched) <= set(target.touched)
        return () if same else None
    if target.form in LEDGER_ROWS.values():
        return () if grain.form == target.form else None
    if target.form == "layers" and not _has_layer(grain, target):
        return None
    own = _own_keys(world, grain, target)
    found: list[tuple[str, Expression]] = []
    for key in target.keys:
        if key.name in own:
            continue
        value = key_in_terms(world, asker, key.name, span)
        if value is None:
            return None
        found.append((key.name, value))
    return tuple(found)


def key_in_terms(world: World, asker: Asker, name: str, span: Span) -> Expression | None:
    """One key in the asker's terms: a key of its grain, a field of its row, a path from one, or a calendar word."""
    grain = asker.grain
    fields = fields_of(world, grain)
    key, one = grain.key(name), fields.get(name)
    if key is not None:
        return KeyOf(key.type, span, key_may_be_missing(grain, one), name)
    if one is not None:
        return FieldOf(one.type, span, one.perhaps, one.row, name)
    if name in CALENDAR_WORDS:
        return KeyOf(calendar_type(name), span, False, name)
    if name == "book":
        return KeyOf(one_of("book", world.books), span, False, name)
    if name == "currency":
        return KeyOf(CURRENCY, span, False, name)
    if "." in name:
        return _path_in_terms(world, asker, name, span)
    return None


def key_may_be_missing(grain: Grain, field: Field | None) -> bool:
    """Whether a key may be missing: a fact's optional identity may, the keys of a pool are always known."""
    return field is not None and field.perhaps and grain.form not in ("layers", "slices")


def _path_in_terms(world: World, asker: Asker, name: str, span: Span) -> Expression | None:
    """A path key such as `partner.region`: its first word in the asker's terms, then field by field."""
    first, *rest = name.split(".")
    base = key_in_terms(world, asker, first, span)
    if first == "layer" and asker.grain.form in ("layers", "slices"):
        return None
    for part in rest:
        if base is None or base.type.family is not Family.REGISTER:
            return None
        column = next((one for one in world.records[base.type.domain].columns if one.name == part), None)
        if column is None:
            return None
        perhaps = not column.required or asker.may_be_missing(base)
        base = RegisterField(column.type, span, perhaps, base.type.domain, part, (base,), None)
    return base


def _has_layer(grain: Grain, target: Grain) -> bool:
    """Whether the asker's row has a layer, and the facts that the target joins to its layers."""
    kinds = set(target.rows[1:])
    if grain.form == "layers":
        return kinds <= set(grain.rows[1:])
    return grain.form == "slices" and all(kind in kinds for kind in grain.touched) if kinds else grain.form == "slices"


def _own_keys(world: World, grain: Grain, target: Grain) -> frozenset[str]:
    """The keys of rows that the asker's row already is."""
    own: set[str] = set()
    if target.form == "layers":
        own.update(key.name for key in (*pool_keys(world), LAYER_KEY))
        shared = set(target.rows[1:]) & {*grain.rows, *grain.touched}
    else:
        shared = set(target.rows) & set(grain.rows)
    for row in shared:
        own.update(key.name for key in row_keys(world, row))
    return frozenset(own)
