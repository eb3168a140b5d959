"""A server that tests talk to in the words of a client."""

from __future__ import annotations

from typing import Any

from ssh_auth import (
    AuthContext,
    AuthLimits,
    ServerAuth,
    ServerPolicy,
    SignedHostbasedRequest,
    SignedRequest,
)
from ssh_auth.testing import Talk
from ssh_keys import PrivateKey
from ssh_wire.messages.auth import (
    HostbasedRequest,
    InfoRequest,
    KeyboardInteractiveRequest,
    NoneRequest,
    PasswordRequest,
    Prompt,
    PublicKeyQuery,
    PublicKeyRequest,
    UserauthFailure,
    UserauthSuccess,
)

KEYS = [PrivateKey.generate("ed25519") for _ in range(2)]
SESSION = b"session identifier"
HOST_KEY = PrivateKey.generate("ed25519").public_key
CONTEXT = AuthContext(session_id=SESSION, peer=("192.0.2.1", 50_000), host_key=HOST_KEY)
SERVICE = "ssh-connection"
PASSWORD = ServerPolicy(methods=("password",))
INTERACTIVE = ServerPolicy(methods=("keyboard-interactive",))
BOTH = ServerPolicy(sequences=(("publickey", "password"),))
QUESTION = InfoRequest(prompts=(Prompt(text="Token: ", echo=True),))
SUCCESS = UserauthSuccess()


def failure(*methods: str, partial: bool = False) -> UserauthFailure:
    return UserauthFailure(methods=methods, partial_success=partial)


def password(text: str = "s3cret", user: str = "ops", service: str = SERVICE) -> PasswordRequest:
    return PasswordRequest(user=user, service=service, password=text)


def none() -> NoneRequest:
    return NoneRequest(user="ops", service=SERVICE)


def query(key: PrivateKey) -> PublicKeyQuery:
    return PublicKeyQuery(
        user="ops", service=SERVICE, algorithm="ssh-ed25519", key=key.public_key.blob
    )


def signed(key: PrivateKey, session_id: bytes = SESSION, user: str = "ops") -> PublicKeyRequest:
    blob = key.public_key.blob
    data = SignedRequest(
        session_id=session_id, user=user, service=SERVICE, algorithm="ssh-ed25519", key=blob
    )
    return PublicKeyRequest(
        user=user,
        service=SERVICE,
        algorithm="ssh-ed25519",
        key=blob,
        signature=key.sign(data.encode(), "ssh-ed25519"),
    )


def vouched(
    signer: PrivateKey = KEYS[0], covered: str | None = None, **changes: Any
) -> HostbasedRequest:
    """A request in which a host vouches for its user.

    Args:
        signer: the key that signs.
        covered: the host's name in what it signs, where that is another one.
        changes: fields that are otherwise; a signature covers names as they are.
    """
    host = changes.get("client_host", "client.test.")
    blob = KEYS[0].public_key.blob
    data = SignedHostbasedRequest(
        session_id=SESSION,
        user="ops",
        service=SERVICE,
        algorithm="ssh-ed25519",
        host_key=blob,
        client_host=host if covered is None else covered,
        client_user=changes.get("client_user", "me"),
    )
    fields: dict[str, Any] = {
        "algorithm": "ssh-ed25519",
        "host_key": blob,
        "client_host": "client.test.",
        "client_user": "me",
        "signature": signer.sign(data.encode(), "ssh-ed25519"),
        **changes,
    }
    return HostbasedRequest(user="ops", service=SERVICE, **fields)


def interactive() -> KeyboardInteractiveRequest:
    return KeyboardInteractiveRequest(user="ops", service=SERVICE)


def talk_of(
    policy: ServerPolicy | None = None, limits: AuthLimits | None = None
) -> Talk[ServerAuth]:
    return Talk(ServerAuth(CONTEXT, policy or ServerPolicy(), limits=limits))
