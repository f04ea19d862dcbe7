"""A whole file refused: nothing of it is written."""

from __future__ import annotations


class FileRefusedError(Exception):
    """Why a whole file cannot be taken: what is wrong, the line it was seen in (from 1) if any, and the next action."""

    def __init__(self, message: str, line: int | None = None, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.help = help
