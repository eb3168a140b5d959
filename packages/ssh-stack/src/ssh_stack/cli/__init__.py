"""The program `ssh-stack`: one command, its parts loaded when they are called.

ssh        the client, with the options of OpenSSH's
cp         copies files and trees over SFTP
sftp       the files of a server, with the commands of OpenSSH's sftp
serve      a server for the current user
keygen     keys, certificates, signatures and trust files, with ssh-keygen's letters
keyscan    the public host keys of servers
add        the keys of the agent, with ssh-add's letters
agent      the agent itself: the program of ssh_agent
completion what makes a shell complete words
demo       both sides on this machine, everything tried once
dissect    what went over the wire, as text

programs                the commands under the names of OpenSSH's programs
group                   the commands, as click has them
quick                   from the words to the end of the process, without click
raw_command             commands that read their words by themselves
runner                  from a coroutine to an exit status: signals, failures, one clear line
errors                  the line of each failure
command_exit            a command that ends early, and the status of failures
standard_streams        the descriptors 0, 1 and 2
report                  what is printed on standard error, and how much of it
host_key_warnings       the warnings of ssh about host keys
usage, program_usage    what `--help` prints of the commands that read their words themselves
program                 the name that the program was called by
arguments               OpenSSH's command line, read as its getopt reads it
ssh_letters             the letters of ssh: what each becomes; ssh_usage prints them
letter_values           those that do more than set one configuration line
call                    what one call of ssh does once it is connected
session                 one call of ssh, from the connection to the exit status
forwards                forwards: opened, listed, cancelled
background              -f
escapes                 the escape character: a state machine
interaction             what the escape sequences do
command_line            the command line of the escape C
detach                  the escape &
queries, print_config   -Q and -G
connect_from_arguments  from options to a connection
tracing                 what -v, -vv and -vvv print of it
prompts                 questions to the user at the terminal
askpass                 questions to the user by the program of SSH_ASKPASS
terminal                raw mode, window size, terminal modes
descriptors             descriptors of other programs, read and written without changing them
relay                   a remote process joined to those
letters                 the letters that sftp and cp give on to ssh
sftp_session            SFTP over a connection of our own, or over a program's streams
suggestions             what a word of a command may become, for a shell
known_names             the hosts of the user's files, for that
copy_options            the command line of `cp`
copy_job                one call of `cp`: connections, and one source after the other
copy_result             what it did
locations               what `cp` copies from and to
progress                its progress on a terminal
demonstration           the steps of `demo`
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from ssh_wire import lazy

__all__ = ["COMMANDS", "PROGRAMS", "main"]

COMMANDS: Final = {
    "ssh": "Connect and run a command or a shell, as OpenSSH's ssh does.",
    "cp": "Copy files and trees; either side may be remote.",
    "sftp": "Work with the files of a server, as OpenSSH's sftp does.",
    "serve": "Serve commands, shells and files as the current user.",
    "keygen": "Make, show, convert, certify and revoke keys, as OpenSSH's ssh-keygen does.",
    "keyscan": "Gather the public host keys of servers, as OpenSSH's ssh-keyscan does.",
    "add": "Add, list and remove the keys of the agent, as OpenSSH's ssh-add does.",
    "agent": "Hold private keys and sign with them, as OpenSSH's ssh-agent does.",
    "completion": "Print what makes a shell complete the words of these commands.",
    "demo": "Try everything once, on this machine alone.",
    "dissect": "Show what went over the wire: hex, streams and capture files.",
}
"""The commands, and what each is for."""

PROGRAMS: Final = {
    "ssh": "ssh_stack.cli.ssh:main",
    "cp": "ssh_stack.cli.cp:main",
    "sftp": "ssh_stack.cli.sftp:main",
    "keygen": "ssh_stack.cli.keygen:main",
    "keyscan": "ssh_stack.cli.keyscan:main",
    "add": "ssh_stack.cli.add:main",
    "agent": "ssh_agent.program:main",
}
"""The commands that read their words themselves: functions that return the exit status."""


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the program, and end it with its exit status.

    Args:
        words: the words of the command line; by default those of the process.
    """
    name, *rest = (sys.argv[1:] if words is None else words) or [""]
    if name in PROGRAMS:
        from ssh_stack.cli.quick import run_quickly

        run_quickly(lazy.load(PROGRAMS[name]), rest)
    from ssh_stack.cli.group import group  # click costs a third of a start

    group(words, prog_name="ssh-stack")
    raise SystemExit
