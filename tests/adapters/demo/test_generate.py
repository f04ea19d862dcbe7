from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.client.file_names import name_pattern
from adapters.client.loader import ClientFile, read_client
from adapters.demo.catalogue import PARTNERS, PARTS
from adapters.demo.generate import generate
from adapters.demo.planted import Planted, Problem
from dsl.diagnostics import Diagnostics
from tests.support import promises
from tests.support.demo_files import KINDS_PLANTED, MONTH_ENDS, Fact, lines_of, prices, read_facts

REGIONS = {partner.code: partner.region for partner in PARTNERS}
PERIODS = {"FY2026-P01": "2026-01", "FY2026-P02": "2026-02", "FY2026-P03": "2026-03", "FY2026-P04": "2026-04"}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return generate(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def facts(planted: Planted) -> list[Fact]:
    return read_facts(planted.folder)[0]


@pytest.fixture(scope="module")
def client() -> ClientFile:
    diagnostics = Diagnostics()
    found = read_client(Path(__file__).parents[3] / "rulesets/clients/demo", diagnostics)
    assert found is not None, list(diagnostics)
    return found


def _hash(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _one(planted: Planted, name: str) -> Problem:
    [problem] = [problem for problem in planted.problems if problem.name == name]
    return problem


def _lines(planted: Planted, problem: Problem) -> list[str]:
    lines = lines_of(planted.folder / problem.file)
    return [lines[row - 1] for row in problem.rows]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(planted: Planted, tmp_path: Path) -> None:
    again, other = generate(tmp_path / "again"), generate(tmp_path / "other", seed=7)
    assert _hash(again.folder) == _hash(planted.folder)
    assert again.problems == planted.problems
    assert again.differences == planted.differences
    assert _hash(other.folder) != _hash(planted.folder)


def test_the_world_is_as_large_as_promised(planted: Planted, facts: list[Fact]) -> None:
    assert planted.rows >= 30_000
    assert {fact.partner for fact in facts} == {partner.code for partner in PARTNERS}
    assert len({fact.part for fact in facts} & {part.code for part in PARTS}) == 60
    assert {delivery.period for delivery in planted.deliveries} == set(PERIODS)
    assert [d.received for d in planted.deliveries] == sorted(d.received for d in planted.deliveries)
    assert sum(delivery.last_of_period for delivery in planted.deliveries) == 4


def test_every_file_is_taken_by_exactly_one_feed(planted: Planted, client: ClientFile) -> None:
    patterns = [(feed.name, name_pattern(text)) for feed in client.client.feeds for text in feed.files]
    used = set()
    for file in _hash(planted.folder):
        takers = [name for name, pattern in patterns if pattern.match(Path(file).name) is not None]
        assert len(takers) == 1, (file, takers)
        used.update(takers)
    assert used == {name for name, _ in patterns}


def test_the_part_numbers_of_delta_are_translated_as_delta_writes_them(client: ClientFile) -> None:
    for name in ("delta-pos", "delta-stock"):
        [feed] = [feed for feed in client.client.feeds if feed.name == name]
        assert feed.codes["parts"] == {part.delta_number: part.code for part in PARTS}


class _Stock:
    """What a partner should hold, from the files known at a close, by rules written here a second time."""

    def __init__(self, facts: list[Fact]) -> None:
        self.facts = facts
        self.absorbed: Counter[tuple[str, str]] = Counter()

    def expected(self, month: str, folders: set[str]) -> tuple[Counter[tuple[str, str]], dict[tuple[str, str], int]]:
        end = MONTH_ENDS[month]
        known = [fact for fact in self.facts if fact.folder in folders]
        held: Counter[tuple[str, str]] = Counter(self.absorbed)
        counts: dict[tuple[str, str], int] = {}
        proved = {fact.key for fact in known if fact.what == "receipt" and fact.day <= end}
        transit = {"ACME": 3, "BRAVO": 7, "CHARLIE": 12, "DELTA": 4, "ECHO": 5}
        for fact in _once(known):
            pool = fact.partner, fact.part
            if fact.what in ("sale", "return"):
                held[pool] += 0 if fact.month > month else -fact.quantity if fact.what == "sale" else fact.quantity
            elif fact.what == "opening" or (fact.what == "receipt" and fact.day <= end):
                held[pool] += fact.quantity
            elif fact.what == "shipment" and fact.day <= end and fact.key not in proved:
                assumed = fact.day + timedelta(days=transit[fact.partner]) <= end
                held[pool] += fact.quantity if assumed or fact.partner == "BRAVO" else 0
            elif fact.what == "sent-back" and fact.day <= end:
                held[pool] -= 0 if fact.partner == "ACME" else fact.quantity
            elif fact.what == "credited" and fact.day <= end:
                held[pool] -= fact.quantity if fact.partner == "ACME" else 0
            elif fact.what == "count" and fact.month == month:
                counts[pool] = fact.quantity + _since(known, pool, fact.day, end)
        return held, counts


def _once(facts: list[Fact]) -> list[Fact]:
    """Sales stated twice, word for word or under another line number, count once."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for fact in facts:
        if fact.what == "sale":
            twin = (fact.partner, fact.key[0], fact.part, str(fact.quantity), fact.note)
            if twin in seen:
                continue
            seen.add(twin)
        kept.append(fact)
    return kept


def _since(facts: list[Fact], pool: tuple[str, str], counted: date, end: date) -> int:
    """Movements between an early count and the close."""
    if counted == end:
        return 0
    signs = {"receipt": 1, "return": 1, "sale": -1, "sent-back": -1}
    moved = [fact for fact in facts if (fact.partner, fact.part) == pool and counted < fact.day <= end]
    return sum(signs.get(fact.what, 0) * fact.quantity for fact in moved)


def test_every_count_agrees_with_the_facts_but_for_what_was_planted(planted: Planted, facts: list[Fact]) -> None:
    book = prices(planted.folder)
    codes = {part.code for part in PARTS}
    stock = _Stock([fact for fact in facts if fact.part in codes])
    folders: set[str] = set()
    found = set()
    for delivery in planted.deliveries:
        folders.add(delivery.folder)
        if not delivery.last_of_period:
            continue
        held, counts = stock.expected(PERIODS[delivery.period], folders)
        assert len(counts) == 300
        assert min(held.values()) >= 0
        for (partner, part), count in counts.items():
            units = count - held[partner, part]
            worth = abs(units) * book[part, REGIONS[partner]]
            if not units:
                continue
            small = worth < 500 or (worth < 10_000 and Decimal(abs(units)) <= held[partner, part] * Decimal("0.02"))
            found.add((delivery.period, partner, part, units, "auto-adjust" if small else "exception"))
            if small:
                stock.absorbed[partner, part] += units
    wanted = {(one.period, one.partner, one.part, one.units, one.treatment) for one in planted.differences}
    assert found == wanted
    assert len(wanted) == len(planted.differences)


def test_no_partner_sells_on_any_day_what_it_does_not_hold(facts: list[Fact]) -> None:
    signs = {"opening": 1, "receipt": 1, "return": 1, "sale": -1, "sent-back": -1}
    moves: dict[tuple[str, str], Counter[date]] = defaultdict(Counter)
    for fact in _once(facts):
        day = fact.day if date(2026, 1, 1) <= fact.day <= date(2026, 5, 31) else MONTH_ENDS[fact.month]
        moves[fact.partner, fact.part][day] += signs.get(fact.what, 0) * fact.quantity
    for pool, days in moves.items():
        held = 0
        for day in sorted(days):
            held += days[day]
            assert held >= 0 or pool[1] == "X-900", (pool, day)


def test_rows_that_cannot_be_read_are_exactly_the_planted_ones(planted: Planted) -> None:
    _, unread = read_facts(planted.folder)
    wanted = {
        (problem.file, row)
        for problem in planted.problems
        if problem.name in ("malformed date", "malformed number", "TOTAL row")
        for row in problem.rows
    }
    assert set(unread) == wanted
    assert len([name for name in wanted if "echo" in name[0]]) == 5


def test_a_duplicate_repeats_its_invoice_part_and_quantity_under_another_line(planted: Planted) -> None:
    twice = [problem for problem in planted.problems if problem.name == "duplicate sale" and len(problem.rows) == 2]
    assert len(twice) == 3
    for problem in twice:
        first, second = (line.replace('"', "").split(",") for line in _lines(planted, problem))
        assert first[0] == second[0]
        assert second[1] == f"9{first[1]}"
        assert first[2:] == second[2:]


def test_a_file_delivered_twice_is_the_same_byte_for_byte(planted: Planted) -> None:
    hashes = Counter(_hash(planted.folder).values())
    again = [problem for problem in planted.problems if problem.name == "file delivered twice"]
    assert sorted(hashes.values(), reverse=True)[:3] == [2, 2, 1]
    for problem in again:
        assert hashes[_hash(planted.folder)[problem.file]] == 2


def test_a_missing_report_comes_with_the_delivery_that_cures_it(planted: Planted) -> None:
    problem = _one(planted, "missing stock report")
    month = PERIODS[problem.period]
    assert not list((planted.folder / month).glob("bravo_bestand*"))
    assert len(list((planted.folder / problem.cured).glob("bravo_bestand*"))) == 1


def test_an_oversold_pool_is_short_by_the_units_said_until_the_correction(planted: Planted, facts: list[Fact]) -> None:
    problem = _one(planted, "oversell")
    known = {delivery.folder for delivery in planted.deliveries if delivery.folder < problem.cured}
    held, _ = _Stock(facts).expected(PERIODS[problem.period], known)
    assert held[problem.partner, problem.part] == -problem.units
    assert problem.units > 0


def test_a_late_sale_is_dated_in_the_hard_closed_month(planted: Planted, facts: list[Fact]) -> None:
    late = [problem for problem in planted.problems if problem.name == "late sale"]
    stated = {(fact.file, fact.row): fact for fact in facts}
    assert len(late) == 2
    for problem in late:
        fact = stated[problem.file, problem.rows[0]]
        assert (fact.partner, fact.part, fact.quantity) == (problem.partner, problem.part, problem.units)
        assert fact.day <= MONTH_ENDS["2026-01"]
        assert fact.folder == "2026-02"


def test_wrong_years_stand_in_the_report_of_the_right_month(planted: Planted, facts: list[Fact]) -> None:
    stated = {(fact.file, fact.row): fact for fact in facts}
    wrong = [problem for problem in planted.problems if problem.name == "sale dated in the wrong period"]
    years = {stated[problem.file, problem.rows[0]].day.year for problem in wrong}
    assert years == {2025, 2027}
    assert all(stated[problem.file, problem.rows[0]].month == PERIODS[problem.period] for problem in wrong)


def test_every_kind_of_problem_is_planted_in_a_pool_of_its_own(planted: Planted) -> None:
    names = {problem.name for problem in planted.problems}
    assert names == set(KINDS_PLANTED)
    alone = {"late sale", "lasting difference", "drop shipment", "return without a right"}
    pools = Counter((one.partner, one.part) for one in planted.problems if one.part and one.name not in alone)
    assert max(pools.values()) == 1


@pytest.mark.parametrize("seed", range(promises.trials(50, per_commit=1)))
def test_any_seed_finds_room_for_every_problem(tmp_path: Path, planted: Planted, seed: int) -> None:
    names = Counter(problem.name for problem in generate(tmp_path, seed).problems if problem.name != "drop shipment")
    assert names == Counter(problem.name for problem in planted.problems if problem.name != "drop shipment")
