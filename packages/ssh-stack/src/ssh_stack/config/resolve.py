"""The options of one host: the first value of each that a line for this host gives."""

from __future__ import annotations

import getpass
import os
import socket
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import attrs

from ssh_stack.config.criteria import Subject
from ssh_stack.config.directives import DIRECTIVES
from ssh_stack.config.tokens import expand_path, expand_tokens
from ssh_wire import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssh_stack.config.blocks import Config
    from ssh_stack.config.lines import Line

__all__ = ["HostConfig", "Unsupported", "resolve"]

_DEFAULT_PORT = 22
_KNOWN_HOSTS = "~/.ssh/known_hosts"
_KNOWN_HOSTS_2 = "~/.ssh/known_hosts2"


@attrs.frozen
class Unsupported:
    """A line that is for the host and is not honoured."""

    keyword: str
    """The keyword as it was written."""
    value: str
    """What follows it."""
    source: str
    """The file."""
    line: int
    """The line in the file."""

    def __str__(self) -> str:
        return f"{self.keyword} ({self.source}, line {self.line})"


@attrs.frozen(kw_only=True)
class HostConfig:
    """What the configuration says about one host; None where it says nothing."""

    hostname: str | None = None
    """The name or address to connect to."""
    user: str | None = None
    """The user to log in as."""
    port: int | None = None
    """The port to connect to."""
    identity_files: tuple[Path, ...] = ()
    """Key files to log in with."""
    identities_only: bool = False
    """Whether the agent's other keys are left out."""
    proxy_jump: tuple[str, ...] = ()
    """Hosts to go through, first to last."""
    proxy_command: str | None = None
    """A command whose standard streams reach the host."""
    known_hosts_files: tuple[Path, ...] = (Path(_KNOWN_HOSTS), Path(_KNOWN_HOSTS_2))
    """Files of trusted host keys; new ones go to the first."""
    strict_host_key_checking: Literal["strict", "ask", "accept-new", "off"] = "ask"
    """What becomes of a host that is not known."""
    hash_known_hosts: bool = False
    """Whether names are hashed when they are remembered."""
    update_host_keys: Literal["yes", "no", "ask"] | None = None
    """Whether known hosts follow the keys that a server names; "no" for other files of them."""
    alive_interval: int | None = None
    """Seconds of silence after which the server is asked for a sign of life; 0 for never."""
    alive_count_max: int | None = None
    """Questions without an answer after which it counts as gone."""
    connect_timeout: int | None = None
    """Seconds that connecting may take; 0 for the system's own bound."""
    send_env: tuple[str, ...] = ()
    """Patterns of local environment variables to send."""
    set_env: tuple[tuple[str, str], ...] = ()
    """Environment variables to send."""
    unsupported: tuple[Unsupported, ...] = ()
    """Lines for this host that are not honoured."""

    @property
    def host_key_policy(self) -> Literal["strict", "accept-new", "off"]:
        """The policy where there is nobody to ask: "ask" refuses, as "yes" does."""
        policy = self.strict_host_key_checking
        return "strict" if policy == "ask" else policy


def resolve(config: Config, host: str, *, user: str | None, port: int | None) -> HostConfig:
    """Return the options for a host; see `Config.resolve`."""
    values = _Pass(config, host, user, port)
    values.run(final=False)
    if any(c.wants_final for entry in config.lines for c in entry.conditions):
        # the second pass adds to the first, and Host lines see the name that was found
        values.run(final=True)
    return values.finish()


class _Pass:
    """Passes over the configuration, and the values that they find."""

    def __init__(
        self,
        config: Config,
        host: str,
        user: str | None,
        port: int | None,
    ) -> None:
        self._config = config
        self._original = host
        self._given_user = user
        self._given_port = port
        self._values: dict[str, Any] = {}
        self._unsupported: dict[Unsupported, None] = {}

    @property
    def host(self) -> str:
        """The name to connect to, as far as it is known."""
        name = cast("str | None", self._values.get("hostname"))
        if name is None:
            return self._original
        return expand_tokens(name, {"h": self._original})

    @cached_property
    def _local_user(self) -> str:
        return _local_user()

    @property
    def user(self) -> str:
        """The user to log in as, as far as it is known."""
        return self._given_user or self._values.get("user") or self._local_user

    def run(self, *, final: bool) -> None:
        """Take every line that is for the host."""
        known: dict[int, bool] = {}
        for entry in self._config.lines:
            holds = True
            for condition in entry.conditions:
                key = id(condition)
                if key not in known:
                    known[key] = condition.holds(self._subject(final=final))
                holds = holds and known[key]
                if not holds:
                    break
            if holds:
                self._take(entry.line)

    def _subject(self, *, final: bool) -> Subject:
        return Subject(
            self._original, self.host, self.user, self._local_user, self._tokens(), final
        )

    def _tokens(self) -> dict[str, str]:
        return {
            "d": str(Path.home()),
            "h": self.host,
            "i": str(os.getuid()),
            "l": socket.gethostname(),
            "L": socket.gethostname().partition(".")[0],
            "n": self._original,
            "p": str(self._given_port or self._values.get("port") or _DEFAULT_PORT),
            "r": self.user,
            "u": self._local_user,
        }

    def _take(self, line: Line) -> None:
        directive = DIRECTIVES.get(line.keyword)
        if directive is None:
            skipped = Unsupported(line.spelling, line.rest, line.source, line.number)
            self._unsupported[skipped] = None
            return
        value = directive.read(line)
        if directive.accumulates:
            rows = self._values.setdefault(directive.field, [])
            if (line, value) not in rows:
                rows.append((line, value))
        else:
            # "the first obtained value will be used"; proxies exclude each other the same way
            if directive.field in _EXCLUSIVE and _EXCLUSIVE & self._values.keys():
                return
            self._values.setdefault(directive.field, value)

    def finish(self) -> HostConfig:
        values = dict(self._values)
        tokens = self._tokens()
        if "hostname" in values:
            values["hostname"] = self.host
        values["identity_files"] = tuple(self._paths("identity_files", tokens))
        if "known_hosts_files" in values:
            names = cast("tuple[str, ...]", values["known_hosts_files"])
            if names != (_KNOWN_HOSTS,):
                # "if the user has not overridden the default UserKnownHostsFile setting"
                values.setdefault("update_host_keys", "no")
            values["known_hosts_files"] = tuple(expand_path(n, tokens) for n in names)
        else:
            both = (_KNOWN_HOSTS, _KNOWN_HOSTS_2)
            values["known_hosts_files"] = tuple(expand_path(name, tokens) for name in both)
        if values.get("proxy_command") == "none":
            values["proxy_command"] = None
        for field in ("send_env", "set_env"):
            rows = cast("list[tuple[Line, tuple[Any, ...]]]", values.get(field, []))
            values[field] = tuple(item for _, row in rows for item in row)
        return HostConfig(**values, unsupported=tuple(self._unsupported))

    def _paths(self, field: str, tokens: dict[str, str]) -> Iterator[Path]:
        rows = cast("list[tuple[Line, str]]", self._values.get(field, []))
        for line, name in rows:
            if name.lower() == "none":
                continue
            try:
                yield expand_path(name, tokens)
            except UsageError as error:
                raise line.error(str(error)) from None


_EXCLUSIVE = frozenset({"proxy_jump", "proxy_command"})


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
