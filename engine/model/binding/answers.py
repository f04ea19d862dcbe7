"""What values answer: amounts, allocations, decisions and the exceptions to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dsl import syntax
from engine.model.binding.algebra import agree, fitted, is_zero, said_type
from engine.model.binding.asker import NOTHING, Asker, Facts
from engine.model.binding.conditions import bind_tests, facts_of
from engine.model.binding.expressions import BINDING, bind, bind_answer, needed, refs_of
from engine.model.binding.grains import fields_of, grain_of, part_grain
from engine.model.binding.names import find
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import UNKNOWN, one_of
from engine.model.binding.world import World
from engine.model.datatypes import DataType, Family
from engine.model.expression import AtExtreme, Expression, Grain, Literal, TestsOf
from engine.model.ruleset import Allocation, Amount, Cap, Decision, ExceptionRule, Gift, Local, Meta, Shares

CANNOT_BE_NOTHING = (Family.PRICE, Family.DATE, Family.TEXT, Family.PERIOD, Family.ENUMERATION, Family.REGISTER)


def bind_meta(world: World, item: syntax.Item, node: syntax.Meta | None) -> Meta:
    """What an item says of itself; where it states no dates, its text's head does. Reports unknown citations."""
    head = world.head_of(item)
    effective_from = head.effective_from if head else None
    if node is None:
        return Meta(effective_from=effective_from)
    for cited in node.cites:
        if cited.text not in world.citations:
            help_text = did_you_mean(cited.text, world.citations) or "declare it with `citation`"
            world.error("T101", f"no citation `{cited.text}`", cited.span, help_text)
    return Meta(
        node.version,
        node.effective_from or effective_from,
        node.effective_through,
        node.why.text if node.why else "",
        tuple(cited.text for cited in node.cites),
        node.effective_from is not None,
    )


def bind_locals(world: World, asker: Asker, nodes: Iterable[syntax.LocalAmount]) -> tuple[tuple[Local, ...], Asker]:
    """Local amounts in order; each sees those before it. Gives the asker that sees them all."""
    found: list[Local] = []
    for node in nodes:
        name = node.name.text
        if name in asker.locals:
            world.error("T103", f"the local amount `{name}` is there twice", node.name.span, "rename one of them")
        expected = world.terms.get(name)
        value = bind_answer(world, asker, node.answer, expected)
        value = as_declared(world, value, expected, name)
        found.append(Local(name, node.name.span, value))
        types = {**asker.locals, name: (value.type, asker.may_be_missing(value))}
        asker = replace(asker, locals=types)
    return tuple(found), asker


def as_declared(world: World, value: Expression, declared: DataType | None, name: str) -> Expression:
    """A value under a name that is a term: it must be of the term's type."""
    if declared is None or UNKNOWN in (declared, value.type):
        return value
    value = fitted(value, declared)
    if value.type.family is not declared.family:
        world.error(
            "T201",
            f"`{name}` is {said_type(declared)} in `terms`, and this is {said_type(value.type)}",
            value.span,
            "rename it, or compute what the term says",
        )
    return value


# ---- amounts ---------------------------------------------------------------------------------------------------------


def bind_amount(
    world: World, node: syntax.Amount, grain: Grain, meta: Meta, later: Sequence[tuple[syntax.Amount, Meta]] = ()
) -> Amount:
    """An amount: its test, its usual answer with caps, its later versions, its exceptions."""
    name = node.name.text
    asker = Asker(f"amount {name}", grain, balances=True)
    when = bind_tests(world, BINDING, asker, node.body.when) if node.body.when else None
    inner = asker.knowing(facts_of(world, when)) if when else asker
    assert node.body.answer is not None
    declared = world.terms.get(name)
    value = as_declared(world, bind_answer(world, inner, node.body.answer, declared), declared, name)
    if isinstance(value, AtExtreme):
        world.missing_without[name] = frozenset(value.source.grain.rows)
    caps = bind_caps(world, inner, node.body.caps, value.type)
    versions = tuple(_later_amount(world, asker, each, its, value.type) for each, its in later)
    exceptions = _beside(versions, name, bind_exceptions(world, inner, name, value.type))
    type_ = value.type
    if is_zero(value) and declared is None:
        type_ = next((rule.value.type for rule in exceptions if rule.value and not is_zero(rule.value)), type_)
        value = fitted(value, type_)
    _agree_with_exceptions(world, value, exceptions)
    if when is not None and type_.family in CANNOT_BE_NOTHING and type_ != UNKNOWN:
        world.error(
            "T207",
            f"`{name}` is {said_type(type_)}, which cannot be 0 where `when` is not met",
            when.tests[0].span,
            "leave `when` out and say `but E when T`, or write an exception",
        )
    return Amount(name, node.name.span, meta, grain, type_, when, value, caps, exceptions)


def _later_amount(world: World, asker: Asker, node: syntax.Amount, meta: Meta, type_: DataType) -> ExceptionRule:
    name = node.name.text
    when = bind_tests(world, BINDING, asker, node.body.when) if node.body.when else None
    inner = asker.knowing(facts_of(world, when)) if when else asker
    assert node.body.answer is not None
    declared = world.terms.get(name)
    value = as_declared(world, bind_answer(world, inner, node.body.answer, declared or type_), declared, name)
    caps = bind_caps(world, inner, node.body.caps, value.type)
    return _version(node, meta, when, fitted(value, type_), caps)


def _version(
    node: syntax.Item, meta: Meta, when: TestsOf | None, value: Expression, caps: tuple[Cap, ...]
) -> ExceptionRule:
    """A later version as a rule that stands in for the usual answer; no text can name it, for a name is one word."""
    name = node.name.text
    return ExceptionRule(
        f"{name} from {meta.effective_from}", node.name.span, meta, (name,), when, value, caps, None, True
    )


def _beside(
    versions: tuple[ExceptionRule, ...], name: str, exceptions: tuple[ExceptionRule, ...]
) -> tuple[ExceptionRule, ...]:
    """Versions and exceptions of one item: what excepts the item excepts each of its versions."""
    names = [version.name for version in versions]
    ordered = [replace(version, to=(name, *names[:at])) for at, version in enumerate(versions)]
    return (*ordered, *(replace(one, to=(*one.to, *names)) if name in one.to else one for one in exceptions))


def _agree_with_exceptions(world: World, value: Expression, exceptions: tuple[ExceptionRule, ...]) -> None:
    for rule in exceptions:
        if rule.value is not None:
            agree(world, value, rule.value, rule.value.span, "choose")


def bind_caps(world: World, asker: Asker, nodes: Iterable[syntax.Cap], type_: DataType) -> tuple[Cap, ...]:
    """Caps in order: of this row's own value, or a running limit read in the grain of its own scope."""
    found: list[Cap] = []
    for node in nodes:
        grain = None
        inner = asker
        if node.scope is not None:
            grain = grain_of(world, node.scope, asker.grain.calendar)
            inner = replace(asker.at(grain), balances=asker.balances)
            if _varies(world, asker, inner, node):
                continue
        limit = needed(world, inner, bind(world, inner, node.limit, type_))
        limit = fitted(limit, type_)
        agree(world, Literal(type_, node.span, False, "") if type_ != UNKNOWN else limit, limit, limit.span, "compare")
        found.append(Cap(node.span, node.form, limit, grain))
    return tuple(found)


def _varies(world: World, asker: Asker, inner: Asker, node: syntax.Cap) -> bool:
    """Whether a running limit reads what only the single rows have (T315)."""
    for ref in refs_of(node.limit):
        if find(world, inner, ref) is None and find(world, asker, ref) is not None:
            scope = ", ".join(name.text for name in node.scope.names) if node.scope else ""
            world.error(
                "T315",
                f"the limit varies inside {scope}: `{ref.text}` differs from row to row",
                ref.span,
                "read an amount of the limit's own scope",
            )
            return True
    return False


# ---- exceptions ------------------------------------------------------------------------------------------------------


def bind_exceptions(
    world: World, asker: Asker, parent: str, type_: DataType | None, whole: Grain | None = None
) -> tuple[ExceptionRule, ...]:
    """The exceptions to an item, bound in its grain, in order of the text."""
    return tuple(_exception(world, asker, parent, node, type_, whole) for node in world.exceptions_of.get(parent, ()))


def _exception(
    world: World, asker: Asker, parent: str, node: syntax.Exception_, type_: DataType | None, whole: Grain | None
) -> ExceptionRule:
    name = node.name.text
    body = node.body
    asker = replace(asker, item=f"exception {name}")
    when = bind_tests(world, BINDING, asker, body.when) if body.when else None
    inner = asker.knowing(facts_of(world, when)) if when else asker
    to = tuple(target.text for target in node.to if target.text == parent or _root_is(world, target.text, parent))
    meta = bind_meta(world, node, body.meta)
    if body.spread is not None:
        if whole is None:
            world.error("T201", f"`{parent}` shares nothing out", body.spread.span, "answer with `becomes`")
            return ExceptionRule(name, node.name.span, meta, to, when, None, (), None)
        shares = bind_shares(world, inner, body, whole)
        return ExceptionRule(name, node.name.span, meta, to, when, None, (), shares)
    assert body.answer is not None
    value = bind_answer(world, inner, body.answer, type_)
    if type_ is not None:
        value = fitted(value, type_)
    needed(world, inner, value)
    caps = bind_caps(world, inner, body.caps, type_ or value.type)
    return ExceptionRule(name, node.name.span, meta, to, when, value, caps, None)


def _root_is(world: World, exception: str, parent: str) -> bool:
    return any(rule.name.text == exception for rule in world.exceptions_of.get(parent, ()))


# ---- decisions -------------------------------------------------------------------------------------------------------


def decision_type(node: syntax.Decision) -> DataType:
    """The enumeration a decision's outcomes make."""
    return one_of(node.name.text, (outcome.text for outcome in node.outcomes))


def bind_decision(
    world: World, node: syntax.Decision, grain: Grain, meta: Meta, later: Sequence[tuple[syntax.Decision, Meta]] = ()
) -> Decision:
    """A decision: its date, its usual outcome, its later versions, its exceptions; notes what each outcome says about
    missing values."""
    name, type_ = node.name.text, decision_type(node)
    governing = node.as_of.text if isinstance(node.as_of, syntax.Ref) else ""
    asker = Asker(f"decision {name}", grain, governing=governing)
    moment = None if governing else bind(world, asker, node.as_of)
    if governing and governing not in fields_of(world, grain) and world.terms.get(governing) is None:
        world.error("T101", f"no date `{governing}`", node.as_of.span, did_you_mean(governing, world.terms))
    usual = needed(world, asker, bind(world, asker, node.usual, type_))
    _is_outcome(world, usual, type_)
    answers = [(each, its, needed(world, asker, bind(world, asker, each.usual, type_))) for each, its in later]
    versions = tuple(_version(each, its, None, value, ()) for each, its, value in answers)
    exceptions = _beside(versions, name, bind_exceptions(world, asker, name, type_))
    for rule in exceptions:
        if rule.value is not None:
            _is_outcome(world, rule.value, type_)
    _note_guards(world, name, usual, exceptions, type_)
    return Decision(name, node.name.span, meta, grain, type_, governing, moment, usual, exceptions)


def _is_outcome(world: World, value: Expression, type_: DataType) -> None:
    if value.type == UNKNOWN:
        return
    stray = [one for one in value.type.values if one not in type_.values]
    if value.type.family is not Family.ENUMERATION:
        world.error(
            "T201",
            f"{said_type(value.type)} is no outcome of {type_.domain}",
            value.span,
            f"answer one of {', '.join(type_.values)}",
        )
    elif stray:
        world.error(
            "T208",
            f"`{stray[0]}` is no outcome of {type_.domain}",
            value.span,
            f"add `{stray[0]}` to the decision's outcomes",
        )


def _note_guards(
    world: World, name: str, usual: Expression, exceptions: tuple[ExceptionRule, ...], type_: DataType
) -> None:
    """An outcome that only exceptions give tells what all of them require to be there."""
    for outcome in type_.values:
        if not isinstance(usual, Literal) or usual.value == outcome:
            continue
        giving = [rule for rule in exceptions if isinstance(rule.value, Literal) and rule.value.value == outcome]
        if not giving or any(not isinstance(rule.value, Literal) for rule in exceptions):
            continue
        known = [(facts_of(world, rule.when) if rule.when else NOTHING).known for rule in giving]
        world.outcome_guards[(name, outcome)] = frozenset.intersection(*known)


# ---- allocations -----------------------------------------------------------------------------------------------------


def bind_allocation(world: World, node: syntax.Allocation, grain: Grain, meta: Meta) -> Allocation:
    """A whole shared over parts; its grain is that of the whole, `shares.part_grain` that of its values."""
    name = node.name.text
    asker = Asker(f"allocation {name}", grain)
    asker = asker.knowing(_facts_of_split(world, asker, name))
    shares = bind_shares(world, asker, node.body, grain)
    type_ = shares.value.type if shares.value is not None else UNKNOWN
    exceptions = bind_exceptions(world, asker, name, type_, grain)
    return Allocation(name, node.name.span, meta, grain, type_, shares, exceptions)


def _facts_of_split(world: World, asker: Asker, name: str) -> Facts:
    """What is known of the facts an allocation splits: what every adjustment that splits by it tests first."""
    found: Facts | None = None
    for node in world.of_type(syntax.Adjustment):
        action = node.action
        if action.form == "split" and action.name is not None and action.name.text == name:
            tests = bind_tests(world, BINDING, asker, node.when) if isinstance(node.when, syntax.Tests) else None
            facts = facts_of(world, tests) if tests else NOTHING
            found = facts if found is None else found.either(facts)
    return found or NOTHING


def bind_shares(world: World, asker: Asker, body: syntax.Body, whole: Grain) -> Shares:
    """Gifts, the rest and its weights; the whole is read in its own grain, all else in that of the parts."""
    spread = body.spread
    assert spread is not None
    parts = part_grain(world, whole, spread.over.text)
    inner = replace(asker, grain=parts)
    gifts = tuple(_gift(world, inner, gift, spread) for gift in body.gifts)
    value = needed(world, asker, bind(world, asker, spread.value)) if spread.value is not None else None
    when = bind_tests(world, BINDING, inner, spread.when) if spread.when else None
    weigher = inner.knowing(facts_of(world, when)) if when else inner
    weight = needed(world, weigher, bind(world, weigher, spread.weight))
    if not weight.type.is_numeric and weight.type != UNKNOWN:
        world.error("T201", f"cannot share in proportion to {said_type(weight.type)}", weight.span, "name a number")
    apart = [key.name for key in parts.keys if whole.key(key.name) is None]
    if apart != [spread.ties.text]:
        message = f"`{spread.ties.text}` does not tell the parts apart"
        world.error("T314", message, spread.ties.span, f"name what does: {', '.join(apart)}")
    return Shares(spread.over.text, parts, gifts, value, weight, when, spread.leftover, spread.ties.text)


def _gift(world: World, asker: Asker, node: syntax.Gift, spread: syntax.Spread) -> Gift:
    if node.to.text != spread.over.text:
        world.error(
            "T101",
            f"gives to `{node.to.text}`, and spreads over `{spread.over.text}`",
            node.to.span,
            f"write `{spread.over.text}`",
        )
    when = bind_tests(world, BINDING, asker, node.when)
    giver = asker.knowing(facts_of(world, when))
    return Gift(needed(world, giver, bind(world, giver, node.value)), when)
