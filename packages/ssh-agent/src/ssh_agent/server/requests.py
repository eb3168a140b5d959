"""What each request of a client does, and how it is answered.

The table `_HANDLERS` has one function for each request; all others are answered with
SSH_AGENT_FAILURE.  The requests about smartcards are among those: this agent never loads a module
that a client names (CVE-2016-10009, CVE-2023-38408).
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ssh_agent.added_identity import AddedIdentity
from ssh_agent.messages import (
    SIGN_FLAGS,
    AddConstrainedIdentity,
    AddIdentity,
    AgentFailure,
    AgentSuccess,
    ExtensionFailure,
    ExtensionNames,
    ExtensionResponse,
    IdentitiesAnswer,
    IdentityEntry,
    Lock,
    QueryExtension,
    RemoveAllIdentities,
    RemoveAllRSAIdentities,
    RemoveIdentity,
    RequestIdentities,
    SessionBind,
    SignRequest,
    Unlock,
)
from ssh_agent.server.bindings import SessionBinding, SessionBindings
from ssh_agent.server.events import ConfirmationNeeded, SignatureNeeded
from ssh_agent.server.route import NOT_PERMITTED, Permission, Route
from ssh_agent.server.userauth import UserauthData, read_userauth
from ssh_keys import PrivateKey, is_security_key
from ssh_wire import Message, SSHError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_agent.server.held import HeldIdentity
    from ssh_agent.server.keyring import Keyring
    from ssh_agent.server.signers import AgentSigner

__all__ = ["Client", "Delayed", "Outcome", "handle"]

FAILURE: Final = AgentFailure()
_INTERNAL_PROVIDER: Final = "internal"
_LOCKED: Final = (RequestIdentities, SessionBind, Unlock)
"""What a locked agent answers otherwise than with failure."""


@lazy_attrs.frozen
class Delayed:
    """An answer that waits.

    Attributes:
        until: the time at which it is given.
        answer: the answer; None for a request that is handled only then.
    """

    until: float
    answer: Message | None = None


Outcome: TypeAlias = Message | ConfirmationNeeded | SignatureNeeded | Delayed


@lazy_attrs.frozen(kw_only=True, eq=False)
class Client:
    """One connection, as requests see it.

    Attributes:
        keyring: the identities.
        sessions: the SSH sessions that the connection is bound to.
        unix_time: returns the seconds since 1970.
        can_confirm: whether the user can be asked.
    """

    keyring: Keyring
    sessions: SessionBindings = lazy_attrs.field(factory=SessionBindings)
    unix_time: Callable[[], int]
    can_confirm: bool

    def permits(self, identity: HeldIdentity, user: bytes | None = None) -> Permission:
        """Say whether an identity may be used over the connection (`Route.permits`)."""
        return Route(self.sessions, self.unix_time).permits(identity.destinations, user)

    def find(self, blob: bytes) -> HeldIdentity | None:
        """Return the identity that is listed as this key or certificate, where it is listed."""
        found = self.keyring.find(blob)
        return found if found is not None and self.permits(found) else None


def handle(request: Message, client: Client, now: float) -> Outcome:
    """Do what a request asks for.

    Args:
        request: the request.
        client: the connection that it came over.
        now: the time by the clock of the keyring.
    """
    client.keyring.tick(now)
    if client.keyring.lock.locked and not isinstance(request, _LOCKED):
        return FAILURE
    handler = _HANDLERS.get(type(request))
    return FAILURE if handler is None else handler(client, request, now)


def _list(client: Client, request: RequestIdentities, now: float) -> Message:
    del request, now
    if client.keyring.lock.locked:
        return IdentitiesAnswer(identities=())
    listed = tuple(
        IdentityEntry(key=each.credential.blob, comment=each.comment)
        for each in client.keyring.identities
        if client.permits(each)
    )
    return IdentitiesAnswer(identities=listed)


def _sign(client: Client, request: SignRequest, now: float) -> Outcome:
    del now
    identity = client.keyring.find(request.key)
    if identity is None:
        return FAILURE
    login, permission = _check_use(client, identity, request.data)
    algorithm = _algorithm(client, identity, request.flags)
    if not permission or algorithm is None:
        return FAILURE
    signature = SignatureNeeded(identity=identity, data=request.data, algorithm=algorithm)
    if not identity.confirm:
        return signature
    return ConfirmationNeeded(
        identity=identity,
        user="" if login is None else printable(login.user),
        host=printable(permission.host),
        signature=signature,
    )


def _check_use(
    client: Client, identity: HeldIdentity, data: bytes
) -> tuple[UserauthData | None, Permission]:
    """Say whether an identity may sign, as process_sign_request2 of OpenSSH's agent does."""
    if not identity.destinations:
        return None, client.permits(identity)
    bound = client.sessions.bound
    if not bound:
        return None, NOT_PERMITTED  # "to sign on unbound connection"
    try:
        login = read_userauth(data, identity.credential, policy=client.keyring.policy)
    except SSHError:
        return None, NOT_PERMITTED  # "to sign an unidentified signature"
    if not _is_for(login, bound):
        return login, NOT_PERMITTED
    return login, client.permits(identity, login.user)


def _is_for(login: UserauthData, bound: tuple[SessionBinding, ...]) -> bool:
    """Say whether a login is one at the last session that the connection is bound to."""
    last = bound[-1]
    if not compare_digest(login.session_id, last.session_id):
        return False
    if login.host_key is None:
        return len(bound) == 1  # only the first hop may leave the host key out
    return login.host_key == last.host_key


def _algorithm(client: Client, identity: HeldIdentity, flags: int) -> str | None:
    key = identity.public_key
    named = [name for name, flag in SIGN_FLAGS.items() if flags & flag and name in key.algorithms]
    if named:
        return named[0]
    if key.sha1_algorithms:  # without a flag, RSA signs with SHA-1 (section 4.5.1)
        # a collision would carry the signature to another host than the constraints allow
        allowed = client.keyring.allow_sha1 and not identity.destinations
        return key.sha1_algorithms[0] if allowed else None
    return key.algorithms[0]


def _add(client: Client, request: AddIdentity | AddConstrainedIdentity, now: float) -> Message:
    keyring = client.keyring
    try:
        added = AddedIdentity.from_message(request, policy=keyring.policy)
        signer = _signer(client, added)
        if signer is None or (added.constraints.confirm and not client.can_confirm):
            return FAILURE
        listed = added.key.public_key if added.certificate is None else added.certificate
        present = keyring.find(listed.blob)
        if present is not None and not client.permits(present):
            return FAILURE  # it is not listed here, so it is not changed from here
        keyring.add(
            signer,
            certificate=added.certificate,
            comment=added.comment,
            constraints=added.constraints,
            now=now,
        )
    except SSHError:
        return FAILURE
    return AgentSuccess()


def _signer(client: Client, added: AddedIdentity) -> PrivateKey | AgentSigner | None:
    """Return what signs with an added key; None where the key is refused."""
    provider = added.constraints.provider
    if not is_security_key(added.key.public_key.kind):
        return None if provider else added.key
    adopt = client.keyring.token_signer
    if adopt is None or provider.lower() not in ("", _INTERNAL_PROVIDER):
        return None
    return adopt(added.key)


def _remove(client: Client, request: RemoveIdentity, now: float) -> Message:
    del now
    identity = client.find(request.key)
    if identity is None:
        return FAILURE
    client.keyring.remove(identity)
    return AgentSuccess()


def _remove_all(
    client: Client, request: RemoveAllIdentities | RemoveAllRSAIdentities, now: float
) -> Message:
    del request, now
    client.keyring.remove_all()
    return AgentSuccess()


def _lock(client: Client, request: Lock, now: float) -> Message:
    del now
    return AgentSuccess() if client.keyring.lock.lock(request.passphrase) else FAILURE


def _unlock(client: Client, request: Unlock, now: float) -> Outcome:
    lock = client.keyring.lock
    if now < lock.delayed_until:
        return Delayed(lock.delayed_until)  # not tried yet: guesses over many connections wait
    if not lock.locked or not request.passphrase:
        return FAILURE
    if lock.unlock(request.passphrase, now):
        return AgentSuccess()
    return Delayed(lock.delayed_until, FAILURE)


def _bind(client: Client, request: SessionBind, now: float) -> Message:
    del now
    bound = client.sessions.bind(request, policy=client.keyring.policy)
    return AgentSuccess() if bound else ExtensionFailure()


def _query(client: Client, request: QueryExtension, now: float) -> Message:
    del client, now
    contents = ExtensionNames(names=("session-bind@openssh.com",)).encode()
    return ExtensionResponse(name=request.name, contents=contents)


_HANDLERS: Final[dict[type[Message], Callable[[Client, Any, float], Outcome]]] = {
    RequestIdentities: _list,
    SignRequest: _sign,
    AddIdentity: _add,
    AddConstrainedIdentity: _add,
    RemoveIdentity: _remove,
    RemoveAllIdentities: _remove_all,
    RemoveAllRSAIdentities: _remove_all,
    Lock: _lock,
    Unlock: _unlock,
    SessionBind: _bind,
    QueryExtension: _query,
}
