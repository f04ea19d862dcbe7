"""Everything a text declares, before any expression is bound: rows and their fields, values and their grains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from dsl import syntax
from dsl.diagnostics import Diagnostics
from dsl.span import Span
from engine.model.binding.terms import UNKNOWN
from engine.model.datatypes import DataType
from engine.model.expression import Grain
from engine.model.schema import Record

ItemNode = TypeVar("ItemNode", bound=syntax.Item)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of some row: which row it belongs to, its type, and whether it may be missing."""

    row: str
    name: str
    type: DataType
    perhaps: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """A value others may read: family is amount, allocation, decision, parameter or output (`node` is its table)."""

    name: str
    family: str
    node: syntax.Amount | syntax.Allocation | syntax.Decision | syntax.Parameter | syntax.Table
    grain: Grain


@dataclass
class World:
    """The declarations of one merged text, and what has been worked out of them so far.

    `versions` holds, earliest first, the items of one name that are stated for different dates. `type_of` gives a
    value's type and whether it may be missing, binding the item first where it must; it is set by
    `engine.model.from_syntax`, because binding an item needs names and names need items.
    """

    diagnostics: Diagnostics
    items: tuple[syntax.AnyItem, ...]
    calendar: str = ""
    reporting_currency: str = ""
    terms: dict[str, DataType] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    registers: dict[str, syntax.Register] = field(default_factory=dict)
    kinds: dict[str, syntax.Kind] = field(default_factory=dict)
    reconciliations: dict[str, syntax.Reconciliation] = field(default_factory=dict)
    stock: syntax.Stock | None = None
    layers: dict[str, syntax.Layers] = field(default_factory=dict)
    calendars: dict[str, syntax.Calendar] = field(default_factory=dict)
    rates: dict[str, syntax.Rates] = field(default_factory=dict)
    books: dict[str, syntax.Book] = field(default_factory=dict)
    roles: dict[str, syntax.Role] = field(default_factory=dict)
    citations: dict[str, syntax.Citation] = field(default_factory=dict)
    account_roles: dict[str, Span] = field(default_factory=dict)
    declared: dict[str, Declared] = field(default_factory=dict)
    versions: dict[str, tuple[syntax.Amount | syntax.Decision | syntax.Table, ...]] = field(default_factory=dict)
    output_types: dict[str, DataType] = field(default_factory=dict)
    head_of: Callable[[syntax.Item], syntax.Head | None] = field(default=lambda item: None)
    missing_without: dict[str, frozenset[str]] = field(default_factory=dict)
    band_types: dict[str, DataType] = field(default_factory=dict)
    exceptions: dict[str, syntax.Exception_] = field(default_factory=dict)
    exceptions_of: dict[str, tuple[syntax.Exception_, ...]] = field(default_factory=dict)
    outcome_guards: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    row_fields: dict[Grain, dict[str, Field]] = field(default_factory=dict)
    local_types: dict[str, dict[str, tuple[DataType, bool]]] = field(default_factory=dict)
    type_of: Callable[[str, Span], tuple[DataType, bool]] = field(default=lambda name, span: (UNKNOWN, False))

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets of stock, in order."""
        return tuple(bucket.text for bucket in self.stock.buckets) if self.stock else ()

    @property
    def value_nodes(
        self,
    ) -> dict[str, syntax.Amount | syntax.Allocation | syntax.Decision | syntax.Parameter | syntax.Table]:
        """The items that give values, by their own names, in order of the text."""
        return {declared.node.name.text: declared.node for declared in self.declared.values()}

    def declared_type(self, name: str) -> DataType:
        """The type of a decision, parameter or output: it is known before anything is bound."""
        return self.output_types.get(name, UNKNOWN)

    def error(self, code: str, message: str, span: Span, help: str = "") -> None:
        """Report an error."""
        self.diagnostics.error(code, message, span, help)

    def warning(self, code: str, message: str, span: Span, help: str = "") -> None:
        """Report a warning."""
        self.diagnostics.warning(code, message, span, help)

    def of_type(self, family: type[ItemNode]) -> tuple[ItemNode, ...]:
        """The items of one family, in order of the text."""
        return tuple(item for item in self.items if isinstance(item, family))


def by_name(items: Iterable[ItemNode], family: str, diagnostics: Diagnostics) -> dict[str, ItemNode]:
    """Items of one family by name; a name said twice is T103 and the first stands."""
    found: dict[str, ItemNode] = {}
    for item in items:
        name = item.name.text
        if name in found:
            line = found[name].name.span.location.line
            diagnostics.error(
                "T103",
                f"{family} `{name}` is declared twice, first in line {line}",
                item.name.span,
                "rename one of them",
            )
        else:
            found[name] = item
    return found
