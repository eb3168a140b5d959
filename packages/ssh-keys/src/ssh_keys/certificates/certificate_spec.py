"""What an authority grants: the contents of a certificate that is yet to be issued."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ssh_keys.certificates.fields import MAX_PRINCIPALS, Role
from ssh_wire import UsageError

__all__ = ["FOREVER", "PERMISSIONS", "CertificateSpec"]

FOREVER: Final = 2**64 - 1
"""The `valid_before` of a certificate that does not end."""

PERMISSIONS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "permit-X11-forwarding": b"",
        "permit-agent-forwarding": b"",
        "permit-port-forwarding": b"",
        "permit-pty": b"",
        "permit-user-rc": b"",
    }
)
"""The extensions that `ssh-keygen` gives to a user certificate unless it is told otherwise."""


@attrs.frozen(kw_only=True)
class CertificateSpec:
    """What an authority grants: all that `issue` writes into a certificate beside the keys.

    Attributes:
        role: whether the key is a user's or a host's.
        key_id: free text that names the certificate in logs.
        principals: the user names or host names that it is good for; at least one.
        serial: a number by which it can be revoked; 0 where the authority does not number.
        valid_after: the first second in which it is good, since 1970.
        valid_before: the first second in which it is no longer good, since 1970.
        critical_options: what restricts it, by name; values as they are sent, so that of
            "force-command" is itself a string with its length in front.
        extensions: what it permits, by name; the values of `PERMISSIONS` are empty.
        algorithm: how the authority signs; the preferred algorithm of its key when None.
    """

    role: Role
    key_id: str
    principals: tuple[str, ...]
    serial: int = 0
    valid_after: int = 0
    valid_before: int = FOREVER
    critical_options: Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])
    extensions: Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])
    algorithm: str | None = None

    def check(self) -> None:
        """Refuse what nobody would accept.

        Raises:
            UsageError: it names nobody, or too many, or is never valid.
        """
        if not 1 <= len(self.principals) <= MAX_PRINCIPALS:
            problem = f"a certificate lists 1 to {MAX_PRINCIPALS} principals"
            raise UsageError(problem)
        if self.valid_after >= self.valid_before:
            problem = "the certificate would have expired before it becomes valid"
            raise UsageError(problem)
