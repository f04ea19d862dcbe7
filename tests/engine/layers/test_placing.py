"""Which plan serves a pool, that both say the same, and that a period is handed over without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from engine.plan.executor import Row
from engine.plan.relation import Relation
from engine.plan.units.layers.policy import Placing
from engine.plan.units.layers.written import query
from engine.run.placing import PlacingReport, place_units
from tests.support import promises
from tests.support.histories import POLICIES, History, random_history, read_history, tidy_history
from tests.support.oracle import Event, Policy
from tests.support.placing import Hand, Places, hand_in, handed_over, nothing_handed_over, places_of

RETURNING = Placing(brings_back=True)


def placed(
    placing: Placing, events: Sequence[Event], places: Places, handed: Hand | None = None, threads: int = 1
) -> tuple[DuckDBExecutor, PlacingReport]:
    executor = DuckDBExecutor(threads=threads)
    hand_in(executor, events, handed or nothing_handed_over(), places)
    return executor, place_units(executor, placing)


def read(executor: DuckDBExecutor, name: str) -> list[Row]:
    return sorted(executor.rows(query(f'SELECT * FROM "{name}"')), key=repr)


def reasons(text: str, policy: Policy | None = None, second: str = "") -> list[object]:
    """Why the pools of a history go to the fold; of its second period where there is one."""
    chosen = policy or Policy()
    history = read_history(text, chosen, second)
    placing = Placing(chosen.order, True, chosen.beyond_sales, chosen.beyond_stock)
    executor, _ = placed(placing, history.first, places_of(history.first, {}))
    if second:
        handed = handed_over(executor)
        low = {key: (0, *place) for key, place in places_of(history.first, {}).items()}
        places = low | {key: (1, *place) for key, place in places_of(history.second, {}).items()}
        executor.close()
        executor, _ = placed(placing, history.second, places, handed)
    found = [reason for _, reason in read(executor, "folded-pool")]
    executor.close()
    return found


STOCK = "day what units\n1 receipt 5\n2 receipt 5\n"


@pytest.mark.parametrize(
    "text",
    [
        "3 sale 7\n4 sale 3",
        "3 sale 7\n4 return 4\n5 sale 6",
        "3 to-vendor 2\n4 sale 3",
        "3 sale 10\n4 return 10",
        "4 sale 2\n5 receipt 3",
    ],
)
def test_sales_and_their_returns_need_no_fold(text: str) -> None:
    assert reasons(STOCK + text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3 sale 11", "more moves than there is"),
        ("3 sale 2\n4 return 3", "more moves than there is"),
        ("3 sale 7\n3 to-vendor 1\n4 return 1", "units return beside other ways out"),
    ],
)
def test_what_the_axis_cannot_tell_goes_to_the_fold(text: str, reason: str) -> None:
    assert reasons(STOCK + text) == [reason]


def test_newest_first_and_sales_that_wait_go_to_the_fold() -> None:
    assert reasons(STOCK + "3 sale 1", Policy("newest")) == ["units leave out of turn"]
    waits = Policy(beyond_stock="wait")
    assert reasons(STOCK + "3 sale 11", waits, "day what units\n8 receipt 5") == ["sales wait for a layer"]
    assert reasons(STOCK + "3 sale 11", waits, "day what units\n8 change -") == []


def test_a_layer_placed_before_units_already_sold_goes_to_the_fold_only_then() -> None:
    early = "day what units place\n2 receipt 5 2\n3 sale {} -\n4 receipt 5 1\n5 sale 6 -"
    assert reasons(early.format(2)) == ["a layer opens behind the frontier"]
    assert reasons(early.replace("3 sale {} -\n", "")) == []


def test_returns_reach_units_sold_before_the_period_without_the_fold() -> None:
    assert reasons(STOCK + "3 sale 7", None, "day what units\n8 return 6\n9 sale 8\n10 return 2") == []


def test_the_report_counts_pools_and_events_by_plan() -> None:
    history = read_history(
        "day pool what units\n1 1 receipt 5\n2 1 sale 2\n1 2 receipt 1\n2 2 sale 2\n3 2 sale 1", Policy()
    )
    executor, report = placed(RETURNING, history.first, places_of(history.first, {}))
    executor.close()
    assert report == PlacingReport(pools_by_axis=1, pools_by_fold=1, events_by_fold=3, events=5)


def test_each_relation_made_is_told() -> None:
    made: dict[str, int | None] = {}

    def watch(relation: Relation, rows: int | None) -> None:
        made[relation.name] = rows

    history = read_history(STOCK + "3 sale 7", Policy())
    with DuckDBExecutor(threads=1) as executor:
        hand_in(executor, history.first, nothing_handed_over(), places_of(history.first, {}))
        place_units(executor, RETURNING, watch=watch)
    assert made["axis-slice"] == 2
    assert made["unit-open"] == 1
    assert made["unit-slice"] is None


def test_what_cannot_come_back_is_not_handed_over() -> None:
    text = STOCK + "3 sale 2\n4 to-vendor 1"
    history = read_history(text, Policy())
    for placing, buckets in (
        (RETURNING, ["end-customer", "our-stock"]),
        (Placing(brings_back=True, back_from=frozenset({"end-customer"})), ["end-customer"]),
        (Placing(), []),
    ):
        executor, _ = placed(placing, history.first, places_of(history.first, {}))
        assert [row[1] for row in read(executor, "unit-sold")] == buckets
        executor.close()


HANDED = ("open-unit", "sold-unit", "waiting-unit", "owed-unit")
OUTPUTS = ("unit-slice", "unit-held", "unit-open", "unit-sold", "unit-waiting", "unit-owed", "unit-last")


def test_neither_row_order_nor_threads_change_a_row() -> None:
    policy = Policy(beyond_sales="open-layer", beyond_stock="last-price")
    events = list(random_history(11, 120, policy).first)
    placing = Placing("oldest", True, "open-layer", "last-price")
    told = []
    for seed, threads in ((1, 1), (2, 2), (3, 4)):
        shuffled = Random(seed).sample(events, len(events))
        executor, _ = placed(placing, shuffled, places_of(events, {}), threads=threads)
        told.append({name: read(executor, name) for name in (*OUTPUTS, "unit-problem", "unit-reopened")})
        executor.close()
    assert told[0] == told[1] == told[2]
    assert told[0]["unit-slice"]


def state_of(name: str) -> str:
    """The result that is handed over under a name: `unit-open` as `open-unit`."""
    return f"unit-{name.removesuffix('-unit')}"


def one_run(placing: Placing, history: History, places: Places) -> tuple[set[Row], dict[str, list[Row]]]:
    executor, _ = placed(placing, (*history.first, *history.second), places)
    with executor:
        return set(read(executor, "unit-slice")), {name: read(executor, name) for name in OUTPUTS[2:]}


def two_runs(placing: Placing, history: History, places: Places) -> tuple[set[Row], dict[str, list[Row]]]:
    """The same in two periods, the second from what the first handed over, layers under the numbers they had."""
    executor, _ = placed(placing, history.first, places)
    with executor:
        first = set(read(executor, "unit-slice"))
        state = [(name, executor.describe(state_of(name)), read(executor, state_of(name))) for name in HANDED]
        last = executor.describe("unit-last"), read(executor, "unit-last")
    with DuckDBExecutor(threads=1) as executor:
        hand_in(executor, history.second, nothing_handed_over(), places)
        for name, columns, rows in state:
            executor.append(name, columns, rows)
        executor.append("last-layer", *last)
        place_units(executor, placing)
        return first | set(read(executor, "unit-slice")), {name: read(executor, name) for name in OUTPUTS[2:]}


@pytest.mark.parametrize("policy", promises.some(POLICIES, per_commit=POLICIES[5::6]), ids=str)
def test_two_periods_say_what_one_says(policy: Policy) -> None:
    history = random_history(20 + POLICIES.index(policy), 60, policy)
    placing = Placing(policy.order, True, policy.beyond_sales, policy.beyond_stock)
    places = places_of((*history.first, *history.second), {})
    assert two_runs(placing, history, places) == one_run(placing, history, places)


def test_two_periods_on_the_axis_say_what_one_says() -> None:
    history = tidy_history(5, 80, 16)
    places = places_of((*history.first, *history.second), {})
    assert two_runs(RETURNING, history, places) == one_run(RETURNING, history, places)
