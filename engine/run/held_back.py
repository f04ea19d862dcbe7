"""How far a projection would have been off: periods that are known, held back, projected, and held against themselves.

The error is the sum of absolute differences, pool by pool, over what was moved in all pools (the ratio of mean absolute
deviation to mean: Kolassa and Schuetz, Advantages of the MAD/Mean ratio over the MAPE, Foresight 6, 2007). Beside it
stands the error of supposing that each pool goes on as in the last period known, week for week: a projection that does
no better is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from engine.ledger.calendar import Period
from engine.run.projecting import Wanted
from engine.run.trends import Pool, weeks_in

NOTHING = Fraction(0)
Moved = Mapping[Pool, Mapping[str, Fraction]]
"""What each pool moved, by period."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A period held back: units moved and projected in all pools, and errors as shares of what was moved.

    `error` adds up over pools, `total_error` is that of the sum of all; `naive_error` is that of going on as before.
    All are None where nothing was moved.
    """

    kind: str
    period: str
    moved: Decimal
    projected: Decimal
    error: Decimal | None
    total_error: Decimal | None
    naive_error: Decimal | None


def hold_against(
    kind: str, wanted: Iterable[Wanted], moved: Moved, last: Period, periods: Sequence[Period]
) -> tuple[HeldBack, ...]:
    """Each period held back, against what was moved in it; `last` is the last period the projection knew."""
    projected = {(one.pool, one.period): Fraction(one.units) for one in wanted if one.kind == kind}
    actual = {tuple("" if key is None else str(key) for key in pool): units for pool, units in moved.items()}
    pools = sorted({*actual, *(pool for pool, _ in projected)})
    found: list[HeldBack] = []
    for period in periods:
        pairs = [(_moved(actual, pool, period), projected.get((pool, period.name), NOTHING)) for pool in pools]
        as_before = [_moved(actual, pool, last) / weeks_in(last) * weeks_in(period) for pool in pools]
        naive = [(one, other) for (one, _), other in zip(pairs, as_before, strict=True)]
        total = sum((one for one, _ in pairs), NOTHING)
        foreseen = sum((other for _, other in pairs), NOTHING)
        errors = (_share(_off(pairs), total), _share(abs(foreseen - total), total), _share(_off(naive), total))
        found.append(HeldBack(kind, period.name, _decimal(total), _decimal(foreseen), *errors))
    return tuple(found)


def _moved(actual: Mapping[tuple[str, ...], Mapping[str, Fraction]], pool: tuple[str, ...], period: Period) -> Fraction:
    return actual.get(pool, {}).get(period.name, NOTHING)


def _off(pairs: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    return sum((abs(one - other) for one, other in pairs), NOTHING)


def _share(part: Fraction, whole: Fraction) -> Decimal | None:
    """A share to a tenth of a per cent."""
    return None if not whole else _decimal(part / whole).quantize(Decimal("0.001"), ROUND_HALF_UP)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
