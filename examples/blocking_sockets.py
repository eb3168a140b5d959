"""Run one command through the bare cores and a blocking socket: no asyncio, no threads.

Transport, authentication and multiplexer are driven by hand, as a driver for another
runtime would drive them: bytes in, bytes and events out, the clock and randomness given.

    python examples/blocking_sockets.py HOST PORT USER KEY KNOWN_HOSTS COMMAND
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ssh_auth import (
    AuthRejected,
    AuthSucceeded,
    ClientAuth,
    KeyCredential,
    KeySigner,
    SignatureNeeded,
)
from ssh_connection import ChannelProtocol, Multiplexer, NullHandler, PendingReply
from ssh_keys import HostKeyStatus, KnownHosts, PrivateKey, load_private_key
from ssh_transport import (
    ClientTransport,
    Disconnected,
    HostKeyReceived,
    KexCompleted,
    TransportOptions,
    profiles,
)
from ssh_transport.events import Event
from ssh_wire import DisconnectReason, OpenFailureReason, SSHError
from ssh_wire.messages import connection as m
from ssh_wire.messages.transport import Unimplemented


class Command(NullHandler):
    """A session: what its command writes goes to our streams, its status is kept."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.channel: ChannelProtocol | None = None
        self.status: int | None = None
        self.over = False
        self.error: Exception | None = None

    def opened(self) -> None:
        assert self.channel is not None
        request = m.ExecRequest(recipient=0, command=self.command.encode())
        self.channel.request(request, self.answered)
        self.channel.write_eof()

    def answered(self, granted: bool | None) -> None:
        if granted is False and self.channel is not None:
            self.channel.close()

    def open_failed(self, error: Exception) -> None:
        self.closed(error)

    def data_received(self, data: memoryview) -> None:
        sys.stdout.buffer.write(data)

    def stderr_received(self, data: memoryview) -> None:
        sys.stderr.buffer.write(data)

    def request_received(self, request: m.AnyChannelRequest, reply: PendingReply) -> None:
        if isinstance(request, m.ExitStatus):
            self.status = request.status
        elif self.channel is not None:
            self.channel.deny(reply)

    def closed(self, error: Exception | None) -> None:
        self.over, self.error = True, error


class Client:
    """One connection: a socket, the three cores, and what they ask of each other."""

    def __init__(self, host: str, port: int, known: KnownHosts) -> None:
        self.host, self.port, self.known = host, port, known
        self.socket = socket.create_connection((host, port), timeout=30)
        options = TransportOptions(algorithms=profiles("default", "client"))
        self.transport = ClientTransport(options, random=os.urandom, now=time.monotonic())
        self.transport.request_service("ssh-userauth")
        self.mux = Multiplexer(self, self)
        self.auth: ClientAuth | None = None

    # ------------------------------------------------------------- the driver

    def step(self) -> None:
        """Send what there is to send, wait for input or the time, act on what it means."""
        self.send()
        deadline = self.transport.next_deadline()
        wait = None if deadline is None else max(deadline - time.monotonic(), 0.001)
        self.socket.settimeout(wait)
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            self.transport.tick(time.monotonic())
            return
        self.transport.now = time.monotonic()
        if data:
            self.transport.receive(data)
        else:
            self.transport.connection_lost()
        while (event := self.transport.next_event()) is not None:
            self.received_event(event)
        self.mux.pump()

    def send(self) -> None:
        if self.auth is not None:
            for payload in self.auth.take_messages():
                self.transport.send_payload(payload)
        while (out := self.transport.take_outgoing()) is not None:
            self.socket.sendall(out)

    def received_event(self, event: Event) -> None:
        match event:
            case HostKeyReceived(key=key):
                if self.known.check(key, self.host, self.port) is HostKeyStatus.TRUSTED:
                    self.transport.accept_host_key()
                else:
                    self.transport.reject_host_key()
            case KexCompleted():
                sys.stderr.write(f"{event.agreement.kex}, {event.agreement.host_key}\n")
            case Disconnected():
                raise event.error or SSHError(event.description)
            case _:
                pass

    # ------------------------------------------------------------- logging in

    def log_in(self, user: str, key: PrivateKey) -> None:
        while not self.transport.session_id:
            self.step()
        credentials = [KeyCredential(KeySigner(key))]
        auth = self.auth = ClientAuth(user, self.transport.session_id, credentials)
        self.transport.use_userauth_numbers(ClientAuth.NUMBERS)
        self.transport.sink = self.authenticating
        auth.start()
        while True:
            while (event := auth.next_event()) is not None:
                match event:
                    case SignatureNeeded():
                        auth.answer(event, key.sign(event.data, event.algorithm))
                    case AuthRejected():
                        raise event.error
                    case AuthSucceeded():
                        self.auth = None
                        return
                    case _:
                        pass
            self.step()

    def authenticating(self, payload: memoryview) -> None:
        """Messages 50 to 79; what follows the success is the multiplexer's."""
        assert self.auth is not None
        self.auth.server_sig_algs = self.transport.server_sig_algs
        self.auth.receive(payload)
        if self.auth.succeeded:
            self.transport.authenticated()
            self.transport.sink = self.mux.receive

    # ------------------------------------------------------------- running

    def run(self, text: str) -> int:
        command = Command(text)
        message = m.SessionOpen(sender=0, window=self.mux.limits.window, max_packet=0)
        command.channel = self.mux.open(message, command)
        while not command.over:
            self.step()
        if command.error is not None:
            raise command.error
        if command.status is None:
            problem = "the server gave no exit status"
            raise SSHError(problem)
        return command.status

    def close(self) -> None:
        self.transport.disconnect(DisconnectReason.BY_APPLICATION, "that is all")
        self.send()
        self.socket.close()

    # ------------------------------------------------------------- what the multiplexer needs

    @property
    def congested(self) -> bool:
        return not self.transport.writable

    def send_payload(self, *parts: bytes | bytearray | memoryview) -> None:
        self.transport.send_payload(*parts)

    def send_payloads(
        self, payloads: Sequence[tuple[bytes | bytearray | memoryview, ...]]
    ) -> None:
        self.transport.send_payloads(payloads)

    def channel_requested(self, message: m.AnyChannelOpen, channel: ChannelProtocol) -> None:
        del message
        channel.refuse(OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, "nothing is offered")

    def global_request(self, message: m.AnyGlobalRequest, reply: PendingReply) -> None:
        del message
        self.mux.deny(reply)

    def unknown_message(self, number: int) -> None:
        del number
        self.transport.send(Unimplemented(sequence=self.transport.received_sequence))

    def handler_failed(self, error: Exception) -> None:
        raise error


def main(host: str, port: str, user: str, key: str, known_hosts: str, command: str) -> int:
    known = KnownHosts.parse(Path(known_hosts).read_bytes(), known_hosts)
    try:
        client = Client(host, int(port), known)
        client.log_in(user, load_private_key(Path(key).read_bytes()))
        status = client.run(command)
        client.close()
    except (SSHError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 255
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
