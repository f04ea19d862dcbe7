"""Exact arithmetic as SQL, held against fractions; and the digits each currency keeps."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlglot import exp

from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import InternalError
from engine.ledger.money import minor_digits
from engine.model.datatypes import DataType, Family
from engine.plan import numbers
from engine.plan.numbers import Value, number
from engine.plan.relation import case, named
from tests.support import promises

RATE = DataType(Family.RATE)
FLIP: dict[type[exp.Binary], Callable[[Fraction, Fraction], bool]] = {
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
    exp.EQ: lambda left, right: left == right,
}


@dataclass(frozen=True, slots=True)
class Both:
    """A value as SQL and as a fraction."""

    sql: Value
    exact: Fraction


def constant(text: str) -> Both:
    return Both(number(Decimal(text), RATE), Fraction(text))


def drawn(draw: random.Random, depth: int) -> Both:
    """A random expression over small decimals of either sign; no divisor is 0 and no product is too long."""
    if depth == 0:
        digits = draw.randint(0, 3)
        return constant(str(Decimal(draw.randint(-9999, 9999)).scaleb(-digits)))
    one, other = drawn(draw, depth - 1), drawn(draw, draw.randint(0, depth - 1))
    choice = draw.choice("+-*/naclh")
    if choice == "/" and other.exact != 0:
        return Both(numbers.divide(one.sql, other.sql, RATE), one.exact / other.exact)
    if choice == "*":
        return Both(numbers.multiply(one.sql, other.sql, RATE), one.exact * other.exact)
    if choice == "n":
        return Both(numbers.negate(one.sql), -one.exact)
    if choice == "a":
        return Both(numbers.absolute(one.sql), abs(one.exact))
    if choice in "clh":
        node = draw.choice(list(FLIP))
        test = numbers.compare(node, one.sql, other.sql)
        return Both(
            numbers.choose(test, one.sql, other.sql), one.exact if FLIP[node](one.exact, other.exact) else other.exact
        )
    if choice == "-":
        return Both(numbers.add(one.sql, other.sql, RATE, "-"), one.exact - other.exact)
    return Both(numbers.add(one.sql, other.sql, RATE, "+"), one.exact + other.exact)


def rounded(exact: Fraction, digits: int, half: str) -> Decimal:
    """A fraction rounded in whole numbers alone: half away from zero, or to the even neighbour."""
    scaled = abs(exact) * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest > scaled.denominator or (2 * rest == scaled.denominator and (half == "half-up" or whole % 2)):
        whole += 1
    return Decimal(whole if exact >= 0 else -whole).scaleb(-digits)


def evaluated(values: list[exp.Expr]) -> list[object]:
    """Expressions evaluated in one query."""
    columns = [named(value, f"v{at}") for at, value in enumerate(values)]
    with DuckDBExecutor(threads=1) as executor:
        return list(executor.rows(exp.select(*columns))[0])


@pytest.mark.parametrize("half", ["half-up", "half-even"])
@pytest.mark.parametrize("batch", range(promises.trials(400, per_commit=1)))
def test_random_expressions_round_as_fractions_do(half: str, batch: int) -> None:
    draw = random.Random(f"{half} {batch}" if batch else half)
    made = [drawn(draw, 2 if at % 4 == 0 else 1) for at in range(120)]
    made = [one for one in made if max(one.sql.scale or 0, one.sql.over_scale) <= 12]
    digits = [draw.choice((0, 2, 3)) for _ in made]
    sql = [numbers.rounded(one.sql, count, half).sql for one, count in zip(made, digits, strict=True)]
    wanted = [rounded(one.exact, count, half) for one, count in zip(made, digits, strict=True)]
    found = evaluated(sql)
    wrong = sum(told != exact for told, exact in zip(found, wanted, strict=True))
    promises.reached("P16", "random expressions rounded as fractions are", len(made), wrong)
    assert len(made) > 100
    assert sum(one.sql.over is not None for one in made) >= (10 if batch else 15)
    assert found == wanted


def test_random_comparisons_hold_as_fractions_do() -> None:
    draw = random.Random(7)
    pairs = [(drawn(draw, 1), drawn(draw, 1), draw.choice(list(FLIP))) for _ in range(70)]
    # Ties are rare among random values: each value is compared with itself in another shape, too.
    three = constant("3").sql
    doubled = [
        (one, Both(numbers.divide(numbers.multiply(one.sql, three, RATE), three, RATE), one.exact), node)
        for one, _, node in pairs[:40]
    ]
    sql = [numbers.compare(node, one.sql, other.sql) for one, other, node in pairs + doubled]
    wanted = [FLIP[node](one.exact, other.exact) for one, other, node in pairs + doubled]
    assert evaluated(sql) == wanted
    assert 30 < sum(wanted) < len(wanted) - 30


@pytest.mark.parametrize(
    ("written", "digits", "up", "even"),
    [
        ("0.125", 2, "0.13", "0.12"),
        ("0.135", 2, "0.14", "0.14"),
        ("-0.125", 2, "-0.13", "-0.12"),
        ("-0.5", 0, "-1", "0"),
        ("2.5", 0, "3", "2"),
        ("0.005", 2, "0.01", "0.00"),
        ("0.004999", 2, "0.00", "0.00"),
        ("1", 2, "1.00", "1.00"),
    ],
)
def test_a_tie_goes_away_from_zero_or_to_the_even_neighbour(written: str, digits: int, up: str, even: str) -> None:
    plain = constant(written).sql
    quotient = numbers.divide(numbers.multiply(plain, constant("-7").sql, RATE), constant("-7").sql, RATE)
    sql = [numbers.rounded(value, digits, half).sql for value in (plain, quotient) for half in ("half-up", "half-even")]
    assert evaluated(sql) == [Decimal(up), Decimal(even)] * 2


def test_a_quotient_by_a_negative_keeps_its_sign_and_compares() -> None:
    third = numbers.divide(constant("1").sql, constant("-3").sql, RATE)
    sql = [
        numbers.rounded(third, 4, "half-up").sql,
        numbers.compare(exp.LT, third, constant("-0.3333").sql),
        numbers.compare(exp.GT, third, constant("-0.3334").sql),
    ]
    assert evaluated(sql) == [Decimal("-0.3333"), True, True]


def test_a_division_by_nothing_is_missing_and_stays_so() -> None:
    none = numbers.divide(constant("1").sql, constant("0").sql, RATE)
    assert evaluated([numbers.rounded(none, 2, "half-up").sql]) == [None]


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3)])
def test_money_rounds_to_the_minor_unit_of_its_currency(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    share = numbers.multiply(constant("1000.5555").sql, constant("0.1").sql, RATE)
    wanted = {0: Decimal("100"), 2: Decimal("100.06"), 3: Decimal("100.056")}[digits]
    assert evaluated([numbers.rounded(share, minor_digits(currency), "half-up").sql]) == [wanted]


def test_whole_amounts_keep_their_eighteen_digits() -> None:
    large = constant("123456789012.345678").sql
    product = numbers.multiply(large, constant("9999.999").sql, RATE)
    assert evaluated([product.sql]) == [Decimal("123456789012.345678") * Decimal("9999.999")]


def test_a_product_of_more_digits_than_are_exact_is_refused_when_planned() -> None:
    long = constant("0.0000000001").sql
    with pytest.raises(InternalError, match="needs 40 digits behind the point; at most 30"):
        numbers.multiply(numbers.multiply(long, long, RATE), numbers.multiply(long, long, RATE), RATE)


def test_narrowing_without_rounding_is_refused() -> None:
    with pytest.raises(InternalError, match="cannot be narrowed to 1"):
        numbers.at_scale(constant("1.25").sql, 1)
    with pytest.raises(InternalError, match="without a scale"):
        numbers.rounded(Value(exp.Literal.string("x"), DataType(Family.TEXT)), 2, "half-up")


def test_answers_brought_to_one_shape_lose_nothing() -> None:
    third = numbers.divide(constant("2").sql, constant("3").sql, RATE)
    values = numbers.aligned([constant("1.5").sql, third, constant("-4").sql])
    assert {(value.scale, value.over_scale) for value in values} == {(1, 0)}
    assert evaluated([numbers.rounded(value, 3, "half-up").sql for value in values]) == [
        Decimal("1.500"),
        Decimal("0.667"),
        Decimal("-4.000"),
    ]


@pytest.mark.parametrize("half", ["half-up", "half-even"])
def test_digits_that_vary_by_row_round_as_each_would_alone(half: str) -> None:
    """One division for all rows gives what a division for each number of digits gave, quotient or not."""
    draw = random.Random(7)
    digits = {"JPY": 0, "KWD": 3, "CLF": 4, "USD": 2}
    unit = exp.column("unit")
    tests = [(exp.EQ(this=unit, expression=exp.Literal.string(one)), digits[one]) for one in ("JPY", "KWD", "CLF")]
    outputs: list[exp.Expr] = []
    for _ in range(12):
        exact = number(Decimal(draw.randint(-(10**7), 10**7)).scaleb(-draw.randint(0, 5)), RATE)
        over = number(Decimal(draw.randint(1, 999)).scaleb(-draw.randint(0, 6)), RATE)
        for value in (exact, numbers.divide(exact, over, RATE)):
            together = numbers.rounded_by_row(value, tests, 2, 4, half)
            outputs.append(named(together.sql, f"together {len(outputs)}"))
            by_digits = [(test.copy(), numbers.at_scale(numbers.rounded(value, one, half), 4)) for test, one in tests]
            alone = case(by_digits, numbers.at_scale(numbers.rounded(value, 2, half), 4))
            outputs.append(named(alone, f"alone {len(outputs)}"))
    with DuckDBExecutor(threads=1) as executor:
        executor.append("of", (("unit", "VARCHAR"),), [(one,) for one in digits])
        found = executor.rows(exp.select(*outputs).from_("of"))
    assert len(found) == len(digits)
    assert all(row[0::2] == row[1::2] for row in found)
    assert len(set(found)) == len(digits)
