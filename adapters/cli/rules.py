"""Commands over texts of rules: check, format, schema."""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path

import click

from adapters.cli.command import EXISTING_OR_NOT, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.material import check_path, write_whole
from adapters.cli.terminal import Terminal, as_json
from adapters.client.config import client_schema
from adapters.client.loader import FILE_NAME
from adapters.closing.inspect import planned_relations
from adapters.diagnostic_text import as_json as diagnostic_as_json
from adapters.diagnostic_text import render
from adapters.ruleset_files import ruleset_sources
from adapters.wording import counted
from dsl.diagnostics import Diagnostics
from dsl.format import format_source
from engine.model.ruleset import Ruleset


@command("check", "tieout check", "tieout check rulesets/standard clients/acme")
@click.option("--guard", "is_guarded", is_flag=True, help="Have the database look at every query, too; seconds more.")
@click.argument("paths", nargs=-1, type=EXISTING_OR_NOT, metavar="[PATH]...")
def check(terminal: Terminal, is_guarded: bool, paths: tuple[Path, ...]) -> int:
    """Read rulesets and clients and say everything that is wrong with them.

    PATH is a client's folder, a .tieout file, or a folder of them; by default the folder you are in. With --guard every
    query of a close is planned over no facts and held against what queries may do; before rules are approved.
    """
    started = time.monotonic_ns()
    diagnostics = Diagnostics()
    files = rules = guarded = 0
    with terminal.working("reading rules") as progress:
        for path in paths or (Path(),):
            progress(f"reading {path}")
            ruleset = check_path(path, diagnostics)
            rules += _count_rules(ruleset) if ruleset is not None else 0
            files += _count_files(path, ruleset)
            if is_guarded and ruleset is not None and not diagnostics.errors:
                progress(f"guarding {path}")
                guarded += len(planned_relations(ruleset, guarded=True))
    errors = len(diagnostics.errors)
    warnings = len(diagnostics) - errors
    found = [counted(errors, "error")] if errors or not warnings else []
    found += [counted(warnings, "warning")] if warnings else []
    tenths = (time.monotonic_ns() - started) // 10**8
    ruled = f", {counted(rules, 'rule')}" if rules else ""
    held = f", {counted(guarded, 'query', 'queries')} guarded" if is_guarded else ""
    summary = f"{' and '.join(found)} in {counted(files, 'file')}{ruled}{held}, {tenths // 10}.{tenths % 10} s"
    findings = f"{render(diagnostics, terminal.has_colour)}\n" if len(diagnostics) else ""
    values = {
        "errors": errors,
        "warnings": warnings,
        "files": files,
        "rules": rules,
        **({"guarded": guarded} if is_guarded else {}),
        "diagnostics": [diagnostic_as_json(one) for one in diagnostics],
    }
    terminal.show(findings + summary, values)
    return PROBLEMS if errors else DONE


@command("format", "tieout format clients/acme", "tieout format --check rulesets")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; name the files that would change.")
@click.argument("paths", nargs=-1, required=True, type=EXISTING_OR_NOT, metavar="PATH...")
def format_(terminal: Terminal, only_check: bool, paths: tuple[Path, ...]) -> int:
    """Write rules in their one canonical form.

    A review then shows policy and not spacing.
    PATH is a .tieout or .tieout.md file, or a folder of them. Comments stay; what cannot be read stays as it is.
    """
    diagnostics = Diagnostics()
    changed: dict[Path, str] = {}
    count = 0
    for path in dict.fromkeys(file for given in paths for file in _texts_below(given)):
        for source in ruleset_sources(path, diagnostics):
            count += 1
            text = format_source(source)
            if text != source.text:
                changed[path] = text
    if diagnostics.errors:
        raise RefusedError(diagnostics=diagnostics)
    for path, text in changed.items() if not only_check else ():
        write_whole(path, text)
    names = [str(path) for path in changed]
    verb = "would be rewritten" if only_check else "rewritten"
    summary = f"{counted(len(names), 'file')} of {count:,} {verb}"
    terminal.show("\n".join([*names, summary]), {"changed": names, "files": count, "written": not only_check})
    return PROBLEMS if only_check and changed else DONE


@command("schema", "tieout schema > client.schema.json")
def schema(terminal: Terminal) -> int:
    """Print the JSON Schema of client.yaml, for editors."""
    values = client_schema()
    terminal.show(as_json(values), values)
    return DONE


def _count_files(path: Path, ruleset: Ruleset | None) -> int:
    """How many files were read; of a ruleset that is not sound, only those at the path itself."""
    folder = path.parent if path.name == FILE_NAME else path
    texts = len(ruleset.texts) if ruleset is not None else len(ruleset_sources(folder, Diagnostics()))
    return texts + (folder / FILE_NAME).is_file()


def _count_rules(ruleset: Ruleset) -> int:
    parts = [getattr(ruleset, field.name) for field in fields(ruleset)]
    return sum(len(part) for part in parts if isinstance(part, dict)) + len(ruleset.examples)


def _texts_below(path: Path) -> list[Path]:
    """The texts of rules at a path, in folders below it too; RefusedError where there are none."""
    if not path.exists():
        raise RefusedError(f"there is no {path}", "check the name")
    if not path.is_dir():
        return [path]
    found = sorted(one for ending in ("*.tieout", "*.tieout.md") for one in path.rglob(ending) if one.is_file())
    if not found:
        raise RefusedError(f"there are no rules in {path}", "name a .tieout file, or a folder that holds one")
    return found
