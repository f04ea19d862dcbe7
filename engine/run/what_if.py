"""What a scenario comes to beside the books: postings of the same periods, run as the rules are and as it supposes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from sqlglot import exp

from engine.model.ruleset import Account, Ruleset
from engine.model.scenarios import Change, Shown, UnderScenario
from engine.plan.posting.balances import DIMENSIONS, measures
from engine.plan.posting.booked_roles import RESULTS
from engine.plan.relation import column, named, table
from engine.plan.world import World
from engine.run.ways import Way, Ways

NOTHING = Decimal(0)
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Posting:
    """What one journal posted to one role at one place in a period, as booked, on the role's normal side.

    `place` follows DIMENSIONS; `line` is the first of the journal lines it was added up from, '' of an opening balance,
    whose journal and period are '' too.
    """

    period: str
    journal: str
    role: str
    place: tuple[str, ...]
    amount: Decimal
    line: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure as it is and as it is supposed."""

    as_it_is: Decimal
    supposed: Decimal

    @property
    def difference(self) -> Decimal:
        """Supposed less as it is."""
        return self.supposed - self.as_it_is


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An account: of results what all periods posted, of others the balance at the end, on its normal side."""

    account: str
    title: str
    type: str
    figures: Compared


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that a scenario shows: its role, the values of what it is shown by, and the figures."""

    role: str
    keys: tuple[str, ...]
    figures: Compared


@dataclass(frozen=True, slots=True)
class ShownTable:
    """What one `shows` line shows; by period, a result is what the period posted, a balance that at its end."""

    by: tuple[str, ...]
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """What one journal adds to the difference of an account, where most of it lies, and the way to the rule.

    `line` is a line of the run as it is, which `tieout explain` leads on from; `way` is None where the journal reads
    nothing that the scenario changes.
    """

    account: str
    title: str
    journal: str
    figures: Compared
    period: str
    place: tuple[str, ...]
    largest: Compared
    line: str
    way: Way | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything compared: periods, changes, results and balances by account, what is shown, and causes."""

    scenario: str
    currency: str
    periods: tuple[str, ...]
    changes: tuple[Change, ...]
    results: tuple[AccountChange, ...]
    balances: tuple[AccountChange, ...]
    shown: tuple[ShownTable, ...]
    causes: tuple[Cause, ...]

    @property
    def result(self) -> Compared:
        """Revenue less expense over all periods."""
        signed = [(1 if one.type == "revenue" else -1, one.figures) for one in self.results]
        return Compared(
            sum((sign * one.as_it_is for sign, one in signed), NOTHING),
            sum((sign * one.supposed for sign, one in signed), NOTHING),
        )


@dataclass(frozen=True, slots=True)
class AsPosted:
    """A hard-closed period run again as the rules are: accounts with what the books hold less what came out.

    `same_rules` says that it was closed by the texts of today.
    """

    period: str
    same_rules: bool
    apart: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class ProjectedUnits:
    """Units of a kind that a scenario projects for a period, and those that pools could not serve."""

    kind: str
    period: str
    units: Decimal
    unserved: Decimal


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A scenario beside the books: what differs, whether the books' own figures came out again, what is projected."""

    comparison: Comparison
    known: tuple[str, ...]
    as_posted: tuple[AsPosted, ...]
    projected: tuple[ProjectedUnits, ...]


def read_postings(world: World) -> tuple[Posting, ...]:
    """The ledger lines of a run, added up by journal, role and place."""
    if not world.has("ledger line"):
        return ()
    booked = measures(world)[-1]
    on_normal = exp.EQ(this=column("side"), expression=column("account.normal"))
    signed = exp.Case().when(on_normal, column(booked)).else_(exp.Neg(this=column(booked)))
    keys = [column(one) for one in ("period", "journal", "role", *DIMENSIONS)]
    query = exp.select(*keys, named(exp.Sum(this=signed), "total"), exp.Min(this=column("id")))
    query = query.from_(table("ledger line")).group_by(*(one.copy() for one in keys))
    return tuple(
        Posting(str(period), str(journal), str(role), tuple(map(_text, place)), Decimal(str(total)), str(line))
        for period, journal, role, *place, total, line in world.executor.rows(query)
    )


def read_opening(world: World) -> tuple[Posting, ...]:
    """The balances a run began with; none where it is the first."""
    if "handed balance" not in world.given:
        return ()
    names = [column(one) for one in ("role", *DIMENSIONS)]
    query = exp.select(*names, exp.Sum(this=column("booked"))).from_(table("handed balance"))
    query = query.group_by(*(one.copy() for one in names))
    return tuple(
        Posting("", "", str(role), tuple(map(_text, place)), Decimal(str(total)), "")
        for role, *place, total in world.executor.rows(query)
    )


def compare(
    under: UnderScenario,
    as_it_is: Sequence[Posting],
    supposed: Sequence[Posting],
    periods: Sequence[str],
) -> Comparison:
    """Two runs of the same periods beside each other; postings without a period are opening balances."""
    pairs = _paired(as_it_is, supposed)
    ruleset = under.ruleset
    ways = Ways(under)
    return Comparison(
        under.name,
        ruleset.head.currency,
        tuple(periods),
        under.changes,
        _accounts(ruleset, pairs, results=True),
        _accounts(ruleset, pairs, results=False),
        tuple(_shown(ruleset, one, pairs, periods) for one in under.shows or _results_by_partner(ruleset)),
        _causes(ruleset, pairs, ways),
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """The postings of one journal to one role at one place in a period, in both runs."""

    period: str
    journal: str
    role: str
    place: tuple[str, ...]
    figures: Compared
    line: str


def _paired(as_it_is: Iterable[Posting], supposed: Iterable[Posting]) -> tuple[_Pair, ...]:
    found: dict[tuple[str, str, str, tuple[str, ...]], _Pair] = {}
    for side, postings in enumerate((as_it_is, supposed)):
        for one in postings:
            key = (one.period, one.journal, one.role, one.place)
            before = found.get(key, _Pair(*key, Compared(NOTHING, NOTHING), ""))
            figures, line = before.figures, before.line
            if side == 0:
                figures, line = Compared(figures.as_it_is + one.amount, figures.supposed), one.line
            else:
                figures = Compared(figures.as_it_is, figures.supposed + one.amount)
            found[key] = _Pair(*key, figures, line)
    return tuple(found[key] for key in sorted(found))


def _is_result(ruleset: Ruleset, role: str) -> bool:
    account = ruleset.accounts.get(role)
    return account is not None and account.type in RESULTS


def _label(ruleset: Ruleset, role: str) -> tuple[str, str, str]:
    account: Account | None = ruleset.accounts.get(role)
    return (role, "", "") if account is None else (account.number, account.title, account.type)


def _accounts(ruleset: Ruleset, pairs: Iterable[_Pair], results: bool) -> tuple[AccountChange, ...]:
    """Accounts of results without what was there at the beginning; other accounts with it."""
    kept = [one for one in pairs if _is_result(ruleset, one.role) == results and (one.period or not results)]
    summed = _summed(kept, lambda one: _label(ruleset, one.role))
    return tuple(AccountChange(*label, figures) for label, figures in sorted(summed.items()))


def _summed(pairs: Iterable[_Pair], key: Callable[[_Pair], Key]) -> dict[Key, Compared]:
    found: dict[Key, Compared] = {}
    for one in pairs:
        before = found.get(key(one), Compared(NOTHING, NOTHING))
        figures = one.figures
        found[key(one)] = Compared(before.as_it_is + figures.as_it_is, before.supposed + figures.supposed)
    return found


def _results_by_partner(ruleset: Ruleset) -> tuple[Shown, ...]:
    """What is shown where nothing is asked for: results by partner and period."""
    roles = tuple(role for role in ruleset.accounts if _is_result(ruleset, role))
    return (Shown(roles, ("partner", "period")),)


# ---- what a scenario shows -------------------------------------------------------------------------------------------


def _shown(ruleset: Ruleset, shown: Shown, pairs: Sequence[_Pair], periods: Sequence[str]) -> ShownTable:
    rows: list[ShownRow] = []
    for role in shown.roles:
        own = [one for one in pairs if one.role == role]
        if _is_result(ruleset, role):
            summed = _summed((one for one in own if one.period), lambda one: _keys(shown.by, one, one.period))
        elif "period" in shown.by:
            summed = _balances(shown.by, own, periods)
        else:
            summed = _summed(own, lambda one: _keys(shown.by, one, ""))
        rows += [ShownRow(role, keys, figures) for keys, figures in sorted(summed.items()) if any(_both(figures))]
    return ShownTable(shown.by, tuple(rows))


def _both(figures: Compared) -> tuple[Decimal, Decimal]:
    return figures.as_it_is, figures.supposed


def _keys(by: Sequence[str], one: _Pair, period: str) -> tuple[str, ...]:
    place = dict(zip(DIMENSIONS, one.place, strict=True))
    return tuple(period if name == "period" else place[name] for name in by)


def _balances(by: Sequence[str], pairs: Sequence[_Pair], periods: Sequence[str]) -> dict[tuple[str, ...], Compared]:
    """Balances at the end of each period."""
    found: dict[tuple[str, ...], Compared] = {}
    for at, period in enumerate(periods):
        until = {"", *periods[: at + 1]}
        found |= _summed((one for one in pairs if one.period in until), _at_end_of(by, period))
    return found


def _at_end_of(by: Sequence[str], period: str) -> Callable[[_Pair], tuple[str, ...]]:
    return lambda one: _keys(by, one, period)


# ---- why -------------------------------------------------------------------------------------------------------------


def _causes(ruleset: Ruleset, pairs: Iterable[_Pair], ways: Ways) -> tuple[Cause, ...]:
    """For each account and journal that differ, the largest difference and the way to the rule behind it."""
    differing: dict[tuple[str, str, str], list[_Pair]] = {}
    for one in pairs:
        if one.journal:
            account, title, _ = _label(ruleset, one.role)
            differing.setdefault((account, title, one.journal), []).append(one)
    found: list[Cause] = []
    known: dict[str, Way | None] = {}
    for (account, title, journal), members in sorted(differing.items()):
        largest = max(members, key=lambda one: (abs(one.figures.difference), one.period, one.place))
        if not largest.figures.difference:
            continue
        if journal not in known:
            known[journal] = ways.from_journal(journal)
        total = _summed(members, lambda one: "")[""]
        figures, place = largest.figures, largest.place
        found.append(
            Cause(account, title, journal, total, largest.period, place, figures, largest.line, known[journal])
        )
    return tuple(found)


def differences_by_period(
    ruleset: Ruleset, as_it_is: Sequence[Posting], posted: Mapping[str, Mapping[str, Decimal]]
) -> dict[str, list[tuple[str, Decimal]]]:
    """Periods whose lines, run again, are not what the books hold: accounts with what was posted less the run's own."""
    found: dict[str, list[tuple[str, Decimal]]] = {}
    for period, held in posted.items():
        own: dict[str, Decimal] = {}
        for one in as_it_is:
            if one.period == period:
                own[one.role] = own.get(one.role, NOTHING) + one.amount
        apart = {role: held.get(role, NOTHING) - own.get(role, NOTHING) for role in {*own, *held}}
        rest = [(_label(ruleset, role)[0], amount) for role, amount in sorted(apart.items()) if amount]
        if rest:
            found[period] = rest
    return found


def changes_by_account(
    ruleset: Ruleset, as_it_is: Sequence[Posting], supposed: Sequence[Posting]
) -> tuple[AccountChange, ...]:
    """The accounts to which two runs of a period posted different amounts, on their normal side."""
    summed = _summed(_paired(as_it_is, supposed), lambda one: _label(ruleset, one.role))
    return tuple(AccountChange(*label, figures) for label, figures in sorted(summed.items()) if figures.difference)


def _text(value: object) -> str:
    return "" if value is None else str(value)
