"""Signatures of files and messages: SSHSIG (OpenSSH's PROTOCOL.sshsig).

sshsig    SSHSig: read, verify
signing   sign a message, with a key or with whatever asks for its signature

The names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.signatures.signing import MessageSigner as MessageSigner
    from ssh_keys.signatures.signing import SigningRequest as SigningRequest
    from ssh_keys.signatures.signing import sign as sign
    from ssh_keys.signatures.sshsig import ARMOR_LABEL as ARMOR_LABEL
    from ssh_keys.signatures.sshsig import MAX_SIGNATURE as MAX_SIGNATURE
    from ssh_keys.signatures.sshsig import HashName as HashName
    from ssh_keys.signatures.sshsig import Message as Message
    from ssh_keys.signatures.sshsig import SSHSig as SSHSig
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_keys.signatures.signing": "MessageSigner SigningRequest sign",
            "ssh_keys.signatures.sshsig": "ARMOR_LABEL MAX_SIGNATURE HashName Message SSHSig",
        },
    )
