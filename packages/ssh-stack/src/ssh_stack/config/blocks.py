"""Configuration files as a list of lines, each with the conditions it stands under."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from ssh_stack.config.criteria import Condition, parse_condition
from ssh_stack.config.lines import Line, parse_line
from ssh_stack.errors import ConfigError

if TYPE_CHECKING:
    from ssh_stack.config.resolve import HostConfig

__all__ = ["Conditional", "Config", "load_config"]

_MAX_DEPTH: Final = 16
_MAX_SIZE: Final = 1 << 20
_MAX_LINES: Final = 100_000
_USER_FILE: Final = "~/.ssh/config"
_SYSTEM_FILE: Final = "/etc/ssh/ssh_config"


@attrs.frozen
class Conditional:
    """A line, and the Host and Match lines that it stands under."""

    line: Line
    """The line."""
    conditions: tuple[Condition, ...]
    """All of them must hold."""


@attrs.frozen
class Config:
    """Parsed configuration, in the order in which values are looked for."""

    lines: tuple[Conditional, ...] = ()

    @classmethod
    def parse(cls, text: str | Sequence[str], source: str = "option") -> Config:
        """Parse configuration text, or lines as `ssh -o` takes them.

        Raises:
            ConfigError: a line cannot be used.
        """
        reader = _Reader(Path("~/.ssh").expanduser())
        rows = text.splitlines() if isinstance(text, str) else text
        return cls(tuple(reader.read_rows(rows, source, ())))

    def then(self, other: Config) -> Config:
        """Return this configuration with another behind it."""
        return Config(self.lines + other.lines)

    def resolve(
        self, host: str, *, user: str | None = None, port: int | None = None
    ) -> HostConfig:
        """Return the options for a host.

        Args:
            host: the name as the user wrote it.
            user: the user that was asked for, which the configuration does not change.
            port: the port that was asked for.

        Raises:
            ConfigError: a line that is for this host has a value that cannot be used.
        """
        from ssh_stack.config.resolve import resolve  # noqa: PLC0415 (it imports this module)

        return resolve(self, host, user=user, port=port)


def load_config(
    paths: Sequence[str | os.PathLike[str]] | None, options: Sequence[str] = ()
) -> Config:
    """Read configuration files; `options` are lines that go before them.

    Args:
        paths: the files; None stands for ~/.ssh/config and the system's, which need not exist.
        options: lines as `ssh -o` takes them.

    Raises:
        ConfigError: a line cannot be used, or a file is not a regular file within the limits.
        OSError: a file that was named cannot be read.
    """
    config = Config.parse(options)
    if paths is not None:
        for path in paths:
            config = config.then(_read(Path(path).expanduser(), Path("~/.ssh").expanduser()))
        return config
    for name, base in ((_USER_FILE, "~/.ssh"), (_SYSTEM_FILE, "/etc/ssh")):
        path = Path(name).expanduser()
        if path.is_file():
            config = config.then(_read(path, Path(base).expanduser()))
    return config


def _read(path: Path, base: Path) -> Config:
    return Config(tuple(_Reader(base).read_file(path, ())))


class _Reader:
    """Reads lines, follows Include, and keeps count."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._depth = 0
        self._lines = 0

    def read_file(self, path: Path, outer: tuple[Condition, ...]) -> Iterator[Conditional]:
        source = str(path)
        # opened without waiting for a writer, and looked at through the descriptor
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor)
            if not path.is_file():
                problem = "is not a regular file"
                raise ConfigError(problem, source)
            data = file.read(_MAX_SIZE + 1)
        if len(data) > _MAX_SIZE:
            problem = f"is larger than {_MAX_SIZE} bytes"
            raise ConfigError(problem, source)
        text = data.decode("utf-8", "surrogateescape")
        yield from self.read_rows(text.split("\n"), source, outer)

    def read_rows(
        self, rows: Sequence[str], source: str, outer: tuple[Condition, ...]
    ) -> Iterator[Conditional]:
        conditions = outer
        for number, row in enumerate(rows, 1):
            line = parse_line(row, source, number)
            if line is None:
                continue
            self._lines += 1
            if self._lines > _MAX_LINES:
                problem = f"more than {_MAX_LINES} lines of configuration"
                raise ConfigError(problem, source, number)
            if line.keyword in {"host", "match"}:
                # a block ends where the next begins; an included one stays inside its own
                conditions = (*outer, parse_condition(line))
            elif line.keyword == "include":
                yield from self._include(line, conditions)
            else:
                yield Conditional(line, conditions)

    def _include(self, line: Line, conditions: tuple[Condition, ...]) -> Iterator[Conditional]:
        if self._depth >= _MAX_DEPTH:
            problem = f"nests deeper than {_MAX_DEPTH} files"
            raise line.error(problem)
        self._depth += 1
        try:
            for pattern in line.arguments:
                full = self._base / Path(pattern).expanduser()
                for name in sorted(glob.glob(str(full))):  # noqa: PTH207 (an absolute pattern)
                    yield from self.read_file(Path(name), conditions)
        finally:
            self._depth -= 1
