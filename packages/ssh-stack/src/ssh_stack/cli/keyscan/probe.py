"""One connection to a server: its identification, and its host key of one kind.

The server proves that it has the key before the key is printed, and then the connection is ended,
before any user is authenticated.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from ssh_keys import certified_name
from ssh_stack.cli.keyscan.options import KINDS
from ssh_transport import (
    ClientTransport,
    Disconnected,
    HostKeyReceived,
    IdentificationReceived,
    NegotiationFailed,
    TransportOptions,
    profiles,
)
from ssh_transport.aio import Driver
from ssh_transport.algorithms import HOST_KEYS
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import Credential
    from ssh_stack.cli.keyscan.options import Options
    from ssh_transport import Event

__all__ = ["ProbeResult", "probe"]

_SMALLEST_RSA: Final = 1024


@lazy_attrs.define
class ProbeResult:
    """What a connection brought.

    Attributes:
        kind: the kind of key that was asked for.
        identification: the server's identification, escaped; "" for none.
        credential: its host key, or its certificate where one was asked for; None where it has
            none of this kind.
        error: what went wrong; None also where the server has no such key.
    """

    kind: str
    identification: str = ""
    credential: Credential | None = None
    error: Exception | None = None


async def probe(addresses: tuple[str, ...], kind: str, options: Options) -> ProbeResult:
    """Connect to the first address that answers, and return what it says.

    Args:
        addresses: names or addresses.
        kind: the kind of key, of `KINDS`.
        options: the port, the time for each address, and whether a certificate is asked for.
    """
    result = ProbeResult(kind)
    for address in addresses:
        result = ProbeResult(kind)
        try:
            async with asyncio.timeout(options.timeout):
                await _connect(result, address, options)
        except TimeoutError:
            result.error = TimeoutError(f"no answer within {options.timeout:g} seconds")
        except (OSError, UnicodeError) as error:
            result.error = error
        if result.identification:
            break
    return result


async def _connect(result: ProbeResult, address: str, options: Options) -> None:
    names = KINDS[result.kind]
    if options.certificates:
        names = tuple(each for each in map(certified_name, names) if each in HOST_KEYS)
    known = profiles("legacy", "client")
    offered = lazy_attrs.evolve(known, host_keys=names, rsa_bits=_SMALLEST_RSA)
    loop = asyncio.get_running_loop()
    core = ClientTransport(
        TransportOptions(algorithms=offered), random=os.urandom, now=loop.time()
    )
    handler = _Handler(result)
    driver = Driver(core, handler)
    await loop.create_connection(lambda: driver, address, options.port, family=options.family)
    try:
        await handler.done.wait()
    finally:
        handler.over = True
        driver.abort()


class _Handler:
    """Waits for the key, or for the end."""

    def __init__(self, result: ProbeResult) -> None:
        self._result = result
        self.done = asyncio.Event()
        self.over = False

    def transport_event(self, event: Event) -> None:
        """Take an event of the transport; what is behind the end is our own doing."""
        if self.over:
            return
        if isinstance(event, IdentificationReceived):
            self._result.identification = event.line
        elif isinstance(event, HostKeyReceived):
            self._result.credential = event.credential
            self.done.set()
        elif isinstance(event, Disconnected):
            if self._result.credential is None and not isinstance(event.error, NegotiationFailed):
                self._result.error = event.error or SSHError(event.description)
            self.done.set()

    def uncongested(self) -> None:
        """Go on sending: there is nothing."""

    def batch_done(self) -> None:
        """Add something to a write: there is nothing."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the byte stream; `Disconnected` came before it."""
        del exc
        self.done.set()
