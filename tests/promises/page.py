"""docs/promises.md, made of the table of promises and the figures that were reached; nothing else goes in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.promises.table import PROMISES, Promise
from tests.support.shared import ROOT

FIGURES = ROOT / "docs" / "promises.json"
PAGE = ROOT / "docs" / "promises.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one proof reached: its trials and failures in all, what else it counted, at which scale and on which day.

    `test` is `path::function`; `proof` names what was done with the unit of `trials`.
    """

    promise: str
    proof: str
    test: str
    scale: str
    day: str
    trials: int
    failures: int
    counted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything reached so far: figures in their order, and proofs that ended otherwise than by passing."""

    figures: tuple[Figure, ...]
    failed: tuple[str, ...]


def read(path: Path = FIGURES) -> Reached:
    """What is kept in the repository; nothing, where nothing was run yet."""
    if not path.exists():
        return Reached((), ())
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Reached(tuple(Figure(**one) for one in kept["figures"]), tuple(kept["failed"]))


def write(reached: Reached, figures: Path = FIGURES, page: Path = PAGE) -> None:
    """Keep the figures, and make the page of them."""
    kept = {"figures": [asdict(one) for one in reached.figures], "failed": list(reached.failed)}
    figures.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(text(PROMISES, reached), encoding="utf-8")


def added_up(lines: Sequence[Mapping[str, Any]], day: str) -> tuple[Figure, ...]:
    """One figure for each proof, of the lines that its tests recorded; of a count named `peak` the largest."""
    found: dict[tuple[str, str, str], Figure] = {}
    for line in lines:
        key = (line["promise"], line["proof"], line["test"])
        one = found.get(key) or Figure(*key, line["scale"], day, 0, 0, {})
        counted = dict(one.counted)
        for name, count in line["counted"].items():
            largest = name.startswith("peak")
            counted[name] = max(counted.get(name, 0), count) if largest else counted.get(name, 0) + count
        trials, failures = one.trials + line["trials"], one.failures + line["failures"]
        found[key] = Figure(*key, line["scale"], day, trials, failures, counted)
    return _in_order(found.values())


def renewed(before: Reached, after: Reached, promises: Sequence[str]) -> Reached:
    """What stands after some promises were proved again: all of theirs is new, what others reached stays."""
    kept = tuple(one for one in before.figures if one.promise not in promises)
    ran = {one.test for one in before.figures if one.promise in promises} | {one.test for one in after.figures}
    failed = {one for one in before.failed if one.partition("[")[0] not in ran}
    return Reached(_in_order((*kept, *after.figures)), tuple(sorted(failed | set(after.failed))))


def _in_order(figures: Any) -> tuple[Figure, ...]:
    return tuple(sorted(figures, key=lambda one: (int(one.promise[1:]), one.proof, one.test)))


# ---- the page --------------------------------------------------------------------------------------------------------

HEAD = """\
# What tieout promises, and what was tried to break it

Each promise is tried many times by a test that is named here. A hundredth of the trials runs with every commit, a tenth
every night (`make nightly`), all of them before a release. This page is made by `make promises` of the figures in
[promises.json](promises.json); nobody writes in it.

No failure in *n* trials does not say never: with 95 % confidence, fewer than 3 in *n* fail. That bound stands beside
each figure. **Met** means that no trial failed and that one of the proofs ran as often as the target asks; **met in
part** that something of the promise is not shown yet; **held** that none failed in fewer trials; **not proved** that no
test of it records a figure.
"""


COLUMNS = "| What was done | Trials | Failures | 95 % bound | Run | Also counted |"


def verdict(promise: Promise, figures: Sequence[Figure], failed: Sequence[str]) -> str:
    """Whether a promise is met, in words."""
    if any(one.failures for one in figures) or failed:
        return "not met"
    if not figures:
        return "not proved" if not promise.tests else "not proved: examples only"
    trials = max(one.trials for one in figures)
    if trials < promise.wanted:
        return f"held, {trials:,} of {promise.wanted:,} trials"
    return "met" if not promise.missing else "met in part"


def bound(trials: int, failures: int) -> str:
    """The rate of failures that 95 % confidence leaves possible: 3/n where none failed; else none is claimed."""
    if failures or not trials:
        return "—"
    percent = 300 / trials
    return f"< {percent:.2g} %" if percent < 100 else "none"


def text(promises: Sequence[Promise], reached: Reached) -> str:
    """The page."""
    by_number = {one.number: [found for found in reached.figures if found.promise == one.number] for one in promises}
    failed = {one.number: _failed(one, by_number[one.number], reached.failed) for one in promises}
    lines = [HEAD, "| | Promise | Standing |", "|---|---|---|"]
    for one in promises:
        standing = verdict(one, by_number[one.number], failed[one.number])
        lines.append(f"| [{one.number}](#{one.number.lower()}) | {one.words} | {standing} |")
    for one in promises:
        lines += ["", *_section(one, by_number[one.number], failed[one.number])]
    return "\n".join(lines) + "\n"


def _failed(promise: Promise, figures: Sequence[Figure], failed: Sequence[str]) -> list[str]:
    tests = {*promise.tests, *(one.test for one in figures)}
    return [one for one in failed if one.partition("[")[0] in tests]


def _section(promise: Promise, figures: Sequence[Figure], failed: Sequence[str]) -> list[str]:
    lines = [f"## {promise.number}", "", promise.words, "", f"Target: {promise.target}.", ""]
    if figures:
        lines += [COLUMNS, "|---|---:|---:|---:|---|---|", *(_row(one) for one in figures)]
    else:
        lines.append("No test records a figure for it.")
    tests = dict.fromkeys((*(one.test for one in figures), *promise.tests))
    if tests:
        lines += ["", "Tests:", *(f"- `{one}`" for one in tests)]
    if failed:
        lines += ["", "Did not pass:", *(f"- `{one}`" for one in failed)]
    if promise.missing:
        lines += ["", f"Not shown yet: {promise.missing}"]
    if promise.not_claimed:
        lines += ["", f"Not claimed: {promise.not_claimed}"]
    return [*lines, "", f"Standing: **{verdict(promise, figures, failed)}**."]


def _row(one: Figure) -> str:
    counted = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in one.counted.items())
    ran = f"{one.scale} {one.day}"
    return (
        f"| {one.proof} | {one.trials:,} | {one.failures:,} | {bound(one.trials, one.failures)} | {ran} | {counted} |"
    )
