"""`octavo`: the group of all commands, and how errors are told."""

import os
import sqlite3

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


class Octavo(click.Group):
    """Tells what goes wrong in one line: exit code 2 for wrong usage, 1 for the rest."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs a command."""
        try:
            return super().invoke(ctx)
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
