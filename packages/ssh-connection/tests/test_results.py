"""What became of a command."""

from __future__ import annotations

from ssh_connection import Completed, ExitSignal
from ssh_connection.results import decode_output


def test_output_becomes_text_and_nothing_else_changes() -> None:
    signal = ExitSignal("TERM", core_dumped=True)
    done = Completed("cmd", None, signal, "ü".encode(), b"\xff", 1.5)

    assert decode_output(done) == Completed("cmd", None, signal, "ü", "�", 1.5)
    assert decode_output(done, "latin-1").stderr == "ÿ"
