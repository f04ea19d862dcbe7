"""From line starts to `_INDENT` and `_DEDENT` tokens, and the checks that only a row of tokens allows.

Line ends become tokens without width behind the last word, so the span of a clause never reaches into the blank
lines and comments that follow it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token
from lark.lark import PostLex

NESTING_LIMIT = 64
"""The deepest brackets, and the most operations in one clause: more is refused, so no pass ever runs out of stack."""

_OPENING, _CLOSING = {"LPAR"}, {"RPAR"}
_OPERATIONS = {"PLUS", "MINUS", "STAR", "SLASH"}
_JOINING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"


class TokenFault(Exception):
    """A token that cannot stand where it does: `reason` is 'indentation', 'glued', 'deep' or 'long'."""

    def __init__(self, reason: str, token: Token) -> None:
        super().__init__(reason)
        self.reason = reason
        self.token = token


class Indentation(PostLex):
    """Turns the indentation behind each line end into tokens; holds no state between texts."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens of one item with indentation made explicit; raises TokenFault."""
        levels = [0]
        last: Token | None = None
        depth = operations = 0
        for token in stream:
            if token.type != "_NL":
                if last is not None:
                    _check_apart(last, token)
                if token.type in _OPENING:
                    depth += 1
                    if depth > NESTING_LIMIT:
                        raise TokenFault("deep", token)
                elif token.type in _CLOSING:
                    depth -= 1
                elif token.type in _OPERATIONS:
                    operations += 1
                    if operations > NESTING_LIMIT:
                        raise TokenFault("long", token)
                last = token
                yield token
                continue
            depth = operations = 0
            width = len(token.rpartition("\n")[2])
            end = (last.end_pos if last is not None else token.start_pos) or 0
            yield _without_width(token, end)
            if width > levels[-1]:
                levels.append(width)
                yield _without_width(token, end, "_INDENT")
            while width < levels[-1]:
                levels.pop()
                yield _without_width(token, end, "_DEDENT")
            if width != levels[-1]:
                raise TokenFault("indentation", token)


def _without_width(token: Token, position: int, type_: str = "_NL") -> Token:
    return Token(type_, "", position, token.line, token.column, token.line, token.column, position)


def _check_apart(last: Token, token: Token) -> None:
    if last.end_pos == token.start_pos and last[-1:] in _JOINING and token[:1] in _JOINING:
        raise TokenFault("glued", token)
