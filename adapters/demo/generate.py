"""Writes the demo client's files, month by month, and says what is wrong in them."""

from __future__ import annotations

from pathlib import Path
from random import Random

from adapters.demo.catalogue import MONTHS
from adapters.demo.deliveries import FileKey, Files, deliver
from adapters.demo.formats import FORMATS
from adapters.demo.masters import Export, exports
from adapters.demo.planted import Delivery, Planted, Problem
from adapters.demo.planting import Draft, plant
from adapters.demo.simulation import simulate

SEED = 2026


def generate(folder: Path, seed: int = SEED) -> Planted:
    """Write the demo client's files below a folder, one folder for each delivery; the same seed, the same bytes."""
    world = simulate(seed)
    files = deliver(world)
    planting = plant(world, files, Random(seed))
    masters = exports(world)
    _write(folder, files, masters, planting.drafts)
    rows = sum(len(lines) for lines in files.lines.values()) + sum(len(export.rows) for export in masters)
    problems = tuple(_problem(draft, files) for draft in planting.drafts)
    return Planted(folder, _deliveries(files), rows, problems, tuple(planting.differences))


def _write(folder: Path, files: Files, masters: tuple[Export, ...], drafts: list[Draft]) -> None:
    for key, lines in files.lines.items():
        _write_file(folder / _path(key), FORMATS[key.feed].written(lines))
    for export in masters:
        text = "".join(f"{line}\n" for line in (export.header, *export.rows))
        month = MONTHS[export.month]
        _write_file(folder / month.label / f"{export.name}_{month.label}_{month.received}.csv", text.encode())
    for draft in drafts:
        if draft.key is not None and draft.again is not None:
            content = FORMATS[draft.key.feed].written(files.lines[draft.key])
            _write_file(folder / _second_path(draft.key, draft.again), content)


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _path(key: FileKey) -> str:
    month = MONTHS[key.month]
    received = month.corrected if key.corrected else month.received
    return f"{key.folder}/{FORMATS[key.feed].name}_{MONTHS[key.about].label}_{received}.csv"


def _second_path(key: FileKey, again: FileKey) -> str:
    name = _path(key).rpartition("/")[2].removesuffix(".csv")
    return f"{again.folder}/{name} (1).csv"


def _deliveries(files: Files) -> tuple[Delivery, ...]:
    found = sorted({(key.month, key.corrected) for key in files.lines})
    return tuple(
        Delivery(
            FileKey(place, corrected, "", place).folder,
            MONTHS[place].corrected if corrected else MONTHS[place].received,
            MONTHS[place].period,
            corrected or (place, True) not in found,
        )
        for place, corrected in found
    )


def _problem(draft: Draft, files: Files) -> Problem:
    file = ""
    rows: tuple[int, ...] = ()
    if draft.key is not None:
        lines = files.lines[draft.key]
        file = _second_path(draft.key, draft.again) if draft.again is not None else _path(draft.key)
        rows = tuple(FORMATS[draft.key.feed].row_number(lines, line) for line in draft.lines)
    return Problem(
        name=draft.name,
        period=MONTHS[draft.month].period,
        found=draft.found,
        by=draft.by,
        partner=draft.partner,
        part=draft.part,
        units=draft.units,
        file=file,
        rows=rows,
        cured=draft.cured.folder if draft.cured is not None else "",
        note=draft.note,
    )
