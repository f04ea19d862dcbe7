"""Several people at one set of books, in any order: what must hold holds after each step.

A state machine (hypothesis) loads, corrects, overrides, accepts, tries, asks, approves, reopens and loads late facts
over several months. After each step: debits are credits in each entry, period, currency and company; units are
conserved; the balances are those of a reckoning in plain Python, so each shipment and each sale was posted once; what
is closed is the bytes it was; nobody approved his own work; the heads and the chain agree. How often the interesting
states were reached is counted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlglot import exp

from adapters.books import durable
from adapters.books.entries import Run, RunKind
from adapters.books.errors import BooksError, NotAllowed, PeriodOutOfOrder
from adapters.books.store import Books
from adapters.closing.close import close_period
from adapters.closing.exceptions import accept
from adapters.closing.inputs import files_of, parquet
from adapters.closing.signing import (
    approve_close,
    approve_reopening,
    reject_close,
    request_close,
    request_reopening,
)
from adapters.closing.worklist import worklist_of
from adapters.duckdb_executor import DuckDBExecutor
from engine.governance import acts
from engine.governance.overrides_judged import approving_role
from engine.governance.state import digest_of
from tests.support.governed_shop import ONE_THREAD, PEOPLE, Shop, governed_shop
from tests.support.promises import SCALE, by_night, reached, trials
from tests.support.shop_client import MASTERS, SALES_HEAD

MONTHS = {f"FY2026-P{month:02}": date(2026, month, 28) for month in (1, 2, 3)}
POOLS = tuple((partner, part) for partner in ("ACME", "BRAVO") for part in ("X100", "X200"))
HEADS = {"shipments": "No,Partner,Part,Units,Price,Date\n", "sales": SALES_HEAD}
REACHED: Counter[str] = Counter()
RUNS = trials(1000, per_commit=2)
STEPS = 8 if SCALE == "commit" else 50

DRAWN = st.tuples(
    st.sampled_from(["shipments", "sales"]), st.sampled_from(POOLS), st.integers(1, 6), st.integers(3, 84)
)

Fact = tuple[str, str, str, str, int, Decimal, date]
"""Feed, number, partner, part, units, price (of shipments), day."""


class Channel(RuleBasedStateMachine):
    """One shop with people, and a reckoning beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tieout-machine-"))
        self.facts: dict[str, Fact] = {}
        self.frozen: dict[Path, str] = {}
        self.late: set[tuple[str, str]] = set()
        self.number = 0

    @initialize()
    def people_are_named(self) -> None:
        """Books that name people, with approved rules and the masters."""
        self.shop: Shop = governed_shop(self.folder / "shop")
        self.shop.deliver("jonas", {"masters_1.csv": MASTERS})
        first = dict.fromkeys(POOLS, 40)
        rows = [self._fact("shipments", *pool, units, date(2026, 1, 2)) for pool, units in first.items()]
        self._load("jonas", rows)

    def teardown(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder)

    # ---- what people do ----------------------------------------------------------------------------------------------

    @rule(
        who=st.sampled_from(["jonas", "petra", "kim"]),
        drawn=st.lists(DRAWN, min_size=1, max_size=4),
    )
    def load(self, who: str, drawn: list[tuple[str, tuple[str, str], int, int]]) -> None:
        """Somebody loads facts of any month, late ones among them; never more sales than there were units."""
        rows: list[Fact] = []
        for feed, pool, units, offset in drawn:
            day = date(2026, 1, 1) + timedelta(days=offset)
            if feed == "sales" and units > self._free(pool, day, rows):
                continue
            rows.append(self._fact(feed, *pool, units, day))
        if rows:
            self._load(who, rows)

    @rule(who=st.sampled_from(["jonas", "petra"]), choice=st.integers(0, 10_000))
    def correct(self, who: str, choice: int) -> None:
        """A sale is told anew with one unit less; where its period is closed it waits in quarantine."""
        sales = [one for one in self.facts.values() if one[0] == "sales" and one[4] > 1]
        if not sales:
            return
        feed, number, partner, part, units, price, day = sales[choice % len(sales)]
        again = (feed, number, partner, part, units - 1, price, day)
        with self.shop.acting("ana", write=False) as books:
            closed = books.last_hard_closed("fiscal")
            is_late = closed is not None and day <= books.period("fiscal", closed.period).period.end
        with self._told():
            report = self.shop.deliver(who, {f"sales_{self.shop.loaded}.csv": SALES_HEAD + _row(again)})
            if report.quarantined:
                assert is_late, "only what a closed period counted waits"
                REACHED["a version of a closed period waits in quarantine"] += 1
            else:
                self.facts[number] = again
                REACHED["a fact told anew"] += 1

    @rule(who=st.sampled_from([*PEOPLE, "jonas", "petra", "ana"]))
    def try_the_open_period(self, who: str) -> None:
        """Somebody makes a trial."""
        with self._told(), self.shop.acting(who) as books:
            closed = close_period(books, self.shop.ruleset, self._open(books), resources=ONE_THREAD)
            assert closed.run is not None, [one.sentence for one in closed.result.tie_outs if not one.passed]
            REACHED["trials"] += 1
            self._check(books, closed.run)

    @rule(who=st.sampled_from(["jonas", "petra", "petra", "ana"]))
    def ask_for_the_close(self, who: str) -> None:
        """Somebody asks for the close of what was tried last."""
        with self._told(), self.shop.acting(who) as books:
            asked = request_close(books, self.shop.ruleset, self._open(books), "all in")
            REACHED["closes asked for" if asked.is_new else "closes whose conditions were not met"] += 1

    @rule(who=st.sampled_from([*PEOPLE, "ana", "omar", "ana", "omar"]))
    def approve_the_close(self, who: str) -> None:
        """Somebody approves it."""
        with self._told(), self.shop.acting(who) as books:
            period = self._open(books)
            closing = books.state.closing("fiscal", period)
            agreement = approve_close(books, self.shop.ruleset, period, resources=ONE_THREAD)
            if agreement.closed is None or agreement.closed.run is None:
                return
            assert who not in (closing.asked_by, closing.trial_by)
            assert who not in closing.accepted_by
            run = agreement.closed.run
            self._check(books, run)
            for path in books.run_files(run).values():
                self.frozen[path] = durable.sha256_file(path)
            REACHED["hard closes"] += 1
            overrides = books.state.overrides_of("fiscal", period)
            REACHED["hard closes with an override"] += any(one.state == "approved" for one in overrides)
            REACHED["hard closes with rows in quarantine"] += any(one.quarantined for one in books.loads())
            closes = [one for one in books.runs("fiscal", period) if one.kind is RunKind.HARD]
            REACHED["periods closed again"] += len(closes) > 1

    @rule()
    def close_as_people_do(self) -> None:
        """Tried by one, accepted by another, asked for by the first, approved by a third."""
        self.try_the_open_period("petra")
        self.accept_what_stands_open("kim")
        self.ask_for_the_close("petra")
        self.approve_the_close("omar")

    @rule()
    def reopen_as_people_do(self) -> None:
        """Asked for by one, approved by two others."""
        self.ask_for_a_reopening("ana")
        self.approve_a_reopening("omar")
        self.approve_a_reopening("lea")

    @rule(who=st.sampled_from(["ana", "omar", "jonas"]))
    def reject_the_close(self, who: str) -> None:
        """Somebody turns it down."""
        with self._told(), self.shop.acting(who) as books:
            reject_close(books, self.shop.ruleset, self._open(books), "not yet")
            REACHED["closes turned down"] += 1

    @rule(who=st.sampled_from(["kim", "kim", "ana", "omar", "jonas"]))
    def accept_what_stands_open(self, who: str) -> None:
        """Somebody accepts every exception of the control that keeps the period open."""
        with self._told(), self.shop.acting(who) as books:
            period = self._open(books)
            conditions = worklist_of(books, self.shop.ruleset, period).conditions
            ids = [one.raised.id for one in conditions.in_the_way]
            if ids:
                accept(books, self.shop.ruleset, period, "reports follow", ids)
                REACHED["acceptances"] += 1

    @rule(who=st.sampled_from(["jonas", "petra", "kim"]), pool=st.sampled_from(POOLS), units=st.integers(1, 60))
    def propose_an_override(self, who: str, pool: tuple[str, str], units: int) -> None:
        """Somebody states the count that holds for a part at a partner."""
        with self._told(), self.shop.acting(who) as books:
            period = self._open(books)
            row = (("company", "US01"), ("partner", pool[0]), ("part", pool[1]), ("period", period))
            standing = [one for one in books.state.overrides_of("fiscal", period) if one.proposal.row == row]
            last = next((one for one in reversed(standing) if one.state in ("proposed", "approved")), None)
            self.number += 1
            act = acts.OverrideProposed(
                f"O-{self.number}", "fiscal", period, "siso", row, "reported", str(units), "units",
                "50.00" if units % 2 else "", "USD" if units % 2 else "", "recount", "counted together",
                replaces=last.proposal.override if last is not None else "",
            )  # fmt: skip
            books.record("override", act)
            REACHED["overrides proposed"] += 1
            REACHED["overrides replaced"] += last is not None

    @rule(who=st.sampled_from(["kim", "ana", "omar", "petra"]), is_approved=st.booleans())
    def decide_on_an_override(self, who: str, is_approved: bool) -> None:
        """Somebody approves or rejects what was proposed last."""
        with self._told(), self.shop.acting(who) as books:
            waiting = [one for one in books.state.overrides.values() if one.state == "proposed"]
            if not waiting:
                return
            one = waiting[-1]
            name, digest = one.proposal.override, digest_of(one.proposal)
            role = approving_role(books.state, who, one.proposal, books.policy)
            decided: acts.Act = acts.OverrideApproved(name, digest, "seen", role)
            if not is_approved:
                decided = acts.OverrideRejected(name, digest, "no")
            books.record("override", decided)
            assert who != one.by
            REACHED["overrides approved" if is_approved else "overrides rejected"] += 1

    @rule(who=st.sampled_from(["ana", "omar", "jonas"]))
    def ask_for_a_reopening(self, who: str) -> None:
        """Somebody asks that the period closed last be opened again."""
        with self._told(), self.shop.acting(who) as books:
            closed = books.last_hard_closed("fiscal")
            if closed is not None:
                request_reopening(books, self.shop.ruleset, closed.period, "restated")
                REACHED["reopenings asked for"] += 1

    @rule(who=st.sampled_from(["ana", "omar", "lea", "kim"]))
    def approve_a_reopening(self, who: str) -> None:
        """Somebody approves it; with the second the period is open again."""
        with self._told(), self.shop.acting(who) as books:
            closed = books.last_hard_closed("fiscal")
            if closed is None:
                return
            missing = approve_reopening(books, self.shop.ruleset, closed.period)
            assert who != books.state.closing("fiscal", closed.period).reopening_by
            REACHED["reopenings"] += not missing

    # ---- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def closed_periods_are_the_bytes_they_were(self) -> None:
        """Nothing that was frozen has changed, also of periods reopened since."""
        assert all(durable.sha256_file(path) == digest for path, digest in self.frozen.items())

    @precondition(lambda self: self.number % 5 == 0)
    @invariant()
    def the_books_are_whole(self) -> None:
        """Chain, heads, files and rows agree."""
        with self.shop.acting("ana", write=False) as books:
            assert books.verify() == []
            REACHED["refused acts"] = max(REACHED["refused acts"], _refused(books))

    def _check(self, books: Books, run: Run) -> None:
        """Hold what a run published against the reckoning."""
        path = {name: books.path(entry) for name, entry in books.run_entries(run).items()}
        columns = ("journal", "company", "period", "currency", "side", "amount", "role", "partner", "part")
        before = [one for one in books.ledger.closes("fiscal", run.id) if one.period < run.period]
        with DuckDBExecutor(threads=1, reads=files_of(books)) as executor:
            lines = _rows(executor, path["ledger_line"], columns)
            posted = [row for one in before for row in _rows(executor, books.run_files(one)["ledger_line"], columns)]
            stock = _rows(executor, path["stock"], ("partner", "part", "bucket", "closing"))
        sums: Counter[tuple[object, ...]] = Counter()
        for journal, company, period, currency, side, amount, _, *where in lines:
            sums[journal, company, period, currency, *where] += (1 if side == "debit" else -1) * _cents(amount)
        assert set(sums.values()) <= {0}, "debits are credits in each entry"
        REACHED["lines checked"] += len(lines)
        balances: Counter[tuple[object, ...]] = Counter()
        for _, _, _, _, side, amount, role, partner, part in (*posted, *lines):
            balances[role, partner, part] += (1 if side == "debit" else -1) * _cents(amount)
        end = books.period("fiscal", run.period).period.end
        adjusted = any(one.state == "approved" for one in books.state.overrides.values())
        held = {(partner, part): units for partner, part, bucket, units in stock if bucket == "shelf"}
        for pool in POOLS:
            if not adjusted:
                self._check_pool(pool, end, held[pool], balances)

    def _check_pool(self, pool: tuple[str, str], end: date, held: object, balances: Mapping[Any, int]) -> None:
        """Units on the shelf are what was shipped less what was sold, and what they are worth is oldest first; as far
        as no override made an adjustment of the difference, and no late shipment came before others in line."""
        known = [one for one in self.facts.values() if (one[2], one[3]) == pool and one[6] <= end]
        shipped = sorted((one for one in known if one[0] == "shipments"), key=lambda one: (one[6], one[1]))
        sold = sum(one[4] for one in known if one[0] == "sales")
        assert held == sum(one[4] for one in shipped) - sold, f"{pool}: {held} on the shelf"
        billed = sum(one[4] * int(one[5] * 100) for one in shipped)
        assert balances["trade-receivable", *pool] == billed
        assert balances["deferred-revenue", *pool] + balances["product-revenue", *pool] == -billed
        REACHED["pools reckoned"] += 1
        if pool in self.late:
            return
        earned, left = 0, sold
        for one in shipped:
            earned += min(left, one[4]) * int(one[5] * 100)
            left -= min(left, one[4])
        assert balances["product-revenue", *pool] == -earned
        REACHED["pools valued"] += 1

    # ---- the reckoning -----------------------------------------------------------------------------------------------

    def _fact(self, feed: str, partner: str, part: str, units: int, day: date) -> Fact:
        self.number += 1
        price = Decimal(f"{10 + self.number % 7}.25")
        return (feed, f"{feed[:2].upper()}-{self.number}", partner, part, units, price, day)

    def _free(self, pool: tuple[str, str], day: date, more: list[Fact]) -> int:
        """Units that can be sold on a day without there being too few on any later one."""
        facts = [one for one in (*self.facts.values(), *more) if (one[2], one[3]) == pool]
        days = sorted({one[6] for one in facts if one[6] > day} | {day})
        held = [sum(one[4] if one[0] == "shipments" else -one[4] for one in facts if one[6] <= at) for at in days]
        return min(held)

    def _load(self, who: str, rows: list[Fact]) -> None:
        files = {
            f"{feed}_{self.shop.loaded}.csv": head + "".join(_row(one) for one in rows if one[0] == feed)
            for feed, head in HEADS.items()
            if any(one[0] == feed for one in rows)
        }
        with self._told():
            report = self.shop.deliver(who, files)
            assert report.is_written
            assert not report.quarantined
            with self.shop.acting("ana", write=False) as books:
                closed = books.last_hard_closed("fiscal")
                end = date.min if closed is None else books.period("fiscal", closed.period).period.end
            REACHED["late facts"] += sum(one[6] <= end for one in rows)
            self.late |= {(one[2], one[3]) for one in rows if one[6] <= end and one[0] == "shipments"}
            self.facts |= {one[1]: one for one in rows}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What may not be done, or is not so far yet, is told in a sentence and changes nothing."""
        try:
            yield
        except NotAllowed:
            REACHED["not allowed"] += 1
        except PeriodOutOfOrder:
            REACHED["out of order"] += 1
        except BooksError:
            REACHED["other sentences"] += 1

    def _open(self, books: Books) -> str:
        """The first period that is not closed."""
        closed = {one.period for one in books.ledger.closes("fiscal")}
        return next((name for name in MONTHS if name not in closed), "FY2026-P04")


def _row(fact: Fact) -> str:
    feed, number, partner, part, units, price, day = fact
    cells: list[Any] = [number, partner, part, units, *([price] if feed == "shipments" else []), day]
    return ",".join(str(one) for one in cells) + "\n"


def _rows(executor: DuckDBExecutor, path: Path, columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    query = exp.select(*(exp.column(one, quoted=True) for one in columns)).from_(parquet(path))
    return [tuple(row) for row in executor.rows(query)]


def _cents(amount: object) -> int:
    return int(Decimal(str(amount)) * 100)


def _refused(books: Books) -> int:
    return sum(isinstance(one.act, acts.Refused) for one in books.ledger.happened())


def test_a_story_that_reaches_what_is_rare() -> None:
    REACHED.clear()
    shop = Channel()
    try:
        shop.people_are_named()
        shop.load("jonas", [("sales", POOLS[0], 5, 19), ("shipments", POOLS[0], 6, 20)])
        shop.close_as_people_do()
        shop.load("jonas", [("sales", POOLS[1], 4, 12)])
        shop.try_the_open_period("petra")
        shop.propose_an_override("jonas", POOLS[2], 38)
        shop.decide_on_an_override("jonas", is_approved=True)
        shop.decide_on_an_override("omar", is_approved=True)
        shop.close_as_people_do()
        shop.reopen_as_people_do()
        shop.close_as_people_do()
        shop.correct("petra", 0)
        shop.closed_periods_are_the_bytes_they_were()
        shop.the_books_are_whole()
    finally:
        shop.teardown()
    expected = {"late facts": 1, "overrides approved": 1, "hard closes": 3, "reopenings": 1, "periods closed again": 1}
    assert {name: REACHED[name] for name in expected} == expected
    assert REACHED["a version of a closed period waits in quarantine"] == 1
    assert REACHED["not allowed"] > 0


@by_night
def test_what_must_hold_holds_after_every_step_of_several_people() -> None:
    REACHED.clear()
    run_state_machine_as_test(
        Channel,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    if SCALE != "commit":
        wanted = ("hard closes", "late facts", "acceptances", "overrides approved", "closes asked for", "reopenings")
        assert all(REACHED[one] for one in wanted), REACHED
    counted = {name.replace(" ", "_"): count for name, count in REACHED.items()}
    reached("P2", f"runs of {STEPS} steps by several people, checked after each step", RUNS, 0, **counted)
    pools = {name: REACHED[name] for name in ("pools reckoned", "pools valued")}
    proof = f"runs of {STEPS} steps, units and balances held against a reckoning in plain Python"
    reached("P3", proof, RUNS, 0, **{name.replace(" ", "_"): count for name, count in pools.items()})
