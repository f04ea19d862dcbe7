"""Whether money is rounded wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.model.expression import (
    LEDGER_ROWS,
    AbsoluteOf,
    AggregateOf,
    Arithmetic,
    AtExtreme,
    ChoiceOf,
    Expression,
    FactField,
    FieldOf,
    ItemOf,
    LedgerBalance,
    Literal,
    LocalOf,
    Minus,
    Otherwise,
    RegisterField,
    RoundedOf,
)
from engine.model.ruleset import Amount, Cap, Local, Ruleset

MINOR_UNIT = Decimal("0.01")


class Rounding:
    """Follows values to where they are rounded; `locals_` are those of the item that posts."""

    def __init__(self, ruleset: Ruleset, locals_: Mapping[str, Local]) -> None:
        self.ruleset = ruleset
        self.locals_ = locals_
        self.known: dict[str, bool] = {}

    def holds(self, value: Expression | None) -> bool:
        """Whether a value is always in minor units of its currency."""
        if value is None or isinstance(value, RoundedOf | LedgerBalance):
            return True
        if isinstance(value, Literal):
            return isinstance(value.value, Decimal) and value.value % MINOR_UNIT == 0
        if isinstance(value, Arithmetic):
            return value.operator in "+-" and self.holds(value.left) and self.holds(value.right)
        if isinstance(value, Minus):
            return self.holds(value.operand)
        if isinstance(value, ChoiceOf):
            return self.holds(value.left) and self.holds(value.right)
        if isinstance(value, Otherwise):
            return self.holds(value.value) and self.holds(value.otherwise)
        if isinstance(value, AbsoluteOf | AtExtreme):
            return self.holds(value.value)
        if isinstance(value, AggregateOf):
            return value.function == "sum" and self.holds(value.value)
        if isinstance(value, LocalOf):
            return value.name in self.locals_ and self.holds(self.locals_[value.name].value)
        if isinstance(value, FieldOf):
            return value.row in LEDGER_ROWS or self._of_reconciliation(value.row, value.name)
        return isinstance(value, ItemOf) and self._item(value.item)

    def _item(self, name: str) -> bool:
        if name not in self.known:
            self.known[name] = True
            self.known[name] = self._of_item(name)
        return self.known[name]

    def _of_item(self, name: str) -> bool:
        if name in self.ruleset.amounts:
            return self._of_amount(self.ruleset.amounts[name])
        if name in self.ruleset.allocations:
            return self.ruleset.allocations[name].shares.leftover == "cents"
        row, _, field = name.partition(".")
        return self._of_reconciliation(row, field)

    def _of_amount(self, amount: Amount) -> bool:
        inner = Rounding(self.ruleset, {})
        inner.known = self.known
        answers = [(amount.value, amount.caps), *((rule.value, rule.caps) for rule in amount.exceptions)]
        return all(inner.holds(value) and inner.caps(caps) for value, caps in answers)

    def caps(self, caps: tuple[Cap, ...]) -> bool:
        """Whether every limit is rounded, so that what it cuts is."""
        return all(self.holds(cap.limit) for cap in caps)

    def _of_reconciliation(self, row: str, field: str) -> bool:
        reconciliation = self.ruleset.reconciliations.get(row)
        if reconciliation is None:
            return False
        inner = Rounding(self.ruleset, {local.name: local for local in reconciliation.locals})
        return any(local.name == field and inner.holds(local.value) for local in reconciliation.locals)


def recorded_money(value: Expression) -> bool:
    """Whether a value is a field as somebody recorded it: not computed here, so only its source can make it wrong."""
    return isinstance(value, FieldOf | FactField | RegisterField)
