"""Commands that read their words by themselves, as click knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["RawCommand"]


class RawCommand(click.Command):
    """A command that reads its words by itself, in the manner of another program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words as they are."""
        ctx.args = list(args)
        return ctx.args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what a word may become, for a shell."""
        from ssh_stack.cli.suggestions import suggestions  # only when a shell asks

        return suggestions(self.name or "", ctx.args, incomplete)
