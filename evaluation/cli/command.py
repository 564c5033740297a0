"""The ``steered-env`` command."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from evaluation.results import print_what_can_be_printed, terminal
from steered_env import __version__
from steered_env.provenance import commit_described
from steered_env.simulator import load_maze_images_alone
from steered_env.system import MissingExtraError, stopped_at_once

from .card import card
from .field import field
from .play import play
from .policies import policies
from .reproduce import reproduce
from .runs import runs
from .table import table
from .train import train
from .video import video

_err = terminal(stderr=True)
_TRACEBACK = "--traceback"


class _Commands(TyperGroup):
    """The commands; one that is interrupted ends with a line that says what is kept."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take ``--traceback`` wherever it stands, behind the name of a command too."""
        if _TRACEBACK in args:
            args = [_TRACEBACK, *(word for word in args if word != _TRACEBACK)]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the line names."""
        try:
            with stopped_at_once(_kept_by_any, command=True):
                return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            if message := str(stopped):
                _err.print(message, highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(130) from None


class _Command(TyperCommand):
    """A command that takes each option once, but for those that may be repeated."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an option that is given twice, of which the last would count without a word."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            if option.param_type_name == "option" and not option.multiple and given.count(option) > 1:
                raise typer.BadParameter(f"{option.opts[0]} is given more than once, but holds one value", ctx)
        return super().parse_args(ctx, args)


def _kept_by_any() -> str:
    return "no file is half-written; the same command begins anew, or goes on with what is in its folder"


app = typer.Typer(
    cls=_Commands,
    name="steered-env",
    help="Steer a maze-solving mouse without training: tables, films, vector fields, and the post's claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"steered-env {__version__}, {commit_described('steered_env', 'evaluation')}")
        raise typer.Exit


@app.callback()
def _options(
    traceback: Annotated[bool, typer.Option(help="On an error show where it came from.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and the commit, and end."
        ),
    ] = False,
) -> None:
    _Show.traceback = traceback
    load_maze_images_alone()


class _Show:
    traceback = False


for _command in (play, table, video, field, train, reproduce, card, runs, policies):
    app.command(cls=_Command)(_command)


def main() -> None:
    """Run the command; an error is one clear line and a non-zero exit."""
    print_what_can_be_printed()
    try:
        app()
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError, OverflowError, MissingExtraError) as error:
        if _Show.traceback:
            raise
        _err.print(f"error: {error or 'not enough memory'}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        _err.print("interrupted")
        sys.exit(130)
