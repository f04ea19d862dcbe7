"""Where the demo's planted problems show: in what the loads said, in quarantine, and in what the closes published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet

from adapters.books.entries import Run, RunKind
from adapters.books.layout import FACTS
from adapters.books.store import Books
from adapters.closing.inputs import FILES_OF_PUBLICATION, ROWS_OF_FILE
from adapters.demo.planted import Difference, Planted, Problem
from adapters.feeds.report import FileReport
from adapters.intake import VERBATIM
from adapters.quarantine import Refused
from engine.model.ruleset import Ruleset

Row = dict[str, Any]
SourceRow = tuple[str, int]
"""A row of a delivered file: the file's SHA-256 and the line."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the demo's loads and closes left behind."""

    planted: Planted
    ruleset: Ruleset
    books: Books
    files: tuple[FileReport, ...]
    refused: tuple[Refused, ...]
    runs: tuple[Run, ...]

    def is_found(self, problem: Problem) -> bool:
        """Whether a planted problem shows where it must."""
        look = {
            "load": self._in_load,
            "quarantine": self._in_quarantine,
            "adjustment": self._in_adjustment,
            "control": self._in_control,
            "siso": self._in_reconciliation,
            "late": self._in_late_lines,
        }
        return look[problem.found](problem)

    def differences(self) -> tuple[Difference, ...]:
        """Every count that differs from what should be there when a period is hard-closed, in a total order."""
        found = [
            Difference(row["period"], row["partner"], row["part"], int(row["variance"]), row["treatment"])
            for run in self._closes()
            for row in self._rows(run, "siso")
            if row["reported"] is not None and row["variance"]
        ]
        return tuple(sorted(found, key=_place))

    def unexpected(self) -> tuple[Difference, ...]:
        """Differences that were not planted."""
        return tuple(one for one in self.differences() if one not in self.planted.differences)

    def missing(self) -> tuple[Difference, ...]:
        """Planted differences that do not show."""
        found = self.differences()
        return tuple(sorted((one for one in self.planted.differences if one not in found), key=_place))

    def _in_load(self, problem: Problem) -> bool:
        name = Path(problem.file).name
        return any(file.name == name and problem.by in file.message for file in self.files)

    def _in_quarantine(self, problem: Problem) -> bool:
        name = Path(problem.file).name
        reasons = {row.row: row.reasons for row in self.refused if row.file == name}
        return all(any(problem.by in reason for reason in reasons.get(row, ())) for row in problem.rows)

    def _in_adjustment(self, problem: Problem) -> bool:
        """Facts it touched by the lines they came from; facts it made by partner, part and units."""
        for run in self._closes(problem.period):
            rows = self._rows(run, f"adjustment_{problem.by}")
            if rows and "quantity" in rows[0]:
                if any(_is_of(row, problem) and row["quantity"] == problem.units for row in rows):
                    return True
                continue
            touched = {self._source(row["fact"]) for row in rows}
            meant = {(self._sha256(problem.file), row) for row in problem.rows}
            if meant & touched if rows and "kept" in rows[0] else meant and meant <= touched:
                return True
        return False

    def _in_control(self, problem: Problem) -> bool:
        """Broken rows by partner and part; those of facts by the keys of the facts that the planted lines became."""
        names = [one.name for one in self.ruleset.controls.values() if one.code == problem.by]
        broken = [
            row
            for run in self.runs
            if run.period == problem.period
            for name in names
            for row in self._rows(run, f"control_{name}")
        ]
        if not problem.rows:
            return any(_is_of(row, problem) for row in broken)
        facts = list(self._facts(problem))
        return any(all(fact.get(key) == value for key, value in _key(row).items()) for row in broken for fact in facts)

    def _in_reconciliation(self, problem: Problem) -> bool:
        return any(
            _is_of(row, problem) and row["treatment"] == problem.by and abs(row["variance"]) == problem.units
            for run in self._closes(problem.period)
            for row in self._rows(run, "siso")
        )

    def _in_late_lines(self, problem: Problem) -> bool:
        return any(
            _is_of(row, problem) and row["origin"] == problem.by
            for run in self._closes(problem.period)
            for row in self._rows(run, "ledger_line")
        )

    def _closes(self, period: str | None = None) -> Iterator[Run]:
        """The hard closes, of one period or of all."""
        return (run for run in self.runs if run.kind is RunKind.HARD and period in (None, run.period))

    def _rows(self, run: Run, name: str) -> Sequence[Row]:
        path = self.books.run_files(run).get(name)
        return () if path is None else _rows_of(path)

    def _source(self, fact: int) -> SourceRow | None:
        """The row a fact came from; None for facts that an adjustment made."""
        if fact < 0:
            return None
        place, row = divmod(fact, ROWS_OF_FILE)
        publication, within = divmod(place, FILES_OF_PUBLICATION)
        path = _fact_paths(self.books)[publication][within]
        source: Row = _rows_of(self.books.layout.folder / path)[row]
        return source["source-file"], source["source-row"]

    def _facts(self, problem: Problem) -> Iterator[Row]:
        """The facts that the lines of a problem became."""
        sha256 = self._sha256(problem.file)
        files = {file.path for load in self.books.loads() if load.sha256 == sha256 for file in load.files}
        for file in self.books.ledger.files_in(FACTS):
            if file.path in files and file.name != VERBATIM:
                for row in _rows_of(self.books.path(file)):
                    if row["source-file"] == sha256 and row["source-row"] in problem.rows:
                        yield row

    def _sha256(self, file: str) -> str:
        return _sha256_of(self.planted.folder / file)


def _place(one: Difference) -> tuple[str, str, str, int]:
    return one.period, one.partner, one.part, one.units


def _key(row: Row) -> Row:
    """What tells the rows of a control apart: what they found beside it has a dot or a blank in its name."""
    return {name: value for name, value in row.items() if not {".", " "} & set(name)}


def _is_of(row: Row, problem: Problem) -> bool:
    """Whether a row speaks of the problem's partner and part, as far as both name them."""
    named = (("partner", problem.partner), ("part", problem.part))
    return all(not value or row.get(name, value) == value for name, value in named)


@cache
def _rows_of(path: Path) -> Sequence[Row]:
    rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


@cache
def _fact_paths(books: Books) -> dict[int, list[str]]:
    """The paths of each publication's files in the order that numbers facts."""
    found: dict[int, list[str]] = {}
    for file in sorted(books.ledger.files(), key=lambda one: one.path):
        found.setdefault(file.seq, []).append(file.path)
    return found


@cache
def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
