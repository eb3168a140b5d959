"""SSHFP records from the system's name servers, by the package dnspython (`ssh-stack[dns]`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ssh_keys import SSHFP, KeyFormatError
from ssh_stack.client.sshfp_answer import SSHFPAnswer
from ssh_stack.usage_errors import ConfigError

if TYPE_CHECKING:
    from ssh_stack.client.sshfp_answer import SSHFPResolver

__all__ = ["system_resolver", "trusts_name_servers"]

_RESOLV_CONF: Final = Path("/etc/resolv.conf")
_EDNS_PAYLOAD: Final = 1232
_SECONDS: Final = 10.0
_MISSING: Final = (
    "VerifyHostKeyDNS needs the package dnspython: install it by "
    "`pip install 'ssh-stack[dns]'`, or give dns_resolver"
)


def system_resolver() -> SSHFPResolver:
    """Return what asks the name servers of the system.

    Raises:
        ConfigError: the package dnspython is not installed.
    """
    try:
        resolvers, flags = import_module("dns.resolver"), import_module("dns.flags")
    except ImportError:
        raise ConfigError(_MISSING) from None

    def resolve(host: str) -> SSHFPAnswer:
        resolver: Any = resolvers.Resolver()
        resolver.use_edns(0, flags.DO, _EDNS_PAYLOAD)
        resolver.flags = flags.RD | flags.AD
        resolver.lifetime = _SECONDS
        # the name is complete: ssh does not search the domains of the system either
        answer: Any = resolver.resolve(f"{host.rstrip('.')}.", "SSHFP", search=False)
        authentic = bool(answer.response.flags & flags.AD) and trusts_name_servers()
        return SSHFPAnswer(records=tuple(_records(answer)), authenticated=authentic)

    return resolve


def _records(answer: Iterable[Any]) -> Iterator[SSHFP]:
    """Yield the records that can be read, as dns.c ignores the others."""
    for each in answer:
        with suppress(KeyFormatError):
            yield SSHFP.from_rdata(each.to_wire())


def trusts_name_servers() -> bool:
    """Return whether the system trusts its name servers, and the way to them, with DNSSEC.

    The C library of Linux, which OpenSSH asks, removes the flag AD from every answer unless
    resolv.conf(5) has the option trust-ad.
    """
    if not sys.platform.startswith("linux"):
        return True
    options = os.environ.get("RES_OPTIONS", "").split()
    try:
        lines = _RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        keyword, *words = line.split() or [""]
        if keyword == "options":
            options += words
    return "trust-ad" in options
