"""`octavo`: the group of all commands, and how errors are told."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import IO

import click

from octavo import __version__
from octavo.cli import (
    accounts,
    callbacks,
    campaigns,
    contacts,
    demo,
    prices,
    routes,
    sandbox,
    server,
    verify,
    wallets,
)
from octavo.cli.output import one_line
from octavo.kit.errors import OctavoError, Refusal

AS_JSON = "octavo.json"
"""In a context: whether `--json` was asked for."""


class Octavo(click.Group):
    """Tells what goes wrong in one line, with `--json` as JSON: exit code 2 for wrong usage, 1 for
    the rest.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Notes how errors are to be told before anything can go wrong."""
        ctx.meta[AS_JSON] = "--json" in takewhile(lambda word: word != "--", args)
        with _told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Runs a command."""
        with _told(ctx), _in_words():
            return super().invoke(ctx)


class JsonError(click.ClickException):
    """An error told as one line of JSON on the error output."""

    def show(self, file: IO[str] | None = None) -> None:
        """Prints it."""
        told = {"error": self.message, "exit_code": self.exit_code}
        click.echo(json.dumps(told, ensure_ascii=False), file=file, err=file is None)


class JsonUsageError(JsonError):
    """The same of wrong usage."""

    exit_code = click.UsageError.exit_code


@contextmanager
def _told(ctx: click.Context) -> Iterator[None]:
    """Errors as the caller wants to read them."""
    try:
        yield
    except click.ClickException as error:
        if not ctx.meta[AS_JSON]:
            raise
        kind = JsonUsageError if isinstance(error, click.UsageError) else JsonError
        raise kind(one_line(error.format_message())) from error


@contextmanager
def _in_words() -> Iterator[None]:
    """Errors of ours and of the machine as errors of a command."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OctavoError as error:
        raise click.ClickException(one_line(words(error))) from error
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise click.ClickException(one_line(f"{error.strerror or error}{place}")) from error
    except sqlite3.Error as error:
        raise click.ClickException(one_line(f"the database: {error}")) from error


def words(error: OctavoError) -> str:
    """What an error says."""
    if isinstance(error, Refusal):
        from octavo.api.errors import render

        return render(error, None)["message"]
    return str(error)


@click.group(cls=Octavo, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="octavo")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Octavo: a campaign server that speaks the public Octopush HTTP API.

    Settings come from OCTAVO_* variables and octavo.toml; everything lives in OCTAVO_DATA_DIR.
    """
    # What people are written is nobody else's to read, so what we make is its owner's alone.
    umask = os.umask(0o077)
    ctx.call_on_close(lambda: os.umask(umask))


for command in (
    server.up,
    server.api,
    server.worker,
    demo.demo,
    server.migrate,
    verify.verify,
    accounts.account,
    wallets.wallet,
    prices.price,
    routes.route,
    campaigns.campaign,
    contacts.contacts,
    callbacks.callback,
    sandbox.sandbox,
):
    cli.add_command(command)


def main() -> None:
    """Runs the command line of this process."""
    cli(prog_name="octavo")
