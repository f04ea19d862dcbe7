"""Hostile texts of rules: wherever a text, a name or a figure can stand, SQL is refused or is what it says."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import Diagnostics, InternalError
from dsl.span import Source
from engine.compile import check
from engine.model.ruleset import Ruleset
from engine.run.examples import run_example
from tests.isolation.hostile import Outside
from tests.isolation.watching import watched
from tests.support.promises import reached, trials
from tests.support.small_world import HEAD

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what was opened is seen by inotify")

RULES = (
    HEAD
    + """\
citation <cited> "<citation>"
terms
    document, <field> are text
    quantity is a quantity
    order-date is a date
kind <kind> moves nothing on order-date identified by document
    has quantity, <field>
control <control> for each <kind>
    needs quantity is at most <figure> units
    otherwise raise <code> low to controller
    why "<why>"
    cites <cited>
# <comment>
example "<title>"
    given <kind>
        | document   | <field> | quantity | order-date |
        | "first"    | "x"     | 5 units  | 2026-01-05 |
        | "<cell>"   | "x"     | 6 units  | <day>      |
    run FY2026-P01
    expect <control>
        | document   |
        | "<cell>"   |
    expect no other <control>
"""
)
PLAIN = {
    "cited": "the-standard", "citation": "ASC 606", "field": "note", "kind": "order", "control": "nothing-large",
    "figure": "5", "code": "large-order", "why": "Large orders.", "comment": "none", "title": "five units", "cell": "2",
    "day": "2026-01-05",
}  # fmt: skip
"""What stands in each place of the rules where no hostile text does."""

SAME_RESULT = ("citation", "why", "comment", "title", "cell")
"""Places of free text: what they hold is data, so the example must come out as ever."""


TRICKS = (
    "'; DROP TABLE order; --", "WITH d AS (DELETE FROM order RETURNING *) SELECT * FROM d",
    "'; INSERT INTO order SELECT 1",
    "{{ 7 * 7 }}", "{% include 'client.yaml' %}", "{{ config.__class__ }}", "${HOME}", "$HOME", "%(x)s", "{0}",
    "../../secret.csv", "/proc/self/environ", "\u2019; DROP TABLE x", "\uff07; DROP", "\u02bc", "a\u202eb",
    "\u200bread_csv",
    "\ufeff", "x\u0000y", "\u0130", "''", "'", "\\'", "\\", "`id`", "$(id)", "a;b", "--", "/*", "*/", "#", "|", "||",
    "<script>", "=1+1", "NULL", "select", "table", "main", "duckdb-settings", "duckdb_settings", "sqlite_master",
    "information_schema.tables", "read_csv", "read-csv", "getenv", "current_user", "rowid", "ungranted", "input order",
    "order_1", "DROP", "1e9", "0x10", "1;2", "1/0", "-1", "9" * 40, "5 units; DROP TABLE x",
    "2026-01-05'; DROP TABLE x; --", "x" * 5_000,
)  # fmt: skip
"""SQL, templates, tricks of Unicode, words that mean something elsewhere, figures that are none."""


def payloads(outside: Outside) -> Iterator[str]:
    """Texts that want to read a file that lies outside, each in the quotes it might break, and tricks."""
    path = outside.folder / "secret.csv"
    queries = (f"read_csv('{path}')", f"query('SELECT * FROM ''{path}''')", f"SELECT * FROM '{path}'", f"'{path}'")
    for query in queries:
        yield from (
            query,
            f"'; {query}; --",
            f"') {query} ('",
            f"'' || {query} || ''",
            f"$$ {query} $$",
            f"*/ {query} /*",
        )
    yield from (
        f"'); COPY x TO '{path}'; --",
        f"'; ATTACH '{outside.folder}/secret.duckdb'; --",
        str(path),
        path.as_uri(),
    )
    yield from (f"http://127.0.0.1:{outside.port}/x", *TRICKS)


def texts(outside: Outside) -> list[tuple[str, str, str]]:
    """Every payload in every place: the place, the payload, and the text of the rules."""
    found = []
    for place in PLAIN:
        for payload in payloads(outside):
            text = RULES
            for name, plain in PLAIN.items():
                text = text.replace(f"<{name}>", payload if name == place else plain)
            found.append((place, payload, text))
    return found


def ruleset_of(text: str) -> Ruleset | None:
    """The ruleset of a text; None where it is refused."""
    ruleset, found = check([(Source("hostile.tieout", text),)])
    assert isinstance(found, Diagnostics)
    return None if found.errors else ruleset


def test_hostile_rules_are_refused_or_inert(tmp_path: Path) -> None:
    outside = Outside.made(tmp_path / "outside")
    every = texts(outside)
    assert len(every) >= 900
    chosen = random.Random(50).sample(every, trials(len(every), 12))
    escapes, accepted = [], 0
    with watched(outside.folder) as touched:
        for place, payload, text in chosen:
            ruleset = ruleset_of(text)
            if ruleset is None:
                continue
            accepted += 1
            try:
                result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
            except InternalError as error:
                if place != "figure":  # 40 digits in a control are refused, though late and as a bug of ours
                    escapes.append(f"{place}: {payload}: {error}")
                continue
            if not result.passed and place in SAME_RESULT:
                escapes.append(f"{place}: {payload}: {result}")
    reached(
        "P13",
        "texts of rules: hostile ones checked, and run where accepted",
        len(chosen),
        len(escapes),
        accepted=accepted,
    )
    assert escapes == []
    assert touched == []


def test_the_rules_without_anything_hostile_hold() -> None:
    text = RULES
    for name, plain in PLAIN.items():
        text = text.replace(f"<{name}>", plain)
    ruleset = ruleset_of(text)
    assert ruleset is not None
    assert run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1)).passed


@pytest.mark.parametrize("word", ["main", "-1", "read-csv"])
def test_a_word_where_a_day_belongs_is_told_to_the_user(word: str) -> None:
    """Found by the texts above: it ended as a bug of tieout."""
    text = RULES
    for name, plain in (PLAIN | {"day": word}).items():
        text = text.replace(f"<{name}>", plain)
    ruleset = ruleset_of(text)
    assert ruleset is not None
    stopped = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1)).stopped
    assert stopped == f"`{word}` cannot be the order-date of a row of `order`"
