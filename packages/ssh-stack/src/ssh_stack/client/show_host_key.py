"""A picture of a host key (VisualHostKey, ssh_config(5))."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ssh_keys.randomart import randomart

if TYPE_CHECKING:
    from ssh_keys import PublicKey
    from ssh_keys.randomart import HashName

__all__ = ["show_host_key"]

_LOG: Final = logging.getLogger("ssh_stack")


def show_host_key(key: PublicKey, hash_name: HashName) -> None:
    """Tell the logger `ssh_stack` the fingerprint and the picture of a key, with level INFO.

    Args:
        key: the key.
        hash_name: the hash of both (FingerprintHash).
    """
    text = f"{key.fingerprint(hash_name)}\n{randomart(key, hash_name)}"
    _LOG.info("Host key fingerprint is: %s", text, extra={"words_of_ssh": True})
