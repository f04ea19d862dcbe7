"""One exception as people look into it: what is wrong, by which rule, on which rows, what was done, what can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.report.blocks import Block, Column, Page, Sentences, Table
from adapters.report.conditions import standing_json
from adapters.wording import counted, figure, plain, visible
from engine.ledger.money import minor_digits
from engine.run.conditions import Standing
from engine.run.explanation import RawRow


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an exception: when (UTC, ISO text), who did it, and what."""

    at: str
    by: str
    what: str


@dataclass(frozen=True, slots=True)
class ExceptionShown:
    """An exception of a period with everything known of it.

    `last` is what the last run is called, `figures` names and values of its row, `rows` the first delivered rows
    beneath it and `beneath` how many there are, `events` oldest first, `steps` the commands that can come next.
    """

    period: str
    last: str
    standing: Standing
    is_in_the_way: bool
    currency: str
    figures: tuple[tuple[str, str], ...]
    rows: tuple[RawRow, ...]
    beneath: int
    events: tuple[Event, ...]
    steps: tuple[str, ...]


def exception_page(shown: ExceptionShown) -> Page:
    """The page of one exception."""
    raised, work = shown.standing.raised, shown.standing.work
    blocks: list[Block] = [Sentences("", (raised.sentence,)), Table("What is known", _NAMED, _known(shown))]
    if shown.figures:
        blocks.append(Table("Figures of its row", _NAMED, shown.figures))
    if shown.rows:
        more = f", the first {len(shown.rows):,}" if shown.beneath > len(shown.rows) else ""
        lines = tuple(f"{visible(one.file)}:{one.row:,}  {visible(one.text)}" for one in shown.rows)
        blocks.append(Sentences(f"{counted(shown.beneath, 'delivered row')} beneath it{more}", lines))
    events = tuple((one.at[:16].replace("T", " "), one.by, one.what) for one in shown.events)
    blocks.append(Table("What happened", (Column("when (UTC)", is_whole=True), Column("who"), Column("what")), events))
    blocks.append(Sentences("Next", tuple(f"`{one}`" for one in shown.steps)))
    with_whom = f", with {work.assigned_to}" if work.assigned_to else ""
    state = f"{shown.standing.state}{with_whom}   {shown.last} of {shown.period}"
    return Page(f"{raised.id}  {raised.name} {raised.where}", (state,), tuple(blocks))


def exception_json(shown: ExceptionShown) -> dict[str, Any]:
    """The same as values."""
    return {
        "period": shown.period,
        "run": shown.last,
        **standing_json(shown.standing),
        "in-the-way": shown.is_in_the_way,
        "figures": dict(shown.figures),
        "rows": plain(shown.rows),
        "rows-beneath": shown.beneath,
        "events": plain(shown.events),
        "next": list(shown.steps),
    }


_NAMED = (Column(""), Column(""))


def _known(shown: ExceptionShown) -> tuple[tuple[str, str], ...]:
    """The rule, how grave it is, whose, worth what, and since when."""
    raised, work = shown.standing.raised, shown.standing.work
    worth = figure(raised.value, minor_digits(shown.currency)) if raised.value is not None else ""
    since = "" if work.since is None else f"{work.since.isoformat()}, {counted(work.age, 'day')} to the period's end"
    known = (
        ("of", f"{raised.of} {raised.name}" if raised.of != raised.name.split()[-1] else raised.name),
        ("rule", raised.place),
        ("code", raised.code),
        ("severity", raised.severity),
        ("outcomes", ", ".join(raised.outcomes)),
        ("to", raised.owner),
        ("value", f"{worth} {shown.currency}" if worth else ""),
        ("stands since", since),
        ("hard close", "stopped" if shown.is_in_the_way else ""),
    )
    return tuple((name, said) for name, said in known if said)
