"""Who asks: the grain, the locals and what is already known where an expression stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.model.binding.fingerprint import fingerprint
from engine.model.datatypes import DataType
from engine.model.expression import Bound, FactField, Grain, RegisterField


@dataclass(frozen=True)
class Asker:
    """Where an expression stands.

    `item` says it in words (`journal defer-on-shipment`); `governing` is the name of a decision's date; `known` holds
    fingerprints of values that cannot be missing here, `nonzero` of values that cannot be 0, `peopled` the kinds that
    have a row here. `balances` says
    whether `balance of` may be read.
    """

    item: str
    grain: Grain
    locals: Mapping[str, tuple[DataType, bool]] = field(default_factory=dict)
    governing: str = ""
    known: frozenset[str] = frozenset()
    nonzero: frozenset[str] = frozenset()
    peopled: frozenset[str] = frozenset()
    balances: bool = False

    def knowing(self, facts: Facts) -> Asker:
        """The same asker where more is known."""
        return replace(
            self,
            known=self.known | facts.known,
            nonzero=self.nonzero | facts.nonzero,
            peopled=self.peopled | facts.peopled,
        )

    def at(self, grain: Grain) -> Asker:
        """The asker of an expression bound in another grain: locals, dates and knowledge stay behind."""
        return Asker(self.item, grain, balances=False)

    def may_be_missing(self, expression: Bound) -> bool:
        """Whether a value that may be missing by itself may be missing here."""
        if not expression.perhaps or fingerprint(expression) in self.known:
            return False
        if isinstance(expression, RegisterField):
            row = fingerprint(
                RegisterField(expression.type, expression.span, True, expression.register, "", expression.keys, None)
            )
            if row in self.known:
                return False
            bare = fingerprint(replace(expression, on=None))
            return bare not in self.known
        if isinstance(expression, FactField):
            return fingerprint(replace(expression, name="")) not in self.known
        return True


@dataclass(frozen=True, slots=True)
class Facts:
    """What a test tells about the rows that pass it: values known, values not 0, kinds that have a row."""

    known: frozenset[str] = frozenset()
    nonzero: frozenset[str] = frozenset()
    peopled: frozenset[str] = frozenset()

    def both(self, other: Facts) -> Facts:
        """What is known where both hold."""
        return Facts(self.known | other.known, self.nonzero | other.nonzero, self.peopled | other.peopled)

    def either(self, other: Facts) -> Facts:
        """What is known where one of two holds."""
        return Facts(self.known & other.known, self.nonzero & other.nonzero, self.peopled & other.peopled)


NOTHING = Facts()


def all_of(facts: Iterable[Facts]) -> Facts:
    """What is known where all hold."""
    found = NOTHING
    for one in facts:
        found = found.both(one)
    return found
