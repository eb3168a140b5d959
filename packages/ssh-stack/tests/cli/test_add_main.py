"""How `ssh-stack add` ends, whatever is raised."""

from __future__ import annotations

import io

import pytest

from add_harness import Add
from ssh_keys import PrivateKey
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack.cli.add import questions
from ssh_stack.cli.prompts import TerminalPrompter

KEY = PrivateKey.generate("ed25519")


def test_constraint_that_no_agent_takes_is_one_line(add: Add) -> None:
    write_private_key(add.folder / "key", KEY)
    (add.folder / "known").write_text(f"one {KEY.public_key.to_openssh()}\n")

    done = add.run("-H", "known", "-h", f"{'u' * 300}@one", "key")

    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "longer than 256 bytes" in done.err


def test_interrupt_at_a_question_ends_program(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_question: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("ssh_stack.cli.add.whole.secret", interrupt)

    assert add.run("-X").status == 130


def test_question_without_terminal_reads_standard_input(
    add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_terminal(*, stdin: bool) -> None:
        assert stdin

    write_key_file(add.folder / "key", KEY.to_openssh("right", rounds=1))
    monkeypatch.setattr(TerminalPrompter, "if_available", no_terminal)
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\nright\n"))

    done = add.run("-q", "key")

    assert done.status == 0
    assert done.err == "Enter passphrase for key: Bad passphrase, try again for key: "
    assert questions.secret("again? ") == ""  # standard input has ended


def test_public_key_of_encrypted_file_may_be_unknown(add: Add) -> None:
    write_key_file(add.folder / "key", KEY.to_pem("right"))

    done = add.run("-d", "key")

    assert done.status == 1
    assert done.out.startswith("Bad key file key: ")
