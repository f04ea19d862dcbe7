"""The user's material, read for a command that cannot go on without it: client, ruleset, books."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.books.chain import ruleset_hash
from adapters.cli.faults import RefusedError
from adapters.client.check import check_client
from adapters.client.loader import FILE_NAME, ClientFile, read_client
from adapters.closing.policy import policy_of
from adapters.ruleset_files import SHIPPED, read_ruleset, read_texts
from dsl.diagnostics import Diagnostics
from engine.governance.scene import Policy
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Material:
    """A client with the ruleset its files are read for and its books are kept by."""

    client: ClientFile
    ruleset: Ruleset

    @property
    def version(self) -> str:
        """The hash over the texts of the rules and `client.yaml`: what people approve, and what then runs."""
        return ruleset_hash({**dict(self.ruleset.texts), FILE_NAME: self.client.document.source.text})

    @property
    def policy(self) -> Policy:
        """What these rules say of approvals."""
        return policy_of(self.ruleset, self.version)


def find_client(folder: Path, diagnostics: Diagnostics) -> ClientFile | None:
    """The client of a folder, with its path as people standing here write it; None with errors recorded."""
    return read_client(folder / FILE_NAME, diagnostics, shown_path(folder / FILE_NAME))


def find_ruleset(client: ClientFile, diagnostics: Diagnostics) -> Ruleset | None:
    """The ruleset of a client: the last path is its own, those before it say where else its bases may lie."""
    *bases, own = client.rulesets
    ruleset, found = read_ruleset(own, (*bases, client.folder, SHIPPED))
    diagnostics.extend(found)
    return ruleset


def check_material(folder: Path, diagnostics: Diagnostics) -> Material | None:
    """Client and ruleset of a folder, held against each other; None where either cannot be read."""
    client = find_client(folder, diagnostics)
    ruleset = find_ruleset(client, diagnostics) if client is not None else None
    if client is None or ruleset is None:
        return None
    check_client(client, schema_of(ruleset), diagnostics)
    return Material(client, ruleset)


def check_path(path: Path, diagnostics: Diagnostics) -> Ruleset | None:
    """The ruleset of a path, or of the client at a path, with everything that is wrong recorded."""
    if path.name == FILE_NAME or (path / FILE_NAME).is_file():
        material = check_material(path.parent if path.name == FILE_NAME else path, diagnostics)
        return material.ruleset if material is not None else None
    ruleset, found = read_ruleset(path, (path if path.is_dir() else path.parent, SHIPPED))
    diagnostics.extend(found)
    return ruleset


def require_client(folder: Path) -> ClientFile:
    """The client of a folder; RefusedError with every finding where it cannot be read."""
    diagnostics = Diagnostics()
    client = find_client(folder, diagnostics)
    if client is None:
        raise RefusedError(diagnostics=diagnostics)
    return client


def require_material(folder: Path) -> Material:
    """Client and ruleset of a folder without any error; RefusedError with every finding otherwise."""
    diagnostics = Diagnostics()
    material = check_material(folder, diagnostics)
    if material is None or diagnostics.errors:
        raise RefusedError(diagnostics=diagnostics)
    return material


def restored(texts: Mapping[str, str]) -> Ruleset:
    """A ruleset out of the texts that a run used; RefusedError where this version no longer reads them."""
    ruleset, diagnostics = read_texts(texts)
    if ruleset is None:
        raise RefusedError("the run used rules that this version of tieout does not run", diagnostics=diagnostics)
    return ruleset


def shown_path(path: Path) -> str:
    """A path as people standing here would write it."""
    resolved = path.resolve()
    return resolved.relative_to(Path.cwd()).as_posix() if resolved.is_relative_to(Path.cwd()) else str(path)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that at any moment it is the old one or the new one; a link is followed, its mode is kept."""
    write_whole_bytes(path, text.encode())


def write_whole_bytes(path: Path, content: bytes) -> None:
    """The same for bytes."""
    target = Path(os.path.realpath(path))
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
