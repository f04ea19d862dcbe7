"""What explains a journal line, or the absence of one: values that a page or JSON is made of; nothing here computes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.run.results import OverrideLine

Named = tuple[tuple[str, str], ...]
"""Names and values as people read them, in order."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text of the rules stands: the file as it was called when the run read it, and the line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written: `word` says what it is (journal, exception, adjustment ...).

    `effective` is None on a side that is open; `cites` pairs each citation with its texts.
    """

    word: str
    name: str
    place: Place
    version: str = ""
    effective: tuple[date | None, date | None] = (None, None)
    why: str = ""
    cites: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Formula:
    """A named amount, or a line, as written; `value` is what it comes to over the rows explained, if that was
    added up."""

    name: str
    text: str
    place: Place
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """One test of a rule against a row: the words, such as `partner.model is resale, needs consignment`, and whether it
    holds; None where it cannot be told."""

    words: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer an item may give: in play or not, by which others defeated, and the tests that say so.

    An answer stands where it is in play and not defeated. The usual answer has no name.
    """

    name: str
    rule: Rule
    answer: str
    in_play: bool
    defeated_by: tuple[str, ...]
    tests: tuple[Tested, ...]

    @property
    def stands(self) -> bool:
        """Whether this is the answer given."""
        return self.in_play and not self.defeated_by


@dataclass(frozen=True, slots=True)
class Answer:
    """What an item (decision, amount with exceptions, table) answers, alike for all `rows` of what was looked at.

    `governed_by` is the day whose rules and registers held, the earliest of these rows; `about` names its row. Of a
    table `inputs` are its inputs and what they were, `outputs` its outputs, and `candidates` holds the row that held.
    """

    item: str
    rule: Rule
    outcome: str
    governed_by: tuple[str, date | None]
    about: str
    rows: int
    candidates: tuple[Candidate, ...] = ()
    inputs: Named = ()
    outputs: Named = ()


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row of a delivered file: the file's name, its physical line, and its text as delivered ('' where not kept)."""

    file: str
    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Twin:
    """A fact left out beside one that counts: what it is, by which rule, and where it came from."""

    fact: str
    by: Rule
    raw: RawRow | None


@dataclass(frozen=True, slots=True)
class Source:
    """A fact under a line: what it is, its identity, its day, its units in the line and its share of the amount.

    A fact that an adjustment made has `made_by` and what it was made from; one that an adjustment moved has `moved_by`
    and the day it was loaded with. `raw` is None for made facts.
    """

    fact: int | None
    kind: str
    identity: Named
    day: date | None
    quantity: Decimal | None
    amount: Decimal
    raw: RawRow | None
    made_by: Rule | None = None
    made_from: str = ""
    made_from_raw: RawRow | None = None
    moved_by: Rule | None = None
    loaded_day: date | None = None
    twins: tuple[Twin, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerShare:
    """Units of one layer under a line: `of` names the layer, `carried` is what its units carried before the event.

    `stretch` is the first and last offset in the layer that the line's units lie between.
    """

    of: str
    opened: date | None
    stretch: tuple[Decimal, Decimal]
    quantity: Decimal
    amount: Decimal
    carried: Named
    raw: RawRow | None


@dataclass(frozen=True, slots=True)
class SummedFact:
    """A fact in a sum: its identity, its day, what it adds, and the row it was delivered in (None of a made fact)."""

    identity: Named
    day: str
    value: Decimal
    raw: RawRow | None


@dataclass(frozen=True, slots=True)
class Summed:
    """A sum that a line of a key reads: what it comes to, over how many facts of a kind, and those shown."""

    text: str
    place: Place
    kind: str
    total: Decimal
    count: int
    facts: tuple[SummedFact, ...]


@dataclass(frozen=True, slots=True)
class RunOfBooks:
    """The run that posted a line: its kind and number in the period, its publication, when and by which ruleset."""

    period: str
    kind: str
    number: int
    publication: int
    published_at: str
    ruleset: str
    version: str
    hash: str


@dataclass(frozen=True, slots=True)
class RateUsed:
    """On a day 1 of `currency` was `rate` of `quoted_to`, as quoted on that day or before."""

    rates: str
    day: date
    currency: str
    rate: Decimal
    quoted_to: str
    quoted_on: date


@dataclass(frozen=True, slots=True)
class LineOfLedger:
    """A line as posted; `booked` is what it is booked at, in `home`, where that is another currency. A line that only
    changes what is booked has that as its amount.

    `dimensions` and `segments` are those it has; `origin` is another period where it is late."""

    id: str
    side: str
    role: str
    account: str
    title: str
    amount: Decimal
    currency: str
    period: str
    origin: str
    journal: str
    number: int
    dimensions: Named
    segments: Named
    booked: Decimal | None = None
    home: str = ""
    rates: tuple[RateUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Reversed:
    """A line that another one takes back, and the run that posted it."""

    id: str
    run: RunOfBooks


SHOWN = 10
"""Source rows, layers and facts shown unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a line of closed periods came to, debits positive: with its corrections so far, and in the replay.

    `known` are those shown of the `count` facts that became known since the last hard close, without amounts.
    `ruleset`, `version` and `hash` are of the rules that posted the line, which may have changed since.
    """

    as_posted: Decimal
    as_recomputed: Decimal
    known: tuple[Source, ...]
    count: int
    ruleset: str
    version: str
    hash: str


@dataclass(frozen=True)
class LineExplanation:
    """Everything that leads from a line to its rules and rows.

    `swapped` says why it is not on the side that its journal names, or is empty. `exact` is the amount before any
    rounding, None where it was not worked out. `sources` are those shown, `rest` how many are not and their amount:
    together they are the line's amount, or `adds_up` is False.
    """

    line: LineOfLedger
    run: RunOfBooks
    journal: Rule
    posting: Formula
    swapped: str
    amounts: tuple[Formula, ...]
    exact: Decimal | None
    when: tuple[Tested, ...]
    basis: tuple[Answer, ...]
    account: Place | None
    segments: tuple[Answer, ...]
    layers: tuple[LayerShare, ...]
    layers_not_shown: int
    sources: tuple[Source, ...]
    rest: tuple[int, Decimal]
    adds_up: bool
    summed: tuple[Summed, ...] = ()
    """Of a line for each key: the facts under the sums that its target reads."""
    reverses: Reversed | None = None
    """The line that this one takes back; then all but `line` and `run` is of that one."""
    recomputed: Recomputed | None = None
    """Of a line that corrects closed periods: what it corrects, and why; then it has no sources of its own."""
    overrides: tuple[OverrideLine, ...] = ()
    """Approved overrides of rows of a reconciliation that the line rests on."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A line that a fact has a share in."""

    id: str
    side: str
    account: str
    title: str
    journal: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a fact posts nothing: a sentence, the rule that says so, and tests that did not hold."""

    sentence: str
    rule: Rule | None = None
    tests: tuple[Tested, ...] = ()


@dataclass(frozen=True)
class FactExplanation:
    """What became of a fact: the lines it has a share in, or the reasons why it has none."""

    source: Source
    run: RunOfBooks | None
    lines: tuple[Posted, ...]
    reasons: tuple[Reason, ...]
    basis: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class RowExplanation:
    """What became of a row, or of the facts that were asked for: sentences about the row itself, then each fact."""

    asked: str
    raw: RawRow | None
    sentences: tuple[str, ...]
    facts: tuple[FactExplanation, ...]
