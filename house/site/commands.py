"""The page of the command: each subcommand with its help and its options, as the command itself has them."""

from __future__ import annotations

import re
from typing import Any

import typer

from evaluation.cli.command import app


def commands_page() -> str:
    """Write the page in Markdown."""
    group: Any = typer.main.get_command(app)
    context = typer.Context(group, info_name="steered-env")
    lines = ["# The command", "", "```console", "$ steered-env COMMAND --help", "```", "", group.help, ""]
    lines += ["| command | what it does |", "| --- | --- |"]
    for name, command in group.commands.items():
        lines.append(f"| [`steered-env {name}`](#steered-env-{name}) | {command.get_short_help_str(200)} |")
    lines += ["", "Before the command:", "", *_options(group, context)]
    for name, command in group.commands.items():
        inner = typer.Context(command, info_name=name, parent=context)
        usage = " ".join(command.collect_usage_pieces(inner))
        lines += ["", f"(steered-env-{name})=", f"## steered-env {name}", ""]
        lines += [
            "```console",
            f"$ steered-env {name} {usage}",
            "```",
            "",
            _prose(command.help),
            "",
            *_options(command, inner),
        ]
    return "\n".join(lines) + "\n"


def _options(command: Any, context: typer.Context) -> list[str]:
    """A definition list: what is typed, then what it does."""
    lines = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            typed, text = record
            lines += [f"`{' '.join(typed.split())}`", f": {_prose(' '.join(text.split())) or 'see above'}", ""]
    return lines


def _prose(text: str) -> str:
    """Mark the options that a text names as code."""
    return re.sub(r"(?<![\w`-])--?[a-z][\w-]*", r"`\g<0>`", text)
