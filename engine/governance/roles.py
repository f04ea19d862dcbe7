"""The roles of tieout and what each lets a person do.

These say who may do what at all. Roles of a ruleset, such as channel-controller, say up to how much, and whose
signature a close asks for; a person may hold roles of both sorts. Administrators say who the people are and do nothing
else, so nobody grants himself what he then uses.
"""

from __future__ import annotations

from enum import Enum

from engine.governance import acts


class AccessRole(Enum):
    """The roles of tieout."""

    PREPARER = "preparer"
    REVIEWER = "reviewer"
    CONTROLLER = "controller"
    RULE_AUTHOR = "rule-author"
    RULE_APPROVER = "rule-approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_WORK = (acts.ExceptionAssigned, acts.ExceptionCommented, acts.ExceptionResolved)
_DECISIONS = (acts.Accepted, acts.OverrideApproved, acts.OverrideRejected)

MAY: dict[AccessRole, frozenset[type[acts.Act]]] = {
    AccessRole.PREPARER: frozenset(
        (*_WORK, acts.Loaded, acts.TrialRun, acts.CloseRequested, acts.OverrideProposed, acts.OverrideWithdrawn)
    ),
    AccessRole.REVIEWER: frozenset((*_WORK, *_DECISIONS)),
    AccessRole.CONTROLLER: frozenset(
        (
            *_WORK, *_DECISIONS, acts.TrialRun, acts.CloseApproved, acts.CloseRejected, acts.HardClosed,
            acts.ReopenRequested, acts.ReopenApproved, acts.Reopened, acts.ReopenRejected,
        )
    ),
    AccessRole.RULE_AUTHOR: frozenset((acts.RulesDrafted,)),
    AccessRole.RULE_APPROVER: frozenset((acts.RulesReviewed, acts.RulesApproved, acts.RulesRejected)),
    AccessRole.AUDITOR: frozenset(),
    AccessRole.ADMINISTRATOR: frozenset(
        (
            acts.PersonAdded, acts.PersonLeft, acts.RoleGranted, acts.RoleRevoked, acts.IssuerTrusted,
            acts.IssuerDistrusted, acts.BackedUp, acts.Restored, acts.AnchoredAnew,
        )
    ),
}  # fmt: skip
"""What each role lets a person do; what none does, nobody may."""

READS_ONLY = AccessRole.AUDITOR
STANDS_ALONE = AccessRole.ADMINISTRATOR
"""The role that goes with no other but that of an auditor, who only reads."""

NAMES = frozenset(one.value for one in AccessRole)


def roles_for(act: type[acts.Act]) -> tuple[str, ...]:
    """The roles that let a person do an act, in the order of a close."""
    return tuple(role.value for role, may in MAY.items() if act in may)
