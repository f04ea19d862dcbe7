"""Single refusals: what the small model cannot show, and what was once let through."""

from __future__ import annotations

from engine.governance import acts
from engine.governance.refusals import refusal
from engine.governance.scene import Scene
from engine.governance.state import Happened, after
from tests.engine.governance.model import ROLES, SCENE, USERS, WHERE, Step, beginning, tried


def test_a_request_is_not_turned_down_once_the_period_is_closed() -> None:
    node = beginning(dict.fromkeys(USERS, ROLES))
    for step in (Step("ann", "trial"), Step("ann", "request")):
        found = tried(node, step)
        assert found is not None
        node = found
    asked = node.state.closing(*WHERE).asked_run
    turning_down = acts.CloseRejected(*WHERE, asked, "no")
    assert refusal(node.state, "ben", turning_down, SCENE) == ""
    closed = tried(node, Step("ben", "approve close"))
    assert closed is not None
    assert refusal(closed.state, "ben", turning_down, SCENE) == "FY2026-P01 is hard-closed already"


def test_nothing_is_approved_of_a_period_that_was_never_tried() -> None:
    node = beginning(dict.fromkeys(USERS, ROLES))
    proposed = tried(node, Step("ann", "propose"))
    assert proposed is not None
    (override,) = proposed.state.overrides.values()
    approved = acts.OverrideApproved("O-0", override.digest, "fine", "signer")
    assert refusal(proposed.state, "ben", approved, SCENE) == ""
    never = refusal(proposed.state, "ben", approved, Scene(SCENE.policy, {}))
    assert never.startswith("FY2026-P01 was not closed yet")


def test_a_draft_does_not_do_away_with_the_approval_it_needs() -> None:
    state = beginning(dict.fromkeys(USERS, ROLES)).state
    drafts = (("a", ("chief",)), ("b", ()))
    for seq, (version, needs) in enumerate(drafts, start=20):
        drafted = acts.RulesDrafted(version, "r", "shop", needs, "")
        state = after(state, Happened(seq, "", "lea", drafted))
        if version == "a":
            approved = acts.RulesApproved(version, "2026-02-01", "chief", "")
            state = after(state, Happened(seq, "", "omar", approved))
    assert state.versions["b"].needs == ("chief",)
    assert state.versions["b"].missing == ("chief",)


def test_an_administrator_holds_no_role_that_posts() -> None:
    state = beginning({user: ("administrator",) if user == "ann" else ("preparer",) for user in USERS}).state
    for act in (
        acts.RoleGranted("ann", "reviewer"),
        acts.RoleGranted("ben", "administrator"),
        acts.RoleRevoked("ann", "administrator"),
    ):
        assert refusal(state, "ann", act, SCENE)
    assert refusal(state, "ann", acts.RoleGranted("ben", "auditor"), SCENE) == ""
    assert refusal(state, "ann", acts.TrialRun(*WHERE, 20), SCENE)
