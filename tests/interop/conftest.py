"""The peers of the interop tests, and an honest word on which of them there were.

`SSH_STACK_REQUIRE_PEERS=1` turns a missing peer from a skip into a failure.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.interop import engine, local
from tests.interop.cells import Extent
from tests.interop.peers import SUITES, Peer, start_peers, stop_peers
from tests.interop.workshop import open_workshop

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.interop.local import LocalSshd
    from tests.interop.workshop import Workshop

_PEERS = pytest.StashKey[dict[str, Peer]]()
_EXTENT = pytest.StashKey[Extent]()
_PEER_FIXTURES = {"peer", "peers"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the full product of algorithms be asked for."""
    parser.addoption("--product", action="store_true", help="all of test_product.py, for hours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the containers, so that `-m 'not interop'` leaves it out."""
    for item in items:
        if _needs_peers(item):
            item.add_marker("interop")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the peers before the first test, so that no test's time limit pays for it."""
    config = session.config
    wanted = any(map(_needs_peers, session.items)) and not config.getoption("collectonly")
    if not wanted or engine.unavailable():
        return
    config.get_terminal_writer().line("interop peers: starting (the first time, images are built)")
    engine.remove_abandoned()
    folder = tempfile.TemporaryDirectory(prefix="ssh-stack-peers-")
    config.add_cleanup(folder.cleanup)
    started = start_peers(Path(folder.name) / "keys", owner=str(os.getpid()))
    config.add_cleanup(lambda: stop_peers(started))
    config.stash[_PEERS] = started


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which peers the tests had, and how much of the product was tried with them."""
    stash = terminalreporter.config.stash
    if _EXTENT in stash:
        terminalreporter.write_line(f"interop product: {stash[_EXTENT]}")
    peers = stash.get(_PEERS, None) or {}
    names = ", ".join(peer.name for peer in peers.values())
    python = f"Python {platform.python_version()} ({os.path.realpath(sys.executable)})"
    terminalreporter.write_line(f"interop peers: {names or _why_none()}; {python}")


@pytest.fixture(scope="session")
def peers(request: pytest.FixtureRequest) -> dict[str, Peer]:
    """All peers, by Debian suite."""
    started = request.config.stash.get(_PEERS, None)
    if started is None:
        _missing(_why_none())
    return started


@pytest.fixture(scope="session", params=list(SUITES))
def peer(request: pytest.FixtureRequest, peers: dict[str, Peer]) -> Peer:
    """Each peer in turn."""
    return peers[request.param]


@pytest.fixture(scope="session")
def extent(request: pytest.FixtureRequest) -> Extent:
    """How much of the product of algorithms this run tries."""
    config = request.config
    whole = bool(config.getoption("product", default=False))
    return config.stash.setdefault(_EXTENT, Extent(whole=whole))


@pytest.fixture
def shop(peer: Peer) -> Generator[Workshop]:
    """A folder that the test and the programs of each peer in turn both see."""
    with open_workshop(peer) as opened:
        yield opened


@pytest.fixture(scope="session")
def local_sshd(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalSshd]:
    """The machine's own sshd, for the current user."""
    if reason := local.unavailable():
        _missing(reason)
    with local.serve(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def tshark() -> str:
    """Wireshark's dissector, as a program."""
    found = shutil.which("tshark")
    if found is None:
        _missing("tshark is not on this machine")
    return found


def _needs_peers(item: pytest.Item) -> bool:
    return not _PEER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def _why_none() -> str:
    reason = engine.unavailable()
    return f"none (no container engine: {reason})" if reason else "none (not asked for)"


def _missing(reason: str) -> NoReturn:
    if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
        pytest.fail(f"required, but missing: {reason}", pytrace=False)
    pytest.skip(reason)
