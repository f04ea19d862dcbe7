"""Pages as one self-contained HTML file that prints on A4: no scripts, no fonts or pictures from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from adapters.report.blocks import Page, Table
from adapters.report.charts import Picture
from adapters.report.layout import pieces
from adapters.report.text import WIDTH
from adapters.wording import visible

TEMPLATES = Path(__file__).parent / "templates"


def page_html(page: Page, annexes: tuple[Table, ...] = (), pictures: tuple[Picture, ...] = ()) -> str:
    """A page, the pictures that go with it, and tables that go on paper behind it."""
    template = _environment().get_template("page.html.j2")
    return template.render(page=page, annexes=annexes, pictures=pictures)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["visible"] = visible
    environment.filters["form"] = lambda block: type(block).__name__
    environment.filters["parts"] = lambda table: [piece.columns for piece in pieces(table, WIDTH)]
    return environment
