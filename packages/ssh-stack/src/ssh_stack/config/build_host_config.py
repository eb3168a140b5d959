"""From the values that lines gave to the options of a host: tokens and defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ssh_stack.config.algorithms import AlgorithmList
from ssh_stack.config.directives import DIRECTIVES, FORWARDS, READING
from ssh_stack.config.host_config import HostConfig, Unsupported
from ssh_stack.config.host_tokens import HostTokens
from ssh_stack.config.resolve import ConfigResolver, FoundValue
from ssh_stack.config.tokens import expand, expand_path
from ssh_stack.local.user import UnknownUser
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_stack.config.tokens import Tokens

__all__ = ["build_host_config"]

_PROXY_TOKENS: Final = "hknpr"
_KNOWN_HOSTS: Final = "~/.ssh/known_hosts"
_USERS_FILES: Final = (_KNOWN_HOSTS, "~/.ssh/known_hosts2")
_SYSTEMS_FILES: Final = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


def build_host_config(resolver: ConfigResolver) -> HostConfig:
    """Return the options of a host, once all lines were gone through.

    Raises:
        ConfigError: a value has a token or a variable that is not known.
    """
    resolver.finished = True
    _expand_user(resolver)
    fields: dict[str, Any] = {}
    for name, rows in resolver.values.items():
        directive = DIRECTIVES[name.lower()]
        if directive.field and directive.field != READING and rows:
            build = _BUILDERS.get(name, _first)
            fields[directive.field] = build(rows, resolver)
    if not resolver.renamed and resolver.host == resolver.original:
        del fields["hostname"]
    fields["known_hosts_files"], usual = _users_files(resolver)
    if not usual:
        fields.setdefault("update_host_keys", "no")
    fields.setdefault("global_known_hosts_files", tuple(map(Path, _SYSTEMS_FILES)))
    return HostConfig(
        **fields,
        proxy_command_error=resolver.proxy_command_error,
        unsupported=tuple(_unsupported(resolver)),
        notes=tuple(_notes(resolver)),
    )


def _expand_user(resolver: ConfigResolver) -> None:
    """Replace tokens in the user's name; it "cannot contain %r (itself) or %C"."""
    found = resolver.first("User")
    if found is not None:
        tokens = HostTokens(resolver, "Ldhijklnpu")
        user = _expand_value(found, lambda: expand(found.value, tokens, variables=True))
        resolver.values["User"] = [FoundValue(user, found.line)]


def _expand_value(found: FoundValue, work: Callable[[], Any]) -> Any:  # noqa: ANN401 (what `work` returns)
    try:
        return work()
    except UsageError as error:
        raise found.error(str(error)) from None


def _first(rows: list[FoundValue], _resolver: ConfigResolver) -> Any:  # noqa: ANN401 (each has a type of its own)
    return rows[0].value


def _path(found: FoundValue, name: str, tokens: Tokens) -> Path:
    path: Path = _expand_value(found, lambda: expand_path(name, tokens))
    return path


def _paths(rows: list[FoundValue], resolver: ConfigResolver) -> tuple[Path, ...]:
    """Return the files of lines with one file each; "none" names no file."""
    paths = (_key_path(f, resolver.tokens) for f in rows if f.value.lower() != "none")
    return tuple(dict.fromkeys(paths))


def _key_path(found: FoundValue, tokens: Tokens) -> Path:
    """Return the path of a key file; the home of an unknown user is kept, as by `ssh -G`."""
    try:
        return expand_path(found.value, tokens)
    except UnknownUser:
        return Path(found.value)
    except UsageError as error:
        raise found.error(str(error)) from None


def _paths_of_first_line(rows: list[FoundValue], resolver: ConfigResolver) -> tuple[Path, ...]:
    """Return the files of the first line, with tokens replaced."""
    names = rows[0].value
    return () if names == ("none",) else tuple(_path(rows[0], n, resolver.tokens) for n in names)


def _literal_paths_of_first_line(
    rows: list[FoundValue], _resolver: ConfigResolver
) -> tuple[Path, ...]:
    """Return the files of the first line, in which nothing is replaced."""
    return () if rows[0].value == ("none",) else tuple(map(Path, rows[0].value))


def _users_files(resolver: ConfigResolver) -> tuple[tuple[Path, ...], bool]:
    """Return the user's known_hosts files, and whether they are the usual ones."""
    found = resolver.first("UserKnownHostsFile")
    if found is not None:
        # "if the user has not overridden the default UserKnownHostsFile setting"
        return _paths_of_first_line([found], resolver), found.value == (_KNOWN_HOSTS,)
    try:
        return tuple(expand_path(name, resolver.tokens) for name in _USERS_FILES), True
    except UsageError:  # a user without a home directory has none
        return (), True


def _agent(rows: list[FoundValue], resolver: ConfigResolver) -> Path | Literal["none"] | None:
    """Return the agent's socket, with a $ "read from the environment variable" (ssh_config(5))."""
    name = rows[0].value
    if name == "SSH_AUTH_SOCK":
        return None
    if name.startswith("$") and not name.startswith("${"):
        path = os.environ.get(name[1:])
        return Path(path) if path else "none"
    return "none" if name == "none" else _path(rows[0], name, resolver.tokens)


def _environment(rows: list[FoundValue], resolver: ConfigResolver) -> tuple[tuple[str, str], ...]:
    pairs = rows[0].value
    return _expand_value(  # type: ignore[no-any-return]
        rows[0],
        lambda: tuple((n, expand(v, resolver.tokens, variables=True)) for n, v in pairs),
    )


def _flattened(rows: list[FoundValue], _resolver: ConfigResolver) -> tuple[str, ...]:
    return tuple(word for row in rows for word in row.value)


def _command(rows: list[FoundValue], resolver: ConfigResolver) -> str | None:
    command: str = rows[0].value
    if command.lower() == "none":
        return None
    known = dict.fromkeys(_PROXY_TOKENS, "")  # what they stand for is put in later
    try:
        expand(command, known)
    except UsageError as error:  # as `ssh -G`: only a connection that uses it fails
        resolver.proxy_command_error = rows[0].error(str(error))
    return command


def _remote_command(rows: list[FoundValue], resolver: ConfigResolver) -> str | None:
    command: str = rows[0].value
    if command.lower() == "none":
        return None
    expanded: str = _expand_value(rows[0], lambda: expand(command, resolver.tokens))
    return expanded


def _hops(rows: list[FoundValue], resolver: ConfigResolver) -> tuple[str, ...]:
    tokens = HostTokens(resolver, "hnpr")
    hops = rows[0].value
    found: tuple[str, ...] = _expand_value(rows[0], lambda: tuple(expand(h, tokens) for h in hops))
    return found


def _methods(rows: list[FoundValue], _resolver: ConfigResolver) -> tuple[str, ...]:
    return tuple(part for part in rows[0].value.split(",") if part)


def _is_yes(rows: list[FoundValue], _resolver: ConfigResolver) -> bool:
    return bool(rows[0].value == "yes")


def _lower(rows: list[FoundValue], _resolver: ConfigResolver) -> str:
    return str(rows[0].value).lower()


_BUILDERS: Final[dict[str, Callable[[list[FoundValue], ConfigResolver], Any]]] = {
    "CertificateFile": _paths,
    "GlobalKnownHostsFile": _literal_paths_of_first_line,
    "HostKeyAlias": _lower,
    "IdentityAgent": _agent,
    "IdentityFile": _paths,
    "PreferredAuthentications": _methods,
    "ProxyCommand": _command,
    "ProxyJump": _hops,
    "PubkeyAuthentication": _is_yes,
    "RemoteCommand": _remote_command,
    "RevokedHostKeys": _paths_of_first_line,
    "SendEnv": _flattened,
    "SetEnv": _environment,
    "UserKnownHostsFile": _paths_of_first_line,
}


def _unsupported(resolver: ConfigResolver) -> Iterator[Unsupported]:
    for name, rows in resolver.values.items():
        if name == "LocalCommand" and resolver.value("PermitLocalCommand") != "yes":
            continue  # `ssh` would not run it either
        if name in FORWARDS and resolver.value("ClearAllForwardings"):
            continue
        directive = DIRECTIVES[name.lower()]
        for found in rows:
            if found.line is not None and not directive.is_satisfied_by(found.value):
                yield Unsupported.of(found.line, refuses=directive.if_not_honoured == "refused")


def _notes(resolver: ConfigResolver) -> Iterator[str]:
    yield from resolver.notes
    for rows in resolver.values.values():
        for found in rows:
            if isinstance(found.value, AlgorithmList) and (out := found.value.left_out()):
                names = ", ".join(out)
                yield f"{found.value.line.spelling}: not supported yet, left out: {names}"
