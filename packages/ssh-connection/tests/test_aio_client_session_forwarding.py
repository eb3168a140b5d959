"""What sessions ask the server to forward."""

from __future__ import annotations

import pytest

from programs import pair, upper
from ssh_agent.aio import StreamReader, StreamWriter
from ssh_agent.errors import AgentUnavailable
from ssh_connection import ForwardingDisabled, RequestRefused
from ssh_connection.aio import Session, SessionForwards
from ssh_connection.aio.client.x11_forwarding import LocalDisplay
from ssh_connection.aio.process.launch import Launch
from ssh_connection.x11 import Display, X11Credential
from ssh_wire import UsageError

pytestmark = pytest.mark.usefixtures("reports")


WISHES = (
    Launch(command="x", agent_forwarding=True),
    Launch(command="x", x11_forwarding=True),
)


async def no_agent() -> tuple[StreamReader, StreamWriter]:
    problem = "no agent"
    raise AgentUnavailable(problem)


class Displays:
    """A display, or none; counts how often it is looked for."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.asked = 0

    async def __call__(self) -> LocalDisplay:
        self.asked += 1
        if not self.works:
            problem = "xauth made no cookie"
            raise UsageError(problem)
        return LocalDisplay(
            display=Display.parse(":0.1"), credential=X11Credential.generate(bytes)
        )


async def count(session: Session) -> int:
    await session.write(b"ran")
    return 0


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]


async def test_session_that_wants_nothing_asks_for_nothing() -> None:
    displays = Displays()
    forwards = SessionForwards(agent=no_agent, x11=displays)
    async with pair(count, client={"session_forwards": forwards}) as ends:
        assert (await ends.client.run("x")).stdout == b"ran"
        assert "_session_forwarding" not in vars(ends.client)
    assert displays.asked == 0


async def test_default_that_the_server_refuses_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    forwards = SessionForwards(agent=no_agent, x11=Displays(), every_agent=True, every_x11=True)
    async with pair(count, client={"session_forwards": forwards}) as ends:
        assert (await ends.client.run("x")).stdout == b"ran"
    assert warnings(caplog) == [
        "the server refused to forward X11",
        "the server refused to forward the agent",
    ]


@pytest.mark.parametrize("launch", WISHES, ids=["agent", "x11"])
async def test_wish_of_one_session_that_the_server_refuses_is_an_error(launch: Launch) -> None:
    forwards = SessionForwards(agent=no_agent, x11=Displays())
    async with pair(count, client={"session_forwards": forwards}) as ends:
        with pytest.raises(RequestRefused, match="to forward"):
            await ends.client.sessions.start(launch)
        assert (await ends.client.run("x")).stdout == b"ran"
        assert not ends.client._mux.channels


@pytest.mark.parametrize("launch", WISHES, ids=["agent", "x11"])
async def test_wish_for_what_there_is_not_is_an_error(launch: Launch) -> None:
    async with pair(count) as ends:
        with pytest.raises(UsageError, match="there is no "):
            await ends.client.sessions.start(launch)


async def test_default_that_cannot_be_had_is_a_warning_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    displays = Displays(works=False)
    forwards = SessionForwards(x11=displays, every_x11=True, every_agent=True)
    async with pair(count, client={"session_forwards": forwards}) as ends:
        for _ in range(2):
            assert (await ends.client.run("x")).stdout == b"ran"
        with pytest.raises(UsageError, match="made no cookie"):
            await ends.client.sessions.start(Launch(command="x", x11_forwarding=True))
    assert warnings(caplog) == [
        "X11 is not forwarded: xauth made no cookie",
        "the agent is not forwarded: there is no agent to forward: SSH_AUTH_SOCK is not set",
    ]


async def test_display_is_looked_for_once_and_each_session_gets_the_same_cookie() -> None:
    displays = Displays()
    forwards = SessionForwards(x11=displays, every_x11=True)
    async with pair(count, client={"session_forwards": forwards}) as ends:
        for _ in range(3):
            await ends.client.run("x")
    assert displays.asked == 1


async def test_nothing_is_forwarded_to_a_host_whose_key_is_not_trusted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    displays = Displays()
    forwards = SessionForwards(agent=no_agent, x11=displays, every_agent=True, every_x11=True)
    settings = {"session_forwards": forwards, "forbid_forwarding": lambda: "the key changed"}
    async with pair(count, client=settings) as ends:
        assert (await ends.client.run("x")).stdout == b"ran"
        for launch in WISHES:
            with pytest.raises(ForwardingDisabled, match="the key changed"):
                await ends.client.sessions.start(launch)
    assert displays.asked == 0
    assert len(warnings(caplog)) == 2
    assert all("the key changed" in each for each in warnings(caplog))


async def test_session_may_go_without_what_the_others_have() -> None:
    displays = Displays()
    forwards = SessionForwards(x11=displays, every_x11=True)
    async with pair(upper, client={"session_forwards": forwards}) as ends:
        launch = Launch(command="x", x11_forwarding=False)
        async with ends.client.sessions.start(launch) as process:
            process.stdin.write_eof()
            await process.wait()
    assert displays.asked == 0
