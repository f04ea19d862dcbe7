"""From a line that corrects closed periods to what they posted, what they come to now, and what became known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.identity import ruleset_hash
from engine.model.ruleset import Kind, Ruleset
from engine.plan.facts import Cutoff
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.posting.differences import AS_POSTED, AS_RECOMPUTED, DIFFERENCE, DIFFERENCES
from engine.plan.posting.postings import POSTING
from engine.plan.posting.reversals import REVERSAL
from engine.plan.posting.true_up import posted_lines
from engine.plan.relation import column, table
from engine.plan.world import World, date_literal
from engine.run.evidence import Evidence
from engine.run.explanation import SHOWN, Formula, LineExplanation, LineOfLedger, Recomputed, Source
from engine.run.facts_asked import delivered
from engine.run.grounds import segment_answers
from engine.run.said import identity, place, rule, text
from engine.run.shares import LINES


def corrects(line: LineOfLedger) -> bool:
    """Whether a line brings what closed periods posted to what they come to now."""
    return line.number > DIFFERENCE


def explain_correction(
    evidence: Evidence, line: LineOfLedger, rules: Ruleset, closed: Cutoff, everything: bool
) -> LineExplanation:
    """Explain such a line: `rules` posted what it corrects, `closed` is what the last hard close before its run knew.

    The facts shown are those of closed periods that it did not know, of what the line is about.
    """
    world = evidence.world
    journal = rules.journals[line.journal]
    number = (line.number - DIFFERENCE) % REVERSAL
    posting = posted_lines(rules, journal)[number - 1]
    before, after = _both_amounts(world, line.id)
    facts = _known_since(evidence, line, closed)
    account = world.ruleset.accounts.get(line.role)
    head = rules.head
    told = Recomputed(
        before, after, tuple(facts if everything else facts[:SHOWN]), len(facts),
        head.name, str(head.version), ruleset_hash(rules),
    )  # fmt: skip
    return LineExplanation(
        line=line,
        run=evidence.run,
        journal=rule(rules, "journal", journal),
        posting=Formula(f"line {number}", text(posting.span), place(posting.span), line.amount),
        swapped="",
        amounts=(),
        exact=None,
        when=(),
        basis=(),
        account=None if account is None else place(account.span),
        segments=tuple(segment_answers(world, line.id)),
        layers=(),
        layers_not_shown=0,
        sources=(),
        rest=(0, Decimal(0)),
        adds_up=abs(after - before) == line.amount,
        recomputed=told,
    )


def _both_amounts(world: World, line_id: str) -> tuple[Decimal, Decimal]:
    """What the line came to in its period, debits positive: as posted so far, and as recomputed; as booked where it has
    no amount."""
    names = [name for name, _ in POSTING]
    only = exp.EQ(this=column("id", "l"), expression=exp.Literal.string(line_id))
    same = [exp.NullSafeEQ(this=column(name, "d"), expression=column(name, "l")) for name in names]
    told = [AS_POSTED, AS_RECOMPUTED]
    booked = [f"{one} booked" for one in told]
    have = world.relation(DIFFERENCES).column_names
    shown = [column(one, "d") for one in ("amount", *told, *(booked if booked[0] in have else told))]
    query = exp.select(*shown).from_(table(DIFFERENCES, "d"))
    query = query.join(table(LINES, "l"), on=exp.and_(*same), copy=False).where(only)
    found = world.executor.rows(query)
    if not found:
        raise InternalError(f"line {line_id} corrects nothing")
    amount, *figures = (Decimal(str(one)) for one in found[0])
    # A difference of rates has no amount, and what it is booked at.
    return (figures[0], figures[1]) if amount else (figures[2], figures[3])


def _known_since(evidence: Evidence, line: LineOfLedger, closed: Cutoff) -> list[Source]:
    world = evidence.world
    about = dict(line.dimensions)
    found: list[tuple[Kind, dict[str, object]]] = []
    for kind in world.ruleset.kinds.values():
        on = kind.record.on
        if kind.told or on is None:
            continue
        names = [name for name, _ in kind.record.stored]
        late = [
            exp.LTE(this=column(on), expression=date_literal(closed.end)),
            exp.GT(this=column("publication"), expression=exp.Literal.number(str(closed.publication))),
        ]
        late += [
            exp.EQ(this=column(name), expression=exp.Literal.string(about[name]))
            for name in DIMENSIONS
            if name in about and name in names
        ]
        query = exp.select(*(column(one) for one in (*names, "fact"))).from_(table(f"input {kind.name}")).where(*late)
        rows = world.executor.rows(query.order_by(column(on), column("fact")))
        found += [(kind, dict(zip((*names, "fact"), row, strict=True))) for row in rows]
    wanted = {one for _, row in found if (one := delivered(row)) is not None}
    raw = evidence.raw(wanted)
    return [
        Source(
            fact=int(str(row["fact"])),
            kind=kind.name,
            identity=identity(kind.record.identity, str(row["identity"])),
            day=day if isinstance(day := row[kind.record.on or ""], date) else None,
            quantity=units if isinstance(units := row.get("quantity"), Decimal) else None,
            amount=Decimal(0),
            raw=raw.get(came) if (came := delivered(row)) is not None else None,
        )
        for kind, row in found
    ]
