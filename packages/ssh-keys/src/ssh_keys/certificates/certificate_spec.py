"""The contents of a certificate that is to be issued."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ssh_keys.certificates.fields import MAX_PRINCIPALS, Role
from ssh_wire import UsageError, lazy_attrs

__all__ = ["FOREVER", "PERMISSIONS", "CertificateSpec"]

FOREVER: Final = 2**64 - 1
"""The `valid_before` of a certificate that does not expire."""

PERMISSIONS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "permit-X11-forwarding": b"",
        "permit-agent-forwarding": b"",
        "permit-port-forwarding": b"",
        "permit-pty": b"",
        "permit-user-rc": b"",
    }
)
"""The extensions that `ssh-keygen` gives to a user certificate by default."""


@lazy_attrs.frozen(kw_only=True)
class CertificateSpec:
    """The contents of a certificate that is to be issued, except the keys.

    Attributes:
        role: whether the key is a user's or a host's.
        key_id: text that names the certificate in logs.
        principals: the user names or host names that it is valid for; at least one, unless
            `unlimited` is set.
        serial: a number by which it can be revoked; 0 for no number.
        valid_after: the second from which it is valid, since 1970.
        valid_before: the second from which it is not valid any more, since 1970.
        critical_options: its restrictions, by name.  Values are as they are sent: that of
            "force-command" is a string with its length.
        extensions: its permissions, by name; the values of `PERMISSIONS` are empty.
        algorithm: how the authority signs; the preferred algorithm of its key when None.
        unlimited: that it lists no principals on purpose, as `ssh-keygen -s` without -n issues
            it.  `Certificate.check` and OpenSSH from 10.3 refuse such a certificate; before,
            sshd took that of a user where authorized_keys lists the authority, and ssh took
            that of a host for every name.
    """

    role: Role
    key_id: str
    principals: tuple[str, ...]
    serial: int = 0
    valid_after: int = 0
    valid_before: int = FOREVER
    critical_options: Mapping[str, bytes] = lazy_attrs.field(factory=dict[str, bytes])
    extensions: Mapping[str, bytes] = lazy_attrs.field(factory=dict[str, bytes])
    algorithm: str | None = None
    unlimited: bool = False

    def check(self) -> None:
        """Refuse what no server and no client accepts.

        Raises:
            UsageError: it has no principals, or too many, or is never valid; or it has
                principals and is `unlimited`.
        """
        if self.unlimited and self.principals:
            problem = "a certificate that lists principals is not unlimited"
            raise UsageError(problem)
        if not (self.unlimited or self.principals) or len(self.principals) > MAX_PRINCIPALS:
            problem = f"a certificate lists 1 to {MAX_PRINCIPALS} principals"
            raise UsageError(problem)
        if self.valid_after >= self.valid_before:
            problem = "the certificate would expire before it becomes valid"
            raise UsageError(problem)
