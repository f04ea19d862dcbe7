"""Pictures of a scenario beside the books, as SVG that stands by itself: no scripts, no fonts or files from elsewhere.

Altair describes a chart and vl-convert draws it, without a browser and without a network. The same figures give the
same bytes. Figures are drawn, not added up: here alone they become floating-point numbers; the tables beside have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.run.what_if import Compared, ShownRow, ShownTable, WhatIf

RUNS = ("as it is", "what if")
COLOURS = ("#8a9ba8", "#b3541e")
"""Two tones that part on paper without colour too: the first is light, the second dark."""

WIDTH, HEIGHT = 560, 180
MOST_BARS = 24
"""More groups than these are no picture any more; the largest are drawn, and the title says so."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing under a title; `svg` is one element, safe to stand in a page."""

    title: str
    svg: str


def pictures_of(found: WhatIf) -> tuple[Picture, ...]:
    """A picture for each role that a scenario shows: by period where it shows periods, else by its first key."""
    compared = found.comparison
    return tuple(
        _picture(found, shown, role, compared.currency)
        for shown in compared.shown
        for role in dict.fromkeys(row.role for row in shown.rows)
    )


def _picture(found: WhatIf, shown: ShownTable, role: str, currency: str) -> Picture:
    by_period = "period" in shown.by
    key = shown.by.index("period") if by_period else 0
    summed = _summed((row for row in shown.rows if row.role == role), key)
    names = list(found.comparison.periods) if by_period else _largest(summed)
    title = f"{role} by {shown.by[key]}, {currency}"
    if not by_period and len(summed) > len(names):
        title += f", the {len(names)} largest of {len(summed)}"
    bars = [
        {"name": name, "run": run, "amount": float(amount)}
        for name in names
        for run, amount in zip(RUNS, _both(summed.get(name)), strict=True)
        if run != RUNS[0] or not by_period or name in found.known
    ]
    return Picture(title, _drawn(bars, names, title))


def _summed(rows: Iterable[ShownRow], key: int) -> dict[str, Compared]:
    found: dict[str, Compared] = {}
    for row in rows:
        before = found.get(row.keys[key], Compared(Decimal(0), Decimal(0)))
        as_it_is, supposed = _both(row.figures)
        found[row.keys[key]] = Compared(before.as_it_is + as_it_is, before.supposed + supposed)
    return found


def _largest(summed: dict[str, Compared]) -> list[str]:
    """The names with the largest figures, in order of name."""
    by_size = sorted(summed, key=lambda name: (-max(map(abs, _both(summed[name]))), name))
    return sorted(by_size[:MOST_BARS])


def _both(figures: Compared | None) -> tuple[Decimal, Decimal]:
    return (Decimal(0), Decimal(0)) if figures is None else (figures.as_it_is, figures.supposed)


def _drawn(bars: Sequence[dict[str, Any]], names: Sequence[str], title: str) -> str:
    # Both take half a second to load, and most commands draw nothing.
    import altair
    import vl_convert

    chart = altair.Chart(altair.InlineData(values=list(bars)), width=WIDTH, height=HEIGHT, description=title).mark_bar()
    chart = chart.encode(
        x=altair.X("name:N", title=None, sort=list(names), axis=altair.Axis(labelAngle=0 if len(names) < 8 else -60)),
        xOffset=altair.XOffset("run:N", sort=list(RUNS)),
        y=altair.Y("amount:Q", title=None, axis=altair.Axis(format=",.0f")),
        color=altair.Color("run:N", title=None, scale=altair.Scale(domain=list(RUNS), range=list(COLOURS))),
    )
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return drawn
