"""The documentation is run: rules must read, commands must exist and end as the text says.

A `console` block holds commands after `$ ` and, below each, lines of its output in order; a line `...` stands for any
number of lines. `kim$ ` is the prompt of somebody who shows a token. A command ends with code 0 unless the block says
otherwise: `$ tieout check broken  # exit code 1`. The
blocks of a document run one after another in a folder of their own. A block that stands under `<!-- file: NAME -->` is
written there first; one under `<!-- run: no -->` is not run, and is listed in `NOT_RUN`.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.cli.main import main
from dsl.parse import parse, parse_items
from dsl.span import Source
from tests.support.repository import make_targets
from tests.support.shared import ROOT

NOT_RUN: dict[str, int] = {}
"""How many blocks of each document are shown and not run."""

FENCE = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"<!-- (?P<word>file|run): (?P<value>\S+) -->\n\Z")
PROMPT = re.compile(r"(?P<by>[a-z]*)\$ ")
EXIT_CODE = re.compile(r"\s+# exit code (\d+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a document; `line` is that of its first line of text."""

    document: str
    line: int
    language: str
    text: str
    file: str = ""
    run: bool = True

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a block, the lines it should print and the code it should end with."""

    words: tuple[str, ...]
    output: tuple[str, ...]
    exit_code: int
    by: str = ""


def blocks_of(document: str, text: str) -> list[Block]:
    """The fenced blocks of a document, in order."""
    found = []
    for match in FENCE.finditer(text):
        marker = MARKER.search(text, 0, match.start())
        word, value = (marker["word"], marker["value"]) if marker else ("", "")
        line = text.count("\n", 0, match.start()) + 2
        file = value if word == "file" else ""
        found.append(Block(document, line, match["language"], match["text"], file, (word, value) != ("run", "no")))
    return found


def commands_of(text: str) -> list[Command]:
    """The commands of a console block."""
    commands: list[Command] = []
    for line in text.splitlines():
        if prompt := PROMPT.match(line):
            stated = EXIT_CODE.search(line)
            words = tuple(shlex.split(EXIT_CODE.sub("", line[prompt.end() :])))
            commands.append(Command(words, (), int(stated.group(1)) if stated else 0, prompt["by"]))
        elif not commands:
            raise ValueError(f"output before any command: {line}")
        else:
            last = commands.pop()
            commands.append(replace(last, output=(*last.output, line.rstrip())))
    return commands


def differs(expected: tuple[str, ...], actual: str) -> str:
    """The first expected line that the output does not hold where it should, or nothing."""
    lines = [line.rstrip() for line in actual.splitlines()]
    place, anywhere = 0, False
    for line in expected:
        if line == "...":
            anywhere = True
            continue
        rest = lines[place:] if anywhere else lines[place : place + 1]
        if line not in rest:
            return line
        place, anywhere = place + rest.index(line) + 1, False
    return ""


def documents() -> list[Path]:
    """Every document a user reads."""
    below = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "rulesets").rglob("README.md")]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(below)]


def all_blocks() -> list[Block]:
    """The blocks of every document."""
    found = []
    for path in documents():
        found += blocks_of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    return found


def problems_of(block: Block) -> list[str]:
    """What is wrong with the rules in a block."""
    source = Source(str(block), block.text)
    has_header = bool(re.search(r"^ruleset ", block.text, re.MULTILINE))
    diagnostics = parse(source)[1] if has_header else parse_items(source)[1]
    return [f"{block.document}:{block.line + one.span.location.line - 1} {one.message}" for one in diagnostics]


def run_story(blocks: list[Block], folder: Path) -> list[str]:
    """Run the console blocks of one document in a folder, writing its files first; what did not go as told."""
    wrong = []
    for block in blocks:
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        for command in commands_of(block.text) if block.language == "console" and block.run else []:
            if command.words[0] != "tieout":
                wrong.append(f"{block}: only tieout is run here, not {command.words[0]}")
                continue
            with acting(command.by, folder):
                code, out, err = run_here(list(command.words[1:]), folder)
            if code != command.exit_code:
                wrong.append(f"{block}: {shlex.join(command.words)} ended with {code}: {err}")
            elif missing := differs(command.output, out + err):
                wrong.append(f"{block}: {shlex.join(command.words)} did not print: {missing}")
    return wrong


@contextlib.contextmanager
def acting(person: str, folder: Path) -> Iterator[None]:
    """Commands inside are run by somebody with a token of the issuer that the document trusts; '' is nobody named."""
    with pytest.MonkeyPatch.context() as patch:
        if person:
            words = ["people", "token", person, "--issuer", "head-office", "--key", "issuer.pem"]
            patch.setenv("TIEOUT_TOKEN", run_here(words, folder)[1].strip())
        yield


def run_here(words: list[str], folder: Path) -> tuple[int, str, str]:
    """Run a command in a folder, within this process, which has read its modules and its grammar already."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return code, out.getvalue(), err.getvalue()


def of_language(language: str) -> list[Block]:
    return [block for block in all_blocks() if block.language == language]


@pytest.mark.parametrize("block", of_language("tieout"), ids=str)
def test_rules_in_the_documentation_read(block: Block) -> None:
    assert problems_of(block) == []


@pytest.mark.parametrize("document", sorted({block.document for block in of_language("console")}))
def test_commands_in_the_documentation_do_what_it_says(document: str, tmp_path: Path) -> None:
    assert run_story([block for block in all_blocks() if block.document == document], tmp_path) == []


def test_make_commands_in_the_documentation_exist() -> None:
    named = {name for block in of_language("sh") for name in re.findall(r"^make ([a-z]+)", block.text, re.MULTILINE)}
    assert {"demo", "test"} <= named
    assert named <= set(make_targets())


def test_every_block_says_its_language() -> None:
    assert [str(block) for block in all_blocks() if not block.language and "▶" not in block.text] == []


def test_blocks_that_are_not_run_are_counted() -> None:
    shown = [block.document for block in all_blocks() if not block.run]
    assert {document: shown.count(document) for document in shown} == NOT_RUN


def test_links_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


DOCUMENT = """# Title

<!-- file: rules/a.tieout -->
```tieout
role channel-analyst
```

```console
$ tieout check rules  # exit code 1
...
first
second
$ tieout --help
```

<!-- run: no -->
```console
$ tieout demo
```
"""


def test_blocks_are_cut_with_their_markers() -> None:
    rules, check, demo = blocks_of("a.md", DOCUMENT)
    assert (rules.file, rules.line, rules.language) == ("rules/a.tieout", 5, "tieout")
    assert [command.exit_code for command in commands_of(check.text)] == [1, 0]
    assert commands_of(check.text)[0].output == ("...", "first", "second")
    assert (check.run, demo.run) == (True, False)


def test_planted_rules_that_do_not_read_are_found() -> None:
    assert problems_of(Block("a.md", 1, "tieout", "contrl nothing for each siso\n    needs x is 1\n")) != []


@pytest.mark.parametrize(
    ("output", "first_wrong"), [("first\nsecond\n", ""), ("second\nfirst\n", "second"), ("", "first")]
)
def test_output_is_compared_in_order(output: str, first_wrong: str) -> None:
    assert differs(("...", "first", "second"), output) == first_wrong


def test_without_dots_the_next_line_counts() -> None:
    assert differs(("first", "third"), "first\nsecond\nthird\n") == "third"


def test_a_planted_foreign_command_is_refused(tmp_path: Path) -> None:
    assert run_story([Block("a.md", 1, "console", "$ rm -r x\n")], tmp_path) != []
