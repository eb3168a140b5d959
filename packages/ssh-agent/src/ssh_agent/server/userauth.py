"""The data of a user authentication request, as it is signed (RFC 4252 section 7).

The fields are those of `_Signed`, and the host's key at the end where the method is
"publickey-hostbound-v00@openssh.com" (PROTOCOL section 3.1).
"""

from __future__ import annotations

from typing import Final, Literal

from ssh_keys import Credential, KeyPolicy, credential_from_blob
from ssh_wire import BadValue, Byte, Record, Rest, Text, lazy_attrs, record
from ssh_wire.primitives import read_string
from ssh_wire.text import raw

__all__ = ["UserauthData", "read_userauth"]

_HOSTBOUND: Final = "publickey-hostbound-v00@openssh.com"
_NAME: Final = "user authentication request"
_USERAUTH_REQUEST: Final = 50


@record
class _Signed(Record):
    session_id: bytes
    number: Byte
    user: Text
    service: Literal["ssh-connection"] = lazy_attrs.field(default="ssh-connection", init=False)
    method: Text
    has_signature: Byte
    algorithm: Text
    key: bytes
    rest: Rest


@lazy_attrs.frozen(kw_only=True)
class UserauthData:
    """What a request to log in states.

    Attributes:
        session_id: the session identifier.
        user: the user name at the host.
        host_key: the host's key, where the request is bound to it.
    """

    session_id: bytes
    user: bytes
    host_key: Credential | None


def read_userauth(data: bytes, credential: Credential, *, policy: KeyPolicy) -> UserauthData:
    """Read the data of a request to log in with a credential.

    Args:
        data: what is to be signed.
        credential: what is to sign, which the request has to name.
        policy: which keys are strong enough to be read.

    Raises:
        SSHError: the data is anything else.
    """
    fields = _Signed.decode(data)
    if not fields.session_id or fields.number != _USERAUTH_REQUEST or fields.has_signature != 1:
        raise BadValue(_NAME, "beginning", "is not that of a request to log in")
    if "\0" in fields.user:
        raise BadValue(_NAME, "user", "holds a NUL")
    if fields.key != credential.blob or fields.algorithm not in _algorithms(credential):
        raise BadValue(_NAME, "key", "is not the key that is to sign")
    host_key = None
    if fields.method == _HOSTBOUND:
        blob, end = read_string(fields.rest, 0)
        if end != len(fields.rest):
            raise BadValue(_NAME, "host key", "is not the end")
        host_key = credential_from_blob(blob, policy=policy)
    elif fields.method != "publickey" or fields.rest:
        raise BadValue(_NAME, "method", "is not a signature by a key")
    return UserauthData(session_id=fields.session_id, user=raw(fields.user), host_key=host_key)


def _algorithms(credential: Credential) -> tuple[str, ...]:
    return (*credential.algorithms, credential.kind)  # the kind of RSA names SHA-1
