"""How the conditions of a close stand, as blocks of its page and as values: steps, trial limit, hard close, how many
exceptions stand where and for how long, what was accepted or resolved and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.report.blocks import Block, Check, Checks, Column, Sentences, Table
from adapters.wording import counted, figure, plain
from dsl.span import Span
from engine.ledger.money import minor_digits
from engine.run.conditions import STATES, Approval, Conditions, HardCondition, Standing, StepState, TrialLimit
from engine.run.said import place, text

SHOWN = 3
"""How many open exceptions a condition tells one by one."""

AGES = ((30, "to 30 days"), (90, "31 to 90 days"), (None, "over 90 days"))
"""How old exceptions are counted: the last day of each class, and what it is called."""


def condition_blocks(
    conditions: Conditions, period: str, is_final: bool, is_governed: bool = False
) -> tuple[Block, ...]:
    """The blocks of a close's page that say how the conditions stand.

    `is_final` once the period is hard-closed; `is_governed` where the books name people, who then approve in them.
    """
    checks = [
        *(_step(one) for one in conditions.steps),
        *(_trial(one) for one in conditions.trial),
        *(_hard(one) for one in conditions.hard),
    ]
    blocks: list[Block] = []
    if conditions.standings:
        blocks.append(_counts(conditions.standings))
    if checks:
        blocks.append(Checks("Conditions of the close", tuple(checks)))
    if conditions.open and not is_final:
        blocks.append(Sentences("Next", _next(conditions, period)))
    blocks += decided_tables(one for one in conditions.standings if not one.is_open)
    if any(one.what == "hard close" for one in conditions.approvals):
        blocks.append(Sentences("To sign", _to_sign(conditions, is_governed)))
    return tuple(blocks)


def signing_roles(conditions: Conditions) -> tuple[str, ...]:
    """Who signs the page: who prepared it, and each role whose approval a hard close needs."""
    roles = [f"Approved by {one.role}" for one in conditions.approvals if one.what == "hard close"]
    return ("Prepared by", *(roles or ["Approved by"]))


def conditions_json(conditions: Conditions) -> dict[str, Any]:
    """The same as values, nothing left out."""
    return {
        "steps": [_step_json(one) for one in conditions.steps],
        "trial-close": [_trial_json(one) for one in conditions.trial],
        "hard-close": [
            {
                "needs": text(one.span),
                "met": one.is_met,
                "steps": list(one.steps),
                "open": _ids(one.open),
                "rule": rule_place(one.span),
            }
            for one in conditions.hard
        ],
        "approvals": [
            {"of": one.what, "role": one.role, "checked": False, "rule": rule_place(one.span)}
            for one in conditions.approvals
        ],
        "exceptions": [standing_json(one) for one in conditions.standings],
        "exception-counts": [
            {"state": state, "count": sum(ages), **dict(zip((name for _, name in AGES), ages, strict=True))}
            for state, ages in _by_age(conditions.standings)
        ],
    }


def _by_age(standings: Iterable[Standing]) -> list[tuple[str, list[int]]]:
    """How many exceptions stand where, by classes of age."""
    found: dict[str, list[int]] = {state: [0] * len(AGES) for state in STATES}
    for one in standings:
        at = next(at for at, (last, _) in enumerate(AGES) if last is None or one.work.age <= last)
        found[one.state][at] += 1
    return [(state, ages) for state, ages in found.items() if any(ages)]


def _counts(standings: tuple[Standing, ...]) -> Table:
    columns = (Column("state"), *(Column(name, True) for _, name in AGES), Column("all", True))
    rows = tuple((state, *(f"{one:,}" for one in (*ages, sum(ages)))) for state, ages in _by_age(standings))
    return Table("Exceptions by age", columns, rows)


def _step_json(step: StepState) -> dict[str, Any]:
    return {
        "name": step.name,
        "by": list(step.by),
        "needs": list(step.needs),
        "done": step.is_done,
        "open": _ids(step.open),
        "waits-for": list(step.waits_for),
        "rule": rule_place(step.span),
    }


def _trial_json(limit: TrialLimit) -> dict[str, Any]:
    return {
        "reconciliation": limit.reconciliation,
        "met": limit.is_met,
        "unresolved": plain(limit.unresolved),
        "limit": plain(limit.limit),
        "currency": limit.currency,
        "without-value": limit.unvalued,
        "rule": rule_place(limit.span),
    }


def _ids(standings: Iterable[Standing]) -> list[str]:
    return [one.raised.id for one in standings]


def standing_json(standing: Standing) -> dict[str, Any]:
    """An exception and where it stands, as values."""
    raised, acceptance, work = standing.raised, standing.acceptance, standing.work
    return {
        "id": raised.id,
        "of": raised.of,
        raised.of: raised.name,
        "row": dict(raised.row),
        "code": raised.code,
        "severity": raised.severity,
        "outcomes": list(raised.outcomes),
        "owner": raised.owner,
        "value": plain(raised.value),
        "sentence": raised.sentence,
        "digest": raised.digest,
        "rule": raised.place,
        "state": standing.state,
        "since": plain(work.since),
        "age": work.age,
        "assigned": work.assigned_to,
        "comments": [dict(zip(("by", "at", "comment"), one, strict=True)) for one in work.comments],
        "accepted": None if acceptance is None else plain(acceptance),
        "resolved": None if work.resolution is None else plain(work.resolution),
    }


def refusal(conditions: Conditions, period: str) -> tuple[str, str]:
    """Why a hard close is refused, condition by condition, and what can be done next."""
    lines = [f"{period} is not hard-closed: {_unmet(conditions)} not met"]
    for one in conditions.unmet:
        check = _hard(one)
        lines.append(f"  ✗ {check.sentence}")
        lines += [f"      {detail}" for detail in check.details]
        for step in conditions.steps:
            if step.name in one.steps and step.open:
                lines.append(f"    ✗ {_step(step).sentence}")
                lines += [f"        {detail}" for detail in _step(step).details]
    return "\n".join(lines), " ".join(_what_to_do(conditions, period))


def _unmet(conditions: Conditions) -> str:
    verb = "is" if len(conditions.unmet) == 1 else "are"
    return f"{counted(len(conditions.unmet), 'condition')} {verb}"


def _step(step: StepState) -> Check:
    by = f", by {', '.join(step.by)}" if step.by else ""
    sentence = f"step {step.name}{by}"
    if step.is_done:
        return Check(True, sentence if step.needs else f"{sentence}: needs nothing that tieout checks")
    parts = [f"{_open(step.open)} of {_names(step.open)}"] if step.open else []
    parts += [f"waits for {', '.join(step.waits_for)}"] if step.waits_for else []
    return Check(False, f"{sentence}: {'; '.join(parts)}", (*_told(step.open), rule_place(step.span)))


def _trial(limit: TrialLimit) -> Check:
    places = minor_digits(limit.currency)
    unresolved = figure(limit.unresolved, places) if limit.unresolved else "nothing"
    most = f"{figure(limit.limit, places)} {limit.currency}"
    sentence = f"trial close allows unresolved {limit.reconciliation} up to {most}: {unresolved} is open"
    if limit.unvalued:
        sentence += f", beside {counted(limit.unvalued, 'row')} without a report"
    return Check(limit.is_met, sentence, () if limit.is_met else (rule_place(limit.span),))


def _hard(condition: HardCondition) -> Check:
    sentence = text(condition.span)
    if condition.is_met:
        return Check(True, sentence)
    if condition.form == "every-step":
        not_done = "is not done" if len(condition.steps) == 1 else "are not done"
        sentence += f": {', '.join(condition.steps)} {not_done}"
    else:
        sentence += f": {_open(condition.open)} of {_names(condition.open)}"
    return Check(False, sentence, (*_told(condition.open), rule_place(condition.span)))


def _open(standings: tuple[Standing, ...]) -> str:
    return counted(len(standings), "open exception")


def _names(standings: tuple[Standing, ...]) -> str:
    return ", ".join(dict.fromkeys(one.raised.name for one in standings))


def _told(standings: tuple[Standing, ...]) -> tuple[str, ...]:
    """The first few exceptions in words, and how many more there are."""
    lines = [
        f"{one.raised.id}  {one.raised.where}: {one.raised.sentence}"
        + (f", changed since {one.decided}" if one.has_changed else "")
        for one in standings[:SHOWN]
    ]
    more = len(standings) - SHOWN
    return (*lines, *([f"and {more:,} more"] if more > 0 else []))


def _next(conditions: Conditions, period: str) -> tuple[str, ...]:
    held = conditions.in_the_way
    way = f"{len(held):,} in the way of the hard close" if held else "none in the way of a hard close"
    lines = (f"{counted(len(conditions.open), 'open exception')}, {way}:", f"`tieout exceptions list {period} --open`")
    return (*lines, *_what_to_do(conditions, period)) if held else lines


def _what_to_do(conditions: Conditions, period: str) -> tuple[str, ...]:
    first = conditions.in_the_way[0].raised.id
    return (
        "correct the files and load them, or accept with a reason:",
        f'`tieout exceptions accept {period} {first} --comment "..."`',
    )


def decided_tables(standings: Iterable[Standing]) -> list[Block]:
    """Who accepted and who resolved which exceptions, when and why; no table of what nobody did."""
    accepted, resolved = [], []
    for one in standings:
        what = f"{one.raised.name} {one.raised.where}: {one.raised.sentence}"
        last, by = one.acceptance, one.work.resolution
        if one.is_resolved and by is not None:
            resolved.append((one.raised.id, what, f"{by.way} {by.reference}", by.by, by.at[:10], by.comment))
        elif last is not None:
            accepted.append((one.raised.id, what, last.by, last.at[:10], last.comment))
    asked = (Column("by"), Column("on"), Column("comment"))
    tables: list[Block] = []
    if accepted:
        columns = (Column("accepted", is_whole=True), Column("what"), *asked)
        tables.append(Table("Accepted exceptions", columns, tuple(accepted)))
    if resolved:
        settled = (Column("resolved", is_whole=True), Column("what"), Column("with"), *asked)
        tables.append(Table("Resolved exceptions", settled, tuple(resolved)))
    return tables


def _to_sign(conditions: Conditions, is_governed: bool) -> tuple[str, ...]:
    how = "given in these books" if is_governed else "signed below by hand, tieout does not check it"
    return tuple(f"{text(one.span)}: {how} ({rule_place(one.span)})" for one in _each_line(conditions.approvals))


def _each_line(approvals: Iterable[Approval]) -> Iterable[Approval]:
    """One approval for each line of the rules about a hard close."""
    return {one.span: one for one in approvals if one.what == "hard close"}.values()


def rule_place(span: Span) -> str:
    """Where a rule stands, as file:line."""
    return str(place(span))
