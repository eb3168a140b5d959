"""Fingerprints of host keys in the DNS (VerifyHostKeyDNS, ssh_config(5); RFC 4255).

Only an authenticated answer makes a key trusted.  Everything else is a hint for the user.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal

from ssh_keys.trust import SSHFPMatch, check_sshfp
from ssh_stack.client.sshfp_answer import SSHFPAnswer
from ssh_stack.local.callbacks import call_for_answer
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import PublicKey
    from ssh_stack.client.sshfp_answer import SSHFPResolver

__all__ = ["HostKeyDNS"]

_LOG: Final = logging.getLogger("ssh_stack")


class HostKeyDNS:
    """Compares host keys with the SSHFP records of their hosts.

    Args:
        resolve: asks for the records of a name.
        mode: "yes" trusts a key that an authenticated answer has; "ask" leaves it to the user.
    """

    def __init__(self, resolve: SSHFPResolver, mode: Literal["yes", "ask"]) -> None:
        self._resolve = resolve
        self._mode = mode

    async def vouches_for(self, host: str, key: PublicKey) -> bool:
        """Return True if the DNS makes a key trusted; tell what else it says about it."""
        if _is_address(host):
            return False
        try:
            answer = await call_for_answer(self._resolve, host)
        except Exception as error:  # noqa: BLE001 (whatever a resolver raises, there are no records)
            _LOG.debug("no SSHFP records of %s: %s", host, error)
            return False
        if not isinstance(answer, SSHFPAnswer):
            _LOG.warning("the resolver returned no SSHFPAnswer for %s: it is ignored", host)
            return False
        match check_sshfp(answer.records, key):
            case SSHFPMatch.FOUND:
                if answer.authenticated is True and self._mode == "yes":
                    return True
                text = "Matching host key fingerprint found in DNS."
                _LOG.info("%s", text, extra={"words_of_ssh": True})
            case SSHFPMatch.CHANGED:
                _LOG.warning(
                    "the host key %s of %s is not that of its SSHFP records in the DNS; this may "
                    "be a man-in-the-middle attack, or the records are old",
                    key.fingerprint(),
                    printable(host),
                )
            case _:
                _LOG.debug("no SSHFP record of %s is for a key of kind %s", host, key.kind)
        return False


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
