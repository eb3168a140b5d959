"""What a call of `ssh` asks a master for, as messages of PROTOCOL.mux."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ssh_connection.addresses import UnixAddress
from ssh_connection.control import messages as m

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssh_connection.addresses import Address
    from ssh_stack.cli.call import Call
    from ssh_stack.client.plan.forwards import ForwardsPlan
    from ssh_stack.client.plan.session import SessionPlan
    from ssh_stack.config.forward_specs import ForwardSpec

__all__ = ["describe", "forward_requests", "session_request", "stdio_request"]

_EVERYWHERE = "*"


def session_request(call: Call, session: SessionPlan, *, terminal: bool) -> m.NewSession:
    """Return the request for the session of a call.

    Args:
        call: what is to be done.
        session: what the session is to be.
        terminal: whether it has a terminal.
    """
    variables = _environment(session)
    return m.NewSession(
        want_tty=int(terminal),
        want_x11=int(session.forward_x11),
        want_agent=int(session.forward_agent),
        subsystem=int(call.kind == "subsystem"),
        escape=m.NO_ESCAPE if call.escape is None else call.escape,
        terminal=dict(session.set_env).get("TERM") or os.environ.get("TERM", ""),
        command=call.command or "",
        environment=tuple(f"{name}={value}" for name, value in variables.items()),
    )


def _environment(session: SessionPlan) -> Mapping[str, str]:
    if not session.send_env and not session.set_env:
        return {}
    from ssh_stack.client.environment import environment

    return environment(session, os.environ)


def forward_requests(forwards: ForwardsPlan) -> Iterator[m.OpenForward]:
    """Return the requests for forwards, in the order in which `ssh` opens them."""
    for spec in (*forwards.local, *forwards.dynamic):
        kind = m.ForwardKind.DYNAMIC if spec.connect is None else m.ForwardKind.LOCAL
        yield _request(kind, spec)
    for spec in forwards.remote:
        yield _request(m.ForwardKind.REMOTE, spec)


def _request(kind: int, spec: ForwardSpec) -> m.OpenForward:
    listen_host, listen_port = _place(spec.listen)
    if not spec.names_host:
        listen_host = ""
    host, port = ("", 0) if spec.connect is None else _place(spec.connect)
    return m.OpenForward(
        kind=kind,
        listen_host=listen_host,
        listen_port=listen_port,
        connect_host=host,
        connect_port=port,
    )


def stdio_request(target: Address) -> m.NewStdioForward:
    """Return what joins standard input and output to a port or a Unix socket."""
    host, port = _place(target)
    return m.NewStdioForward(host=host, port=port)


def _place(address: Address) -> tuple[str, int]:
    """Return host and port as OpenSSH sends them: all addresses are "*"."""
    if isinstance(address, UnixAddress):
        return address.path, m.UNIX_PORT
    return address.host or _EVERYWHERE, address.port


def describe(request: m.OpenForward) -> str:
    """Return what a forward is, for messages."""
    kinds = {m.ForwardKind.LOCAL: "local", m.ForwardKind.REMOTE: "remote"}
    listen = _written(request.listen_host or "localhost", request.listen_port)
    target = (
        _written(request.connect_host, request.connect_port) if request.connect_host else "SOCKS"
    )
    return f"{kinds.get(request.kind, 'dynamic')} forward of {listen} to {target}"


def _written(host: str, port: int) -> str:
    if port == m.UNIX_PORT:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
