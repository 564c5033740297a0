"""Render the templates of cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from evaluation.results import markdown_table


def render(template: str, **values: Any) -> str:
    """Fill a template of this folder with values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        short="{:g}".format, thousands="{:,}".format, percent="{:.1%}".format, markdown=markdown_table
    )
    return environment.get_template(template).render(**values)
