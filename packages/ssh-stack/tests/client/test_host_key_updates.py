"""known_hosts follows the keys that a server names: ours, and OpenSSH's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from conftest import start_sshd
from loopback_server import HOST_KEY, SECONDS, serving
from ssh_keys import HostKeyUpdate, PrivateKey, PublicKey, files
from ssh_keys.files import append_known_host, read_known_hosts
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.config import Config
from ssh_transport import profiles

ANOTHER = PrivateKey.generate("ecdsa")
STALE = PrivateKey.generate("rsa", 2048).public_key
LINE = "# mine\n"


@asynccontextmanager
async def changed(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """Wait, on the way out, until known_hosts has been changed."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    update = files.update_known_host

    def telling(*words: Any, **options: Any) -> None:
        update(*words, **options)
        loop.call_soon_threadsafe(done.set)

    monkeypatch.setattr(files, "update_known_host", telling)
    yield
    async with asyncio.timeout(SECONDS):
        await done.wait()


def listed(file: Path, port: int) -> set[PublicKey]:
    return set(read_known_hosts(file).lookup("127.0.0.1", port).trusted)


@pytest.mark.parametrize("hashed", [False, True])
async def test_host_keys_of_own_server_are_updated(
    hashed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(LINE)
    async with serving(host_keys=[HOST_KEY, ANOTHER]) as here:
        port = here.server.port
        for key in (HOST_KEY.public_key, STALE):
            append_known_host(file, "127.0.0.1", port, key, hashed=hashed)
        options = {"known_hosts": file, "update_host_keys": True}
        async with here.connect(**options), changed(monkeypatch):
            pass
        assert listed(file, port) == {HOST_KEY.public_key, ANOTHER.public_key}
        assert file.read_text().startswith(LINE)

        async with here.connect(**options) as connection:  # which is all there is to do
            await connection.run("true")
        assert file.read_text().count("\n") == 3


async def test_key_that_the_host_key_algorithms_exclude_is_removed_as_by_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "known_hosts"
    only = profiles("default", "client").adjusted(host_keys="ssh-ed25519")
    async with serving(host_keys=[HOST_KEY, ANOTHER]) as here:
        port = here.server.port
        for key in (HOST_KEY.public_key, ANOTHER.public_key):
            append_known_host(file, "127.0.0.1", port, key)
        options = {"known_hosts": file, "update_host_keys": True, "algorithms": only}
        async with here.connect(**options), changed(monkeypatch):
            pass
        assert listed(file, port) == {HOST_KEY.public_key}


@pytest.mark.usefixtures("sshd")
async def test_host_keys_of_openssh_are_updated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = tmp_path / "another"
    files.write_private_key(another, ANOTHER)
    with start_sshd(tmp_path, f"HostKey={another}", "HostKeyAlgorithms=ssh-ed25519") as sshd:
        file = sshd.known_hosts
        (used,) = listed(file, sshd.port)
        append_known_host(file, "127.0.0.1", sshd.port, STALE)
        asked: list[HostKeyUpdate] = []

        async def confirm(host: str, port: int, update: HostKeyUpdate) -> bool:
            assert (host, port) == ("127.0.0.1", sshd.port)
            asked.append(update)
            return True

        connect = ssh_stack.connect(
            "127.0.0.1",
            sshd.port,
            username=sshd.user,
            keys=[sshd.key],
            agent=None,
            config=None,
            known_hosts=file,
            update_host_keys=confirm,
        )
        async with connect, changed(monkeypatch):
            pass
        assert asked == [HostKeyUpdate(new=(ANOTHER.public_key,), old=(STALE,))]
        assert listed(file, sshd.port) == {used, ANOTHER.public_key}


@pytest.mark.parametrize(
    ("text", "options", "follows"),
    [
        ("", {}, True),
        ("UserKnownHostsFile ~/.ssh/known_hosts", {}, True),
        ("UserKnownHostsFile ~/.ssh/known_hosts /another", {}, False),
        ("UserKnownHostsFile /another\nUpdateHostKeys yes", {}, True),
        ("UpdateHostKeys no", {}, False),
        ("UpdateHostKeys ask", {}, False),
        ("UpdateHostKeys no", {"update_host_keys": True}, True),
        ("UpdateHostKeys yes", {"update_host_keys": False}, False),
        ("", {"known_hosts": os.devnull}, False),
        ("UpdateHostKeys yes", {"known_hosts": os.devnull}, True),
    ],
)
def test_option_and_configuration_decide_whether_keys_are_updated(
    text: str, options: dict[str, Any], follows: bool
) -> None:
    config = Config.parse(text).resolve("web1")
    plan = merge(ClientOptions(**options), config, Target(host="web1", local_user="me"))

    assert plan.trust.updates is follows
