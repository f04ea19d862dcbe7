"""Journals: from rows and slices to postings at their summary grain, and the lines that carry an account.

`entry J` has one row for each fact or slice with its rounded amounts (the subledger); `posting` sums them by journal,
line, role, side, company, partner, part, currency and origin period; `ledger line` adds account, segments and the
line's number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.ledger.money import MOST_DIGITS
from engine.model.datatypes import DataType, Family
from engine.model.expression import Literal
from engine.model.ruleset import Journal, PostingLine
from engine.plan.fragments import WITNESS
from engine.plan.numbers import Value, rounded, shown
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.posting.booked_roles import takes_leftovers
from engine.plan.posting.booking import Booked, book_lines
from engine.plan.posting.served_later import difference, frame_served_later
from engine.plan.posting.shared_periods import frame_by_period
from engine.plan.posting.true_up import posted_lines
from engine.plan.relation import Origin, column, table
from engine.plan.values.currencies import speaks_of_own
from engine.plan.values.effective import in_effect
from engine.plan.values.frame import Frame
from engine.plan.values.frames import currency_frame, frame_of
from engine.plan.values.limits import HALF
from engine.plan.world import RunStopped, World, empty

TEXT = DataType(Family.TEXT)


@dataclass(frozen=True, slots=True)
class Entry:
    """The made entry relation of a journal: its amount columns line by line, and role columns where a field names the
    role."""

    journal: Journal
    lines: tuple[PostingLine, ...]
    name: str
    amounts: tuple[str, ...]
    roles: tuple[str, ...]
    keys: tuple[str, ...]
    booked: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    """What each line is booked at, and the column with its currency; empty where all money is in one currency."""

    @property
    def marks(self) -> tuple[str, ...]:
        """The yes/no columns that decide sides and roles of its lines."""
        return tuple(name for name in ("returning", "settling", "leftover") if name in self.keys)


def entry_name(journal: Journal) -> str:
    """The relation of a journal's subledger rows."""
    return f"entry {journal.name}"


def make_entry(world: World, journal: Journal, fields: tuple[str, ...] = ()) -> Entry:
    """The subledger rows of one journal, with those of `fields` where the row has them; RunStopped where it
    cannot be told whether a row posts."""
    lines = posted_lines(world.ruleset, journal)
    by_currency = world.converts and any(speaks_of_own(line.value) for line in lines)
    later = frame_served_later(world, journal)
    frame = later or frame_by_period(world, journal)
    frame = frame or (currency_frame(world, journal.grain) if by_currency else frame_of(world, journal.grain))
    rule = Origin(f"journal {journal.name}", journal.span)
    if frame.leftover_apart and not takes_leftovers(world, journal):
        frame.filter(exp.Not(this=frame.column("leftover")))
    if journal.when is not None:
        frame.prepare(journal.when, journal.grain)
        applies = frame.tests(journal.when)
        if world.strict:
            unknown = exp.Is(this=exp.Paren(this=applies), expression=exp.Null())
            sentence = (
                f"it cannot be told whether journal `{journal.name}` posts: something its `when` reads has no row"
            )
            frame.guard("T205", sentence, (f"journal {journal.name}",), unknown)
            applies = frame.tests(journal.when)
        frame.filter(applies)
    if dates := in_effect(journal.meta, frame.lower(journal.posts_on, journal.grain).sql):
        frame.filter(exp.and_(*dates, copy=False))
    for local in journal.locals:
        frame.define(local.name, frame.lower(local.value, journal.grain))
    frame.prepare((*(line.value for line in lines), *(line.role for line in lines), journal.posts_on), journal.grain)
    held = book_lines(frame, journal, lines) if world.converts else []
    outputs = _entry_keys(frame, journal)
    taken = {name for name, _ in outputs}
    outputs += [(name, value) for name, value in _shown_fields(frame, fields) if name not in taken]
    if journal.grain.form == "keys":
        outputs += _read_values(frame)
    keys = tuple(name for name, _ in outputs)
    entry = _with_lines(Entry(journal, lines, entry_name(journal), (), (), keys), frame, held, outputs)
    if later is None:
        frame.relation(entry.name, (), outputs, rule)
    else:
        outputs.append((HALF, Value(frame.column(HALF), TEXT, kept_as="INTEGER")))
        halves = frame.relation(f"{entry.name} by half", (), outputs, rule)
        difference(world, halves, entry.name, (*entry.amounts, *entry.booked))
    if world.strict:
        _refuse_missing(world, entry)
    return entry


def _with_lines(entry: Entry, frame: Frame, held: list[Booked], outputs: list[tuple[str, Value]]) -> Entry:
    """The entry with the columns of its lines, which are added to `outputs`."""
    if held:
        return _with_booked_lines(entry, held, outputs)
    amounts, roles = [], []
    for index, line in enumerate(entry.lines, start=1):
        amounts.append(f"amount {index}")
        outputs.append((amounts[-1], _narrow(frame, frame.value(line.value), frame.world)))
        roles.append("" if isinstance(line.role, Literal) else f"role {index}")
        if roles[-1]:
            outputs.append((roles[-1], frame.value(line.role)))
    return replace(entry, amounts=tuple(amounts), roles=tuple(roles))


def _with_booked_lines(entry: Entry, held: list[Booked], outputs: list[tuple[str, Value]]) -> Entry:
    """Amounts of the transaction and as booked, roles, and each currency once."""
    kept_as = f"DECIMAL(18,{MOST_DIGITS})"
    amounts, booked, roles, currencies = [], [], [], []
    known: dict[str, str] = {}
    for index, one in enumerate(held, start=1):
        amounts.append(f"amount {index}")
        booked.append(f"booked {index}")
        outputs += [(amounts[-1], Value(one.amount.sql, one.amount.type, MOST_DIGITS, kept_as=kept_as))]
        outputs += [(booked[-1], Value(one.booked.sql, one.booked.type, MOST_DIGITS, kept_as=kept_as))]
        roles.append("" if one.role is None else f"role {index}")
        if one.role is not None:
            outputs.append((roles[-1], one.role))
        outputs.append((f"currency {index}", one.currency))
        if one.day is not None:
            outputs.append((f"{RATE_DAY}{index}", one.day))
        # Lines whose currencies are one are summed by it once.
        currencies.append(known.setdefault(one.currency.sql.sql(), f"currency {index}"))
    lines = tuple(one.line for one in held)
    return replace(
        entry, lines=lines, amounts=tuple(amounts), roles=tuple(roles), booked=tuple(booked),
        currencies=tuple(currencies),
    )  # fmt: skip


RATE_DAY = "rate-day "
"""Columns of an entry with the day whose rate a line is booked at."""

READ = "read "
"""Columns of an entry for each key that keep what its lines read, so that a line can be explained by what it was."""


def _read_values(frame: Frame) -> list[tuple[str, Value]]:
    """Every amount and balance that the rows read, under its name."""
    held = [(name, frame.value_of(label)) for name, label in frame.answers().items()]
    return [(f"{READ}{name}", shown(value, frame.world.half)) for name, value in held]


def _refuse_missing(world: World, entry: Entry) -> None:
    """An amount or role that cannot be told is an error that names its row, never a line left out."""
    names = [*entry.amounts, *entry.booked, *(name for name in entry.roles if name)]
    lacking = exp.or_(*(exp.Is(this=column(name), expression=exp.Null()) for name in names), copy=False)
    shown = [name for name in WITNESS if name in entry.keys]
    chosen = [column(name) for name in (*shown, *names)]
    query = exp.select(*chosen).from_(table(entry.name)).where(lacking).order_by(*chosen).limit(1)
    for row in world.executor.rows(query):
        values = dict(zip((*shown, *names), row, strict=True))
        first = next(name for name in names if values[name] is None)
        where = ", ".join(f"{name} {values[name]}" for name in shown if values[name] is not None)
        message = (
            f"line {first.split()[1]} of journal `{entry.journal.name}` has no {first.split()[0]}: "
            f"something it reads has no row, or it divides by nothing; first at {where}"
        )
        raise RunStopped("T205", message, (f"journal {entry.journal.name}",))


def _narrow(frame: Frame, value: Value, world: World) -> Value:
    """A posted amount at the minor unit; T203 sees to it that it was rounded, so nothing is lost here."""
    if value.over is not None or value.scale is None:
        raise InternalError(f"an unrounded amount reached a posting over {frame.base}")
    exact = value if value.scale <= world.digits else rounded(value, world.digits, world.half)
    return Value(exact.sql, value.type, exact.scale, kept_as=f"DECIMAL(18,{world.digits})")


def _marks(frame: Frame) -> tuple[str, ...]:
    """The columns of a slice that decide sides and roles."""
    return ("returning", "settling", "leftover") if frame.leftover_apart else ("returning", "settling")


def _entry_keys(frame: Frame, journal: Journal) -> list[tuple[str, Value]]:
    """What identifies a subledger row and what its lines are summed by."""
    outputs = [(name, _dimension(frame, name)) for name in (*DIMENSIONS, "currency")]
    outputs.append(("posting-date", frame.value(journal.posts_on)))
    integer, yes_no = DataType(Family.NUMBER), DataType(Family.YES_NO)
    if journal.grain.form == "slices":
        units = DataType(Family.QUANTITY)
        outputs += [
            *((name, Value(frame.column(name), integer, 0, kept_as="BIGINT")) for name in ("fact", "event", "layer")),
            *(
                (name, Value(frame.column(name), units, 3, kept_as=units.storage))
                for name in ("layer.from", "layer.to", "quantity")
            ),
            *((name, Value(frame.column(name), yes_no)) for name in _marks(frame)),
        ]
        outputs.append(("event-kind", Value(frame.column("event-kind"), TEXT)))
        return outputs
    fact = frame.column("fact") if journal.grain.form == "rows" else empty("BIGINT")
    outputs.append(("fact", Value(fact, integer, 0, kept_as="BIGINT")))
    outputs += [(name, Value(exp.false(), yes_no)) for name in ("returning", "settling")]
    return outputs


def _shown_fields(frame: Frame, fields: tuple[str, ...]) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    for name in fields:
        row, _, field = name.partition(".")
        if row == "layer" and ("layer", field) in frame.fields:
            found.append((name, frame.field("layer", field)))
        elif name in frame.keys:
            found.append((name, frame.key(name)))
    return found


def _dimension(frame: Frame, name: str) -> Value:
    """A dimension of the line: the row's key or field of that name, else the layer's, else missing."""
    if name in frame.keys:
        found = frame.keys[name]
        return Value(frame.column(found[0]), found[1])
    if ("layer", name) in frame.fields:
        return frame.field("layer", name)
    if name == "currency":
        return Value(exp.Literal.string(frame.world.ruleset.head.currency), TEXT)
    return Value(empty("VARCHAR"), TEXT)


def posts_within(journal: Journal, world: World) -> bool:
    """Whether a journal's own effective dates hold the period."""
    meta = journal.meta
    begun = meta.effective_from is None or meta.effective_from <= world.period.end
    return begun and (meta.effective_through is None or meta.effective_through >= world.period.start)
