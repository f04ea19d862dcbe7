"""Controls: the rows of each that break their sentence, and what the sentence found there."""

from __future__ import annotations

from sqlglot import exp

from engine.model.datatypes import DataType, Family
from engine.model.expression import Literal, TestsOf
from engine.model.ruleset import Control
from engine.model.walk import operands
from engine.plan.numbers import Value
from engine.plan.relation import Origin
from engine.plan.values.effective import in_effect
from engine.plan.values.frame import Frame
from engine.plan.values.frames import frame_of
from engine.plan.world import World

YES_NO = DataType(Family.YES_NO)
SIDES = ("expected", "reported")


def control_name(control: Control) -> str:
    """The relation of rows that broke a control."""
    return f"control {control.name}"


def holds_label(test: int) -> str:
    """The column that says whether one test of a control's sentence holds; tests are counted from 0."""
    return f"test {test} holds"


def operand_label(test: int, operand: int) -> str:
    """The column of what an expression of a test came to, by its place in `operands`."""
    return f"test {test} operand {operand}"


def make_control(world: World, control: Control) -> None:
    """Rows of the control's grain where its `when` holds and its sentence does not (unknown does not hold).

    Beside its keys a row has the fields of what it stands for (`ROW.FIELD`), and for each test of the sentence whether
    it holds and what it compared: by these a row that changed is told from one that is as it was.
    """
    frame = frame_of(world, control.grain)
    if dates := in_effect(control.meta, frame.date):
        frame.filter(exp.and_(*dates, copy=False))
    if control.when is not None:
        frame.filter(frame.test(control.when, control.grain))
    holds = exp.Coalesce(this=exp.Paren(this=frame.test(control.needs, control.grain)), expressions=[exp.false()])
    frame.filter(exp.Not(this=holds))
    frame.prepare(control.needs, control.grain)
    keys = [key for key in control.grain.keys if key.name in frame.keys]
    outputs = [(key.name, frame.key(key.name)) for key in keys]
    if not outputs and "identity" in frame.keys:
        outputs = [("identity", Value(frame.column("identity"), DataType(Family.TEXT)))]
    names = tuple(name for name, _ in outputs)
    outputs += _fields(world, frame, control, names)
    outputs += _found(frame, control.needs)
    frame.relation(control_name(control), names, outputs, Origin(f"control {control.name}", control.span))


def _fields(world: World, frame: Frame, control: Control, keys: tuple[str, ...]) -> list[tuple[str, Value]]:
    """What the facts, registers or reconciliation that a row stands for say."""
    found: list[tuple[str, Value]] = []
    for row in control.grain.rows:
        item = world.ruleset.kinds.get(row) or world.ruleset.registers.get(row)
        names: tuple[str, ...] = SIDES if row in world.ruleset.reconciliations else ()
        if item is not None:
            names = tuple(one.name for one in item.record.columns)
        found += [
            (f"{row}.{name}", frame.field(row, name))
            for name in names
            if name not in keys and (row, name) in frame.fields
        ]
    return found


def _found(frame: Frame, needs: TestsOf) -> list[tuple[str, Value]]:
    """For each test of the sentence whether it holds, and its expressions' values."""
    found: list[tuple[str, Value]] = []
    for index, test in enumerate(needs.tests):
        found.append((holds_label(index), Value(frame.tests(TestsOf((test,), "and")), YES_NO)))
        for at, one in enumerate(operands(test)):
            if at == 0 or not isinstance(one, Literal):
                found.append((operand_label(index, at), frame.value(one)))
    return found
