from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ssh_auth import Accept, AuthContext
from ssh_connection.aio import ServerAuthentication, Session
from ssh_keys import PrivateKey, PublicKey
from ssh_stack import sync
from ssh_wire import UsageError


async def _admit(_context: AuthContext, _key: PublicKey) -> Accept:
    return Accept()


async def _greet(session: Session) -> int:
    await session.write(b"hello " + session.user.name.encode())
    return 0


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return PrivateKey.generate("ed25519")


@pytest.fixture
def serve(key: PrivateKey) -> sync.Serve:
    auth = ServerAuthentication(public_key=_admit)
    return sync.serve("127.0.0.1", host_keys=[key], auth=auth, session=_greet)


@pytest.fixture
def server(serve: sync.Serve) -> Generator[sync.Server]:
    with serve as server:
        yield server


def test_client_and_server_share_thread(server: sync.Server, key: PrivateKey) -> None:
    options: dict[str, Any] = {
        "config": None,
        "agent": None,
        "known_hosts": None,
        "host_key_policy": "off",
    }
    with sync.connect("127.0.0.1", server.port, username="me", keys=[key], **options) as conn:
        assert conn.run("anything", text=True).stdout == "hello me"


def test_server_is_closed_with_its_block(serve: sync.Serve) -> None:
    with serve as server:
        assert (server.host, server.is_closed) == ("127.0.0.1", False)
    assert server.is_closed


def test_serving_ends_when_another_thread_closes_server(server: sync.Server) -> None:
    with ThreadPoolExecutor(1) as threads:
        serving = threads.submit(server.serve_forever)
        server.close()
        assert serving.result(10) is None


def test_ctrl_c_ends_serve_forever(server: sync.Server) -> None:
    def serve_until_interrupted() -> None:
        server._portal.post(_interrupt)
        server.serve_forever()

    with pytest.raises(KeyboardInterrupt):
        serve_until_interrupted()
    assert not server.is_closed


async def _interrupt() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_invalid_option_is_refused_at_once(key: PrivateKey) -> None:
    with pytest.raises(UsageError, match="host_keys"):
        sync.serve("127.0.0.1", host_keys=[key, key], auth=ServerAuthentication(public_key=_admit))
