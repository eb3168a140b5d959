"""Key revocation lists: KRL (OpenSSH's PROTOCOL.krl), as `ssh-keygen -k` and `-Q`.

    uint64 magic, uint32 format, uint64 version, uint64 generated, uint64 flags,
    string reserved, string comment, then sections: byte type, string data

A list revokes keys, by their blob or by its hash, and certificates, by the serial number or the
key id from one authority, or from any.  Keys are kept as they are sent, so a list may revoke
kinds that this package does not know.  A list with a critical extension is refused: what it
revokes is not known.  A signature in the list is ignored, as in OpenSSH 10.6; sign the file of a
list that is distributed (`ssh_keys.signatures`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, Self

from ssh_keys.errors import KeyFormatError
from ssh_keys.public import PublicKey
from ssh_keys.trust.krl_records import (
    Certificates,
    CertificateSection,
    Extension,
    Header,
    Section,
    SectionType,
    Signature,
    Strings,
)
from ssh_keys.trust.serial_sets import SerialSection, SerialSet, read_section
from ssh_wire import (
    UsageError,
    WireError,
    lazy_attrs,
)
from ssh_wire.text import printable, raw

if TYPE_CHECKING:
    from ssh_keys.certificates.certificate import Certificate
    from ssh_keys.credential import Credential
    from ssh_wire.primitives import Buffer

__all__ = [
    "MAGIC",
    "MAX_AUTHORITIES",
    "MAX_KRL",
    "Extension",
    "RevocationList",
    "RevokedCertificates",
]

MAGIC: Final = b"SSHKRL\n\0"
"""The start of every KRL."""
MAX_KRL: Final = 1 << 24
"""The largest list that is read, in bytes."""
MAX_AUTHORITIES: Final = 1 << 14
"""The most authorities whose certificates one list may revoke."""

_FORMAT: Final = 1
_SERIALS: Final = {section.value: section for section in SerialSection}
_HASHES: Final[dict[int, tuple[str, int]]] = {
    SectionType.SHA1: ("sha1", 20),
    SectionType.SHA256: ("sha256", 32),
}


@lazy_attrs.define
class RevokedCertificates:
    """The revoked certificates of one authority, or of all.

    Attributes:
        serials: the serial numbers.
        key_ids: the key ids, as bytes.
        extensions: extensions that are not critical, kept as they are.
    """

    serials: SerialSet = lazy_attrs.field(factory=SerialSet)
    key_ids: set[bytes] = lazy_attrs.field(factory=set[bytes])
    extensions: list[Extension] = lazy_attrs.field(factory=list[Extension])

    def holds(self, certificate: Certificate) -> bool:
        """Say whether a certificate is among them."""
        # 0 means no serial number: "Zero serial numbers are ignored" by OpenSSH too
        by_serial = certificate.serial != 0 and certificate.serial in self.serials
        return by_serial or raw(certificate.key_id) in self.key_ids


@lazy_attrs.define(kw_only=True)
class RevocationList:
    """Revoked keys and certificates.

    Attributes:
        version: the version of the list.
        generated: when it was made, in seconds since 1970.
        comment: its comment.
        certificates: revoked certificates, by the blob of the authority's key; the empty blob
            is every authority.
        keys: the blobs of revoked keys.
        sha1: SHA-1 hashes of blobs of revoked keys.
        sha256: SHA-256 hashes of blobs of revoked keys.
        extensions: extensions that are not critical, kept as they are.
    """

    version: int = 0
    generated: int = 0
    comment: str = ""
    certificates: dict[bytes, RevokedCertificates] = lazy_attrs.field(
        factory=dict[bytes, RevokedCertificates], repr=False
    )
    keys: set[bytes] = lazy_attrs.field(factory=set[bytes], repr=False)
    sha1: set[bytes] = lazy_attrs.field(factory=set[bytes], repr=False)
    sha256: set[bytes] = lazy_attrs.field(factory=set[bytes], repr=False)
    extensions: list[Extension] = lazy_attrs.field(factory=list[Extension], repr=False)

    @classmethod
    def from_blob(cls, data: Buffer) -> Self:
        """Read a KRL.

        Raises:
            KeyFormatError: it is not one complete KRL within the limits, or it has a critical
                extension or an unknown section.
        """
        _check_size(data)
        blob = bytes(data)
        if not blob.startswith(MAGIC):
            problem = "not a KRL: it does not begin with SSHKRL"
            raise KeyFormatError(problem)
        try:
            header = Header.decode(blob[len(MAGIC) :])
            if header.format != _FORMAT:
                problem = f"a KRL of format {header.format} is not supported"
                raise KeyFormatError(problem)
            made = cls(version=header.version, generated=header.generated, comment=header.comment)
            made._read_sections(header.sections)
        except WireError as error:
            problem = f"not a KRL: {error}"
            raise KeyFormatError(problem) from None
        return made

    def _read_sections(self, data: bytes) -> None:
        pos = 0
        while pos < len(data):
            section, pos = Section.read(data, pos)
            if section.kind == SectionType.SIGNATURE:
                # the only section with two strings: a key, and its signature of the list
                _, pos = Signature.read(data, pos)
            elif section.kind == SectionType.CERTIFICATES:
                self._read_certificates(section.data)
            elif section.kind == SectionType.EXPLICIT_KEY:
                self.keys.update(Strings.decode(section.data).items)
            elif section.kind in _HASHES:
                self._read_hashes(section)
            elif section.kind == SectionType.EXTENSION:
                self.extensions.append(_extension(section.data))
            else:
                problem = f"a KRL with a section of type {section.kind} is not supported"
                raise KeyFormatError(problem)

    def _read_hashes(self, section: Section) -> None:
        name, size = _HASHES[section.kind]
        for digest in Strings.decode(section.data).items:
            if len(digest) != size:
                problem = f"a {name} hash in the KRL has {len(digest)} bytes"
                raise KeyFormatError(problem)
            (self.sha1 if section.kind == SectionType.SHA1 else self.sha256).add(digest)

    def _read_certificates(self, data: bytes) -> None:
        fields = Certificates.decode(data)
        revoked = self._revoked_of(fields.ca_key)
        for part in fields.sections:
            if part.kind in _SERIALS:
                read_section(_SERIALS[part.kind], part.data, revoked.serials)
            elif part.kind == CertificateSection.KEY_ID:
                revoked.key_ids.update(Strings.decode(part.data).items)
            elif part.kind == CertificateSection.EXTENSION:
                revoked.extensions.append(_extension(part.data))
            else:
                problem = f"a KRL that revokes certificates by type {part.kind} is not supported"
                raise KeyFormatError(problem)

    def revokes(self, key: Credential) -> bool:
        """Say whether a key is revoked, or a certificate, its key or its authority."""
        if isinstance(key, PublicKey):
            return self._revokes_blob(key.blob)
        return (
            self._revokes_blob(key.public_key.blob)
            or any(
                self.certificates[ca].holds(key)
                for ca in (key.ca_key.blob, b"")
                if ca in self.certificates
            )
            or self._revokes_blob(key.ca_key.blob)
        )

    def _revokes_blob(self, blob: bytes) -> bool:
        sha1 = hashlib.sha1(blob, usedforsecurity=False).digest()
        return (
            blob in self.keys or sha1 in self.sha1 or hashlib.sha256(blob).digest() in self.sha256
        )

    def revoke(self, key: Credential) -> None:
        """Revoke a key, or a certificate by its serial number, or by its key id if it has none.

        The key in the certificate, and other certificates of its authority, are not revoked.
        """
        if isinstance(key, PublicKey):
            self.keys.add(key.blob)
        elif key.serial:
            self.revoke_serials(key.ca_key, key.serial)
        else:
            self.revoke_key_id(key.ca_key, key.key_id)

    def revoke_blob(self, blob: bytes, hash_name: Literal["sha1", "sha256"] | None = None) -> None:
        """Revoke a key of any kind.

        Args:
            blob: the key as it is sent.
            hash_name: list this hash of it instead of the key.
        """
        if hash_name == "sha1":
            self.sha1.add(hashlib.sha1(blob, usedforsecurity=False).digest())
        elif hash_name == "sha256":
            self.sha256.add(hashlib.sha256(blob).digest())
        else:
            self.keys.add(blob)

    def revoke_serials(self, ca: PublicKey | None, first: int, last: int | None = None) -> None:
        """Revoke the certificates with a serial number, or with those of a range.

        Args:
            ca: the key of the authority; None for every authority.
            first: the number, or the lowest of the range.
            last: the highest number of the range.

        Raises:
            KeyFormatError: the numbers are not serial numbers, or not in order.
        """
        self._revoked_of(_blob_of(ca)).serials.add(first, first if last is None else last)

    def revoke_key_id(self, ca: PublicKey | None, key_id: str) -> None:
        """Revoke the certificates with a key id.

        Args:
            ca: the key of the authority; None for every authority.
            key_id: the key id.
        """
        self._revoked_of(_blob_of(ca)).key_ids.add(raw(key_id))

    def _revoked_of(self, ca_blob: bytes) -> RevokedCertificates:
        revoked = self.certificates.get(ca_blob)
        if revoked is None:
            if len(self.certificates) >= MAX_AUTHORITIES:
                problem = f"certificates of more than {MAX_AUTHORITIES} authorities are revoked"
                raise KeyFormatError(problem)
            revoked = self.certificates[ca_blob] = RevokedCertificates()
        return revoked

    def to_blob(self) -> bytes:
        """Return the list as a KRL.

        Raises:
            UsageError: the list is larger than `MAX_KRL`.
        """
        sections = [
            *(
                _section(SectionType.CERTIFICATES, _certificates(ca, r))
                for ca, r in self.certificates.items()
            ),
            *_strings(SectionType.EXPLICIT_KEY, self.keys),
            *_strings(SectionType.SHA1, self.sha1),
            *_strings(SectionType.SHA256, self.sha256),
            *(_section(SectionType.EXTENSION, each.encode()) for each in self.extensions),
        ]
        header = Header(
            format=_FORMAT,
            version=self.version,
            generated=self.generated,
            flags=0,
            reserved=b"",
            comment=self.comment,
            sections=b"".join(sections),
        )
        blob = MAGIC + header.encode()
        if len(blob) > MAX_KRL:
            problem = f"a KRL of {len(blob)} bytes is larger than {MAX_KRL}"
            raise UsageError(problem)
        return blob


def _check_size(data: Buffer) -> None:
    if len(data) > MAX_KRL:
        problem = f"{len(data)} bytes are too many for a list of revoked keys"
        raise KeyFormatError(problem)


def _extension(data: bytes) -> Extension:
    extension = Extension.decode(data)
    # "any unsupported extension encountered should result in KRL parsing failure"
    if extension.critical:
        problem = f"the KRL needs the extension '{printable(extension.name, 64)}'"
        raise KeyFormatError(problem)
    return extension


def _blob_of(ca: PublicKey | None) -> bytes:
    return b"" if ca is None else ca.blob


def _section(kind: int, data: bytes) -> bytes:
    return Section(kind=kind, data=data).encode()


def _strings(kind: int, items: set[bytes]) -> list[bytes]:
    # "Hashes in this section must appear in numeric order"
    return [_section(kind, Strings(items=tuple(sorted(items))).encode())] if items else []


def _certificates(ca_blob: bytes, revoked: RevokedCertificates) -> bytes:
    parts = [Section(kind=kind, data=data) for kind, data in revoked.serials.sections()]
    if revoked.key_ids:
        ids = Strings(items=tuple(sorted(revoked.key_ids)))
        parts.append(Section(kind=CertificateSection.KEY_ID, data=ids.encode()))
    parts += [
        Section(kind=CertificateSection.EXTENSION, data=each.encode())
        for each in revoked.extensions
    ]
    return Certificates(ca_key=ca_blob, reserved=b"", sections=tuple(parts)).encode()
