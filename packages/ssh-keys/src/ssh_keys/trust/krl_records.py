"""The records of a KRL (OpenSSH's PROTOCOL.krl), and the numbers of its sections."""

from __future__ import annotations

import enum

from ssh_wire import Byte, Record, Repeated, Rest, Text, UInt32, UInt64, record

__all__ = [
    "CertificateSection",
    "Certificates",
    "Extension",
    "Header",
    "Section",
    "SectionType",
    "Signature",
    "Strings",
]


class SectionType(enum.IntEnum):
    """The sections of a list (section 1)."""

    CERTIFICATES = 1
    EXPLICIT_KEY = 2
    SHA1 = 3
    SIGNATURE = 4
    SHA256 = 5
    EXTENSION = 255


class CertificateSection(enum.IntEnum):
    """The other sections about certificates than `SerialSection` (section 2)."""

    KEY_ID = 0x23
    EXTENSION = 0x39


@record
class Header(Record):
    """The fields before the sections (section 1), after the magic."""

    format: UInt32
    version: UInt64
    generated: UInt64
    flags: UInt64
    reserved: bytes
    comment: Text
    sections: Rest = b""


@record
class Section(Record):
    """A section, or a section in one about certificates."""

    kind: Byte
    data: bytes


@record
class Certificates(Record):
    """A section about certificates (section 2)."""

    ca_key: bytes
    reserved: bytes
    sections: Repeated[Section]


@record
class Strings(Record):
    """Keys, hashes or key ids."""

    items: Repeated[bytes]


@record
class Extension(Record):
    """An extension of a list (sections 2.5 and 5).

    Attributes:
        name: its name, such as "note@example.com".
        critical: whether a list with it must be refused if it is unknown.
        data: its content.
    """

    name: Text
    critical: bool = False
    data: bytes


@record
class Signature(Record):
    """The second string of a section with a signature (section 6)."""

    signature: bytes
