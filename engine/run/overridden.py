"""The overrides of a run, read from what it published, and those of some of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from engine.plan.overrides import OVERRIDES, key_label, row_keys
from engine.plan.relation import column, table
from engine.plan.world import World
from engine.run.results import OverrideLine
from engine.run.said import MISSING

_TEXTS = (
    "override", "column", "was", "value", "unit", "period", "reason", "comment", "evidence", "evidence-sha256",
    "proposed-by", "proposed-at", "approved-by", "approved-at", "role", "approval-comment",
)  # fmt: skip


def read_overrides(world: World) -> tuple[OverrideLine, ...]:
    """Every approved override that a run was given, by id; none where it was given none."""
    if not world.has(OVERRIDES):
        return ()
    names = world.relation(OVERRIDES).column_names
    query = exp.select(*(column(name) for name in names)).from_(table(OVERRIDES)).order_by(column("override"))
    return tuple(_line(world, dict(zip(names, row, strict=True))) for row in world.executor.rows(query))


def _line(world: World, cells: Mapping[str, object]) -> OverrideLine:
    name = str(cells["reconciliation"])
    keys = row_keys(world.ruleset.reconciliations[name])
    row = tuple((key, str(cells[key_label(key)])) for key in keys if cells[key_label(key)] is not None)
    texts = {one.replace("-", "_"): str(cells[one] or "") for one in _TEXTS}
    texts["was"] = _without_idle_zeros(texts["was"])
    return OverrideLine(reconciliation=name, row=row, counts=cells["counts"] is True, **texts)


def _without_idle_zeros(text: str) -> str:
    """A decimal as people write it; a word as it is."""
    return text.rstrip("0").rstrip(".") if "." in text and text.lstrip("-")[:1].isdigit() else text


def of_rows(world: World, rows: Iterable[tuple[str, Mapping[str, object]]]) -> tuple[OverrideLine, ...]:
    """The overrides that counted in some rows of reconciliations, each row named by the keys that are known of it."""
    wanted = list(rows)
    return tuple(
        one
        for one in read_overrides(world)
        if one.counts and any(name == one.reconciliation and _is_of(one, keys) for name, keys in wanted)
    )


def _is_of(one: OverrideLine, keys: Mapping[str, object]) -> bool:
    """Whether nothing that is known of a row speaks against its being the one overridden."""
    return all(str(keys[name]) == value for name, value in one.row if keys.get(name) is not None)


def said_of(one: OverrideLine) -> str:
    """What an override put in the place of what, and who is behind it."""
    return f"{one.column} {one.was or MISSING} -> {one.value} {one.unit}".rstrip()
