from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import click
import duckdb
import pytest

from adapters.books.errors import PeriodClosed
from adapters.cli import rules
from adapters.cli.faults import BUG, PROBLEMS, STOPPED, WRONG_USAGE, RefusedError, fault_of
from adapters.cli.main import COMMANDS, main
from adapters.cli.main import tieout as commands
from adapters.duckdb_executor import ResourceError
from dsl.diagnostics import InternalError
from engine.plan.world import RunStopped
from tests.support.commands import Tieout
from tests.support.shop_client import JANUARY, make_shop

TIEOUT = Path(sys.executable).parent / "tieout"


def all_commands(group: click.Group = commands) -> list[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    found: list[tuple[str, click.Command]] = []
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            found += [(f"{name} {inner}", deeper) for inner, deeper in all_commands(one)]
        else:
            found.append((name, one))
    return found


@pytest.mark.parametrize(("name", "one"), all_commands(), ids=[name for name, _ in all_commands()])
def test_every_command_answers_help_with_an_example_of_itself(name: str, one: click.Command, tieout: Tieout) -> None:
    outcome = tieout(*name.split(), "--help")
    assert outcome.code == 0
    assert f"  tieout {name}" in outcome.out.partition("Example:")[2]
    assert "--format [text|json]" in outcome.out
    assert one.help is not None


def test_the_commands_stand_in_the_order_of_a_users_day(tieout: Tieout) -> None:
    listed = [line.split()[0] for line in tieout("--help").out.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed[: len(COMMANDS)] == [one.name for one in COMMANDS]
    assert listed[0] == "init"


def test_the_version_is_that_of_the_distribution(tieout: Tieout) -> None:
    assert tieout("--version").out == f"tieout {metadata.version('tieout')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chek",), "No such command 'chek'"),
        (("check", "--fast"), "No such option '--fast'"),
        (("check", "--format", "xml"), "'xml' is not one of 'text', 'json'"),
        (("load", "--on", "2026-02-30"), "Invalid value for '--on'"),
        (("close",), "Missing argument 'PERIOD'"),
        ((), "Usage: tieout"),
    ],
)
def test_wrong_usage_is_2_and_says_how(tieout: Tieout, arguments: tuple[str, ...], words: str) -> None:
    outcome = tieout(*arguments)
    assert (outcome.code, outcome.out) == (WRONG_USAGE, "")
    assert words in outcome.err


def test_faults_are_values_where_json_is_asked_for(tieout: Tieout, shop: Path) -> None:
    (shop / "client.yaml").unlink()
    outcome = tieout("load", "--format", "json")
    assert (outcome.code, outcome.err) == (PROBLEMS, "")
    [problem] = outcome.values["problems"]
    assert (problem["code"], problem["file"], problem["message"]) == (
        "C001",
        "client.yaml",
        "there is no client.yaml here",
    )


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


FAULTS = {
    "sentence": (RefusedError("no such thing", "name another"), PROBLEMS, "no such thing"),
    "books": (PeriodClosed("P01 is hard-closed"), PROBLEMS, "P01 is hard-closed"),
    "run": (RunStopped("T421", "more units leave than are held", ("layers x",)), PROBLEMS, "[T421] more units leave"),
    "resource": (ResourceError("memory ran out"), PROBLEMS, "memory ran out"),
    "disk full": (
        OSError(errno.ENOSPC, "No space left on device", "x"),
        PROBLEMS,
        "the disk is full, nothing was written",
    ),
    "disk failed": (OSError(errno.EIO, "Input/output error"), PROBLEMS, "a disk failed while a file was read"),
    "not allowed": (PermissionError(errno.EACCES, "Permission denied", "a.csv"), PROBLEMS, "a.csv: permission denied"),
    "memory": (MemoryError(), PROBLEMS, "the memory of this machine is used up"),
    "Ctrl-C": (KeyboardInterrupt(), STOPPED, "stopped by Ctrl-C"),
    "Ctrl-C in the database": (duckdb.InterruptException("interrupted"), STOPPED, "stopped by Ctrl-C"),
    "Ctrl-C in a query": (RuntimeError("Query interrupted"), STOPPED, "stopped by Ctrl-C"),
    "Ctrl-C on the way": (caused(ResourceError("the disk failed"), KeyboardInterrupt()), STOPPED, "stopped by Ctrl-C"),
    "bug": (InternalError("a relation lacks its key"), BUG, "this is a bug in tieout"),
    "bug of Python's": (KeyError("x"), BUG, "this is a bug in tieout"),
}


@pytest.mark.parametrize(("error", "code", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_has_its_code_and_its_sentence(error: BaseException, code: int, words: str) -> None:
    fault = fault_of(error)
    assert fault.code == code
    assert words in fault.message


def test_a_bug_says_so_and_keeps_its_traceback_unless_asked(
    tieout: Tieout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> dict[str, object]:
        raise InternalError("a relation lacks its key\nsecond line")

    monkeypatch.setattr(rules, "client_schema", broken)
    monkeypatch.delenv("TIEOUT_TRACE", raising=False)
    outcome = tieout("schema")
    assert (outcome.code, outcome.out) == (BUG, "")
    assert "this is a bug in tieout" in outcome.err
    assert "InternalError: a relation lacks its key at test_main.py:" in outcome.err
    assert "send this text" in outcome.err
    assert len(outcome.err.splitlines()) == 2
    monkeypatch.setenv("TIEOUT_TRACE", "1")
    assert main(["schema"]) == BUG
    assert "Traceback" in capsys.readouterr().err


def test_a_tick_that_cannot_be_shown_is_no_fault(shop: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([TIEOUT, "load"], cwd=shop, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "13 = 13 + 0 rows" in done.stdout


def test_a_reader_who_has_read_enough_is_no_fault() -> None:
    with subprocess.Popen([TIEOUT, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, "")


def test_ctrl_c_ends_at_once_and_leaves_the_books_as_they_were(tmp_path: Path) -> None:
    rows = "".join(f"P-{number},ACME,X100,1,2026-01-20\n" for number in range(200_000))
    folder = make_shop(tmp_path / "shop", {**JANUARY, "sales_2026-01.csv": f"No,Partner,Part,Units,Date\n{rows}"})
    with subprocess.Popen(
        [TIEOUT, "load"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (folder / "books" / "ledger.sqlite").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.6)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (STOPPED, "")
    assert err.lstrip() == "stopped by Ctrl-C; what was not published is not in the books\n"
    done = subprocess.run([TIEOUT, "books", "history"], cwd=folder, capture_output=True, text=True)
    assert done.stdout == "Publications  none yet\n"
