"""What the rows of a grain let an expression read, told without making a frame: what frames offer.

Each function mirrors one frame and its order in a run: `made` names what earlier steps of a period have made by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.model.expression import (
    AggregateOf,
    Arithmetic,
    BucketOf,
    Grain,
    ItemOf,
    KeyOf,
    Literal,
    MomentOf,
    RegisterField,
    WindowOf,
)
from engine.model.ruleset import Layers, Reconciliation, Ruleset
from engine.model.schema import Record
from engine.model.told import ADJUSTMENTS, DELIVERIES, EXCEPTIONS
from engine.plan.facts import DAY
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.values.closed_sums import is_closed_sum
from engine.plan.values.frames import FACT_FIELDS
from engine.plan.values.limits import HANDED_DIGITS
from engine.plan.values.occurring import beside, kinds_having, paired_grains
from engine.plan.values.substitute import parts

STOCK, KEYS, HISTORY, LAYERS = "stock", "keys", "history", "layers"
BALANCES, POSTED = "balances", "posted"
"""Steps of a period: stock by bucket, combinations of stock keys, rows of closed periods, layers and slices.

The rows of a reconciliation are there under its own name, its decided columns under that name and ` decided`."""
HISTORY_PERIODS = 12
"""Closed periods whose reconciliation rows are handed on, for `within last N periods`."""


TOLD_AFTER = {
    DELIVERIES: "journals have posted; controls and reports read it",
    ADJUSTMENTS: "journals have posted; controls and reports read it",
    EXCEPTIONS: "every control was held; reports read it",
}
"""When the books tell of something, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A value's digits behind the point (None: no number), and those of its denominator where it is a quotient."""

    scale: int | None = None
    over: int | None = None


@dataclass
class Offered:
    """Fields by row and name, keys, locals with their shapes, whether rows have their own date, and what is made."""

    fields: frozenset[tuple[str, str]]
    keys: frozenset[str]
    made: frozenset[str]
    dated: bool = False
    adjustment: bool = False
    locals: dict[str, Shape] = field(default_factory=dict)

    def has_row(self, row: str) -> bool:
        """Whether rows of that name can be read."""
        return any(one == row for one, _ in self.fields)


def record_names(record: Record) -> frozenset[str]:
    """The fields a fact has: declared and implied."""
    return frozenset((*(one.name for one in record.columns), *(name for name, _ in FACT_FIELDS)))


def fact_rows(ruleset: Ruleset, kind: str, made: frozenset[str], adjustment: bool = False) -> Offered:
    """Facts of a kind."""
    names = record_names(ruleset.kinds[kind].record)
    return Offered(frozenset((kind, name) for name in names), names, made, True, adjustment)


def register_rows(ruleset: Ruleset, register: str, made: frozenset[str]) -> Offered:
    """Rows of a register as at the period's end."""
    names = frozenset(one.name for one in ruleset.registers[register].record.columns)
    return Offered(frozenset((register, name) for name in names), names | {register}, made)


def layer_names(ruleset: Ruleset, layers: Layers) -> frozenset[str]:
    """The fields a layer has."""
    found = {name for kind in layers.opening_kinds for name in record_names(ruleset.kinds[kind].record)}
    return frozenset((found - {"quantity"}) | set(layers.carried) | {"remaining", "opened", "opening-kind"})


def layer_rows(ruleset: Ruleset, made: frozenset[str]) -> Offered:
    """Pieces of layers held at the period's end."""
    names = layer_names(ruleset, next(iter(ruleset.layers.values())))
    return Offered(frozenset(("layer", name) for name in names), names, made)


def slice_rows(ruleset: Ruleset, touched: tuple[str, ...], made: frozenset[str]) -> Offered:
    """Parts of layers touched by facts of some kinds."""
    names = {name for kind in touched for name in record_names(ruleset.kinds[kind].record)}
    names |= {"quantity", "returning", "event-date", "event-kind"}
    fields = {(row, name) for row in ("slice", *touched) for name in names}
    layer = layer_names(ruleset, next(iter(ruleset.layers.values()))) - {"remaining"}
    fields |= {("layer", name) for name in layer}
    return Offered(frozenset(fields), frozenset(names), made, True)


def measured_rows(found: Reconciliation, made: frozenset[str]) -> Offered:
    """Rows of a reconciliation whose sides and locals are known."""
    keys = frozenset(key.name for key in found.grain.keys)
    names = {*keys, "expected", "reported", *(local.name for local in found.locals)}
    return Offered(frozenset((found.name, name) for name in names), keys, made)


def key_rows(grain: Grain, made: frozenset[str]) -> Offered:
    """Combinations of keys that occur."""
    return Offered(frozenset(), frozenset(key.name for key in grain.keys if key.name != "period"), made)


def line_rows(made: frozenset[str]) -> Offered:
    """Lines of the ledger before they have segments."""
    texts = ("journal", "role", "side", *DIMENSIONS, "currency", "origin", "period", "account")
    parts = ("account.title", "account.type", "account.normal", "account.nature", "nature", "amount", "booked")
    return Offered(
        frozenset(("ledger-line", name) for name in (*texts, *parts)), frozenset((*DIMENSIONS, "currency")), made
    )


def balance_rows(made: frozenset[str]) -> Offered:
    """Balances of the ledger."""
    texts = ("role", *DIMENSIONS, "currency", "nature", "normal")
    fields = frozenset(("ledger-balance", name) for name in (*texts, "amount", "booked"))
    return Offered(fields, frozenset(("role", *DIMENSIONS, "currency")), made)


def correction_rows(made: frozenset[str]) -> Offered:
    """Corrections of closed periods."""
    texts = ("company", "role", "origin-period")
    others = ("amount", "share-of-result", "share-accumulated", "cause", "known-at", "flagged")
    fields = frozenset(("correction", name) for name in (*texts, *others))
    return Offered(fields, frozenset(texts), made, True)


def rows_of(ruleset: Ruleset, grain: Grain, made: frozenset[str], adjustment: bool = False) -> Offered:
    """The rows of a grain that a frame serves (`why_not` is empty)."""
    if grain.form == "slices":
        return slice_rows(ruleset, grain.touched, made)
    if grain.form == "layers":
        return layer_rows(ruleset, made)
    if grain.form == "balances":
        return balance_rows(made)
    if grain.form == "corrections":
        return correction_rows(made)
    if grain.form == "lines":
        return line_rows(made)
    if grain.form == "keys":
        return key_rows(grain, made)
    if grain.rows[0] in ruleset.kinds:
        found = fact_rows(ruleset, grain.rows[0], made, adjustment)
        return replace(found, keys=found.keys | {name for name in beside(ruleset, grain) if name != "period"})
    if grain.rows[0] in ruleset.reconciliations:
        return measured_rows(ruleset.reconciliations[grain.rows[0]], made)
    return register_rows(ruleset, grain.rows[0], made)


def why_not(ruleset: Ruleset, grain: Grain, made: frozenset[str]) -> str:
    """Why no frame serves the rows of a grain, as the end of a sentence; empty where one does.

    Balances are read once journals have posted: who is worked out by then asks only for the others.
    """
    if ruleset.calendars and grain.calendar and grain.calendar != closing_calendar(ruleset):
        return f"only the calendar of the close, {closing_calendar(ruleset)}, is followed"
    if grain.form in ("slices", "layers"):
        return _why_no_layers(ruleset, grain, made)
    if grain.form == "rows":
        return _why_no_rows(ruleset, grain, made)
    if grain.form != "keys":
        known = POSTED if grain.form in ("lines", "corrections") else BALANCES
        return "" if known in made else "rows of the ledger are read by controls, reports and examples"
    return _why_no_keys(ruleset, grain, made)


def closing_calendar(ruleset: Ruleset) -> str:
    """The calendar books close by (as engine.run.close has it)."""
    return ruleset.close.name.text if ruleset.close is not None else next(iter(ruleset.calendars), "")


def _why_no_layers(ruleset: Ruleset, grain: Grain, made: frozenset[str]) -> str:
    if not ruleset.layers:
        return "nothing is kept in layers"
    if LAYERS not in made:
        return "layers are worked out later in the close"
    layers = next(iter(ruleset.layers.values()))
    if grain.form == "layers" and grain.rows != ("layer",):
        return "a layer is met by an event only in the value that the event changes"
    opening = [kind for kind in grain.touched if kind in layers.opening_kinds]
    if opening:
        return f"`{opening[0]}` opens layers and touches none; write `for each {opening[0]}`"
    return ""


def _why_no_rows(ruleset: Ruleset, grain: Grain, made: frozenset[str]) -> str:
    if len(grain.rows) > 1:
        return f"{' and '.join(grain.rows)} are not joined"
    row = grain.rows[0]
    if row in ruleset.reconciliations:
        return "" if row in made else f"{row} is measured later in the close"
    if row in ruleset.kinds and ruleset.kinds[row].told and row not in made:
        return f"{row} is told of once {TOLD_AFTER[ruleset.kinds[row].told]}"
    record = ruleset.kinds[row].record if row in ruleset.kinds else ruleset.registers[row].record
    others = [key.name for key in grain.keys if key.name not in {one.name for one in record.columns}]
    joined = {"period", *ruleset.registers} if row in ruleset.kinds else set()
    apart = [name for name in others if name not in joined]
    return f"`{row}` is not joined with {', '.join(apart)}" if apart else ""


def _why_no_keys(ruleset: Ruleset, grain: Grain, made: frozenset[str]) -> str:
    names = [key.name for key in grain.keys]
    finer = [name for name in names if name in ("day", "week", "quarter", "year")]
    if finer == [DAY] and _of_stock(ruleset, names):
        return "" if STOCK in made else "stock is added up later in the close"
    if finer:
        return f"results are kept for each period, not for each {finer[0]}"
    named = [name for name in names if name != "period"]
    if not named:
        return "a whole period has no row of its own; add a key"
    stock = ruleset.stock.keys if ruleset.stock is not None else ()
    if not set(named) <= set(stock) and not (kinds_having(ruleset, named) or paired_grains(ruleset, named)):
        return f"neither stock nor any kind of fact has {' and '.join(named)} together"
    return "" if KEYS in made else "combinations of keys are known later in the close"


def _of_stock(ruleset: Ruleset, names: list[str]) -> bool:
    """Whether keys are a day and keys of stock, which is known by day."""
    stock = ruleset.stock.keys if ruleset.stock is not None else ()
    return len(names) > 1 and set(names) <= {DAY, *stock}


# ---- sums over other rows --------------------------------------------------------------------------------------------

Reason = tuple[str, str]
"""Why a sum cannot be read, as the end of a sentence, and what to write instead; both empty where it can."""
NO_REASON = ("", "")


def why_no_window(ruleset: Ruleset, node: AggregateOf, rows: Offered, scope: Grain) -> Reason:
    """Windows reach back over facts of fixed days, over values by period, and over a reconciliation's own columns in
    what comes after it."""
    window, row = node.window, node.source.grain.rows[0] if node.source.grain.rows else ""
    if window is None or is_closed_sum(ruleset, node, scope):
        return NO_REASON
    if row in ruleset.kinds and ruleset.kinds[row].told:
        return f"{row} tells of the period being closed", "show it by period: each close keeps its own figures"
    if row in ruleset.kinds and node.source.grain.form == "rows":
        return _why_no_days(node, window)
    if row not in ruleset.reconciliations or window.last is None or window.unit != "period":
        return "facts, values by period and periods of a reconciliation are kept so far back, between fixed days", ""
    if window.last > HISTORY_PERIODS:
        return f"rows are kept for {HISTORY_PERIODS} periods", f"write at most {HISTORY_PERIODS} periods"
    if HISTORY not in rows.made:
        return "earlier periods are read after the reconciliation", "ask for it in a control"
    read = (*parts(node.value), *parts(node.where))
    if any(isinstance(one, ItemOf | AggregateOf | RegisterField | BucketOf | MomentOf) for one in read):
        return f"of earlier periods only {row}'s own amounts are kept", f"read `{row}.NAME`"
    return NO_REASON


def _why_no_days(node: AggregateOf, window: WindowOf) -> Reason:
    if window.last is not None:
        known = window.unit in ("period", "quarter", "year")
        return NO_REASON if known else (f"a period is no {window.unit}", "count in periods, quarters or years")
    shared = {asked.name for _, asked in node.source.matching if isinstance(asked, KeyOf)}
    for one in (part for end in (window.since, window.through) for part in parts(end)):
        if isinstance(one, MomentOf) and one.unit in ("day", "week"):
            return f"a period is no {one.unit}", "name edges of periods, quarters or years"
        if isinstance(one, KeyOf) and one.name not in shared:
            return f"the rows added up have no `{one.name}`", "name days that both have"
        if not isinstance(one, MomentOf | Literal | KeyOf | RegisterField | Arithmetic):
            return "its days differ from row to row", "name fixed days, edges of periods, or fields of a key"
    return NO_REASON


def asks_by_event(ruleset: Ruleset, scope: Grain) -> bool:
    """Whether what a grain's rows read is known up to an event, not as at the period's end."""
    return scope.form == "slices" or any(one in ruleset.kinds for one in scope.rows)


def why_no_sum(ruleset: Ruleset, node: AggregateOf, rows: Offered, scope: Grain) -> Reason:
    """What is kept for one period is summed only for who asks for a period."""
    grain = node.source.grain
    row = grain.rows[0] if grain.rows else ""
    by_event = asks_by_event(ruleset, scope)
    add_period = "add `period` to the `for each`"
    if scope.has_period or (rows.adjustment and row in ruleset.kinds):
        return NO_REASON
    if grain.form == "slices":
        summed = is_closed_sum(ruleset, node, scope)
        return NO_REASON if summed else ("parts of layers are kept for the period only", add_period)
    if grain.form == "layers" and by_event:
        return "layers are known as at the period's end", add_period
    if row in ruleset.kinds and ruleset.kinds[row].told:
        return f"{row} tells of the period being closed", add_period
    if row in ruleset.reconciliations and node.window is None and not rows.adjustment:
        return f"rows of {row} are those of one period", add_period
    if grain.form == "keys" and is_closed_sum(ruleset, node, scope):
        return NO_REASON
    if grain.form in ("keys", "rows") and grain.has_period:
        return "values of other periods are not kept", add_period
    if by_event and row in ruleset.registers and ruleset.registers[row].history:
        return f"rows of {row} are added up as at the period's end", add_period
    return NO_REASON


def why_not_used_up(asked: Shape, limit: Shape) -> str:
    """Why rows of one shape cannot use up a limit of another, as the end of a sentence; empty where they can."""
    if asked.over is not None or limit.over is not None:
        return "a quotient is not used up"
    if max(asked.scale or 0, limit.scale or 0) > HANDED_DIGITS:
        return f"what was given is kept with {HANDED_DIGITS} digits behind the point"
    return ""
