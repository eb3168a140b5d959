"""GSS-API contexts for "gssapi-with-mic" (RFC 4462), by python-gssapi or anything like it.

The methods of both roles know `SecurityContext` alone.  `initiate` and `accept` make one with
python-gssapi, which the extra `gssapi` installs; its calls may wait for a KDC, so that whoever
drives an event loop has them run in a thread.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, Literal, Protocol, TypeVar

from ssh_wire import Byte, Record, SSHError, UsageError, lazy_attrs, record
from ssh_wire.lazy_attrs import field
from ssh_wire.text import printable

__all__ = [
    "KERBEROS",
    "GSSAPICredential",
    "GSSAPIFailed",
    "GSSAPIIdentity",
    "RunInThread",
    "SecurityContext",
    "accept",
    "check_credentials",
    "initiate",
    "signed_data",
]

T = TypeVar("T")

KERBEROS: Final = bytes.fromhex("06092a864886f712010202")
"""The mechanism Kerberos 5, 1.2.840.113554.1.2.2, as RFC 4462 encodes it: in DER."""

_TAG: Final = 2  # the tag and the length of a DER-encoded OID that is short


class RunInThread(Protocol):
    """Runs a function that may wait, where that does not hold up the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return what the function returns, or raise what it raises."""
        ...


class GSSAPIFailed(SSHError):
    """The mechanism refuses: there is no ticket, the peer is another one, time is wrong."""


class SecurityContext(Protocol):
    """One side of a context (RFC 2743 section 1.1.3)."""

    @property
    def complete(self) -> bool:
        """Whether the context is established, with integrity codes."""
        ...

    async def step(self, token: bytes | None) -> bytes:
        """Take the peer's token, None at the beginning; return the next one, empty for none.

        Raises:
            SSHError: the mechanism refuses.
        """
        ...

    def get_mic(self, data: bytes) -> bytes:
        """Return the integrity code over data; nothing is waited for.

        Raises:
            SSHError: the mechanism refuses.
        """
        ...

    def verify_mic(self, data: bytes, mic: bytes) -> None:
        """Check an integrity code of the peer; nothing is waited for.

        Raises:
            SSHError: it is wrong.
        """
        ...

    @property
    def peer(self) -> str:
        """Acceptor: the name of the initiator, such as "me@EXAMPLE.ORG"."""
        ...


@record
class _SignedRequest(Record):
    session_id: bytes
    number: Byte = 50
    user: str
    service: str
    method: Literal["gssapi-with-mic"] = field(default="gssapi-with-mic", init=False)


def signed_data(session_id: bytes, user: str, service: str) -> bytes:
    """Return what the integrity code of "gssapi-with-mic" covers (RFC 4462 section 3.5)."""
    return _SignedRequest(session_id=session_id, user=user, service=service).encode()


@lazy_attrs.frozen(eq=False)
class GSSAPICredential:
    """Whatever the user has for GSS-API: a ticket, say.

    Attributes:
        initiate: begins a context with the server, given the mechanism as `mechanisms` has it.
        mechanisms: the mechanisms that are offered, as DER-encoded OIDs, the preferred one first.
        source: where the credential comes from.
    """

    initiate: Callable[[bytes], SecurityContext]
    mechanisms: tuple[bytes, ...] = (KERBEROS,)
    source: str = "Kerberos"

    @property
    def method(self) -> str:
        """The method, "gssapi-with-mic"."""
        return "gssapi-with-mic"


@lazy_attrs.frozen(kw_only=True)
class GSSAPIIdentity:
    """Who is asked for, and by whom.

    Attributes:
        host: the server's name, as its principal has it: "host@web1.example".
        client: the client's principal; empty for the default of the ticket cache.
        delegate: whether the server gets the right to act as the user.
    """

    host: str
    client: str = ""
    delegate: bool = False


def initiate(
    identity: GSSAPIIdentity, in_thread: RunInThread, mechanism: bytes
) -> SecurityContext:
    """Begin a context with a server.

    Args:
        identity: the server, and the user.
        in_thread: runs what may wait.
        mechanism: the mechanism, as `KERBEROS` is written.

    Raises:
        UsageError: python-gssapi is not installed.
    """
    return _Context(_library(), partial(_initiator, identity, mechanism), in_thread)


async def check_credentials(identity: GSSAPIIdentity, in_thread: RunInThread) -> None:
    """Look whether the user has what a context begins with.

    Raises:
        UsageError: python-gssapi is not installed.
        GSSAPIFailed: there is no ticket, or it has expired.
    """
    gssapi = _library()
    with _reported(gssapi):
        await in_thread(lambda: _credentials(identity, gssapi))


def accept(in_thread: RunInThread, host: str = "") -> SecurityContext:
    """Accept a context with a client, by the keys of the system's keytab.

    Args:
        in_thread: runs what may wait.
        host: the name that the server's principal has, "host@web1.example"; empty for any
            principal of the keytab.

    Raises:
        UsageError: python-gssapi is not installed.
    """
    return _Context(_library(), partial(_acceptor, host), in_thread)


def _library() -> Any:  # noqa: ANN401 (it has no types)
    try:
        return importlib.import_module("gssapi")
    except (ImportError, OSError) as error:  # OSError: the library that it binds is not there
        problem = "GSSAPI needs python-gssapi: pip install 'ssh-auth[gssapi]'"
        raise UsageError(problem) from error


def _initiator(identity: GSSAPIIdentity, mechanism: bytes, gssapi: Any) -> Any:  # noqa: ANN401
    service = gssapi.NameType.hostbased_service
    flag = gssapi.RequirementFlag
    flags = flag.mutual_authentication | flag.integrity
    if identity.delegate:
        flags |= flag.delegate_to_peer
    return gssapi.SecurityContext(
        name=gssapi.Name(f"host@{identity.host}", service),
        usage="initiate",
        mech=gssapi.OID(elements=mechanism[_TAG:]),
        flags=flags,
        creds=_credentials(identity, gssapi),
    )


def _credentials(identity: GSSAPIIdentity, gssapi: Any) -> Any:  # noqa: ANN401
    name = gssapi.Name(identity.client, gssapi.NameType.user) if identity.client else None
    found = gssapi.Credentials(name=name, usage="initiate")
    if not found.lifetime:
        problem = "the ticket has expired"
        raise GSSAPIFailed(problem)
    return found


def _acceptor(host: str, gssapi: Any) -> Any:  # noqa: ANN401
    name = gssapi.Name(f"host@{host}", gssapi.NameType.hostbased_service) if host else None
    credential = gssapi.Credentials(name=name, usage="accept")
    return gssapi.SecurityContext(creds=credential, usage="accept")


class _Context:
    """A context of python-gssapi, which is made with the first token."""

    def __init__(
        self,
        gssapi: Any,  # noqa: ANN401 (it has no types)
        make: Callable[[Any], Any],
        in_thread: RunInThread,
    ) -> None:
        self._gssapi = gssapi
        self._make = make
        self._in_thread = in_thread
        self._made: Any = None

    @property
    def complete(self) -> bool:
        """Whether the context is established, with integrity codes."""
        made = self._made
        if made is None or not made.complete:
            return False
        return bool(made.actual_flags & self._gssapi.RequirementFlag.integrity)

    @property
    def peer(self) -> str:
        """Acceptor: the name of the initiator."""
        return str(self._made.initiator_name) if self.complete else ""

    async def step(self, token: bytes | None) -> bytes:
        """Take the peer's token; return the next one."""
        with _reported(self._gssapi):
            return await self._in_thread(lambda: self._step(token))

    def _step(self, token: bytes | None) -> bytes:
        if self._made is None:
            self._made = self._make(self._gssapi)
        return bytes(self._made.step(token) or b"")

    def get_mic(self, data: bytes) -> bytes:
        """Return the integrity code over data."""
        with _reported(self._gssapi):
            return bytes(self._made.get_signature(data))

    def verify_mic(self, data: bytes, mic: bytes) -> None:
        """Check an integrity code of the peer."""
        with _reported(self._gssapi):
            self._made.verify_signature(data, mic)


@contextmanager
def _reported(gssapi: Any) -> Generator[None]:  # noqa: ANN401 (it has no types)
    """Raise what the library raises as an error of ours."""
    try:
        yield
    except gssapi.exceptions.GSSError as error:
        raise GSSAPIFailed(printable(str(error), 500)) from error
