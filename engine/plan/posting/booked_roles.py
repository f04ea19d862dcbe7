"""Which role a line books under: the text's, but where a settlement or leftover cents go elsewhere."""

from __future__ import annotations

from engine.model.expression import Literal
from engine.model.ruleset import Account, Journal, PostingLine
from engine.plan.posting.true_up import posted_lines
from engine.plan.values.frames import layers_of
from engine.plan.world import World


def booked_role(world: World, line: PostingLine, role: str, mark: str) -> str:
    """The role a line of a slice journal books under when its slice is marked `settling` or `leftover` ('' when
    neither).

    A settlement restates balances and sends differences of income elsewhere. Leftover cents leave only the account that
    holds the layer's value: one that is not monetary, on the side that empties it.
    """
    layers, account = layers_of(world), world.ruleset.accounts.get(role)
    if mark == "leftover":
        return role if account is not None and _empties(account, line.side) else layers.leftover_to
    earned = account is None or account.type in RESULTS
    return layers.settles_to if mark == "settling" and earned and layers.settles_to else role


RESULTS = ("revenue", "expense")


def _empties(account: Account, side: str) -> bool:
    return account.type not in RESULTS and not account.monetary and account.normal != side


def takes_leftovers(world: World, journal: Journal) -> bool:
    """Whether some line of a slice journal can empty the account that holds a layer's value."""
    roles = list(world.ruleset.accounts)
    for line in posted_lines(world.ruleset, journal):
        named_roles = [str(line.role.value)] if isinstance(line.role, Literal) else roles
        if any(booked_role(world, line, role, "leftover") == role for role in named_roles):
            return True
    return False
