"""The page of a scenario: what is supposed, results and balances beside the books, and the way to each difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from adapters.report.blocks import MISSING, Block, Check, Checks, Column, Page, Sentences, Table
from adapters.wording import counted, figure, plain
from engine.ledger.money import minor_digits
from engine.plan.posting.balances import DIMENSIONS
from engine.run.held_back import HeldBack
from engine.run.what_if import AccountChange, AsPosted, Cause, Compared, ProjectedUnits, ShownTable, WhatIf

FIGURES = ("as it is", "what if", "difference")
HOW_FAR_OFF = "An error by pool adds up over pools. The last column supposes that each goes on as before."
NEVER_POSTED = "Nothing was posted: the books were read, and are as they were."


def what_if_page(client: str, found: WhatIf, ruleset: str) -> Page:
    """The page of a scenario over a client's books; `ruleset` says by which rules they are kept."""
    compared = found.comparison
    places = minor_digits(compared.currency)
    blocks: list[Block] = [
        Sentences("What is supposed", tuple(f"{one.words}   {one.span}" for one in compared.changes)),
        _results(found, places),
        _accounts(f"Balances at the end of {compared.periods[-1]}", compared.balances, places),
        *(_shown(one, places) for one in compared.shown),
    ]
    if found.projected:
        blocks.append(_projected(found.projected))
    blocks += [_causes(compared.causes, places), Sentences("Where the differences lead", tuple(_ways(compared.causes)))]
    if found.as_posted:
        blocks.append(Checks("The books' own figures", tuple(_as_posted(one) for one in found.as_posted)))
    blocks.append(Sentences("", (NEVER_POSTED,)))
    return Page(
        f"What if {compared.scenario}  {_span(compared.periods)}   {ruleset}",
        (f"{client}   amounts in {compared.currency}   {_reach(found)}",),
        tuple(blocks),
    )


def held_back_page(client: str, scenario: str, found: Sequence[HeldBack], ruleset: str) -> Page:
    """What a scenario would have projected for periods that are known, and how far it was off."""
    rows = tuple(
        (one.kind, one.period, figure(one.moved, 0), figure(one.projected, 0), *map(_percent, _errors(one)))
        for one in found
    )
    figures = ("moved", "projected", "error by pool", "error of the total", "going on as before")
    columns = (Column("kind"), Column("period"), *(Column(name, is_figure=True) for name in figures))
    return Page(
        f"Held back from {scenario}  {_span([one.period for one in found])}   {ruleset}",
        (f"{client}   units, and errors as a share of what was moved",),
        (
            Table("Projected and moved", columns, rows),
            Sentences("", (HOW_FAR_OFF,)),
        ),
    )


def _errors(one: HeldBack) -> tuple[Decimal | None, ...]:
    return one.error, one.total_error, one.naive_error


def _percent(share: Decimal | None) -> str:
    return MISSING if share is None else f"{share * 100:.1f} %"


def what_if_json(client: str, found: WhatIf) -> dict[str, Any]:
    """The same as values."""
    compared = found.comparison
    return {
        "client": client,
        "scenario": compared.scenario,
        "currency": compared.currency,
        "periods": list(compared.periods),
        "known-periods": list(found.known),
        "changes": [
            {"family": one.family, "item": one.item, "words": one.words, "place": str(one.span)}
            for one in compared.changes
        ],
        "results": [_account_json(one) for one in compared.results],
        "result": _figures_json(compared.result),
        "balances": [_account_json(one) for one in compared.balances],
        "shown": [_shown_json(one) for one in compared.shown],
        "projected": plain(found.projected),
        "causes": [_cause_json(one) for one in compared.causes],
        "as-posted": plain(found.as_posted),
        "posted": False,
    }


def _span(periods: Sequence[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"


def _reach(found: WhatIf) -> str:
    ahead = len(found.comparison.periods) - len(found.known)
    known = f"facts known through {found.known[-1]}"
    return f"{known}, {counted(ahead, 'period')} projected" if ahead else known


# ---- figures beside each other ---------------------------------------------------------------------------------------


def _cells(figures: Compared, places: int) -> tuple[str, ...]:
    return tuple(figure(one, places) for one in (figures.as_it_is, figures.supposed, figures.difference))


def _columns(*names: str) -> tuple[Column, ...]:
    return (*(Column(name) for name in names), *(Column(name, is_figure=True) for name in FIGURES))


def _results(found: WhatIf, places: int) -> Table:
    compared = found.comparison
    rows = tuple((one.account, one.title, *_cells(one.figures, places)) for one in compared.results)
    total = ("", "revenue less expense", *_cells(compared.result, places))
    title = f"Profit and loss, {_span(compared.periods)}"
    return Table(title, _columns("account", "title"), rows, total if rows else (), "nothing was posted to results")


def _accounts(title: str, accounts: Iterable[AccountChange], places: int) -> Table:
    rows = tuple((one.account, one.title, *_cells(one.figures, places)) for one in accounts)
    return Table(title, _columns("account", "title"), rows, (), "no balances")


def _shown(shown: ShownTable, places: int) -> Table:
    rows = tuple((row.role, *row.keys, *_cells(row.figures, places)) for row in shown.rows)
    title = f"By {', '.join(shown.by)}"
    return Table(title, _columns("role", *shown.by), rows, (), "none of it was posted")


def _projected(units: Iterable[ProjectedUnits]) -> Table:
    rows = tuple((one.kind, one.period, figure(one.units, 0), figure(one.unserved, 0)) for one in units)
    columns = (Column("kind"), Column("period"), Column("units", True), Column("beyond what is held", True))
    return Table("Projected units", columns, rows)


# ---- why -------------------------------------------------------------------------------------------------------------


def _causes(causes: Iterable[Cause], places: int) -> Table:
    rows = tuple((one.account, one.title, one.journal, *_cells(one.figures, places)) for one in causes)
    return Table("Differences by journal", _columns("account", "title", "journal"), rows, (), "no account differs")


def _ways(causes: Iterable[Cause]) -> Iterable[str]:
    """For each journal that differs, once, the way to the line of the scenario; then the largest difference."""
    told: set[str] = set()
    for one in causes:
        if one.journal not in told:
            told.add(one.journal)
            yield from _way(one)
    if not told:
        yield "there is no difference to lead on from"


def _way(cause: Cause) -> Iterable[str]:
    if cause.way is None:
        yield f"{cause.journal} reads nothing that is changed: it posts more or less because others did"
    else:
        for step in cause.way.steps:
            yield f"{step.reader} reads {step.read}   {step.place}"
        yield f"which the scenario changes: {cause.way.words}   {cause.way.place}"
    where = ", ".join(one for one in cause.place if one)
    largest = f"most of it in {cause.period}" + (f" at {where}" if where else "")
    yield f"{largest}; tieout explain {cause.line}" if cause.line else f"{largest}, where the books post nothing"


def _as_posted(held: AsPosted) -> Check:
    if not held.apart:
        return Check(True, f"{held.period} run again gives what its hard close posted")
    apart = ", ".join(f"{account} {amount:,f}" for account, amount in held.apart)
    why = "it was closed by the same texts" if held.same_rules else "it was closed by other texts of the rules"
    details = (f"posted less run again: {apart}", f"{why}; differences above are against the rules of today")
    return Check(False, f"{held.period} run again is not what its hard close posted", details)


# ---- as values -------------------------------------------------------------------------------------------------------


def _figures_json(figures: Compared) -> dict[str, Any]:
    names = ("as-it-is", "what-if", "difference")
    values: tuple[Decimal, ...] = (figures.as_it_is, figures.supposed, figures.difference)
    return {name: plain(value) for name, value in zip(names, values, strict=True)}


def _account_json(one: AccountChange) -> dict[str, Any]:
    return {"account": one.account, "title": one.title, "type": one.type, **_figures_json(one.figures)}


def _shown_json(shown: ShownTable) -> dict[str, Any]:
    rows = [
        {"role": row.role, **dict(zip(shown.by, row.keys, strict=True)), **_figures_json(row.figures)}
        for row in shown.rows
    ]
    return {"by": list(shown.by), "rows": rows}


def _cause_json(one: Cause) -> dict[str, Any]:
    place = {name: value for name, value in zip(DIMENSIONS, one.place, strict=True) if value}
    largest = {"period": one.period, **place, **_figures_json(one.largest), "line": one.line or None}
    return {
        "account": one.account,
        "title": one.title,
        "journal": one.journal,
        **_figures_json(one.figures),
        "largest": largest,
        "way": plain(one.way),
    }
