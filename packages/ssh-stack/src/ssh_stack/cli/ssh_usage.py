"""What `ssh-stack ssh --help` prints, drawn from the table of letters."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from ssh_stack.cli.program import command_name
from ssh_stack.cli.ssh_letters import LETTERS, SECTIONS
from ssh_stack.cli.usage import render

if TYPE_CHECKING:
    from ssh_stack.cli.usage import Rows

__all__ = ["ssh_help", "ssh_usage"]

_SSH_END: Final = (
    "Exit status: that of the command; 255 for an error of the connection. "
    "Keys at the start of a line in a terminal: ~. ends the connection, ~? lists the others."
)
_SSH_EXAMPLES: Final[Rows] = (
    ("ssh-stack ssh me@host", "A shell."),
    ("ssh-stack ssh host 'tar c data' | tar x", "A command, with its streams and exit status."),
    ("ssh-stack ssh -L 8080:localhost:80 -N host", "Reach the host's port 80 at port 8080."),
    ("ssh-stack ssh -J gate inner", "Go through another host."),
    ("ssh-stack ssh -G host", "What the configuration comes to for a host."),
    ("ssh-stack ssh -v host true", "Find out why a login fails."),
    ("GIT_SSH_COMMAND='ssh-stack ssh' git fetch", "Serve another program."),
)


def ssh_usage() -> str:
    """Return the letters of `ssh-stack ssh`, as its usage has them."""
    rows = [row for row in LETTERS.values() if row.works and row.section]
    flags = "".join(sorted(row.name for row in rows if not row.value))
    words = [f"[-{flags}]", *(f"[-{row.name} {row.value}]" for row in rows if row.value)]
    words = [word.replace(" ", "\0") for word in words]  # an option stays with its value
    text = " ".join([*words, "destination", "[command\0…]"])
    head = f"usage: {command_name('ssh')} "
    lines = textwrap.wrap(text, 72, break_long_words=False, break_on_hyphens=False)
    joint = f"\n{' ' * len(head)}"
    return f"{head}{joint.join(lines)}\n".replace("\0", " ")


def ssh_help() -> str:
    """Return what `ssh-stack ssh --help` says."""
    sections: dict[str, Rows] = {
        title: [
            (f"-{row.name} {row.value}".rstrip(), row.help)
            for row in LETTERS.values()
            if row.section == title
        ]
        for title in SECTIONS
    }
    where = sections[SECTIONS[0]]
    sections[SECTIONS[0]] = [
        ("destination", "[user@]host or ssh://[user@]host[:port]; a name of the configuration."),
        ("command …", "What to run there; without it a shell."),
        *where,
    ]
    sections["Help"] = [("-h, --help", "Print this, and end.")]
    sections["Examples"] = _SSH_EXAMPLES
    return render(ssh_usage(), sections, _SSH_END)
