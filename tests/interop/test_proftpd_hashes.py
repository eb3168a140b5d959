"""Resumed and verified transfers with ProFTPD, which computes hashes (check-file)."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_sftp.aio import SFTPClient
from ssh_sftp.client.check_file import HashCheck, HashOutcome

PROGRAM = "/usr/sbin/proftpd"
SIZE = 8 * 1024 * 1024
CONFIGURATION = """\
LoadModule mod_sftp.c
ServerType inetd
User {user}
Group {group}
RootLogin on
UseFtpUsers off
RequireValidShell off
DelayEngine off
UseReverseDNS off
DefaultAddress 127.0.0.1
WtmpLog off
ScoreboardFile none
PidFile {folder}/pid
AllowOverwrite on
AllowStoreRestart on
SFTPEngine on
SFTPHostKey {folder}/host
SFTPAuthorizedUserKeys file:{folder}/keys
"""


KEYS = """\
---- BEGIN SSH2 PUBLIC KEY ----
{blob}
---- END SSH2 PUBLIC KEY ----
"""


class ProFTPD:
    """A server for one connection, which it gets as inetd gives it."""

    def __init__(self, folder: Path) -> None:
        self.user = pwd.getpwuid(os.getuid())
        self.host = PrivateKey.generate("ed25519")
        self.key = PrivateKey.generate("ed25519")
        self._configuration = folder / "proftpd.conf"
        (folder / "host").write_bytes(self.host.to_openssh())
        (folder / "host").chmod(0o600)
        blob = self.key.public_key.to_openssh().split()[1]
        (folder / "keys").write_text(KEYS.format(blob=blob))
        group = grp.getgrgid(self.user.pw_gid).gr_name
        text = CONFIGURATION.format(user=self.user.pw_name, group=group, folder=folder)
        self._configuration.write_text(text)

    def serve(self, listener: socket.socket) -> subprocess.Popen[bytes]:
        """Wait for a connection, and give it to the program."""
        accepted, _ = listener.accept()
        with accepted:
            return subprocess.Popen(
                [PROGRAM, "-n", "-q", "-c", str(self._configuration)],
                stdin=accepted.fileno(),
                stdout=accepted.fileno(),
            )


@asynccontextmanager
async def session(server: ProFTPD) -> AsyncGenerator[SFTPClient]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        serving = asyncio.create_task(asyncio.to_thread(server.serve, listener))
        known = f"[127.0.0.1]:{port} {server.host.public_key.to_openssh()}".encode()
        async with (
            ssh_stack.connect(
                "127.0.0.1",
                port,
                username=server.user.pw_name,
                keys=[server.key],
                agent=None,
                config=None,
                known_hosts=known,
            ) as connection,
            connection.sftp() as sftp,
        ):
            yield sftp
        await asyncio.to_thread((await serving).wait)


@pytest.fixture
def server(tmp_path: Path) -> ProFTPD:
    if os.access(PROGRAM, os.X_OK):
        return ProFTPD(tmp_path)
    missing = f"{PROGRAM} is missing (Debian: proftpd-core, proftpd-mod-crypto)"
    if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


class Interrupted(Exception):
    """Raised by a callback of progress."""


def interrupt(done: int, _total: int | None, _path: str) -> None:
    if done > SIZE // 2:
        raise Interrupted


def parts(folder: Path) -> list[Path]:
    return [*folder.glob("target.part-*")]


@pytest.mark.row("R06")
@pytest.mark.parametrize("upload", [True, False], ids=["put", "get"])
@pytest.mark.parametrize("damaged", [True, False])
async def test_part_is_compared_by_hashes_that_the_server_computes(
    server: ProFTPD,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    upload: bool,
    damaged: bool,
) -> None:
    outcomes: list[HashOutcome] = []
    end = HashCheck._end

    def note(check: HashCheck, *, equal: HashOutcome) -> None:
        outcomes.append(equal)
        end(check, equal=equal)

    monkeypatch.setattr(HashCheck, "_end", note)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(SIZE))
    async with session(server) as sftp:
        move = sftp.put if upload else sftp.get
        with pytest.raises(Interrupted):
            await move(str(source), str(target), resume=True, progress=interrupt)
        (part,) = parts(tmp_path)
        left = part.stat().st_size
        if damaged:  # where no sample is
            with part.open("r+b") as file:
                file.seek(left // 2 + 1)
                file.write(b"damaged")
        result = await move(str(source), str(target), resume=True, verify=True)

    assert target.read_bytes() == source.read_bytes()
    assert outcomes == [not damaged, True]
    assert result.resumed == (0 if damaged else left)
    assert result.verified == 1
