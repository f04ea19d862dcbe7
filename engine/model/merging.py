"""Base and overlays as one text: an overlay adds items, and changes only what the texts below it opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from dsl import syntax
from dsl.diagnostics import Diagnostics
from engine.model.amending import FAMILY_OF, PLURAL_OF, amended
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.versions import version_of

HeadKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Merged:
    """One text made of several: `head` is that of the last overlay, `base` that of the lowest text.

    `heads` gives by family and name the head of the text an item stands in; `lineage` names and versions, base first;
    `texts` the file names and texts everything came from.
    """

    head: syntax.Head
    base: syntax.Head
    items: tuple[syntax.AnyItem, ...]
    heads: dict[HeadKey, syntax.Head]
    lineage: tuple[tuple[str, Decimal], ...]
    texts: tuple[tuple[str, str], ...]


def head_key(item: syntax.Item) -> HeadKey:
    """What tells an item apart among those of all families."""
    return FAMILY_OF[type(item)], item.name.text


def merge(texts: Sequence[syntax.RulesetText], diagnostics: Diagnostics) -> Merged | None:
    """Merge a base and its overlays, base first; None where they do not belong on one another (T606)."""
    if not texts or not _stand_on_one_another(texts, diagnostics):
        return None
    layers = _Layers(diagnostics)
    for text in texts:
        layers.add(text)
    lineage = tuple((text.head.name.text, text.head.version) for text in texts)
    head, base = texts[-1].head, texts[0].head
    return Merged(head, base, tuple(layers.items), layers.heads, lineage, tuple(_sources(texts)))


def _stand_on_one_another(texts: Sequence[syntax.RulesetText], diagnostics: Diagnostics) -> bool:
    first = texts[0].head
    if first.extends is not None:
        diagnostics.error(
            "T606",
            f"`{first.name.text}` extends `{first.extends.text}` version {first.extends_version}, which was not found",
            first.extends.span,
            "put the base among the rulesets, or correct its name and version",
        )
        return False
    for below, above in pairwise(texts):
        head = above.head
        if head.extends is None:
            diagnostics.error(
                "T606",
                f"`{head.name.text}` extends nothing, so it cannot lie on `{below.head.name.text}`",
                head.name.span,
                f"add `extends {below.head.name.text} version {below.head.version}`",
            )
            return False
        if (head.extends.text, head.extends_version) != (below.head.name.text, below.head.version):
            diagnostics.error(
                "T606",
                f"`{head.name.text}` extends `{head.extends.text}` version {head.extends_version}; "
                f"found `{below.head.name.text}` version {below.head.version}",
                head.extends.span,
                "correct the name and version behind `extends`",
            )
            return False
    return True


def _sources(texts: Iterable[syntax.RulesetText]) -> Iterable[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for text in texts:
        for node in (text.head, *text.items):
            source = node.span.source
            one = (source.name, source.text)
            if one not in seen:
                seen.add(one)
                yield one


class _Layers:
    """Items as they stand while text after text is laid on top."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.items: list[syntax.AnyItem] = []
        self.heads: dict[HeadKey, syntax.Head] = {}
        self.below: list[syntax.Head] = []
        self.term_heads: dict[str, syntax.Head] = {}

    def add(self, text: syntax.RulesetText) -> None:
        """Lay one text on top of those before it; edits apply in the order written."""
        for item in text.items:
            if isinstance(item, syntax.Amend):
                self._amend(item, text.head)
            elif isinstance(item, syntax.Withdraw):
                self._withdraw(item, text.head)
            elif isinstance(item, syntax.Terms):
                self._terms(item, text.head)
            elif self._may_add(item, text.head):
                if isinstance(item, syntax.Item):
                    self.heads.setdefault(head_key(item), text.head)
                self.items.append(item)
        self.below.append(text.head)

    def _may_add(self, item: syntax.AnyItem, head: syntax.Head) -> bool:
        """Whether an item may stand: a new version of one below changes it, so its family must be open."""
        below = next((one for one in self.items if version_of(item, one)), None)
        if below is None or not isinstance(item, syntax.Item):
            return True
        family = FAMILY_OF[type(item)]
        owner = self.heads[head_key(item)]
        deed = f"adds a version of {family} `{item.name.text}`"
        return owner is head or self._opened(f"{family}s", deed, item.name, head, owner)

    # ---- terms -------------------------------------------------------------------------------------------------------

    def _terms(self, item: syntax.Terms, head: syntax.Head) -> None:
        restated: set[str] = set()
        refused: set[str] = set()
        for line in item.lines:
            for name in line.names:
                owner = self.term_heads.get(name.text)
                if owner is None or owner is head:
                    self.term_heads[name.text] = head
                elif self._may_restate(name, line, head, owner):
                    restated.add(name.text)
                    self.term_heads[name.text] = head
                else:
                    refused.add(name.text)
        if restated:
            self.items = [_without_terms(one, restated) if isinstance(one, syntax.Terms) else one for one in self.items]
        self.items.append(_without_terms(item, refused))

    def _may_restate(self, name: syntax.Ref, line: syntax.TermLine, head: syntax.Head, owner: syntax.Head) -> bool:
        """Whether a term may be said anew: its family is open, its type is the same and every old value is there."""
        if not self._opened("terms", f"restates the term `{name.text}`", name, head, owner):
            return False
        old = next(
            one.type
            for item in self.items
            if isinstance(item, syntax.Terms)
            for one in item.lines
            if any(each.text == name.text for each in one.names)
        )
        before = [value.text for value in old.names]
        after = [value.text for value in line.type.names]
        lost = [value for value in before if value not in after] if old.form == "one-of" else []
        if old.form != line.type.form or (old.form == "name" and before != after):
            help_text = f"write `{_type_text(old)}`, or choose a new name"
            self.diagnostics.error("T604", f"`{name.text}` has another type below", name.span, help_text)
        elif lost:
            message = f"`{name.text}` no longer holds {', '.join(lost)}"
            self.diagnostics.error("T604", message, name.span, f"keep every old value: {', '.join(before)}")
        else:
            return True
        return False

    # ---- amend, withdraw ---------------------------------------------------------------------------------------------

    def _amend(self, amendment: syntax.Amend, head: syntax.Head) -> None:
        family, name = amendment.family.text, amendment.name.text
        if family not in PLURAL_OF:
            help_text = did_you_mean(family, PLURAL_OF) or f"amend one of {', '.join(PLURAL_OF)}"
            self.diagnostics.error(
                "T101", f"nothing of the family `{family}` can be amended", amendment.family.span, help_text
            )
            return
        at = self._find(name, family)
        if at is None:
            known = [
                one.name.text for one in self.items if isinstance(one, syntax.Item) and FAMILY_OF[type(one)] == family
            ]
            help_text = did_you_mean(name, known) or f"name one that is there: {', '.join(known) or 'none is'}"
            self.diagnostics.error("T101", f"no {family} `{name}` to amend", amendment.name.span, help_text)
            return
        count = sum(
            isinstance(one, syntax.Item) and (FAMILY_OF[type(one)], one.name.text) == (family, name)
            for one in self.items
        )
        if count > 1:
            help_text = "write one more version with its own dates"
            self.diagnostics.error("T101", f"`{name}` names {count} versions", amendment.name.span, help_text)
            return
        owner = self.heads[(family, name)]
        if owner is head or self._opened(PLURAL_OF[family], f"amends {family} `{name}`", amendment.name, head, owner):
            self.items[at] = amended(self.items[at], amendment, self.diagnostics)

    def _withdraw(self, withdrawal: syntax.Withdraw, head: syntax.Head) -> None:
        name = withdrawal.name.text
        found = [one for one in self.items if isinstance(one, syntax.Item) and one.name.text == name]
        if len({type(one) for one in found}) != 1:
            known = [one.name.text for one in self.items if isinstance(one, syntax.Item)]
            message = f"`{name}` names {len(found)} items" if found else f"nothing called `{name}` to withdraw"
            help_text = did_you_mean(name, known) or "name an item of the texts below"
            self.diagnostics.error("T101", message, withdrawal.name.span, help_text)
            return
        item = found[0]
        owner, family = self.heads[head_key(item)], FAMILY_OF[type(item)]
        plural = PLURAL_OF.get(family, f"{family}s")
        if owner is not head and not self._opened(plural, f"withdraws {family} `{name}`", withdrawal.name, head, owner):
            return
        gone = {id(one) for one in found}
        self.items = [without_target(one, name) for one in self.items if id(one) not in gone]
        del self.heads[head_key(item)]

    def _find(self, name: str, family: str) -> int | None:
        for at, one in enumerate(self.items):
            if isinstance(one, syntax.Item) and (FAMILY_OF[type(one)], one.name.text) == (family, name):
                return at
        return None

    def _opened(self, plural: str, deed: str, place: syntax.Node, head: syntax.Head, owner: syntax.Head) -> bool:
        """A change passes only where every text from the item's own up to the last below has opened its family."""
        since = next(at for at, one in enumerate(self.below) if one is owner)
        for below in self.below[since:]:
            opened = [name.text for name in below.open_to_overlays]
            if plural not in opened:
                only = ", ".join(opened) or "nothing"
                self.diagnostics.error(
                    "T603",
                    f"overlay `{head.name.text}` {deed}; `{below.name.text}` opened only {only}",
                    place.span,
                    f"change `{below.name.text}` under its own approvals (line {below.span.location.line})",
                )
                return False
        return True


def _type_text(type_: syntax.TypeWords) -> str:
    return " ".join(type_.span.text.split())


def _without_terms(item: syntax.Terms, names: set[str]) -> syntax.Terms:
    lines = (replace(line, names=tuple(name for name in line.names if name.text not in names)) for line in item.lines)
    return replace(item, lines=tuple(line for line in lines if line.names))


def without_target(item: syntax.AnyItem, name: str) -> syntax.AnyItem:
    """An exception that also yielded to what was withdrawn keeps its other targets."""
    if isinstance(item, syntax.Exception_) and len(item.to) > 1:
        return replace(item, to=tuple(target for target in item.to if target.text != name))
    return item
