"""What an `AgentConnection` asks its driver for; each is answered with the event itself."""

from __future__ import annotations

from ssh_agent.server.held import HeldIdentity
from ssh_wire import lazy_attrs

__all__ = ["ConfirmationNeeded", "SignatureNeeded"]


@lazy_attrs.frozen(kw_only=True, eq=False)
class SignatureNeeded:
    """A signature by an identity; answer with `AgentConnection.answer_signature`.

    Attributes:
        identity: the identity, whose `signer` signs.
        data: what to sign.
        algorithm: the algorithm, one of the public key's.
    """

    identity: HeldIdentity
    data: bytes = lazy_attrs.field(repr=False)
    algorithm: str


@lazy_attrs.frozen(kw_only=True, eq=False)
class ConfirmationNeeded:
    """A question to the user: may the key sign?  Answer with `answer_confirmation`.

    Attributes:
        identity: the identity that is to sign.
        user: the user name of the login at the destination, escaped; "" where the data is not
            a login of an identity with destination constraints.
        host: the name of the destination in the constraint that allows it, escaped; or "".
        signature: what is signed if the user agrees.
    """

    identity: HeldIdentity
    user: str = ""
    host: str = ""
    signature: SignatureNeeded
