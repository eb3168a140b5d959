"""Run one command through the bare cores and a blocking socket: no asyncio, no threads.

python examples/blocking_sockets.py HOST PORT USER KEY KNOWN_HOSTS COMMAND
"""

from __future__ import annotations

import os
import socket
import sys
import time

from ssh_auth import AuthRejected, ClientAuth, KeyCredential, KeySigner, SignatureNeeded
from ssh_connection import Multiplexer, NullHandler, PendingReply
from ssh_keys import HostKeyStatus
from ssh_keys.files import read_known_hosts, read_private_key
from ssh_transport import ClientTransport, TransportOptions, events, profiles
from ssh_wire.messages import connection as m


class Session(NullHandler):
    status, over = 255, False

    def opened(self) -> None:
        wanted = m.ExecRequest(recipient=0, command=command.encode())
        channel.request(wanted, lambda granted: None if granted else channel.close())
        channel.write_eof()

    def data_received(self, data: memoryview) -> None:
        sys.stdout.buffer.write(data)

    def stderr_received(self, data: memoryview) -> None:
        sys.stderr.buffer.write(data)

    def request_received(self, request: m.RequestHead, reply: PendingReply) -> None:  # noqa: ARG002
        self.status = request.status if isinstance(request, m.ExitStatus) else self.status

    def closed(self, error: Exception | None) -> None:  # noqa: ARG002
        self.over = True

    open_failed = closed


def step(auth: ClientAuth | None = None) -> None:
    for payload in auth.take_messages() if auth is not None else ():
        transport.send_payload(payload)
    while (out := transport.take_outgoing()) is not None:
        sock.sendall(out)
    deadline = transport.next_deadline()
    sock.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))
    try:
        data = sock.recv(1 << 16)
    except TimeoutError:
        transport.tick(time.monotonic())
    else:
        transport.now = time.monotonic()
        transport.receive(data) if data else transport.connection_lost()
    while (event := transport.next_event()) is not None:
        if isinstance(event, events.HostKeyReceived):
            trusted = known.check(event.key, host, int(port)) is HostKeyStatus.TRUSTED
            transport.accept_host_key() if trusted else transport.reject_host_key()
        elif isinstance(event, events.Disconnected):
            sys.exit(str(event.error or event.description))
    mux.pump()


def authenticate(payload: memoryview) -> None:
    auth.server_sig_algs = transport.server_sig_algs
    auth.receive(payload)
    if auth.succeeded:  # what follows in the same bytes belongs to the connection
        transport.authenticated()
        transport.sink = mux.receive


host, port, user, key_file, known_file, command = sys.argv[1:]
key, known = read_private_key(key_file), read_known_hosts(known_file)
sock = socket.create_connection((host, int(port)), timeout=30)
options = TransportOptions(algorithms=profiles("default", "client"))
transport = ClientTransport(options, random=os.urandom, now=time.monotonic())
mux, session = Multiplexer(transport), Session()
transport.request_service("ssh-userauth")
while not transport.session_id:
    step()
auth = ClientAuth(user, transport.session_id, [KeyCredential(KeySigner(key))])
transport.use_userauth_numbers(ClientAuth.NUMBERS)
transport.sink = authenticate
auth.start()
while not auth.succeeded:
    step(auth)
    while (event := auth.next_event()) is not None:
        if isinstance(event, SignatureNeeded):
            auth.answer(event, key.sign(event.data, event.algorithm))
        elif isinstance(event, AuthRejected):
            sys.exit(str(event.error))
channel = mux.open(m.SessionOpen(sender=0, window=mux.limits.window, max_packet=0), session)
while not session.over:
    step()
sys.exit(session.status)
