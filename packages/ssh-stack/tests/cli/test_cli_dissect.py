"""`ssh-stack dissect`: the dissector of ssh-wire, as a command."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ssh_stack.cli.group import group
from ssh_transport.testing import Pair
from ssh_transport.transport import Transport
from ssh_wire.__main__ import main as ssh_wire
from ssh_wire.messages.auth import PasswordRequest
from ssh_wire.testing import Recording, Sender

PASSWORD = PasswordRequest(user="u", service="s", password="hunter2").encode().hex()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """What our own client and server say, as a capture file."""
    pair, recording = Pair(), Recording()
    recording.open()
    ways: list[tuple[Sender, Transport, Transport]] = [
        ("client", pair.client, pair.server),
        ("server", pair.server, pair.client),
    ]
    sent = -1
    while sent < len(recording.frames):
        sent = len(recording.frames)
        for sender, source, target in ways:
            pair.answer()
            while (data := source.take_outgoing()) is not None:
                recording.send(sender, data)
                target.receive(data)
    path = tmp_path / "capture"
    path.write_bytes(recording.pcap())
    return path


def test_own_handshake_is_decoded_up_to_encryption(capture: Path) -> None:
    done = CliRunner().invoke(group, ["dissect", str(capture)])

    assert done.exit_code == 0
    heads = [line.split("(")[0].strip() for line in done.output.splitlines() if line[0] in "→←"]
    assert heads.count("→ encrypted from here") == 1
    assert heads.count("← encrypted from here") == 1
    assert "→ KexHybridInit" in heads
    assert "← KexHybridReply" in heads
    assert "not decoded" not in done.output


def test_dissect_command_prints_what_ssh_wire_prints(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ssh_wire([str(capture), "--full"]) == 0

    done = CliRunner().invoke(group, ["dissect", str(capture), "--full"])

    assert done.output == capsys.readouterr().out


def test_secrets_are_masked_unless_asked_for() -> None:
    masked = CliRunner().invoke(group, ["dissect"], input=PASSWORD)
    printed = CliRunner().invoke(group, ["dissect", "--secrets", "-"], input=PASSWORD)

    assert "hunter2" not in masked.output
    assert "hunter2" in printed.output


@pytest.mark.parametrize(
    ("words", "status", "problem"),
    [
        (["--phase", "x"], 1, "unknown phase 'x'"),
        (["--form", "capture"], 1, "neither pcap nor pcapng"),
        (["/does/not/exist"], 2, "No such file"),
    ],
)
def test_failure_of_dissect_is_one_line_and_status(
    words: list[str], status: int, problem: str
) -> None:
    done = CliRunner().invoke(group, ["dissect", *words], input="15")

    assert done.exit_code == status
    assert problem in done.output
