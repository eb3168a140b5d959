"""Certificates, and their fields alone, without a signature."""

from __future__ import annotations

from fuzz.keys import AUTHORITY, CERTIFICATES
from fuzz.target import Target
from ssh_keys import Certificate, CertificateRefused, KeyFormatError
from ssh_keys.certificates.fields import (
    encode_options,
    encode_principals,
    read_addresses,
    read_command,
    read_options,
    read_principals,
)
from ssh_wire import WireError
from ssh_wire.primitives import string

OPTIONS = ["force-command", "source-address", "verify-required"]
WORDS = [*(name.encode() for name in OPTIONS), b"permit-pty", b"no-touch-required"]


def read_certificate(data: bytes) -> None:
    certificate = Certificate.from_blob(data)
    assert certificate.blob == data


def read_signed(data: bytes) -> None:
    """Whatever an authority signs, be it malformed."""
    read = Certificate.from_blob(data + string(AUTHORITY.sign(data)))
    assert read.algorithms
    assert not read.verify(b"data", b"")
    try:
        read.check(role="user", principal="alice", now=1, understood_options=OPTIONS)
    except CertificateRefused:
        return
    assert "alice" in read.principals


def read_fields(data: bytes) -> None:
    refused = 0
    try:
        assert encode_principals(read_principals(data)) == data
    except (KeyFormatError, WireError):
        refused += 1
    try:
        assert len(encode_options(read_options(data, "option"))) == len(data)
    except (KeyFormatError, WireError):
        refused += 1
    for read in (read_addresses, read_command):
        try:
            assert read(data) is not None
        except (KeyFormatError, WireError):
            refused += 1
    if refused == 4:
        problem = "not one of the fields"
        raise KeyFormatError(problem)


def _unsigned(certificate: Certificate) -> bytes:
    return certificate.blob[: -len(string(certificate.signature))]


TARGETS = [
    Target(
        name="certificate",
        function=read_certificate,
        seeds=[certificate.blob for certificate in CERTIFICATES],
        allowed=(KeyFormatError,),
        tokens=WORDS,
    ),
    Target(
        name="certificate-signed",
        function=read_signed,
        seeds=list(map(_unsigned, CERTIFICATES)),
        allowed=(KeyFormatError,),
        tokens=WORDS,
    ),
    Target(
        name="certificate-fields",
        function=read_fields,
        seeds=[
            encode_principals(("alice", "bob,carol", "")),
            encode_options(CERTIFICATES[0].critical_options),
            encode_options(CERTIFICATES[0].extensions),
            string("192.0.2.0/24,2001:db8::/32"),
            string("ls -l"),
        ],
        allowed=(KeyFormatError,),
        growth=400,  # a name of four bytes is an object of a hundred
        tokens=WORDS,
    ),
]
