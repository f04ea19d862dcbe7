"""What an aggregate ranges over: the rows it names, and how they agree with the row that asks."""

from __future__ import annotations

from collections.abc import Iterable

from dsl import syntax
from dsl.span import Span
from engine.model.binding.asker import Asker
from engine.model.binding.grains import fields_of, grain_of, is_row, said
from engine.model.binding.names import find, report_unknown, unknown
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.binding.visibility import key_in_terms, keys_in_terms
from engine.model.binding.world import World
from engine.model.expression import LEDGER_ROWS, Expression, FieldOf, Grain, KeyOf, Source

IMPLIED_KEYS = ("layer", "event", "ledger-line")


def source_for(world: World, asker: Asker, refs: Iterable[syntax.Ref], span: Span, what: str) -> Source | None:
    """The source of an aggregate: the finest rows its names speak of. Reports T206 for none, or where a key lacks."""
    grains = list(dict.fromkeys(grain for ref in refs if (grain := natural_grain(world, asker, ref)) is not None))
    if not grains:
        for ref in refs:
            if find(world, asker, ref) is None:
                report_unknown(world, asker, ref)
                return None
        world.error(
            "T206", f"`{what}` names no rows to go over", span, "name a field of a kind, or an amount of a finer grain"
        )
        return None
    finest = next(
        (one for one in grains if all(other is one or _sees(world, one, other, span) for other in grains)), grains[0]
    )
    return Source(finest, matching(world, asker, finest, span, what))


def natural_grain(world: World, asker: Asker, ref: syntax.Ref) -> Grain | None:
    """The grain of the rows a name speaks of, or None for a name that has no rows of its own."""
    first = ref.parts[0]
    text = first.text
    if (
        text == "layer"
        or text in LEDGER_ROWS
        or is_row(world, text)
        or (len(ref.parts) == 1 and text in world.registers)
    ):
        form = "layer" if text == "layer" else "names"
        names = () if text == "layer" else (syntax.Ref(first.span, (first,)),)
        return grain_of(world, syntax.Scope(first.span, form, names), asker.grain.calendar)
    if len(ref.parts) == 1 and text in world.declared and world.declared[text].family != "parameter":
        return world.declared[text].grain
    return None


def _sees(world: World, grain: Grain, other: Grain, span: Span) -> bool:
    return keys_in_terms(world, Asker("", grain), other, span) is not None


def matching(
    world: World, asker: Asker, grain: Grain, span: Span, what: str
) -> tuple[tuple[Expression, Expression], ...]:
    """Pairs of a source key and an asker's key that must be equal: every key of the asker that the rows have.

    A key the rows lack is T206. Calendar words are not paired: the plan restricts rows by their governing date.
    """
    inner = Asker(asker.item, grain)
    if asker.grain.calendar and grain.has_period and asker.grain.has_period and grain.calendar != asker.grain.calendar:
        world.error(
            "T206",
            f"`{what}` goes over periods of {grain.calendar}, and this item follows {asker.grain.calendar}",
            span,
            "use one calendar",
        )
    pairs: list[tuple[Expression, Expression]] = []
    for name in _scope_keys(asker):
        theirs = key_in_terms(world, inner, name, span)
        ours = key_in_terms(world, asker, name, span)
        if ours is None:
            continue
        if theirs is None:
            if name in IMPLIED_KEYS:
                continue
            world.error(
                "T206",
                f"`{what}` cannot be split by {name}: {said(world, grain)} has no {name}",
                span,
                f"leave `{name}` out of the `for each`, or aggregate rows that have it",
            )
            continue
        pairs.append((theirs, ours))
    return tuple(pairs)


def _scope_keys(asker: Asker) -> tuple[str, ...]:
    """The keys an aggregate must agree on: those of the asker's grain, of a slice its fact's part in the pool too."""
    return tuple(key.name for key in asker.grain.keys if key.name not in CALENDAR_WORDS)


def exists_source(world: World, asker: Asker, node: syntax.Exists) -> Source:
    """The rows of an `exists for`, matched on the names given and always on company where both have it."""
    name = node.name.text
    if name not in world.records:
        help_text = did_you_mean(name, world.records) or "name a register or kind"
        world.error("T101", f"no register or kind `{name}`", node.name.span, help_text)
        return Source(Grain("rows", (), (), (), ""), ())
    ref = syntax.Ref(node.name.span, (node.name,))
    grain = _rows_of(world, asker, ref)
    fields = fields_of(world, grain)
    pairs: list[tuple[Expression, Expression]] = []
    for match in node.matches:
        ours = find(world, asker, match.key)
        if ours is None:
            report_unknown(world, asker, match.key)
            ours = unknown(match.span)
        their_name = match.as_field.text if match.as_field else match.key.parts[-1].text
        theirs = key_in_terms(world, Asker(asker.item, grain), their_name, match.span) if their_name in fields else None
        if theirs is None:
            help_text = did_you_mean(their_name, fields) or f"say which field of {name}: `{match.key.text} as FIELD`"
            world.error("T101", f"{name} has no field `{their_name}`", match.span, help_text)
            continue
        pairs.append((theirs, ours))
    return Source(grain, (*_company(world, asker, grain, node.span, pairs), *pairs))


def _rows_of(world: World, asker: Asker, ref: syntax.Ref) -> Grain:
    """The rows of a register or kind, its own keys as grain whatever their number."""
    found = grain_of(world, syntax.Scope(ref.span, "names", (ref,)), asker.grain.calendar)
    if found.form == "rows":
        return found
    record = world.records[ref.text]
    keys = tuple(key for key in found.keys if key.name != ref.text)
    return Grain("rows", (record.name,), (), keys, found.calendar)


def _company(
    world: World, asker: Asker, grain: Grain, span: Span, pairs: list[tuple[Expression, Expression]]
) -> tuple[tuple[Expression, Expression], ...]:
    named = {theirs.name for theirs, _ in pairs if isinstance(theirs, KeyOf | FieldOf)}
    theirs = key_in_terms(world, Asker(asker.item, grain), "company", span)
    ours = key_in_terms(world, asker, "company", span)
    return () if "company" in named or theirs is None or ours is None else ((theirs, ours),)
