"""Destination constraints: the hosts that a key may be used to log in to (PROTOCOL.agent 2).

    string (constraint) …
        constraint   string (hop) origin, string (hop) target, string reserved
        hop          string user, string host, string reserved, (string key, bool is_ca) …

PROTOCOL.agent leaves out the strings around a constraint and a hop; the format is that of
OpenSSH's encode_dest_constraint.
"""

from __future__ import annotations

from typing import Final

from ssh_keys import KeyPolicy, PublicKey
from ssh_wire import BadValue, Record, Repeated, Text, UsageError, lazy_attrs, record
from ssh_wire.primitives import string
from ssh_wire.text import raw

__all__ = [
    "MAX_DESTINATIONS",
    "MAX_USER_PATTERN",
    "DestinationConstraint",
    "DestinationKey",
    "Hop",
    "decode_destinations",
    "encode_destinations",
]

MAX_DESTINATIONS: Final = 1024
"""The most destination constraints of one key (OpenSSH's AGENT_MAX_DEST_CONSTRAINTS)."""

MAX_USER_PATTERN: Final = 256
"""The longest pattern of user names, in bytes (OpenSSH's AGENT_USER_CONSTRAINT_MAX_LEN)."""

_NAME: Final = "destination constraint"


@lazy_attrs.frozen
class DestinationKey:
    """A host key that a hop is known by.

    Attributes:
        key: the host's key, or the key of the authority that certifies it.
        is_ca: whether it is an authority's.
    """

    key: PublicKey
    is_ca: bool = False


@lazy_attrs.frozen
class Hop:
    """One end of a destination constraint.

    Attributes:
        host: the host's name, for messages; an agent compares keys alone.
        keys: the keys that the host is known by.
        user: a pattern that the user's name there must match; empty for every name.
    """

    host: str = ""
    keys: tuple[DestinationKey, ...] = ()
    user: str = ""


@lazy_attrs.frozen
class DestinationConstraint:
    """One way that a key may be used: to log in from one hop to the next.

    Attributes:
        target: where the login goes to.
        origin: where it comes from; the empty hop is the machine of the agent.
    """

    target: Hop
    origin: Hop = Hop()

    @property
    def problem(self) -> str:
        """What PROTOCOL.agent section 2 forbids about it, or "" if nothing is."""
        if self.origin.user:  # "from_username (must be empty)"
            return "names a user of the host that the login comes from"
        if bool(self.origin.host) != bool(self.origin.keys):
            return "has an origin with only one of host and keys"
        # "'to_hostname' and 'to_hostkeys' have been supplied"
        if not self.target.host or not self.target.keys:
            return "has a target without a host or without keys"
        if len(raw(self.target.user)) > MAX_USER_PATTERN:
            return f"has a pattern of user names longer than {MAX_USER_PATTERN} bytes"
        texts = (self.origin.host, self.target.host, self.target.user)
        if any("\0" in text for text in texts):
            return "holds a NUL"
        return ""


@record
class _Constraints(Record):
    """All of them."""

    constraints: Repeated[bytes]


@record
class _Constraint(Record):
    """One constraint."""

    origin: bytes
    target: bytes
    reserved: bytes


@record
class _KeySpec(Record):
    """One key of a hop."""

    blob: bytes
    is_ca: bool


@record
class _Hop(Record):
    """One hop."""

    user: Text
    host: Text
    reserved: bytes
    keys: Repeated[_KeySpec]


def encode_destinations(constraints: tuple[DestinationConstraint, ...]) -> bytes:
    """Return the constraints as they are inside their string.

    Raises:
        UsageError: there are too many, or one contradicts itself.
    """
    if len(constraints) > MAX_DESTINATIONS:
        problem = f"{len(constraints)} destination constraints; an agent takes {MAX_DESTINATIONS}"
        raise UsageError(problem)
    return b"".join(string(_encode(each)) for each in constraints)


def decode_destinations(
    data: bytes, *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> tuple[DestinationConstraint, ...]:
    """Read the constraints in `data`.

    Raises:
        WireError: there are too many, or one is malformed or contradicts itself.
        KeyFormatError: a key in one is not valid.
    """
    found = _Constraints.decode(data).constraints
    if len(found) > MAX_DESTINATIONS:
        raise BadValue(_NAME, "their number", f"is over {MAX_DESTINATIONS}")
    return tuple(_decode(each, policy) for each in found)


def _encode(constraint: DestinationConstraint) -> bytes:
    if constraint.problem:
        problem = f"a destination constraint {constraint.problem}"
        raise UsageError(problem)
    origin, target = _encode_hop(constraint.origin), _encode_hop(constraint.target)
    return _Constraint(origin=origin, target=target, reserved=b"").encode()


def _encode_hop(hop: Hop) -> bytes:
    keys = tuple(_KeySpec(blob=each.key.blob, is_ca=each.is_ca) for each in hop.keys)
    return _Hop(user=hop.user, host=hop.host, reserved=b"", keys=keys).encode()


def _decode(data: bytes, policy: KeyPolicy) -> DestinationConstraint:
    fields = _Constraint.decode(data)
    _refuse_reserved(fields.reserved)
    constraint = DestinationConstraint(
        target=_decode_hop(fields.target, policy), origin=_decode_hop(fields.origin, policy)
    )
    if constraint.problem:
        raise BadValue(_NAME, "it", constraint.problem)
    return constraint


def _decode_hop(data: bytes, policy: KeyPolicy) -> Hop:
    fields = _Hop.decode(data)
    _refuse_reserved(fields.reserved)
    keys = tuple(
        DestinationKey(PublicKey.from_blob(each.blob, policy=policy), each.is_ca)
        for each in fields.keys
    )
    return Hop(fields.host, keys, fields.user)


def _refuse_reserved(reserved: bytes) -> None:
    if reserved:  # a later version restricts the key further there
        raise BadValue(_NAME, "its reserved field", "is not empty")
