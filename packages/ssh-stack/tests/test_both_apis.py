"""The same test bodies through the asynchronous and the blocking API, over all that they have."""

from __future__ import annotations

import io
from collections.abc import Generator
from pathlib import Path

import pytest
from syncgen.members import is_public
from syncgen.table import MIRRORS

from both_bodies import CONNECTION
from both_bodies_files import FILES
from both_bodies_streams import STREAMS
from both_drivers import Body, Driver
from ssh_connection import ConnectionLimits
from ssh_connection.aio import Session
from ssh_stack import AllowForwarding, LocalShell, Rooted, sync
from ssh_stack.testing import SSHServer

BODIES: list[Body] = [*CONNECTION, *STREAMS, *FILES]
CLASSES = [mirror for mirror in MIRRORS if mirror.kind in {"class", "owner"}]

LEFT_OUT = {
    "SFTPClient.from_streams": "tests/sync/test_sync_sftp.py: it takes pipes, of each API its own",
    "SFTPClient.start": "the scope that opens the session calls it",
    "RemoteFile.readinto1": "tests/sync/test_sync_files.py: `io` has it, for callers that block",
    "RemoteFile.ready_line": "iteration calls it",
    "RemoteTextFile.ready_line": "iteration calls it",
    "Scope.open": "`await` calls it",
    "Connect.open": "`await` calls it",
    "Serve.open": "`await` calls it",
}
"""What no body uses by its name, with the reason."""


def of_io(kind: str, name: str) -> bool:
    """Return whether a class has a member from the classes of `io`, unchanged."""
    found = getattr(getattr(sync, kind), name)
    return any(found is getattr(base, name, None) for base in (io.BufferedIOBase, io.TextIOBase))


async def echo(session: Session) -> int:
    while data := await session.stdin.read(65536):
        await session.write(data)
    return 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[SSHServer]:
    folder = tmp_path_factory.mktemp("both")
    (folder / "root").mkdir()
    with SSHServer(
        folder,
        session=LocalShell(shell="/bin/sh", grace=0.2),  # noqa: S604 (the path of a shell)
        subsystems={"echo@example.org": echo},
        sftp=Rooted(folder / "root"),
        forwarding=AllowForwarding(unix_sockets=True),
        limits=ConnectionLimits(sessions=100),
    ) as server:
        yield server


@pytest.mark.parametrize("driver", [Driver("async"), Driver("blocking")], ids=lambda d: d.name)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_body_through_both_apis(
    body: Body, driver: Driver, server: SSHServer, tmp_path: Path
) -> None:
    driver.run(body, server, tmp_path)


def test_bodies_use_every_member_of_the_blocking_api(
    server: SSHServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    driver = Driver("blocking")
    for body in BODIES:
        driver.run(body, server, tmp_path_factory.mktemp("body"))

    used = {f"{kind}.{name}" for kind, name in driver.used}
    wanted = {
        f"{mirror.name}.{name}"
        for mirror in CLASSES
        for name in dir(getattr(sync, mirror.name))
        if is_public(name) and not name.startswith("_") and not of_io(mirror.name, name)
    }
    assert sorted(wanted - used) == sorted(LEFT_OUT), "write a body for what is not used"
