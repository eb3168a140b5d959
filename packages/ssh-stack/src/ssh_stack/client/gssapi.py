"""The user's Kerberos ticket (GSSAPIAuthentication of ssh_config(5))."""

from __future__ import annotations

from functools import partial

from ssh_auth import AuthCredential, UnusableCredential
from ssh_auth.gssapi import GSSAPICredential, GSSAPIIdentity, check_credentials, initiate
from ssh_stack.local.threads import run_in_thread
from ssh_wire import SSHError

__all__ = ["gssapi_credentials"]


async def gssapi_credentials(identity: GSSAPIIdentity) -> list[AuthCredential]:
    """Return the user's ticket, or why there is none.

    Args:
        identity: who is asked for, and by whom.
    """
    source = f"Kerberos {identity.client}".rstrip()
    try:
        await check_credentials(identity, run_in_thread)
    except SSHError as error:
        return [UnusableCredential("gssapi-with-mic", source, str(error))]
    return [GSSAPICredential(partial(initiate, identity, run_in_thread), source=source)]
