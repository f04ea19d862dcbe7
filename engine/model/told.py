"""What the books tell of themselves: kinds whose rows no feed fills (`kind K tells of deliveries on D`).

The words here are the fields such a kind may have; a ruleset declares those it wants, with types of its own terms.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.datatypes import Family

DELIVERIES, ADJUSTMENTS, EXCEPTIONS = "deliveries", "adjustments", "exceptions"

NAMED = (Family.TEXT, Family.ENUMERATION)
"""A name is text, or one of closed values: then only rows with one of these values are told of."""

_WHOSE = ("company", "partner", "part")


@dataclass(frozen=True, slots=True)
class Told:
    """What the books tell of: the families that each field may have, and the sentence that says what a row is."""

    row: str
    fields: dict[str, tuple[Family, ...]]

    @property
    def dates(self) -> tuple[str, ...]:
        """The fields that a kind may happen on."""
        return tuple(name for name, families in self.fields.items() if families == (Family.DATE,))


def _fields(**families: Family | tuple[Family, ...]) -> dict[str, tuple[Family, ...]]:
    whose: dict[str, tuple[Family, ...]] = dict.fromkeys(_WHOSE, (Family.REGISTER,))
    own = {
        name.replace("_", "-"): one if isinstance(one, tuple) else (one,)
        for name, one in families.items()
    }  # fmt: skip
    return whose | own


TOLD = {
    DELIVERIES: Told(
        "a row is what one file says in facts of one kind, for those it says it of",
        _fields(
            delivered=NAMED, file=Family.TEXT, received_on=Family.DATE, first_day=Family.DATE, last_day=Family.DATE,
            rows=Family.NUMBER, corrected_rows=Family.NUMBER, refused_rows=Family.NUMBER,
        ),
    ),
    ADJUSTMENTS: Told(
        "a row is a fact that an adjustment left out, moved, made or put others in the place of",
        _fields(
            adjustment=NAMED, adjusted=NAMED, action=NAMED, fact_name=Family.TEXT, changed_on=Family.DATE,
            quantity=Family.QUANTITY,
        ),
    ),
    EXCEPTIONS: Told(
        "a row is an exception that the period raised",
        _fields(
            finding=NAMED, row_name=Family.TEXT, raised_on=Family.DATE, since=Family.DATE, age=Family.DAYS,
        ),
    ),
}  # fmt: skip
"""By the word after `tells of`."""

SUBJECTS = {"delivered": "kind", "adjusted": "kind", "adjustment": "adjustment", "finding": "control or reconciliation"}
"""What the values of an enumeration name, where a field is told as one."""

ACTIONS = ("excluded", "dated", "counted", "recorded", "parted")
"""What an adjustment did to a fact, as a field `action` says it."""
