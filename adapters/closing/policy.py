"""What the rules say of approvals, as the core of acts asks for it."""

from __future__ import annotations

from dsl import syntax
from engine.governance.scene import Limit, Policy
from engine.model.ruleset import Ruleset


def policy_of(ruleset: Ruleset, version: str) -> Policy:
    """The policy of a ruleset; `version` is the hash over its texts and `client.yaml`."""
    limits = {
        role.name: Limit(role.overrides, role.limit, role.limit_currency, role.needs)
        for role in ruleset.roles.values()
        if role.overrides
    }
    lines = ruleset.close.lines if ruleset.close is not None else ()
    close_by = [
        name.text
        for line in lines
        if isinstance(line, syntax.HardNeeds) and line.form == "approval"
        for name in line.names
    ]
    reopen_by = [name.text for line in lines if isinstance(line, syntax.ReopeningNeeds) for name in line.roles]
    return Policy(version, limits, tuple(close_by), tuple(reopen_by), frozenset(ruleset.roles))
