"""What a resolver of SSHFP records returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import SSHFP

__all__ = ["SSHFPAnswer", "SSHFPResolver"]


@lazy_attrs.frozen(kw_only=True)
class SSHFPAnswer:
    """The SSHFP records of a host (RFC 4255).

    Attributes:
        records: The records; none where the host has none.
        authenticated: Whether DNSSEC has authenticated them, and the way from whoever checked that
            is safe. Without it no key is trusted for them.
    """

    records: tuple[SSHFP, ...] = ()
    authenticated: bool = False


SSHFPResolver: TypeAlias = Callable[[str], Awaitable[SSHFPAnswer] | SSHFPAnswer]
"""Returns the SSHFP records of a host's name; what it raises counts as no answer.

An async function is awaited; a plain one is called in a thread.
"""
