"""Reads a client's folder: `client.yaml` as a checked value, or what is wrong with it, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from adapters.client.config import Client
from adapters.client.yaml_text import Document, read_yaml, too_large
from adapters.client.yaml_text import Path as Place
from adapters.limits import LARGEST_CONFIGURATION, MOST_FINDINGS, NotAFileError, open_regular
from dsl.diagnostics import Diagnostics
from dsl.span import Source, Span

FILE_NAME = "client.yaml"
_BYTES_OF_A_CHARACTER = 4
_WORDS = {
    "missing": "`{field}` is missing",
    "string_pattern_mismatch": "`{input}` is not of the form {pattern}",
    "bool_parsing": "`{input}` is neither yes nor no",
    "int_parsing": "`{input}` is not a whole number",
    "string_too_long": "`{input}` is longer than {max_length} character(s)",
    "string_too_short": "`{field}` is empty",
    "too_short": "`{field}` needs at least {min_length} item(s)",
    "literal_error": "`{input}` is not one of {expected}",
    "model_type": "`{field}` needs keys below it",
    "dict_type": "`{field}` needs keys below it",
    "string_type": "`{field}` needs a single text",
    "tuple_type": "`{field}` needs a list",
}


@dataclass(frozen=True, slots=True)
class ClientFile:
    """A client's folder, its `client.yaml` as a value, and the text behind it for naming places."""

    folder: Path
    client: Client
    document: Document

    @property
    def books(self) -> Path:
        """The folder of the client's books."""
        return self.folder / self.client.books

    @property
    def incoming(self) -> Path:
        """The folder where the client's files arrive."""
        return self.folder / self.client.incoming

    @property
    def rulesets(self) -> tuple[Path, ...]:
        """The paths of the client's ruleset."""
        return tuple(self.folder / path for path in self.client.ruleset)


def read_client(path: Path, diagnostics: Diagnostics, shown: str | None = None) -> ClientFile | None:
    """The client of a folder or of a `client.yaml`; None with errors recorded.

    `shown` is the name people know the file by, if it is not the path itself.
    """
    file = path / FILE_NAME if path.is_dir() else path
    name = shown if shown is not None else str(file)
    source = _source(file, name, diagnostics)
    document = read_yaml(source, diagnostics) if source is not None else None
    if document is None or diagnostics.errors:
        return None
    try:
        client = Client.model_validate(document.tree)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=True)
        for problem in problems[:MOST_FINDINGS]:
            _report(problem, document, diagnostics)
        if len(problems) > MOST_FINDINGS:
            message = f"{len(problems):,} findings, of which the first {MOST_FINDINGS} are told"
            diagnostics.error("C002", message, document.place(()), "mend these first")
        return None
    return ClientFile(file.parent, client, document)


def _source(file: Path, name: str, diagnostics: Diagnostics) -> Source | None:
    try:
        with open_regular(file, may_be_link=True) as opened:
            content = opened.read(LARGEST_CONFIGURATION * _BYTES_OF_A_CHARACTER + 1)
        if len(content) <= LARGEST_CONFIGURATION * _BYTES_OF_A_CHARACTER:
            return Source(name, content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
        message, help = too_large(), "split it by client"
    except NotAFileError as error:
        message, help = f"no file but {error}", "put the file itself there"
    except FileNotFoundError:
        message, help = f"there is no {FILE_NAME} here", "run `tieout init`, or name the client's folder"
    except UnicodeDecodeError as error:
        message, help = f"not UTF-8 from byte {error.start + 1} on", "save the file as UTF-8"
    except OSError as error:
        message, help = f"cannot be read: {error.strerror}", "look at the file and its permissions"
    diagnostics.error("C001", message, Span(Source(name, ""), 0, 0), help)
    return None


def _report(problem: Any, document: Document, diagnostics: Diagnostics) -> None:
    """Record one finding of the model at the place it speaks of, in words for people."""
    place = _place(problem["loc"], document)
    kind, context = problem["type"], problem.get("ctx", {})
    field = str(problem["loc"][-1]) if problem["loc"] else FILE_NAME
    if kind == "extra_forbidden":
        known = _known_keys(problem["loc"])
        close = get_close_matches(field, known, 1)
        help = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        diagnostics.error("C002", f"unknown key `{field}`", document.place(place, of_key=True), help)
        return
    if kind == "value_error":
        message = str(context["error"])
    elif kind in _WORDS:
        words = {"field": field, "input": problem["input"], **context}
        message = _WORDS[kind].format(**words)
    else:
        message = f"`{field}`: {problem['msg'].lower()}"
    diagnostics.error("C002", message, document.place(place))


def _place(loc: tuple[int | str, ...], document: Document) -> Place:
    """The path of a finding in the text, leaving out steps that the model has and the text has not."""
    place: Place = ()
    for step in loc:
        inner = (*place, step)
        if inner in document.values:
            place = inner
    return place


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the model knows beside the last step of a finding's path."""
    model: type[BaseModel] = Client
    for step in loc[:-1]:
        for field in model.model_fields.values():
            inner = _section(field.annotation)
            if field.alias == step and inner is not None:
                model = inner
                break
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _section(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation such as `tuple[Feed, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part)) is not None), None)
