"""Natural mistakes in what `serve` is given, each answered by what is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from loopback_server import serving
from ssh_keys import PrivateKey
from ssh_stack import (
    AuthorizedKeys,
    KeyFormatError,
    ServerOptions,
    Session,
    UnknownOption,
    UsageError,
)

KEY = PrivateKey.generate("ed25519")
GIVEN: dict[str, Any] = {"host_keys": [KEY], "auth": AuthorizedKeys([KEY.public_key])}
SERVE: Any = ssh_stack.serve
OPTIONS: Any = ServerOptions


def plain(_session: object) -> int:
    return 0


class Plain:
    def __call__(self, _session: object) -> int:
        return 0


WRONG: list[tuple[dict[str, object], str]] = [
    ({"auth": {"me": "secret"}}, r"auth cannot be a dict: do you mean Passwords\({user: pass"),
    ({"auth": "authorized_keys"}, r"auth cannot be a str: do you mean AuthorizedKeys\(path\)"),
    ({"auth": print}, r".* do you mean Passwords\(function\)"),
    ({"auth": None}, "auth cannot be a NoneType"),
    ({"auth": []}, "auth is empty"),
    ({"sftp": "/srv"}, r'sftp is a file system, such as Rooted\("/srv"\), not a str'),
    ({"sftp": True}, "sftp is a file system, .*, not True"),
    ({"forwarding": True}, r"forwarding is a set of rules, such as AllowForwarding\(\), not True"),
    ({"session": lambda: 0}, "session is called with 1 arguments"),
    ({"session": plain}, "session is an async function, and plain is not: write `async def`"),
    ({"session": Plain()}, "session is an async function, and Plain is not: write `async def`"),
    ({"subsystems": {"x": plain}}, r"subsystems\['x'\] is an async function, and plain is not"),
    ({"subsystems": ["x"]}, "subsystems is a dict of async functions"),
    ({"session": "sh"}, r"session is an async function of one Session, or LocalShell\(\), not"),
    ({"env": "LANG"}, "env is a collection of names, not a str"),
    ({"max_startups": "10:30:100"}, r"max_startups is a MaxStartups\(start=…, …\), not a str"),
    ({"login_grace": 0}, "login_grace is seconds, more than 0, not an int"),
    ({"host_keys": []}, "host_keys has at least one key"),
    ({"host_keys": [KEY, KEY]}, "host_keys has at least one key, and one of a kind"),
    ({"host_keys": [KEY.public_key]}, "host_keys is a list of private keys"),
    ({"host_keys": 5}, "host_keys is a list of private keys"),
    ({"host_keys": None}, "host_keys is a list of private keys"),
    ({"host_keys": [5]}, "host_keys is a list of private keys"),
]


@pytest.mark.parametrize(("options", "answer"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_value_of_wrong_kind_is_refused_by_name(options: dict[str, object], answer: str) -> None:
    with pytest.raises(UsageError, match=f"^{answer}") as caught:
        SERVE("127.0.0.1", 0, **{**GIVEN, **options})
    assert "secret" not in str(caught.value)


def test_listen_address_is_checked() -> None:
    with pytest.raises(UsageError, match="port is a number from 1 to 65535, not a str"):
        SERVE("127.0.0.1", "22", **GIVEN)
    with pytest.raises(UsageError, match="host is a name or an address as text, not an int"):
        SERVE(22, **GIVEN)
    with pytest.raises(UnknownOption, match=r"serve has no option 'server_host_keys': do you"):
        SERVE("127.0.0.1", 0, server_host_keys=[KEY], **GIVEN)


def test_host_keys_may_be_files_contents_and_keys(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(KEY.to_openssh())
    path.chmod(0o600)
    other = PrivateKey.generate("ecdsa")
    expected = {KEY.public_key, other.public_key}
    for given in ([str(path), other], [path, other.to_openssh()], (KEY, other)):
        options = OPTIONS(**{**GIVEN, "host_keys": given})
        assert {key.public_key for key in options.host_keys} == expected
    for single in (str(path), path, KEY.to_openssh(), KEY):
        options = OPTIONS(**{**GIVEN, "host_keys": single})
        assert [key.public_key for key in options.host_keys] == [KEY.public_key]


def test_host_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(KEY.to_openssh())
    path.chmod(0o644)
    with pytest.raises(KeyFormatError, match="chmod 600"):
        OPTIONS(**{**GIVEN, "host_keys": [path]})


async def test_configured_subsystems_are_served() -> None:
    async def echo(session: Session) -> int:
        await session.write(f"{session.subsystem}: ".encode())
        await session.write(await session.stdin.read())
        return 4

    async with serving(subsystems={"echo@example.org": echo}) as here, here.connect() as conn:
        async with conn.subsystem("echo@example.org") as process:
            await process.stdin.write(b"hello")
            process.stdin.write_eof()
            assert await process.stdout.read() == b"echo@example.org: hello"
            assert await process.wait() == 4
        with pytest.raises(ssh_stack.RequestRefused, match="subsystem other"):
            await conn.open_subsystem("other")


def test_sftp_option_and_subsystem_exclude_each_other() -> None:
    async def own(_session: Session) -> int:
        return 0

    with pytest.raises(UsageError, match="exclude each other"):
        SERVE("127.0.0.1", 0, sftp=ssh_stack.Rooted("/"), subsystems={"sftp": own}, **GIVEN)
