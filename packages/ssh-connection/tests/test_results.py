"""What became of a command."""

from __future__ import annotations

import signal

import pytest

from ssh_connection import CommandFailed, Completed, ExitSignal
from ssh_connection.results import _SIGNALS, decode_output


def test_output_becomes_text_and_nothing_else_changes() -> None:
    ending = ExitSignal("TERM", core_dumped=True)
    done = Completed("cmd", None, ending, "ü".encode(), b"\xff", 1.5)

    assert decode_output(done) == Completed("cmd", None, ending, "ü", "�", 1.5)
    assert decode_output(done, "latin-1").stderr == "ÿ"


@pytest.mark.parametrize(
    ("status", "ending", "ok", "returncode"),
    [
        (0, None, True, 0),
        (3, None, False, 3),
        (None, ExitSignal("TERM"), False, -15),
        (None, ExitSignal("KILL"), False, -9),
        (None, ExitSignal("WINCH@example.org"), False, -255),
        (None, None, False, None),
    ],
)
def test_result_reads_as_that_of_subprocess(
    status: int | None, ending: ExitSignal | None, ok: bool, returncode: int | None
) -> None:
    done = Completed("cmd", status, ending, b"", b"no\n", 0.1)
    assert (done.ok, done.returncode) == (ok, returncode)
    if ok:
        assert done.check() is done
    else:
        with pytest.raises(CommandFailed, match=r"^'cmd' .*: no$") as caught:
            done.check()
        assert caught.value.completed is done


def test_signals_have_the_numbers_of_this_system() -> None:
    for name, number in _SIGNALS.items():
        assert signal.Signals[f"SIG{name}"] == number
