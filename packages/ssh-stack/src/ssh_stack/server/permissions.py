"""What the line of a key, or a certificate, grants to its holder, and whether it does so now.

sshd(8), AUTHORIZED_KEYS FILE FORMAT, and CERTIFICATES of ssh-keygen(1).  A restriction that
nothing here enforces is never passed over: the look-ups of `ssh_keys` leave such lines out, and
`Certificate.check` refuses such certificates.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ssh_auth import Accept, AuthContext, Permissions, ip_text
from ssh_keys import FidoPolicy
from ssh_keys.fido import NO_TOUCH
from ssh_keys.trust import OPTIONS
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Collection

    from ssh_keys import Certificate
    from ssh_keys.trust import KeyOptions

__all__ = [
    "ENFORCED",
    "certificate_grant",
    "certificate_problem",
    "combined_grant",
    "options_grant",
    "options_problem",
    "unix_time",
]

ENFORCED: Final = OPTIONS - {"tunnel"}
"""The options of a line that are enforced; one with any other authorizes no user."""

_CRITICAL: Final = ("force-command", "source-address", "verify-required")
"""The critical options of a certificate that are enforced."""


def unix_time() -> int:
    """Return the time in seconds since 1970."""
    return int(time.time())


def options_grant(options: KeyOptions) -> Accept:
    """Return what the options of a line grant."""
    fido = FidoPolicy(touch=options.touch_required, verification=options.verify_required)
    return Accept(Permissions.from_options(options), fido)


def certificate_grant(certificate: Certificate) -> Accept:
    """Return what a certificate grants that is good; `certificate_problem` says if it is."""
    fido = FidoPolicy(
        touch="no-touch-required" not in certificate.extensions,
        verification="verify-required" in certificate.critical_options,
    )
    return Accept(Permissions.from_certificate(certificate), fido)


def combined_grant(one: Accept, other: Accept) -> Accept | None:
    """Return what both grant, or None where they force different commands.

    As OpenSSH's sshauthopt_merge: each restricts, and a touch may be left out where both say so.
    """
    permissions = one.permissions.intersect(other.permissions)
    if permissions is None:
        return None
    fido = lazy_attrs.evolve(
        one.fido,
        touch=one.fido.touch or other.fido.touch,
        verification=one.fido.verification or other.fido.verification,
    )
    return Accept(permissions, fido)


def options_problem(options: KeyOptions, context: AuthContext, now: int) -> str:
    """Return why a line does not authorize this client now, or nothing.

    Args:
        options: the options of the line.
        context: the client.
        now: the time in seconds since 1970.
    """
    permissions = Permissions.from_options(options)
    if options.expired(now):
        return "its expiry-time has passed"
    if not permissions.permits_source(context.peer):
        return f"its from does not name {_client(context)}"
    return ""


def certificate_problem(
    certificate: Certificate,
    context: AuthContext,
    now: int,
    principals: Collection[str] | None = None,
) -> str:
    """Return why a certificate is not good for this client now, or nothing.

    Whether its authority is trusted is not looked at.

    Args:
        certificate: the certificate.
        context: the client.
        now: the time in seconds since 1970.
        principals: the principals of which it must name one; None for the user's name.
    """
    from ssh_keys import CertificateRefused  # loads when the first one is met

    try:
        certificate.check(
            role="user",
            principal=context.user if principals is None else None,
            now=now,
            ca_fido=NO_TOUCH,  # as sshd: what the authority's token saw was its own affair
            understood_options=_CRITICAL,
        )
    except CertificateRefused as error:
        return str(error)
    if principals is not None and set(principals).isdisjoint(certificate.principals):
        return "it names no principal that is authorized"
    if Permissions.from_certificate(certificate).permits_source(context.peer):
        return ""
    return f"its source-address does not name {_client(context)}"


def _client(context: AuthContext) -> str:
    return ip_text(context.peer) or "a client without an address"
