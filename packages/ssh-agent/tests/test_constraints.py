from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_samples import KEYS, certificate, constraints
from ssh_agent.constraints import MAX_CERTIFICATES, Constraints
from ssh_agent.destinations import DestinationConstraint, DestinationKey, Hop
from ssh_keys import KeyFormatError
from ssh_wire import UsageError, WireError
from ssh_wire.primitives import string

DESTINATION = DestinationConstraint(Hop("h", (DestinationKey(KEYS["ed25519"].public_key),)))
CERTIFICATE = certificate("ed25519")
FULL = Constraints(lifetime=60, confirm=True, destinations=(DESTINATION,), provider="internal")
TOKEN = Constraints(certificates=(CERTIFICATE,), certificates_only=True, confirm=True)


def extension(name: str, content: bytes) -> bytes:
    return b"\xff" + string(name) + content


@pytest.mark.parametrize(
    ("made", "wire"),
    [
        (Constraints(), b""),
        (Constraints(lifetime=60), b"\x01\0\0\0\x3c"),
        (Constraints(lifetime=0), b"\x01\0\0\0\0"),
        (Constraints(confirm=True), b"\x02"),
        (Constraints(lifetime=2**32 - 1, confirm=True), b"\x01\xff\xff\xff\xff\x02"),
        (
            Constraints(provider="/lib/sk.so"),
            extension("sk-provider@openssh.com", string("/lib/sk.so")),
        ),
    ],
)
def test_constraints_have_format_of_draft(made: Constraints, wire: bytes) -> None:
    assert made.encode() == wire
    assert Constraints.decode(wire) == made
    assert bool(made) is bool(wire)


def test_certificates_have_format_of_openssh() -> None:
    content = b"\x01" + string(string(CERTIFICATE.blob))
    wire = b"\x02" + extension("associated-certs-v00@openssh.com", content)

    assert TOKEN.encode() == wire
    assert Constraints.decode(wire, for_token=True) == TOKEN


@given(constraints())
def test_constraints_of_identity_come_back_from_their_encoding(made: Constraints) -> None:
    assert Constraints.decode(made.encode()) == made


@given(constraints(for_token=True))
def test_constraints_of_token_come_back_from_their_encoding(made: Constraints) -> None:
    assert Constraints.decode(made.encode(), for_token=True) == made


@given(st.binary(max_size=64))
def test_any_bytes_are_constraints_or_raise(data: bytes) -> None:
    try:
        made = Constraints.decode(data)
    except WireError:
        return
    assert Constraints.decode(made.encode()) == made


@pytest.mark.row("G02")
@pytest.mark.parametrize(("made", "for_token"), [(FULL, False), (TOKEN, True)])
def test_constraints_that_are_cut_short_never_become_the_whole(
    made: Constraints, for_token: bool
) -> None:
    data = made.encode()

    for end in range(len(data)):
        try:
            read = Constraints.decode(data[:end], for_token=for_token)
        except WireError:
            continue
        assert data.startswith(read.encode())  # it ends where a constraint ends
        assert len(read.encode()) == end


@pytest.mark.row("G02")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x00", "type 0 is not known"),
        (b"\x03", "type 3 is not known"),
        (b"\x02\xfe", "type 254 is not known"),
        (extension("odd@example.com", b""), "odd@example.com is not known"),
        (extension("\x1b[2J", b""), r"\\x1b\[2J is not known"),
        (extension("restrict-destination-v01@openssh.com", string("")), "is not known"),
        (b"\x02\x02", "there twice"),
        (b"\x01\0\0\0\x01\x02\x01\0\0\0\x01", "there twice"),
        (extension("sk-provider@openssh.com", string("a")) * 2, "there twice"),
        (extension("sk-provider@openssh.com", string("")), "empty"),
        (extension("sk-provider@openssh.com", string("a\0b")), "NUL"),
        (extension("restrict-destination-v00@openssh.com", string("")), "is empty"),
        (extension("restrict-destination-v00@openssh.com", b""), "ends inside"),
        (TOKEN.encode(), "associated-certs-v00@openssh.com is not valid in this request"),
    ],
    ids=count(),
)
def test_constraint_that_is_not_known_or_not_whole_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        Constraints.decode(data)


@pytest.mark.row("G02")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (Constraints(provider="internal").encode(), "not valid in this request"),
        (extension("associated-certs-v00@openssh.com", b"\0" + string("")), "not 1 to 1024"),
        (extension("associated-certs-v00@openssh.com", b"\0"), "ends inside"),
    ],
    ids=count(),
)
def test_constraint_that_token_cannot_have_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        Constraints.decode(data, for_token=True)


@pytest.mark.row("G02")
def test_key_in_place_of_certificate_is_refused() -> None:
    blob = string(KEYS["ed25519"].public_key.blob)
    data = extension("associated-certs-v00@openssh.com", b"\0" + string(blob))

    with pytest.raises(KeyFormatError):
        Constraints.decode(data, for_token=True)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (Constraints(lifetime=-1), "cannot keep a key for -1 seconds"),
        (Constraints(lifetime=2**32), "cannot keep a key"),
        (Constraints(certificates_only=True), "needs the certificates"),
        (Constraints(certificates=(CERTIFICATE,) * (MAX_CERTIFICATES + 1)), "1025 certificates"),
        (Constraints(destinations=(DestinationConstraint(Hop()),)), "has a target without"),
    ],
)
def test_constraints_that_no_agent_takes_raise_usage_error(
    made: Constraints, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        made.encode()
