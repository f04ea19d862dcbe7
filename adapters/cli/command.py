"""How every command is declared: its name, an example in its help, `--format`, and where it needs one, `--client`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from adapters.cli.terminal import Terminal

Function = TypeVar("Function", bound=Callable[..., Any])

EXISTING_OR_NOT = click.Path(path_type=Path)
"""A path; whether something is there is said by the command, in its own words."""


class Day(click.DateTime):
    """A day as options take it, written year-month-day."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The midnight a day begins with; a usage error that shows how a day is written."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"`{value}` is no day; write one like 2026-01-31", param, ctx)


DAY = Day()


class InOrder(click.Group):
    """A group that lists its commands in the order they were added: that of a user's day."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The names of the commands."""
        return list(self.commands)


def command(name: str, *examples: str) -> Callable[[Callable[..., int]], click.Command]:
    """Make a function a command that takes the Terminal first and answers its exit code."""

    def declare(function: Callable[..., int]) -> click.Command:
        epilog = "\b\nExample:\n" + "\n".join(f"  {one}" for one in examples)
        return click.command(name, epilog=epilog)(_format_option(click.pass_obj(function)))

    return declare


def client_option(function: Function) -> Function:
    """`--client FOLDER`, as a Path named `client`."""
    option = click.option(
        "--client",
        type=EXISTING_OR_NOT,
        default=Path(),
        metavar="FOLDER",
        help="The client's folder, with client.yaml in it; by default the folder you are in.",
    )
    return option(function)


def _format_option(function: Function) -> Function:
    option = click.option(
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        is_eager=True,
        expose_value=False,
        callback=_choose_format,
        help="How the result is given; by default as text.",
    )
    return option(function)


def _choose_format(context: click.Context, _: click.Parameter, value: str) -> None:
    context.ensure_object(Terminal).wants_json = value == "json"
