"""What to say where an item does not read: from the place where the parser stopped to a sentence for a controller.

`explain` asks each of `_EXPLANATIONS` in turn; the first that recognises the fault speaks. Where none does, the line is
held against the way such a line is written. The list of what the parser would accept is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dsl import literal_errors
from dsl.diagnostics import Diagnostic
from dsl.failure import Failure, nearest
from dsl.forms import clause_words, form_of, item_words
from dsl.span import Span
from dsl.surface import hide

_SYNONYMS = {
    "assign": "is",
    "because": "why",
    "becomes": "is",
    "cr": "credit",
    "dr": "debit",
    "else": "but",
    "equals": "is",
    "has": "is",
    "if": "when",
    "is": "becomes",
    "let": "amount",
    "unless": "but",
    "until": "through",
    "where": "when",
}
"""A word that people write, and the one meant where that can stand."""

_OLD_ITEMS = {
    "rule": "write a `decision` with its usual answer, and an `exception` for each other answer",
    "let": "write `amount NAME is ...` inside the item that uses it",
    "valuation": "write an `amount`, or a phrase of `layers`",
    "import": "name the base in the header: `extends NAME version NUMBER`",
    "if": "a test stands inside an item, behind `when`",
    "when": "a test stands inside an item: indent it",
}
_WHEN_ABOVE = {
    "adjustment": "`then`",
    "allocation": "`spreads`",
    "amount": "`is`",
    "control": "`needs`",
    "exception": "`becomes`",
    "journal": "the other lines",
}
_COMPARATIVES = {
    "greater": "over",
    "more": "over",
    "higher": "over",
    "larger": "over",
    "later": "over",
    "less": "under",
    "lower": "under",
    "smaller": "under",
    "fewer": "under",
    "earlier": "under",
}
_COMPARED = re.compile(r"\bis (?:not )?(\w+)$")
_LISTS = re.compile(
    r"\b(?:of|by|cites|has|perhaps|shows|rolls|carry|stages|each|over|needs|change|to|decides) [\w., -]+$"
)
_BRACKETED = re.compile(r"(?:^|[\s(|])(rounded|(?:lower|higher|earlier|later) of)$")
_HALF_SAID = re.compile(r"(?:^|[\s(|])(sum|count|average|balance|absolute|lower|higher|earlier|later)$")
_OPERATOR_END = re.compile(r"(?:[-+*/(]|\bis)$")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_NEXT_LINE = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*")
_LINE_TAIL = 400

Explanation = Callable[[Failure], Diagnostic | None]


def explain(failure: Failure, first: bool) -> Diagnostic | None:
    """The diagnostic of a failure; None where it is not the first of its item and may only follow from another."""
    for explanation in _EXPLANATIONS if not first else (*_EXPLANATIONS, *_ENDINGS):
        if (diagnostic := explanation(failure)) is not None:
            return diagnostic
    return _cannot_stand(failure) if first else None


# ---- items, depth, indentation -------------------------------------------------------------------------------------


def _unknown_item(failure: Failure) -> Diagnostic | None:
    if failure.start != failure.piece.start or not failure.at:
        return None
    word = failure.at
    if word.lower() in _OLD_ITEMS:
        advice = _OLD_ITEMS[word.lower()]
    elif near := nearest(word, item_words()):
        advice = f"did you mean `{near}`?"
    elif any(word in clause_words(item) for item in item_words()):
        advice = f"`{word}` stands inside an item: indent it by 4 spaces"
    else:
        advice = "an item begins with a word such as `amount`, `decision` or `journal`"
    return Diagnostic("T003", f"`{word}` does not begin an item", failure.span, advice)


def _too_deep(failure: Failure) -> Diagnostic | None:
    if failure.kind not in ("deep", "long"):
        return None
    message = (
        "more than 64 brackets inside one another" if failure.kind == "deep" else "more than 64 operations in a line"
    )
    return Diagnostic("T013", message, failure.span, "name a part of it as an `amount` of its own")


def _indentation(failure: Failure) -> Diagnostic | None:
    if failure.kind not in ("indentation", "_INDENT"):
        return None
    following = _NEXT_LINE.match(failure.text, failure.end)
    start = following.end() if following else failure.end
    word = re.compile(r"\S+").match(failure.text, start)
    span = Span(failure.source, start, word.end() if word else start)
    if failure.kind == "indentation":
        return Diagnostic("T009", "the line is indented like no line above it", span, "indent by 4 spaces a step")
    return Diagnostic("T009", "the line is indented deeper than the one above", span, "begin it under the line above")


# ---- and, or, when, brackets, commas -------------------------------------------------------------------------------


def _mixed_joining(failure: Failure) -> Diagnostic | None:
    if failure.at not in ("and", "or"):
        return None
    other = "or" if failure.at == "and" else "and"
    clause = hide(failure.text[failure.piece.start : failure.start])
    begin = max((match.start() for match in re.finditer(r"\b(?:when|needs|where)\b", clause)), default=len(clause))
    if not re.search(rf"(?<![\w-]){other}(?![\w-])", clause[begin:]):
        return None
    advice = "name one side as a `decision` of yes and no, and test that"
    return Diagnostic("T005", "`and` and `or` in one test", failure.span, advice)


def _late_when(failure: Failure) -> Diagnostic | None:
    if failure.at != "when":
        return None
    if failure.begins_line and failure.item in _WHEN_ABOVE:
        advice = f"put `when` above {_WHEN_ABOVE[failure.item]}"
        return Diagnostic("T002", "`when` stands too late", failure.span, advice)
    if re.match(r"(?:is|becomes|amount)\b", failure.before):
        advice = "put it on a line of its own above, or write `, but OTHER when ...`"
        return Diagnostic("T002", "`when` cannot follow the value", failure.span, advice)
    return None


def _comparison_words(failure: Failure) -> Diagnostic | None:
    tail = failure.before[-_LINE_TAIL:]
    match = _COMPARED.search(tail)
    if match is None:
        return None
    begin = len(failure.before) - len(tail) + match.start()
    span = failure.cover(begin, failure.end - failure.line_start)
    word = match[1]
    if failure.at == "than" and word in _COMPARATIVES:
        over = _COMPARATIVES[word] == "over"
        written = f"is {_COMPARATIVES[word]}"
        if failure.after.startswith("or equal"):
            written = "is at least" if over else "is at most"
    elif failure.at == "to" and word == "equal":
        written = "is"
    elif failure.at == "(" and word == "in":
        written, span = "is one of a, b", failure.cover(begin, len(failure.before))
    elif failure.at in ("least", "most") and word == "at":
        written = "is under" if failure.at == "least" else "is over"
    elif word == "between":
        span = failure.cover(begin, len(failure.before))
        advice = "write `is at least ...`, and `and ... is at most ...` on the next line"
        return Diagnostic("T004", f"`{span.text}` is not a comparison", span, advice)
    else:
        return None
    return Diagnostic("T004", f"`{span.text}` is not a comparison", span, f"write `{written}`")


def _brackets(failure: Failure) -> Diagnostic | None:
    needing = _BRACKETED.search(failure.before[-_LINE_TAIL:])
    if needing and "LPAR" in failure.expected:
        words = needing[1]
        inside = f"{failure.at} {failure.after}".strip() or "..."
        written = f"{words}({inside})" if words == "rounded" else f"{words} (a, b)"
        span = failure.cover(len(failure.before) - len(words), len(failure.before))
        return Diagnostic("T006", f"`{words}` takes its value in brackets", span, f"write `{written}`")
    if failure.at == ")" and failure.before.count("(") == failure.before.count(")"):
        return Diagnostic(
            "T006", "a bracket closes that was never opened", failure.span, "remove it, or open it before"
        )
    if "RPAR" not in failure.expected:
        return None
    depth = 0
    for position in range(len(failure.before) - 1, -1, -1):
        depth += {"(": 1, ")": -1}.get(failure.before[position], 0)
        if depth == 1:
            return Diagnostic("T006", "the bracket is not closed", failure.cover(position, position + 1), "add `)`")
    return None


def _comma(failure: Failure) -> Diagnostic | None:
    if failure.at_end and failure.before.endswith(","):
        advice = "remove it, or name one more; a list stays on one line"
        return Diagnostic("T020", "nothing follows the comma", failure.span, advice)
    if failure.at == "," and failure.before.endswith(","):
        return Diagnostic("T020", "a comma too many", failure.span, "remove it")
    if "COMMA" not in failure.expected:
        return None
    if failure.kind == "STRING":
        return Diagnostic("T020", "a comma is missing between two strings", failure.span, "write `,` before it")
    listed = failure.kind == "NAME" and _LISTS.search(failure.before[-_LINE_TAIL:])
    if listed and not nearest(failure.at, failure.words):
        advice = f"write `{failure.previous}, {failure.at}`"
        return Diagnostic("T020", f"a comma is missing before `{failure.at}`", failure.span, advice)
    return None


# ---- words ---------------------------------------------------------------------------------------------------------


def _misspelt_first_word(failure: Failure) -> Diagnostic | None:
    """A line may begin with a name in some items, so a misspelt first word is found one word late."""
    word = failure.before
    if not _WORD.fullmatch(word) or failure.line_start == failure.piece.start:
        return None
    known = clause_words(failure.item)
    if word in known or not (near := nearest(word, known)):
        return None
    message = f"`{word}` does not begin a line of `{failure.item}`"
    return Diagnostic("T008", message, failure.cover(0, len(word)), f"did you mean `{near}`?")


def _misspelt(failure: Failure) -> Diagnostic | None:
    word = failure.at
    if not _WORD.fullmatch(word):
        return None
    if word != word.lower() and word.lower() in failure.words:
        return Diagnostic("T008", f"`{word}` is written small", failure.span, f"write `{word.lower()}`")
    meant = _SYNONYMS.get(word.lower(), "")
    if meant in failure.words:
        return Diagnostic("T008", f"`{word}` is not the word here", failure.span, f"write `{meant}`")
    if near := nearest(word, failure.words):
        return Diagnostic("T008", f"`{word}` cannot stand here", failure.span, f"did you mean `{near}`?")
    return None


def _half_said(failure: Failure) -> Diagnostic | None:
    match = _HALF_SAID.search(failure.before[-_LINE_TAIL:])
    if match is None or failure.expected - {"OF", "NAME", "CALENDAR_WORD"}:
        return None
    word = match[1]
    written = {"absolute": "absolute X", "balance": "balance of ROLE"}.get(word, f"{word} of X")
    if word in ("lower", "higher", "earlier", "later"):
        written = f"{word} of (a, b)"
    span = failure.cover(len(failure.before) - len(word), len(failure.before))
    advice = f"write `{written}`, or give the name another word"
    return Diagnostic("T002", f"`{word}` is a word of the language here", span, advice)


def _missing_value(failure: Failure) -> Diagnostic | None:
    if failure.kind in ("STAR", "SLASH", "PLUS", "RPAR", "COMMA") and _OPERATOR_END.search(failure.before):
        return Diagnostic("T002", f"a value is missing before `{failure.at}`", failure.span, "write a name or a number")
    return None


# ---- lines and items that end too early ----------------------------------------------------------------------------


def _ends_early(failure: Failure) -> Diagnostic | None:
    if not failure.at_end:
        return None
    item = failure.item_span.text
    known = clause_words(failure.item)
    if failure.kind == "_NL":
        if failure.previous in ("and", "or"):
            advice = f"begin the next line with `{failure.previous}`"
        else:
            form = form_of(failure.item, failure.line)
            advice = f"it is written like `{form}`" if form else "finish it"
        return Diagnostic("T019", "the line ends too early", failure.span, advice)
    if "_INDENT" in failure.expected:
        advice = (
            f"indent its lines below it; they begin with {_listed(known)}" if known else "indent its lines below it"
        )
        return Diagnostic("T019", f"`{item}` says nothing", failure.item_span, advice)
    if failure.line.startswith("|") and failure.expected == {"VBAR"}:
        return Diagnostic(
            "T019", "the grid has a head and no rows", failure.cover(0, len(failure.line)), "add a row below"
        )
    missing = [word for word in known if word in failure.words]
    advice = f"add a line that begins with `{missing[0]}`" if missing else "finish it"
    return Diagnostic("T019", f"`{item}` ends too early", failure.item_span, advice)


def _cannot_stand(failure: Failure) -> Diagnostic:
    known = clause_words(failure.item)
    if failure.begins_line:
        wanted = [word for word in known if word in failure.words]
        if len(wanted) == 1:
            advice = f"`{wanted[0]}` comes before it"
        elif failure.at in known:
            advice = f"move it: the lines of `{failure.item}` stand in a fixed order"
        else:
            advice = f"the lines of `{failure.item}` begin with {_listed(known)}" if known else "remove it"
    else:
        form = form_of(failure.item, failure.line)
        advice = f"such a line is written like `{form}`" if form else "remove it"
    return Diagnostic("T002", f"`{failure.at or failure.span.text}` cannot stand here", failure.span, advice)


def _listed(words: tuple[str, ...]) -> str:
    shown = [f"`{word}`" for word in words[:7]]
    return ", ".join(shown) + (" and others" if len(words) > len(shown) else "")


_EXPLANATIONS: tuple[Explanation, ...] = (
    _too_deep,
    _unknown_item,
    literal_errors.comparison_sign,
    literal_errors.string,
    literal_errors.date_or_period,
    literal_errors.number,
    literal_errors.character,
    _mixed_joining,
    _late_when,
    _comparison_words,
    _brackets,
    _comma,
    _misspelt_first_word,
    _misspelt,
    _half_said,
    _missing_value,
)
_ENDINGS: tuple[Explanation, ...] = (_indentation, _ends_early)
"""Explanations of what a blanked line may have caused, so asked only for the first fault of an item."""
