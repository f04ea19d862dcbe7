"""What a load did, for people and for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from adapters.feeds.report import FileReport, LoadReport, Outcome, TotalReport
from adapters.wording import counted, plain, visible

LONGEST_NAME = 40
WIDTH = 100
"""Characters that sentences keep to."""


def load_text(report: LoadReport) -> str:
    """The page of a load: files with their counts and control totals, what waits in quarantine, what was refused."""
    lines = [*_table(report.files), *_messages(report.files)]
    loaded = [file for file in report.files if file.outcome is Outcome.LOADED]
    if report.refused:
        count = len(report.refused)
        lines += ["", f"{counted(count, 'file')} refused: nothing of this load was written"]
    elif loaded:
        received, accepted, quarantined = (
            sum(getattr(file, name) for file in loaded) for name in ("received", "accepted", "quarantined")
        )
        lines += ["", f"received = accepted + quarantined    {received:,} = {accepted:,} + {quarantined:,} rows   ✓"]
        facts = _facts(loaded) if report.is_written else ""
        sentences = [_quarantine(loaded, report.is_written), facts, _aside(loaded), *_faults(loaded)]
        lines += [part for sentence in sentences for part in textwrap.wrap(sentence, WIDTH, subsequent_indent="    ")]
        if not report.is_written:
            lines += ["", "nothing of this load was written: it is strict, and not every row can be read"]
    elif not report.files:
        lines.append("no files to load")
    return "\n".join(lines) + "\n"


def load_json(report: LoadReport) -> dict[str, Any]:
    """The same as values for JSON: figures that may have decimals are texts, so none becomes a float."""
    return {
        "loaded-on": report.loaded_on.isoformat(),
        "written": report.is_written,
        "files": [{**plain(file), "facts": dict(file.facts), "reasons": dict(file.reasons)} for file in report.files],
    }


def _table(files: Sequence[FileReport]) -> list[str]:
    rows = [file for file in files if file.outcome is Outcome.LOADED]
    if not rows:
        return []
    counts = {"RECEIVED": "received", "ACCEPTED": "accepted", "QUARANTINED": "quarantined"}
    if any(file.set_aside for file in rows):
        counts["SET ASIDE"] = "set_aside"
    columns = [["FILE", *(_name(file) for file in rows)], ["FEED", *(file.feed for file in rows)]]
    columns += [[head, *(f"{getattr(file, name):,}" for file in rows)] for head, name in counts.items()]
    widths = [max(map(len, column)) for column in columns]
    starts = [
        "  ".join(
            f"{cell:{'<' if at < 2 else '>'}{width}}" for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in zip(*columns, strict=True)
    ]
    lines = [f"{starts[0]}  CONTROL TOTAL"]
    for start, file in zip(starts[1:], rows, strict=True):
        totals = [_total(total) for total in file.totals] or ["none declared   -"]
        lines.append(f"{start}  {totals[0]}")
        lines += [f"{'':<{len(start)}}  {total}" for total in totals[1:]]
    return lines


def _name(file: FileReport) -> str:
    """A file's name, its middle left out if it is long."""
    if len(file.name) <= LONGEST_NAME:
        return file.name
    half = LONGEST_NAME // 2
    return f"{file.name[: half - 1]}…{file.name[-half:]}"


def _total(total: TotalReport) -> str:
    unit = f" {total.unit}" if total.unit else f" {total.column}"
    unread = f", {counted(total.unreadable, 'cell')} unreadable" if total.unreadable else ""
    if total.declared is not None:
        found = total.received + total.set_aside
        return f"{found:,f} of {total.declared:,f}{unit}{unread}   ✓"
    if not total.quarantined:
        return f"{total.received:,f}{unit}{unread}   ✓"
    return f"{total.received:,f} = {total.accepted:,f} + {total.quarantined:,f}{unit}{unread}   ✓"


def _messages(files: Sequence[FileReport]) -> list[str]:
    """Files that were not loaded, and why."""
    lines = []
    for file in files:
        if file.outcome is Outcome.LOADED:
            continue
        place = f"{file.name}:{file.line}" if file.line is not None else file.name
        lines.append(f"{'refused ' if file.outcome is Outcome.REFUSED else ''}{place}: {file.message}")
        if file.help:
            lines.append(f"  help: {file.help}")
    return lines


def _faults(files: Sequence[FileReport]) -> list[str]:
    """The first rows in quarantine, one by one; the words come from a file, so nothing in them reaches a terminal."""
    return [f"  {_name(file)}:{row}: {visible(reason)}" for file in files for row, reason in file.faults]


def _quarantine(files: Sequence[FileReport], is_written: bool) -> str:
    count = sum(file.quarantined for file in files)
    if not count:
        return ""
    reasons: dict[str, int] = {}
    for file in files:
        for reason, rows in file.reasons:
            reasons[reason] = reasons.get(reason, 0) + rows
    listed = ", ".join(
        f"{rows:,} {reason}" for reason, rows in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    )
    if not is_written:
        return f"{counted(count, 'row')} cannot be read: {listed}"
    verb = "waits" if count == 1 else "wait"
    return f"{counted(count, 'row')} {verb} in quarantine: {listed}"


def _facts(files: Sequence[FileReport]) -> str:
    facts: dict[str, int] = {}
    for file in files:
        for record, count in file.facts:
            facts[record] = facts.get(record, 0) + count
    known = sum(file.already_known for file in files)
    listed = ", ".join(f"{count:,} {record}" for record, count in sorted(facts.items()) if count) or "none"
    return f"new facts: {listed}" + (f"; {counted(known, 'row')} said what the books knew" if known else "")


def _aside(files: Sequence[FileReport]) -> str:
    count = sum(file.set_aside for file in files)
    return f"{counted(count, 'row')} set aside: not the business of the feed, as client.yaml declares" if count else ""
