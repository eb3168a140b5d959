r"""The options in front of a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT).

    name[,name="value"]...

Names of options are not case-sensitive.  Options apply in their order, so `restrict,pty` allows a
pty and `pty,restrict` does not.  A value is in double quotes; in them `\\"` is a quote, and any
other backslash is itself.  A blank or a comma outside quotes ends an option.

An unknown option refuses its line: an ignored restriction would be worse than a key that does not
work.  Ports are numbers here, not names of services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ssh_keys.errors import KeyFormatError, quoted_name
from ssh_wire import lazy, lazy_attrs
from ssh_wire.numbers import MAX_PORT
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from ssh_keys.trust import address_lists, dates
else:
    address_lists = lazy.module("ssh_keys.trust.address_lists")
    dates = lazy.module("ssh_keys.trust.dates")

__all__ = ["NO_OPTIONS", "OPTIONS", "KeyOptions", "PermittedAddress", "dequote", "take_options"]

_MAX_PORT_DIGITS: Final = 5
_MAX_HOST: Final = 1_024
_MAX_TUNNEL: Final = 0x7FFF_FFFD
_MAX_TUNNEL_DIGITS: Final = 10
_ESCAPED: Final = b'\\"'

_Fields: TypeAlias = dict[str, Any]
"""The fields of `KeyOptions` that previous options have set."""


@lazy_attrs.frozen
class PermittedAddress:
    """An address to which, or on which, ports may be forwarded.

    Attributes:
        host: the host as in the option, without the brackets of an IPv6 address.
        port: the port; None is every port.
    """

    host: str
    port: int | None


@lazy_attrs.frozen(kw_only=True)
class KeyOptions:
    """The options of a key.

    Attributes:
        names: the names of the options, in their order and in lower case.
        restrict: only what a later option allows is allowed.
        agent_forwarding: the agent may be forwarded.
        port_forwarding: ports may be forwarded.
        pty: a pseudo-terminal may be requested.
        user_rc: ~/.ssh/rc is run.
        x11_forwarding: X11 may be forwarded.
        cert_authority: the key is that of an authority, and is not accepted itself.
        principals: for an authority: a certificate must have one of these principals.
        command: the command that is run instead of the client's.
        environment: variables to set; each name is there once.
        expiry_time: the last second in which the key is accepted, since 1970 in UTC.
        sources: patterns of the addresses and host names that the key is accepted from.
        permit_open: the addresses that may be connected to; empty is all.
        permit_listen: the addresses that may be listened on; empty is all.
        touch_required: a FIDO key's signature must state that the user was present.
        verify_required: a FIDO key's signature must state that the user was verified.
        tunnel: the number of the tun device, or "any".
    """

    names: tuple[str, ...] = ()
    restrict: bool = False
    agent_forwarding: bool = True
    port_forwarding: bool = True
    pty: bool = True
    user_rc: bool = True
    x11_forwarding: bool = True
    cert_authority: bool = False
    principals: tuple[str, ...] | None = None
    command: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    expiry_time: int | None = None
    sources: tuple[str, ...] | None = None
    permit_open: tuple[PermittedAddress, ...] = ()
    permit_listen: tuple[PermittedAddress, ...] = ()
    touch_required: bool = True
    verify_required: bool = False
    tunnel: int | Literal["any"] | None = None

    @classmethod
    def make(cls, options: list[bytes], zone: tzinfo | None = None) -> KeyOptions:
        """Parse options that `take_options` has split.

        Args:
            options: the options in their order.
            zone: the time zone of dates without `Z`; the machine's when not given.

        Raises:
            KeyFormatError: one is unknown, has no valid value, or is repeated and must not be.
        """
        if not options:
            return NO_OPTIONS
        fields: _Fields = {}
        names: list[str] = []
        for option in options:
            name, equals, value = option.partition(b"=")
            known = name.lower().decode("latin-1")
            if not equals and known in _FLAGS:
                fields.update(_FLAGS[known])
            elif equals and known in _READERS:
                _READERS[known](fields, dequote(known, value), zone)
            else:
                problem = f"unknown option{quoted_name(name)}"
                raise KeyFormatError(problem)
            names.append(known)
        if "principals" in fields and not fields.get("cert_authority"):
            problem = "the option principals is for keys with cert-authority alone"
            raise KeyFormatError(problem)
        return cls(names=tuple(names), **fields)

    def expired(self, now: int) -> bool:
        """Say whether the key has expired at a time, in seconds since 1970."""
        return self.expiry_time is not None and self.expiry_time < now

    def accepts_source(self, address: str, host: str | None = None) -> bool:
        """Say whether the key is accepted from an address.

        Args:
            address: the peer's address.
            host: its name, if it is known.
        """
        if self.sources is None:
            return True
        return address_lists.allows([raw(source) for source in self.sources], address, host)


NO_OPTIONS: Final = KeyOptions()
"""The options of a key without options: everything is allowed."""


def take_options(line: bytes) -> tuple[list[bytes], bytes]:
    """Return the options at the start of a line, each as it is written, and the rest.

    Raises:
        KeyFormatError: a quote is not closed.
    """
    options: list[bytes] = []
    start = 0
    for option in _mask_quotes(line).split(b","):
        options.append(line[start : start + len(option)])
        start += len(option) + 1
    return options, line[start - 1 :].lstrip(b" \t")


def dequote(name: str, value: bytes) -> str:
    """Return the text of a quoted value; bytes that are not UTF-8 are lone surrogates.

    Raises:
        KeyFormatError: it is not one quoted value.
    """
    inside = value[1:-1]
    plain = inside.replace(_ESCAPED, b"")
    if value != b'"%b"' % inside or b'"' in plain or (inside + b'"').endswith(_ESCAPED):
        problem = f"the value of {name} is not in quotes"
        raise KeyFormatError(problem)
    return inside.replace(_ESCAPED, b'"').decode("utf-8", "surrogateescape")


def _mask_quotes(line: bytes) -> bytes:
    """Return the options of a line, with an x for each byte in quotes."""
    pieces = line.replace(_ESCAPED, b"xx").split(b'"')
    pieces[1::2] = [b"x" * len(quoted) for quoted in pieces[1::2]]
    masked = b"x".join(pieces).replace(b"\t", b" ").partition(b" ")[0]
    if len(masked) == len(line) and len(pieces) % 2 == 0:
        problem = "a quote is not closed"
        raise KeyFormatError(problem)
    return masked


def _invalid(name: str, value: str) -> KeyFormatError:
    return KeyFormatError(f"'{printable(value, 64)}' is not a value of {name}")


def _set_once(fields: _Fields, option: str, field: str, value: object) -> None:
    if field in fields:
        problem = f"the option {option} is repeated"
        raise KeyFormatError(problem)
    fields[field] = value


def _read_command(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    _set_once(fields, "command", "command", value)


def _read_principals(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    _set_once(fields, "principals", "principals", tuple(filter(None, value.split(","))))


def _read_sources(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    sources = tuple(value.split(","))
    _set_once(fields, "from", "sources", sources)
    address_lists.check_list([raw(source) for source in sources])


def _read_expiry(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    date = dates.parse_date(value, zone)
    # the earliest of several counts
    fields["expiry_time"] = min(date, fields.get("expiry_time", date))


def _read_environment(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    name, equals, text = value.partition("=")
    if not equals or not name.isascii() or not name.replace("_", "a").isalnum():
        raise _invalid("environment", value)
    before = fields.get("environment", ())
    if name not in dict(before):  # the first of several counts
        fields["environment"] = (*before, (name, text))


def _read_open(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    endpoint = _permitted_address("permitopen", value)
    fields["permit_open"] = (*fields.get("permit_open", ()), endpoint)


def _read_listen(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    # a port alone is that port of every address
    endpoint = _permitted_address("permitlisten", value if ":" in value else f"*:{value}")
    fields["permit_listen"] = (*fields.get("permit_listen", ()), endpoint)


def _read_tunnel(fields: _Fields, value: str, zone: tzinfo | None) -> None:
    del zone
    number = _number(value, _MAX_TUNNEL_DIGITS)
    if value.lower() == "any":
        fields["tunnel"] = "any"
    elif number is None or number > _MAX_TUNNEL:
        raise _invalid("tunnel", value)
    else:
        fields["tunnel"] = number  # the last of several counts


def _permitted_address(name: str, value: str) -> PermittedAddress:
    """Parse host:port or [host]:port, where the port may be `*`."""
    if value.startswith("["):
        host, closed, port = value[1:].partition("]:")
    else:
        host, closed, port = value.partition(":")
    number = _number(port, _MAX_PORT_DIGITS)
    in_range = number is not None and 1 <= number <= MAX_PORT
    if not closed or "/" in host or len(host) >= _MAX_HOST or not (in_range or port == "*"):
        raise _invalid(name, value)
    return PermittedAddress(host, number)


def _number(text: str, digits: int) -> int | None:
    fits = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if fits else None


_FLAGS: Final[Mapping[str, Mapping[str, bool]]] = {
    "restrict": {
        "restrict": True,
        "agent_forwarding": False,
        "port_forwarding": False,
        "pty": False,
        "user_rc": False,
        "x11_forwarding": False,
    },
    "cert-authority": {"cert_authority": True},
    "agent-forwarding": {"agent_forwarding": True},
    "no-agent-forwarding": {"agent_forwarding": False},
    "port-forwarding": {"port_forwarding": True},
    "no-port-forwarding": {"port_forwarding": False},
    "pty": {"pty": True},
    "no-pty": {"pty": False},
    "user-rc": {"user_rc": True},
    "no-user-rc": {"user_rc": False},
    "x11-forwarding": {"x11_forwarding": True},
    "no-x11-forwarding": {"x11_forwarding": False},
    "touch-required": {"touch_required": True},
    "no-touch-required": {"touch_required": False},
    "verify-required": {"verify_required": True},
    "no-verify-required": {"verify_required": False},
}
"""Option -> the fields that it sets."""

_READERS: Final[Mapping[str, Callable[[_Fields, str, tzinfo | None], None]]] = {
    "command": _read_command,
    "environment": _read_environment,
    "expiry-time": _read_expiry,
    "from": _read_sources,
    "permitlisten": _read_listen,
    "permitopen": _read_open,
    "principals": _read_principals,
    "tunnel": _read_tunnel,
}
"""Option -> the function that sets its field, given the fields so far."""

OPTIONS: Final = frozenset([*_FLAGS, *_READERS])
"""Every option that is known, in lower case."""
