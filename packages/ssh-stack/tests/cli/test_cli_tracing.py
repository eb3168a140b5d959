from __future__ import annotations

import pytest

from ssh_keys import PrivateKey
from ssh_stack.cli.report import Report
from ssh_stack.cli.tracing import tracer
from ssh_transport import ClientTransport, Disconnected, TransportOptions, profiles
from ssh_transport.testing import Pair
from ssh_wire.binary_packet import pack_packet
from ssh_wire.messages.transport import Debug, Disconnect

EVIL = "\x1b[2J\x07\u202e\x9b\x7f\t"


def printed(verbose: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
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


def test_trace_is_empty_without_verbose_option() -> None:
    assert tracer(Report()) is None


def test_trace_has_more_lines_with_each_verbose_option(capsys: pytest.CaptureFixture[str]) -> None:
    once, twice, thrice = (printed(verbose, capsys) for verbose in (1, 2, 3))
    assert once == ["ssh-stack: rekey with mlkem768x25519-sha256"]
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


@pytest.mark.row("T46")
@pytest.mark.parametrize("inside", ["", "\0", "\r", "\n"])
def test_t46_text_of_peer_is_traced_without_control_characters(
    inside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(verbose=3)
    options = TransportOptions(algorithms=profiles("default", "client"), trace=tracer(report))
    client = ClientTransport(options, random=bytes, now=0.0)
    evil = f"{EVIL}{inside}{EVIL}"
    goodbye = pack_packet(Disconnect(code=2, description=evil).encode(), bytes)
    client.receive(f"before {evil}\r\nSSH-2.0-x{EVIL} {EVIL}\r\n".encode() + goodbye)
    while (event := client.next_event()) is not None:
        if isinstance(event, Disconnected):
            report.error(str(event.error))
    printed = capsys.readouterr().err
    assert "the peer says: before \\x1b[2J" in printed
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert len(printed.splitlines()) == printed.count("\n")


@pytest.mark.row("T46")
def test_t46_identification_with_nul_is_refused_and_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report(verbose=3)
    options = TransportOptions(algorithms=profiles("default", "client"), trace=tracer(report))
    client = ClientTransport(options, random=bytes, now=0.0)
    client.receive(b"SSH-2.0-x\0\x1b[2J\r\n")
    while client.next_event() is not None:
        pass
    assert client.closed
    assert "\x1b" not in capsys.readouterr().err
