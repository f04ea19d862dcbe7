"""Scorecards of partners: the report of a period as a table, and what it said in each period before as a trend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.report.blocks import MISSING, Block, Column, Page, Sentences, Table
from adapters.report.conditions import standing_json
from adapters.wording import counted, decimals, plain
from engine.model.datatypes import Family
from engine.run.conditions import Standing

Keys = tuple[str, ...]
"""Whose card it is: the values of the report's keys beside the period, company and partner among them."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that a report shows: its name, and what it is."""

    name: str
    family: Family

    @property
    def is_figure(self) -> bool:
        """Whether it is a number, so that it can be drawn."""
        return self.family in (Family.RATE, Family.NUMBER, Family.DAYS, Family.QUANTITY, Family.MONEY, Family.PRICE)


@dataclass(frozen=True, slots=True)
class Cards:
    """What one period's last run said of each: values in the order of the measures, None where nothing is known."""

    period: str
    run: str
    values: dict[Keys, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A report over periods: its keys beside the period, its measures, the cards of each period from the first to the
    one asked for, the periods whose run had no such report, and what that period's thresholds raised."""

    report: str
    ruleset: str
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]
    cards: tuple[Cards, ...]
    without: tuple[str, ...]
    raised: tuple[Standing, ...]

    @property
    def now(self) -> Cards:
        """The cards of the period asked for."""
        return self.cards[-1]

    def title_of(self, keys: Keys) -> str:
        """Whose card it is, in words."""
        return ", ".join(keys)


def scorecard_page(client: str, found: Scorecard) -> Page:
    """The cards of the period as one table, what its thresholds raised, and for each its periods beside each other."""
    now = found.now
    whose = Column(", ".join(found.keys))
    measures = tuple(Column(one.name, one.is_figure) for one in found.measures)
    rows = tuple((found.title_of(keys), *_texts(found.measures, values)) for keys, values in now.values.items())
    blocks: list[Block] = [
        Table(f"Scorecard of {now.period}", (whose, *measures), rows, (), "nobody has a card in this period"),
        _raised(found.raised),
    ]
    if len(found.cards) > 1:
        blocks += [_trend(found, keys) for keys in now.values]
    if found.without:
        names = ", ".join(found.without)
        blocks.append(Sentences("", (f"closed by rules without {found.report}, so not shown: {names}",)))
    span = now.period if len(found.cards) == 1 else f"{found.cards[0].period} to {now.period}"
    return Page(
        f"Scorecard  {span}   {found.report} of {found.ruleset}",
        (f"{client}   {now.period} as of {now.run}   {counted(len(now.values), 'card')}",),
        tuple(blocks),
    )


def _raised(raised: Sequence[Standing]) -> Table:
    rows = tuple(
        (
            one.raised.where,
            f"{one.raised.name}: {one.raised.sentence}",
            one.raised.severity,
            one.raised.owner,
            one.state,
        )
        for one in raised
    )
    columns = tuple(Column(one) for one in ("who", "what", "severity", "to", "state"))
    return Table("Thresholds not met", columns, rows, (), "every threshold of the rules is met")


def _trend(found: Scorecard, keys: Keys) -> Table:
    each = [one.values.get(keys) for one in found.cards]
    rows = tuple(
        (measure.name, *_series_texts(measure, [None if one is None else one[at] for one in each]))
        for at, measure in enumerate(found.measures)
    )
    columns = (Column("measure"), *(Column(one.period, True) for one in found.cards))
    return Table(f"Trend of {found.title_of(keys)}", columns, rows)


def _texts(measures: Iterable[Measure], values: Iterable[object]) -> list[str]:
    return [text_of(measure, value) for measure, value in zip(measures, values, strict=True)]


def _series_texts(measure: Measure, values: Sequence[object]) -> list[str]:
    return [text_of(measure, one) for one in values]


def text_of(measure: Measure, value: object) -> str:
    """A value in words: shares in percent with one decimal, other figures with all their digits."""
    if value is None:
        return MISSING
    if not isinstance(value, Decimal):
        return str(value)
    if measure.family is Family.RATE:
        return f"{value * 100:.1f} %"
    return f"{value:,.{decimals([value])}f}"


def scorecard_json(client: str, found: Scorecard) -> dict[str, Any]:
    """The same as values; a share of 1 is all."""
    return {
        "client": client,
        "report": found.report,
        "ruleset": found.ruleset,
        "period": found.now.period,
        "run": found.now.run,
        "measures": [{"name": one.name, "is": one.family.value} for one in found.measures],
        "cards": [_cards_json(found, one) for one in found.cards],
        "without-report": list(found.without),
        "thresholds-not-met": [standing_json(one) for one in found.raised],
    }


def _cards_json(found: Scorecard, cards: Cards) -> dict[str, Any]:
    rows = [_row_json(found, keys, values) for keys, values in cards.values.items()]
    return {"period": cards.period, "run": cards.run, "rows": rows}


def _row_json(found: Scorecard, keys: Keys, values: tuple[object, ...]) -> dict[str, Any]:
    names = (one.name for one in found.measures)
    return {**dict(zip(found.keys, keys, strict=True)), **dict(zip(names, map(plain, values), strict=True))}
