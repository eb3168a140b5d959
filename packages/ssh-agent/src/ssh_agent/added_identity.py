"""A private key on its way into an agent (draft-miller-ssh-agent section 4.2).

    string kind, the fields of the private key, string comment, constraints

With a certificate (OpenSSH's sshkey_private_serialize):

    string kind of the certificate, string certificate, the fields of the private key without
    its kind and without those that the certificate has, string comment, constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_agent.constraints import Constraints
from ssh_agent.messages import AddConstrainedIdentity, AddIdentity
from ssh_keys import Certificate, KeyFormatError, KeyPolicy, PrivateKey, plain_kind
from ssh_wire import Record, Text, UsageError, lazy_attrs, record
from ssh_wire.primitives import read_string, read_text, string

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["AddedIdentity"]

_CERTIFIED_FIELDS: Final = {
    # how many fields behind the kind only the certificate has, as OpenSSH counts; those of
    # Ed25519 come again
    "ssh-rsa": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 2,
    "ssh-mldsa44-ed25519": 1,
    "ssh-mldsa44-ed25519@openssh.com": 1,
}
_REVERSED: Final = "ssh-rsa"
"""The kind whose public key has e before n, and whose private key has n before e."""


@record
class _Comment(Record):
    """What follows the key."""

    comment: Text


@lazy_attrs.frozen
class AddedIdentity:
    """A private key as it is handed to an agent.

    Attributes:
        key: the private key; of a FIDO token's, its handle.
        comment: what the agent calls it.
        certificate: the certificate with which it is listed instead of the plain key.
        constraints: how it may be used.
    """

    key: PrivateKey
    comment: str = ""
    certificate: Certificate | None = None
    constraints: Constraints = Constraints()

    @property
    def message(self) -> AddIdentity | AddConstrainedIdentity:
        """SSH_AGENTC_ADD_IDENTITY, or the message with constraints.

        Raises:
            UsageError: the certificate is another key's, or no agent takes the constraints.
        """
        fields = self._fields() + _Comment(comment=self.comment).encode()
        if not self.constraints:
            return AddIdentity(key=fields)
        return AddConstrainedIdentity(key=fields + self.constraints.encode())

    @classmethod
    def from_message(
        cls,
        message: AddIdentity | AddConstrainedIdentity,
        *,
        policy: KeyPolicy = KeyPolicy.DEFAULT,
    ) -> Self:
        """Read the key of a request.

        Constraints are read in both messages, as OpenSSH's agent does: were they ignored in
        the plain one, the key would be kept without them.

        Args:
            message: the request.
            policy: which keys are strong enough to be read.

        Raises:
            KeyFormatError: the key or its certificate is not valid, or they are not of one key.
            UnsupportedKey: the key is of a kind that is refused or unknown.
            WireError: the comment or a constraint is malformed, or not known.
        """
        data = message.key
        kind, pos = read_text(data, 0)
        plain = plain_kind(kind)
        certificate = None
        if plain is None:
            key, pos = PrivateKey.read_fields(data, policy=policy)
        else:
            certificate, key, pos = _read_certified(plain, data, pos, policy)
        comment, pos = _Comment.read(data, pos)
        constraints = Constraints.decode(data[pos:], policy=policy)
        return cls(key, comment.comment, certificate, constraints)

    def _fields(self) -> bytes:
        fields = self.key.private_fields().encode()
        if self.certificate is None:
            return fields
        if self.certificate.public_key != self.key.public_key:
            problem = "the certificate is not one of the private key"
            raise UsageError(problem)
        kind, pos = read_text(fields, 0)
        for _ in range(_CERTIFIED_FIELDS.get(kind, 0)):
            _, pos = read_string(fields, pos)
        return string(self.certificate.kind) + string(self.certificate.blob) + fields[pos:]


def _read_certified(
    plain: str, data: bytes, pos: int, policy: KeyPolicy
) -> tuple[Certificate, PrivateKey, int]:
    blob, pos = read_string(data, pos)
    certificate = Certificate.from_blob(blob, policy=policy)
    if plain_kind(certificate.kind) != plain:
        problem = "the certificate and the private key are of two kinds"
        raise KeyFormatError(problem)
    head = _certified_fields(plain, certificate.public_key.blob)
    key, end = PrivateKey.read_fields(head + data[pos:], policy=policy)
    if key.public_key != certificate.public_key:
        problem = "the certificate is not one of the private key"
        raise KeyFormatError(problem)
    return certificate, key, pos + end - len(head)


def _certified_fields(plain: str, blob: Buffer) -> bytes:
    """Return the kind and the fields that the certificate has, as a private key has them."""
    _, pos = read_text(blob, 0)
    fields: list[bytes] = []
    for _ in range(_CERTIFIED_FIELDS.get(plain, 0)):
        field, pos = read_string(blob, pos)
        fields.append(string(field))
    if plain == _REVERSED:
        fields.reverse()
    return string(plain) + b"".join(fields)
