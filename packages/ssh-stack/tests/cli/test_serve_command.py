"""`ssh-stack serve`, as a program."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import signal
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import ssh_stack
from loopback_server import USER_KEY, Watched
from ssh_connection import ChannelOpenRefused
from ssh_connection.aio import Pty
from ssh_keys import CertificateSpec, PrivateKey, RevocationList, issue
from ssh_keys.files import read_private_key, write_private_key, write_revoked_keys
from ssh_stack import AuthenticationFailed, Connect

if TYPE_CHECKING:
    from conftest import Cli

_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)\n")
_HOST_KEY = re.compile(rb"Host key (\S+) (SHA256:\S+)\n")


@attrs.frozen
class Program:
    """The server as a program."""

    process: asyncio.subprocess.Process
    port: int
    host_keys: dict[bytes, bytes]

    def connect(self) -> Connect:
        return ssh_stack.connect(
            "127.0.0.1",
            self.port,
            username=getpass.getuser(),
            keys=[USER_KEY],
            agent=None,
            config=None,
            host_key_policy="off",
        )

    async def end(self, number: int = signal.SIGTERM) -> tuple[int | None, bytes]:
        """Send a signal; return the exit status and what was printed on standard error."""
        self.process.send_signal(number)
        _, err = await self.process.communicate()
        return self.process.returncode, err


@asynccontextmanager
async def program(cli: Cli, *words: str) -> AsyncGenerator[Program]:
    process = await asyncio.create_subprocess_exec(
        *cli.command("serve", "--listen", "127.0.0.1:0", *words),
        env=cli.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    printed = b""
    try:
        while not (found := _LISTENING.search(printed)):
            line = await process.stdout.readline()
            assert line, await process.communicate()
            printed += line
        yield Program(process, int(found[1]), dict(_HOST_KEY.findall(printed)))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def cli_with_key(cli: Cli) -> Cli:
    folder = cli.home / ".ssh"
    folder.mkdir(mode=0o700)
    (folder / "authorized_keys").write_text(f"{USER_KEY.public_key.to_openssh()}\n")
    return cli


async def test_server_gives_user_commands_terminals_and_files(cli_with_key: Cli) -> None:
    async with program(cli_with_key) as served, served.connect() as conn:
        done = await conn.run("cat; exit 3", input=b"there")
        assert (done.stdout, done.exit_status) == (b"there", 3)
        async with conn.start("tty", pty=Pty()) as process:
            assert (await process.stdout.read()).startswith(b"/dev/pts/")
        async with conn.sftp() as sftp:
            assert await sftp.realpath(".") == str(cli_with_key.home)
            assert await sftp.exists("/etc/passwd")
        with pytest.raises(ChannelOpenRefused):
            await conn.open_tcp("127.0.0.1", served.port)
        await conn.close()
        assert await served.end() == (0, b"")


async def test_own_host_key_is_created_once_with_owner_permissions(cli_with_key: Cli) -> None:
    kept = cli_with_key.home / ".local/state/ssh-stack/host_ed25519"
    async with program(cli_with_key) as served:
        first = served.host_keys
    mode = await asyncio.to_thread(lambda: stat.S_IMODE(kept.stat().st_mode))
    async with program(cli_with_key) as served:
        assert served.host_keys == first

    assert mode == 0o600
    assert first == {b"ssh-ed25519": read_private_key(kept).public_key.fingerprint().encode()}


async def test_options_decide_host_keys_algorithms_forwarding_and_sftp_root(
    cli_with_key: Cli, tmp_path: Path
) -> None:
    root, keys = tmp_path / "root", [tmp_path / "one", tmp_path / "two"]
    await asyncio.to_thread(root.mkdir)
    for path, key in zip(
        keys, (PrivateKey.generate("ed25519"), PrivateKey.generate("ecdsa", 256)), strict=True
    ):
        await asyncio.to_thread(write_private_key, path, key)
    words = ["--allow-forwarding", "--algorithms", "strict", "--sftp-root", str(root), "-v"]
    words += [word for path in keys for word in ("--host-key", str(path))]
    async with program(cli_with_key, *words) as served, served.connect() as conn:
        assert served.host_keys.keys() == {b"ssh-ed25519", b"ecdsa-sha2-nistp256"}
        assert conn.agreement.kex == "mlkem768x25519-sha256"
        async with conn.sftp() as sftp:
            assert await sftp.listdir("/") == []
        stream = await conn.open_tcp("127.0.0.1", served.port)
        assert await stream.read(4) == b"SSH-"
        await stream.close()
        await conn.close()
        status, err = await served.end(signal.SIGINT)

    assert status == 0
    assert b"logged in from 127.0.0.1:" in err


@pytest.mark.row("R17")
async def test_end_of_server_ends_its_commands(cli_with_key: Cli) -> None:
    async with program(cli_with_key) as served, served.connect() as conn:
        process = await conn.start("echo $$; exec sleep 300").open()
        sleeper = Watched(int(await process.stdout.readline()))
        assert await served.end() == (0, b"")
        await sleeper.gone()


async def test_unusable_keys_are_named(cli: Cli) -> None:
    keys = cli.home / "keys"
    line = f'tunnel="0" {USER_KEY.public_key.to_openssh()}\n'
    await asyncio.to_thread(keys.write_text, line)
    async with program(cli, "--authorized-keys", str(keys)) as served:
        _, err = await served.end()

    lines = err.decode().splitlines()
    assert lines[0].startswith(f"ssh-stack: {keys}, line 1 is not used: options")
    assert lines[1] == f"ssh-stack: {keys} has no key: no user can log in yet"


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (["--listen", "nonsense"], 2, "nonsense"),
        (["--algorithms", "modern"], 2, "modern"),
        (["--host-key", "/nowhere/key"], 255, "/nowhere/key: No such file or directory"),
        (["--host-key", "/etc/passwd"], 255, "private key"),
        (["--moduli", "/nowhere/moduli"], 255, "/nowhere/moduli: No such file or directory"),
        (["--moduli", "/etc/passwd"], 2, "/etc/passwd: no safe prime is in it"),
        (["--sftp-root", "/nowhere/root"], 255, "/nowhere/root: No such file or directory"),
        (["--listen", "192.0.2.1:0"], 255, "192.0.2.1:0: Cannot assign requested address"),
        (["--listen", "host.invalid:0"], 255, "cannot listen on host.invalid:0: "),
        (["surplus"], 2, "surplus"),
    ],
    ids=str,
)
def test_unusable_option_is_reported_in_one_line(
    cli_with_key: Cli, words: list[str], status: int, reason: str
) -> None:
    done = cli_with_key.run("serve", *words)

    last = done.stderr.decode().splitlines()[-1]
    assert (done.returncode, done.stdout) == (status, b"")
    assert reason in last
    assert "Traceback" not in done.stderr.decode()


def test_encrypted_host_key_is_refused(cli_with_key: Cli) -> None:
    path = cli_with_key.home / "key"
    write_private_key(path, USER_KEY, "secret")
    done = cli_with_key.run("serve", "--host-key", str(path))

    assert done.returncode == 255
    assert done.stderr.decode() == f"ssh-stack: {path} is encrypted: a host key must not be\n"


async def test_user_certificate_is_accepted_unless_revoked(
    cli_with_key: Cli, tmp_path: Path
) -> None:
    ca, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    names = (getpass.getuser(),)
    certificates = [
        issue(
            ca,
            user.public_key,
            spec=CertificateSpec(role="user", key_id="me", principals=names, serial=serial),
            random=os.urandom,
        )
        for serial in (7, 8)
    ]
    revoked = RevocationList()
    revoked.revoke(certificates[0])
    await asyncio.to_thread(write_revoked_keys, tmp_path / "krl", revoked)
    authority = f"{ca.public_key.to_openssh()}\n"
    await asyncio.to_thread((tmp_path / "ca.pub").write_text, authority)
    words = ["--trusted-user-ca-keys", str(tmp_path / "ca.pub")]
    words += ["--revoked-keys", str(tmp_path / "krl")]
    async with program(cli_with_key, *words) as served:
        options: dict[str, Any] = {"keys": [user], "agent": None, "config": None}
        reach = partial(ssh_stack.connect, "127.0.0.1", served.port, host_key_policy="off")
        with pytest.raises(AuthenticationFailed):
            await reach(**options, certificates=certificates[:1]).open()
        async with reach(**options, certificates=certificates[1:]) as connection:
            assert (await connection.run("echo in")).stdout == b"in\n"


@pytest.mark.parametrize("listed", [True, False])
async def test_file_of_principals_says_which_certificates_are_a_users(
    cli_with_key: Cli, tmp_path: Path, *, listed: bool
) -> None:
    ca, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    spec = CertificateSpec(role="user", key_id="me", principals=("ops",))
    certificate = issue(ca, user.public_key, spec=spec, random=os.urandom)
    for name, text in (
        ("ca.pub", ca.public_key.to_openssh()),
        (f"{getpass.getuser()}.principals", "ops" if listed else "dev"),
    ):
        await asyncio.to_thread((tmp_path / name).write_text, f"{text}\n")
    words = ["--trusted-user-ca-keys", str(tmp_path / "ca.pub")]
    words += ["--authorized-principals", str(tmp_path / "%u.principals")]
    async with program(cli_with_key, *words) as served:
        reach = ssh_stack.connect(
            "127.0.0.1",
            served.port,
            keys=[user],
            certificates=[certificate],
            agent=None,
            config=None,
            host_key_policy="off",
        )
        if not listed:
            with pytest.raises(AuthenticationFailed):
                await reach.open()
            return
        async with reach as connection:
            assert (await connection.run("echo in")).stdout == b"in\n"


@pytest.mark.parametrize(("words", "seen"), [((), b"-"), (("STAGE",), b"key"), (("S*",), b"key")])
async def test_environment_of_a_key_is_set_where_it_is_permitted(
    cli_with_key: Cli, words: tuple[str, ...], seen: bytes
) -> None:
    keys = cli_with_key.home / ".ssh" / "authorized_keys"
    line = f'environment="STAGE=key" {USER_KEY.public_key.to_openssh()}\n'
    await asyncio.to_thread(keys.write_text, line)
    given = [f"--permit-user-environment={word}" for word in words]
    async with program(cli_with_key, *given) as served, served.connect() as connection:
        assert (await connection.run("printf %s ${STAGE--}")).stdout == seen


def test_host_key_that_others_can_read_is_refused(cli_with_key: Cli) -> None:
    path = cli_with_key.home / "key"
    write_private_key(path, USER_KEY)
    path.chmod(0o640)
    done = cli_with_key.run("serve", "--host-key", str(path))

    assert done.returncode == 255
    assert b"(permissions 0640); run: chmod 600 " in done.stderr


def test_two_servers_that_create_host_key_at_once_share_it(
    cli_with_key: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ssh_stack.cli import serve  # noqa: PLC0415 (loads when it is used)

    monkeypatch.setenv("XDG_STATE_HOME", str(cli_with_key.home))
    path = cli_with_key.home / "ssh-stack" / "host_ed25519"

    def late(where: os.PathLike[str], key: PrivateKey) -> None:
        write_private_key(path, USER_KEY)
        raise FileExistsError(where, key)

    monkeypatch.setattr(serve, "write_private_key", late)

    assert serve._own_host_key().public_key == USER_KEY.public_key


async def test_unix_sockets_and_ports_are_forwarded_where_each_is_allowed(
    cli_with_key: Cli, tmp_path: Path
) -> None:
    async with (
        program(cli_with_key, "--allow-unix-forwarding") as served,
        served.connect() as conn,
    ):
        with pytest.raises(ChannelOpenRefused):
            await conn.open_tcp("127.0.0.1", served.port)
        async with conn.forward_remote(tmp_path / "s", f"127.0.0.1:{served.port}"):
            stream = await conn.open_unix(tmp_path / "s")
            assert await stream.read(4) == b"SSH-"
            await stream.close()
    words = ["--allow-forwarding", "--gateway-ports"]
    async with program(cli_with_key, *words) as served, served.connect() as conn:
        async with conn.forward_remote(":0", f"127.0.0.1:{served.port}") as forward:
            assert forward.port
        with pytest.raises(ChannelOpenRefused):
            await conn.open_unix(tmp_path / "s")


def test_gateway_ports_without_forwarding_are_a_mistake(cli_with_key: Cli) -> None:
    done = cli_with_key.run("serve", "--gateway-ports")
    assert done.returncode != 0
    assert b"--gateway-ports needs --allow-forwarding" in done.stderr


async def test_channel_and_connection_that_are_not_used_are_ended(cli_with_key: Cli) -> None:
    words = ["--channel-timeout", "session:*=1", "--unused-connection-timeout", "1s"]
    async with program(cli_with_key, *words) as running, running.connect() as connection:
        async with connection.start("exec sleep 600") as process:
            assert isinstance(await process.wait_closed(), ssh_stack.NoExitStatus | None)
        await connection.wait_closed()


@pytest.mark.parametrize(
    "words",
    [
        ("--channel-timeout", "session"),
        ("--channel-timeout", "session=soon"),
        ("--unused-connection-timeout", "soon"),
    ],
)
def test_time_that_is_none_is_refused(words: tuple[str, str], cli: Cli) -> None:
    done = cli.run("serve", "--listen", "127.0.0.1:0", *words)
    assert done.returncode == 2
    assert f"{words[0]} takes".encode() in done.stderr
