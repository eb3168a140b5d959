"""What -v prints: by a trace without a socket, and of a login at a real sshd."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_keys import PrivateKey
from ssh_stack.cli.report import Report
from ssh_stack.cli.tracing import tracer
from ssh_transport import ClientTransport, Disconnected, TransportOptions, profiles
from ssh_transport.testing import Pair
from ssh_wire.binary_packet import pack_packet
from ssh_wire.messages.transport import Debug, Disconnect

if TYPE_CHECKING:
    from conftest import Cli, Sshd

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
    first = "\n".join(once)
    assert "remote protocol version 2.0, remote software version ssh_stack_0.1" in first
    assert "its host key is ssh-ed25519 SHA256:" in first
    assert "key exchange mlkem768x25519-sha256, host key algorithm ssh-ed25519, ciphers" in first
    assert "ssh-stack: new keys by mlkem768x25519-sha256" in first
    assert "this side ended the connection: the connection was lost (10)" in first
    assert "proposes" not in first
    assert len(once) < len(twice)
    text = "\n".join(twice)
    assert "this side proposes key exchange: mlkem768x25519-sha256," in text
    assert "the server proposes host key: ssh-ed25519" in text
    assert "extension server-sig-algs=ssh-ed25519," in text
    assert "for debugging: hello\\x1b" in text
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
    assert "the server says: before \\x1b[2J" in printed
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


def test_trace_counts_bytes_of_messages() -> None:
    report = Report()
    report.level = "VERBOSE"
    options = TransportOptions(algorithms=profiles("default", "client"), trace=tracer(report))
    Pair(options, key=PrivateKey.generate("ed25519")).run()
    assert min(report.sent, report.received) > 1000


def test_verbose_login_names_each_step(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    other, config = tmp_path / "other", tmp_path / "config"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True, timeout=30
    )
    config.write_text(f"Host *\n  Port {sshd.port}\n  IdentityFile {other}\n  LogLevel DEBUG2\n")
    words = ["-F", str(config), *sshd.known, "-i", str(other), "-i", str(sshd.key), sshd.host]

    printed = cli.run("ssh", *words, "exit 3").stderr.decode()

    for pattern in (
        rf"configuration: {config} has lines for the host: 2, 3, 4",
        rf"configuration: Port {sshd.port} \({config}, line 2\)",
        rf"connecting to 127.0.0.1 port {sshd.port}",
        r"remote protocol version 2.0, remote software version OpenSSH_[^\n]*\n",
        r"this side proposes key exchange: ",
        r"the server proposes ciphers to the server: ",
        r"its host key is ssh-ed25519 SHA256:",
        rf"the host key is known: {sshd.known_hosts}, line 1",
        r"key exchange \S+, host key algorithm ssh-ed25519, ciphers ",
        rf"credential 2: publickey \(file {other}, ssh-ed25519 SHA256:",
        rf"publickey \(file {other}, .*\) rejected; the server accepts publickey, password",
        rf"publickey \(file {sshd.key}, .*\) accepted",
        r"exit status 3",
        r"transferred: sent \d+, received \d+ bytes in \d+\.\d seconds",
    ):
        assert re.search(pattern, printed), (pattern, printed)
    assert "->" not in printed


def test_refused_address_is_traced(cli: Cli, dead_port: int) -> None:
    printed = cli.run("ssh", "-v", "-F", "none", "-p", str(dead_port), "me@127.0.0.1").stderr
    assert b"connecting to 127.0.0.1 port" in printed
    assert f"127.0.0.1 port {dead_port}: Connection refused".encode() in printed
