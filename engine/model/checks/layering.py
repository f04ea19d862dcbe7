"""Layers: every question answered once, everything that opens them supplies what they carry (T320, T314)."""

from __future__ import annotations

from collections.abc import Iterator

from dsl import syntax
from dsl.diagnostics import Diagnostics
from engine.model.amending import policy_question
from engine.model.binding.asker import Asker
from engine.model.binding.grains import fields_of, grain_of, layer_fields
from engine.model.binding.names import visible_item
from engine.model.binding.world import World
from engine.model.datatypes import Family
from engine.model.ruleset import Layers, Ruleset

QUESTIONS = (
    ("Carry", "what is remembered", "carry unit-price"),
    ("leave", "which units leave first", "leave oldest first by DATE"),
    ("Oversell", "what happens to units sold beyond stock", "units sold beyond stock stop the close"),
    ("LateFacts", "what happens to late facts", "late facts catch up in the open period"),
    ("Leftover", "where leftover cents go", "leftover cents follow the running total"),
)


def check_layers(world: World, ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Report unanswered and twice answered questions, and openings that lack a carried name."""
    for name, node in world.layers.items():
        layers = ruleset.layers[name]
        _questions(node, layers, diagnostics)
        _dearest(world, layers, diagnostics)
        _returns(ruleset, node, diagnostics)
        _openings(world, ruleset, layers, diagnostics)


def _questions(node: syntax.Layers, layers: Layers, diagnostics: Diagnostics) -> None:
    seen: dict[tuple[str, ...], syntax.Policy] = {}
    for policy in node.policies:
        question = policy_question(policy)
        first = seen.setdefault(question, policy)
        if first is not policy:
            line = first.span.location.line
            message = f"`{layers.name}` answers this twice, first in line {line}"
            diagnostics.error("T320", message, policy.span, "keep one of the two phrases")
    asked = [*QUESTIONS]
    if layers.brings_back:
        back = (
            "Overreturn",
            "what happens to units returned beyond sales",
            "units returned beyond sales stop the close",
        )
        asked.append(back)
    for first_word, words, phrase in asked:
        if not any(one[0] == first_word for one in seen):
            diagnostics.error("T320", f"`{layers.name}` does not say {words}", node.name.span, f"write `{phrase}`")


def _dearest(world: World, layers: Layers, diagnostics: Diagnostics) -> None:
    """`dearest` is measured by the first carried price, so one must be carried."""
    fields = layer_fields(world)
    carried = [fields[name].type.family for name in layers.carried if name in fields]
    if layers.order == "dearest" and Family.PRICE not in carried:
        span = dict(layers.phrases).get("LeaveOrder", layers.span)
        message = f"`{layers.name}` carries no price that one layer could be dearer by"
        diagnostics.error("T320", message, span, "carry a price, or write `leave oldest first by DATE`")


def _returns(ruleset: Ruleset, node: syntax.Layers, diagnostics: Diagnostics) -> None:
    """Only what comes in can be brought back, only what goes out can take a layer."""
    inside = {bucket.text for bucket in node.over}
    for policy in node.policies:
        if isinstance(policy, syntax.BringBack | syntax.TakeLayer):
            kind = ruleset.kinds.get(policy.kind.text)
            if kind is None:
                continue
            comes_in = kind.target in inside and kind.source not in inside
            goes_out = kind.source in inside and kind.target not in inside
            if isinstance(policy, syntax.BringBack) and not comes_in:
                message = f"`{kind.name}` brings nothing into {', '.join(sorted(inside))}"
                diagnostics.error("T320", message, policy.kind.span, "name a kind whose units come in from outside")
            if isinstance(policy, syntax.TakeLayer) and not goes_out:
                message = f"`{kind.name}` takes nothing out of {', '.join(sorted(inside))}"
                diagnostics.error("T320", message, policy.kind.span, "name a kind whose units leave")


def _openings(world: World, ruleset: Ruleset, layers: Layers, diagnostics: Diagnostics) -> None:
    for kind in layers.opening_kinds:
        lacking = list(_lacking(world, layers, kind))
        if not lacking:
            continue
        node = ruleset.kinds[kind]
        names = ", ".join(f"`{name}`" for name in lacking)
        help_text = f"give `{kind}` the field `{lacking[0]}`, or write `amount {lacking[0]} for each {kind} is ...`"
        if any(node.source == ruleset.kinds[left].target for left in layers.leaving_kinds):
            help_text = f"write `{kind} brings back the units last sold, in their old place`"
        message = f"`{kind}` opens layers in `{layers.name}` and does not always say {names}"
        diagnostics.error("T320", message, node.span, help_text)


def _lacking(world: World, layers: Layers, kind: str) -> Iterator[str]:
    """The carried names that a fact of a kind does not supply, or may leave missing."""
    place = world.kinds[kind].name
    ref = syntax.Ref(place.span, (place,))
    grain = grain_of(world, syntax.Scope(place.span, "names", (ref,)))
    fields = fields_of(world, grain)
    for carried in layers.carried:
        found = fields.get(carried)
        if found is not None:
            if found.perhaps:
                yield carried
        elif visible_item(world, Asker(f"layers {layers.name}", grain), carried, layers.span) is None:
            yield carried
