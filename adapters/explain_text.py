"""Explanations as people read them, in 100 columns, and the same as values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from rich.cells import cell_len, chop_cells

from adapters.wording import counted, figure, plain, visible
from engine.ledger.money import minor_digits
from engine.run.explanation import (
    Answer,
    Candidate,
    FactExplanation,
    Formula,
    LineExplanation,
    Place,
    RateUsed,
    RawRow,
    Reason,
    Recomputed,
    RowExplanation,
    Rule,
    RunOfBooks,
    Source,
)
from engine.run.overridden import said_of

WIDTH = 100
"""Characters that no line exceeds."""

VERBATIM = "\x1e"
"""Stands before a text as delivered, which is cut where a line ends and nowhere folded."""

PLACE = "\x1d"
"""Stands before the place of a rule, which is never broken."""

LABEL = 11
"""Characters before the text of a section, its label among them."""

SHORT_HASH = 6


def line_json(found: LineExplanation) -> dict[str, Any]:
    """An explained line as values: figures as texts, dates in ISO, nothing left out."""
    return plain(found)  # type: ignore[no-any-return]  # a record becomes a dictionary


def row_json(found: RowExplanation) -> dict[str, Any]:
    """An explained row as values."""
    return plain(found)  # type: ignore[no-any-return]  # a record becomes a dictionary


def line_text(found: LineExplanation) -> str:
    """An explained line as text."""
    line, run = found.line, found.run
    digits = minor_digits(line.currency)
    amount = f"{figure(line.amount, digits)} {line.currency}"
    lines = [*_wrapped(f"{line.id}  {line.side} {line.account} {line.title}  {amount}   {line.period}", "", 2)]
    where = "   ".join(f"{name} {value}" for name, value in (*line.dimensions, *line.segments))
    lines += _wrapped(where, "  ", 2)
    lines += _wrapped(_posted_by(run), "  ", 2)
    if found.reverses is not None:
        taken_back = f"takes back {found.reverses.id}, {_posted_by(found.reverses.run)}; what follows is of that line"
        lines += _wrapped(taken_back, "  ", 2)
    if line.origin != line.period:
        belongs = f"belongs to {line.origin}" if line.origin else "belongs to a period long closed"
        lines += _wrapped(f"late: it {belongs}, which was closed before it could post", "  ", 2)
    lines.append("")
    lines += _section("why", _why(found, digits))
    if found.basis or found.when:
        lines += _section("basis", _basis(found))
    lines += _section("account", _account(found))
    if found.layers:
        lines += _section("layers", _layers(found, digits))
    if found.summed:
        lines += _section("sums", _summed(found))
    lines += _section("override", _overridden(found))
    if found.recomputed is None:
        lines += _section("from", _sources(found, digits))
    else:
        lines += _section("corrects", _corrected(found, found.recomputed, digits))
    return "\n".join(one.rstrip() for one in lines) + "\n"


def row_text(found: RowExplanation) -> str:
    """An explained row, or the facts that were asked for, as text."""
    lines = [*_wrapped(found.asked, "", 2)]
    if found.raw is not None:
        lines += [one for part in _raw(found.raw) for one in _wrapped(part, "  ", 2)]
    for sentence in found.sentences:
        lines += _wrapped(sentence, "  ", 2)
    for one in found.facts:
        lines += ["", *_fact(one, found.raw)]
    return "\n".join(one.rstrip() for one in lines) + "\n"


# ---- parts of a line -------------------------------------------------------------------------------------------------


def _posted_by(run: RunOfBooks) -> str:
    day = run.published_at[:16].replace("T", " ")
    return f"posted by {run.kind} {run.number} of {run.period}, published {day} UTC"


def _why(found: LineExplanation, digits: int) -> Iterator[str]:
    rules = found.recomputed or found.run
    ruleset = f"ruleset {rules.ruleset} {rules.version} ({rules.hash[:SHORT_HASH]})"
    yield f"journal {found.journal.name} of {ruleset}{PLACE}{_at(found.journal)}"
    yield from _said(found.journal)
    yield f"{found.posting.text}{PLACE}{_place(found.posting.place)}"
    if found.swapped:
        yield f"  on the other side, a {found.line.side}, since {found.swapped}"
    for amount in found.amounts:
        yield f"  {_formula(amount, digits)}"
    if found.line.booked is not None:
        yield f"booked at {figure(found.line.booked, minor_digits(found.line.home))} {found.line.home}"
    for rate in found.line.rates:
        yield f"  {_rate(rate)}"
    if found.exact is not None:
        rounding = found.line.amount - found.exact
        yield (
            f"exact {_exactly(found.exact, digits)}, posted {found.line.amount:,.{digits}f}, "
            f"rounding {_exactly(rounding, digits)}"
        )


def _rate(one: RateUsed) -> str:
    quoted = "" if one.quoted_on == one.day else f", quoted on {one.quoted_on}"
    return f"{one.rates} rate on {one.day}: 1 {one.currency} = {one.rate:f} {one.quoted_to}{quoted}"


def _summed(found: LineExplanation) -> Iterator[str]:
    for one in found.summed:
        yield f"{one.text} = {_exactly(one.total, 0)}{PLACE}{_place(one.place)}"
        for fact in one.facts:
            name = " ".join(value for _, value in fact.identity)
            yield f"  {one.kind} {name}   {fact.day}   {_exactly(fact.value, 0)}"
            yield from (f"    {part}" for part in (_raw(fact.raw) if fact.raw is not None else ()))
        if one.count > len(one.facts):
            yield f"  and {one.count - len(one.facts):,} more; `--all` shows them"


def _overridden(found: LineExplanation) -> Iterator[str]:
    """The overrides a line rests on: what stands in the place of what, who said so and who agreed, and on what."""
    for one in found.overrides:
        yield f"{one.reconciliation} {one.where}: {said_of(one)}, by {one.override}"
        yield f"  proposed by {one.proposed_by} on {one.proposed_at[:10]} for {one.period}, {one.reason}: {one.comment}"
        agreed = f": {one.approval_comment}" if one.approval_comment else ""
        yield f"  approved by {one.approved_by} as {one.role} on {one.approved_at[:10]}{agreed}"
        if one.evidence_sha256:
            yield f"  on the evidence of {one.evidence}, SHA-256 {one.evidence_sha256}"


def _formula(one: Formula, digits: int) -> str:
    value = "" if one.value is None else f" = {_exactly(one.value, digits)}"
    return f"{one.name} is {one.text.removeprefix('is ')}{value}{PLACE}{_place(one.place)}"


def _exactly(value: Decimal, digits: int) -> str:
    """A figure with all its decimals, and at least those of the currency."""
    exponent = value.normalize().as_tuple().exponent
    return f"{value:,.{max(digits, -exponent if isinstance(exponent, int) else 0)}f}"


def _at(rule: Rule) -> str:
    return _place(rule.place)


def _place(place: Place) -> str:
    """Where a rule stands, by the file's own name; JSON has the whole path."""
    return f"{PurePath(place.file).name}:{place.line}"


def _said(rule: Rule) -> Iterator[str]:
    """The reason a rule gives, and what it cites."""
    if rule.why:
        yield f'"{rule.why}"'
    for name, texts in rule.cites:
        yield f"cites {name}: {', '.join(texts)}"


def _basis(found: LineExplanation) -> Iterator[str]:
    if found.when:
        yield f"posted because {' and '.join(one.words for one in found.when)}"
    for answer in found.basis:
        yield from _answer(answer)


def _answer(answer: Answer) -> Iterator[str]:
    """An answer: what it was, of which row, on which day, and each rule with what made it hold or not."""
    name, day = answer.governed_by
    governed = "" if day is None else f", governed by {name} {day}" if name else f", on {day}"
    about = f", for {answer.about}" if answer.about else ""
    more = f", and {counted(answer.rows - 1, 'row')} alike" if answer.rows > 1 else ""
    if answer.rule.word == "table":
        yield f"{answer.item}{about}: {', '.join(f'{key} {value}' for key, value in answer.outputs)}{more}"
        for candidate in answer.candidates:
            yield f"  row {candidate.name}{PLACE}{_at(candidate.rule)}"
            yield from (f"    {one.words}" for one in candidate.tests)
        return
    outcome = f" is {answer.outcome}" if answer.outcome else ""
    yield f"{answer.item}{outcome}{about}{governed}{more}{PLACE}{_at(answer.rule)}"
    for candidate in answer.candidates:
        yield from _candidate(candidate)


def _candidate(one: Candidate) -> Iterator[str]:
    name = f"{one.name}: {one.answer}" if one.name else f"the usual answer: {one.answer}"
    place = f"{PLACE}{_at(one.rule)}" if one.name else ""
    if one.stands:
        yield f"  in play   {name}{place}"
        yield from (f"    {tested.words}" for tested in one.tests)
        yield from (f"    {words}" for words in _said(one.rule))
    elif one.in_play:
        yield f"  defeated  {name}, by {' and '.join(one.defeated_by)}{place}"
    else:
        yield f"  not       {name}{place}"
        yield from (f"    {tested.words}" for tested in one.tests if not tested.holds)


def _account(found: LineExplanation) -> Iterator[str]:
    line = found.line
    place = "" if found.account is None else f"{PLACE}{_place(found.account)}"
    yield f"{line.role} -> {line.account} {line.title}{place}"
    for answer in found.segments:
        for candidate in answer.candidates:
            outputs = ", ".join(f"{name} {value}" for name, value in answer.outputs)
            yield f"{answer.item} row {candidate.name}: {outputs}{PLACE}{_at(candidate.rule)}"


def _layers(found: LineExplanation, digits: int) -> Iterator[str]:
    for one in found.layers:
        first, last = one.stretch
        carried = ", ".join(f"{name} {value}" for name, value in one.carried)
        yield (
            f"{one.of}, opened {_day(one.opened)}: {_units(one.quantity)} between {_number(first)} and {_units(last)} "
            f"of the layer, {one.amount:,.{digits}f}"
        )
        if carried:
            yield f"  before the event: {carried}"
        yield from (f"  {words}" for words in _raw(one.raw))
    if found.layers_not_shown:
        yield f"and {counted(found.layers_not_shown, 'more layer', 'more layers')}; `--all` shows them"


def _sources(found: LineExplanation, digits: int) -> Iterator[str]:
    for one in found.sources:
        yield from _source(one, digits)
    count, rest = found.rest
    shown = sum((one.amount for one in found.sources), Decimal(0))
    if count:
        yield f"and {counted(count, 'more row', 'more rows')} of {rest:,.{digits}f} together; `--all` shows them"
    total = f"{shown:,.{digits}f} + {rest:,.{digits}f}" if count else f"{shown:,.{digits}f}"
    mark = "✓" if found.adds_up else "✗"
    yield f"{mark} {counted(len(found.sources) + count, 'row')}: {total} = {shown + rest:,.{digits}f}"


def _corrected(found: LineExplanation, told: Recomputed, digits: int) -> Iterator[str]:
    """What a line of closed periods came to and comes to, and the facts that its close did not know."""
    before, after = (_on_its_side(one, digits) for one in (told.as_posted, told.as_recomputed))
    difference = _on_its_side(told.as_recomputed - told.as_posted, digits)
    yield f"{found.line.origin} posted {before}"
    yield f"replayed with what became known since, it comes to {after}"
    yield f"{'✓' if found.adds_up else '✗'} the difference, {difference}, is posted here"
    if told.count:
        facts = counted(told.count, "fact")
        yield f"{facts} of closed periods became known since the last hard close, of what the line is about:"
    for one in told.known:
        yield from (f"  {words}" for words in _source(one, None))
    if told.count > len(told.known):
        yield f"  and {told.count - len(told.known):,} more; `--all` shows them"


def _on_its_side(amount: Decimal, digits: int) -> str:
    if not amount:
        return "nothing"
    return f"{abs(amount):,.{digits}f} {'debit' if amount > 0 else 'credit'}"


def _source(one: Source, digits: int | None) -> Iterator[str]:
    name = ", ".join(value for _, value in one.identity)
    parts = [
        f"{one.kind} {name}",
        *([_day(one.day)] if one.day else []),
        *([_units(one.quantity)] if one.quantity is not None else []),
    ]
    amount = "" if digits is None else f": {one.amount:,.{digits}f}"
    yield f"{', '.join(parts)}{amount}"
    yield from (f"  {words}" for words in _raw(one.raw))
    if one.made_by is not None:
        yield f"  made by adjustment {one.made_by.name} ({_at(one.made_by)}) from {one.made_from}"
        yield from (f"    {words}" for words in _said(one.made_by))
        yield from (f"    {words}" for words in _raw(one.made_from_raw))
    if one.loaded_day is not None:
        by = f"adjustment {one.moved_by.name} ({_at(one.moved_by)})" if one.moved_by else "a closed period's adjustment"
        yield f"  delivered with {_day(one.loaded_day)}, dated anew by {by}"
        yield from (f"    {words}" for words in (_said(one.moved_by) if one.moved_by else ()))
    for twin in one.twins:
        yield f"  left out beside it: {twin.fact}, by {twin.by.name} ({_at(twin.by)})"
        yield from (f"    {words}" for words in _raw(twin.raw))


def _raw(raw: RawRow | None) -> Iterator[str]:
    if raw is not None:
        yield f"{raw.file} row {raw.row}{VERBATIM}{raw.text}"


def _day(day: date | None) -> str:
    return "on no day" if day is None else day.isoformat()


def _number(value: Decimal) -> str:
    return f"{value.normalize():,f}"


def _units(value: Decimal) -> str:
    text = _number(value)
    return f"{text} {'unit' if text == '1' else 'units'}"


# ---- parts of a row --------------------------------------------------------------------------------------------------


def _fact(found: FactExplanation, shown: RawRow | None) -> Iterator[str]:
    source = replace(found.source, raw=None) if found.source.raw == shown else found.source
    yield from _section("fact", _source(source, None))
    if found.run is not None:
        yield from _section("run", [_posted_by(found.run).removeprefix("posted by ")])
    posted = [f"{one.id}  {one.side} {one.account} {one.title}  {one.amount:,f}   {one.journal}" for one in found.lines]
    yield from _section("posted", posted)
    told = [words for one in found.reasons for words in _reason(one)]
    yield from _section("but" if found.lines else "nothing", told)
    yield from _section("basis", [words for one in found.basis for words in _answer(one)])


def _reason(one: Reason) -> Iterator[str]:
    place = f"{PLACE}{one.rule.name} {_at(one.rule)}" if one.rule is not None else ""
    yield f"{one.sentence}{place}"
    yield from (f"  {tested.words}" for tested in one.tests)
    if one.rule is not None and one.rule.word == "adjustment":
        yield from (f"  {words}" for words in _said(one.rule))


# ---- lines of a width ------------------------------------------------------------------------------------------------


def _section(label: str, texts: Iterable[str]) -> Iterator[str]:
    """Lines behind a label in the margin."""
    margin = f"  {label:<{LABEL - 2}}"
    for text in texts:
        inner = text.lstrip(" ")
        for line in _wrapped(inner, " " * (LABEL + len(text) - len(inner)), 2):
            yield margin + line[LABEL:] if line[:LABEL].isspace() else line
            margin = " " * LABEL


def _wrapped(text: str, indent: str, hanging: int) -> list[str]:
    """Lines of at most the width, those after the first set in; a text that fits keeps its spacing."""
    before, _, delivered = text.partition(VERBATIM)
    words, place, verbatim = (visible(part) for part in (*_cut(before), delivered))
    room = WIDTH - len(indent)
    tail = f"   {place}" if place else f"  {verbatim}" if verbatim else ""
    if cell_len(words) + cell_len(tail) <= room:
        return [f"{indent}{words}{tail}"] if words or tail else []
    parts = [words] if cell_len(words) <= room else list(_folded(words, room - hanging))
    if place and len(parts) > 1 and cell_len(parts[-1]) + cell_len(tail) <= room - hanging:
        parts[-1] += tail
    else:
        parts += [place] if place else []
    parts += chop_cells(verbatim, room - hanging) if verbatim else []
    return [indent + parts[0], *(indent + " " * hanging + part for part in parts[1:])]


def _folded(text: str, width: int) -> Iterator[str]:
    """Lines of at most a width, broken at spaces: a file's name or an amount's stays in one piece."""
    line = ""
    for word in text.split():
        for part in chop_cells(word, width) if cell_len(word) > width else [word]:
            if line and cell_len(line) + 1 + cell_len(part) > width:
                yield line
                line = ""
            line = f"{line} {part}" if line else part
    yield line


def _cut(text: str) -> tuple[str, str]:
    """A text and the place that stands behind it."""
    words, _, place = text.partition(PLACE)
    return words, place
