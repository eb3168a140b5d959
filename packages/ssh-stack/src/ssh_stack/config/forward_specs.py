"""Forwards as -L, -R, -D, LocalForward, RemoteForward and DynamicForward write them.

The forms are those of OpenSSH's `parse_forward` (readconf.c):

    [listen host:]listen port:host:port
    [listen host:]listen port:path
    listen path:host:port
    listen path:path
    [listen host:]listen port           to be asked by SOCKS (-D, and -R)
    listen path                         the same

A part in brackets is taken as it is, so that it may have colons; a backslash takes away the
meaning of the next character; a part with a slash is the path of a Unix socket.
"""

from __future__ import annotations

from typing import Final

from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_stack.config.tokens import expand_variables
from ssh_stack.config.values import port_number
from ssh_wire import UsageError, lazy_attrs

__all__ = ["ForwardSpec", "parse_forward", "parse_remote_forward"]

_LOCALHOST: Final = "localhost"
_MAX_PARTS: Final = 4
_SPECIAL: Final = frozenset(":\\[")
_MAX_HOST: Final = 1025  # NI_MAXHOST
_MAX_PATH: Final = 108  # PATH_MAX_SUN


@lazy_attrs.frozen
class ForwardSpec:
    """Where a forward listens, and what its connections reach."""

    listen: Address
    """Where it listens."""
    connect: Address | None
    """What is connected to; None where each connection says so itself, by SOCKS."""
    names_host: bool = True
    """Whether it says on which address to listen; where it does not, GatewayPorts decides."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What LocalForward, RemoteForward and DynamicForward have as arguments."""
        listen, connect = self.listen, self.connect
        if isinstance(listen, TCPAddress) and not self.names_host:
            first = str(listen.port)
        else:
            first = _argument(listen)
        return (first,) if connect is None else (first, _argument(connect))

    def __str__(self) -> str:
        return f"{self.listen} to {'SOCKS' if self.connect is None else self.connect}"


def _argument(address: Address) -> str:
    if isinstance(address, TCPAddress):
        return f"[{address.host}]:{address.port}"
    # what would end a path or change it, has no meaning in brackets
    return f"[{address.path}]" if _SPECIAL.intersection(address.path) else address.path


def parse_forward(text: str, *, dynamic: bool = False, remote: bool = False) -> ForwardSpec:
    """Read where a forward listens and what it connects to.

    Args:
        text: as -L, -R and -D have it; the two arguments of a keyword have a colon between them.
        dynamic: whether there is only an address to listen on (-D, or -R of one address).
        remote: whether the server listens, on a free port if the port is 0.

    Raises:
        UsageError: it has another form, or names a variable that is not set.
    """
    problem = f"bad forwarding specification {text!r}"
    try:
        parts = _parts(expand_variables(text).lstrip(" \t\n\v\f\r"))
    except ValueError:
        raise UsageError(problem) from None
    found = _addresses(parts, dynamic=dynamic)
    if found is None or not _is_usable(found, remote=remote):
        raise UsageError(problem)
    return found


def parse_remote_forward(text: str) -> ForwardSpec:
    """Read what -R has: a listener and a target, or a listener that is asked by SOCKS.

    Raises:
        UsageError: it has another form, or names a variable that is not set.
    """
    try:
        return parse_forward(text, remote=True)
    except UsageError:
        return parse_forward(text, dynamic=True, remote=True)


@lazy_attrs.frozen
class _Part:
    text: str
    is_path: bool


def _parts(text: str) -> list[_Part]:
    """Split at colons.

    Raises:
        ValueError: a bracket or a backslash is not followed by what belongs to it, or there are
            more parts than any form has.
    """
    parts: list[_Part] = []
    while text:
        if len(parts) == _MAX_PARTS:
            raise ValueError
        part, text = _bracketed(text) if text.startswith("[") else _plain(text)
        parts.append(part)
    return parts


def _bracketed(text: str) -> tuple[_Part, str]:
    inner, closing, rest = text[1:].partition("]")
    if not closing or rest[:1] not in {"", ":"}:
        raise ValueError
    return _Part(inner, "/" in inner), rest[1:]


def _plain(text: str) -> tuple[_Part, str]:
    chars: list[str] = []
    is_path = False
    pos = 0
    while pos < len(text) and text[pos] != ":":
        if text[pos] == "\\":
            pos += 1
            if pos == len(text):
                raise ValueError
        else:
            is_path = is_path or text[pos] == "/"
        chars.append(text[pos])
        pos += 1
    return _Part("".join(chars), is_path), text[pos + 1 :]


def _addresses(parts: list[_Part], *, dynamic: bool) -> ForwardSpec | None:
    """Return what the parts are, by their number and by which of them are paths."""
    if dynamic and not (len(parts) == 2 and parts[1].is_path):  # noqa: PLR2004 (a target after all)
        listen = _address(parts)
        return None if listen is None else ForwardSpec(listen, None, _names_host(parts))
    # the target is a path, or a host and a port; the listener is what is left
    size = 1 if parts and parts[-1].is_path and len(parts) < _MAX_PARTS else 2
    listen, connect = _address(parts[:-size]), _address(parts[-size:])
    if listen is None or connect is None or (size == 1 and len(parts) > 2 and parts[0].is_path):  # noqa: PLR2004 (host and port)
        return None
    return ForwardSpec(listen, connect, _names_host(parts[:-size]))


def _address(parts: list[_Part]) -> Address | None:
    if len(parts) == 1 and parts[0].is_path:
        return UnixAddress(parts[0].text)
    port = port_number(parts[-1].text) if parts else None
    if port is None or len(parts) > 2:  # noqa: PLR2004 (host and port)
        return None
    return TCPAddress(parts[0].text if _names_host(parts) else _LOCALHOST, port)


def _names_host(listen: list[_Part]) -> bool:
    """Return whether there is more than a port; a path is."""
    return len(listen) > 1 or listen[0].is_path


def _is_usable(spec: ForwardSpec, *, remote: bool) -> bool:
    if isinstance(spec.listen, TCPAddress) and not spec.listen.port and not remote:
        return False
    if isinstance(spec.connect, TCPAddress) and not spec.connect.port:
        return False
    return all(
        len(each.path.encode("utf-8", "surrogateescape")) < _MAX_PATH
        if isinstance(each, UnixAddress)
        else len(each.host) < _MAX_HOST
        for each in (spec.listen, spec.connect)
        if each is not None
    )
