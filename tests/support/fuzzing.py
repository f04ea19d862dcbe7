"""Texts made unlike what was meant: bytes changed, pieces lost, repeated or swapped, and nasty fragments put in."""

from __future__ import annotations

import random
from collections.abc import Sequence

NASTY = (
    b"\x00", b"\x1f", b"\x1a", b"\r", b"\r\n", b"\n\n\n", b"\t", b" ", b'"', b'""', b"'", b"\\", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xae", b"\xe2\x80\x8b",
    "é".encode(), "é".encode(), b"1e999", b"-", b"9" * 29, b"9" * 40, b"-" + b"9" * 29, b"." + b"9" * 40,
    b"nan", b"inf", b"0x10", b"1_000", b"(12.00)", b"9999-12-31", b"0000-00-00", b"10000-01-01", b"2026-02-30",
    b"2199-12-31", b"&a [*a, *a]", b"*a", b"<<: *a", b"!!python/object/apply:os.system [x]", b"!!binary x",
    b"!a", b"? ", b"- ", b": ", b"{", b"}", b"[", b"[" * 40, b"- " * 40, b"%YAML 1.1\n---\n", b"---\n",
    b"...\n", b"|", b">", b"#", b"@", b"`", b"null", b"~", b"yes", b"{a: 1, a: 2}", b"(" * 80, b")" * 80, b"=>",
    b"=", b"<", b"is ", b" and ", b" or ", b" when ", b" of ", b" * ", b" / 0 ", b" + 1" * 80, b"sum of ",
    b"not ", b"any", b"missing", b"each ", b"unless ", b"period end", b"rounded(", b"%", b"USD", b"$(x)",
    b"{x}", b"%s", b";", b"--", b"/*", b"'; DROP",
)  # fmt: skip


def unlike(chance: random.Random, texts: Sequence[bytes], most: int = 4) -> bytes:
    """One of some texts with up to so many changes, often with one."""
    text = chance.choice(texts)
    for _ in range(chance.choice([1, chance.randrange(1, most + 1)])):
        text = _changed(chance, text, texts)
    return text


def _changed(chance: random.Random, text: bytes, texts: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(text) + 1)
    to = min(len(text), at + chance.choice([1, 2, 5, 20, 200]))
    kind = chance.randrange(8)
    if kind <= 2:
        return text[:at] + chance.choice(NASTY) + text[at if kind else to :]
    if kind == 3:
        return text[:at] + text[to:]
    if kind == 4:
        return text[:to] + text[at:to] * chance.choice([1, 2, 30]) + text[to:]
    if kind == 5:
        return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]
    if kind == 6:
        other = chance.choice(texts)
        start = chance.randrange(len(other) + 1)
        return text[:at] + other[start : start + chance.choice([5, 50, 500])] + text[at:]
    lines = text.split(b"\n")
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)
