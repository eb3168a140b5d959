"""The method "publickey": ask whether a key would do, and sign (RFC 4252 section 7)."""

from __future__ import annotations

from typing import ClassVar, Final

from ssh_auth.algorithms import (
    another_algorithm,
    names_of,
    plain_algorithm,
    signature_algorithm,
    usable_algorithms,
)
from ssh_auth.attempts import Outcome
from ssh_auth.client.events import Question
from ssh_auth.client.lenient import is_same_key
from ssh_auth.client.methods.base import GiveUp, Method, Rows, Step, Turn, unfit
from ssh_auth.client.states import QUIET, VERDICT, Await, ExpectVerdict, Trying
from ssh_auth.credentials import AuthCredential, KeyCredential
from ssh_auth.signers import KeySigner
from ssh_wire import Message, MessageSet, ProtocolError, SSHError, lazy_attrs
from ssh_wire.messages.auth import PublicKeyOk
from ssh_wire.text import printable

__all__ = [
    "AwaitSignature",
    "ExpectKeyVerdict",
    "PublicKeyMethod",
    "SignatureNeeded",
    "Unsigned",
]

_LISTS_NONE: Final = "the server lists none of the key's"
_MAY_USE_NONE: Final = "none of the key's may be used"


@lazy_attrs.frozen
class Unsigned:
    """There is no signature.

    Attributes:
        reason: why, printable.
    """

    reason: str


@lazy_attrs.frozen
class SignatureNeeded(Question[bytes | Unsigned]):
    """The answer is a signature; `Unsigned` gives the key up.

    Attributes:
        credential: the key to sign with, and who signs.
        algorithm: the signature algorithm.
        data: what to sign.
        host_key: the server's key that the signature is bound to, if it is.
    """

    credential: KeyCredential
    algorithm: str
    data: bytes = lazy_attrs.field(repr=False)
    host_key: bytes | None = lazy_attrs.field(default=None, repr=False)

    async def obtain(self) -> bytes | Unsigned:
        """Sign."""
        try:
            return await self.credential.signer.sign(self.data, self.algorithm)
        except SSHError as error:
            return Unsigned(printable(str(error)))


@lazy_attrs.frozen
class ExpectKeyVerdict(Trying[KeyCredential]):
    """The server was asked whether a key would do."""


@lazy_attrs.frozen
class AwaitSignature(Await[KeyCredential, SignatureNeeded]):
    """The signer signs."""


class PublicKeyMethod(Method[KeyCredential, ExpectKeyVerdict, PublicKeyOk, AwaitSignature]):
    """Asks about the key where that is cheaper than to sign, and signs."""

    NAME: ClassVar[str] = "publickey"
    NUMBERS: ClassVar[frozenset[int]] = frozenset({60})
    LEGAL: ClassVar[Rows] = {
        # "The server MUST respond to this message with either SSH_MSG_USERAUTH_FAILURE or
        # ..._PK_OK"; one that wants no signature answers with success, and OpenSSH's client
        # takes that
        ExpectKeyVerdict: VERDICT | MessageSet[Message](PublicKeyOk),
        AwaitSignature: QUIET,
    }

    def begin(self) -> Step:
        """Choose the algorithm, and ask the server or the signer."""
        offered, allowed = self._credential.offered, self._conversation.policy.algorithms
        algorithm = signature_algorithm(offered, self._conversation.server_sig_algs, allowed)
        if algorithm is None:
            usable = usable_algorithms(offered, allowed)
            return GiveUp(Outcome.NO_ALGORITHM, _LISTS_NONE if usable else _MAY_USE_NONE)
        return self._try(algorithm)

    def step(self, state: ExpectKeyVerdict, message: PublicKeyOk) -> Step:
        """Sign with the key that the server would take."""
        # the reply repeats "public key algorithm name from the request" and its blob; some
        # servers name the kind of the key, or another of its algorithms
        offered = state.credential.offered
        if message.algorithm not in names_of(offered) or not is_same_key(message.key, offered):
            problem = "the server answers for a key that it was not asked about"
            raise ProtocolError(problem)
        return self._sign(state.algorithm)

    def answer(self, state: AwaitSignature, value: object) -> Step:
        """Send the signature."""
        if isinstance(value, Unsigned):
            return GiveUp(Outcome.SIGNING_FAILED, value.reason)
        if not isinstance(value, bytes):
            wanted = "a signature, as bytes"
            raise unfit(wanted)
        offered = state.credential.offered
        requests, host_key = self._conversation.requests, state.question.host_key
        request = requests.key_signed(state.algorithm, offered.blob, value, host_key)
        verdict = ExpectVerdict(state.credential, algorithm=state.algorithm)
        return Turn(verdict, (request,), proves=True)

    def again(self, state: Trying[AuthCredential]) -> Step | None:
        """Try a key that was refused with the algorithm that may be the right one."""
        algorithm = another_algorithm(
            self._credential.offered,
            state.algorithm,
            self._conversation.server_sig_algs,
            self._conversation.policy.algorithms,
        )
        return None if algorithm is None else self._try(algorithm)

    def _try(self, algorithm: str) -> Step:
        key = self._credential
        query = key.query
        if query is None:
            query = not (self._conversation.lone_key and isinstance(key.signer, KeySigner))
        if not query:
            return self._sign(algorithm)
        request = self._conversation.requests.key_query(algorithm, key.offered.blob)
        return Turn(ExpectKeyVerdict(key, algorithm=algorithm), (request,))

    def _sign(self, algorithm: str) -> Turn:
        # OpenSSH's client asks by "publickey" and binds the signature alone
        key, host_key = self._credential, self._conversation.hostbound_key
        data = self._conversation.requests.signed_data(algorithm, key.offered.blob, host_key)
        # "rsa-sha2-512-cert-v01@openssh.com" is how a certificate is shown; it signs as its key
        question = SignatureNeeded(key, plain_algorithm(algorithm), data, host_key)
        return Turn(AwaitSignature(key, question, algorithm=algorithm))
