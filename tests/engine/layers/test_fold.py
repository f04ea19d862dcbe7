"""The fold, phrase by phrase, on pools small enough to follow with a pencil."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pytest

from engine.plan.units.layers.policy import Placing
from engine.run.fold import Backlog, Event, Fold, Folded, Opening, note_layer

Order = Literal["oldest", "newest"]
POOL = 7


def opens(event: int, quantity: int, document: str | None = None, specific: str | None = None) -> Event:
    return (POOL, event, 2, quantity, event, None, document, specific, None)


def leaves(event: int, quantity: int, document: str | None = None, otherwise: Order = "oldest") -> Event:
    return (POOL, event, 3, quantity, 0, "customer", document, None, otherwise)


def leaves_by(event: int, quantity: int, specific: str) -> Event:
    return (POOL, event, 3, quantity, 0, "customer", None, specific, None)


def returns(event: int, quantity: int, bucket: str = "customer") -> Event:
    return (POOL, event, 4, quantity, event, bucket, None, None, None)


def changes(event: int) -> Event:
    return (POOL, event, 1, 0, 0, None, None, None, None)


def folded(policy: Placing, events: Iterable[Event], opening: Opening | None = None) -> Folded:
    fold = Fold(policy, lambda pool: opening or Opening())
    fold.play(events)
    fold.finish()
    return fold.found


def moved(found: Folded) -> list[tuple[object, ...]]:
    """Event, layer, from and to of every slice, `back` where units came back."""
    return [(*row[:4], "back") if row[4] else row[:4] for row in found.slices]


RETURNING = Placing(brings_back=True)


def test_oldest_first_runs_from_layer_to_layer() -> None:
    found = folded(Placing(), [opens(1, 5), opens(2, 5), leaves(3, 7)])
    assert moved(found) == [(3, 1, 0, 5), (3, 2, 0, 2)]
    assert found.open == [(POOL, 2, 2, 2, 5)]
    assert found.sold == []


def test_newest_first_takes_whole_layers_from_the_back() -> None:
    found = folded(Placing("newest"), [opens(1, 5), opens(2, 5), leaves(3, 7, otherwise="newest")])
    assert moved(found) == [(3, 2, 0, 5), (3, 1, 0, 2)]


def test_a_named_layer_loses_its_last_units_and_the_rest_goes_by_otherwise() -> None:
    events = [opens(1, 5), opens(2, 5, "B"), opens(3, 5), leaves(4, 7, "B", "newest")]
    assert moved(folded(Placing(), events)) == [(4, 2, 0, 5), (4, 3, 0, 2)]
    assert moved(folded(Placing(), [*events[:3], leaves(4, 2, "B")])) == [(4, 2, 3, 5)]
    assert moved(folded(Placing(), [*events[:3], leaves(4, 2, "unknown")])) == [(4, 1, 0, 2)]


def test_where_places_are_by_price_the_oldest_is_told_by_its_age() -> None:
    opening = Opening(ages={1: 1, 2: 2, 3: 3})
    dear: list[Event] = [(POOL, n, 2, 2, place, None, "B", None, None) for n, place in ((1, 3), (2, 1), (3, 2))]
    taken: Event = (POOL, 4, 3, 3, 0, "vendor", "none", None, "opened-first")
    assert moved(folded(Placing("dearest"), [*dear, taken], opening)) == [(4, 1, 0, 2), (4, 2, 0, 1)]
    last: Event = (*taken[:8], "opened-last")
    assert moved(folded(Placing("dearest"), [*dear, last], opening)) == [(4, 3, 0, 2), (4, 2, 0, 1)]


def test_specific_units_leave_and_others_never_take_their_place() -> None:
    events = [opens(1, 1, specific="S1"), opens(2, 1, specific="S2"), leaves_by(3, 1, "S2"), leaves_by(4, 1, "S2")]
    found = folded(Placing(), events)
    assert moved(found) == [(3, 2, 0, 1)]
    assert found.problems == [(POOL, 4, "oversell", 1)]


def test_units_are_found_by_any_of_the_names_of_their_layer() -> None:
    events = [opens(1, 1, specific="1:L1"), opens(2, 2, specific="0:N8\x1f1:L2"), leaves_by(3, 1, "1:L2")]
    assert moved(folded(Placing(), [*events, leaves_by(4, 1, "0:N8")])) == [(3, 2, 0, 1), (4, 2, 1, 2)]


def test_units_last_sold_come_back_to_their_old_place() -> None:
    found = folded(RETURNING, [opens(1, 5), opens(2, 5), leaves(3, 4), leaves(4, 3), returns(5, 4), leaves(6, 1)])
    assert moved(found)[3:] == [(5, 2, 0, 2, "back"), (5, 1, 3, 5, "back"), (6, 1, 3, 4)]
    assert found.open == [(POOL, 1, 1, 4, 5), (POOL, 2, 2, 0, 5)]
    assert found.sold == [(POOL, "customer", 1, 1, 1, 0, 4)]


def test_units_that_come_back_to_the_back_stand_behind_the_rest_until_they_leave_again() -> None:
    back: Event = (POOL, 4, 4, 3, 9, "customer", None, None, "back")
    found = folded(RETURNING, [opens(1, 2, "A"), opens(2, 2), leaves(3, 3), back, leaves(5, 2), leaves(6, 1, "A")])
    assert moved(found)[2:4] == [(4, 2, 0, 1, "back"), (4, 1, 0, 2, "back")]
    assert moved(found)[4:] == [(5, 2, 1, 2), (5, 1, 0, 1), (6, 1, 1, 2)]
    assert found.open == [(POOL, 2, 9, 0, 1)]


def test_only_what_may_come_back_is_handed_over() -> None:
    scrapped: Event = (POOL, 3, 3, 2, 0, "scrap", None, None, "oldest")
    policy = Placing(brings_back=True, back_from=frozenset({"customer"}))
    found = folded(policy, [opens(1, 5), leaves(2, 1), scrapped])
    assert found.sold == [(POOL, "customer", 1, 1, 1, 0, 1)]


def test_a_return_beyond_sales_stops_or_opens_a_layer_like_the_last() -> None:
    events = [opens(1, 5), leaves(2, 1), returns(3, 3), leaves(4, 7)]
    assert folded(RETURNING, events[:3]).problems == [(POOL, 3, "overreturn", 2)]
    found = folded(Placing(brings_back=True, overreturn="open-layer"), events)
    assert found.reopened == [(3, POOL, 3, 1, 2)]
    assert moved(found)[2:] == [(4, 1, 0, 5), (4, 3, 0, 2)]
    assert found.last == [(POOL, 3, 2)]


def test_a_return_to_a_pool_without_any_layer_has_no_price() -> None:
    found = folded(Placing(brings_back=True, overreturn="open-layer"), [returns(1, 2)])
    assert found.problems == [(POOL, 1, "no-layer-yet", 2)]


def test_units_sold_beyond_stock_stop() -> None:
    found = folded(Placing(), [opens(1, 5), leaves(2, 7)])
    assert moved(found) == [(2, 1, 0, 5)]
    assert found.problems == [(POOL, 2, "oversell", 2)]


def test_sales_that_wait_are_served_first_come_at_the_receipt() -> None:
    events = [leaves(1, 3), leaves(2, 3), opens(3, 4), leaves(4, 1)]
    found = folded(Placing(oversell="wait"), events)
    assert found.slices == [
        (1, 3, 0, 3, False, False, False, 3),
        (2, 3, 3, 4, False, False, False, 3),
    ]
    assert found.waiting == [(POOL, 2, 2, "customer"), (POOL, 4, 1, "customer")]


def test_a_sale_at_the_last_price_is_settled_by_the_next_receipts() -> None:
    events = [opens(1, 1), leaves(2, 4), opens(3, 2), opens(4, 5)]
    found = folded(Placing(oversell="last-price", brings_back=True), events)
    assert found.slices == [
        (2, 1, 0, 1, False, False, False, 2),
        (2, 1, 0, 3, False, False, True, 2),
        (2, 1, 1, 3, True, True, True, 3),
        (2, 3, 0, 2, False, True, False, 3),
        (2, 1, 0, 1, True, True, True, 4),
        (2, 4, 0, 1, False, True, False, 4),
    ]
    assert found.owed == []
    assert found.open == [(POOL, 4, 4, 1, 5)]
    assert [row[3:] for row in found.sold] == [(1, 1, 0, 1), (3, 3, 0, 2), (4, 4, 0, 1)]


def test_a_provisional_sale_needs_a_layer_to_be_like() -> None:
    found = folded(Placing(oversell="last-price"), [leaves(1, 2)])
    assert found.problems == [(POOL, 1, "no-layer-yet", 2)]
    assert found.owed == []


def test_a_change_sees_what_is_held_and_nothing_else() -> None:
    found = folded(RETURNING, [opens(1, 5), leaves(2, 2), changes(3), returns(4, 1), opens(5, 2), changes(6)])
    assert found.held == [(3, POOL, 1, 2, 5), (6, POOL, 1, 1, 5), (6, POOL, 5, 0, 2)]


def test_what_was_handed_over_is_where_the_pool_begins() -> None:
    opening = Opening(
        held=[(1, -2, 3, 5)],
        left={"customer": [(1, -2, 0, 3)]},
        backlog=[Backlog(-1, 1, "customer", None)],
        last=(-2, 5),
    )
    note_layer(opening.documents, "A", 1, -2)
    found = folded(RETURNING, [opens(6, 2), returns(7, 2), leaves(8, 1, "A")], opening)
    assert moved(found) == [(-1, 6, 0, 1), (7, 6, 0, 1, "back"), (7, -2, 2, 3, "back"), (8, -2, 4, 5)]


def test_pools_may_be_spread_over_calls_and_found_may_be_taken_between() -> None:
    fold = Fold(Placing(), lambda pool: Opening())
    fold.play([opens(1, 5)])
    first = fold.take_found()
    fold.play([leaves(2, 3), (8, 3, 2, 4, 1, None, None, None, None)])
    fold.finish()
    assert first.slices == []
    assert moved(fold.found) == [(2, 1, 0, 3)]
    assert fold.found.open == [(POOL, 1, 1, 3, 5), (8, 3, 1, 0, 4)]
    assert fold.events == 3


@pytest.mark.parametrize("bucket", ["customer", "elsewhere"])
def test_a_stretch_that_continues_the_one_on_top_joins_it(bucket: str) -> None:
    second: Event = (POOL, 3, 3, 2, 0, bucket, None, None, "oldest")
    found = folded(RETURNING, [opens(1, 9), leaves(2, 2), second, leaves(4, 2)])
    expected = [(1, 0, 6)] if bucket == "customer" else [(1, 0, 2), (1, 4, 6), (1, 2, 4)]
    assert [(row[3], row[5], row[6]) for row in found.sold] == expected


def test_a_layer_is_noted_once_in_the_order_of_places() -> None:
    index: dict[str, list[tuple[int, int]]] = {}
    for name, place, layer in (("A", 2, 20), ("A", 1, 10), ("A", 2, 20), (None, 3, 30)):
        note_layer(index, name, place, layer)
    assert index == {"A": [(1, 10), (2, 20)]}
