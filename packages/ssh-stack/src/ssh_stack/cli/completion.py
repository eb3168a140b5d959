"""`ssh-stack completion`: what makes a shell complete the words of the commands."""

from __future__ import annotations

import click

__all__ = ["completion"]

_PROGRAM = "ssh-stack"
_VARIABLE = "_SSH_STACK_COMPLETE"


_HELP = """\
\b
bash   eval "$(ssh-stack completion bash)"      in ~/.bashrc
zsh    eval "$(ssh-stack completion zsh)"       in ~/.zshrc
fish   ssh-stack completion fish | source       in ~/.config/fish/config.fish

Hosts come from ssh_config and known_hosts; the names that are hashed there cannot be read.
"""


@click.command(epilog=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete the words of these commands."""
    from click.shell_completion import get_completion_class  # one command only

    from ssh_stack.cli.group import group

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(group, {}, _PROGRAM, _VARIABLE).source())
