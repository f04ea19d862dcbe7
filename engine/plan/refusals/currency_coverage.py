"""What of money in several currencies does not run in this version; part of engine.plan.refusals.coverage."""

from __future__ import annotations

from engine.model.expression import FieldOf, KeyOf
from engine.model.ruleset import Journal, Ruleset, TrueUp
from engine.plan.refusals.refusing import Refusals
from engine.plan.values.currencies import is_in_company_currency


def currency_refusals(ruleset: Ruleset, found: Refusals) -> None:
    """Constructs of rulesets with rates that are refused."""
    if not ruleset.rates:
        for journal in ruleset.journals.values():
            if journal.company_currency_only:
                words = f"`{journal.name}`, which books company currency only: without `rates` all money is in one"
                found.add(journal.span, words, "leave the line out")
        return
    for rates in ruleset.rates.values():
        if rates.crossed_through not in ("", rates.quoted_to):
            words = f"`rates {rates.name}` crossed through {rates.crossed_through}: they cross through what they are"
            found.add(rates.span, f"{words} quoted to", f"write `crossed through {rates.quoted_to}`")
    if ruleset.head.conversion is None and ruleset.journals:
        found.add(
            ruleset.head.span, "journals of a ruleset with rates: nothing says at which rate lines convert",
            "write `lines convert at RATES rate on the posting date, ...` in the head",
        )  # fmt: skip
    for layers in ruleset.layers.values():
        if layers.leftover == "apart":
            phrase = dict(layers.phrases).get("Leftover", layers.span)
            found.add(phrase, "leftover cents apart in a ruleset with rates", "let them follow the running total")
        if layers.order == "average":
            found.add(layers.span, "`leave at average` in a ruleset with rates: layers have their currencies", "")
    for journal in ruleset.journals.values():
        _journal(journal, found)


def _journal(journal: Journal, found: Refusals) -> None:
    """Balances are trued up by currency, or in their company's: one journal does not both."""
    targets = [line.target for line in journal.lines if isinstance(line, TrueUp)]
    forms = {is_in_company_currency(one.type) or bool(one.type.domain) for one in targets}
    if len(forms) > 1:
        found.add(journal.span, f"`{journal.name}` trues up by currency and in one currency", "write two journals")


def remeasurement_refusals(journal: Journal, line: TrueUp, found: Refusals) -> None:
    """Every balance is brought to a value; only the role of the row itself has one."""
    own = isinstance(line.role, FieldOf | KeyOf) and line.role.name == "role"
    if not own or not journal.company_currency_only:
        words = "`true up` for each balance but of its own role as booked"
        found.add(line.span, words, "write `books company currency only` and `true up ledger-balance.role`")
