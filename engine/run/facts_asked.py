"""The facts under a line, or those asked about: as the run had them, with the delivered rows they came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlglot import exp

from engine.ledger.calendar import Period
from engine.model.expression import Grain
from engine.model.ruleset import Adjustment, Kind
from engine.model.schema import IDENTITY_SEPARATOR
from engine.plan.adjust import EFFECTS, effect_name
from engine.plan.relation import column, table
from engine.plan.world import World
from engine.run.basis import Asked, Key
from engine.run.evidence import Delivered, RawRows, add_facts, add_slices, asked_frame, identified, numbered
from engine.run.explanation import RawRow, Rule, Source, Twin
from engine.run.said import called, identity, rule, said
from engine.run.shares import Share

Row = Mapping[str, object]
SLICE_KEYS = ("event", "layer", "layer.from", "returning", "settling")


class FactsAsked:
    """Facts of one grain, looked up once; made for one explanation, so relations of the world are made once.

    `period` is the one that rows for each fact and period are asked of, where it is not the one that is closed.
    """

    def __init__(
        self, world: World, grain: Grain, shares: Sequence[Share], raw: RawRows, period: Period | None = None
    ) -> None:
        self.world = world
        self._period = period
        self.grain = grain
        self.shares = shares
        self._raw = raw
        self._found: dict[str, str] = {}
        self._rows: dict[int, tuple[str, Row]] = {}
        self._is_of_facts = grain.form == "slices" or (grain.form == "rows" and grain.rows[0] in world.ruleset.kinds)
        if self._is_of_facts:
            self._look_up()

    def _look_up(self) -> None:
        ruleset = self.world.ruleset
        by_kind: dict[str, set[int]] = {one: set() for one in self.grain.touched or self.grain.rows[:1]}
        for share in self.shares:
            if share.fact is not None:
                by_kind.setdefault(share.kind or self.grain.rows[0], set()).add(share.fact)
        for name, facts in by_kind.items():
            relation = f"{name} asked"
            if not self.world.has(relation):
                add_facts(self.world, ruleset.kinds[name], relation, numbered(sorted(facts)), waiting=True)
            self._found[name] = relation
            self._rows.update({fact: (name, row) for fact, row in rows_of(self.world, relation).items()})
        if self.grain.form == "slices":
            add_slices(self.world, sorted({fact for facts in by_kind.values() for fact in facts}))

    def row(self, fact: int) -> tuple[str, Row] | None:
        """The kind of a fact and its fields; None where it was not found."""
        return self._rows.get(fact)

    def relation(self, kind: str) -> str:
        """The relation of a kind's facts among them."""
        return self._found[kind]

    def described(self, kind: str, fact: int) -> str:
        """What another fact is called, and where it was delivered."""
        rows = self._others(kind, f"{kind} {fact}", [fact])
        if fact not in rows:
            return f"a {kind}"
        where = delivered(rows[fact])
        raw = {} if where is None else self._raw([where])
        name = called(kind, str(rows[fact]["identity"]))
        return f"{name} ({raw[where].file} row {raw[where].row})" if where is not None and where in raw else name

    def asked(self) -> Asked | None:
        """The shares as rows that questions are asked of; None where the grain's rows are neither facts nor slices."""
        if not self._is_of_facts:
            return None
        keys = SLICE_KEYS if self.grain.form == "slices" else ("fact",)
        names: dict[Key, str] = {}
        for share in self.shares:
            found = self._rows.get(share.fact) if share.fact is not None else None
            names[share.key] = "" if found is None else called(found[0], str(found[1]["identity"]))
        return Asked(
            lambda: asked_frame(self.world, self.grain, self._found, self._period),
            self.grain,
            keys,
            frozenset(names),
            names,
        )

    def openings(self, kind: str, identities: Iterable[str]) -> str:
        """The relation of the facts that opened some layers."""
        name = f"{kind} opened"
        if not self.world.has(name):
            add_facts(self.world, self.world.ruleset.kinds[kind], name, identified(identities))
        return name

    # ---- sources -----------------------------------------------------------------------------------------------------

    def sources(self, chosen: Sequence[tuple[int | None, Sequence[Share]]]) -> tuple[Source, ...]:
        """Facts with their share of a line, as people read them."""
        facts = [fact for fact, _ in chosen if fact is not None and fact in self._rows]
        twins = self._twins(facts)
        origins = self._origins(facts)
        loaded = self._loaded_days(facts)
        rows = [row for _, row in (self._rows[fact] for fact in facts)]
        rows += [row for _, _, row in twins.values()] + [row for _, row in origins.values()]
        raw = self._raw({one for one in map(delivered, rows) if one is not None})
        return tuple(self._source(fact, of_fact, twins, origins, loaded, raw) for fact, of_fact in chosen)

    def _source(
        self,
        fact: int | None,
        shares: Sequence[Share],
        twins: Mapping[int, tuple[int, Rule, Row]],
        origins: Mapping[int, tuple[str, Row]],
        loaded: Mapping[int, date],
        raw: Mapping[Delivered, RawRow],
    ) -> Source:
        amount = sum((share.amount for share in shares), Decimal(0))
        if fact is None or fact not in self._rows:
            keys = ", ".join(key.name for key in self.grain.keys)
            name = shares[0].kind or " and ".join(self.grain.rows) or f"each {keys}"
            return Source(fact, name, (), None, None, amount, None)
        kind_name, row = self._rows[fact]
        kind = self.world.ruleset.kinds[kind_name]
        units = [share.quantity for share in shares if share.quantity is not None]
        stored = row.get("quantity")
        quantity = sum(units, Decimal(0)) if units else stored if isinstance(stored, Decimal) else None
        on = row.get(kind.record.on or "")
        made_by = self.world.ruleset.adjustments.get(str(row["made-by"]))
        origin = origins.get(fact)
        moved_by, loaded_day = self._moved(kind, fact, on, loaded)
        return Source(
            fact=fact,
            kind=kind_name,
            identity=_identity(kind, row),
            day=on if isinstance(on, date) else None,
            quantity=quantity,
            amount=amount,
            raw=_raw_of(row, raw),
            made_by=None if made_by is None else rule(self.world.ruleset, "adjustment", made_by),
            made_from="" if made_by is None else self._made_from(made_by, row, origin),
            made_from_raw=None if origin is None else _raw_of(origin[1], raw),
            moved_by=moved_by,
            loaded_day=loaded_day,
            twins=tuple(
                Twin(called(kind_name, str(other["identity"])), by, _raw_of(other, raw))
                for kept, by, other in twins.values()
                if kept == fact
            ),
        )

    def _moved(self, kind: Kind, fact: int, on: object, loaded: Mapping[int, date]) -> tuple[Rule | None, date | None]:
        """The adjustment that gave a fact another day, and the day it was loaded with."""
        day = loaded.get(fact)
        if day is None or day == on:
            return None, None
        for one in adjustments_of(self.world, kind.name, "dated"):
            if fact in self._facts_in(one):
                return rule(self.world.ruleset, "adjustment", one), day
        return None, day

    def _facts_in(self, adjustment: Adjustment) -> set[object]:
        query = exp.select(column("fact")).from_(table(effect_name(adjustment)))
        among = numbered(sorted(self._rows))("adjusted")
        rows = exp.select(column("fact", "adjusted")).from_(query.subquery("adjusted")).where(among)
        return {one[0] for one in self.world.executor.rows(rows)}

    def _loaded_days(self, facts: Sequence[int]) -> dict[int, date]:
        """The day each loaded fact had in its file, of kinds whose days may be changed."""
        found: dict[int, date] = {}
        for name in {self._rows[fact][0] for fact in facts}:
            kind = self.world.ruleset.kinds[name]
            is_dated = adjustments_of(self.world, name, "dated") or "handed dated" in self.world.given
            if kind.record.on and is_dated:
                query = exp.select(column("fact", "i"), column(kind.record.on, "i")).from_(table(f"input {name}", "i"))
                rows = self.world.executor.rows(query.where(numbered(sorted(facts))("i")))
                found.update({int(str(fact)): day for fact, day in rows if isinstance(day, date)})
        return found

    def _twins(self, facts: Sequence[int]) -> dict[int, tuple[int, Rule, Row]]:
        """Facts left out because of some that stay: by their number the fact that stays, the rule, their fields."""
        found: dict[int, tuple[int, Rule, Row]] = {}
        for name in sorted({self._rows[fact][0] for fact in facts}):
            for one in adjustments_of(self.world, name, "excluded"):
                if one.action.form != "exclude-twin":
                    continue
                query = exp.select(column("fact", "x"), column("kept", "x")).from_(table(effect_name(one), "x"))
                kept = exp.In(this=column("kept", "x"), expressions=[exp.Literal.number(str(fact)) for fact in facts])
                pairs = {int(str(fact)): int(str(stays)) for fact, stays in self.world.executor.rows(query.where(kept))}
                rows = self._others(name, f"{one.name} left out", sorted(pairs))
                by = rule(self.world.ruleset, "adjustment", one)
                found.update({fact: (pairs[fact], by, row) for fact, row in rows.items()})
        return found

    def _origins(self, facts: Sequence[int]) -> dict[int, tuple[str, Row]]:
        """For facts that adjustments made from another fact, the one that was loaded: parts may be parted again."""
        found: dict[int, tuple[str, Row]] = {}
        waiting = {fact: self._rows[fact] for fact in facts}
        hops = 0
        while waiting:
            hops += 1
            wanted: dict[str, dict[int, int]] = {}
            for fact, (_, row) in waiting.items():
                made_by, origin = self.world.ruleset.adjustments.get(str(row["made-by"])), row["made-from"]
                if made_by is not None and isinstance(origin, int):
                    wanted.setdefault(made_by.grain.rows[0], {})[fact] = origin
            waiting = {}
            for name, pairs in wanted.items():
                rows = self._others(name, f"{name} made from, {hops}", sorted(set(pairs.values())))
                waiting.update({fact: (name, rows[origin]) for fact, origin in pairs.items() if origin in rows})
            found.update(waiting)
        return found

    def _others(self, kind: str, name: str, facts: Sequence[int]) -> dict[int, Row]:
        if not facts:
            return {}
        return rows_of(self.world, add_facts(self.world, self.world.ruleset.kinds[kind], name, numbered(facts)))

    def _made_from(self, made_by: Adjustment, row: Row, origin: tuple[str, Row] | None) -> str:
        """What an adjustment made a fact from, in words."""
        if origin is not None:
            return called(origin[0], str(origin[1]["identity"]))
        ruleset = self.world.ruleset
        back = _parts(row)[0] == "reversal"
        named_keys = _keys_made_from(made_by, row)
        words = ", ".join(f"{name} {value}" for name, value in named_keys if value)
        words = f"{made_by.grain.rows[0]} {words}" if made_by.grain.rows else words
        if made_by.grain.rows and made_by.grain.rows[0] in ruleset.reconciliations:
            words += self._compared(made_by.grain.rows[0], dict(named_keys))
        return f"taking back what was made from {words}" if back else words

    def rows_made_from(self, facts: Iterable[int]) -> list[tuple[str, Mapping[str, str]]]:
        """The rows of reconciliations that adjustments made some facts from, by the keys that have a value."""
        found: list[tuple[str, Mapping[str, str]]] = []
        for _, row in (self._rows[fact] for fact in facts if fact in self._rows):
            made_by = self.world.ruleset.adjustments.get(str(row["made-by"]))
            if made_by is not None and made_by.grain.rows[:1] == (made_by.reconciliation,):
                keys = {name: value for name, value in _keys_made_from(made_by, row) if value}
                found.append((made_by.reconciliation, keys))
        return found

    def _compared(self, reconciliation: str, keys: Mapping[str, str]) -> str:
        """Expected, reported and what was decided of a reconciliation's row."""
        if not self.world.has(reconciliation):
            return ""
        have = self.world.relation(reconciliation).column_names
        decided = [
            name
            for item in self.world.ruleset.tables.values()
            if item.grain.rows == (reconciliation,)
            for name, _ in item.outputs
        ]
        shown = [name for name in ("expected", "reported", *decided) if name in have]
        query = exp.select(*(column(name) for name in shown)).from_(table(reconciliation))
        same = [
            exp.NullSafeEQ(this=column(name), expression=exp.Literal.string(value) if value else exp.Null())
            for name, value in keys.items()
            if name in have
        ]
        rows = self.world.executor.rows(query.where(*same))
        if not rows:
            return ""
        return ": " + ", ".join(f"{name} {said(value)}" for name, value in zip(shown, rows[0], strict=True))


def _parts(row: Row) -> list[str]:
    return str(row["identity"]).split(IDENTITY_SEPARATOR)


def _keys_made_from(made_by: Adjustment, row: Row) -> tuple[tuple[str, str], ...]:
    """The keys of the row that an adjustment made a fact from, by the fact's identity; '' where one is missing."""
    parts = _parts(row)
    keys = parts[3 if parts[0] == "reversal" else 2 :]
    return tuple(zip((key.name for key in made_by.grain.keys), keys, strict=False))


def loaded_source(kind: Kind, row: Row, raw: Mapping[Delivered, RawRow]) -> Source:
    """A fact as it was loaded, before any run looked at it."""
    on, quantity, fact = row.get(kind.record.on or ""), row.get("quantity"), row.get("fact")
    return Source(
        fact=fact if isinstance(fact, int) else None,
        kind=kind.name,
        identity=_identity(kind, row),
        day=on if isinstance(on, date) else None,
        quantity=quantity if isinstance(quantity, Decimal) else None,
        amount=Decimal(0),
        raw=_raw_of(row, raw),
    )


def adjustments_of(world: World, kind: str, form: str) -> list[Adjustment]:
    """The adjustments of a form (`engine.plan.adjust.EFFECTS`) that the run made to a kind's facts."""
    return [
        one
        for one in world.ruleset.adjustments.values()
        if EFFECTS.get(one.action.form) == form and one.grain.rows[:1] == (kind,) and world.has(effect_name(one))
    ]


def rows_of(world: World, relation: str) -> dict[int, Row]:
    """The rows of a relation of facts by their number."""
    names = world.relation(relation).column_names
    query = exp.select(*(column(name) for name in names)).from_(table(relation))
    rows = [dict(zip(names, row, strict=True)) for row in world.executor.rows(query)]
    return {int(str(row["fact"])): row for row in rows}


def delivered(row: Row) -> Delivered | None:
    """The delivered row that a fact came from; None where it was made."""
    file, line = row.get("source-file"), row.get("source-row")
    return (file, line) if isinstance(file, str) and isinstance(line, int) else None


def _raw_of(row: Row, raw: Mapping[Delivered, RawRow]) -> RawRow | None:
    found = delivered(row)
    return None if found is None else raw.get(found)


def _identity(kind: Kind, row: Row) -> tuple[tuple[str, str], ...]:
    """Identifying fields; of a made fact, whose identity is that of what it was made from, those it has."""
    if row.get("made-by") is None:
        return identity(kind.record.identity, str(row["identity"]))
    return tuple((name, said(row.get(name))) for name in kind.record.identity if row.get(name) is not None)
