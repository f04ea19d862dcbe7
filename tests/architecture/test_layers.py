"""Who imports whom, read from the text of every module, imports inside functions counted."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

import pytest

from tests.support.repository import PACKAGES, Module, module_from_text, product_modules
from tests.support.shared import ROOT

OURS = {
    "dsl": frozenset[str](),
    "engine.governance": frozenset[str](),
    "engine.ledger": frozenset[str](),
    "engine.model": frozenset({"dsl", "engine.ledger"}),
    "engine.plan": frozenset({"dsl", "engine.ledger", "engine.model"}),
    "engine.run": frozenset({"dsl", "engine.ledger", "engine.model", "engine.plan"}),
    "engine.compile": frozenset({"dsl", "engine.model", "engine.plan"}),
    "adapters": frozenset(
        {"dsl", "engine.compile", "engine.governance", "engine.ledger", "engine.model", "engine.plan", "engine.run"}
    ),
}
"""Each station of the journey and the stations it may import; a row that nothing uses is taken out."""

THEIRS = {
    "dsl": frozenset({"lark"}),
    "engine.governance": frozenset[str](),
    "engine.ledger": frozenset[str](),
    "engine.model": frozenset[str](),
    "engine.plan": frozenset({"sqlglot"}),
    "engine.run": frozenset({"sqlglot"}),
    "engine.compile": frozenset[str](),
    "adapters": frozenset(
        {
            "altair",
            "click",
            "cryptography",
            "duckdb",
            "jinja2",
            "jwt",
            "pyarrow",
            "pydantic",
            "pydantic_core",
            "rich",
            "sqlglot",
            "vl_convert",
            "yaml",
        }
    ),
}
"""Each station and the libraries it may import."""

UNITS = {
    "adapters.client": frozenset({"adapters.limits"}),
    "adapters.duckdb_executor": frozenset({"adapters.confined", "adapters.plan_guard", "adapters.withholding"}),
    "adapters.explain_text": frozenset({"adapters.wording"}),
    "adapters.feeds": frozenset({"adapters.client", "adapters.limits"}),
    "adapters.load_text": frozenset({"adapters.feeds", "adapters.wording"}),
    "adapters.report": frozenset({"adapters.wording"}),
}
"""Units of adapters and the other units each may import: a feed is read as the client's configuration describes it, and
a load is shown as the feed reported it."""

UNITS_SEEING_ALL = frozenset(
    {
        "adapters.audit",
        "adapters.cli",
        "adapters.closing",
        "adapters.intake",
        "adapters.quarantine",
        "adapters.resubmission",
    }
)
"""Units of adapters that put others together: the command line all of them, intake the way from file to books,
quarantine and resubmission the way out of them and in again, closing the way from books to journal and back, audit the
way from books to an auditor's folder."""


def imports_of(module: Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every import of a module: the dotted name of what it takes from, and the names taken."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", tuple(alias.name for alias in node.names)


def station(name: str) -> str:
    """The station a module belongs to: the package, inside the engine the package below it."""
    parts = name.split(".")
    return ".".join(parts[: 2 if parts[0] == "engine" else 1])


def unit(name: str) -> str:
    """The unit of adapters a module belongs to: what lies directly below `adapters`."""
    return ".".join(name.split(".")[:2])


def is_ours(name: str) -> bool:
    """Whether a dotted name is a module of the product."""
    return name.split(".")[0] in PACKAGES


def imported_modules(module: Module, known: frozenset[str]) -> Iterator[str]:
    """The product's modules that a module imports, each by the name of its file."""
    for source, names in imports_of(module):
        if is_ours(source):
            inside = [f"{source}.{name}" for name in names if f"{source}.{name}" in known]
            yield from inside or [source]


def wrong_edges(modules: Iterable[Module]) -> list[str]:
    """Imports that go where a station may not look."""
    found = []
    for module in modules:
        here = station(module.name)
        for source, _ in imports_of(module):
            top = source.split(".")[0]
            if is_ours(source):
                allowed = station(source) == here or station(source) in OURS.get(here, frozenset())
            else:
                allowed = top in sys.stdlib_module_names or top in THEIRS.get(here, frozenset())
            if not allowed:
                found.append(f"{module.path} imports {source}")
    return found


def crossing_units(modules: Iterable[Module]) -> list[str]:
    """Imports from one unit of adapters into another."""
    return [
        f"{module.path} imports {source}"
        for module in modules
        if station(module.name) == "adapters" and unit(module.name) not in UNITS_SEEING_ALL
        for source, _ in imports_of(module)
        if source.startswith("adapters.")
        and unit(source) not in {unit(module.name), *UNITS.get(unit(module.name), frozenset())}
    ]


def private_names(modules: Iterable[Module]) -> list[str]:
    """Names beginning with `_` that a module takes from another."""
    return [
        f"{module.path} takes {name} from {source}"
        for module in modules
        for source, names in imports_of(module)
        for name in names
        if is_ours(source) and name.startswith("_")
    ]


def cycle(modules: Iterable[Module]) -> list[str]:
    """A loop of modules that import each other, or nothing."""
    listed = list(modules)
    known = frozenset(module.name for module in listed)
    graph = {module.name: sorted(set(imported_modules(module, known)) & known) for module in listed}
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in graph[name]:
            if found := walk(target, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def used_edges(modules: Iterable[Module]) -> set[tuple[str, str]]:
    """Pairs of station and other station, or library, that some import joins."""
    return {
        (station(module.name), station(source) if is_ours(source) else source.split(".")[0])
        for module in modules
        for source, _ in imports_of(module)
    }


def test_every_module_was_looked_at() -> None:
    names = {module.name for module in product_modules()}
    assert {"dsl.parse", "dsl.span", "engine.model.schema", "engine.plan.relation", "adapters"} <= names
    assert len(names) == sum(1 for package in PACKAGES for _ in (ROOT / package).rglob("*.py"))


def test_every_module_stands_at_a_station() -> None:
    unknown = {module.path for module in product_modules() if station(module.name) not in {*OURS, "engine"}}
    assert not unknown, "a new station needs a row in OURS and THEIRS"


def test_imports_go_to_the_left_only() -> None:
    assert wrong_edges(product_modules()) == []


def test_no_row_of_the_tables_is_idle() -> None:
    used = used_edges(product_modules())
    stated = {(here, there) for table in (OURS, THEIRS) for here, targets in table.items() for there in targets}
    assert stated - used == set(), "nothing imports this way any more: take it out of the table"


def test_units_of_adapters_do_not_import_one_another() -> None:
    assert crossing_units(product_modules()) == []
    used = {(unit(module.name), unit(source)) for module in product_modules() for source, _ in imports_of(module)}
    assert {(here, there) for here, targets in UNITS.items() for there in targets} <= used


def test_private_names_stay_in_their_module() -> None:
    assert private_names(product_modules()) == []


def test_no_modules_import_each_other_in_a_loop() -> None:
    assert cycle(product_modules()) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("dsl/span.py", "from engine.model.schema import Schema"),
        ("dsl/span.py", "import sqlglot"),
        ("engine/model/ruleset.py", "def late():\n    from engine.plan import relation"),
        ("engine/run/close.py", "import duckdb.typing"),
        ("engine/plan/posting/journal.py", "import adapters"),
    ],
)
def test_a_planted_wrong_import_is_found(path: str, text: str) -> None:
    assert len(wrong_edges([module_from_text(path, text)])) == 1


def test_a_planted_crossing_is_found_and_the_command_line_is_let_through() -> None:
    text = "from adapters.books.ledger import Ledger"
    assert crossing_units([module_from_text("adapters/feeds/rows.py", text)]) != []
    assert crossing_units([module_from_text("adapters/cli/main.py", text)]) == []


def test_a_planted_private_name_is_found() -> None:
    assert private_names([module_from_text("dsl/format.py", "from dsl.parse import _cut")]) != []


def test_a_planted_loop_is_found() -> None:
    first = module_from_text("dsl/parse.py", "from dsl import span")
    second = module_from_text("dsl/span.py", "def late():\n    from dsl.parse import parse")
    assert cycle([first, second]) == ["dsl.parse", "dsl.span", "dsl.parse"]
