"""What the kernel saw of a folder: every file opened, read, written, made or removed, as Linux tells it."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVENTS = 0x00000FFF
"""All of inotify's events: access, modify, attributes, close, open, move, create, delete."""


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """The names of the files that something was done to; filled when the context ends."""
    library = ctypes.CDLL(None, use_errno=True)
    handle = library.inotify_init1(os.O_NONBLOCK)
    if handle < 0 or library.inotify_add_watch(handle, os.fsencode(folder), _EVENTS) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    seen: list[str] = []
    try:
        yield seen
        while content := _read(handle):
            at = 0
            while at < len(content):
                _, mask, _, length = struct.unpack_from("iIII", content, at)
                name = content[at + 16 : at + 16 + length].rstrip(b"\0").decode()
                seen.append(f"{name or '.'} {mask:#x}")
                at += 16 + length
    finally:
        os.close(handle)


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65_536)
    except BlockingIOError:
        return b""
