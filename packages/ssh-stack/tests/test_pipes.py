"""Pipes, /dev/fd/N and /dev/null as configuration, keys, certificates, known and revoked hosts."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

import ssh_stack
from loopback_server import HOST_KEY, USER, USER_KEY, serving
from named_pipes import fed, piped
from ssh_auth import Accept, AuthContext, Reject
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_stack import AuthorizedKeys, TrustedUserCAKeys
from ssh_stack.errors import ConfigError, HostKeyRevoked, HostKeyUnknown
from ssh_stack.server.revoked_keys import RevokedKeys
from ssh_stack.sources import DEFAULT

ME = AuthContext(user="me")

if TYPE_CHECKING:
    from conftest import Cli, Sshd

_OTHER: Final = PrivateKey.generate("ed25519")
_FILES: Final = ("config", "key", "known_hosts", "revoked")


def contents(sshd: Sshd) -> dict[str, bytes]:
    """What each file of a connection to the server holds."""
    lines = f"Host target\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n"
    return {
        "config": lines.encode(),
        "key": sshd.key.read_bytes(),
        "known_hosts": sshd.known_hosts.read_bytes(),
        "revoked": _OTHER.public_key.to_openssh().encode() + b"\n",
    }


def words(paths: dict[str, str]) -> list[str]:
    """The options that name the files."""
    lines = [
        f"UserKnownHostsFile={paths['known_hosts']}",
        f"RevokedHostKeys={paths['revoked']}",
        "GlobalKnownHostsFile=none",
        "IdentitiesOnly=yes",
    ]
    options = [word for line in lines for word in ("-o", line)]
    return ["-F", paths["config"], "-i", paths["key"], *options]


@pytest.mark.parametrize("which", [*_FILES, "all"])
@pytest.mark.parametrize("form", ["named pipe", "descriptor"])
def test_pipe_in_place_of_file_is_read_by_command(
    cli: Cli, sshd: Sshd, which: str, form: str, tmp_path: Path
) -> None:
    paths: dict[str, str] = {}
    passed: list[int] = []
    with ExitStack() as stack:
        for name, content in contents(sshd).items():
            path = tmp_path / name
            if which not in {name, "all"}:
                path.write_bytes(content)
                path.chmod(0o600)
            elif form == "named pipe":
                stack.enter_context(fed(path, content))
            else:
                passed.append(stack.enter_context(piped(content)))
                path = Path(f"/dev/fd/{passed[-1]}")
            paths[name] = str(path)
        done = cli.run("ssh", *words(paths), "target", "echo in", pass_fds=passed)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"in\n", b"")


def test_process_substitution_of_shell_is_read_by_command(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    for name, content in contents(sshd).items():
        (tmp_path / name).write_bytes(content)
    named = {name: f"<(cat {name})" for name in _FILES}
    options = " ".join(
        (
            f"-F {named['config']} -i {named['key']} -o IdentitiesOnly=yes",
            f"-o UserKnownHostsFile={named['known_hosts']}",
            f"-o RevokedHostKeys={named['revoked']}",
        )
    )
    line = f'"$@" ssh {options} target "echo in"'
    program = cli.command()

    done = subprocess.run(
        ["bash", "-c", line, "bash", *program],
        cwd=tmp_path,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr


@pytest.mark.parametrize("name", _FILES)
def test_null_device_in_place_of_file_is_empty(
    cli: Cli, sshd: Sshd, name: str, tmp_path: Path
) -> None:
    paths: dict[str, str] = {}
    for each, content in contents(sshd).items():
        (tmp_path / each).write_bytes(content)
        (tmp_path / each).chmod(0o600)
        paths[each] = str(tmp_path / each)
    paths[name] = os.devnull
    target = [f"-p{sshd.port}", sshd.host] if name == "config" else ["target"]

    done = cli.run("ssh", *words(paths), "-o", "BatchMode=yes", *target, "echo in")

    problems = {"known_hosts": b"no host key is known", "key": b"authentication"}
    assert done.returncode == (255 if name in problems else 0), done.stderr
    assert problems.get(name, b"") in done.stderr


@pytest.mark.parametrize("name", _FILES)
def test_directory_in_place_of_file_is_error(
    cli: Cli, sshd: Sshd, name: str, tmp_path: Path
) -> None:
    paths: dict[str, str] = {}
    for each, content in contents(sshd).items():
        (tmp_path / each).write_bytes(content)
        (tmp_path / each).chmod(0o600)
        paths[each] = str(tmp_path / each)
    paths[name] = str(tmp_path)
    target = [f"-p{sshd.port}", sshd.host] if name == "config" else ["target"]

    done = cli.run("ssh", *words(paths), "-o", "BatchMode=yes", *target, "echo in")

    assert done.returncode == 255
    assert b"is a directory" in done.stderr


def test_configuration_from_pipe_applies_to_jump_hosts(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    files = contents(sshd)
    more = f"IdentityFile {tmp_path}/key\nUserKnownHostsFile {tmp_path}/known_hosts\n"
    files["config"] += b"Host outer\n HostName 127.0.0.1\n Port " + str(sshd.port).encode()
    files["config"] += b"\nHost target\n ProxyJump outer\nHost *\nIdentitiesOnly yes\n"
    files["config"] += more.encode()
    with ExitStack() as stack:
        for name in ("config", "key", "known_hosts"):
            stack.enter_context(fed(tmp_path / name, files[name]))
        done = cli.run("ssh", "-F", str(tmp_path / "config"), "target", "echo in")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"in\n", b"")


async def test_connect_reads_pipes_without_blocking_event_loop(tmp_path: Path) -> None:
    certificate = issue(
        _OTHER,
        USER_KEY.public_key,
        spec=CertificateSpec(role="user", key_id="me", principals=(USER,)),
        random=os.urandom,
    )
    names = ("key", "known_hosts", "certificate", "revoked")
    for name in names:
        os.mkfifo(tmp_path / name, 0o600)

    async def write(name: str, content: bytes) -> None:
        """Only the loop that `connect` runs on lets this happen."""
        reached = await asyncio.to_thread(os.open, tmp_path / name, os.O_WRONLY)
        await asyncio.sleep(0)
        os.write(reached, content)
        os.close(reached)

    async with serving() as here:
        known = f"[127.0.0.1]:{here.server.port} {HOST_KEY.public_key.to_openssh()}\n"
        files = {
            "key": USER_KEY.to_openssh(),
            "known_hosts": known.encode(),
            "certificate": certificate.to_openssh().encode(),
            "revoked": _OTHER.public_key.to_openssh().encode(),
        }
        writers = [asyncio.create_task(write(name, files[name])) for name in names]
        connecting = here.connect(
            keys=[tmp_path / "key"],
            known_hosts=tmp_path / "known_hosts",
            certificates=[tmp_path / "certificate"],
            revoked_host_keys=tmp_path / "revoked",
        )
        async with connecting as conn:
            assert (await conn.run("echo in", check=True)).stdout == b"in\n"
        await asyncio.gather(*writers)


async def test_pipe_without_writer_is_abandoned_when_connect_is_cancelled(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    async with serving() as here:
        task = asyncio.create_task(here.connect(keys=[tmp_path / "pipe"]).open())
        # it has been opened, and is waited for
        writer = await asyncio.to_thread(os.open, tmp_path / "pipe", os.O_WRONLY)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        os.close(writer)


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
async def test_empty_pipe_of_known_hosts_leaves_doubt_that_refuses(policy: str) -> None:
    """Whoever connects a second time by /dev/fd/3 finds it empty."""
    async with serving() as here:
        with piped(b"") as descriptor, pytest.raises(HostKeyUnknown, match="holds nothing"):
            await here.connect(known_hosts=f"/dev/fd/{descriptor}", host_key_policy=policy).open()


async def test_empty_pipe_of_revoked_keys_refuses_every_host() -> None:
    async with serving() as here:
        with piped(b"") as descriptor, pytest.raises(ConfigError, match="holds nothing"):
            await here.connect(revoked_host_keys=f"/dev/fd/{descriptor}").open()


async def test_key_revoked_by_pipe_is_refused(tmp_path: Path) -> None:
    line = HOST_KEY.public_key.to_openssh().encode()
    async with serving() as here:
        with fed(tmp_path / "revoked", line) as path, pytest.raises(HostKeyRevoked):
            await here.connect(revoked_host_keys=path, config=None).open()
        lines = [f"RevokedHostKeys {tmp_path / 'revoked'}"]
        with fed(tmp_path / "revoked", line), pytest.raises(HostKeyRevoked):
            await here.connect(revoked_host_keys=DEFAULT, config_options=lines).open()


# ------------------------------------------------------------- servers


async def test_pipe_of_authorized_keys_authorizes_every_login(tmp_path: Path) -> None:
    line = USER_KEY.public_key.to_openssh().encode() + b"\n"
    with piped(line) as descriptor:
        keys = AuthorizedKeys(f"/dev/fd/{descriptor}", ["me"])
        for _ in range(3):
            assert isinstance(await keys.decide(ME, USER_KEY.public_key), Accept)
        assert isinstance(await keys.decide(ME, _OTHER.public_key), Reject)


async def test_pipe_of_authorities_authorizes_every_login() -> None:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    certificate = issue(_OTHER, USER_KEY.public_key, spec=spec, random=os.urandom)
    with piped(_OTHER.public_key.to_openssh().encode()) as descriptor:
        authorities = TrustedUserCAKeys(f"/dev/fd/{descriptor}", users=["me"])
        for _ in range(2):
            assert isinstance(await authorities.decide(ME, certificate), Accept)


async def test_pipe_of_revoked_keys_refuses_every_login() -> None:
    with piped(USER_KEY.public_key.to_openssh().encode()) as descriptor:
        revoked = RevokedKeys(f"/dev/fd/{descriptor}")
        for _ in range(3):
            assert await revoked.revokes(USER_KEY.public_key)
            assert not await revoked.revokes(_OTHER.public_key)


@pytest.mark.parametrize("name", ["authorized-keys", "host-key"])
def test_serve_reads_its_files_from_pipes(cli: Cli, name: str, tmp_path: Path) -> None:
    content = {
        "authorized-keys": USER_KEY.public_key.to_openssh().encode() + b"\n",
        "host-key": HOST_KEY.to_openssh(),
    }
    with piped(content[name]) as descriptor:
        words = ["--listen", "127.0.0.1:0", f"--{name}", f"/dev/fd/{descriptor}"]
        if name == "host-key":
            (tmp_path / "authorized").write_bytes(content["authorized-keys"])
            words += ["--authorized-keys", str(tmp_path / "authorized")]
        process = cli.start("serve", *words, pass_fds=[descriptor])
    assert process.stdout is not None
    assert process.stderr is not None
    first, second = process.stdout.readline(), process.stdout.readline()
    port = int(second.decode().rpartition(":")[2])

    options: dict[str, Any] = {"config": None, "known_hosts": None, "host_key_policy": "off"}

    async def twice() -> None:
        for _ in range(2):
            connecting = ssh_stack.connect("127.0.0.1", port, keys=[USER_KEY], **options)
            async with connecting as conn:
                assert (await conn.run("echo in", check=True)).stdout == b"in\n"

    asyncio.run(twice())
    process.terminate()
    _, printed = process.communicate()
    assert (b"no key" in printed, HOST_KEY.public_key.fingerprint().encode() in first) == (
        False,
        name == "host-key",
    )


def test_keygen_reads_standard_input_as_file(cli: Cli) -> None:
    for words in (["-l", "-f", "/dev/stdin"], ["-y", "-f", "/dev/stdin"]):
        done = cli.run("keygen", *words, input=USER_KEY.to_openssh())
        assert done.returncode == 0, done.stderr
        assert (
            USER_KEY.public_key.fingerprint().encode() in done.stdout
            or USER_KEY.public_key.to_openssh().encode() in done.stdout
        )
