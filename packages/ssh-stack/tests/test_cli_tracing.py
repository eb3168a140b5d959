from __future__ import annotations

import pytest

from ssh_keys import PrivateKey
from ssh_stack.cli.report import Report
from ssh_stack.cli.tracing import tracer
from ssh_transport import TransportOptions, profiles
from ssh_transport.testing import Pair
from ssh_wire.messages.transport import Debug


def said(verbose: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    trace = tracer(Report(verbose=verbose))
    options = TransportOptions(algorithms=profiles("default", "client"), trace=trace)
    pair = Pair(options, key=PrivateKey.generate("ed25519"))
    pair.client.request_service("ssh-userauth")
    pair.run()
    pair.server.send(Debug(always_display=True, message="hello\x1b"))
    pair.client.start_rekey()
    pair.run()
    pair.client.send_payload(b"\xc8 unknown to all")
    pair.client.connection_lost()
    pair.answer()
    return capsys.readouterr().err.splitlines()


def test_nothing_is_traced_without_v() -> None:
    assert tracer(Report()) is None


def test_each_v_says_more(capsys: pytest.CaptureFixture[str]) -> None:
    once, twice, thrice = (said(verbose, capsys) for verbose in (1, 2, 3))
    assert once == ["ssh-stack: keys are exchanged anew with mlkem768x25519-sha256"]
    assert set(once) < set(twice)
    text = "\n".join(twice)
    assert "the peer is SSH-2.0-ssh_stack_0.1" in text
    assert "it shows the host key ssh-ed25519 SHA256:" in text
    assert "extension server-sig-algs=ssh-ed25519," in text
    assert "for debugging: hello\\x1b" in text
    assert "this side ended the connection: the connection was lost (10)" in text
    assert "->" not in text
    assert len(thrice) > len(twice) + 10
    everything = "\n".join(thrice)
    for line in ("-> KEXINIT, ", "<- KEXINIT, ", "-> NEWKEYS, 1 bytes", "-> message 200, 16"):
        assert line in everything, everything
