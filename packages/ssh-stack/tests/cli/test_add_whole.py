"""All keys of the agent: `ssh-stack add` beside ssh-add."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from add_harness import Add, Result
from ssh_agent.blocking import AgentClient
from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key

KEY = PrivateKey.generate("ed25519", comment="me@test")
RSA = PrivateKey.generate("rsa", 2048)


@pytest.fixture
def full(add: Add) -> Add:
    """Both agents have two keys."""
    for name, key in (("key", KEY), ("rsa", RSA)):
        write_private_key(add.folder / name, key)
        (add.folder / f"{name}.pub").write_text(key.public_key.to_openssh() + "\n")
        assert add.run("-q", name).status == add.run_openssh("-q", name).status == 0
    return add


def test_locked_agent_has_no_keys_until_it_is_unlocked(full: Add) -> None:
    results: list[list[tuple[Result, list[str]]]] = []
    for run in (full.run_openssh, full.run):
        seen: list[tuple[Result, list[str]]] = []
        for line, answers in (
            ("-x", ("one", "other")),
            ("-x", ("pass", "pass")),
            ("-l", ()),
            ("-x", ("pass", "pass")),
            ("-D", ()),
            ("-T key.pub", ()),
            ("-X", ("wrong",)),
            ("-X", ("pass",)),
            ("-l", ()),
        ):
            full.answer(*answers)
            seen.append((run(*line.split()), full.asked()))
        results.append(seen)
    assert results[0] == results[1]


def test_keys_that_agent_can_use_pass_the_trial(full: Add) -> None:
    done = full.run("-T", "key.pub", "rsa.pub")

    assert (done.status, done.err) == (0, "")
    assert full.run_openssh("-T", "key.pub", "rsa.pub").status == 0


@pytest.mark.parametrize("line", ["-T", "-T missing", "-T key.pub other.pub", "-l -x", "-E md9"])
def test_failure_is_that_of_ssh_add(full: Add, line: str) -> None:
    other = PrivateKey.generate("ed25519").public_key
    (full.folder / "other.pub").write_text(other.to_openssh())

    ours, theirs = full.run(*line.split()), full.run_openssh(*line.split())

    assert ours.status == theirs.status
    assert ours.err.partition(": ")[0] == theirs.err.partition(": ")[0]


def test_extensions_are_listed_or_refused(full: Add) -> None:
    done = full.run("-Q")

    if done.status == 0:  # OpenSSH 10.3 and later
        assert "session-bind@openssh.com" in done.out.splitlines()
    else:
        assert done.status == 255
        assert done.err == "unable to query supported extensions: agent refused operation\n"


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_missing_agent_has_status_of_its_own(
    full: Add, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.theirs = path
    theirs = full.run_openssh("-l")
    monkeypatch.setenv("SSH_AUTH_SOCK", path)

    assert full.run("-l") == theirs
    assert theirs.status == 2


def test_agent_that_goes_away_is_told(
    full: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "gone"))
        listener.listen()

        def close_each() -> None:
            for _ in range(3):
                listener.accept()[0].close()

        thread = threading.Thread(target=close_each)
        thread.start()
        for line, text in (
            ("-l", "error fetching identities: communication with agent failed: "),
            ("-D", "Failed to remove all identities."),
            ("-T key.pub", "Signature verification failed for key.pub: "),
        ):
            done = full.run(*line.split())
            assert done.status == 1
            assert done.err.startswith(text)
        thread.join()


def test_unknown_letter_prints_usage(full: Add) -> None:
    done = full.run("-z")

    assert done.status == full.run_openssh("-z").status == 1
    assert "usage: ssh-stack add [-CcDdKkLlNqvXx]" in done.err
    assert full.run("-t", "x", "key").err == "Invalid lifetime\n"


def test_help_is_printed(full: Add) -> None:
    done = full.run("--help")

    assert done.status == 0
    assert "Lock the agent with a password." in done.out


def test_extensions_are_printed_one_on_a_line(full: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(_agent: AgentClient) -> tuple[str, ...]:
        return "a@b", "query"

    monkeypatch.setattr(AgentClient, "extensions", names)

    assert full.run("-Q").out == "a@b\nquery\n"
