"""On what grounds a line stands: what was decided of its units when their layers opened, of its rows, of the stock they
belong to, and which segments its account got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from engine.model.expression import Expression, Grain, ItemOf
from engine.model.ruleset import Reconciliation, Table
from engine.plan.relation import Relation, column, table
from engine.plan.units.valuation import carried_item
from engine.plan.values.frame import Frame
from engine.plan.values.frames import fact_frame, layers_of, line_frame, reconciliation_frame
from engine.plan.world import World
from engine.run.basis import Asked, Key, Question, Questions, answers, asked_keys, item_of, questions
from engine.run.evidence import BOOKS
from engine.run.explanation import Answer
from engine.run.facts_asked import FactsAsked
from engine.run.said import called
from engine.run.served import served_answers
from engine.run.shared import shared_answers
from engine.run.shares import LINES

ORIGINS = "layer origin"
COMPARED_MAX = 5
"""Rows of a reconciliation that are told of one line."""


def own_answers(world: World, asked: Asked, read: Questions) -> list[Answer]:
    """What the items answer that the rows themselves ask, and the tables of the reconciliation's row they belong to."""
    found = [
        answer
        for question in read.own
        for answer in (
            *answers(world, asked, question),
            *served_answers(world, asked, question),
            *shared_answers(world, asked, question),
        )
    ]
    decided: set[str] = set()
    for question in read.reconciled:
        item = item_of(world.ruleset, question.node.item)
        if isinstance(item, Table) and item.name not in decided:
            decided.add(item.name)
            found += _compared_answers(world, asked, question, item)
    return found


def _compared_answers(world: World, asked: Asked, question: Question, item: Table) -> list[Answer]:
    """What a table decided of the reconciliation's rows that the asking rows belong to."""
    reconciliation = next(
        (world.ruleset.reconciliations[row] for row in item.grain.rows if row in world.ruleset.reconciliations), None
    )
    if reconciliation is None or not world.has(reconciliation.name):
        return []
    names = [key.name for key in reconciliation.grain.keys]
    keys = asked_keys(asked, question, names)[:COMPARED_MAX]
    here = {"period": world.period.name}
    wanted = [
        tuple(here.get(name) if one is None else one for name, one in zip(names, key, strict=True)) for key in keys
    ]
    return table_answers(world, reconciliation, item, wanted)


def table_answers(world: World, reconciliation: Reconciliation, item: Table, wanted: Sequence[Key]) -> list[Answer]:
    """What a table decided of some rows of a reconciliation, by their keys, and what its inputs' decisions answered."""
    relation = _measured(world, reconciliation)
    names = tuple(key.name for key in reconciliation.grain.keys)
    called_ = {key: f"{reconciliation.name} {', '.join(str(one) for one in key if one is not None)}" for key in wanted}

    def frame() -> Frame:
        made = reconciliation_frame(world, reconciliation.name, relation)
        same = [
            exp.Paren(
                this=exp.and_(
                    *(
                        exp.NullSafeEQ(
                            this=made.column(name),
                            expression=exp.Null() if one is None else exp.Literal.string(str(one)),
                        )
                        for name, one in zip(names, key, strict=True)
                    ),
                    copy=False,
                )
            )
            for key in wanted
        ]
        made.filter(exp.or_(*same, copy=False))
        return made

    asked = Asked(frame, reconciliation.grain, names, frozenset(wanted), called_)
    output, type_ = item.outputs[0]
    node = ItemOf(type_, item.span, False, output, (), None)
    found = answers(world, asked, Question(node, reconciliation.grain))
    for inner in questions(world.ruleset, item.inputs, reconciliation.grain).own:
        found += answers(world, asked, inner)
    return found


def _measured(world: World, reconciliation: Reconciliation) -> str:
    """A reconciliation's published rows without what tables decided of them, so that it can be decided again."""
    name = f"{reconciliation.name} as measured"
    if not world.has(name):
        made = world.relation(reconciliation.name)
        own = {key.name for key in reconciliation.grain.keys} | {"expected", "reported", "counted on"}
        own |= {label for one in reconciliation.locals for label in (one.name, f"{one.name}:over")}
        columns = tuple((label, storage) for label, storage in made.columns if label in own)
        query = exp.select(*(column(label) for label, _ in columns)).from_(table(made.name))
        world.add(Relation(name, (), columns, query, BOOKS, stored=False))
    return name


def carried_answers(facts: FactsAsked, names: Sequence[str], layers: Mapping[int, tuple[str, str]]) -> list[Answer]:
    """What was decided of units when their layers opened; `layers` gives each layer's opening kind and identity."""
    world = facts.world
    found: list[Answer] = []
    by_kind: dict[str, set[str]] = {}
    for kind, joined in layers.values():
        by_kind.setdefault(kind, set()).add(joined)
    for name in sorted(by_kind):
        kind_ = world.ruleset.kinds[name]
        if name not in layers_of(world).opening_kinds:
            continue
        have = {one.name for one in kind_.record.columns}
        relation = facts.openings(name, by_kind[name])
        wanted: dict[Key, str] = {(joined,): called(name, joined) for joined in by_kind[name]}
        grain = Grain("rows", (name,), (), (), "")

        def frame(kind: str = name, relation_: str = relation) -> Frame:
            return fact_frame(world, kind, relation_)

        asked = Asked(frame, grain, ("identity",), frozenset(wanted), wanted)
        items: list[Expression] = [
            carried_item(world, kind_, one, layers_of(world)) for one in names if one not in have
        ]
        found += own_answers(world, asked, questions(world.ruleset, items, grain))
    return found


def segment_answers(world: World, line_id: str) -> list[Answer]:
    """Which rows of the segment tables a line's account and dimensions met."""
    tables = [item for item in world.ruleset.tables.values() if item.grain.form == "lines"]
    if not tables:
        return []
    name = f"line {line_id}"
    made = world.relation(LINES)
    given = {output for item in tables for output, _ in item.outputs}
    columns = tuple((label, storage) for label, storage in made.columns if label not in given)
    only = exp.EQ(this=column("id"), expression=exp.Literal.string(line_id))
    query = exp.select(*(column(label) for label, _ in columns)).from_(table(LINES)).where(only)
    world.add(Relation(name, (), columns, query, BOOKS, stored=False))
    key: Key = (line_id,)
    found: list[Answer] = []
    for item in tables:
        asked = Asked(lambda: line_frame(world, name), item.grain, ("id",), frozenset({key}), {key: line_id})
        output, type_ = item.outputs[0]
        node = ItemOf(type_, item.span, False, output, (), None)
        found += answers(world, asked, Question(node, item.grain))
    return found
