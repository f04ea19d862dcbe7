"""A close with an overridden count posts what a close posts whose count said so from the beginning.

Random small histories of the shop: counts that are wrong or did not come, overridden row by row; beside them the same
history with the right counts as facts. The journal, what is left after the last stage and the stock handed over agree.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from engine.governance.acts import OverrideProposed
from engine.governance.state import Override
from tests.support.promises import trials
from tests.support.shop_client import RULESET
from tests.support.small_world import Rows, SmallWorld, small_world

PARTNERS = ("ACME", "BOLT")
PARTS = ("X100", "Y200")


@dataclass(frozen=True, slots=True)
class History:
    """Facts of a month without its counts, the right count of each row, and the wrong one that came (None: none)."""

    facts: dict[str, list[dict[str, object]]]
    right: dict[tuple[str, str], int]
    wrong: dict[tuple[str, str], int | None]


def history(seed: int) -> History:
    draw = random.Random(seed)

    def day(first: int, last: int) -> str:
        return (date(2026, 1, 1) + timedelta(days=draw.randint(first, last))).isoformat()

    facts: dict[str, list[dict[str, object]]] = {
        "company": [{"company": "US01"}],
        "partner": [{"partner": one} for one in PARTNERS],
        "part": [{"part": one, "list-price": price} for one, price in zip(PARTS, ("12.50", "3.333333"), strict=True)],
        "shipment": [],
        "sale": [],
    }
    right: dict[tuple[str, str], int] = {}
    wrong: dict[tuple[str, str], int | None] = {}
    for at, (partner, part) in enumerate((one, other) for one in PARTNERS for other in PARTS):
        key = {"company": "US01", "partner": partner, "part": part}
        held = 0
        for number in range(draw.randint(1, 3)):
            units = draw.randint(3, 30)
            held += units
            price = f"{draw.uniform(1, 9):.4f}"
            shipped = {"number": f"S{at}{number}", "quantity": units, "unit-price": price, "ship-date": day(0, 9)}
            facts["shipment"].append({**key, **shipped})
        sold = draw.randint(0, held // 2)
        if sold:
            facts["sale"].append({**key, "number": f"P{at}", "quantity": sold, "sale-date": day(12, 30)})
        right[partner, part] = max(0, held - sold - draw.choice((0, 0, 1, 2, 9)))
        wrong[partner, part] = draw.choice((None, right[partner, part], right[partner, part] + draw.randint(1, 60)))
    return History(facts, right, wrong)


def counts(of: dict[tuple[str, str], int | None]) -> list[dict[str, object]]:
    return [
        {"company": "US01", "partner": partner, "part": part, "quantity": units, "as-of-date": "2026-01-31"}
        for (partner, part), units in of.items()
        if units is not None
    ]


def override(row: dict[str, str], column: str, value: str, unit: str = "units") -> Override:
    """An approved override of a row of January."""
    proposal = OverrideProposed(
        f"O-{'-'.join(row.values())}-{column}", "fiscal", "FY2026-P01", "siso", tuple(row.items()), column, value, unit,
        "", "", "recount", "counted again",
    )  # fmt: skip
    return Override(
        proposal, "ann", "2026-02-03T08:00:00Z", 7, "approved", "bob", "2026-02-03T09:00:00Z", 8, "r", "yes"
    )


def of_row(partner: str, part: str) -> dict[str, str]:
    return {"company": "US01", "partner": partner, "part": part}


def outcome(world: SmallWorld) -> dict[str, Rows]:
    """All that a close comes to, but for the day a count is of and for which fact was counted."""
    return {
        "lines": world.rows("ledger line"),
        "rows": world.rows("siso", "partner", "part", "expected", "reported", "variance", "value", "treatment"),
        "left": world.rows("siso residual", "partner", "part", "expected", "reported"),
        "stock": world.rows("stock"),
        "layers": world.rows("layer"),
    }


def test_an_overridden_count_posts_what_a_right_count_posts() -> None:
    overridden = 0
    ran = trials(100)
    for seed in range(ran):
        made = history(seed)
        wrong = {"count": counts(made.wrong)}
        corrected = tuple(
            override(of_row(*key), "reported", str(units))
            for key, units in made.right.items()
            if made.wrong[key] != units
        )
        as_overridden = small_world(RULESET, {**made.facts, **wrong}, threads=1, overrides=corrected)
        as_counted = small_world(RULESET, {**made.facts, "count": counts({**made.right})}, threads=1)
        assert outcome(as_overridden) == outcome(as_counted), seed
        told = as_overridden.rows("override", "override", "was", "counts") if corrected else []
        assert [one["was"] and Decimal(str(one["was"])) for one in told] == [
            made.wrong[key] for key in sorted(made.right) if made.wrong[key] != made.right[key]
        ]
        overridden += len(corrected)
    # The proof is none if nothing was overridden; each count that was differs from the right one.
    assert overridden >= ran
