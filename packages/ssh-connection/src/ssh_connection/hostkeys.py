"""All host keys of a server, and the proof that it has them (OpenSSH's PROTOCOL section 2.5).

A server announces its keys once the user is authenticated; a client asks for the proof of
those that it does not know.  A proof is a signature over the session identifier, so what an
attacker recorded elsewhere proves nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ssh_keys import PublicKey
from ssh_keys.fido import NO_TOUCH
from ssh_wire import SSHError
from ssh_wire.messages.openssh import HostKeyProof, HostKeys, HostKeysProve, SignedHostKey

__all__ = [
    "MAX_KEYS",
    "announced",
    "announcement",
    "asked_for",
    "proof_of",
    "proof_request",
    "proven",
    "signed_data",
]

MAX_KEYS: Final = 1024
"""The most keys that are looked at; OpenSSH has no more either."""


def announcement(keys: Sequence[PublicKey]) -> HostKeys:
    """Return the request by which a server announces its keys."""
    return HostKeys(want_reply=False, keys=tuple(key.blob for key in keys))


def proof_request(keys: Sequence[PublicKey]) -> HostKeysProve:
    """Return the request by which a client asks for the proof of keys."""
    return HostKeysProve(want_reply=True, keys=tuple(key.blob for key in keys))


def proof_of(signatures: Sequence[bytes]) -> bytes:
    """Return the details of the answer to that request."""
    return HostKeyProof(signatures=tuple(signatures)).encode()


def announced(request: HostKeys) -> tuple[PublicKey, ...]:
    """Return the keys that a server announces, each once.

    Kinds that are not known, and certificates, are left out; of too many keys none is taken.
    """
    if len(request.keys) > MAX_KEYS:
        return ()
    keys = map(_key, dict.fromkeys(request.keys))
    return tuple(key for key in keys if key is not None)


def asked_for(request: HostKeysProve, own: Sequence[PublicKey]) -> tuple[PublicKey, ...] | None:
    """Return the keys that a client wants proven, or None if it asks wrongly.

    Each has to be one of the server's, and is asked for once.
    """
    blobs = request.keys
    if not blobs or len(blobs) > MAX_KEYS or len(set(blobs)) != len(blobs):
        return None
    by_blob = {key.blob: key for key in own}
    keys = [by_blob.get(blob) for blob in blobs]
    found = tuple(key for key in keys if key is not None)
    return found if len(found) == len(blobs) else None


def signed_data(session_id: bytes, key: PublicKey) -> bytes:
    """Return what proves that the server has a key: its signature over this."""
    return SignedHostKey(session_id=session_id, key=key.blob).encode()


def proven(keys: Sequence[PublicKey], details: bytes, session_id: bytes) -> tuple[PublicKey, ...]:
    """Return the keys whose proof is good, out of those that were asked for.

    Args:
        keys: the keys, in the order in which they were asked for.
        details: what the server's REQUEST_SUCCESS holds.
        session_id: the session identifier of this connection.
    """
    try:
        signatures = HostKeyProof.decode(details).signatures
    except SSHError:
        return ()
    if len(signatures) != len(keys):
        return ()
    return tuple(
        key
        for key, signature in zip(keys, signatures, strict=True)
        if key.verify(signed_data(session_id, key), signature, fido=NO_TOUCH)
    )


def _key(blob: bytes) -> PublicKey | None:
    try:
        return PublicKey.from_blob(blob)
    except SSHError:
        return None
