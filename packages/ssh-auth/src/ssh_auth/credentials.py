"""What a client authenticates with: each credential has its method and no state.

A password, answers or a signature are asked for when the authentication needs them and not
before, by what drives it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from ssh_auth.signers import Signer
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.messages.auth import Prompt

if TYPE_CHECKING:
    from ssh_keys import Certificate, PublicKey

__all__ = [
    "AuthCredential",
    "HostbasedCredential",
    "InteractiveCredential",
    "KeyCredential",
    "NoneCredential",
    "PasswordCredential",
    "PromptResponder",
    "UnusableCredential",
    "finished",
    "is_text",
    "password_answers",
]


T = TypeVar("T")


class PromptResponder(Protocol):
    """A function that answers prompts, in their order (RFC 4256 section 3.2).

    It may be async or plain.
    """

    def __call__(
        self, name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Awaitable[Sequence[str] | None] | Sequence[str] | None:
        """Return one answer for each prompt, or None to give up."""
        ...


class AuthCredential(Protocol):
    """What all credentials have; the table of methods says how each is used."""

    @property
    def method(self) -> str:
        """The method, by its name on the wire."""
        ...

    @property
    def source(self) -> str:
        """Where the credential comes from, for reports."""
        ...


@lazy_attrs.frozen(eq=False)
class NoneCredential:
    """Ask for nothing: succeeds where no credentials are wanted, tells the methods elsewhere.

    Attributes:
        source: what asked for it.
        probe: whether it is to learn the methods: a refusal does not count as an attempt.
    """

    source: str = ""
    probe: bool = False

    @property
    def method(self) -> str:
        """The method, "none"."""
        return "none"


@lazy_attrs.frozen(eq=False)
class UnusableCredential:
    """Something that was to be used and cannot be: it is reported, and nothing is sent.

    Attributes:
        method: the method that it was for.
        source: where it came from, such as "file /home/me/.ssh/id_rsa".
        problem: why it cannot be used, and what to do about it.
        fingerprint: the SHA-256 fingerprint of the key, where it is known.
    """

    method: str
    source: str
    problem: str
    fingerprint: str = ""


@lazy_attrs.frozen(eq=False)
class KeyCredential:
    """A key, and what signs with it (RFC 4252 section 7).

    Attributes:
        signer: signs with the key.
        certificate: the certificate of the signer's key that is sent in its place.
        query: ask the server whether the key would do before signing.  By default a key
            in memory that is the only one signs at once, which saves a round trip; with
            several keys, or one that an agent or a token holds, the server is asked first.
    """

    signer: Signer
    query: bool | None = None
    certificate: Certificate | None = None

    def __attrs_post_init__(self) -> None:
        _check_certificate(self.certificate, self.signer)

    @property
    def method(self) -> str:
        """The method, "publickey"."""
        return "publickey"

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self.signer.source

    @property
    def offered(self) -> PublicKey | Certificate:
        """What the server is sent: the certificate, or else the key."""
        return self.certificate or self.signer.public_key


@lazy_attrs.frozen(eq=False)
class HostbasedCredential:
    """A key of the client host, which vouches for the user there (RFC 4252 section 9).

    Attributes:
        signer: signs with the key.
        client_host: the name of the client host as the server knows it, or a function that
            finds it out; a dot is put at its end, as by OpenSSH's client.
        client_user: the user at the client host.
        certificate: the host certificate of the signer's key that is sent in its place.
    """

    signer: Signer
    client_host: str | Callable[[], Awaitable[str] | str]
    client_user: str
    certificate: Certificate | None = None

    def __attrs_post_init__(self) -> None:
        _check_certificate(self.certificate, self.signer)

    @property
    def method(self) -> str:
        """The method, "hostbased"."""
        return "hostbased"

    @property
    def source(self) -> str:
        """Where the key comes from."""
        return self.signer.source

    @property
    def offered(self) -> PublicKey | Certificate:
        """What the server is sent: the certificate, or else the key."""
        return self.certificate or self.signer.public_key

    async def name_of_host(self) -> str:
        """Return the name of the client host, with a dot at its end."""
        name = self.client_host
        if not isinstance(name, str):
            name = await finished(name())
        return name if name.endswith(".") else f"{name}."


@lazy_attrs.frozen(eq=False)
class PasswordCredential:
    """A password, or a function to ask for it (RFC 4252 section 8).

    Functions may be async or plain.  Nothing here waits for a plain one in a thread: whoever
    drives an event loop gives async ones.

    Attributes:
        password: the password, or what returns it (None gives up).
        change: what returns a new password when the server demands one, given the server's
            prompt; without it an expired password fails.
        source: where the password comes from.
    """

    password: str | Callable[[], Awaitable[str | None] | str | None] = lazy_attrs.field(repr=False)
    change: Callable[[str], Awaitable[str | None] | str | None] | None = lazy_attrs.field(
        default=None, repr=False
    )
    source: str = ""

    def __attrs_post_init__(self) -> None:
        if isinstance(self.password, str) and not is_text(self.password):
            problem = "a password is text that UTF-8 can carry"
            raise UsageError(problem)

    @property
    def method(self) -> str:
        """The method, "password"."""
        return "password"

    async def ask(self, prompt: str | None) -> str | None:
        """Return the password, or the new one if `prompt` is the server's demand for it."""
        if prompt is not None:
            return await finished(self.change(prompt)) if self.change is not None else None
        return self.password if isinstance(self.password, str) else await finished(self.password())


@lazy_attrs.frozen(eq=False)
class InteractiveCredential:
    """A function that answers the server's prompts (RFC 4256).

    Attributes:
        answer: the function; it is called once a round, and may return None to give up.
        submethods: a hint for the server, usually empty.
        source: where the answers come from.
        implied: whether it is another way for a credential that was given already, so that it
            is not reported where the server does not offer the method.
    """

    answer: PromptResponder = lazy_attrs.field(repr=False)
    submethods: str = ""
    source: str = ""
    implied: bool = False

    @property
    def method(self) -> str:
        """The method, "keyboard-interactive"."""
        return "keyboard-interactive"

    async def ask(
        self, name: str, instruction: str, prompts: Sequence[Prompt]
    ) -> Sequence[str] | None:
        """Return the answers to prompts."""
        return await finished(self.answer(name, instruction, prompts))


async def finished(answer: Awaitable[T] | T) -> T:
    """Return what a function answers, which may have to be awaited."""
    if isinstance(answer, Awaitable):
        return await cast("Awaitable[T]", answer)
    return answer


def _check_certificate(certificate: Certificate | None, signer: Signer) -> None:
    if certificate is not None and certificate.public_key != signer.public_key:
        problem = f"the certificate {certificate.key_id!r} is of another key than the signer's"
        raise UsageError(problem)


def is_text(text: str) -> bool:
    """Return whether UTF-8 can carry a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def password_answers(
    password: str,
) -> Callable[[str, str, Sequence[Prompt]], Awaitable[Sequence[str] | None]]:
    """Return a function that answers the one hidden prompt of a password dialogue.

    Servers that leave passwords to PAM often list only "keyboard-interactive".  Anything
    but one hidden prompt is not a question for the password, and is not answered; a
    password is given once, so that a server that asks again does not loop.
    """
    given = False

    async def answer(
        name: str, instruction: str, prompts: Sequence[Prompt], /
    ) -> Sequence[str] | None:
        nonlocal given
        del name, instruction
        if not prompts:
            return ()
        if given or len(prompts) != 1 or prompts[0].echo:
            return None
        given = True
        return (password,)

    return answer
