"""Rulesets on disk: a file or a folder of chapters, and the base that an overlay extends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path, PurePath

from dsl.diagnostics import Diagnostics
from dsl.span import Source, Span
from dsl.surface import SIZE_LIMIT, too_large
from engine.compile import check
from engine.model.ruleset import Ruleset

SHIPPED = Path(__file__).resolve().parent.parent / "rulesets"
"""The folder of the rulesets that come with tieout."""

ENDINGS = (".tieout", ".tieout.md")
_HEADER = re.compile(r"^ruleset +([A-Za-z0-9-]+) +version +([0-9.]+)", re.MULTILINE)
_EXTENDS = re.compile(r"^[ \t]+extends +([A-Za-z0-9-]+) +version +([0-9.]+)", re.MULTILINE)

Named = tuple[str, Decimal]


def read_ruleset(path: Path, search: Sequence[Path] = (SHIPPED,)) -> tuple[Ruleset | None, Diagnostics]:
    """The ruleset of a file or folder, laid on the base it extends; bases lie in `search` or one folder below.

    A base is found by the name and version of its header, whatever its folder is called. The ruleset's texts are kept
    under the names of their files, those of a base below its name; findings name files as people here write them. A
    ruleset that is missing, cannot be read, or extends itself is T606; nothing is raised for what people wrote.
    """
    diagnostics = Diagnostics()
    chain: list[tuple[Source, ...]] = []
    seen: list[Named] = []
    kept: dict[str, str] = {}
    sources = ruleset_sources(path, diagnostics)
    while sources:
        name, wanted = _header(sources), _extends(sources)
        base_name = f"{name[0]}/" if chain and name is not None else ""
        kept |= {one.name: f"{base_name}{PurePath(one.name).name}" for one in sources}
        chain.insert(0, sources)
        if name is not None:
            seen.append(name)
        if wanted is None:
            break
        (base, version), span = wanted
        if (base, version) in seen:
            loop = " -> ".join([*(one for one, _ in seen), base])
            diagnostics.error("T606", f"`{base}` extends itself: {loop}", span, "let the lowest text extend nothing")
            return None, diagnostics
        sources = _find(base, version, search, span, diagnostics)
    if diagnostics.errors or not chain:
        return None, diagnostics
    ruleset, found = check(chain)
    diagnostics.extend(found)
    if ruleset is not None:
        # What is approved and kept is the same wherever somebody stands, or the client's folder lies.
        ruleset = replace(ruleset, texts=tuple((kept[name], text) for name, text in ruleset.texts))
    return ruleset, diagnostics


def read_texts(texts: Mapping[str, str]) -> tuple[Ruleset | None, Diagnostics]:
    """The ruleset of texts that were kept, by file name, as a run used them: its own and those it extends.

    The texts of a folder are one ruleset where one of them has a header, else each that has one is its own.
    """
    folders: dict[str, list[Source]] = {}
    for name in sorted(texts):
        folders.setdefault(PurePath(name).parent.as_posix(), []).append(Source(name, texts[name]))
    found: dict[Named | None, tuple[tuple[Source, ...], Named | None]] = {}
    for sources in folders.values():
        headed = [one for one in sources if _header([one]) is not None]
        for group in [sources] if len(headed) == 1 else [[one] for one in headed]:
            extends = _extends(group)
            found[_header(group)] = (tuple(group), None if extends is None else extends[0])
    extended = {base for _, base in found.values()}
    chain: list[tuple[Source, ...]] = []
    wanted = next((name for name in found if name not in extended), None)
    while wanted in found:
        group_, wanted = found.pop(wanted)
        chain.insert(0, group_)
    return check(chain)


def ruleset_sources(path: Path, diagnostics: Diagnostics) -> tuple[Source, ...]:
    """The texts of one ruleset, by file name; reports T606 where there is none and T015 where one is not UTF-8."""
    files = _files(path)
    if not files:
        place = Span(Source(_shown(path), ""), 0, 0)
        word = "no ruleset in this folder" if path.is_dir() else "no ruleset here"
        diagnostics.error("T606", f"{word}: {_shown(path)}", place, "name a .tieout file, or a folder that holds one")
        return ()
    found: list[Source] = []
    for file in files:
        try:
            if (size := file.stat().st_size) > SIZE_LIMIT + len(codecs.BOM_UTF8):
                diagnostics.add(too_large(Source(_shown(file), ""), size))
                continue
            found.append(Source(_shown(file), file.read_bytes().decode("utf-8-sig")))
        except UnicodeDecodeError as fault:
            place = Span(Source(_shown(file), ""), 0, 0)
            message = f"{_shown(file)} is not UTF-8: byte {fault.start + 1} cannot be read"
            diagnostics.error("T015", message, place, "save it as UTF-8")
        except OSError as fault:
            place = Span(Source(_shown(file), ""), 0, 0)
            message = f"{_shown(file)} cannot be read: {fault.strerror}"
            diagnostics.error("T606", message, place, "check that the file may be read")
    return tuple(found)


def _files(path: Path) -> tuple[Path, ...]:
    if path.is_dir():
        return tuple(sorted(file for file in path.iterdir() if file.name.endswith(ENDINGS) and file.is_file()))
    return (path,) if path.is_file() else ()


def _shown(path: Path) -> str:
    """A path as people standing here would write it."""
    here = Path.cwd()
    return path.resolve().relative_to(here).as_posix() if path.resolve().is_relative_to(here) else path.as_posix()


def _header(sources: Iterable[Source]) -> Named | None:
    for source in sources:
        found = _HEADER.search(source.text)
        if found is not None:
            return found.group(1), Decimal(found.group(2).rstrip("."))
    return None


def _extends(sources: Iterable[Source]) -> tuple[Named, Span] | None:
    for source in sources:
        header = _HEADER.search(source.text)
        found = _EXTENDS.search(source.text, header.end()) if header is not None else None
        if found is not None:
            named = found.group(1), Decimal(found.group(2).rstrip("."))
            return named, Span(source, found.start(1), found.end(1))
    return None


def _find(
    name: str, version: Decimal, search: Sequence[Path], span: Span, diagnostics: Diagnostics
) -> tuple[Source, ...]:
    """The texts of the base of a name and version; T606 where it is not there, or there in another version."""
    others: list[str] = []
    for candidate in _candidates(search):
        found = _header(_readable(candidate))
        if found == (name, version):
            return ruleset_sources(candidate, diagnostics)
        if found is not None and found[0] == name:
            others.append(str(found[1]))
    versions = ", ".join(sorted(set(others)))
    help_text = f"found version {versions}" if others else "put it among the rulesets, or correct the name"
    diagnostics.error("T606", f"no ruleset `{name}` version {version} to extend", span, help_text)
    return ()


def _candidates(search: Sequence[Path]) -> Iterable[Path]:
    """Every file and folder that may hold a ruleset: the folders searched and what lies in them, in order of name."""
    for folder in search:
        yield from _rulesets_in(folder)
        if folder.is_dir():
            for inner in sorted(folder.iterdir()):
                if inner.is_dir():
                    yield from _rulesets_in(inner)


def _rulesets_in(folder: Path) -> Iterable[Path]:
    """A folder with one header is one ruleset; with several, each file is its own."""
    files = _files(folder)
    headed = [file for file in files if _header(_readable(file)) is not None]
    return (folder,) if len(headed) == 1 else headed


def _readable(path: Path) -> Iterable[Source]:
    for file in _files(path):
        with file.open("rb") as opened:
            yield Source(file.name, opened.read(SIZE_LIMIT).decode("utf-8", errors="replace"))
