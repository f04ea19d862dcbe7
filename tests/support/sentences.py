"""Random rulesets straight from the grammar: every construct, in every layout a person may choose.

The grammar's own productions are walked; a choice is any production that still fits the depth left. Grids come out
square, as the language demands. Layout (spaces, indentation, comments, blank lines, continued lines) is random too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from random import Random

from lark.grammar import NonTerminal, Rule, Symbol

from dsl.reading import parser
from dsl.words import vocabulary

DEPTH = 24
"""How deep productions may nest; every item fits."""

_STRINGS = ('""', '"Right of return"', '"a | b => c"', '"# not a comment"', '"§ 3, Größe, 日本"', '"and, or, when"')
_SHAPES = {
    "NUMBER": ("0", "7", "1,000", "12.50", "1,234,567.89"),
    "PERCENT": ("0%", "2.50%", "100%"),
    "DATE": ("2026-01-31", "2024-02-29", "1999-12-31"),
    "PERIOD": ("FY2026-P01", "FY2026-Q4", "FY2026"),
    "STRING": _STRINGS,
    "WEEKS": ("4-4-5", "13x4"),
    "ZONE": ("America/New_York", "Europe/Berlin"),
}
_MARKS = {"COMMA": ",", "DOT": ".", "LPAR": "(", "RPAR": ")", "PLUS": "+", "MINUS": "-", "STAR": "*", "SLASH": "/"}
_MARKS |= {"VBAR": "|", "ARROW": "=>"}
_LAYOUT = ("_NL", "_INDENT", "_DEDENT")


@cache
def productions() -> dict[str, tuple[Rule, ...]]:
    """The productions of the grammar by the rule they belong to."""
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in parser().rules:
        found[rule.origin.name] = (*found.get(rule.origin.name, ()), rule)
    return found


@cache
def _depths() -> dict[str, int]:
    """The least depth in which each rule can be said."""
    depths: dict[str, int] = {}
    while len(depths) < len(productions()):
        for name, rules in productions().items():
            reachable = [depth for rule in rules if (depth := _depth(rule.expansion, depths)) is not None]
            if reachable:
                depths.setdefault(name, min(reachable))
    return depths


def _depth(symbols: Iterable[Symbol], depths: dict[str, int]) -> int | None:
    inner = [depths.get(symbol.name) for symbol in symbols if isinstance(symbol, NonTerminal)]
    return None if None in inner else 1 + max((depth for depth in inner if depth is not None), default=0)


class Sentences:
    """Draws items of the grammar: `size` productions are chosen freely, after them the shallowest."""

    def __init__(self, random: Random, size: int = 150) -> None:
        self.random = random
        self.left = size

    def text(self, items: int, wanted: Rule | None = None) -> str:
        """A ruleset in a random layout: a header, so many items, and one that goes through a wanted production."""
        said = [self.kinds("ruleset"), *(self.kinds("item") for _ in range(items))]
        if wanted is not None:
            said.append(self.kinds("item", wanted))
        return self._lead() + "".join(map(self.written, said))

    def kinds(self, name: str, wanted: Rule | None = None, depth: int = DEPTH) -> list[str]:
        """The kinds of token of a sentence of a rule, by the shortest way through a wanted production if given."""
        if name == "grid":
            return self._grid(depth, wanted)
        rules = [rule for rule in productions()[name] if (_depth(rule.expansion, _depths()) or DEPTH) <= depth]
        self.left -= 1
        if wanted is not None and wanted.origin.name == name:
            rules, wanted = [wanted], None
        elif wanted is not None:
            rules = [min(rules, key=partial(_nearest, wanted))]
        elif self.left < 0:
            rules = [rule for rule in rules if _depth(rule.expansion, _depths()) == _depths()[name]]
        rule = self.random.choice(rules)
        found: list[str] = []
        for symbol in rule.expansion:
            if not isinstance(symbol, NonTerminal):
                found.append(symbol.name)
                continue
            nearest = wanted is not None and _distance(wanted.origin.name, symbol.name) == _nearest(wanted, rule)
            found += self.kinds(symbol.name, wanted if nearest else None, depth - 1)
            wanted = None if nearest else wanted
        return found

    def _grid(self, depth: int, wanted: Rule | None) -> list[str]:
        inputs, outputs = self.random.randint(1, 4), self.random.choice((0, 0, 1, 2))
        wanted = None if wanted is None or wanted.origin.name.strip("_").startswith("row") else wanted
        rows = [self._row(inputs, outputs, depth, wanted)]
        rows += [self._row(inputs, outputs, depth, None) for _ in range(self.random.randint(1, 3))]
        return [kind for row in rows for kind in row]

    def _row(self, inputs: int, outputs: int, depth: int, wanted: Rule | None) -> list[str]:
        marks = ["VBAR"] * inputs + ["ARROW"] * bool(outputs) + ["VBAR"] * max(0, outputs - 1)
        cells = [self.kinds("cell", None if index else wanted, depth - 1) for index in range(len(marks))]
        return [kind for mark, cell in zip(marks, cells, strict=True) for kind in (mark, *cell)] + ["VBAR", "_NL"]

    # ---- layout ----------------------------------------------------------------------------------------------------

    def written(self, kinds: list[str]) -> str:
        """A sentence as text: words with any spaces that keep them apart, lines with any indentation that fits."""
        parts: list[str] = []
        levels = [0]
        words = [(kind, self._word(kind)) for kind in kinds if kind not in _LAYOUT]
        begins_line, in_row = True, False
        position = 0
        for index, kind in enumerate(kinds):
            if kind == "_INDENT":
                levels.append(levels[-1] + self.random.randint(1, 6))
            elif kind == "_DEDENT":
                levels.pop()
            elif kind == "_NL":
                last = all(following in _LAYOUT for following in kinds[index:])
                parts.append(self._line_end() if not last else "\n" + self._lead())
                begins_line = True
            else:
                word = words[position][1]
                previous = words[position - 1][1] if position else ""
                in_row = word == "|" or (in_row and not begins_line)
                if begins_line:
                    parts.append(" " * levels[-1])
                elif word in ("and", "or") and not in_row and self.random.random() < 0.5:
                    parts.append(self._line_end() + " " * self.random.randint(1, 9))
                else:
                    parts.append(self._gap(previous, word))
                parts.append(word)
                begins_line = False
                position += 1
        return "".join(parts)

    def _word(self, kind: str) -> str:
        if kind in _MARKS:
            return _MARKS[kind]
        if kind == "NAME":
            return "x" + self.random.choice(("", "1", "-y", "-over-time", "Yz9", "-2026"))
        return self.random.choice(_SHAPES.get(kind) or _words_of(kind))

    def _gap(self, previous: str, word: str) -> str:
        tight = previous in ("(", ",", "+", "*", ".", "|") or word in ("(", ")", ",", "+", "*", ".", "|")
        tight = (tight and not (previous == "|" or word == ".")) or (previous == "." or word == ".")
        if (
            tight
            and not (previous[-1:].isdigit() and word in (",", "."))
            and not (previous == "," and word[0].isdigit())
        ):
            return self.random.choice(("", " "))
        return " " * self.random.choice((1, 1, 2, 5))

    def _line_end(self) -> str:
        comment = self.random.choice(("", "", "", "  # why", "#", " #  two  words "))
        between = self.random.choice(
            ("", "", "", "\n", "\n  \n", "\n# in column 1", "\n      # deeper", "\n\n# a\n\n # b")
        )
        return f"{self.random.choice(('', '', ' '))}{comment}{between}\n"

    def _lead(self) -> str:
        return self.random.choice(
            ("", "", "", "\n", "\n\n\n", "# ---- a chapter ----\n", "\n# one\n\n\n#two \n\n", "  # x\n")
        )


@cache
def _words_of(kind: str) -> tuple[str, ...]:
    return tuple(word for word, kinds in vocabulary(parser().terminals).items() if kind in kinds)


def _nearest(wanted: Rule, rule: Rule) -> int:
    inner = (symbol.name for symbol in rule.expansion if isinstance(symbol, NonTerminal))
    return min((_distance(wanted.origin.name, name) for name in inner), default=DEPTH)


@cache
def _distance(wanted: str, name: str) -> int:
    """How many productions lie between a rule and a wanted one."""
    level, distance, reached = {name}, 0, {name}
    while level and wanted not in level:
        level = set().union(*map(_inner, level)) - reached
        reached |= level
        distance += 1
    return distance if level else DEPTH


@cache
def _inner(name: str) -> frozenset[str]:
    """The rules that a rule names."""
    symbols = (symbol for rule in productions()[name] for symbol in rule.expansion)
    return frozenset(symbol.name for symbol in symbols if isinstance(symbol, NonTerminal))
