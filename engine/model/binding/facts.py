"""What happens and what is held: registers, kinds, layers, reconciliations and their adjustments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from dsl import syntax
from engine.model.binding.algebra import agree, fitted, said_type
from engine.model.binding.answers import bind_caps, bind_locals
from engine.model.binding.asker import Asker
from engine.model.binding.conditions import bind_tests, facts_of
from engine.model.binding.expressions import BINDING, bind, bind_date, needed
from engine.model.binding.grains import (
    covered,
    fields_of,
    grain_of,
    layer_fields,
    leaving_kinds,
    opening_kinds,
    own_fields,
    returning_kinds,
    transfer_kinds,
)
from engine.model.binding.literals import whole_count
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.telling import check_told
from engine.model.binding.terms import QUANTITY, UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import Family
from engine.model.expression import Expression, FieldOf, Grain, TestsOf
from engine.model.ruleset import (
    Action,
    Adjustment,
    Change,
    Kind,
    Layers,
    Meta,
    Reconciliation,
    Register,
    TwinTest,
)

NO_META = Meta()
PolicyType = TypeVar("PolicyType")


def bind_register(world: World, node: syntax.Register) -> Register:
    """A register with its record."""
    name = node.name.text
    return Register(
        name, node.name.span, NO_META, world.records[name], node.history, node.bands_by.text if node.bands_by else ""
    )


def bind_kind(world: World, node: syntax.Kind) -> Kind:
    """A kind with its record and movement; buckets that `stock` does not declare are T411."""
    name, movement = node.name.text, node.movement
    for bucket in (movement.source, movement.target):
        if bucket is not None and bucket.text not in world.buckets:
            near = did_you_mean(bucket.text, world.buckets)
            world.error(
                "T411",
                f"stock `{bucket.text}` is not declared, so these units would leave the roll-forward",
                bucket.span,
                near or "add it to `stock`",
            )
    receiver = movement.receiver.text if movement.receiver else ""
    record = world.records[name]
    if receiver and receiver not in {column.name for column in record.columns}:
        world.error(
            "T101",
            f"`{name}` has no field `{receiver}`",
            movement.receiver.span if movement.receiver else node.span,
            "name the field that says who receives",
        )
    source = movement.source.text if movement.source else ""
    target = movement.target.text if movement.target else ""
    form = "nothing" if movement.form == "tells" else movement.form
    told = check_told(world, node, record)
    return Kind(name, node.name.span, NO_META, record, form, source, target, receiver, told)


# ---- layers ----------------------------------------------------------------------------------------------------------


def bind_layers(world: World, node: syntax.Layers, meta: Meta) -> Layers:
    """Valuation of a set of buckets; questions that are not answered are left empty and reported by the checks."""
    name = node.name.text
    grain = grain_of(world, node.scope)
    for bucket in node.over:
        if bucket.text not in world.buckets:
            world.error(
                "T411",
                f"stock `{bucket.text}` is not declared",
                bucket.span,
                did_you_mean(bucket.text, world.buckets) or "add it to `stock`",
            )
    answers = _LayerAnswers(world, node, grain)
    leaving = leaving_kinds(world, node)
    leave_grain = Grain("rows", leaving, (), grain.keys, grain.calendar)
    order = answers.order()
    oversell, settles_to = answers.oversell()
    leftover, leftover_to = answers.leftover()
    return Layers(
        name, node.name.span, meta, covered(node), grain, answers.carried(), order[0], order[1],
        answers.leave_by(leave_grain), answers.brings_back(), answers.takes(), answers.changes(), oversell, settles_to,
        answers.overreturn(), answers.late(), leftover, leftover_to, answers.ignores(), opening_kinds(world, node),
        leaving, returning_kinds(node), transfer_kinds(world, node),
        tuple((type(policy).__name__, policy.span) for policy in node.policies),
    )  # fmt: skip


class _LayerAnswers:
    """The phrases of one `layers` item, each as the answer to its question."""

    def __init__(self, world: World, node: syntax.Layers, grain: Grain) -> None:
        self.world, self.node, self.grain = world, node, grain

    def carried(self) -> tuple[str, ...]:
        return tuple(name.text for policy in self._all(syntax.Carry) for name in policy.names)

    def order(self) -> tuple[str, tuple[str, ...]]:
        for policy in self._all(syntax.LeaveOrder):
            fields = layer_fields(self.world)
            for name in policy.by:
                if name.text not in fields:
                    help_text = did_you_mean(name.text, fields) or "name a field of what opens layers"
                    self.world.error("T101", f"a layer has no `{name.text}`", name.span, help_text)
            return policy.which, tuple(name.text for name in policy.by)
        return next(((policy.which, ()) for policy in self._all(syntax.LeaveAt)), ("", ()))

    def leave_by(self, grain: Grain) -> tuple[tuple[str, TestsOf], ...]:
        asker = Asker(f"layers {self.node.name.text}", grain)
        found = []
        for policy in self._all(syntax.LeaveBy):
            if policy.field.text not in layer_fields(self.world):
                self.world.error(
                    "T101",
                    f"a layer has no `{policy.field.text}`",
                    policy.field.span,
                    "name a field of what opens layers",
                )
            found.append((policy.field.text, bind_tests(self.world, BINDING, asker, policy.when)))
        return tuple(found)

    def brings_back(self) -> tuple[tuple[str, str], ...]:
        return tuple((self._kind(policy.kind), policy.place) for policy in self._all(syntax.BringBack))

    def takes(self) -> tuple[tuple[str, str, str], ...]:
        found = []
        for policy in self._all(syntax.TakeLayer):
            kind = self._kind(policy.kind)
            if kind in self.world.records and policy.field.text not in own_fields(self.world, kind):
                self.world.error(
                    "T101",
                    f"`{kind}` has no field `{policy.field.text}`",
                    policy.field.span,
                    did_you_mean(policy.field.text, own_fields(self.world, kind)),
                )
            found.append((kind, policy.field.text, policy.otherwise))
        return tuple(found)

    def changes(self) -> tuple[Change, ...]:
        return tuple(
            self._change(policy)
            for policy in self._all(syntax.ChangeCarried)
            if self._kind(policy.kind) in self.world.kinds
        )

    def _change(self, policy: syntax.ChangeCarried) -> Change:
        world, kind, carried = self.world, policy.kind.text, policy.carried.text
        if carried not in self.carried():
            help_text = did_you_mean(carried, self.carried()) or "add it to `carry`"
            world.error("T101", f"layers do not carry `{carried}`", policy.carried.span, help_text)
        ref = syntax.Ref(policy.kind.span, (policy.kind,))
        grain = grain_of(world, syntax.Scope(policy.kind.span, "layer", (ref,)))
        asker = Asker(f"layers {self.node.name.text}", grain)
        if policy.on.text not in own_fields(world, kind):
            world.error(
                "T101",
                f"`{kind}` has no field `{policy.on.text}`",
                policy.on.span,
                did_you_mean(policy.on.text, own_fields(world, kind)),
            )
        field = layer_fields(world).get(carried)
        type_ = field.type if field else UNKNOWN
        value = fitted(needed(world, asker, bind(world, asker, policy.value, type_)), type_)
        if value.type.family is Family.ENUMERATION and type_.family is Family.ENUMERATION:
            stray = [one for one in value.type.values if one not in type_.values]
            if stray:
                world.error(
                    "T208",
                    f"`{stray[0]}` is no {carried}",
                    policy.value.span,
                    f"a {carried} is one of {', '.join(type_.values)}",
                )
        elif UNKNOWN not in (type_, value.type) and value.type.family is not type_.family:
            world.error(
                "T201", f"`{carried}` is {said_type(type_)}, and this is {said_type(value.type)}", policy.value.span, ""
            )
        return Change(policy.span, kind, carried, policy.on.text, policy.form, value)

    def oversell(self) -> tuple[str, str]:
        found = next(iter(self._all(syntax.Oversell)), None)
        return (found.form, self._role(found.settles_to)) if found else ("", "")

    def overreturn(self) -> str:
        return next((policy.form for policy in self._all(syntax.Overreturn)), "")

    def late(self) -> str:
        return next((policy.form for policy in self._all(syntax.LateFacts)), "")

    def leftover(self) -> tuple[str, str]:
        found = next(iter(self._all(syntax.Leftover)), None)
        return (found.form, self._role(found.role)) if found else ("", "")

    def ignores(self) -> tuple[tuple[str, TestsOf], ...]:
        asker = Asker(f"layers {self.node.name.text}", self.grain)
        return tuple(
            (policy.mark.text, bind_tests(self.world, BINDING, asker, policy.when))
            for policy in self._all(syntax.IgnoreMarked)
        )

    def _role(self, name: syntax.Name | None) -> str:
        if name is not None and name.text not in self.world.account_roles:
            help_text = did_you_mean(name.text, self.world.account_roles) or "add it to `accounts`"
            self.world.error("T101", f"no account role `{name.text}` in `accounts`", name.span, help_text)
        return name.text if name is not None else ""

    def _kind(self, name: syntax.Name) -> str:
        if name.text not in self.world.kinds:
            help_text = did_you_mean(name.text, self.world.kinds) or "declare the kind"
            self.world.error("T101", f"no kind `{name.text}`", name.span, help_text)
        return name.text

    def _all(self, family: type[PolicyType]) -> tuple[PolicyType, ...]:
        return tuple(policy for policy in self.node.policies if isinstance(policy, family))


# ---- reconciliation --------------------------------------------------------------------------------------------------


def bind_reconciliation(world: World, node: syntax.Reconciliation, meta: Meta) -> Reconciliation:
    """Expected against reported; its locals become fields of its row for everyone else."""
    name = node.name.text
    grain = grain_of(world, node.scope, node.calendar.text)
    row_grain = Grain("rows", (name,), (), grain.keys, node.calendar.text)
    asker = Asker(f"reconciliation {name}", row_grain)
    if node.calendar.text not in world.calendars:
        world.error(
            "T101",
            f"no calendar `{node.calendar.text}`",
            node.calendar.span,
            did_you_mean(node.calendar.text, world.calendars),
        )
    compares = next((line for line in node.lines if isinstance(line, syntax.Compares)), None)
    if compares is None:
        world.error(
            "T019", f"`{name}` compares nothing", node.name.span, "add `compares expected E with reported K.quantity`"
        )
        return Reconciliation(
            name, node.name.span, meta, row_grain, _nothing(node), _nothing(node), "", None, None, "", (), (), ()
        )
    expected = needed(world, asker, bind(world, asker, compares.expected, QUANTITY))
    kind = compares.reported.parts[0].text
    reported = _nothing(node)
    if kind in world.kinds:
        kind_grain = grain_of(
            world, syntax.Scope(compares.reported.span, "names", (_first(compares.reported),)), node.calendar.text
        )
        reported = bind(world, Asker(f"reconciliation {name}", kind_grain), compares.reported)
        agree(world, expected, reported, compares.reported.span, "compare")
    else:
        world.error(
            "T101",
            f"no kind `{kind}`",
            compares.reported.span,
            did_you_mean(kind, world.kinds) or "name a field of the kind that states the count",
        )
    locals_, _ = bind_locals(world, asker, [line for line in node.lines if isinstance(line, syntax.LocalAmount)])
    world.local_types[name] = {local.name: (local.value.type, local.value.perhaps) for local in locals_}
    world.row_fields.clear()
    includes = tuple(
        (line.bucket.text, bind_tests(world, BINDING, asker, line.when))
        for line in node.lines
        if isinstance(line, syntax.ReportedIncludes)
    )
    for line in node.lines:
        if isinstance(line, syntax.ReportedIncludes) and line.bucket.text not in world.buckets:
            world.error(
                "T411",
                f"stock `{line.bucket.text}` is not declared",
                line.bucket.span,
                did_you_mean(line.bucket.text, world.buckets),
            )
    return Reconciliation(
        name,
        node.name.span,
        meta,
        row_grain,
        expected,
        reported,
        kind,
        whole_count(world, compares.within, "day") if compares.within else None,
        bind_date(world, asker, compares.of) if compares.of is not None else None,
        next((line.which.text for line in node.lines if isinstance(line, syntax.OpensFrom)), ""),
        includes,
        tuple(stage.text for line in node.lines if isinstance(line, syntax.Stages) for stage in line.names),
        locals_,
    )


def _first(ref: syntax.Ref) -> syntax.Ref:
    return syntax.Ref(ref.parts[0].span, ref.parts[:1])


def _nothing(node: syntax.Item) -> Expression:
    return FieldOf(UNKNOWN, node.name.span, False, "", "")


# ---- adjustments -----------------------------------------------------------------------------------------------------


def bind_adjustment(world: World, node: syntax.Adjustment, meta: Meta) -> Adjustment:
    """One change to facts: what it tests, what it does, in which stage."""
    name = node.name.text
    reconciliation = world.reconciliations.get(node.reconciliation.text)
    calendar = reconciliation.calendar.text if reconciliation else ""
    _stage(world, node, reconciliation)
    grain = grain_of(world, node.scope, calendar)
    asker = Asker(f"adjustment {name}", grain)
    when = twins = None
    inner = asker
    if isinstance(node.when, syntax.Twins):
        twins = _twins(world, asker, node.when)
    else:
        when = bind_tests(world, BINDING, asker, node.when)
        inner = asker.knowing(facts_of(world, when))
    action = _action(world, inner, node.action)
    reverses = bind_date(world, inner, node.reverses.on) if node.reverses else None
    caps = bind_caps(world, inner, node.caps, QUANTITY)
    mark = node.marked.text if node.marked else ""
    return Adjustment(
        name, node.name.span, meta, node.reconciliation.text, node.stage.text, grain, when, twins, action, mark,
        reverses, caps,
    )  # fmt: skip


def _stage(world: World, node: syntax.Adjustment, reconciliation: syntax.Reconciliation | None) -> None:
    if reconciliation is None:
        known: Iterable[str] = world.reconciliations
        world.error(
            "T101",
            f"no reconciliation `{node.reconciliation.text}`",
            node.reconciliation.span,
            did_you_mean(node.reconciliation.text, known),
        )
        return
    stages = [stage.text for line in reconciliation.lines if isinstance(line, syntax.Stages) for stage in line.names]
    if node.stage.text not in stages:
        help_text = did_you_mean(node.stage.text, stages) or f"its stages are {', '.join(stages)}"
        world.error(
            "T101", f"`{node.reconciliation.text}` has no stage `{node.stage.text}`", node.stage.span, help_text
        )


def _twins(world: World, asker: Asker, node: syntax.Twins) -> TwinTest:
    agree_on = tuple(bind(world, asker, name) for name in node.agree_on)
    fields = fields_of(world, asker.grain)
    if node.field.text not in fields:
        world.error(
            "T101", f"there is no field `{node.field.text}`", node.field.span, did_you_mean(node.field.text, fields)
        )
    return TwinTest(node.span, agree_on, node.field.text, whole_count(world, node.within, "day"))


def _action(world: World, asker: Asker, node: syntax.Action) -> Action:
    if node.form in ("date", "count"):
        assert node.value is not None
        return Action(node.form, "", "", bind_date(world, asker, node.value), None)
    if node.form == "exclude-twin":
        fields = fields_of(world, asker.grain)
        if node.by is not None and node.by.text not in fields:
            world.error("T101", f"there is no field `{node.by.text}`", node.by.span, did_you_mean(node.by.text, fields))
    name = node.name.text if node.name else ""
    if node.name is not None:
        _action_name(world, node, node.name)
    value_asker = asker
    if node.form == "replace" and name in world.registers:
        grain = asker.grain
        value_asker = Asker(
            asker.item, Grain("rows", (*grain.rows, name), (), grain.keys, grain.calendar), known=asker.known
        )
    value = (
        needed(world, value_asker, bind(world, value_asker, node.value, QUANTITY)) if node.value is not None else None
    )
    if value is not None and value.type.family is not Family.QUANTITY and value.type != UNKNOWN:
        world.error(
            "T201", f"records {said_type(value.type)} where a quantity belongs", value.span, "say how many units"
        )
    dated = bind_date(world, asker, node.dated) if node.dated is not None else None
    return Action(node.form, name, node.by.text if node.by else "", value, dated)


def _action_name(world: World, node: syntax.Action, name: syntax.Name) -> None:
    known: dict[str, tuple[str, Iterable[str]]] = {
        "record": ("kind", world.kinds),
        "split": ("allocation", [one.name for one in world.declared.values() if one.family == "allocation"]),
        "replace": ("register", world.registers),
    }
    if node.form not in known:
        return
    word, names = known[node.form]
    if name.text not in names:
        world.error(
            "T101", f"no {word} `{name.text}`", name.span, did_you_mean(name.text, names) or f"declare the {word}"
        )
