"""What is worked out of a whole ruleset, once for as long as it is used.

A close asks the same of a ruleset again and again, and a ruleset never changes; it is known again by being the same
object, since to compare two takes as long as the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TypeVar

from engine.model.ruleset import Ruleset

Made = TypeVar("Made")
_RULESETS = 4


@dataclass(frozen=True, eq=False, slots=True)
class _Same:
    ruleset: Ruleset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.ruleset is self.ruleset

    def __hash__(self) -> int:
        return id(self.ruleset)


def once_for_a_ruleset(make: Callable[[Ruleset], Made]) -> Callable[[Ruleset], Made]:
    """A function of a ruleset that remembers what it made of the last few; nobody may change what it returns."""

    @lru_cache(maxsize=_RULESETS)
    def remembered(of: _Same) -> Made:
        return make(of.ruleset)

    @wraps(make)
    def of_ruleset(ruleset: Ruleset) -> Made:
        return remembered(_Same(ruleset))

    return of_ruleset
