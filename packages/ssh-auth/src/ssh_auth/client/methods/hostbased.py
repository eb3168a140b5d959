"""The method "hostbased": the key of the client host vouches for the user (RFC 4252 section 9)."""

from __future__ import annotations

from typing import ClassVar, Never

from ssh_auth.algorithms import another_algorithm, plain_algorithm, signature_algorithm
from ssh_auth.attempts import Outcome
from ssh_auth.client.events import Question
from ssh_auth.client.methods.base import GiveUp, Method, Rows, Step, Turn, unfit
from ssh_auth.client.methods.publickey import Unsigned
from ssh_auth.client.request_builder import ClientHost, RequestBuilder
from ssh_auth.client.states import QUIET, Await, ExpectVerdict, Trying
from ssh_auth.credentials import AuthCredential, HostbasedCredential
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.messages.auth import HostbasedRequest
from ssh_wire.text import printable

__all__ = ["AwaitHostSignature", "HostSignatureNeeded", "HostbasedMethod"]


@lazy_attrs.frozen
class HostSignatureNeeded(Question[HostbasedRequest | Unsigned]):
    """The answer is the request, signed; `Unsigned` gives the credential up.

    Attributes:
        credential: the key to sign with, who signs, and the names of host and user.
        algorithm: the signature algorithm.
        requests: makes the request.
    """

    credential: HostbasedCredential
    algorithm: str
    requests: RequestBuilder = lazy_attrs.field(repr=False)

    async def obtain(self) -> HostbasedRequest | Unsigned:
        """Find out the name of this host, and sign."""
        credential = self.credential
        try:
            name = await credential.name_of_host()
            client = ClientHost(
                self.algorithm, credential.offered.blob, name, credential.client_user
            )
            data = self.requests.hostbased_data(client)
            signature = await credential.signer.sign(data, plain_algorithm(self.algorithm))
        except SSHError as error:
            return Unsigned(printable(str(error)))
        return self.requests.hostbased(client, signature)


@lazy_attrs.frozen
class AwaitHostSignature(Await[HostbasedCredential, HostSignatureNeeded]):
    """The signer signs."""


class HostbasedMethod(Method[HostbasedCredential, Never, Never, AwaitHostSignature]):
    """Sends a request that the key of this host has signed."""

    NAME: ClassVar[str] = "hostbased"
    LEGAL: ClassVar[Rows] = {AwaitHostSignature: QUIET}

    def begin(self) -> Step:
        """Choose the algorithm, and ask the signer."""
        algorithm = signature_algorithm(
            self._credential.offered,
            self._conversation.server_sig_algs,
            self._conversation.policy.hostbased_algorithms,
        )
        return GiveUp(Outcome.NO_ALGORITHM) if algorithm is None else self._sign(algorithm)

    def answer(self, state: AwaitHostSignature, value: object) -> Step:
        """Send the request."""
        if isinstance(value, Unsigned):
            return GiveUp(Outcome.SIGNING_FAILED, value.reason)
        if not isinstance(value, HostbasedRequest):
            wanted = "a hostbased request, with its signature"
            raise unfit(wanted)
        verdict = ExpectVerdict(state.credential, algorithm=state.algorithm)
        return Turn(verdict, (value,), proves=True)

    def again(self, state: Trying[AuthCredential]) -> Step | None:
        """Try a key that was refused with the algorithm that may be the right one."""
        algorithm = another_algorithm(
            self._credential.offered,
            state.algorithm,
            self._conversation.server_sig_algs,
            self._conversation.policy.hostbased_algorithms,
        )
        return None if algorithm is None else self._sign(algorithm)

    def _sign(self, algorithm: str) -> Turn:
        question = HostSignatureNeeded(self._credential, algorithm, self._conversation.requests)
        return Turn(AwaitHostSignature(self._credential, question, algorithm=algorithm))
