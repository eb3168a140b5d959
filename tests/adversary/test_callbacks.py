"""Functions of the server's user that fail or never answer, and the others that go on (R16)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any, TypeAlias

import pytest

import ssh_stack
from ssh_auth import Accept
from ssh_connection.addresses import Address
from ssh_connection.aio import ServerAuthentication, Session
from ssh_keys import PrivateKey
from ssh_stack import SSHError, Timeouts, User

HOST_KEY = PrivateKey.generate("ed25519")
Fault: TypeAlias = Callable[[], Awaitable[Any]]


async def raises() -> None:
    problem = "a fault of the function"
    raise RuntimeError(problem)


async def returns_garbage() -> object:
    await asyncio.sleep(0)
    return "garbage"


async def never_returns() -> None:
    await asyncio.Event().wait()


class Application:
    """Serves "bad" by functions that fail, and everybody else."""

    def __init__(self, place: str, fault: Fault) -> None:
        self.place = place
        self.fault = fault
        self.failed = asyncio.Event()
        self.reported: list[Exception] = []

    async def password(self, context: Any, _password: str) -> Any:
        return await self._at("password", context.user, Accept())

    async def session(self, session: Session) -> Any:
        await session.write(b"hello")
        return await self._at("session", session.user.name, 0)

    def may_connect(self, user: User, address: Address) -> Any:
        del address
        if (self.place, user.name) == ("forwarding", "bad"):
            self.failed.set()
            return "garbage" if self.fault is returns_garbage else 1 / 0
        return True

    def may_listen(self, user: User, address: Address) -> Any:
        return self.may_connect(user, address)

    async def _at(self, place: str, user: str, otherwise: object) -> Any:
        if (self.place, user) != (place, "bad"):
            return otherwise
        self.failed.set()
        return await self.fault()

    def serve(self) -> ssh_stack.Serve:
        return ssh_stack.serve(
            "127.0.0.1",
            0,
            host_keys=[HOST_KEY],
            auth=ServerAuthentication(password=self.password),
            session=self.session,
            forwarding=self,
            on_error=lambda _, error: self.reported.append(error),
            penalties=None,
        )


def connect(server: ssh_stack.Server, user: str) -> ssh_stack.Connect:
    known = f"[127.0.0.1]:{server.port} {HOST_KEY.public_key.to_openssh()}"
    return ssh_stack.connect(
        "127.0.0.1",
        server.port,
        username=user,
        password="secret",
        keys=[],
        agent=None,
        config=None,
        known_hosts=known.encode(),
        timeouts=Timeouts(auth=1.0, open=1.0, close=1.0),
    )


async def use(server: ssh_stack.Server, user: str) -> None:
    async with connect(server, user) as connection:
        done = await connection.run("x", timeout=1.0, check=True)
        assert done.stdout == b"hello"
        stream = await connection.open_tcp("127.0.0.1", server.port)
        assert (await stream.read(8)).startswith(b"SSH-2.0-")
        await stream.close()
        async with connection.forward_remote("127.0.0.1:0", "127.0.0.1:1"):
            pass


@pytest.mark.row("R16")
@pytest.mark.parametrize(
    ("place", "fault"),
    [
        *product(["password", "session"], [raises, returns_garbage, never_returns]),
        *product(["forwarding"], [raises, returns_garbage]),  # a rule is asked without waiting
    ],
)
async def test_function_that_fails_fails_its_own_client_alone(place: str, fault: Fault) -> None:
    application = Application(place, fault)
    asyncio.get_running_loop().set_exception_handler(lambda _, __: None)  # what a rule raises
    async with (
        application.serve() as server,
        connect(server, "good") as other,
        other.start("x") as process,
    ):
        bad = asyncio.ensure_future(use(server, "bad"))
        await application.failed.wait()
        await use(server, "good")
        with pytest.raises(SSHError):
            await bad
        assert await process.stdout.read() == b"hello"
        await use(server, "good")
