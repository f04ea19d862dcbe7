"""Nobody both makes and approves: every sequence of acts of a small world, and many random ones of a larger one."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

from engine.governance.state import Grant
from tests.engine.governance.model import KINDS, ROLES, USERS, Node, Step, beginning, is_own_work, steps, tried
from tests.support.promises import SCALE, reached, trials

DEPTH = {"release": 6, "nightly": 5}.get(SCALE, 3)
ALL: dict[str, tuple[str, ...]] = dict.fromkeys(USERS, ("preparer", "reviewer", "controller", "rule-author"))


def _explore(start: Node, depth: int) -> tuple[int, int, int, set[str]]:
    """Every node within some steps: how many there are, steps tried, own work that was let through, kinds allowed."""
    seen, layer = {start.key()}, [start]
    tries = own = 0
    kinds: set[str] = set()
    for _ in range(depth):
        following: list[Node] = []
        for node in layer:
            for step in steps():
                tries += 1
                found = tried(node, step)
                if found is None:
                    continue
                kinds.add(step.kind)
                own += is_own_work(node, step)
                if found.key() not in seen:
                    seen.add(found.key())
                    following.append(found)
        layer = following
    return len(seen), tries, own, kinds


def test_nobody_approves_his_own_work_in_any_sequence_of_a_small_world() -> None:
    nodes = tries = own = 0
    kinds: set[str] = set()
    worlds: list[dict[str, tuple[str, ...]]] = [ALL, {**ALL, "ann": ("rule-author", "controller")}]
    worlds.extend(
        {user: (role,) for user, role in zip(USERS, chosen, strict=True)}
        for chosen in itertools.product(ROLES, repeat=3)
    )
    for number, world in enumerate(worlds):
        counted = _explore(beginning(world, "ann" if number == 1 else ""), DEPTH + (number == 0 and SCALE == "commit"))
        nodes, tries, own, kinds = nodes + counted[0], tries + counted[1], own + counted[2], kinds | counted[3]
    assert kinds == set(KINDS)
    assert own == 0
    reached("P12", f"acts tried from every state within {DEPTH} acts, 66 worlds of 3 people", tries, own, states=nodes)


def test_the_judge_sees_own_work() -> None:
    node = beginning(ALL)
    for step in (Step("ann", "load"), Step("ben", "trial"), Step("cy", "request")):
        found = tried(node, step)
        assert found is not None
        node = found
    assert all(is_own_work(node, Step(user, "approve close")) for user in USERS)
    assert all(tried(node, Step(user, "approve close")) is None for user in USERS)


def test_nobody_approves_his_own_work_in_random_sequences_with_changing_roles() -> None:
    chance = random.Random(20260131)
    own = closes = overrides = 0
    count = trials(10_000, 400)
    for _ in range(count):
        node = beginning({user: chance.sample(ROLES, chance.randint(1, 4)) for user in USERS})
        for _ in range(chance.randint(6, 25)):
            if chance.random() < 0.1:
                node = _with_other_roles(node, chance)
                continue
            step = Step(chance.choice(USERS), chance.choice(KINDS))
            found = tried(node, step)
            if found is None:
                continue
            own += is_own_work(node, step)
            closes += step.kind == "approve close"
            overrides += step.kind == "approve override"
            node = found
    assert own == 0
    assert closes > count // 100
    assert overrides > count // 50
    reached(
        "P12", "random sequences of up to 25 acts with changing roles", count, own, closes=closes, overrides=overrides
    )


def _with_other_roles(node: Node, chance: random.Random) -> Node:
    user = chance.choice(USERS)
    held = frozenset(Grant(one) for one in (*chance.sample(ROLES, chance.randint(1, 4)), "signer"))
    person = replace(node.state.people[user], grants=held)
    state = replace(node.state, people={**node.state.people, user: person})
    return replace(node, state=state)
