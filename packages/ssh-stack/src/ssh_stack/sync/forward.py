# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""Forwarded TCP ports and Unix sockets, from both ends."""

from __future__ import annotations

from ssh_connection import aio as aio_ssh_connection
from ssh_connection.addresses import Address
from ssh_stack.sync._blocking import Blocking

__all__ = ["LocalForward", "RemoteForward"]


class LocalForward(Blocking[aio_ssh_connection.LocalForward]):
    """A listener on our side; connections to it leave from the other side.

    Args:
        listener: what listens.
        negotiate: finds out what a connection is to reach.
        opener: opens a channel to that.
        closed: called when the forward is closed.
    """

    @property
    def address(self) -> Address:
        """Where the forward listens."""
        return self._wrapped.address

    def stop_listening(self) -> None:
        """Take no more connections; those that are under way go on."""
        self._portal.call(self._wrapped.stop_listening)

    def abort(self) -> None:
        """Stop listening and cut the connections that are under way."""
        self._portal.call(self._wrapped.abort)

    def close(self) -> None:
        """Stop listening and close the connections that are under way."""
        self._portal.wait(self._wrapped.close)

    @property
    def host(self) -> str:
        """The IP address or name that is listened on.

        Raises:
            UsageError: it listens on a Unix socket.
        """
        return self._wrapped.host

    @property
    def port(self) -> int:
        """The port that is listened on.

        Raises:
            UsageError: it listens on a Unix socket.
        """
        return self._wrapped.port

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        return self._wrapped.connections

    def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""
        self._portal.wait(self._wrapped.wait_idle)


class RemoteForward(Blocking[aio_ssh_connection.RemoteForward]):
    """A listener on the other side; connections to it leave from ours.

    Args:
        address: where the other side listens.
        answer: carries one connection.
        cancel: has the other side stop listening.
    """

    @property
    def address(self) -> Address:
        """Where the other side listens."""
        return self._wrapped.address

    def abort(self) -> None:
        """Cut the connections that are under way; the other side still listens."""
        self._portal.call(self._wrapped.abort)

    def close(self) -> None:
        """Have the other side stop listening, and close the connections under way."""
        self._portal.wait(self._wrapped.close)

    @property
    def host(self) -> str:
        """The IP address or name that is listened on.

        Raises:
            UsageError: it listens on a Unix socket.
        """
        return self._wrapped.host

    @property
    def port(self) -> int:
        """The port that is listened on.

        Raises:
            UsageError: it listens on a Unix socket.
        """
        return self._wrapped.port

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        return self._wrapped.connections

    def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""
        self._portal.wait(self._wrapped.wait_idle)
