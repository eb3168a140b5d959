from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from agent_samples import KEYS
from ssh_agent import AgentRefused, AgentUnavailable, Constraints
from ssh_agent.aio import AgentClient, AgentServer, serve, server
from ssh_agent.aio.listener import AgentListener
from ssh_agent.framing import frame
from ssh_agent.messages import Lock, RequestIdentities, SignRequest, Unlock
from ssh_agent.server import ConfirmationNeeded, HeldIdentity, Keyring
from ssh_keys import PrivateKey, PublicKey
from ssh_wire import SSHError, UsageError
from ssh_wire.aio import accept

KEY = KEYS["ed25519"]
PUBLIC = KEY.public_key

# of the system: another user may not be able to run the one of these tests
PYTHON = next((Path("/usr/bin").glob("python3")), Path(sys.executable).resolve())


class Elsewhere:
    """A signer whose key is elsewhere."""

    def __init__(self, key: PrivateKey = KEY) -> None:
        self._key = key
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.problem: Exception | None = None

    @property
    def public_key(self) -> PublicKey:
        return self._key.public_key

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        self.started.set()
        await self.go_on.wait()
        if self.problem is not None:
            raise self.problem
        return self._key.sign(data, algorithm)


@pytest.fixture
async def agent() -> AsyncIterator[AgentServer]:
    async with serve(Keyring()) as served:
        yield served


def exists(path: str) -> bool:
    return os.path.lexists(path)


async def refused(client: AgentClient, key: PublicKey = PUBLIC) -> bool:
    try:
        await client.sign(key, b"data", key.algorithms[0])
    except AgentRefused:
        return True
    return False


async def test_client_lists_and_uses_the_keys_of_the_keyring(agent: AgentServer) -> None:
    for name in ("ed25519", "ecdsa", "rsa", "mldsa"):
        agent.keyring.add(KEYS[name], comment=name)

    async with AgentClient.connect(agent.path) as client:
        identities = await client.identities()
        assert [each.comment for each in identities] == ["ed25519", "ecdsa", "rsa", "mldsa"]
        for identity in identities:
            for algorithm in identity.key.algorithms:
                await client.sign(identity.key, b"data", algorithm)  # it verifies


async def test_signer_that_waits_delays_no_other_client(agent: AgentServer) -> None:
    signer = Elsewhere()
    signer.go_on.clear()
    agent.keyring.add(signer)
    agent.keyring.add(KEYS["ecdsa"])

    async with AgentClient.connect(agent.path) as one, AgentClient.connect(agent.path) as two:
        waiting = asyncio.create_task(one.sign(PUBLIC, b"data", "ssh-ed25519"))
        await signer.started.wait()
        assert len(await two.identities()) == 2
        assert not waiting.done()
        signer.go_on.set()
        assert PUBLIC.verify(b"data", await waiting)


@pytest.mark.parametrize("problem", [SSHError("no"), ValueError("a fault of the signer")])
async def test_signer_that_fails_is_answered_with_failure(
    agent: AgentServer, problem: Exception
) -> None:
    signer = Elsewhere()
    signer.problem = problem
    agent.keyring.add(signer)
    reported: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async with AgentClient.connect(agent.path) as client:
        assert await refused(client)
        assert len(await client.identities()) == 1

    found = [each["exception"] for each in reported]
    assert found == ([] if isinstance(problem, SSHError) else [problem])


async def test_private_key_signs_in_a_thread(
    agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    sign = PrivateKey.sign

    def record(key: PrivateKey, data: bytes, algorithm: str | None = None) -> bytes:
        threads.append(threading.current_thread())
        return sign(key, data, algorithm)

    monkeypatch.setattr(PrivateKey, "sign", record)
    agent.keyring.add(KEY)
    async with AgentClient.connect(agent.path) as client:
        await client.sign(PUBLIC, b"data", "ssh-ed25519")

    assert threads
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize(
    ("answer", "allowed"), [(True, True), (False, False), (SSHError(), False), (OSError(), False)]
)
async def test_user_decides_about_a_key_that_is_to_be_confirmed(
    answer: bool | Exception, allowed: bool
) -> None:
    asked: list[ConfirmationNeeded] = []

    async def confirm(event: ConfirmationNeeded) -> bool:
        asked.append(event)
        if isinstance(answer, Exception):
            raise answer
        return answer

    reported: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    async with (
        serve(Keyring(), confirm=confirm) as agent,
        AgentClient.connect(agent.path) as client,
    ):
        await client.add(KEY, "mine", constraints=Constraints(confirm=True))
        assert await refused(client) is not allowed

    assert [each.identity.comment for each in asked] == ["mine"]
    assert len(reported) == isinstance(answer, OSError)


@pytest.mark.row("G02")
async def test_key_that_needs_confirmation_is_refused_where_no_function_asks(
    agent: AgentServer,
) -> None:
    async with AgentClient.connect(agent.path) as client:
        with pytest.raises(AgentRefused):
            await client.add(KEY, constraints=Constraints(confirm=True))
        assert await client.identities() == ()
    agent.keyring.add(KEY, constraints=Constraints(confirm=True))  # by the program itself

    async with AgentClient.connect(agent.path) as client:
        assert await refused(client)


@pytest.mark.row("G01")
@pytest.mark.parametrize("length", [0, 262_145, 2**32 - 1])
async def test_client_that_sends_no_message_is_disconnected_and_no_other(
    agent: AgentServer, length: int
) -> None:
    async with AgentClient.connect(agent.path) as other:
        reader, writer = await asyncio.open_unix_connection(agent.path)
        writer.write(length.to_bytes(4))

        assert await reader.read() == b""
        writer.close()
        assert await other.identities() == ()


async def test_requests_that_are_pipelined_are_answered_in_order(agent: AgentServer) -> None:
    agent.keyring.add(KEY)
    sign = SignRequest(key=PUBLIC.blob, data=b"data")
    requests = [RequestIdentities(), sign, sign, RequestIdentities()]
    reader, writer = await asyncio.open_unix_connection(agent.path)
    writer.write(b"".join(frame(each.encode()) for each in requests))

    numbers: list[int] = []
    for _ in requests:
        length = int.from_bytes(await reader.readexactly(4))
        numbers.append((await reader.readexactly(length))[0])
    writer.close()

    assert numbers == [12, 14, 14, 12]


@pytest.mark.row("G08")
async def test_other_user_is_disconnected(
    agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(_: socket.socket) -> int:
        return os.getuid() + 1

    monkeypatch.setattr(server, "peer_uid", another)
    reader, writer = await asyncio.open_unix_connection(agent.path)

    assert await reader.read() == b""
    writer.close()


@pytest.mark.row("G08")
@pytest.mark.skipif(
    os.getuid() != 0 or not PYTHON.is_file(),
    reason="only root can become another user, who needs a Python to run",
)
async def test_process_of_another_user_is_disconnected() -> None:
    folder = f"/tmp/agent-{os.getpid()}"  # noqa: S108 (another user cannot pass tmp_path)
    os.mkdir(folder, mode=0o755)  # noqa: PTH102 (in a coroutine)
    try:
        async with serve(Keyring(), f"{folder}/socket") as agent:
            os.chmod(agent.path, 0o666)  # noqa: PTH101, S103 (so that the user is what counts)
            code = f"import socket; s = socket.socket(1); s.connect({agent.path!r});"
            code += "s.send(b'\\0\\0\\0\\1\\x0b'); print(s.recv(9))"
            done = await asyncio.to_thread(
                lambda: subprocess.run(
                    [PYTHON, "-c", code],
                    user=65_534,
                    capture_output=True,
                    check=False,
                    timeout=30,
                    cwd="/",
                )
            )
        assert b"\x0c" not in done.stdout
        assert done.stdout == b"b''\n" or b"reset" in done.stderr or b"Broken" in done.stderr
    finally:
        os.rmdir(folder)  # noqa: PTH106 (in a coroutine)


async def test_clients_over_the_limit_wait_until_one_leaves() -> None:
    async with (
        serve(Keyring(), max_clients=1) as agent,
        AgentClient.connect(agent.path) as first,
        AgentClient.connect(agent.path) as second,
    ):
        assert await first.identities() == ()
        waiting = asyncio.create_task(second.identities())
        assert await first.identities() == ()
        assert not waiting.done()
        await first.close()
        assert await waiting == ()


async def test_connection_that_the_system_has_no_room_for_is_taken_later(
    agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError("too many open files")]

    async def fail_once(listening: socket.socket) -> tuple[socket.socket, object]:
        if failures:
            raise failures.pop()
        return await accept(listening)

    monkeypatch.setattr(server, "_PAUSE", 0.0)
    monkeypatch.setattr(server, "accept", fail_once)

    async with AgentClient.connect(agent.path) as client:  # taken by what waits already
        assert await client.identities() == ()
    async with AgentClient.connect(agent.path) as client:
        assert await client.identities() == ()
    assert not failures


@pytest.mark.row("G07")
async def test_wrong_passphrase_delays_its_answer(agent: AgentServer) -> None:
    reader, writer = await asyncio.open_unix_connection(agent.path)
    requests = (Lock(passphrase=b"sesame"), Unlock(passphrase=b"no"), Unlock(passphrase=b"sesame"))
    start = agent.now()
    writer.write(b"".join(frame(each.encode()) for each in requests))

    replies = await reader.readexactly(15)
    writer.close()

    assert replies[4::5] == bytes([6, 5, 6])
    assert agent.now() - start >= 0.1


@pytest.mark.row("G11")
async def test_key_is_forgotten_when_its_lifetime_is_over(
    agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = asyncio.Event()
    remove = Keyring.remove

    def note(keyring: Keyring, identity: HeldIdentity) -> None:
        remove(keyring, identity)
        forgotten.set()

    monkeypatch.setattr(Keyring, "remove", note)
    async with AgentClient.connect(agent.path) as client:
        await client.add(KEYS["ecdsa"], "later", constraints=Constraints(lifetime=1000))
        await client.add(KEY, "now", constraints=Constraints(lifetime=1))
        assert len(await client.identities()) == 2

        await asyncio.wait_for(forgotten.wait(), 10)  # without a request
        assert [each.comment for each in await client.identities()] == ["later"]


@pytest.mark.row("G11")
@pytest.mark.parametrize("years", [-10, 10])
async def test_change_of_the_date_neither_forgets_a_key_nor_keeps_it(
    agent: AgentServer, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    today = time.time()
    start = agent.now()
    async with AgentClient.connect(agent.path) as client:
        await client.add(KEY, constraints=Constraints(lifetime=1000))
        monkeypatch.setattr(time, "time", Mock(return_value=today + years * 31_536_000))
        assert len(await client.identities()) == 1

    (identity,) = agent.keyring.identities
    assert identity.expires is not None
    assert start + 1000 <= identity.expires < start + 1100


async def test_server_that_ends_disconnects_its_clients_and_removes_the_socket() -> None:
    signer = Elsewhere()
    signer.go_on.clear()
    async with serve(Keyring(default_lifetime=1000)) as agent:
        path = agent.path
        agent.keyring.add(signer, now=agent.now())
        client = await AgentClient.connect(agent.path)
        waiting = asyncio.create_task(client.sign(PUBLIC, b"data", "ssh-ed25519"))
        await signer.started.wait()

    with pytest.raises(AgentUnavailable):
        await waiting
    assert not exists(path)
    assert not exists(path.rpartition("/")[0])
    await agent.close()


async def test_server_that_fails_in_its_block_removes_the_socket() -> None:
    with pytest.raises(ValueError, match="mine"):
        await _fail()


async def _fail() -> None:
    path = ""
    try:
        async with serve(Keyring()) as agent:
            path = agent.path
            problem = "mine"
            raise ValueError(problem)
    finally:
        assert not exists(path)


async def test_client_that_goes_away_before_its_reply_is_no_error(agent: AgentServer) -> None:
    signer = Elsewhere()
    signer.go_on.clear()
    agent.keyring.add(signer)
    _, writer = await asyncio.open_unix_connection(agent.path)
    writer.write(frame(SignRequest(key=PUBLIC.blob, data=b"data").encode()) * 2)
    await signer.started.wait()
    writer.close()
    await writer.wait_closed()
    signer.go_on.set()

    async with AgentClient.connect(agent.path) as client:
        assert len(await client.identities()) == 1


async def test_server_serves_in_one_block_only(agent: AgentServer) -> None:
    with pytest.raises(UsageError, match="served already"):
        await agent.__aenter__()


async def test_server_has_a_path_while_it_serves() -> None:
    with pytest.raises(UsageError, match="not serve yet"):
        _ = serve(Keyring()).path
    await serve(Keyring()).close()


async def test_trace_gets_requests_and_replies() -> None:
    lines: list[str] = []
    keyring = Keyring()
    async with (
        AgentServer(keyring, AgentListener.open, trace=lines.append) as agent,
        AgentClient.connect(agent.path) as client,
    ):
        await client.identities()

    assert lines == ["client: RequestIdentities", "agent: IdentitiesAnswer"]


async def test_identity_of_a_client_is_served_over_any_streams(agent: AgentServer) -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    served = asyncio.create_task(agent.converse(reader, writer))
    client = AgentClient.from_streams(*await asyncio.open_connection(sock=ours))

    await client.add(KEY, "over a pair")
    assert [each.comment for each in await client.identities()] == ["over a pair"]
    await client.close()
    await served
    writer.close()
