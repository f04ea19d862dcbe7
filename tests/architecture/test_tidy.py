"""Budgets and habits that otherwise rot: sizes, docstrings, names, addresses, exact arithmetic."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.golden import orphans
from tests.support.repository import Module, module_from_text, product_modules, python_modules, tracked_files
from tests.support.shared import ROOT

MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

BANNED_WORDS = {
    "acct": "account",
    "amt": "amount",
    "calc": "the verb that says what is worked out",
    "df": "relation, rows",
    "helper": "what it does",
    "helpers": "what they do",
    "inv": "inventory, invoice",
    "lot": "layer",
    "mgr": "what it does",
    "qty": "quantity",
    "txn": "journal entry, movement",
    "util": "what it does",
    "utils": "what they do",
}

NOT_EXACT = re.compile(r"\b(DOUBLE|FLOAT|REAL)\b")

UNWELCOME = re.compile(
    "|".join(
        [
            r"(?<![\w.])/(?:work|root|home|tmp|opt|farm)/",
            r"file:" + "//",
            r"pypi\." + "org",
            r"python" + r"hosted\.",
            r"--(?:extra-)?index" + "-url [^\\\\]",
        ]
    )
)
"""Places on somebody's machine and addresses of package registries."""


def too_long(modules: Iterable[Module]) -> Iterator[str]:
    """Modules and functions over their budget of lines."""
    for module in modules:
        if (lines := len(module.text.splitlines())) > MODULE_LINES_MAX:
            yield f"{module.path} has {lines} lines"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    yield f"{module.path}:{node.lineno} {node.name} has {lines} lines"


def public_definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """Public classes, functions and methods of a body, outermost first."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body)


def undocumented(modules: Iterable[Module]) -> Iterator[str]:
    """Modules and public names that do not say what they are."""
    for module in modules:
        if not ast.get_docstring(module.tree):
            yield module.path
        for node in public_definitions(module.tree.body):
            if not ast.get_docstring(node):
                yield f"{module.path}:{node.lineno} {node.name}"


def crowded_packages(modules: Iterable[Module]) -> Iterator[str]:
    """`__init__` files that hold more than a docstring."""
    for module in modules:
        if module.is_package and len(module.tree.body) != 1:
            yield module.path


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name a tree gives to something, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, Definition):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def banned_names(modules: Iterable[Module]) -> Iterator[str]:
    """Names that hold a word the project says otherwise."""
    for module in modules:
        given = [*names_in(module.tree), *((1, part) for part in module.name.split("."))]
        for line, name in given:
            for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name):
                if word.lower() in BANNED_WORDS:
                    yield f"{module.path}:{line} {name}: write {BANNED_WORDS[word.lower()]}"


def docstrings_of(tree: ast.Module) -> set[int]:
    """Ids of the constants that stand alone as text: docstrings, of variables too."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def inexact(modules: Iterable[Module]) -> Iterator[str]:
    """Floating point in code that works out money or quantities: literals, the type, SQL types, the SQL division."""
    for module in modules:
        prose = docstrings_of(module.tree)
        for node in ast.walk(module.tree):
            match node:
                case ast.Constant(value=float()):
                    yield f"{module.path}:{node.lineno} a float literal"
                case ast.Constant(value=str(text)) if id(node) not in prose and NOT_EXACT.search(text):
                    yield f"{module.path}:{node.lineno} {text}"
                case ast.Name(id="float") | ast.Attribute(attr="DOUBLE" | "FLOAT" | "REAL"):
                    yield f"{module.path}:{node.lineno} a floating type"
                case ast.Attribute(value=ast.Name(id="exp"), attr="Div"):
                    yield f"{module.path}:{node.lineno} exp.Div: DuckDB divides decimals in floating point"


def unwelcome_places(name: str, text: str) -> Iterator[str]:
    """Lines of a text that name a place only one machine knows, or a package registry."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := UNWELCOME.search(line):
            yield f"{name}:{number} {found.group()}"


def text_of(path: Path) -> str:
    """A file as text; what is not UTF-8 is read byte by byte, so that it is looked at all the same."""
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def test_modules_and_functions_keep_their_budget() -> None:
    assert list(too_long(python_modules())) == []


def test_everything_public_says_what_it_is() -> None:
    assert list(undocumented(product_modules())) == []


def test_packages_hold_a_docstring_only() -> None:
    assert list(crowded_packages(python_modules())) == []


def test_names_use_the_words_of_the_project() -> None:
    assert list(banned_names(python_modules())) == []


def test_money_never_touches_floating_point() -> None:
    exact = [
        module for module in product_modules() if module.name.startswith(("engine.ledger", "engine.plan", "engine.run"))
    ]
    assert len(exact) > 10
    assert list(inexact(exact)) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    files = tracked_files()
    assert ROOT / "pyproject.toml" in files
    assert ROOT / "requirements.lock" in files
    found = [place for path in files for place in unwelcome_places(path.relative_to(ROOT).as_posix(), text_of(path))]
    assert found == []


def test_no_golden_file_is_orphaned() -> None:
    assert orphans(ROOT / "tests") == []


def planted(path: str, text: str) -> list[Module]:
    return [module_from_text(path, text)]


def test_a_planted_giant_is_found() -> None:
    module = planted("dsl/parse.py", "def parse():\n" + "    pass\n" * FUNCTION_LINES_MAX)
    assert list(too_long(module)) == [f"dsl/parse.py:1 parse has {FUNCTION_LINES_MAX + 1} lines"]
    assert list(too_long(planted("dsl/parse.py", "pass\n" * (MODULE_LINES_MAX + 1)))) != []
    assert list(too_long(planted("dsl/parse.py", "pass\n" * MODULE_LINES_MAX))) == []


def test_planted_silence_is_found() -> None:
    text = '"""A module."""\nclass Open:\n    """Said."""\n    def said(self): ...\n    def _own(self): ...\n'
    assert list(undocumented(planted("engine/run/close.py", text))) == ["engine/run/close.py:4 said"]
    assert list(undocumented(planted("engine/run/close.py", "x = 1"))) == ["engine/run/close.py"]


def test_a_planted_import_in_a_package_is_found() -> None:
    module = planted("dsl/__init__.py", '"""Words."""\nfrom dsl.span import Span')
    assert list(crowded_packages(module)) == ["dsl/__init__.py"]


@pytest.mark.parametrize("text", ["def net(qty): ...", "total_amt = 1", "class TxnReader: ..."])
def test_a_planted_abbreviation_is_found(text: str) -> None:
    assert len(list(banned_names(planted("engine/plan/posting/journal.py", text)))) == 1


@pytest.mark.parametrize(
    "text",
    ["rate = 0.05", "rate = float(text)", 'cast(x, "DOUBLE")', "kind = exp.DataType.Type.DOUBLE", "exp.Div(this=a)"],
)
def test_planted_floating_point_is_found(text: str) -> None:
    assert len(list(inexact(planted("engine/plan/amount.py", text)))) == 1


def test_a_docstring_may_speak_of_floating_point() -> None:
    assert list(inexact(planted("engine/plan/amount.py", '"""Never DOUBLE."""'))) == []


@pytest.mark.parametrize(
    "place", ["/ro" + "ot/data.csv", "/tm" + "p/x", "https://py" + "pi.org/x", "file" + ":///data"]
)
def test_a_planted_place_is_found(place: str) -> None:
    assert list(unwelcome_places("a.txt", f"fine\nread {place} first")) != []


def test_relative_places_are_fine() -> None:
    assert list(unwelcome_places("a.txt", "see ../shared/data, docs/home/, adapters/wo" + "rk/x.py")) == []


def test_a_planted_orphan_is_found(tmp_path: Path) -> None:
    kept, orphan = tmp_path / "dsl/golden/test_kept/a.txt", tmp_path / "dsl/golden/test_gone/b/c.txt"
    for path in (kept, orphan):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    (tmp_path / "dsl/test_kept.py").write_text("def test_it(golden): ...")
    assert orphans(tmp_path) == [orphan]
