"""What a close asks of a period: the expected answers were worked out by hand before the code was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.run.conditions import (
    Acceptances,
    Approval,
    Conditions,
    HardCondition,
    Raised,
    Resolution,
    Standing,
    StepState,
    TrialLimit,
    Work,
    exception_id,
    weigh,
)
from tests.support.conditions import CLOSE, accepted, close_of, raised, row

SILENT = raised("every-report-in", row("BRAVO", "X"))
LARGE = raised("siso", row("ACME", "X"), "-12000.00", "exception")
MATERIAL = raised("siso", row("ACME", "Y"), "70000.00", "block-close")
UNREPORTED = raised("siso", row("BRAVO", "X"), None, "exception")
DRIFT = raised("no-lasting-drift", row("ACME", "X"))


def accepting(*exceptions: Raised) -> Acceptances:
    return {(one.name, one.row): accepted(one) for one in exceptions}


def weighed(*exceptions: Raised, acceptances: Acceptances | None = None, close: str = CLOSE) -> Conditions:
    return weigh(close_of(close), exceptions, acceptances or {})


def steps(found: Conditions) -> list[tuple[str, bool, int, tuple[str, ...]]]:
    return [(one.name, one.is_done, len(one.open), one.waits_for) for one in found.steps]


def held(found: Conditions) -> list[str]:
    return [one.raised.id for one in found.in_the_way]


def test_without_exceptions_every_step_is_done_and_a_hard_close_is_allowed() -> None:
    found = weighed()
    assert steps(found) == [("facts-in", True, 0, ()), ("stock-tied", True, 0, ()), ("ledger-tied", True, 0, ())]
    assert (found.allows_hard_close, found.allows_trial, found.unmet, held(found)) == (True, True, (), [])


def test_a_step_waits_for_those_before_it_however_far() -> None:
    found = weighed(SILENT)
    assert steps(found) == [
        ("facts-in", False, 1, ()),
        ("stock-tied", False, 0, ("facts-in",)),
        ("ledger-tied", False, 0, ("stock-tied",)),
    ]
    assert [(one.form, one.steps) for one in found.unmet] == [("every-step", ("facts-in", "stock-tied", "ledger-tied"))]
    assert held(found) == [SILENT.id]


def test_a_step_may_be_open_and_wait_at_once() -> None:
    assert steps(weighed(SILENT, LARGE))[1] == ("stock-tied", False, 1, ("facts-in",))


def test_an_open_step_in_the_middle_leaves_those_before_it_done() -> None:
    assert [one[:2] for one in steps(weighed(LARGE))] == [
        ("facts-in", True), ("stock-tied", False), ("ledger-tied", False),
    ]  # fmt: skip


def test_a_step_may_wait_for_several() -> None:
    close = """close fiscal
    step a by analyst needs c1
    step b by analyst needs c2
    step c by analyst, controller needs c3 after a, b
    hard close needs every step
"""
    found = weighed(raised("c2", row("ACME", "X")), close=close)
    assert steps(found) == [("a", True, 0, ()), ("b", False, 1, ()), ("c", False, 0, ("b",))]
    assert found.steps[2].by == ("analyst", "controller")


def test_what_no_step_needs_and_no_condition_names_is_in_nobodys_way() -> None:
    found = weighed(DRIFT)
    assert (found.allows_hard_close, [one.raised for one in found.open], held(found)) == (True, [DRIFT], [])


def test_an_outcome_that_may_not_be_open_blocks_beside_the_steps() -> None:
    found = weighed(MATERIAL, LARGE)
    assert [(one.form, one.outcome, len(one.open)) for one in found.unmet] == [
        ("every-step", "", 0),
        ("no-open", "block-close", 1),
    ]
    assert held(found) == [MATERIAL.id, LARGE.id]
    only = weighed(MATERIAL, close="close fiscal\n    hard close needs no open block-close\n")
    assert held(only) == [MATERIAL.id]
    assert weighed(LARGE, close="close fiscal\n    hard close needs no open block-close\n").allows_hard_close


def test_what_is_accepted_stands_in_nobodys_way() -> None:
    found = weighed(SILENT, MATERIAL, acceptances=accepting(SILENT, MATERIAL))
    assert (found.allows_hard_close, found.allows_trial, found.open) == (True, True, ())
    assert [one.acceptance.comment for one in found.standings if one.acceptance] == ["seen and agreed"] * 2


def test_what_changed_since_it_was_accepted_is_open_again() -> None:
    now = raised("siso", LARGE.row, "-13000.00", "exception", sentence="one more is missing")
    found = weighed(now, acceptances=accepting(LARGE))
    assert now.id == LARGE.id
    assert [(one.is_open, one.has_changed) for one in found.standings] == [(True, True)]
    assert not found.allows_hard_close
    assert [one.has_changed for one in weighed(LARGE, acceptances=accepting(LARGE)).standings] == [False]


def test_an_acceptance_of_something_else_accepts_nothing() -> None:
    other = replace(LARGE, row=row("ACME", "Z"))
    found = weighed(LARGE, acceptances=accepting(other, replace(LARGE, name="other")))
    assert (found.standings[0].acceptance, found.allows_hard_close) == (None, False)


@pytest.mark.parametrize(
    ("value", "is_met", "unresolved"),
    [("10000.00", True, "10000.00"), ("-10000.01", False, "10000.01"), ("0.00", True, "0.00")],
)
def test_a_trial_allows_up_to_its_limit_and_not_a_cent_more(value: str, is_met: bool, unresolved: str) -> None:
    (limit,) = weighed(raised("siso", row("ACME", "X"), value, "exception")).trial
    assert (limit.is_met, limit.unresolved, limit.limit, limit.currency) == (
        is_met, Decimal(unresolved), Decimal(10000), "USD",
    )  # fmt: skip


def test_differences_of_both_signs_add_up_and_what_is_accepted_or_not_valued_does_not_count() -> None:
    over, under = (
        raised("siso", row("A", "X"), "6000", "exception"),
        raised("siso", row("B", "X"), "-6000", "exception"),
    )
    (limit,) = weighed(over, under, UNREPORTED).trial
    assert (limit.unresolved, limit.unvalued, limit.is_met) == (Decimal(12000), 1, False)
    (limit,) = weighed(over, under, UNREPORTED, acceptances=accepting(under, UNREPORTED)).trial
    assert (limit.unresolved, limit.unvalued, limit.is_met) == (Decimal(6000), 0, True)


def test_approvals_are_named_and_never_keep_a_close_from_being_made() -> None:
    found = weighed()
    assert [(one.what, one.role) for one in found.approvals] == [
        ("hard close", "corporate-controller"),
        ("reopening", "corporate-controller"),
        ("reopening", "technical-accounting"),
    ]
    assert found.allows_hard_close


def test_each_condition_stands_where_the_rules_say_it() -> None:
    found = weighed(MATERIAL)
    lines = CLOSE.splitlines()
    stated: tuple[StepState | TrialLimit | HardCondition | Approval, ...]
    stated = (*found.steps, *found.trial, *found.hard, *found.approvals)
    assert [one.span.text.strip() for one in stated] == [lines[one.span.location.line - 1].strip() for one in stated]


def test_without_a_close_nothing_is_asked() -> None:
    found = weigh(None, [MATERIAL], {})
    assert (found.allows_hard_close, found.allows_trial, found.steps, found.approvals) == (True, True, (), ())
    assert found.standings == (Standing(MATERIAL, None),)


def test_an_exception_is_called_by_its_name_and_key_and_by_nothing_else() -> None:
    assert LARGE.id == exception_id("siso", LARGE.row) == replace(LARGE, digest="0" * 64, severity="low").id
    others = [replace(LARGE, name="other"), replace(LARGE, row=row("ACME", "XY")), replace(LARGE, row=LARGE.row[:3])]
    assert len({LARGE.id, *(one.id for one in others)}) == 4
    assert LARGE.where == "US01, ACME, X"


def resolved(one: Raised, way: str = "override", digest: str | None = None) -> Work:
    """That an exception was resolved, as it is or as a digest says it was."""
    seen = one.digest if digest is None else digest
    return Work(resolution=Resolution(seen, way, "O-1", "", "anna", "2026-02-04T08:00:00.000000Z"))


def test_where_an_exception_stands_follows_from_what_was_done_last_about_what_it_is_now() -> None:
    was = replace(LARGE, digest="0" * 64)
    assert [
        Standing(LARGE, None).state,
        Standing(LARGE, None, Work(assigned_to="anna")).state,
        Standing(LARGE, accepted(LARGE), Work(assigned_to="anna")).state,
        Standing(LARGE, accepted(was), Work(assigned_to="anna")).state,
        Standing(LARGE, None, resolved(LARGE)).state,
        Standing(LARGE, None, resolved(was)).state,
        Standing(LARGE, accepted(was), resolved(LARGE, "file")).state,
        Standing(LARGE, accepted(LARGE), resolved(was)).state,
        # What a corrected file did away with was resolved as nothing, so whatever is raised again is open again.
        Standing(LARGE, None, resolved(LARGE, "file", ""), False).state,
        Standing(LARGE, None, resolved(LARGE, "file", "")).state,
        Standing(LARGE, None, Work(assigned_to="anna"), False).state,
    ] == [
        "open", "assigned", "accepted", "open again", "resolved by override", "open again", "resolved by file",
        "accepted", "resolved by file", "open again", "raised no more",
    ]  # fmt: skip
    waiting = ("open", "assigned", "open again")
    for acceptance in (None, accepted(LARGE), accepted(was)):
        for work in (Work(), Work(assigned_to="anna"), resolved(LARGE), resolved(was), resolved(LARGE, "file", "")):
            for is_raised in (True, False):
                one = Standing(LARGE, acceptance, work, is_raised)
                assert one.is_open == (one.state in waiting)


def test_what_is_resolved_is_out_of_the_way_of_a_hard_close_like_what_is_accepted() -> None:
    found = weigh(close_of(), (LARGE, MATERIAL), {}, {MATERIAL.id: resolved(MATERIAL)})
    assert held(found) == [LARGE.id]
    assert weigh(close_of(), (LARGE, MATERIAL), {}, {MATERIAL.id: resolved(LARGE)}).trial[0].unresolved == Decimal(
        "82000.00"
    )


def test_rows_in_quarantine_and_units_beyond_stock_stop_a_hard_close_where_the_rules_say_so() -> None:
    waiting = replace(SILENT, of="quarantine", name="rows in quarantine", outcomes=("quarantine",))
    beyond = replace(SILENT, of="oversell", name="units beyond stock", outcomes=("oversell",))
    assert held(weighed(waiting, beyond)) == []
    close = "close fiscal\n    hard close needs no open quarantine\n"
    found = weigh(close_of(close), (waiting, beyond), {}, {})
    assert (held(found), found.allows_hard_close) == ([waiting.id], False)
