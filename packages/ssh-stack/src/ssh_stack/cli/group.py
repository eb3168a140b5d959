"""The commands of `ssh-stack`, as click has them."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from ssh_stack.cli import COMMANDS, PROGRAMS
from ssh_stack.cli.raw_command import RawCommand
from ssh_wire import lazy

__all__ = ["group"]


class _LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in PROGRAMS:
            return _program(cmd_name)
        module = import_module(f"ssh_stack.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _program(name: str) -> click.Command:
    """Return a command that is a program without click otherwise."""

    @click.pass_context
    def call(ctx: click.Context) -> None:
        sys.exit(lazy.load(PROGRAMS[name])(ctx.args))

    return RawCommand(name, callback=call, help=COMMANDS[name], add_help_option=False)


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ssh-stack", prog_name="ssh-stack")
def group() -> None:
    """SSH for Python: client, server and file transfer."""
