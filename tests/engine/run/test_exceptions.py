"""What a run raises: of controls and of a reconciliation, as worked out by hand for a small shop."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from engine.run.conditions import Raised
from engine.run.exceptions import read_exceptions
from tests.support.shop_client import RULESET
from tests.support.small_world import Inputs, small_world

RULES = RULESET.replace(
    "control every-report-in",
    """control sold-as-shipped for each sale
    needs quantity is at most 5 units
      and quantity is at least 1 units
    otherwise raise odd-sale low to controller
control never-many for each company, partner, period
    needs count of (siso where siso.variance is under 0) is 0
    otherwise raise many medium to controller
control was-counted for each shipment
    needs a count exists for partner, part
    otherwise raise uncounted medium to controller
control every-report-in""",
).replace(
    "    hard close needs every step\n", "    hard close needs every step\n    hard close needs no open look-into\n"
)
MASTERS: dict[str, list[dict[str, object]]] = {
    "company": [{"company": "US01"}],
    "partner": [{"partner": "ACME"}, {"partner": "BRAVO"}],
    "part": [{"part": "X100", "list-price": "10"}, {"part": "X200", "list-price": "40"}],
}


def shipped(number: str, partner: str, part: str, quantity: int, price: str, day: str) -> dict[str, object]:
    where = {"company": "US01", "number": number, "partner": partner, "part": part}
    return {**where, "quantity": quantity, "unit-price": price, "ship-date": day}


def sold(number: str, partner: str, quantity: int, day: str) -> dict[str, object]:
    where = {"company": "US01", "number": number, "partner": partner, "part": "X100"}
    return {**where, "quantity": quantity, "sale-date": day}


def counted(partner: str, part: str, quantity: int) -> dict[str, object]:
    return {"company": "US01", "partner": partner, "part": part, "as-of-date": "2026-01-31", "quantity": quantity}


INPUTS: dict[str, list[dict[str, object]]] = {
    **MASTERS,
    "shipment": [
        shipped("S-1", "ACME", "X100", 10, "25", "2026-01-05"),
        shipped("S-2", "ACME", "X200", 9, "99", "2026-01-06"),
        shipped("S-3", "BRAVO", "X100", 6, "26", "2026-01-09"),
    ],
    "sale": [sold("P-1", "ACME", 7, "2026-01-20"), sold("P-2", "BRAVO", 2, "2026-01-21")],
    "count": [counted("ACME", "X100", 1), counted("ACME", "X200", 4)],
}
"""ACME's X100 lacks 2 units, which is little and absorbed; its X200 lacks 5; BRAVO does not report."""


def raised(inputs: Inputs | None = None, rules: str = RULES) -> dict[str, Raised]:
    """The exceptions of a run by name and key; the usual run is made once."""
    if inputs is None and rules == RULES:
        return usual()
    return run(rules, inputs or INPUTS)


@cache
def usual() -> dict[str, Raised]:
    return run(RULES, INPUTS)


def run(rules: str, inputs: Inputs) -> dict[str, Raised]:
    world = small_world(rules, inputs)
    found = read_exceptions(world.run.world)
    assert len({one.id for one in found}) == len(found)
    return {f"{one.name} {one.where}": one for one in found}


def changed(record: str, at: int, **fields: object) -> dict[str, list[dict[str, object]]]:
    """The inputs with one row stated otherwise."""
    rows = [dict(one) for one in INPUTS[record]]
    rows[at].update({name.replace("_", "-"): value for name, value in fields.items()})
    return {**INPUTS, record: rows}


def test_every_broken_control_and_unresolved_row_is_raised_once_in_the_order_of_the_rules() -> None:
    assert {key: (one.of, one.code, one.severity, one.owner, one.outcomes) for key, one in raised().items()} == {
        "sold-as-shipped US01, P-1": ("control", "odd-sale", "low", "controller", ()),
        "never-many US01, ACME": ("control", "many", "medium", "controller", ()),
        "was-counted US01, S-1": ("control", "uncounted", "medium", "controller", ()),
        "was-counted US01, S-2": ("control", "uncounted", "medium", "controller", ()),
        "was-counted US01, S-3": ("control", "uncounted", "medium", "controller", ()),
        "every-report-in US01, BRAVO, X100": ("control", "no-report", "high", "controller", ()),
        "siso US01, ACME, X200": ("reconciliation", "", "high", "controller", ("look-into",)),
        "siso US01, BRAVO, X100": ("reconciliation", "", "high", "controller", ("look-into",)),
    }
    names = list(dict.fromkeys(key.partition(" ")[0] for key in raised()))
    assert names == ["sold-as-shipped", "never-many", "was-counted", "every-report-in", "siso"]


def test_an_exception_says_what_was_found_and_what_it_is_worth() -> None:
    found = raised()
    line = RULES[: RULES.index("reconciliation siso")].count("\n") + 1
    assert {key: (one.sentence, one.value) for key, one in found.items() if "S-2" not in key and "S-1" not in key} == {
        "sold-as-shipped US01, P-1": ("quantity is 7, needs at most 5 units", None),
        "never-many US01, ACME": ("count of (siso where siso.variance is under 0) is 2, needs 0", None),
        "was-counted US01, S-3": ("needs a count exists for partner, part, and there is none", None),
        "every-report-in US01, BRAVO, X100": ("reported is missing, needs a value", None),
        "siso US01, ACME, X200": ("expected 9, reported 4: -5 units", Decimal("-200.00")),
        "siso US01, BRAVO, X100": ("expected 4 units, no report", None),
    }
    assert found["siso US01, ACME, X200"].place == f"small.tieout:{line}"


def test_a_row_that_the_last_stage_resolved_is_no_exception() -> None:
    assert "siso US01, ACME, X100" not in raised()
    assert "siso US01, ACME, X100" in raised(
        rules=RULES.replace("when treatment is absorb", "when treatment is look-into")
    )


def test_a_row_that_agrees_is_one_while_its_outcome_may_not_be_open() -> None:
    agrees = changed("count", 1, quantity=9)
    assert "siso US01, ACME, X200" not in raised(agrees)
    strict = RULES.replace("no open look-into", "no open absorb").replace("nobody    ", "controller")
    one = raised(agrees, strict)["siso US01, ACME, X200"]
    assert (one.outcomes, one.sentence) == (("absorb",), "expected 9, reported 9: 0 units")


def test_the_same_run_raises_the_same_and_what_changed_has_another_digest_under_the_same_name() -> None:
    before = raised()
    assert run(RULES, INPUTS) == before
    more = raised(changed("count", 1, quantity=3))
    one, other = (found["siso US01, ACME, X200"] for found in (before, more))
    assert (one.id, one.row) == (other.id, other.row)
    assert one.digest != other.digest
    others = [key for key in before if before[key].digest != more[key].digest]
    assert others == ["siso US01, ACME, X200"]


def test_a_control_over_facts_sees_a_fact_stated_otherwise_even_where_its_sentence_reads_nothing_of_it() -> None:
    before, after = raised(), raised(changed("shipment", 2, unit_price="27"))
    key = "was-counted US01, S-3"
    assert (before[key].sentence, before[key].id) == (after[key].sentence, after[key].id)
    assert before[key].digest != after[key].digest


def test_a_control_over_keys_sees_that_what_it_counts_has_changed() -> None:
    fewer = changed("count", 0, quantity=3)
    key = "never-many US01, ACME"
    assert raised(fewer)[key].sentence.endswith("is 1, needs 0")
    assert raised(fewer)[key].digest != raised()[key].digest


def test_another_severity_is_another_exception_to_accept() -> None:
    stricter = RULES.replace("raise no-report high", "raise no-report critical")
    key = "every-report-in US01, BRAVO, X100"
    assert raised(rules=stricter)[key].digest != raised()[key].digest
