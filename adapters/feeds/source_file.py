"""The bytes of a delivered file: read once, hashed, decoded, cut into lines; nothing is guessed.

A line is a row. Only a feed that declares line breaks in cells lets a row go on over several lines, so that a stray
quote costs one row and not the rest of the file.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adapters.client.config import Delimited
from adapters.feeds.refusal import FileRefusedError
from adapters.limits import LARGEST_FILE, LONGEST_LINE, MARK_BYTES, NotAFileError, archive, open_regular, size_of

_CHUNK = 4 << 20
_BYTES_OF_A_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was when it was read: its name, its bytes and their SHA-256."""

    name: str
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A decoded file: UTF-8 with line feeds between lines and none at the end."""

    data: bytes

    def chunks(self, after: int) -> Iterator[tuple[int, str]]:
        """Stretches of whole lines behind the first `after` lines, each with the number of its first line, from 1."""
        start, line = 0, 1
        for _ in range(after):
            end = self.data.find(b"\n", start)
            if end < 0:
                return
            start, line = end + 1, line + 1
        while start < len(self.data):
            end = self.data.find(b"\n", min(start + _CHUNK, len(self.data)))
            end = len(self.data) if end < 0 else end
            if end - start > _CHUNK + LONGEST_LINE:
                raise huge_line(line + self.data.count(b"\n", start, start + _CHUNK))
            text = self.data[start:end].decode()
            yield line, text
            line += text.count("\n") + 1
            start = end + 1

    def line(self, number: int) -> str | None:
        """The text of one line (from 1) near the top, without its line end; None behind the last."""
        start = 0
        for _ in range(number - 1):
            start = self.data.find(b"\n", start) + 1
            if start == 0:
                return None
        if start >= len(self.data):
            return None
        end = self.data.find(b"\n", start)
        end = len(self.data) if end < 0 else end
        if end - start > LONGEST_LINE:
            raise huge_line(number)
        return self.data[start:end].decode().removesuffix("\r")


def huge_line(number: int) -> FileRefusedError:
    """The refusal of a line that is too long."""
    return FileRefusedError(
        f"line {number} is longer than {LONGEST_LINE:,} bytes",
        number,
        "the file is damaged, or its line ends are not what they seem; ask for it again",
    )


def read_source(path: Path) -> SourceFile:
    """The bytes of a file; FileRefusedError if it is no file of its own, an archive, too large or not readable.

    A file that is refused is read a chunk at a time, and only up to where that shows.
    """
    try:
        with open_regular(path) as file:
            _refuse_at_sight(file)
            data = file.read(LARGEST_FILE + 1)
    except NotAFileError as error:
        raise FileRefusedError(f"not a file of its own but {error}", None, "put the file itself there") from error
    except OSError as error:
        raise FileRefusedError(
            f"cannot be read: {error.strerror}", None, "look at the file and its permissions"
        ) from error
    if len(data) > LARGEST_FILE:
        raise _too_large()
    return SourceFile(path.name, data, hashlib.sha256(data).hexdigest())


def _refuse_at_sight(file: BinaryIO) -> None:
    """FileRefusedError for a file that is too large, an archive, or one huge line; the file is at its start again."""
    if size_of(file) > LARGEST_FILE:
        raise _too_large()
    what = archive(file.read(MARK_BYTES))
    if what:
        raise FileRefusedError(
            f"this is {what}", None, "unpack it, or save it as delimited text, and load what it holds"
        )
    file.seek(0)
    line, unbroken = 1, 0
    while chunk := file.read(_CHUNK):
        # A line end is one of these bytes in every encoding; where it is half of a character, the count is too low.
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        first = next((at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0), len(chunk))
        if unbroken + first > LONGEST_LINE * _BYTES_OF_A_CHARACTER:
            raise huge_line(line)
        line += chunk.count(b"\n")
        unbroken = len(chunk) - last - 1 if last >= 0 else unbroken + len(chunk)
    file.seek(0)


def _too_large() -> FileRefusedError:
    return FileRefusedError(f"larger than {LARGEST_FILE >> 20:,} MiB", None, "ask for it in parts, by month or partner")


def decoded(source: SourceFile, encoding: str) -> Lines:
    """The lines of a file in its declared encoding; FileRefusedError for another encoding or an empty file."""
    data = source.data
    if encoding == "utf-8-sig":
        data = data.removeprefix(codecs.BOM_UTF8)
    elif encoding == "utf-8" and data.startswith(codecs.BOM_UTF8):
        raise FileRefusedError("begins with a byte order mark", 1, "declare `encoding: utf-8-sig`")
    pieces = _pieces(data, "utf-8" if encoding == "utf-8-sig" else encoding, encoding, len(source.data) - len(data))
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        lines = data
        for _ in pieces:
            continue
    else:
        lines = b"".join(piece.encode() for piece in pieces)
    if b"\n" not in lines:
        lines = lines.replace(b"\r", b"\n")
    lines = lines.rstrip(b"\r\n")
    if not lines:
        raise FileRefusedError("empty", None, "ask for the file again, or take it out of the folder")
    return Lines(lines)


def _pieces(data: bytes, encoding: str, declared: str, before: int) -> Iterator[str]:
    """The text of a file, a chunk at a time; FileRefusedError at the first byte that is none of the encoding.

    `declared` is what people call the encoding, and `before` counts bytes that were taken off the front.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), _CHUNK):
        waiting = len(decoder.getstate()[0])
        try:
            yield decoder.decode(data[start : start + _CHUNK], start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            place = start - waiting + error.start
            line = data.count(b"\n", 0, place) + 1
            raise FileRefusedError(
                f"not {declared}: byte {place + before:,} (line {line}) is 0x{data[place]:02x}",
                line,
                "declare the encoding the file is in, or ask for it again",
            ) from error


def cell_pattern(delimited: Delimited) -> str:
    """A regular expression for one cell with the separator before it; the cell, quotes and all, is group 1."""
    separator, quote = re.escape(delimited.separator), re.escape(delimited.quote)
    if delimited.quote == "none":
        return f"{separator}([^{separator}]*)"
    if delimited.escape == "doubled":
        inside = f"[^{quote}]|{quote}{quote}"
    else:
        escape = re.escape(delimited.escape)
        inside = rf"[^{quote}{escape}]|{escape}(?:.|\n)"
    return f"{separator}({quote}(?:{inside})*{quote}|[^{quote}{separator}]*)"


def split_line(line: str, delimited: Delimited) -> list[str] | None:
    """The cells of one line; None if its quotes do not pair up."""
    whole = delimited.separator + line
    found = list(re.finditer(cell_pattern(delimited), whole))
    if sum(len(match.group()) for match in found) != len(whole):
        return None
    return [_unquoted(match[1], delimited) for match in found]


def _unquoted(cell: str, delimited: Delimited) -> str:
    quote = delimited.quote
    if quote != "none" and cell.startswith(quote):
        if delimited.escape == "doubled":
            return cell[1:-1].replace(quote * 2, quote)
        return re.sub(re.escape(delimited.escape) + r"([\s\S])", r"\1", cell[1:-1])
    return cell.strip(" ") if delimited.spaces == "trim" else cell


def joined_rows(lines: Lines, after: int, delimited: Delimited) -> Iterator[tuple[list[int], list[str]]]:
    """Rows that may go on over several lines, as batches of first lines and texts; a row ends where quotes pair up."""
    escaped = None if delimited.escape == "doubled" else delimited.escape + delimited.quote
    parts: list[str] = []
    first, is_open = 0, False
    for start, chunk in lines.chunks(after):
        numbers: list[int] = []
        texts: list[str] = []
        for number, line in enumerate(chunk.split("\n"), start):
            first = first if parts else number
            parts.append(line)
            quotes = line.count(delimited.quote) - (line.count(escaped) if escaped is not None else 0)
            is_open ^= quotes % 2 == 1
            if is_open:
                if sum(map(len, parts)) > LONGEST_LINE:
                    raise huge_line(first)
                continue
            numbers.append(first)
            texts.append("\n".join(parts).removesuffix("\r"))
            parts = []
        yield numbers, texts
    if parts:
        yield [first], ["\n".join(parts)]
