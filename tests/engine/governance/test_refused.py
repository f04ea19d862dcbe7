"""What the judges refuse, act by act: what the small model has no acts for, and limits at their edge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.refusals import refusal
from engine.governance.state import Happened, State, after, digest_of
from tests.engine.governance.model import SCENE, USERS, WHERE, acts_of, beginning

EVERYTHING = ("preparer", "reviewer", "controller", "rule-author", "rule-approver")
TRIAL, REQUEST = acts.TrialRun(*WHERE, 12), acts.CloseRequested(*WHERE, 12, "m", "")
APPROVAL = acts.CloseApproved(*WHERE, 12, "m", "")


def world(roles: tuple[str, ...] = EVERYTHING) -> State:
    """Three people who each hold the roles."""
    return beginning(dict.fromkeys(USERS, roles)).state


def done(state: State, *doing: tuple[str, Act]) -> State:
    """After acts, each of which is allowed; the first is publication 11."""
    for seq, (by, act) in enumerate(doing, start=11):
        assert refusal(state, by, act, SCENE) == ""
        state = after(state, Happened(seq, "2026-02-01T00:00:00Z", by, act))
    return state


def test_who_settled_an_exception_does_not_approve_the_close() -> None:
    accepted = ("cy", acts.Accepted(*WHERE, "counted again"))
    state = done(world(), accepted, ("ann", TRIAL), ("ann", REQUEST))
    assert "settled an exception" in refusal(state, "cy", APPROVAL, SCENE)
    assert refusal(state, "ben", APPROVAL, SCENE) == ""


@pytest.mark.parametrize("late", [acts.Loaded("late.csv", "v1"), acts.Accepted(*WHERE, "late")])
def test_what_comes_after_the_request_needs_another_trial(late: Act) -> None:
    state = done(world(), ("ann", acts.Loaded("a.csv", "v1")), ("ann", TRIAL), ("ann", REQUEST), ("ann", late))
    assert "came after the close" in refusal(state, "ben", APPROVAL, SCENE)


def test_a_close_is_approved_as_it_was_asked_for() -> None:
    state = done(world(), ("ann", TRIAL), ("ann", TRIAL), ("ann", REQUEST))
    assert "as that trial shows it" in refusal(state, "ben", replace(APPROVAL, manifest="other"), SCENE)


def test_two_others_reopen() -> None:
    state = done(world(), ("ann", acts.Loaded("a.csv", "v1")), ("ann", TRIAL), ("ann", REQUEST), ("ben", APPROVAL))
    state = done(state, ("ben", acts.HardClosed(*WHERE, 15, "v1")), ("ann", acts.ReopenRequested(*WHERE, 15, "a file")))
    agree, reopen = acts.ReopenApproved(*WHERE, 15, ""), acts.Reopened(*WHERE, 15)
    assert "asked for it" in refusal(state, "ann", agree, SCENE)
    state = after(state, Happened(20, "", "ben", agree))
    assert "approved it already" in refusal(state, "ben", agree, SCENE)
    assert "lacks 1 of the approvals" in refusal(state, "ann", reopen, SCENE)
    assert refusal(state, "cy", agree, SCENE) == ""
    assert refusal(after(state, Happened(21, "", "cy", agree)), "ann", reopen, SCENE) == ""


def test_rules_are_decided_on_by_others_once_they_were_reviewed() -> None:
    state = done(world(), ("ann", acts.RulesDrafted("v2", "r", "shop 2", (), "rates")))
    approval = acts.RulesApproved("v2", "2026-02-01", "", "fine")
    assert "was not reviewed yet" in refusal(state, "ben", approval, SCENE)
    assert "nobody decides on what he wrote" in refusal(state, "ann", acts.RulesReviewed("v2", "mine"), SCENE)
    state = done(state, ("ben", acts.RulesReviewed("v2", "read")))
    assert "nobody decides on what he wrote" in refusal(state, "ann", approval, SCENE)
    assert refusal(state, "ben", approval, SCENE) == ""


def test_a_draft_needs_the_approvals_of_the_rules_it_follows() -> None:
    state = world()
    asked = replace(state.versions["v1"], needs=("signer",), approvals=(("other", "signer"),))
    state = done(
        replace(state, versions={"v1": asked}), ("ann", acts.RulesDrafted("v2", "r", "shop 2", (), "no signer"))
    )
    assert state.versions["v2"].needs == ("signer",)


def proposed(**other: str) -> acts.OverrideProposed:
    """The override of the small model, which is worth 40.00 USD, with other values."""
    [act] = acts_of(beginning(dict.fromkeys(USERS, EVERYTHING)), "propose")
    assert isinstance(act, acts.OverrideProposed)
    return replace(act, **other)  # type: ignore[arg-type]  # only texts are replaced


@pytest.mark.parametrize(
    ("stake", "currency", "said"),
    [
        ("1000", "USD", ""),
        ("1000.01", "USD", "no role of ben may override siso for a row worth 1000.01 USD"),
        ("1", "EUR", "no role of ben may override siso for a row worth 1 EUR"),
        ("", "", "no role of ben may override siso for a row worth no known value"),
    ],
)
def test_an_override_is_approved_up_to_the_limit_of_a_role_in_its_currency(
    stake: str, currency: str, said: str
) -> None:
    act = proposed(stake=stake, stake_currency=currency)
    state = done(world(), ("ann", act))
    assert refusal(state, "ben", acts.OverrideApproved("O-0", digest_of(act), "fine", "signer"), SCENE) == said


def test_an_approval_is_of_the_override_that_was_looked_at() -> None:
    state = done(world(), ("ann", proposed()))
    approval = acts.OverrideApproved("O-0", digest_of(proposed(value="8")), "fine", "signer")
    assert "is not what it was when it was looked at" in refusal(state, "ben", approval, SCENE)


def test_nobody_grants_himself_a_role_and_an_administrator_holds_no_other() -> None:
    state = world(("administrator",))
    assert "nobody grants himself" in refusal(state, "ann", acts.RoleGranted("ann", "auditor"), SCENE)
    assert "holds no other role" in refusal(state, "ann", acts.RoleGranted("ben", "controller"), SCENE)
    assert refusal(state, "ann", acts.RoleGranted("ben", "auditor"), SCENE) == ""
