"""Input made to fill memory or time: one clear refusal each, exit code 1, nothing written, memory and time bounded."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.client.file_names import LONGEST_NAME, MOST_OPEN_ENDED
from adapters.limits import (
    DEEPEST_CONFIGURATION,
    LARGEST_CONFIGURATION,
    LARGEST_FILE,
    LONGEST_LINE,
    MOST_COLUMNS,
    MOST_EMPTY_LINES,
    MOST_FINDINGS,
)
from dsl.surface import SIZE_LIMIT
from dsl.words import NESTING_LIMIT
from tests.support.commands import Tieout
from tests.support.promises import reached
from tests.support.shared import ROOT
from tests.support.shop_client import CLIENT, JANUARY, RULESET, SALES_HEAD

SECONDS_MAX = 10
MEGABYTES_MAX = 600
"""Resident memory of a whole process at its peak; a process that loads one small file takes about 150."""

RUN = (
    "import sys, time\n"
    "from adapters.cli.main import main\n"
    "code = main(sys.argv[1:])\n"
    # What getrusage tells counts what the process was before it became this one: a copy of the test's, however large.
    "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
    "print('USED', int(peak) // 1024, int(time.process_time()))\n"
    "sys.exit(code)"
)


def sparse(size: int, head: bytes = b"") -> Callable[[Path], None]:
    """A file of so many bytes, NULs behind its head, that takes no room on the disk."""

    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.write(head)
            file.truncate(size)

    return make


def archived(name: str) -> bytes:
    """A zip archive of ten megabytes of zeros."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, bytes(10 << 20))
    return archive.getvalue()


LONG = f"line 2 is longer than {LONGEST_LINE:,} bytes"
HEAD = SALES_HEAD.encode()
FILES: dict[str, tuple[bytes | Callable[[Path], None], str]] = {
    "gzip": (gzip.compress(bytes(10 << 20)), "this is a gzip archive"),
    "zip": (archived("sales.csv"), "this is a zip archive, as .xlsx workbooks are too"),
    "xlsx": (archived("xl/workbook.xml"), "this is a zip archive, as .xlsx workbooks are too"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "this is a workbook of an old spreadsheet"),
    "one-line": (sparse(LARGEST_FILE, HEAD), LONG),
    "NULs": (sparse(100 << 20, HEAD + b"P-1,ACME"), LONG),
    "too-large": (sparse(10 << 30), f"larger than {LARGEST_FILE >> 20:,} MiB"),
    "columns": (b",".join(b"c%d" % at for at in range(100_000)) + b"\n1\n", f"has more than {MOST_COLUMNS:,} columns"),
    "empty-lines": (HEAD + b"\n" * 1_000_000 + b"P-1", "1,000,000 of its 1,000,001 rows are empty lines"),
    "only-empty-lines": (b"\r\n" * 1_000_000, "empty"),
    "pipe": (os.mkfifo, "not a file of its own but a pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a file of its own but a link"),
    "link": (lambda path: path.symlink_to("/etc/hostname"), "not a file of its own but a link"),
}


def test_files_that_would_fill_memory_or_time_are_refused_each_in_one_sentence(shop: Path) -> None:
    for name, (content, _) in FILES.items():
        path = shop / "incoming" / f"sales_{name}.csv"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content(path)
    command = [sys.executable, "-c", RUN, "load"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    lines = ended.stdout.splitlines()
    peak, seconds = map(int, lines[-1].removeprefix("USED ").split())
    told = {name: [line for line in lines if line.startswith(f"refused sales_{name}.csv")] for name in FILES}
    missed = [name for name, (_, message) in FILES.items() if len(told[name]) != 1 or message not in told[name][0]]
    reached("P19", "bombs delivered as files", len(FILES), len(missed), peak_mb=peak, cpu_seconds=seconds)
    assert ended.returncode == 1, ended.stderr
    assert missed == []
    assert f"{len(FILES)} files refused: nothing of this load was written" in lines
    assert sum(line.startswith("  help: ") for line in lines) == len(FILES)
    assert not list((shop / "books" / "facts").iterdir())
    assert peak < MEGABYTES_MAX
    assert seconds < SECONDS_MAX * 2


LAUGHS = "a: &a [x, x]\n" + "".join(f"{name}: &{name} [*{before}, *{before}]\n" for before, name in ("ab", "bc", "cd"))
TOO_LONG = f"the file has more than {LARGEST_CONFIGURATION:,} characters"
CONFIGURATIONS: dict[str, tuple[str | Callable[[Path], None], str]] = {
    "anchors and aliases": (LAUGHS, "an alias is not read here"),
    "deep": ("[" * 100_000, f"nested more than {DEEPEST_CONFIGURATION} levels deep"),
    "deep by lines": ("".join(" " * at + "a:\n" for at in range(500)), "nested more than"),
    "large": (CLIENT + "#" * LARGEST_CONFIGURATION, TOO_LONG),
    "larger than memory": (sparse(10 << 30), TOO_LONG),
    "thousands of unknown keys": (
        CLIENT + "".join(f"k{at}: 1\n" for at in range(5_000)),
        "5,000 findings, of which the first 100 are told",
    ),
    "one key thousands of times": (CLIENT + "k: 1\n" * 5_000, "`k` is given twice"),
    "names that take hours to tell": (CLIENT.replace("sales_*.csv", "s" + "*a" * 40), "parts of any length"),
    "objects": (CLIENT + "x: !!python/object/apply:os.system [id]\n", "unknown key `x`"),
}


@pytest.mark.parametrize(("content", "words"), CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_a_configuration_that_would_fill_memory_or_time_is_refused(
    tieout: Tieout, shop: Path, content: str | Callable[[Path], None], words: str
) -> None:
    replace(shop / "client.yaml", content)
    assert_refused(tieout, words)


NESTED = RULESET.replace("rounded(quantity * layer.unit-price)", f"rounded({'(' * 300}quantity{')' * 300})")
CHAINED = RULESET.replace("rounded(quantity * layer.unit-price)", f"rounded({'quantity + ' * 3_000}quantity)")
RULES: dict[str, tuple[str | Callable[[Path], None], str]] = {
    "nested brackets": (NESTED, "T013"),
    "a chain of sums": (CHAINED, "T013"),
    "a large text": (RULESET + "#" * SIZE_LIMIT, f"at most {SIZE_LIMIT:,} are read"),
    "larger than memory": (sparse(10 << 30), f"the text holds {10 << 30:,} bytes; at most {SIZE_LIMIT:,} are read"),
    "brackets and nothing else": ("(" * (SIZE_LIMIT - 1), "T0"),
    "items and nothing else": ("kind a\n" * 10_000, "T0"),
    "a pipe": (os.mkfifo, "no ruleset here"),
}


@pytest.mark.parametrize(("content", "words"), RULES.values(), ids=RULES.keys())
def test_rules_that_would_fill_memory_or_time_are_refused(
    tieout: Tieout, shop: Path, content: str | Callable[[Path], None], words: str
) -> None:
    replace(shop / "shop.tieout", content)
    assert_refused(tieout, words)


def test_a_configuration_is_no_pipe_that_would_be_waited_for(tieout: Tieout, shop: Path) -> None:
    replace(shop / "client.yaml", os.mkfifo)
    assert "no file but a pipe" in tieout("load").err


def assert_refused(tieout: Tieout, words: str) -> None:
    started = time.process_time()
    outcome = tieout("check")
    assert time.process_time() - started < SECONDS_MAX
    assert outcome.code == 1
    assert words in outcome.out + outcome.err
    assert len(outcome.out) < 100_000


def replace(path: Path, content: str | Callable[[Path], None]) -> None:
    path.unlink()
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        content(path)


def test_numbers_too_large_for_a_total_and_rows_of_a_million_cells_wait(tieout: Tieout, shop: Path) -> None:
    for name, text in JANUARY.items():
        (shop / "incoming" / name).write_text(text, encoding="utf-8")
    large = "".join(f"P-{at},ACME,X100,{'9' * 29},2026-01-20\n" for at in range(30))
    cells = ("," * 900_000 + "\n") + ('"' + "," * 900_000 + "\n")
    (shop / "incoming" / "sales_large.csv").write_text(SALES_HEAD + large + cells, encoding="utf-8")
    loaded = tieout("load", "--format", "json").values
    [file] = [one for one in loaded["files"] if one["name"] == "sales_large.csv"]
    assert (file["received"], file["accepted"], file["quarantined"]) == (32, 0, 32)
    assert file["reasons"] == {"quantity not a number": 30, "wrong number of cells": 2}
    assert file["totals"][0]["unreadable"] == 32


def test_the_page_of_limits_says_the_limits_that_hold() -> None:
    page = (ROOT / "docs" / "limits.md").read_text("utf-8")
    told = (
        f"{LARGEST_FILE >> 20:,} MiB",
        f"{LONGEST_LINE:,} bytes",
        f"| columns of a file | {MOST_COLUMNS:,} |",
        f"| {MOST_EMPTY_LINES:,} | refused: its line ends",
        f"{LARGEST_CONFIGURATION:,} characters, {DEEPEST_CONFIGURATION} levels",
        f"| {MOST_FINDINGS} | one more finding",
        f"{LONGEST_NAME} characters, {MOST_OPEN_ENDED} parts of any length",
        f"| {SIZE_LIMIT:,} bytes | refused (T014)",
        f"| {NESTING_LIMIT} levels | refused (T013)",
    )
    assert [words for words in told if words not in page] == []
