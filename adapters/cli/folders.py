"""The command that begins a client: its folder with a client.yaml and an overlay, ready to be filled in."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import click
import jinja2

from adapters.cli.command import EXISTING_OR_NOT, command
from adapters.cli.faults import DONE, RefusedError
from adapters.cli.material import check_material
from adapters.cli.terminal import Terminal
from adapters.client.loader import FILE_NAME
from adapters.ruleset_files import SHIPPED, read_ruleset
from dsl.diagnostics import Diagnostics, InternalError
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset

LONGEST_NAME = 100
"""The most characters of a client's name."""

TEMPLATES = Path(__file__).parent / "templates"


@command("init", "tieout init clients/acme", "tieout init clients/acme --name 'Acme EMEA' --currency EUR")
@click.option("--name", "client", metavar="NAME", help="What the client is called; by default as its folder.")
@click.option("--currency", metavar="CODE", help="The currency of the client's files; by default that of the base.")
@click.option(
    "--base", default="standard", metavar="RULESET", help="The shipped ruleset to extend; by default standard."
)
@click.argument("folder", type=EXISTING_OR_NOT, metavar="CLIENT-FOLDER")
def init(terminal: Terminal, client: str | None, currency: str | None, base: str, folder: Path) -> int:
    """Begin a client: a folder with client.yaml, a ruleset of its own and a place for its files."""
    word = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    name = word if word[:1].isalpha() else f"client-{word}".rstrip("-")
    diagnostics = Diagnostics()
    ruleset, _ = read_ruleset(SHIPPED / base)
    if ruleset is None:
        raise RefusedError(f"tieout has no sound ruleset `{base}`", f"run `tieout check {SHIPPED / base}`")
    if currency is not None and not re.fullmatch(r"[A-Z]{3}", currency):
        raise click.BadParameter(f"`{currency}` is not a currency such as USD", param_hint="--currency")
    if client is not None and not 0 < len(client) <= LONGEST_NAME:
        raise click.BadParameter(f"a name has 1 to {LONGEST_NAME} characters", param_hint="--name")
    files = _contents(ruleset, client or folder.resolve().name[:LONGEST_NAME], name, currency or ruleset.head.currency)
    _refuse_existing(folder, files)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        made.chmod(0o755)
        (made / "incoming").mkdir()
        for file, text in files.items():
            (made / file).write_text(text, encoding="utf-8")
        check_material(made, diagnostics)
        if diagnostics.errors:
            raise InternalError(f"a new client is not sound: {diagnostics.errors[0].message}")
        _put_in_place(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    listed = [f"{folder}/{file}" for file in (*files, "incoming/")]
    text = "\n".join(
        [*listed, f"next: describe the client's files in {folder}/{FILE_NAME}, then `tieout check {folder}`"]
    )
    terminal.show(text, {"client": name, "files": listed})
    return DONE


def _contents(ruleset: Ruleset, client: str, name: str, currency: str) -> dict[str, str]:
    """The files of a new client, by name."""
    kinds = [record for record in schema_of(ruleset).records if record.family == "kind"]
    kind = kinds[0]
    values = {
        "client": client,
        "name": name,
        "currency": currency,
        "base": ruleset.head.name,
        "version": ruleset.head.version,
        "owner": ruleset.head.owner,
        "record": kind.name,
        "columns": [column.name for column in kind.columns if column.required],
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    quoted = {**values, "client": json.dumps(client, ensure_ascii=False)}
    return {
        FILE_NAME: environment.get_template("client.yaml.j2").render(quoted),
        f"{name}.tieout": environment.get_template("overlay.tieout.j2").render(values),
    }


def _refuse_existing(folder: Path, files: dict[str, str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise RefusedError(f"{folder} is a file", "name a folder")
    for file in files:
        if (folder / file).exists():
            raise RefusedError(f"{folder / file} is there already, nothing was written", "name another folder")


def _put_in_place(made: Path, folder: Path) -> None:
    """Move what was made to where it belongs: the folder at once where it is new, else its parts, client.yaml last."""
    if not folder.exists():
        os.rename(made, folder)
        return
    for path in sorted(made.iterdir(), key=lambda one: one.name == FILE_NAME):
        if not (folder / path.name).exists():
            os.rename(path, folder / path.name)
