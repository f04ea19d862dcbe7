"""Killing what is done to books: a child does it and dies, before a file operation or some time after it began."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

OPERATIONS = ("fsync", "rename", "mkdir", "chmod", "unlink", "rmdir", "open", "pwrite", "ftruncate")
OPERATIONS_OF_AN_UPGRADE = 56
OPERATIONS_OF_A_BACKUP = 54
OPERATIONS_OF_A_RESTORE = 102
"""How many file operations these make in the tests here, and a few more, after which nothing is left to be killed."""

NOTE_OF_A_RESTORE = 66
"""The operation of a restore from which on it has happened."""


def kill(action: Callable[[], object], *, operation: int | None, within: float) -> bool:
    """Let a child do something, and kill it just before a file operation or after some seconds.

    Answers whether it was killed before it was through.
    """
    child = os.fork()
    if child == 0:
        try:
            if operation is not None:
                _kill_at(operation)
            action()
            os._exit(0)
        finally:
            os._exit(3)
    if operation is None:
        time.sleep(within)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.WIFSIGNALED(status)


def _kill_at(operation: int) -> None:
    """Let this process die just before its file operation of that number."""
    left = [operation]

    def counted(run: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return run(*arguments, **named)

        return counting

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))
