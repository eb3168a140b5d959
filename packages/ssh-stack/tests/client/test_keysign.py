"""The messages of ssh-keysign; `tests/interop/test_keysign.py` has the real program."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from ssh_keys import PrivateKey
from ssh_stack.client import keysign
from ssh_stack.client.keysign import KeysignSigner, find_keysign
from ssh_wire import SSHError

KEY = PrivateKey.generate("ed25519").public_key
ECHO = """
import os, sys
data = sys.stdin.buffer.read()
size, version, number = int.from_bytes(data[:4], "big"), data[4], int.from_bytes(data[5:9], "big")
assert size == len(data) - 4 and version == 2
os.fstat(number)
signature = b"signed " + data[13:]
body = bytes([VERSION]) + len(signature).to_bytes(4, "big") + signature
sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
sys.exit(STATUS)
"""


def program(folder: Path, source: str) -> str:
    path = folder / "ssh-keysign"
    path.write_text(f"#!{sys.executable}\n{source}")
    path.chmod(0o700)
    return str(path)


def signer(path: str, sock: socket.socket | None = None) -> KeysignSigner:
    return KeysignSigner(path, KEY, "file /etc/ssh/host_key", lambda: sock)


@pytest.mark.parametrize("connected", [True, False])
async def test_program_gets_the_socket_and_the_data(tmp_path: Path, connected: bool) -> None:
    source = ECHO.replace("[VERSION]", "[2]").replace("STATUS", "0")
    ours, other = socket.socketpair()
    with ours, other:
        found = signer(program(tmp_path, source), ours if connected else None)
        assert found.public_key is KEY
        assert found.source == "file /etc/ssh/host_key"

        assert await found.sign(b"data", "ssh-ed25519") == b"signed data"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import sys; sys.exit('ssh-keysign not enabled')", "does not sign: ssh-keysign not en"),
        ("", "does not sign: it does not say why"),
        (ECHO.replace("[VERSION]", "[1]").replace("STATUS", "0"), "failed with status 0"),
        (ECHO.replace("[VERSION]", "[2]").replace("STATUS", "3"), "failed with status 3"),
    ],
)
async def test_program_that_does_not_sign_is_an_error_that_says_why(
    tmp_path: Path, source: str, problem: str
) -> None:
    with pytest.raises(SSHError, match=problem):
        await signer(program(tmp_path, source)).sign(b"data", "ssh-ed25519")


async def test_program_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SSHError, match="ssh-keysign cannot be run"):
        await signer(str(tmp_path / "ssh-keysign")).sign(b"data", "ssh-ed25519")


def test_program_is_looked_for_where_systems_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path, "")
    monkeypatch.setattr(keysign, "PROGRAMS", (str(tmp_path / "none"), path))
    assert find_keysign() == path

    Path(path).unlink()
    assert find_keysign() is None
