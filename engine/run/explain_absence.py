"""Why a fact posts nothing in a run: what left it out, or which test of which journal did not hold; else its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from engine.model.expression import Grain, TestsOf
from engine.model.ruleset import Adjustment, Journal, Kind
from engine.plan.adjust import effect_name
from engine.plan.posting.journal import posts_within
from engine.plan.posting.true_up import posted_lines
from engine.plan.relation import column, table
from engine.plan.values.frames import fact_frame, layers_of
from engine.plan.values.limits import is_limited
from engine.plan.world import World
from engine.run.basis import Asked, Questions, questions, read_when
from engine.run.evidence import SLICES, Evidence, add_all_facts, add_slices, numbered, reads_other_rows
from engine.run.explain import layers_of_shares, names_of_layers, read_line
from engine.run.explanation import Answer, FactExplanation, Posted, Reason
from engine.run.facts_asked import FactsAsked, adjustments_of
from engine.run.grounds import carried_answers, own_answers, table_answers
from engine.run.overridden import of_rows, said_of
from engine.run.said import number, rule, said
from engine.run.shares import KEYS, Share, lines_of_facts, share_of

Found = tuple[tuple[Reason, ...], tuple[Answer, ...]]
"""Reasons, and what was decided behind them."""

NOTHING = Decimal(0)


def explain_facts(evidence: Evidence, kind: str, facts: Sequence[int]) -> list[FactExplanation]:
    """What became of some facts of one kind in a run; an evidence serves one kind."""
    world = evidence.world
    journals = _journals_of(world, kind)
    reads = [questions(world.ruleset, (one.when,), one.grain).nodes for one in journals]
    if reads_other_rows(tuple(tuple(one) for one in reads)):
        add_all_facts(world, evidence.cutoff)
    add_slices(world, facts)
    shares = {fact: Share(fact, None, None, None, None, None, False, False, kind, NOTHING) for fact in facts}
    asked = FactsAsked(world, Grain("rows", (kind,), (), (), ""), list(shares.values()), evidence.raw)
    posted = lines_of_facts(world, facts)
    found: list[FactExplanation] = []
    for fact, source in zip(facts, asked.sources([(one, [shares[one]]) for one in facts]), strict=True):
        lines = tuple(_posted(world, line, amount) for line, amount in posted.get(fact, ()))
        reasons, basis = _Absence(evidence, world.ruleset.kinds[kind], fact, asked, journals).reasons(bool(lines))
        found.append(FactExplanation(source, evidence.run, lines, reasons, basis))
    return found


def _journals_of(world: World, kind: str) -> list[Journal]:
    """The journals that could post facts of a kind."""
    return [
        one
        for one in world.ruleset.journals.values()
        if (one.grain.form == "rows" and kind in one.grain.rows)
        or (one.grain.form == "slices" and kind in one.grain.touched)
    ]


def _posted(world: World, line_id: str, amount: Decimal) -> Posted:
    line = read_line(world, line_id)
    return Posted(line_id, line.side, line.account, line.title, line.journal, amount)


class _Absence:
    """The search for reasons of one fact, in the order in which a run would have left it out."""

    def __init__(
        self, evidence: Evidence, kind: Kind, fact: int, facts: FactsAsked, journals: Sequence[Journal]
    ) -> None:
        self._evidence = evidence
        self._world = evidence.world
        self._kind = kind
        self._fact = fact
        self._facts = facts
        self._journals = journals
        self._slices = self._read_slices()

    def reasons(self, has_lines: bool) -> Found:
        """Why it posts nothing; of a fact with lines only what keeps a part of it back."""
        waiting = self._waiting()
        if has_lines:
            return waiting, ()
        for search in (self._left_out, self._stated, self._ignored):
            found = search()
            if found[0]:
                return found
        if not self._journals:
            return (Reason(self._only_moves(), rule(self._world.ruleset, "kind", self._kind)),), ()
        if waiting and not self._slices:
            return waiting, ()
        told: list[Reason] = []
        grounds: list[Answer] = []
        for journal in self._journals:
            reason, basis = self._not_posted(journal)
            told.append(reason)
            grounds += [one for one in basis if one not in grounds]
        return (*waiting, *told), tuple(grounds)

    def _row(self) -> dict[str, object]:
        found = self._facts.row(self._fact)
        return {} if found is None else dict(found[1])

    # ---- before any journal ------------------------------------------------------------------------------------------

    def _left_out(self) -> Found:
        """Left out by an adjustment of this run, or of a closed period."""
        world = self._world
        for one in adjustments_of(world, self._kind.name, "excluded"):
            is_twin = one.action.form == "exclude-twin"
            names = ["fact", "kept"] if is_twin else ["fact"]
            query = exp.select(*(column(name, "x") for name in names)).from_(table(effect_name(one), "x"))
            for row in world.executor.rows(query.where(numbered([self._fact])("x"))):
                told = "it is left out by an adjustment"
                if is_twin:
                    twin = self._facts.described(self._kind.name, int(str(row[1])))
                    told = f"it is left out as a twin of {twin}, which stays"
                return (Reason(told, rule(world.ruleset, "adjustment", one)),), ()
        for one in adjustments_of(world, self._kind.name, "parted"):
            parts = self._parts(one)
            if parts:
                does = "split into" if one.action.form == "split" else "replaced by"
                told = f"{len(parts)} of {self._kind.name}: {', '.join(parts)}"
                return (Reason(f"it is {does} {told}", rule(world.ruleset, "adjustment", one)),), ()
        if "handed excluded" in world.given:
            same = [
                exp.EQ(this=column("kind"), expression=exp.Literal.string(self._kind.name)),
                exp.EQ(this=column("identity"), expression=exp.Literal.string(str(self._row().get("identity")))),
            ]
            if world.executor.rows(exp.select(column("identity")).from_(table("handed excluded")).where(*same)):
                return (Reason("an adjustment of a closed period left it out, or put others in its place"),), ()
        return (), ()

    def _parts(self, adjustment: Adjustment) -> list[str]:
        """The facts that an adjustment put in the fact's place, each by what it has of its own and its units."""
        register = self._world.ruleset.registers.get(adjustment.action.name)
        own = self._kind.record.on or "" if register is None else register.record.identity[1]
        query = exp.select(column(own), column("quantity")).from_(table(effect_name(adjustment)))
        query = query.where(exp.EQ(this=column("made-from"), expression=exp.Literal.number(str(self._fact))))
        rows = self._world.executor.rows(query.order_by(column(own)))
        return [f"{part} {said(units)}" for part, units in rows]

    def _stated(self) -> Found:
        """A count is compared; what follows from the comparison are facts of their own."""
        if self._kind.form != "states":
            return (), ()
        world, row = self._world, self._row()
        basis: list[Answer] = []
        overridden: list[Reason] = []
        for found in world.ruleset.reconciliations.values():
            if found.reported_kind == self._kind.name and row and world.has(found.name):
                key = tuple(
                    world.period.name if one.name == "period" else row.get(one.name) for one in found.grain.keys
                )
                tables = [one for one in world.ruleset.tables.values() if one.grain.rows == (found.name,)]
                basis += [answer for one in tables for answer in table_answers(world, found, one, [key])]
                keys = {one.name: row.get(one.name) for one in found.grain.keys}
                overridden += [
                    Reason(f"its row is overridden: {said_of(one)}, by {one.override} of {one.proposed_by}")
                    for one in of_rows(world, [(found.name, keys)])
                ]
        told = f"it states how many units there are in {self._kind.target or self._kind.source}: it is compared"
        return (Reason(told, rule(world.ruleset, "kind", self._kind)), *overridden), tuple(basis)

    def _ignored(self) -> Found:
        """A mark that layers ignore, and the decision that says so."""
        world, mark = self._world, self._row().get("mark")
        if mark is None or not world.ruleset.layers:
            return (), ()
        layers = layers_of(world)
        if self._kind.name not in (*layers.opening_kinds, *layers.leaving_kinds, *layers.returning_kinds):
            return (), ()
        relation, key = self._facts.relation(self._kind.name), (self._fact,)
        for tests in (tests for word, tests in layers.ignores if word == mark):
            asked = Asked(
                lambda: fact_frame(world, self._kind.name, relation),
                layers.grain,
                ("fact",),
                frozenset({key}),
                {key: ""},
            )
            held = read_when(asked, tests).get(key, ())
            if held and all(one.holds for one in held):
                told = f"layers `{layers.name}` ignore facts marked {mark}"
                read = questions(world.ruleset, (tests,), layers.grain)
                return (Reason(told, rule(world.ruleset, "layers", layers), held),), tuple(
                    own_answers(world, asked, read)
                )
        return (), ()

    def _waiting(self) -> tuple[Reason, ...]:
        """Units that no layer held yet when they were sold."""
        world, sold = self._world, self._row().get("quantity")
        if not world.has("event") or not isinstance(sold, Decimal):
            return ()
        if self._kind.name not in layers_of(world).leaving_kinds:
            return ()
        query = exp.select(column("event", "e")).from_(table("event", "e")).where(numbered([self._fact])("e"))
        placed = sum((one.quantity or NOTHING for one in self._slices if not one.settling), NOTHING)
        if placed >= sold or not world.executor.rows(query):
            return ()
        short = f"{number(sold - placed)} of its {number(sold)} units wait for the next receipt"
        return (Reason(f"{short}: more were sold than held", rule(world.ruleset, "layers", layers_of(world))),)

    def _only_moves(self) -> str:
        kind = self._kind
        if kind.form != "moves":
            return f"no journal posts facts of kind {kind.name}; rules read them"
        covered = [one for one in self._world.ruleset.layers.values() if {kind.source, kind.target} <= set(one.buckets)]
        inside = f", both inside layers `{covered[0].name}`, so no value moves" if covered else ""
        return (
            f"no journal posts facts of kind {kind.name}: they move units from {kind.source} to {kind.target}{inside}"
        )

    # ---- journals ----------------------------------------------------------------------------------------------------

    def _read_slices(self) -> list[Share]:
        """The slices that the fact touched, as shares of nothing."""
        world = self._world
        if not world.has(SLICES):
            return []
        names = [name for name, _ in KEYS]
        query = exp.select(*(column(name, "s") for name in names)).from_(table(SLICES, "s"))
        query = query.where(numbered([self._fact])("s")).order_by(*(column(name, "s") for name in names))
        return [share_of((*row, NOTHING)) for row in world.executor.rows(query)]

    def _not_posted(self, journal: Journal) -> tuple[Reason, list[Answer]]:
        """Why one journal has nothing of the fact: the tests that did not hold, and what was decided behind them."""
        world, about = self._world, rule(self._world.ruleset, "journal", journal)
        if not posts_within(journal, world):
            return Reason(f"journal `{journal.name}` is not in effect in {world.period.name}", about), []
        by_slices = journal.grain.form == "slices"
        if by_slices and not self._slices:
            return Reason(f"journal `{journal.name}` posts units of layers, and it touched none", about), []
        facts = FactsAsked(world, journal.grain, self._slices, self._evidence.raw) if by_slices else self._facts
        whole = facts.asked()
        keys = frozenset(one.key for one in self._slices) if by_slices else frozenset({(self._fact,)})
        asked = None if whole is None else replace(whole, wanted=keys, grain=journal.grain)
        if asked is None or journal.when is None:
            return self._nothing(journal, asked)
        for held in read_when(asked, journal.when).values():
            failed = [test for test, one in zip(journal.when.tests, held, strict=True) if not one.holds]
            if len(failed) == len(held) or (failed and journal.when.joined != "or"):
                told = tuple(one for one in held if not one.holds)
                read = questions(world.ruleset, (TestsOf(tuple(failed), "and"),), journal.grain)
                layers = names_of_layers(layers_of_shares(world, self._slices))
                basis = [*carried_answers(facts, read.carried, layers), *own_answers(world, asked, read)]
                return Reason(f"journal `{journal.name}` does not post it", about, told), basis
        return self._nothing(journal, asked)

    def _nothing(self, journal: Journal, asked: Asked | None) -> tuple[Reason, list[Answer]]:
        """A journal whose lines come to nothing for the fact, with what a limit that was used up had left."""
        world, about = self._world, rule(self._world.ruleset, "journal", journal)
        reason = Reason(f"what journal `{journal.name}` would post of it comes to nothing", about)
        if asked is None:
            return reason, []
        values = tuple(line.value for line in posted_lines(world.ruleset, journal))
        read = questions(world.ruleset, (journal.locals, values), journal.grain)
        limited = [one for one in read.own if is_limited(world.ruleset, one.node.item)]
        return reason, own_answers(world, asked, Questions(own=limited))
