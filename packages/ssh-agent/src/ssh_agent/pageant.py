"""PuTTY's agent, Pageant: a request in shared memory, its reply in the same place.

Pageant has a window of the class and the title "Pageant".  A client makes a named piece of
shared memory, writes its request there with its length before it, and sends the window the
message WM_COPYDATA with the name; when that returns, the memory has the reply.  Here is the
protocol alone; `ssh_agent.blocking.windows` calls Windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from ssh_agent.errors import AgentMisbehaved, AgentUnavailable
from ssh_agent.framing import MAX_MESSAGE

if TYPE_CHECKING:
    from collections.abc import MutableSequence

__all__ = ["COPY_DATA_ID", "MEMORY_SIZE", "PageantConversation", "PageantWindow", "SharedMemory"]

COPY_DATA_ID: Final = 0x804E50BA
"""The number by which Pageant knows its requests (AGENT_COPYDATA_ID)."""

MEMORY_SIZE: Final = MAX_MESSAGE
"""The bytes of shared memory, length included (PuTTY's AGENT_MAX_MSGLEN)."""

_LENGTH_SIZE: Final = 4


class SharedMemory(Protocol):
    """Memory that Pageant reads and writes, too."""

    name: str

    def write(self, data: bytes, /) -> None:
        """Put `data` at the start."""

    def read(self, size: int, /) -> bytes:
        """Return the first `size` bytes."""
        ...

    def close(self) -> None:
        """Give it back."""


class PageantWindow(Protocol):
    """The window of Pageant."""

    def share(self, size: int, /) -> SharedMemory:
        """Make memory of that size; raise OSError where there is none."""
        ...

    def send(self, name: str, timeout: float | None, /) -> bool:
        """Send WM_COPYDATA with the name of the memory; return whether Pageant answered.

        Raise AgentUnavailable where there is no window, and TimeoutError where it does not
        answer within `timeout` seconds.
        """
        ...


class PageantConversation:
    """A stream to Pageant: what is sent is cut into requests, and each is exchanged at once."""

    def __init__(self, window: PageantWindow) -> None:
        self._window = window
        self._request = bytearray()
        self._replies: MutableSequence[int] = bytearray()

    def send(self, data: bytes, timeout: float | None) -> None:
        """Exchange every request that `data` completes.

        Raises:
            AgentUnavailable: Pageant is not there, or does not take the request.
            AgentMisbehaved: its reply is longer than the memory.
            TimeoutError: it does not answer in time.
        """
        self._request += data
        while len(self._request) >= _LENGTH_SIZE:
            end = _LENGTH_SIZE + int.from_bytes(self._request[:_LENGTH_SIZE])
            if len(self._request) < end:
                return
            request = bytes(self._request[:end])
            del self._request[:end]
            self._replies += self._exchange(request, timeout)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """Return up to `size` bytes of replies; none are left when every reply was returned."""
        del timeout  # `send` waited for them
        taken = bytes(self._replies[:size])
        del self._replies[:size]
        return taken

    def close(self) -> None:
        """Forget what was not returned."""
        self._request.clear()
        self._replies.clear()

    def _exchange(self, request: bytes, timeout: float | None) -> bytes:
        if len(request) > MEMORY_SIZE:
            problem = f"Pageant takes no request of {len(request)} bytes"
            raise AgentUnavailable(problem)
        memory = self._window.share(MEMORY_SIZE)
        try:
            memory.write(request)
            if not self._window.send(memory.name, timeout):
                problem = "Pageant does not take the request"
                raise AgentUnavailable(problem)
            end = _LENGTH_SIZE + int.from_bytes(memory.read(_LENGTH_SIZE))
            if end > MEMORY_SIZE:
                problem = f"Pageant's reply is longer than {MEMORY_SIZE} bytes"
                raise AgentMisbehaved(problem)
            return memory.read(end)
        finally:
            memory.close()
