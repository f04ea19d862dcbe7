"""Pictures of scorecards: each measure that is a number over the periods closed, a line for each partner."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters.report.charts import HEIGHT, WIDTH, Picture
from adapters.report.scorecard_page import Measure, Scorecard
from engine.model.datatypes import Family

MOST_LINES = 12
"""More lines than these are no picture any more; the first by name are drawn, and the title says so."""


def pictures_of_cards(found: Scorecard) -> tuple[Picture, ...]:
    """A picture for each figure, where there are two periods or more: one period is no trend."""
    if len(found.cards) < 2:
        return ()
    return tuple(_picture(found, at, one) for at, one in enumerate(found.measures) if one.is_figure)


def _picture(found: Scorecard, at: int, measure: Measure) -> Picture:
    whose = list(found.now.values)
    shown = whose[:MOST_LINES]
    title = measure.name if len(shown) == len(whose) else f"{measure.name}, the first {len(shown)} of {len(whose)}"
    points = [
        {"period": cards.period, "who": found.title_of(keys), "value": float(value)}
        for cards in found.cards
        for keys in shown
        if (value := _value(cards.values.get(keys), at)) is not None
    ]
    periods = [one.period for one in found.cards]
    return Picture(title, _drawn(points, periods, [found.title_of(one) for one in shown], title, measure.family))


def _value(values: tuple[object, ...] | None, at: int) -> Decimal | None:
    found = None if values is None else values[at]
    return found if isinstance(found, Decimal) else None


def _drawn(points: Sequence[dict[str, Any]], periods: list[str], who: list[str], title: str, family: Family) -> str:
    # Both take half a second to load, and most commands draw nothing.
    import altair
    import vl_convert

    form = ".0%" if family is Family.RATE else ",.0f"
    data = altair.InlineData(values=list(points))
    lines = altair.Chart(data, width=WIDTH, height=HEIGHT, description=title).mark_line(point=True)
    lines = lines.encode(
        x=altair.X("period:O", title=None, sort=periods, axis=altair.Axis(labelAngle=0 if len(periods) < 7 else -60)),
        y=altair.Y("value:Q", title=None, axis=altair.Axis(format=form)),
        color=altair.Color("who:N", title=None, sort=who),
        strokeDash=altair.StrokeDash("who:N", title=None, sort=who),
    )
    drawn: str = vl_convert.vegalite_to_svg(lines.to_dict())
    return drawn
