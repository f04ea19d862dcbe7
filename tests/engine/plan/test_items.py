"""Amounts, decisions, parameters and tables in the rows that ask for them: which answer stands, when a run stops."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest

from engine.plan.world import RunStopped
from tests.support.small_world import HEAD, Inputs, SmallWorld, small_world

ORDERS = (
    HEAD
    + """\
terms
    code, document, note are text
    tier is one of gold, silver, none-at-all
    quantity is a quantity
    list-price, unit-price are prices
    first-sale, second-sale, third-sale are yes or no
    order-date, date are dates
register partner identified by code with history by date
    has tier
register part identified by code with history by date
    has perhaps list-price
register deal identified by partner, part
    has unit-price
kind order moves nothing on order-date identified by document
    has partner, part, quantity, first-sale, second-sale, third-sale and perhaps unit-price, note
"""
)


Order = Mapping[str, object]


def orders(*rows: Order) -> Inputs:
    """Orders with what a test does not speak of filled in, beside the registers they name."""
    usual = {
        "order-date": "2026-01-15", "partner": "ACME", "part": "X1", "quantity": 10,
        "first-sale": False, "second-sale": False, "third-sale": False,
    }  # fmt: skip
    return {
        "partner": [{"partner": "ACME", "tier": "gold"}, {"partner": "BOLT", "tier": "silver"}],
        "part": [{"part": "X1", "list-price": 5}, {"part": "X2"}],
        "deal": [{"partner": "ACME", "part": "X2", "unit-price": 4}],
        "order": [{"document": f"O{at}", **usual, **row} for at, row in enumerate(rows, start=1)],
    }


def ran(items: str, inputs: Inputs, period: str = "FY2026-P01") -> SmallWorld:
    return small_world(ORDERS + items, inputs, period)


def answers(items: str, name: str, *rows: Order) -> list[object]:
    """The value of an item for each order, in order."""
    found = ran(items, orders(*rows)).values(name, "document")
    by_document = {str(row["document"]): row[name] for row in found}
    return [by_document[f"O{at}"] for at in range(1, len(rows) + 1)]


# ---- exceptions ------------------------------------------------------------------------------------------------------

CHAIN = """\
amount answer for each order is 1
exception first to answer
    when first-sale is yes
    becomes 2
exception second to first
    when second-sale is yes
    becomes 3
exception third to second
    when third-sale is yes
    becomes 4
"""
BESIDE = CHAIN.replace("second to first", "second to answer").replace("third to second", "third to first")
"""The same, but for two exceptions to one answer of which none yields to the other."""


def test_an_exception_defeats_what_it_excepts_and_nothing_is_reinstated() -> None:
    switches = list(product((False, True), repeat=3))
    rows = [dict(zip(("first-sale", "second-sale", "third-sale"), switch, strict=True)) for switch in switches]
    wanted = []
    for first, second, third in switches:
        # `second` is in play only beside `first`, `third` only beside `second`; the last of the chain stands.
        wanted.append(4 if first and second and third else 3 if first and second else 2 if first else 1)
    assert answers(CHAIN, "answer", *rows) == [Decimal(one) for one in wanted]


def test_two_answers_that_differ_stop_the_run_naming_both_and_the_row() -> None:
    rows = ({"first-sale": True}, {"second-sale": True}, {"first-sale": True, "second-sale": True})
    world = ran(BESIDE, orders(*rows))
    with pytest.raises(RunStopped) as stopped:
        world.values("answer", "document")
    assert stopped.value.code == "T311"
    assert stopped.value.rules == ("first", "second")
    assert stopped.value.message.startswith("first and second both answer `answer`, with different answers")


def test_a_conflict_in_a_journal_names_the_row_that_showed_it() -> None:
    items = """\
decision way for each order is one of left-way, right-way, other-way decided as of order-date
    unless excepted, other-way
    why "x"
exception gold-left to way
    when partner.tier is gold
    becomes left-way
exception large-right to way
    when quantity is over 10 units
    becomes right-way
control counted for each order
    needs way is not other-way
    otherwise raise odd low to controller
"""
    small = orders({}, {"partner": "BOLT", "quantity": 20})
    assert [row["document"] for row in ran(items, small).rows("control counted")] == []
    with pytest.raises(
        RunStopped, match=r"gold-left and large-right both answer `way`.*first at document O2"
    ) as stopped:
        ran(items, orders({}, {"quantity": 20}))
    assert (stopped.value.code, stopped.value.rules) == ("T311", ("gold-left", "large-right"))


def test_two_answers_that_are_equal_are_one() -> None:
    alike = BESIDE.replace("becomes 3", "becomes 2")
    assert answers(alike, "answer", {"first-sale": True, "second-sale": True}, {}) == [2, 1]


def test_an_exception_to_two_items_answers_both() -> None:
    items = """\
amount one-price for each order is 5
amount two-price for each order is 6
exception free to one-price, two-price
    when first-sale is yes
    becomes 0
amount both for each order is one-price + two-price
"""
    assert answers(items, "both", {}, {"first-sale": True}) == [11, 0]


def test_dates_of_effect_hold_on_their_first_and_last_day() -> None:
    items = """\
amount answer for each order is 1
exception spring to answer
    effective from 2026-01-10 through 2026-01-12
    becomes 2
"""
    days = [date(2026, 1, 9) + timedelta(days=at) for at in range(5)]
    assert answers(items, "answer", *({"order-date": day} for day in days)) == [1, 2, 2, 2, 1]


def test_a_decision_is_decided_on_its_own_date_and_reads_fields_of_its_outcomes() -> None:
    items = """\
decision level for each order is one of gold, silver, none-at-all decided as of order-date
    unless excepted, partner.tier
    why "As the contract says on that day."
exception by-hand to level
    effective from 2026-01-20
    when quantity is at least 50 units
    becomes none-at-all
"""
    inputs = {
        **orders(
            {},
            {"order-date": "2026-01-20"},
            {"order-date": "2026-01-19", "quantity": 50},
            {"order-date": "2026-01-20", "quantity": 50},
        ),
        "partner": [
            {"partner": "ACME", "tier": "gold"},
            {"partner": "ACME", "tier": "silver", "date": "2026-01-19"},
        ],
    }
    found = ran(items, inputs).values("level", "document", as_of="order-date")
    assert [row["level"] for row in found] == ["gold", "silver", "silver", "none-at-all"]


# ---- amounts ---------------------------------------------------------------------------------------------------------


def test_an_amount_whose_test_is_not_met_is_nothing_and_its_exceptions_with_it() -> None:
    items = """\
amount rebate for each order
    when first-sale is yes
    is 15.00 USD
exception double to rebate
    when second-sale is yes
    becomes 30 USD
"""
    rows: tuple[Order, ...] = (
        {},
        {"first-sale": True},
        {"second-sale": True},
        {"first-sale": True, "second-sale": True},
    )
    assert answers(items, "rebate", *rows) == [Decimal(0), Decimal(15), Decimal(0), Decimal(30)]


def test_caps_stand_under_their_own_answer() -> None:
    items = """\
amount value for each order
    is quantity * 1
    capped at 12 units
    floored at 3 units
exception uncapped to value
    when first-sale is yes
    becomes quantity
    capped at 100 units
"""
    rows = (
        {"quantity": 1},
        {"quantity": 10},
        {"quantity": 20},
        {"quantity": 20, "first-sale": True},
        {"quantity": 200, "first-sale": True},
    )
    assert answers(items, "value", *rows) == [3, 10, 12, 20, 100]


def test_lower_and_higher_of_something_missing_are_missing() -> None:
    items = """\
amount best for each order is lower of (part.list-price, 4 USD), but 7 USD when part.list-price is missing
amount dearest for each order is higher of (quantity, 15 units)
amount latest for each order is later of (order-date, 2026-01-15)
"""
    rows: tuple[Order, ...] = ({}, {"part": "X2"}, {"quantity": 20, "order-date": "2026-01-20"})
    assert answers(items, "best", *rows) == [4, 7, 4]
    assert answers(items, "dearest", *rows) == [15, 15, 20]
    assert answers(items, "latest", *rows) == [date(2026, 1, 15), date(2026, 1, 15), date(2026, 1, 20)]


def test_missing_equals_itself_where_rows_must_agree() -> None:
    items = """\
control noted for each order
    needs an order exists for note before order-date
    otherwise raise odd low to controller
"""
    inputs = orders(
        {},
        {"order-date": "2026-01-16"},
        {"note": "a", "order-date": "2026-01-17"},
        {"note": "a", "order-date": "2026-01-18"},
    )
    broken = ran(items, inputs).rows("control noted")
    assert [row["document"] for row in broken] == ["O1", "O3"]


# ---- parameters ------------------------------------------------------------------------------------------------------

RATES = """\
parameter rate is a rate for each partner.tier
    | from       | gold | silver | none-at-all |
    | 2026-01-10 | 1.0% | 2.5%   | -1%         |
    | 2026-01-12 | 3.0% | 4.0%   | 0%          |
    review by 2027-01-31
amount paid for each order is rounded(100 USD * rate)
"""


def test_a_parameter_is_read_by_date_and_column() -> None:
    days = ["2026-01-10", "2026-01-11", "2026-01-12", "2026-01-31"]
    rows = [{"order-date": day, "partner": partner} for partner in ("ACME", "BOLT") for day in days]
    assert answers(RATES, "paid", *rows) == [Decimal(one) for one in ("1", "1", "3", "3", "2.5", "2.5", "4", "4")]


def test_a_negative_figure_stands_in_a_parameter() -> None:
    inputs = {**orders({}), "partner": [{"partner": "ACME", "tier": "none-at-all"}]}
    found = ran(RATES, {**inputs, "order": [{**inputs["order"][0], "order-date": date(2026, 1, 10)}]}).values("paid")
    assert found == [{"paid": Decimal("-1.00")}]


def test_an_exception_to_a_parameter_is_answered_where_it_is_read() -> None:
    items = (
        RATES
        + """\
exception larger to rate
    effective from 2026-01-12
    when partner is BOLT
    becomes 9%
"""
    )
    rows = (
        {"order-date": "2026-01-12"},
        {"order-date": "2026-01-12", "partner": "BOLT"},
        {"order-date": "2026-01-11", "partner": "BOLT"},
    )
    assert answers(items, "paid", *rows) == [3, 9, Decimal("2.5")]


# ---- registers -------------------------------------------------------------------------------------------------------


def test_a_row_of_history_holds_from_its_day_until_the_day_before_the_next() -> None:
    items = "amount price for each order is part.list-price, but 0.01 USD when part.list-price is missing\n"
    days = ["2025-12-31", "2026-01-09", "2026-01-10", "2026-01-19", "2026-01-20"]
    inputs = {
        **orders(*({"order-date": day} for day in days)),
        "part": [
            {"part": "X1", "date": "2026-01-10", "list-price": 5},
            {"part": "X1", "date": "2026-01-20", "list-price": 6},
        ],
    }
    found = ran(items, inputs).values("price", "document")
    assert [row["price"] for row in found] == [Decimal(one) for one in ("0.01", "0.01", "5", "5", "6")]


def test_a_register_is_read_by_all_its_keys_and_on_another_day() -> None:
    items = """\
amount price for each order is deal.unit-price, but price-then when deal is missing
amount price-then for each order is part.list-price on 2026-01-31, but 0.01 USD when part.list-price is missing
"""
    inputs = {
        **orders({}, {"part": "X2"}),
        "part": [{"part": "X1", "list-price": 5}, {"part": "X1", "date": "2026-01-31", "list-price": 8}],
    }
    found = ran(items, inputs).values("price", "document")
    assert [row["price"] for row in found] == [8, 4]


def test_the_newest_version_of_a_row_stands() -> None:
    items = "amount price for each order is part.list-price, but 0.01 USD when part.list-price is missing\n"
    inputs = {
        **orders({}),
        "part": [{"part": "X1", "list-price": 5, "version": 2}, {"part": "X1", "list-price": 6, "version": 1}],
    }
    assert ran(items, inputs).values("price") == [{"price": Decimal(5)}]


# ---- tables ----------------------------------------------------------------------------------------------------------

SIZES = """\
table sizes decides size-of, fee for each order
    | row    | quantity               | partner.tier => size-of | fee      |
    | few    | under 10 units         | any          => small   | 1.00 USD |
    | gold   | 10 to under 100 units  | gold         => middle  | nobody   |
    | silver | 10 to under 90 units   | silver       => middle  | 2.00 USD |
    | many   | at least 100 units     | gold, silver => large   | 3.00 USD |
    | all    | at least 500 units     | any          => large   | 4.00 USD |
control sized for each order
    needs size-of is not large
    otherwise raise large low to controller
"""


def test_a_table_gives_the_outputs_of_its_one_row_and_its_name() -> None:
    rows = (
        {"quantity": 1},
        {"quantity": 10},
        {"quantity": "99.999"},
        {"quantity": 100},
        {"quantity": 10, "partner": "BOLT"},
    )
    assert answers(SIZES, "size-of", *rows) == ["small", "middle", "middle", "large", "middle"]
    assert answers(SIZES, "fee", *rows) == [1, None, None, 3, 2]


@pytest.mark.parametrize(
    ("row", "code", "sentence"),
    [
        ({"quantity": 95, "partner": "BOLT"}, "T301", "no row of table `sizes` holds; first at document O2"),
        ({"quantity": 500}, "T302", "two rows of table `sizes` hold at once; first at document O2"),
    ],
)
def test_a_gap_or_an_overlap_stops_the_run_naming_the_row(row: Order, code: str, sentence: str) -> None:
    with pytest.raises(RunStopped) as stopped:
        ran(SIZES, orders({}, row))
    assert (stopped.value.code, stopped.value.message, stopped.value.rules) == (code, sentence, ("table sizes",))


# ---- dates of effect -------------------------------------------------------------------------------------------------

DAYS = ("2026-01-09", "2026-01-10", "2026-01-14", "2026-01-15", "2026-01-20")
EARLIER = """\
amount fee for each order
    is 1.00 USD
    effective from 2026-01-10 through 2026-01-14
"""
LATER = """\
amount fee for each order
    is 2.00 USD
    effective from 2026-01-15
    version 2
"""


def answers_on(items: str, name: str, *days: str, **more: object) -> list[object]:
    return answers(items, name, *({"order-date": day, **more} for day in days))


def test_an_amount_answers_on_the_days_it_states_only() -> None:
    assert answers_on(LATER, "fee", *DAYS[3:]) == [2, 2]
    with pytest.raises(RunStopped, match=r"no version of amount `fee` governs that day.*effective from 2026-01-15"):
        answers_on(LATER, "fee", *DAYS[2:])
    with pytest.raises(RunStopped, match="through 2026-01-14"):
        answers_on(EARLIER, "fee", *DAYS[1:4])


def test_a_date_that_is_the_headers_default_shuts_out_no_earlier_fact() -> None:
    assert answers_on("amount fee for each order is 1.00 USD\n", "fee", "2019-12-31") == [1]


def test_two_versions_of_an_amount_answer_each_on_its_side() -> None:
    for items in (EARLIER + LATER, LATER + EARLIER):
        assert answers_on(items, "fee", *DAYS[1:]) == [1, 1, 2, 2]


def test_a_version_without_a_last_day_holds_until_the_next_begins_and_the_first_may_state_no_dates() -> None:
    open_ended = EARLIER.replace(" through 2026-01-14", "")
    assert answers_on(open_ended + LATER, "fee", *DAYS[1:]) == [1, 1, 2, 2]
    assert answers_on("amount fee for each order is 1.00 USD\n" + LATER, "fee", "2019-12-31", *DAYS) == [
        1, 1, 1, 1, 2, 2,
    ]  # fmt: skip


def test_a_day_that_no_version_governs_stops_the_run_naming_both_and_the_row() -> None:
    gap = EARLIER.replace("2026-01-14", "2026-01-12") + LATER
    control = """\
control charged for each order
    needs fee is over 0.50 USD
    otherwise raise free low to controller
"""
    rows = orders(*({"order-date": day} for day in DAYS[1:]))
    with pytest.raises(
        RunStopped, match=r"from 2026-01-10 through 2026-01-12 and from 2026-01-15.*document O2"
    ) as told:
        ran(gap + control, rows)
    assert (told.value.code, told.value.rules) == ("T501", ("amount fee",))


def test_an_exception_excepts_every_version_it_meets() -> None:
    items = EARLIER + LATER + "exception free to fee\n    when quantity is over 50 units\n    becomes 0\n"
    assert answers_on(items, "fee", *DAYS[1:], quantity=60) == [0, 0, 0, 0]
    assert answers_on(items, "fee", *DAYS[1:]) == [1, 1, 2, 2]


def test_versions_keep_their_own_limits() -> None:
    items = """\
amount value for each order
    is quantity * 1
    capped at 12 units
amount value for each order
    is quantity * 2
    capped at 15 units
    effective from 2026-01-15
"""
    assert answers_on(items, "value", *DAYS[2:4], quantity=20) == [12, 15]
    assert answers_on(items, "value", *DAYS[2:4], quantity=5) == [5, 10]


def test_versions_of_a_decision_are_chosen_on_its_governing_date() -> None:
    items = """\
decision way for each order is one of left-way, right-way decided as of order-date
    unless excepted, left-way
    why "Old terms."
decision way for each order is one of left-way, right-way decided as of order-date
    unless excepted, right-way
    effective from 2026-01-15
    why "New terms."
control lefts for each order
    needs way is right-way
    otherwise raise left low to controller
"""
    world = ran(items, orders(*({"order-date": day} for day in DAYS)))
    assert [row["document"] for row in world.rows("control lefts")] == ["O1", "O2", "O3"]


def test_versions_of_a_table_are_chosen_by_date_and_their_rows_may_share_names() -> None:
    table = """\
table sizes decides size for each order
    | row   | quantity           => size  |
    | small | under 10 units     => few   |
    | large | at least 10 units  => many  |
"""
    later = table.replace("10 units", "50 units").replace("few ", "some") + "    effective from 2026-01-15\n"
    items = (
        table
        + later
        + "control many-only for each order\n    needs size is many\n    otherwise raise x low to controller\n"
    )
    inputs = orders(*({"order-date": day, "quantity": 20} for day in DAYS))
    assert [row["document"] for row in ran(items, inputs).rows("control many-only")] == ["O4", "O5"]
    with pytest.raises(RunStopped, match=r"no version of table `sizes` governs that day"):
        ran(items.removeprefix(table), inputs)


def test_a_parameter_that_states_its_dates_is_not_read_on_others() -> None:
    items = RATES.replace("2027-01-31\n", "2027-01-31\n    effective from 2026-01-11 through 2026-01-14\n")
    assert answers_on(items, "paid", "2026-01-11", "2026-01-14") == [1, 3]
    with pytest.raises(RunStopped, match="no version of parameter `rate`"):
        answers_on(items, "paid", "2026-01-10")
