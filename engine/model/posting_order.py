"""In which order journals post: those of events in order of the text, then those that true balances up.

A true-up reads the balance of the role it brings to a value, and those its target speaks of; it follows every other
true-up that posts to one of them (language reference, section 8, step 9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.model.checks.reading import Edge, Value, graph, reachable, values_of
from engine.model.expression import LEDGER_ROWS, AggregateOf, AtExtreme, ItemOf, LedgerBalance, Literal
from engine.model.kept import once_for_a_ruleset
from engine.model.ruleset import Control, Journal, Report, Ruleset, TrueUp
from engine.model.walk import walk

Reader = Journal | Control | Report | Value
Balance = tuple[str, bool]
"""A role, and whether its balance is read as booked; else it is that of the transactions."""


def trues_up(journal: Journal) -> bool:
    """Whether a journal brings balances to a value."""
    return any(isinstance(line, TrueUp) for line in journal.lines)


def event_journals(ruleset: Ruleset) -> tuple[Journal, ...]:
    """Journals that post what happened, in order of the text."""
    return tuple(one for one in ruleset.journals.values() if not trues_up(one))


@once_for_a_ruleset
def needs_balances(ruleset: Ruleset) -> bool:
    """Whether some rule or example reads a balance."""
    items: tuple[Journal | Control | Report, ...] = (
        *ruleset.journals.values(), *ruleset.reports.values(), *ruleset.controls.values(),
    )  # fmt: skip
    asked = [node for reader in (*items, *values_of(ruleset).values()) for node in walk(reader)]
    expected = (one.name.text for example in ruleset.examples for one in example.expects)
    return (
        any(trues_up(one) for one in ruleset.journals.values())
        or any(isinstance(node, LedgerBalance) or _of_balances(node) for node in asked)
        or any(one.grain.form == "balances" for one in items)
        or "ledger-balance" in expected
    )


def _of_balances(node: object) -> bool:
    return isinstance(node, AggregateOf | AtExtreme) and node.source.grain.form == "balances"


@once_for_a_ruleset
def true_up_order(ruleset: Ruleset) -> tuple[tuple[Journal, ...], tuple[Journal, ...]]:
    """Journals that true up, each after those that post what it reads; and those that go round, where some do.

    What goes over every balance, as a remeasurement does, comes after all others.
    """
    every = [one for one in ruleset.journals.values() if trues_up(one)]
    waiting = [one for one in every if one.grain.form != "balances"]
    read = graph(ruleset)
    reads = {one.name: frozenset(role for role, _ in _balances_read(ruleset, one, read)) for one in waiting}
    placed: list[Journal] = []
    while waiting:
        ready = next((one for one in waiting if not _follows(one, waiting, reads)), None)
        if ready is None:
            return tuple(placed), tuple(waiting)
        waiting.remove(ready)
        placed.append(ready)
    return (*placed, *(one for one in every if one.grain.form == "balances")), ()


def _follows(one: Journal, waiting: Sequence[Journal], reads: Mapping[str, frozenset[str]]) -> bool:
    return any(other is not one and reads[one.name] & roles_posted(other) for other in waiting)


def roles_posted(journal: Journal) -> frozenset[str]:
    """The roles that a journal's lines name."""
    found = [
        one
        for line in journal.lines
        for one in ((line.role, line.offset) if isinstance(line, TrueUp) else (line.role,))
    ]
    return frozenset(str(one.value) for one in found if isinstance(one, Literal))


def journals_needed(ruleset: Ruleset, wanted: frozenset[str]) -> frozenset[str]:
    """Journals to run for what is wanted: those named, and whatever posts to a balance that something wanted reads."""
    if wanted & set(LEDGER_ROWS):
        return frozenset(ruleset.journals)
    items = (ruleset.journals, ruleset.controls, ruleset.reports, values_of(ruleset))
    waiting = [one for group in items for name, one in group.items() if name in wanted]
    found = {one.name for one in waiting if isinstance(one, Journal)}
    read = graph(ruleset)
    while waiting:
        asked = waiting.pop()
        balances = frozenset(_balances_read(ruleset, asked, read))
        everything = _reads_any_balance(ruleset, asked, read)
        for journal in ruleset.journals.values():
            if journal.name not in found and (everything or _posts_to(journal, balances)):
                found.add(journal.name)
                waiting.append(journal)
    return frozenset(found)


def journals_posting_to(ruleset: Ruleset, roles: frozenset[str], booked: bool) -> frozenset[str]:
    """Journals that may post to one of some roles; `booked` tells whether what changes no amount counts, too."""
    balances = frozenset((role, booked) for role in roles)
    return frozenset(one.name for one in ruleset.journals.values() if _posts_to(one, balances))


def _reads_any_balance(ruleset: Ruleset, reader: Reader, read: Mapping[str, tuple[Edge, ...]]) -> bool:
    """Whether a reader goes over rows of the ledger, or asks for the balance of a role that its row names."""
    if reader.grain.form in LEDGER_ROWS.values():
        return True
    return any(
        (isinstance(node, LedgerBalance) and not isinstance(node.role, Literal))
        or (isinstance(node, AggregateOf | AtExtreme) and node.source.grain.form in LEDGER_ROWS.values())
        for holder in _holders(ruleset, reader, read)
        for node in walk(holder)
    )


def _posts_to(journal: Journal, balances: frozenset[Balance]) -> bool:
    """Whether a journal may move one of some balances; a role that each row names may be any."""
    # What books company currency only has amounts of nothing.
    roles = {role for role, booked in balances if booked or not journal.company_currency_only}
    named = all(isinstance(line.role, Literal) for line in journal.lines)
    return bool(roles) and (not named or bool(roles & roles_posted(journal)))


def _balances_read(ruleset: Ruleset, reader: Reader, read: Mapping[str, tuple[Edge, ...]]) -> Iterator[Balance]:
    for line in reader.lines if isinstance(reader, Journal) else ():
        if isinstance(reader, Journal) and isinstance(line, TrueUp) and isinstance(line.role, Literal):
            yield str(line.role.value), reader.company_currency_only
    for role, _ in reader.rolls if isinstance(reader, Report) else ():
        yield role, True
    for holder in _holders(ruleset, reader, read):
        for node in walk(holder):
            if isinstance(node, LedgerBalance) and isinstance(node.role, Literal):
                yield str(node.role.value), node.company_currency


def _holders(ruleset: Ruleset, reader: Reader, read: Mapping[str, tuple[Edge, ...]]) -> tuple[Reader, ...]:
    """A reader, and every value it reads through others."""
    values = values_of(ruleset)
    through = {
        name for node in walk(reader) if isinstance(node, ItemOf) for name in reachable(read, node.item) & values.keys()
    }
    return (reader, *(values[name] for name in sorted(through)))
