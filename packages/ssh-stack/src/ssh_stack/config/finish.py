"""From the values that lines gave to the options of a host: tokens and defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ssh_stack.config.algorithms import AlgorithmList
from ssh_stack.config.directives import DIRECTIVES, FORWARDS, READING
from ssh_stack.config.host_config import HostConfig, Unsupported
from ssh_stack.config.resolve import Found, Reading
from ssh_stack.config.surroundings import HostTokens
from ssh_stack.config.tokens import expand, expand_path
from ssh_stack.local.user import UnknownUser
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.config.tokens import Tokens

__all__ = ["finish"]

_PROXY_TOKENS: Final = "hknpr"
_KNOWN_HOSTS: Final = "~/.ssh/known_hosts"
_USERS_FILES: Final = (_KNOWN_HOSTS, "~/.ssh/known_hosts2")
_SYSTEMS_FILES: Final = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


def finish(reading: Reading) -> HostConfig:
    """Return the options of a host, once all lines were gone through.

    Raises:
        ConfigError: a value has a token or a variable that is not known.
    """
    reading.finished = True
    _settle_user(reading)
    fields: dict[str, Any] = {}
    for name, rows in reading.values.items():
        directive = DIRECTIVES[name.lower()]
        if directive.field and directive.field != READING and rows:
            build = _BUILDERS.get(name, _first)
            fields[directive.field] = build(rows, reading)
    if not reading.renamed and reading.host == reading.original:
        del fields["hostname"]
    fields["known_hosts_files"], usual = _users_files(reading)
    if not usual:
        fields.setdefault("update_host_keys", "no")
    fields.setdefault("global_known_hosts_files", tuple(map(Path, _SYSTEMS_FILES)))
    return HostConfig(
        **fields,
        proxy_command_error=reading.proxy_command_error,
        unsupported=tuple(_unsupported(reading)),
        notes=tuple(_notes(reading)),
    )


def _settle_user(reading: Reading) -> None:
    """Replace tokens in the user's name; it "cannot contain %r (itself) or %C"."""
    found = reading.first("User")
    if found is not None:
        tokens = HostTokens(reading, "Ldhijklnpu")
        user = _expanded(found, lambda: expand(found.value, tokens, variables=True))
        reading.values["User"] = [Found(user, found.line)]


def _expanded(found: Found, work: Callable[[], Any]) -> Any:  # noqa: ANN401 (what `work` returns)
    try:
        return work()
    except UsageError as error:
        raise found.error(str(error)) from None


def _first(rows: list[Found], _reading: Reading) -> Any:  # noqa: ANN401 (each has a type of its own)
    return rows[0].value


def _path(found: Found, name: str, tokens: Tokens) -> Path:
    path: Path = _expanded(found, lambda: expand_path(name, tokens))
    return path


def _paths(rows: list[Found], reading: Reading) -> tuple[Path, ...]:
    """Return the files of lines with one file each; "none" names no file."""
    paths = (_key_path(f, reading.tokens) for f in rows if f.value.lower() != "none")
    return tuple(dict.fromkeys(paths))


def _key_path(found: Found, tokens: Tokens) -> Path:
    """Return the path of a key file; the home of an unknown user is kept, as by `ssh -G`."""
    try:
        return expand_path(found.value, tokens)
    except UnknownUser:
        return Path(found.value)
    except UsageError as error:
        raise found.error(str(error)) from None


def _listed_paths(rows: list[Found], reading: Reading) -> tuple[Path, ...]:
    """Return the files of the first line, with tokens replaced."""
    names = rows[0].value
    return () if names == ("none",) else tuple(_path(rows[0], n, reading.tokens) for n in names)


def _plain_paths(rows: list[Found], _reading: Reading) -> tuple[Path, ...]:
    """Return the files of the first line, in which nothing is replaced."""
    return () if rows[0].value == ("none",) else tuple(map(Path, rows[0].value))


def _users_files(reading: Reading) -> tuple[tuple[Path, ...], bool]:
    """Return the user's known_hosts files, and whether they are the usual ones."""
    found = reading.first("UserKnownHostsFile")
    if found is not None:
        # "if the user has not overridden the default UserKnownHostsFile setting"
        return _listed_paths([found], reading), found.value == (_KNOWN_HOSTS,)
    try:
        return tuple(expand_path(name, reading.tokens) for name in _USERS_FILES), True
    except UsageError:  # a user without a home directory has none
        return (), True


def _agent(rows: list[Found], reading: Reading) -> Path | Literal["none"] | None:
    """Return the agent's socket, with a $ "read from the environment variable" (ssh_config(5))."""
    name = rows[0].value
    if name == "SSH_AUTH_SOCK":
        return None
    if name.startswith("$") and not name.startswith("${"):
        path = os.environ.get(name[1:])
        return Path(path) if path else "none"
    return "none" if name == "none" else _path(rows[0], name, reading.tokens)


def _environment(rows: list[Found], reading: Reading) -> tuple[tuple[str, str], ...]:
    pairs = rows[0].value
    return _expanded(  # type: ignore[no-any-return]
        rows[0],
        lambda: tuple((n, expand(v, reading.tokens, variables=True)) for n, v in pairs),
    )


def _flattened(rows: list[Found], _reading: Reading) -> tuple[str, ...]:
    return tuple(word for row in rows for word in row.value)


def _command(rows: list[Found], reading: Reading) -> str | None:
    command: str = rows[0].value
    if command.lower() == "none":
        return None
    known = dict.fromkeys(_PROXY_TOKENS, "")  # what they stand for is put in later
    try:
        expand(command, known)
    except UsageError as error:  # as `ssh -G`: only a connection that uses it fails
        reading.proxy_command_error = rows[0].error(str(error))
    return command


def _remote_command(rows: list[Found], reading: Reading) -> str | None:
    command: str = rows[0].value
    if command.lower() == "none":
        return None
    expanded: str = _expanded(rows[0], lambda: expand(command, reading.tokens))
    return expanded


def _hops(rows: list[Found], reading: Reading) -> tuple[str, ...]:
    tokens = HostTokens(reading, "hnpr")
    hops = rows[0].value
    found: tuple[str, ...] = _expanded(rows[0], lambda: tuple(expand(h, tokens) for h in hops))
    return found


def _methods(rows: list[Found], _reading: Reading) -> tuple[str, ...]:
    return tuple(part for part in rows[0].value.split(",") if part)


def _is_yes(rows: list[Found], _reading: Reading) -> bool:
    return bool(rows[0].value == "yes")


def _lower(rows: list[Found], _reading: Reading) -> str:
    return str(rows[0].value).lower()


_BUILDERS: Final[dict[str, Callable[[list[Found], Reading], Any]]] = {
    "CertificateFile": _paths,
    "GlobalKnownHostsFile": _plain_paths,
    "HostKeyAlias": _lower,
    "IdentityAgent": _agent,
    "IdentityFile": _paths,
    "PreferredAuthentications": _methods,
    "ProxyCommand": _command,
    "ProxyJump": _hops,
    "PubkeyAuthentication": _is_yes,
    "RemoteCommand": _remote_command,
    "RevokedHostKeys": _listed_paths,
    "SendEnv": _flattened,
    "SetEnv": _environment,
    "UserKnownHostsFile": _listed_paths,
}


def _unsupported(reading: Reading) -> Iterator[Unsupported]:
    for name, rows in reading.values.items():
        if name == "LocalCommand" and reading.value("PermitLocalCommand") != "yes":
            continue  # `ssh` would not run it either
        if name in FORWARDS and reading.value("ClearAllForwardings"):
            continue
        directive = DIRECTIVES[name.lower()]
        for found in rows:
            if found.line is not None and not directive.satisfied(found.value):
                yield Unsupported.of(found.line, refuses=directive.otherwise == "refused")


def _notes(reading: Reading) -> Iterator[str]:
    yield from reading.notes
    for rows in reading.values.values():
        for found in rows:
            if isinstance(found.value, AlgorithmList) and (out := found.value.left_out()):
                names = ", ".join(out)
                yield f"{found.value.line.spelling}: not supported yet, left out: {names}"
