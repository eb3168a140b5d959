"""The names of hosts that the user's files have, for the completion of a word."""

from __future__ import annotations

from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Final

from ssh_stack.config.lines import parse_line
from ssh_stack.local.user import expand_home
from ssh_wire import SSHError

__all__ = ["host_names"]

_CONFIGS: Final = ("~/.ssh/config", "/etc/ssh/ssh_config")
_KNOWN_HOSTS: Final = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts")
_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_FILES: Final = 64
_PATTERN: Final = frozenset("*?!")


def host_names() -> list[str]:
    """Return the hosts of ssh_config and of known_hosts, sorted; hashed names stay unknown."""
    found = set[str]()
    for path in map(expand_home, _CONFIGS):
        found.update(_configured(path, path.parent, set()))
    for path in map(expand_home, _KNOWN_HOSTS):
        found.update(_known(path))
    return sorted(name for name in found if name.isprintable() and not _PATTERN & set(name))


def _configured(path: Path, folder: Path, seen: set[Path]) -> Iterator[str]:
    """Iterate over the names behind `Host`, those of included files too.

    Args:
        path: the file.
        folder: where included files are whose names are relative.
        seen: the files that were read.
    """
    if path in seen or len(seen) >= _MOST_FILES:
        return
    seen.add(path)
    for number, text in enumerate(_lines(path), 1):
        try:
            line = parse_line(text, str(path), number)
        except SSHError:
            continue  # the command will tell
        if line is not None and line.keyword == "host":
            yield from line.arguments
        elif line is not None and line.keyword == "include":
            for pattern in line.arguments:
                full = expand_home(pattern) if pattern.startswith("~") else folder / pattern
                for name in sorted(glob(str(full))):  # noqa: PTH207 (an absolute pattern)
                    yield from _configured(Path(name), folder, seen)


def _known(path: Path) -> Iterator[str]:
    for line in _lines(path):
        fields = line.split(None, 2)
        if fields[:1] and fields[0].startswith("@"):
            fields = fields[1:]
        if not fields or fields[0][0] in "#|":
            continue
        for name in fields[0].split(","):
            host, _, port = name.removeprefix("[").partition("]")
            yield host if name.startswith("[") and port else name


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file():  # a pipe would be waited for
            return []
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()
