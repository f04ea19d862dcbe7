"""A company in a folder of its own, with the files people delivered to it, and `tieout` run on it as a user would."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from adapters.cli.main import main
from adapters.client.config import Feed
from adapters.client.loader import FILE_NAME

RULESETS = Path(__file__).resolve().parent.parent / "rulesets"

Table = list[list[str]]
"""A table of a feature: its heading, then its rows."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: exit code, and what it gave as JSON."""

    code: int
    values: Any

    @property
    def problems(self) -> str:
        """What the command said was wrong, in one text."""
        return "; ".join(one["message"] for one in self.values.get("problems", ()))


@dataclass(frozen=True, slots=True)
class Company:
    """A company: its folder with `client.yaml`, incoming files and books, and its feeds by name."""

    folder: Path
    feeds: dict[str, Feed]

    @classmethod
    def found(cls, folder: Path, kind: str, policy: str) -> Company:
        """A company of one kind (a folder beside the features) that closes by one of the rulesets there."""
        (folder / "incoming").mkdir(parents=True)
        described = (RULESETS / kind / FILE_NAME).read_text("utf-8")
        ruleset = json.dumps(str(ruleset_path(kind, policy)))
        (folder / FILE_NAME).write_text(f"ruleset: {ruleset}\n{described}", "utf-8")
        return cls(folder, _feeds(kind))

    def deliver(self, words: str, table: Table) -> Path:
        """Put a table into the incoming folder as a file of the feed of that name; columns left out are empty."""
        name = dashed(words)
        assert name in self.feeds, f"no feed is called {name}; there are {', '.join(self.feeds)}"
        feed = self.feeds[name]
        heading, *rows = table
        unknown = set(heading) - set(feed.source_columns)
        assert not unknown, f"{words} have no {', '.join(sorted(unknown))}; they have {', '.join(feed.source_columns)}"
        text = io.StringIO()
        writer = csv.DictWriter(text, feed.source_columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(dict(zip(heading, row, strict=True)) for row in rows)
        number = len(list((self.folder / "incoming").iterdir())) + 1
        path = self.folder / "incoming" / f"{feed.name}_{number}.csv"
        path.write_text(text.getvalue(), "utf-8")
        return path

    def tieout(self, *arguments: str) -> Outcome:
        """Run one command on the company's folder."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*arguments, "--client", str(self.folder), "--format", "json"])
        assert not err.getvalue()
        return Outcome(code, json.loads(out.getvalue()))


@cache
def _feeds(kind: str) -> dict[str, Feed]:
    described = yaml.safe_load((RULESETS / kind / FILE_NAME).read_text("utf-8"))
    return {one["name"]: Feed.model_validate(one) for one in described["feeds"]}


def ruleset_path(kind: str, policy: str) -> Path:
    """Where a kind of company has the ruleset of a policy."""
    return RULESETS / kind / f"{dashed(policy)}.tieout"


def dashed(words: str) -> str:
    """Words as one name."""
    return words.replace(" ", "-")
