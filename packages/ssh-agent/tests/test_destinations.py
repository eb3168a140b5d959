from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_samples import KEYS, destination_constraints
from ssh_agent.destinations import (
    MAX_DESTINATIONS,
    DestinationConstraint,
    DestinationKey,
    Hop,
    decode_destinations,
    encode_destinations,
)
from ssh_keys import PrivateKey, UnsupportedKey
from ssh_wire import UsageError, WireError
from ssh_wire.primitives import string

HOST = KEYS["ed25519"].public_key
TARGET = Hop("host", (DestinationKey(HOST),))
CONSTRAINT = DestinationConstraint(TARGET)


def hop(user: bytes = b"", host: bytes = b"", reserved: bytes = b"", keys: bytes = b"") -> bytes:
    return string(string(user) + string(host) + string(reserved) + keys)


def key(blob: bytes = HOST.blob, ca: bytes = b"\0") -> bytes:
    return string(blob) + ca


def constraint(origin: bytes, target: bytes, reserved: bytes = b"") -> bytes:
    return string(origin + target + string(reserved))


GOOD = constraint(hop(), hop(host=b"host", keys=key()))


def test_constraint_has_format_of_openssh() -> None:
    assert encode_destinations((CONSTRAINT,)) == GOOD
    assert decode_destinations(GOOD) == (CONSTRAINT,)


def test_authority_user_and_origin_are_kept() -> None:
    origin = Hop("first", (DestinationKey(HOST), DestinationKey(HOST, is_ca=True)))
    target = Hop("second", (DestinationKey(KEYS["rsa"].public_key, is_ca=True),), "git*")

    made = DestinationConstraint(target, origin)

    assert decode_destinations(encode_destinations((made, CONSTRAINT))) == (made, CONSTRAINT)


@given(st.lists(destination_constraints(), max_size=4).map(tuple))
def test_constraints_come_back_from_their_encoding(
    constraints: tuple[DestinationConstraint, ...],
) -> None:
    assert decode_destinations(encode_destinations(constraints)) == constraints


@pytest.mark.row("G02")
@pytest.mark.parametrize("end", range(1, len(GOOD)))
def test_constraint_that_is_cut_short_is_refused(end: int) -> None:
    with pytest.raises(WireError):
        decode_destinations(GOOD[:end])


@pytest.mark.row("G02")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (constraint(hop(user=b"me"), hop(host=b"h", keys=key())), "names a user"),
        (constraint(hop(host=b"from"), hop(host=b"h", keys=key())), "only one of"),
        (constraint(hop(keys=key()), hop(host=b"h", keys=key())), "only one of"),
        (constraint(hop(), hop(host=b"h")), "without a host or without keys"),
        (constraint(hop(), hop(keys=key())), "without a host or without keys"),
        (constraint(hop(), hop(user=b"u" * 257, host=b"h", keys=key())), "longer than 256"),
        (constraint(hop(), hop(host=b"h\0i", keys=key())), "NUL"),
        (constraint(hop(reserved=b"x"), hop(host=b"h", keys=key())), "reserved"),
        (constraint(hop(), hop(host=b"h", keys=key(), reserved=b"x")), "reserved"),
        (constraint(hop(), hop(host=b"h", keys=key()), b"x"), "reserved"),
        (constraint(hop(), hop(host=b"h", keys=key())[:-1] + b"x\0"), "ends inside|left over"),
        (GOOD + b"\0", "ends inside"),
    ],
    ids=count(),
)
def test_constraint_that_contradicts_specification_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        decode_destinations(data)


@pytest.mark.row("G02")
def test_key_of_unknown_kind_is_refused() -> None:
    with pytest.raises(UnsupportedKey):
        decode_destinations(constraint(hop(), hop(host=b"h", keys=key(string("odd")))))


@pytest.mark.row("G05")
def test_more_constraints_than_openssh_takes_are_refused() -> None:
    with pytest.raises(WireError, match="over 1024"):
        decode_destinations(GOOD * (MAX_DESTINATIONS + 1))
    with pytest.raises(UsageError, match="1025 destination constraints"):
        encode_destinations((CONSTRAINT,) * (MAX_DESTINATIONS + 1))


def test_constraint_without_target_is_not_sent() -> None:
    with pytest.raises(UsageError, match="has a target without a host or without keys"):
        encode_destinations((DestinationConstraint(Hop("host")),))


def test_equal_constraints_are_equal_by_their_keys(ed25519: PrivateKey) -> None:
    other = Hop("host", (DestinationKey(ed25519.public_key),))

    assert DestinationConstraint(other) != CONSTRAINT
    assert DestinationConstraint(Hop("host", (DestinationKey(HOST),))) == CONSTRAINT
