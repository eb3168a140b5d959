"""Keys of files that go to the agent when they are used (AddKeysToAgent)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loopback_server import USER_KEY, serving
from ssh_agent.blocking import AgentClient
from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key
from ssh_stack import DEFAULT, AuthenticationFailed, Default


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """The socket of an `ssh-agent` without keys."""
    if shutil.which("ssh-agent") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail("required, but missing: ssh-agent", pytrace=False)
        pytest.skip("OpenSSH's ssh-agent is not installed")
    path = tmp_path / "socket"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        yield path
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    write_private_key(path, USER_KEY)
    return path


def held(agent: Path) -> list[str]:
    """The comments of the keys that the agent holds."""
    with AgentClient.connect(str(agent)) as client:
        return [each.comment for each in client.identities()]


async def log_in(agent: Path | Default | None, *lines: str, **options: Any) -> None:
    async with serving() as here:
        given: dict[str, Any] = {"agent": agent, "config_options": lines, **options}
        async with here.connect(**given):
            pass


@pytest.mark.parametrize("word", ["yes", "confirm", "confirm 5m", "10m"])
async def test_key_of_file_is_added_when_it_is_used(
    agent: Path, key_file: Path, word: str
) -> None:
    await log_in(agent, f"AddKeysToAgent {word}", keys=[key_file])

    assert held(agent) == [str(key_file)]


async def test_key_of_configuration_is_added_with_its_comment(agent: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    write_private_key(path, USER_KEY.with_comment("me@home"))
    lines = ("AddKeysToAgent yes", f"IdentityFile {path}", f"IdentityAgent {agent}")

    await log_in(DEFAULT, *lines, keys=DEFAULT)

    assert held(agent) == ["me@home"]


async def test_encrypted_key_is_added_once_it_is_open(agent: Path, tmp_path: Path) -> None:
    path = tmp_path / "locked"
    write_private_key(path, USER_KEY, "secret")

    await log_in(agent, "AddKeysToAgent yes", keys=[path], passphrase="secret")

    assert held(agent) == [str(path)]


async def test_key_that_server_does_not_take_is_not_added(agent: Path, tmp_path: Path) -> None:
    path = tmp_path / "other"
    write_private_key(path, PrivateKey.generate("ed25519"))

    with pytest.raises(AuthenticationFailed):
        await log_in(agent, "AddKeysToAgent yes", keys=[path])
    assert held(agent) == []


@pytest.mark.parametrize("word", ["no", "false"])
async def test_no_key_is_added_unless_it_is_wanted(agent: Path, key_file: Path, word: str) -> None:
    await log_in(agent, f"AddKeysToAgent {word}", keys=[key_file])

    assert held(agent) == []


async def test_key_in_memory_is_not_added(agent: Path) -> None:
    await log_in(agent, "AddKeysToAgent yes", keys=[USER_KEY])
    await log_in(agent, "AddKeysToAgent yes", keys=[USER_KEY.to_openssh()])

    assert held(agent) == []


async def test_key_that_cannot_be_added_logs_in_nevertheless(
    tmp_path: Path, key_file: Path
) -> None:
    await log_in(tmp_path / "gone", "AddKeysToAgent yes", keys=[key_file])
    await log_in(None, "AddKeysToAgent yes", keys=[key_file])


class Prompter:
    """A user who is asked about keys."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def ask(*_: object) -> None:
            pytest.fail(f"asked for {name}")

        return ask

    async def confirm_key_addition(self, path: str) -> Any:
        self.asked.append(path)
        return self.answer


@pytest.mark.parametrize(("answer", "added"), [(True, True), (False, False), ("yes", False)])
async def test_ask_adds_key_where_user_says_so(
    agent: Path, key_file: Path, answer: object, added: bool
) -> None:
    prompter = Prompter(answer)

    await log_in(agent, "AddKeysToAgent ask", keys=[key_file], prompter=prompter)

    assert prompter.asked == [str(key_file)]
    assert held(agent) == ([str(key_file)] if added else [])


async def test_ask_adds_nothing_where_user_cannot_be_asked(agent: Path, key_file: Path) -> None:
    await log_in(agent, "AddKeysToAgent ask", keys=[key_file])
    prompter = Prompter(True)
    await log_in(agent, "AddKeysToAgent ask", "BatchMode yes", keys=[key_file], prompter=prompter)

    assert held(agent) == []
    assert prompter.asked == []
