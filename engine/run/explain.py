"""One ledger line explained: the rule and the line it came from, what was decided, the layers and the rows under it.

Reads what the run published and asks the few rules involved again, of the line's own facts; no close is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import Family
from engine.model.expression import Expression, ItemOf, LocalOf
from engine.model.ruleset import Journal, PostingLine, Ruleset
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.posting.true_up import posted_lines
from engine.plan.relation import column, table
from engine.plan.values.frames import carried_type
from engine.plan.values.substitute import parts
from engine.plan.world import World
from engine.run.basis import Asked, decimal_of, fraction, questions, read_values, read_when
from engine.run.evidence import SLICES, Evidence, RawRows, add_all_facts, numbered, reads_other_rows
from engine.run.explanation import (
    SHOWN,
    Formula,
    LayerShare,
    LineExplanation,
    LineOfLedger,
    Named,
    Place,
    RateUsed,
    Tested,
)
from engine.run.facts_asked import FactsAsked, delivered, rows_of
from engine.run.grounds import ORIGINS, carried_answers, own_answers, segment_answers
from engine.run.kept import kept_values
from engine.run.rates_used import home_currency, rates_used
from engine.run.recomputed_lines import corrects
from engine.run.rests_on import rests_on
from engine.run.reversed_lines import is_reversal
from engine.run.said import called, place, rule, said, text
from engine.run.served import asked_before
from engine.run.shared import reads_shares
from engine.run.shares import LINES, Share, shares_of_line
from engine.run.summed import summed_facts
from engine.run.unrounded import unrounded

ASKED = 2_000
"""Facts of a line about which rules are asked again; of a longer line, those with the largest shares."""

Layers = Mapping[int, Mapping[str, object]]


class UnknownLineError(Exception):
    """The run has no line of that name."""


def explain_line(evidence: Evidence, line_id: str, everything: bool = False) -> LineExplanation:
    """Explain a line of a run; `everything` shows all sources and layers. UnknownLineError where the run has no such
    line."""
    world, raw = evidence.world, evidence.raw
    line = read_line(world, line_id)
    journal = world.ruleset.journals[line.journal]
    posting = posted_lines(world.ruleset, journal)[line.number - 1]
    shares = shares_of_line(world, journal, line.number, line_id)
    by_fact = _by_fact(shares)
    limit = len(by_fact) if everything else SHOWN
    chosen = by_fact[: max(ASKED, limit)]
    asked_shares = [share for _, of_fact in chosen for share in of_fact]
    facts = FactsAsked(world, journal.grain, asked_shares, raw, world.calendar.period(line.origin))
    asked = facts.asked()
    layers = layers_of_shares(world, asked_shares)
    read = questions(world.ruleset, (journal.when, journal.locals, posting.value, posting.role), journal.grain)
    carried = tuple(world.ruleset.amounts.get(one) for one in read.carried)
    shared = reads_shares(world, (journal, carried))
    if reads_other_rows(tuple(read.nodes)) or shared or journal.grain.form == "keys":
        add_all_facts(world, evidence.cutoff)
    amounts, exact = _worked_out(world, journal, line, posting, asked, len(chosen) == len(by_fact))
    total = sum((share.amount for share in shares), Decimal(0))
    rest = [share.amount for _, of_fact in by_fact[limit:] for share in of_fact]
    units = _layer_shares(facts, asked_shares, layers, read.carried, raw)
    basis = carried_answers(facts, read.carried, names_of_layers(layers))
    return LineExplanation(
        line=line,
        run=evidence.run,
        journal=rule(world.ruleset, "journal", journal),
        posting=Formula(f"line {line.number}", text(posting.span), place(posting.span), line.amount),
        swapped=_swapped(line, posting, shares),
        amounts=amounts,
        exact=exact,
        when=_when(asked, journal),
        basis=(*basis, *(own_answers(world, asked, read) if asked is not None else ())),
        account=_account(world.ruleset, line.role),
        segments=tuple(segment_answers(world, line_id)),
        layers=units if everything else units[:SHOWN],
        layers_not_shown=0 if everything else max(0, len(units) - SHOWN),
        sources=facts.sources(by_fact[:limit]),
        rest=(len(by_fact[limit:]), sum(rest, Decimal(0))),
        adds_up=total == line.amount,
        summed=summed_facts(world, raw, journal, line, posting, None if everything else SHOWN),
        overrides=rests_on(facts, journal, line, asked, read),
    )


def read_line(world: World, line_id: str) -> LineOfLedger:
    """A line as it was posted; UnknownLineError."""
    names = world.relation(LINES).column_names
    only = exp.EQ(this=column("id"), expression=exp.Literal.string(line_id))
    rows = world.executor.rows(exp.select(*(column(one) for one in names)).from_(table(LINES)).where(only))
    if not rows:
        raise UnknownLineError(line_id)
    row = dict(zip(names, rows[0], strict=True))
    tables = [item for item in world.ruleset.tables.values() if item.grain.form == "lines"]
    segments = [name for item in tables for name, _ in item.outputs]
    amount = row["amount"]
    if not isinstance(amount, Decimal):
        raise InternalError(f"line {line_id} has no amount")

    def those(names_: Sequence[str]) -> Named:
        return tuple((one, str(row[one])) for one in names_ if row.get(one) is not None)

    side, role, currency, of_period, origin, journal = (
        str(row[name] or "") for name in ("side", "role", "currency", "period", "origin", "journal")
    )
    line = LineOfLedger(
        id=line_id,
        account=str(row["account"] or ""),
        title=str(row["account.title"] or ""),
        amount=amount,
        number=int(str(row["line"])),
        dimensions=those(DIMENSIONS),
        segments=those(segments),
        side=side,
        role=role,
        currency=currency,
        period=of_period,
        origin=origin,
        journal=journal,
    )
    booked = row.get("booked")
    return line if not isinstance(booked, Decimal) else _as_booked(world, line, row["company"], booked)


def _as_booked(world: World, line: LineOfLedger, company: object, booked: Decimal) -> LineOfLedger:
    """The line with what it is booked at and the rates that led there."""
    home = home_currency(world, company)
    rates: tuple[RateUsed, ...] = ()
    if not is_reversal(line) and not corrects(line):
        journal = world.ruleset.journals[line.journal]
        rates = tuple(rates_used(world, journal, line.number, line.id, (line.currency, home)))
    if line.amount == 0:
        return replace(line, amount=booked, currency=home, rates=rates)
    return line if line.currency == home else replace(line, booked=booked, home=home, rates=rates)


def _by_fact(shares: Sequence[Share]) -> list[tuple[int | None, list[Share]]]:
    """The shares of each fact together, the fact with the largest share first; rows that are no facts each apart."""
    grouped: dict[object, list[Share]] = {}
    for index, share in enumerate(shares):
        grouped.setdefault(("row", index) if share.fact is None else share.fact, []).append(share)
    found = [(one[0].fact, one) for one in grouped.values()]
    return sorted(found, key=lambda one: (-sum(share.amount for share in one[1]), one[0] or 0))


def _swapped(line: LineOfLedger, posting: PostingLine, shares: Sequence[Share]) -> str:
    """Why a line is on the other side than its journal says."""
    if line.side == posting.side:
        return ""
    return "units came back" if any(share.returning for share in shares) else "its amount is negative"


def _account(ruleset: Ruleset, role: str) -> Place | None:
    """Where the chart gives a role its account."""
    account = ruleset.accounts.get(role)
    return None if account is None else place(account.span)


def _when(asked: Asked | None, journal: Journal) -> tuple[Tested, ...]:
    """The tests of the journal's `when` for one of the line's rows."""
    if asked is None or journal.when is None:
        return ()
    return next(iter(read_when(asked, journal.when).values()), ())


# ---- what the line says ----------------------------------------------------------------------------------------------


def _worked_out(
    world: World, journal: Journal, line: LineOfLedger, posting: PostingLine, asked: Asked | None, whole: bool
) -> tuple[tuple[Formula, ...], Decimal | None]:
    """The amounts a line reads, money added up over its rows, and its exact amount; figures only where all rows are
    there."""
    found: dict[str, tuple[Formula, Expression]] = {}
    _read_amounts(world.ruleset, journal, posting.value, found)
    if journal.grain.form == "keys":
        return kept_values(world, journal, line, posting, [formula for formula, _ in found.values()]), None
    if asked is None or not whole:
        return tuple(formula for formula, _ in found.values()), None
    summed = [(name, node) for name, (_, node) in found.items() if node.type.family is Family.MONEY]
    totals = _added_up(world, asked, [(one.name, one.value) for one in journal.locals], summed)
    formulas = tuple(
        replace(formula, value=decimal_of(totals[name])) if name in totals else formula
        for name, (formula, _) in found.items()
    )
    return formulas, _exact(world, journal, posting, asked)


def _added_up(
    world: World, asked: Asked, locals_: Sequence[tuple[str, Expression]], wanted: Sequence[tuple[str, Expression]]
) -> dict[str, Fraction]:
    """What expressions come to over rows; of facts that got more of a limit in this run only the difference posted."""
    totals: dict[str, Fraction] = {}
    before = asked_before(world, asked)
    for sign, rows in ((1, asked), *(((-1, before),) if before is not None else ())):
        for row in read_values(rows, locals_, wanted).values():
            for name, value in row.items():
                totals[name] = totals.get(name, Fraction(0)) + sign * value
    return totals


def _read_amounts(
    ruleset: Ruleset, journal: Journal, node: object, found: dict[str, tuple[Formula, Expression]]
) -> None:
    """Local and named amounts that a text reads, in order of reading, each once."""
    for part in parts(node):
        if isinstance(part, LocalOf) and part.name not in found:
            local = next(one for one in journal.locals if one.name == part.name)
            found[part.name] = (Formula(part.name, text(local.value.span), place(local.span)), part)
            _read_amounts(ruleset, journal, local.value, found)
        elif isinstance(part, ItemOf) and part.item in ruleset.amounts and part.item not in found:
            amount = ruleset.amounts[part.item]
            found[part.item] = (Formula(part.item, text(amount.value.span), place(amount.span)), part)
            _read_amounts(ruleset, journal, (amount.value, *(one.value for one in amount.exceptions)), found)


def _exact(world: World, journal: Journal, posting: PostingLine, asked: Asked) -> Decimal | None:
    """The line's amount had nothing been rounded; None where that would need more digits than are kept exactly."""
    ruleset = world.ruleset
    world.ruleset = replace(ruleset, amounts={name: unrounded(one) for name, one in ruleset.amounts.items()})
    try:
        locals_ = [(one.name, unrounded(one.value)) for one in journal.locals]
        exact = [("exact", unrounded(posting.value))]
        rows = list(read_values(asked, locals_, exact).values())
        total = _added_up(world, asked, locals_, exact)
    except InternalError:
        return None
    finally:
        world.ruleset = ruleset
    if not all("exact" in row for row in rows):
        return None
    return abs(decimal_of(total.get("exact", Fraction(0))))


# ---- layers ----------------------------------------------------------------------------------------------------------


def layers_of_shares(world: World, shares: Sequence[Share]) -> Layers:
    """The layers that shares took units from, by number, with what they carried when they opened."""
    wanted = sorted({share.layer for share in shares if share.layer is not None})
    if not wanted or not world.has(ORIGINS):
        return {}
    names = world.relation(ORIGINS).column_names
    among = exp.In(this=column("layer"), expressions=[exp.Literal.number(str(one)) for one in wanted])
    query = exp.select(*(column(name) for name in names)).from_(table(ORIGINS)).where(among)
    rows = [dict(zip(names, row, strict=True)) for row in world.executor.rows(query)]
    return {int(str(row["layer"])): row for row in rows}


def names_of_layers(layers: Layers) -> dict[int, tuple[str, str]]:
    """The opening kind and the identity of each layer."""
    return {layer: (str(row["opening-kind"]), str(row["identity"])) for layer, row in layers.items()}


def _layer_shares(
    facts: FactsAsked, shares: Sequence[Share], layers: Layers, names: Sequence[str], raw: RawRows
) -> tuple[LayerShare, ...]:
    """Units by layer and by what they carried before the event, the largest amount first."""
    world = facts.world
    slices = _slice_values(world, shares)
    grouped: dict[tuple[int, Named], list[Share]] = {}
    for share in shares:
        if share.layer is not None and share.layer in layers:
            row = {**layers[share.layer], **slices.get(share.key, {})}
            grouped.setdefault((share.layer, _carried(world, row, names)), []).append(share)
    opened = _opening_rows(facts, layers)
    found_raw = raw({one for one in map(delivered, opened.values()) if one is not None})
    found: list[LayerShare] = []
    for (layer, carried), of_layer in grouped.items():
        joined = (str(layers[layer]["opening-kind"]), str(layers[layer]["identity"]))
        where = delivered(opened[joined]) if joined in opened else None
        found.append(
            LayerShare(
                of=called(*joined),
                opened=layers[layer]["opened"],  # type: ignore[arg-type]  # a column of dates
                stretch=(
                    min(one.start or Decimal(0) for one in of_layer),
                    max(one.end or Decimal(0) for one in of_layer),
                ),
                quantity=sum((one.quantity or Decimal(0) for one in of_layer), Decimal(0)),
                amount=sum((one.amount for one in of_layer), Decimal(0)),
                carried=carried,
                raw=None if where is None else found_raw.get(where),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.amount, one.of, one.stretch)))


def _opening_rows(facts: FactsAsked, layers: Layers) -> dict[tuple[str, str], Mapping[str, object]]:
    """The facts that opened layers, by kind and identity."""
    by_kind: dict[str, set[str]] = {}
    for kind, joined in names_of_layers(layers).values():
        by_kind.setdefault(kind, set()).add(joined)
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    for kind, identities in sorted(by_kind.items()):
        for row in rows_of(facts.world, facts.openings(kind, identities)).values():
            found[(kind, str(row["identity"]))] = row
    return found


def _slice_values(world: World, shares: Sequence[Share]) -> dict[tuple[object, ...], dict[str, object]]:
    """What the units of slices carried before their events, by share, under the layer's own names."""
    if not world.has(SLICES):
        return {}
    own = ("event", "layer", "layer.from", "returning", "settling")
    names = [one for one in world.relation(SLICES).column_names if one.startswith("layer.") and one not in own]
    names = [one for one in names if one != "layer.to"]
    facts = sorted({share.fact for share in shares if share.fact is not None})
    if not names or not facts:
        return {}
    query = exp.select(*(column(one, "s") for one in (*own, *names))).from_(table(SLICES, "s"))
    rows = world.executor.rows(query.where(numbered(facts)("s")))
    return {
        tuple(row[: len(own)]): {
            name.removeprefix("layer."): value for name, value in zip(names, row[len(own) :], strict=True)
        }
        for row in rows
    }


def _carried(world: World, row: Mapping[str, object], names: Sequence[str]) -> Named:
    """Carried names with their values; a quotient as a decimal."""
    found: list[tuple[str, str]] = []
    for name in names:
        value, over = row.get(name), row.get(f"{name}:over")
        if isinstance(value, Decimal) and isinstance(over, Decimal) and over:
            value = decimal_of(fraction(value) / fraction(over))
        found.append((name, said(value, carried_type(world, name))))
    return tuple(found)
