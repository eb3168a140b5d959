"""The fields of an OpenSSH certificate (PROTOCOL.certkeys): encoded, and decoded strictly.

`Certificate.check` decides what they mean for the use of a certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ssh_keys.errors import KeyFormatError
from ssh_keys.public import public_family
from ssh_wire import Record, Repeated, Text, UInt32, UInt64, lazy, record
from ssh_wire.primitives import string
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    import ipaddress
else:
    ipaddress = lazy.module("ipaddress")

__all__ = [
    "MAX_PRINCIPALS",
    "Body",
    "Head",
    "Role",
    "Signed",
    "checked_text",
    "encode_options",
    "encode_principals",
    "encode_role",
    "read_addresses",
    "read_command",
    "read_options",
    "read_principals",
    "read_role",
    "take_key",
]

Role: TypeAlias = Literal["user", "host"]

MAX_PRINCIPALS: Final = 256
"""The most principals that a certificate may list, as in OpenSSH."""

_ROLES: Final[dict[int, Role]] = {1: "user", 2: "host"}
_ADDRESS_LETTERS: Final = frozenset("0123456789abcdefABCDEF.:")
_NUMBERS: Final = {role: number for number, role in _ROLES.items()}


@record
class Head(Record):
    """The fields before those of the key."""

    kind: str
    nonce: bytes


@record
class Body(Record):
    """The fields after those of the key that are signed."""

    serial: UInt64
    role: UInt32
    key_id: Text
    principals: bytes
    valid_after: UInt64
    valid_before: UInt64
    critical_options: bytes
    extensions: bytes
    reserved: bytes
    ca_key: bytes


@record
class _Names(Record):
    """The principals, as strings one after the other."""

    names: Repeated[Text]


@record
class _Option(Record):
    """One critical option or extension."""

    name: Text
    data: bytes


@record
class _Options(Record):
    """The options in one field."""

    options: Repeated[_Option]


@record
class _Value(Record):
    """The value of an option that is a string."""

    value: Text


@record
class Signed(Record):
    """The last field, which is not signed itself."""

    signature: bytes


def take_key(plain: str, blob: bytes, pos: int) -> tuple[bytes, int]:
    """Return the blob of the plain key whose fields begin at `pos`, and where they end.

    Raises:
        WireError: there are no such fields.
    """
    head = string(plain)
    data = head + blob[pos:]
    end = public_family(plain).end_of_public(data)
    return data[:end], pos + end - len(head)


def encode_principals(principals: tuple[str, ...]) -> bytes:
    """Return the principals as the certificate has them."""
    return _Names(names=principals).encode()


def encode_role(role: Role) -> int:
    """Return the number of a role."""
    return _NUMBERS[role]


def read_role(number: int) -> Role:
    """Return the role of a number.

    Raises:
        KeyFormatError: there is no such role.
    """
    role = _ROLES.get(number)
    if role is None:
        problem = f"a certificate of type {number} is neither a user's nor a host's"
        raise KeyFormatError(problem)
    return role


def read_principals(data: bytes) -> tuple[str, ...]:
    """Return the names in the field "valid principals"; commas do not separate them.

    Raises:
        KeyFormatError: there are too many, or one holds a NUL.
        WireError: they are not strings.
    """
    names = _Names.decode(data).names
    if len(names) > MAX_PRINCIPALS:
        problem = f"a certificate with {len(names)} principals; {MAX_PRINCIPALS} are allowed"
        raise KeyFormatError(problem)
    return tuple(checked_text(name, "principal") for name in names)


def read_options(data: bytes, what: str) -> Mapping[str, bytes]:
    """Return the options in one of the two fields of options.

    Raises:
        KeyFormatError: a name appears twice, or holds a NUL.
        WireError: they are not pairs of strings.
    """
    options: dict[str, bytes] = {}
    for option in _Options.decode(data).options:
        name = checked_text(option.name, f"name of the {what}")
        # "Each named option may only appear once in a certificate"
        if name in options:
            problem = f"the {what} '{printable(name, 64)}' appears twice"
            raise KeyFormatError(problem)
        options[name] = option.data
    return MappingProxyType(options)


def encode_options(options: Mapping[str, bytes]) -> bytes:
    """Return options as the certificate has them."""
    # "Options must be lexically ordered by "name""
    ordered = sorted(options.items(), key=lambda item: raw(item[0]))
    return _Options(options=tuple(_Option(name=n, data=d) for n, d in ordered)).encode()


def read_command(data: bytes) -> str:
    """Return the command in the value of "force-command".

    Raises:
        KeyFormatError: it holds a NUL.
        WireError: it is not one string.
    """
    return checked_text(_Value.decode(data).value, "forced command")


def read_addresses(data: bytes) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return the networks in the value of "source-address".

    Raises:
        KeyFormatError: one is not "nn.nn.nn.nn/nn or hhhh::hhhh/nn".
        WireError: it is not one string.
    """
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for text in _Value.decode(data).value.split(","):
        address, slash, size = text.partition("/")
        plain = not set(address) - _ADDRESS_LETTERS and (size.isdecimal() or not slash)
        try:
            # bits set after the prefix are a mistake, and OpenSSH refuses them too
            networks.append(ipaddress.ip_network(text if plain else ""))
        except ValueError:
            problem = f"'{printable(text, 64)}' is not a network, such as 192.0.2.0/24"
            raise KeyFormatError(problem) from None
    return tuple(networks)


def checked_text(text: str, what: str) -> str:
    """Return a text of a certificate that has no NUL.

    Raises:
        KeyFormatError: it holds a NUL.
    """
    # a program in C would read only what is before it
    if "\0" in text:
        problem = f"the {what} of the certificate holds a NUL"
        raise KeyFormatError(problem)
    return text
