"""Every refusal, by a small change to a ruleset that runs; and that what is refused is all that does not run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsl.diagnostics import Diagnostics, Severity
from dsl.span import Source
from engine.compile import check
from tests.support.shared import ROOT, shared_path
from tests.support.small_world import SHOP, compiled, small_world

LAST = "report standing"
"""Items are planted before the last report: behind it stands only the close."""
SENTENCE = " can be written but does not run yet"


@dataclass(frozen=True, slots=True)
class Plant:
    """What is changed in the shop, and what is told of it; `message` is without the words all refusals share."""

    title: str
    changes: tuple[tuple[str, str], ...]
    message: str
    underlined: str
    help: str

    def __str__(self) -> str:
        return self.title


def plants() -> tuple[Plant, ...]:
    """The plants of refusals.txt.

    A plant begins with `== title`. Below it stand small differences to the shop, as `diff` writes them, parted by
    `...`; `>` lines hold the message, the underlined text and, where there is one, the help.
    """
    text = (Path(__file__).parent / "refusals.txt").read_text(encoding="utf-8")
    return tuple(_plant(block) for block in text.split("== ")[1:])


def _plant(block: str) -> Plant:
    title, *lines = block.rstrip("\n").split("\n")
    said = [line[2:] for line in lines if line.startswith(">")]
    said += [""] * (3 - len(said))
    changes: list[tuple[str, str]] = []
    for hunk in "\n".join(line for line in lines if not line.startswith(">")).split("\n...\n"):
        old = [line[1:] for line in hunk.split("\n") if line[:1] in (" ", "-")]
        new = [line[1:] for line in hunk.split("\n") if line[:1] in (" ", "+")]
        changes.append(("\n".join([*old, ""]), "\n".join([*new, ""])))
    return Plant(title, tuple(changes), *said)


def planted(changes: tuple[tuple[str, str], ...]) -> str:
    """The shop with pieces exchanged, each there exactly once."""
    text = SHOP
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def told(found: Diagnostics) -> list[tuple[str, str, str, str]]:
    """Code, message without the words all refusals share, underlined text and help of each error."""
    return [
        (one.code, one.message.replace(SENTENCE, ""), " ".join(one.span.text.split()), one.help) for one in found.errors
    ]


@pytest.mark.parametrize("plant", plants(), ids=str)
def test_what_does_not_run_is_refused_where_it_stands(plant: Plant) -> None:
    ruleset, found = compiled(planted(plant.changes))
    assert ruleset is None
    assert told(found) == [("T901", plant.message, plant.underlined, plant.help)]
    assert all(SENTENCE in one.message for one in found.errors)


# ---- money of more than one currency ---------------------------------------------------------------------------------

CONVERSION = (
    "lines convert at spot rate on the posting date, "
    "non-monetary lines of a layer on its ship-date, difference to revenue"
)
MONEY = f"""\
ruleset money version 1
    owner controller
    reporting currency USD
    rounding half-up to the minor unit
    {CONVERSION}
role controller
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
rates spot from erp quoted to USD, stale after 3 days, missing stops the run
terms
    document is text
    amount is money
    ship-date is a date
kind invoice moves nothing on ship-date identified by document
    has amount
accounts ledger
    | role       | account | title         | type    | normal | nature       |
    | receivable | 1210    | "Receivables" | asset   | debit  | monetary     |
    | revenue    | 4010    | "Revenue"     | revenue | credit | non-monetary |
journal bill for each invoice posts on ship-date in fiscal
    converts at spot rate on ship-date
    debit  receivable rounded(amount)
    credit revenue    rounded(amount)
journal again for each invoice posts on ship-date in fiscal
    books company currency only
    amount dollars is rounded(amount converted to USD at spot rate on ship-date)
    debit  receivable dollars
    credit revenue    dollars
"""


def test_money_of_another_currency_runs_where_the_head_says_how_its_lines_convert() -> None:
    assert told(compiled(MONEY)[1]) == []
    _, found = compiled(MONEY.replace(f"    {CONVERSION}\n", ""))
    told_of = "journals of a ruleset with rates: nothing says at which rate lines convert"
    assert [one[1] for one in told(found)] == [told_of]
    _, found = compiled(MONEY.replace("missing stops the run", "missing stops the run, crossed through EUR"))
    words = "`rates spot` crossed through EUR: they cross through what they are quoted to"
    assert told(found) == [("T901", words, "spot", "write `crossed through USD`")]


def test_a_refusal_inside_an_item_points_at_its_reader_too() -> None:
    items = [
        "amount lately for each company, partner, part, period is sum of sale.quantity within last 2 weeks",
        "control odd for each siso",
        "    needs lately is over 10 units",
        "    otherwise raise odd low to controller",
        LAST,
    ]
    _, found = compiled(planted(((LAST, "\n".join(items)),)))
    assert {one.span.text for one in found.errors} == {"sum of sale.quantity within last 2 weeks"}
    readers = {(label.text, label.span.text, label.span.location.line) for one in found.errors for label in one.labels}
    line = planted(((LAST, "\n".join(items)),)).split("\n").index("    needs lately is over 10 units") + 1
    assert readers == {("it is read here", "lately", line)}


def test_what_is_unsound_is_told_before_what_does_not_run() -> None:
    _, found = compiled(MONEY.replace("debit  receivable dollars", "debit  receivables dollars"))
    assert [one.code for one in found.errors] == ["T101"]


# ---- rulesets that are shipped, and one that is not ----------------------------------------------------------------


def sources(*parts: str) -> list[Source]:
    folder = ROOT.joinpath(*parts)
    return [Source(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.tieout"))]


def test_standard_and_demo_are_refused_nothing() -> None:
    standard = sources("rulesets", "standard")
    for texts in ([standard], [standard, sources("rulesets", "clients", "demo")]):
        ruleset, found = check(texts)
        assert [(one.code, one.message, str(one.span)) for one in found.errors] == []
        assert ruleset is not None


def test_sample_of_the_whole_language_is_refused_nothing() -> None:
    path = shared_path("design", "sample", "standard.tieout")
    ruleset, found = check([[Source(path.name, path.read_text(encoding="utf-8"))]])
    assert [(one.code, one.message, str(one.span)) for one in found.errors] == []
    assert ruleset is not None
    assert {one.severity for one in found} == {Severity.WARNING}


# ---- what passes runs ------------------------------------------------------------------------------------------------

GRAINS = """\
sale
shipment
count
siso
company, partner, part, period
company, partner, period
partner, period
layer
layer touched by sale, sale-back
layer touched by credit-note
layer touched by price-cut
""".splitlines()
"""Rows that controls of the property are for each of."""

TESTS = """\
quantity is over 1 units
sum of sale.quantity is over 1 units
sum of gross is over 1 USD
count of sale is over 1
average of sale.quantity is over 1 units
partner.tier is gold
part.list-price * quantity is over 1 USD
treatment is ask
siso.percent is over 10%
siso.reported is missing
shelf + road is over 1 units
commission-rate is over 1%
basis is firm
layer.basis is firm
layer.age is over 3 days
layer.remaining is over 1 units
layer.unit-price is over 1 USD
gross is over 1 USD
cut-price is over 1 USD
sum of layer.remaining is over 1 units
sum of siso.value is over 1 USD
sum of loss is over 1 USD
count of part is over 1
small-losses is over 1 USD
a sale exists for partner, part
no price-cut exists for part before period start
sale-date is period
reported-for is FY2026-P01
next quarter end is after 2026-01-01
returning is yes
sum of (sale.quantity where sale.quantity is over 3 units) is over 1 units
absolute quantity is over 3 units
count of (siso where siso.variance is over 0) within last 2 periods is under 2
higher of (quantity, 3 units) is over 2 units
rounded(quantity * part.list-price) is over 1 USD
partner.tier is one of gold, silver
mark is adjusted
part.list-price on period start is over 1 USD
ratio is over 10%
due is over 1 USD
class is big
""".splitlines()
"""What they need; most grains can say most of it, and the rest is told or refused by the check."""

SHARED = """\
amount due for each shipment
    when partner.tier is gold
    is rounded(quantity * unit-price * commission-rate)
    capped at 100 USD
    floored at 1 USD
exception due-silver to due
    effective from 2026-01-10 through 2026-02-10
    when partner.tier is silver
    becomes 3 USD
amount ratio for each company, partner, part, period is shelf / road, but 0% when road is 0 units
table classes decides class for each shipment
    | row | quantity          | partner.tier => class |
    | a   | under 10 units    | any          => low   |
    | b   | at least 10 units | gold         => big   |
    | c   | at least 10 units | silver       => big   |
"""


def with_controls(pairs: list[tuple[str, str]]) -> str:
    """The shop with a control for each pair of a grain and a test."""
    items = [
        f"control c{at} for each {grain}\n    needs {test}\n    otherwise raise x{at} low to controller\n"
        for at, (grain, test) in enumerate(pairs)
    ]
    return planted(((LAST, SHARED + "".join(items) + LAST),))


def accepted(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs of which nothing is told: neither unsound nor refused."""
    text = with_controls(pairs)
    owner, owners = -1, []
    for line in text.split("\n"):
        if line and not line[0].isspace():
            owner = int(line.split()[1][1:]) if line.startswith("control c") else -1
        owners.append(owner)
    _, found = compiled(text)
    bad = {owners[(one.labels[0].span if one.labels else one.span).location.line - 1] for one in found.errors}
    assert -1 not in bad
    kept = [pair for at, pair in enumerate(pairs) if at not in bad]
    return accepted(kept) if bad else kept


def test_whatever_the_check_lets_pass_runs() -> None:
    pairs = [(grain, test) for grain in GRAINS for test in TESTS]
    passed = accepted(random.Random(20261121).sample(pairs, 90))
    assert 25 < len(passed) < 90
    world = small_world(with_controls(passed[:25]), {}, plans_everything=True)
    assert all(world.rows(f"control c{at}") == [] for at in range(25))
