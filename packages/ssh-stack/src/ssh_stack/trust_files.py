"""The files that say which host keys are trusted and which are revoked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ssh_keys import KeyFormatError, KeyPolicy, KnownHosts, Problem
from ssh_stack.sources import Path, RevokedSource
from ssh_stack.usage_errors import ConfigError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import RevocationList

__all__ = ["load_known_hosts", "load_revoked_keys"]

_UNNAMED: Final = "the list of revoked host keys"


def _files(paths: Iterable[Path]) -> list[str]:
    """Return the files of a list, without what stands for no file: "none" and /dev/null."""
    named = [os.path.expanduser(path) for path in paths]  # noqa: PTH111 (a missing home is fine)
    return [path for path in named if path not in {"none", "/dev/null"}]


def load_known_hosts(
    source: Path | bytes | KnownHosts | Sequence[Path] | None,
    *,
    system: Sequence[Path] = (),
    policy: KeyPolicy = KeyPolicy.DEFAULT,
) -> tuple[KnownHosts, str | None]:
    """Return the known hosts, and the file that new ones are written to, if there is one.

    Args:
        source: the user's files, or what they hold; new hosts go to the first file.
        system: the system's files (GlobalKnownHostsFile), which are only read.  One that
            cannot be read is passed over, as `ssh` does it, and is named in `unread`: a host
            that no other file knows may be known there.
        policy: which keys are strong enough to be read.

    Raises:
        OSError: a file of the user's exists and cannot be read.
        KeyFormatError: it is not a regular file.
    """
    from ssh_keys.files import read_known_hosts  # files load when they are read

    theirs = [_read_system(path, policy=policy) for path in _files(system)]
    file: str | None = None
    if source is None:
        mine = [KnownHosts()]
    elif isinstance(source, KnownHosts):
        mine = [source]
    elif isinstance(source, bytes):
        mine = [KnownHosts.parse(source, policy=policy)]
    else:
        named: Sequence[Path] = [source] if isinstance(source, str | os.PathLike) else source
        paths = _files(named)
        mine = [read_known_hosts(path, policy=policy) for path in paths]
        # as `ssh` does it: the first one counts, also where it stands for no file
        file = paths[0] if paths and _files(named[:1]) else None
    known = [*mine, *theirs]
    return (known[0] if len(known) == 1 else KnownHosts().merge(*known)), file


def _read_system(path: str, *, policy: KeyPolicy) -> KnownHosts:
    from ssh_keys.files import read_known_hosts  # files load when they are read

    try:
        return read_known_hosts(path, policy=policy)
    except (OSError, KeyFormatError) as error:
        reason = error.strerror if isinstance(error, OSError) else _text_without_path(path, error)
        return KnownHosts(unread=(Problem(path, 0, printable(reason or "", 256)),))


def _text_without_path(path: str, error: KeyFormatError) -> str:
    """Return what is wrong with a file, without the path, which the message has already."""
    return str(error).removeprefix(f"{path} ")


def load_revoked_keys(
    sources: RevokedSource | Iterable[RevokedSource] | None,
    meaning: str = "revoked host keys, so no host is trusted",
) -> tuple[tuple[str, RevocationList], ...]:
    """Return lists of revoked keys, each with the name that messages give it.

    Args:
        sources: the lists.
        meaning: what is listed, and what follows when that cannot be told.

    Raises:
        ConfigError: a list cannot be read.  What it revokes cannot be told then, so every key
            is refused.
    """
    if sources is None or sources == ():
        return ()
    from ssh_keys import RevocationList  # rarely used

    if isinstance(sources, str | os.PathLike | bytes | RevocationList):
        sources = (sources,)
    lists: list[tuple[str, RevocationList]] = []
    for source in sources:
        if isinstance(source, bytes | RevocationList):
            lists.append(_revoked(source, meaning))
        else:
            lists += [_revoked(file, meaning) for file in _files([source])]
    return tuple(lists)


def _revoked(source: str | bytes | RevocationList, meaning: str) -> tuple[str, RevocationList]:
    from ssh_keys import RevocationList  # rarely used
    from ssh_keys.files import read_revoked_keys  # rarely used
    from ssh_keys.trust import parse_revoked  # rarely used

    if isinstance(source, RevocationList):
        return _UNNAMED, source
    name = _UNNAMED if isinstance(source, bytes) else source
    try:
        if isinstance(source, bytes):
            return name, parse_revoked(source)
        return name, read_revoked_keys(source)
    except (OSError, KeyFormatError) as error:
        reason = error.strerror if isinstance(error, OSError) else _text_without_path(name, error)
        problem = f"cannot be read as a list of {meaning}: {reason}"
        raise ConfigError(problem, printable(name, 1024)) from None
