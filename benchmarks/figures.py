"""The table of what is measured."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from benchmarks.task import Operation

Kind = Literal["bulk", "tree", "small"]

TREE_FILES: Final = 2000
TREE_FILE_SIZE: Final = 1024


@attrs.frozen
class Figure:
    """One row of the result."""

    name: str
    """Its name on the command line and in JSON."""
    title: str
    """What it is, for people."""
    kind: Kind
    """Streams of bytes, a tree of files, or something small that is done many times."""
    operation: Operation
    """What the clients are told to do."""
    count: int = 1
    """How often a small thing is done in one measurement."""
    discards: bool = False
    """Whether the bytes go to /dev/null rather than into a file."""
    jump: bool = False
    """Whether the server is reached through a jump host."""
    openssh: str = ""
    """What OpenSSH's client does, where that is not the same thing."""


FIGURES: Final = (
    Figure("get", "SFTP get, one file", "bulk", "get"),
    Figure("get-null", "SFTP get, discarded", "bulk", "get", discards=True),
    Figure("put", "SFTP put, one file", "bulk", "put"),
    Figure("put-null", "SFTP put, server discards", "bulk", "put", discards=True),
    Figure("stdout", "exec, standard output", "bulk", "stdout"),
    Figure("stdin", "exec, standard input", "bulk", "stdin"),
    Figure("jump-stdout", "exec, standard output, one jump", "bulk", "stdout", jump=True),
    Figure("jump-stdin", "exec, standard input, one jump", "bulk", "stdin", jump=True),
    Figure("tree-get", f"SFTP get, {TREE_FILES:,} files of 1 KiB", "tree", "get_tree"),
    Figure("tree-put", f"SFTP put, {TREE_FILES:,} files of 1 KiB", "tree", "put_tree"),
    Figure("connect", "connect and log in", "small", "connect", 10, openssh="a process each"),
    Figure("exec", "a command, connection open", "small", "exec", 30, openssh="multiplexed"),
    Figure("fresh", "a command, new process", "small", "fresh"),
    Figure("import", "import what connecting needs", "small", "modules"),
)


def chosen(names: list[str]) -> tuple[Figure, ...]:
    """The figures of these names, or all of them where none is given."""
    return tuple(figure for figure in FIGURES if not names or figure.name in names)
