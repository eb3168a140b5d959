"""Configuration files as lists of lines; which of them are for a host is found out later."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from ssh_keys import KeyFormatError
from ssh_stack.config.without_lines import host_config_without_lines
from ssh_stack.local.user import expand_home
from ssh_stack.usage_errors import ConfigError
from ssh_wire import UsageError, lazy, lazy_attrs

if TYPE_CHECKING:
    import pathlib
    from pathlib import Path

    from ssh_stack.config import lines as config_lines
    from ssh_stack.config.host_config import HostConfig
    from ssh_stack.config.lines import Line
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms
    # rarely used
    config_lines = lazy.module("ssh_stack.config.lines")

__all__ = ["Config", "Source", "included", "load_config"]

_MAX_SIZE: Final = 1 << 20
_USER_FILE: Final = "~/.ssh/config"
_USER_FOLDER: Final = "~/.ssh"
_SYSTEM_FILE: Final = "/etc/ssh/ssh_config"
_SYSTEM_FOLDER: Final = "/etc/ssh"
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@lazy_attrs.frozen
class Source:
    """The lines of one file, or of options."""

    lines: tuple[Line, ...]
    """Its lines, without blank ones and comments."""
    folder: str = _USER_FOLDER
    """What the relative paths of its Include lines begin with."""
    options: bool = False
    """Whether the lines are options of a command line, which have no blocks."""

    @property
    def users(self) -> bool:
        """Whether it is a file of the user, and none of the system."""
        return self.folder == _USER_FOLDER


@lazy_attrs.frozen(eq=False)
class Config:
    """Parsed configuration, in the order in which values are looked for.

    Included files are read when a host is resolved, each once.
    """

    sources: tuple[Source, ...] = ()
    """The options and files."""
    _included: dict[tuple[Path, str], Source | None] = lazy_attrs.field(factory=dict[Any, Any])

    @classmethod
    def parse(cls, text: str | Sequence[str], source: str = "option") -> Config:
        """Parse configuration text, or lines as `ssh -o` takes them.

        Raises:
            ConfigError: a line cannot be used.
        """
        if isinstance(text, str):
            return cls((Source(_lines(text.split("\n"), source)),))
        rows = [config_lines.parse_line(row, source, 0) for row in text]
        return cls((Source(tuple(row for row in rows if row), options=True),))

    def then(self, other: Config) -> Config:
        """Return this configuration with another behind it."""
        return Config(self.sources + other.sources)

    def resolve(
        self,
        host: str,
        *,
        user: str | None = None,
        port: int | None = None,
        command: str = "",
        session_type: Literal["none", "subsystem"] | None = None,
    ) -> HostConfig:
        """Return the options for a host.

        Args:
            host: the name as the user wrote it.
            user: the user that was asked for, which the configuration does not change.
            port: the port that was asked for.
            command: the command that will be run, or the subsystem (`Match command`).
            session_type: what will be started, where it is neither a command nor a shell
                (`Match sessiontype`); it decides before the configuration's SessionType.

        Raises:
            ConfigError: a line has a keyword that is not known, or a value that cannot be
                used; or a file that a line includes cannot be read.
        """
        if session_type is None and not any(source.lines for source in self.sources):
            return host_config_without_lines(host)
        from ssh_stack.config.resolve import Request, resolve  # it imports this module

        return resolve(self, Request(host, user, port, command, session_type))

    def include(self, path: Path, folder: str, line: Line) -> Source | None:
        """Return an included file; None where there is none.

        Raises:
            ConfigError: it cannot be read, or others may write to it.
        """
        key = (path, folder)
        if key not in self._included:
            try:
                self._included[key] = _read(path, folder, checked=True)
            except FileNotFoundError:  # a link to nothing, or deleted since
                self._included[key] = None
            except OSError as error:
                problem = f"includes {path}, which cannot be read: {error.strerror}"
                raise line.error(problem) from error
        return self._included[key]


def load_config(
    paths: Sequence[str | os.PathLike[str]] | None, options: Sequence[str] = ()
) -> Config:
    """Read configuration files; `options` are lines that go before them.

    Args:
        paths: the files; None stands for ~/.ssh/config and the system's, which need not exist.
        options: lines as `ssh -o` takes them.

    Raises:
        ConfigError: a line cannot be used, or a file is a directory, or too large,
            or others may write to ~/.ssh/config.
        OSError: a file that was named cannot be read.
    """
    config = Config.parse(options)
    if paths is not None:
        for path in paths:
            config = config.then(Config((_read(expand_home(path), _USER_FOLDER, named=True),)))
        return config
    for name, folder in ((_USER_FILE, _USER_FOLDER), (_SYSTEM_FILE, _SYSTEM_FOLDER)):
        try:
            path = expand_home(name)
            source = _read(path, folder, checked=folder == _USER_FOLDER)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except UsageError as error:
            if isinstance(error, ConfigError):
                raise
            continue  # a user without a home directory has no file in it
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
            raise ConfigError(problem, str(error.filename)) from error
        config = config.then(Config((source,)))
    return config


def included(pattern: str, source: Source, line: Line) -> list[Path]:
    """Return the files that an argument of Include names, in the order in which they count.

    Raises:
        ConfigError: a file of the system names one below a home directory.
    """
    if pattern.startswith("~") and not source.users:
        problem = f"names {pattern!r}: files of the system include none of a user"
        raise line.error(problem)
    try:
        full = expand_home(pattern) if pattern.startswith("~") else pathlib.Path(pattern)
        if not full.is_absolute():
            full = expand_home(source.folder) / full
    except UsageError as error:
        problem = f"names {pattern!r}: {error}"
        raise line.error(problem) from None
    import glob

    found = glob.glob(_as_fnmatch(str(full)))  # noqa: PTH207 (an absolute pattern)
    return [pathlib.Path(name) for name in sorted(found, key=os.fsencode)]


def _as_fnmatch(pattern: str) -> str:
    """Return a pattern of glob(7) in Python's spelling: negation and escapes differ."""
    parts = pattern.replace("[^", "[!").split("\\")
    return parts[0] + "".join(f"[{part[0]}]{part[1:]}" if part else "\\" for part in parts[1:])


def _read(path: Path, folder: str, *, checked: bool = False, named: bool = False) -> Source:
    """Read a file; `checked` refuses one that others may write to, as OpenSSH does."""
    from ssh_keys.files import read_file  # where there is a file

    source = str(path)
    try:
        data = read_file(path, _MAX_SIZE, check=_check_owner if checked else None)
    except KeyFormatError as error:
        if path.is_dir() and not named:
            if checked:
                _check_owner(path.stat(), source)
            return Source((), folder)  # for OpenSSH it is a file without lines
        problem = str(error).removeprefix(f"{source} ")
        raise ConfigError(problem, source) from None
    return Source(_lines(_text(data, source), source), folder)


def _text(data: bytes, source: str) -> list[str]:
    if data.startswith(_MARKS):
        problem = "begins with a byte order mark, which ssh does not take: save it without one"
        raise ConfigError(problem, source, 1)
    return data.decode("utf-8", "surrogateescape").split("\n")


def _check_owner(status: os.stat_result, source: str) -> None:
    others = stat.S_IWGRP | stat.S_IWOTH
    if status.st_uid not in {0, os.getuid()} or status.st_mode & others:
        problem = "bad owner or permissions: others may write to it (chmod go-w)"
        raise ConfigError(problem, source)


def _lines(rows: Sequence[str], source: str) -> tuple[Line, ...]:
    lines = (config_lines.parse_line(row, source, number) for number, row in enumerate(rows, 1))
    return tuple(line for line in lines if line is not None)
