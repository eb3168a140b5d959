"""A server that chooses the groups of group exchange from a file of moduli(5)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from loopback_server import HOST_KEY, USER, USER_KEY, serving
from ssh_stack import UsageError
from ssh_transport import profiles
from ssh_transport.kex import gex
from ssh_transport.kex.groups import well_known

if TYPE_CHECKING:
    from ssh_transport import Group

SYSTEM: Final = Path("/etc/ssh/moduli")
"""The file of OpenSSH's server."""
SYSTEM_TEXT: Final = SYSTEM.read_text() if SYSTEM.exists() else ""
METHOD: Final = "diffie-hellman-group-exchange-sha256"


@pytest.fixture
def moduli(tmp_path: Path) -> Path:
    """Lines of OpenSSH's file for 2048 and for 3072 bits, and one that is not valid."""
    every = SYSTEM_TEXT.splitlines()
    lines = [line for size in (" 2047 ", " 3071 ") for line in every if size in line]
    assert len(lines) > 1
    path = tmp_path / "moduli"
    path.write_text("\n".join(["# comment", "not a line", *lines, ""]))
    return path


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[Group]:
    """The groups that the server has chosen."""
    groups: list[Group] = []
    choose = gex.choose

    def noted(*given: Any) -> Group:
        groups.append(choose(*given))
        return groups[-1]

    monkeypatch.setattr(gex, "choose", noted)
    return groups


async def test_ssh_is_given_a_group_of_the_file(
    moduli: Path, chosen: list[Group], tmp_path: Path
) -> None:
    key, known = tmp_path / "key", tmp_path / "known"
    key.write_bytes(USER_KEY.to_openssh())
    key.chmod(0o600)
    algorithms = profiles("legacy", "server").adjusted(kex=METHOD)
    async with serving(moduli=moduli, algorithms=algorithms) as here:
        known.write_text(f"[127.0.0.1]:{here.server.port} {HOST_KEY.public_key.to_openssh()}\n")
        options = [f"UserKnownHostsFile={known}", f"KexAlgorithms={METHOD}", "BatchMode=yes"]
        options += ["Ciphers=aes128-gcm@openssh.com"]  # for which it prefers 3072 bits
        words = [word for option in options for word in ("-o", option)]
        words += ["-F", "none", "-i", str(key), "-p", str(here.server.port)]
        ssh = await asyncio.create_subprocess_exec(
            *("ssh", *words, f"{USER}@127.0.0.1", "echo in"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await ssh.communicate()
    assert (ssh.returncode, out) == (0, b"in\n"), err.decode()
    (group,) = chosen
    assert group.bits == 3072
    assert f"{group.p:X}" in SYSTEM_TEXT
    assert not well_known(group.p)


async def test_client_of_2048_bits_is_given_a_group_of_the_file(
    moduli: Path, chosen: list[Group]
) -> None:
    algorithms = profiles("legacy", "server").adjusted(kex=METHOD)
    async with (
        serving(moduli=moduli, algorithms=algorithms) as here,
        here.connect(algorithms=profiles("legacy", "client").adjusted(kex=METHOD)) as conn,
    ):
        assert (await conn.run("echo in")).stdout == b"in\n"
    (group,) = chosen
    assert group.bits == 2048
    assert not well_known(group.p)
    assert f"{group.p:X}" in SYSTEM_TEXT


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [("# nothing\n", UsageError, "no safe prime is in it"), (None, OSError, "No such file")],
)
async def test_file_without_a_group_is_refused(
    tmp_path: Path, text: str | None, error: type[Exception], reason: str
) -> None:
    path = tmp_path / "moduli"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=reason):
        async with serving(moduli=path):
            pass
