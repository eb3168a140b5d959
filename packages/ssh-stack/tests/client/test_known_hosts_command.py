"""A command that prints trusted host keys (KnownHostsCommand)."""

from __future__ import annotations

import asyncio
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from loopback_server import HOST_KEY, serving
from ssh_keys import CertificateSpec, KeyPolicy, PrivateKey, PublicKey, issue
from ssh_stack import HostKeyChanged, HostKeyUnknown, KnownHostsCommandFailed
from ssh_stack.client.known_hosts_command import KnownHostsCommand
from ssh_stack.client.load_trust import load_trust
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.trust import Trust
from ssh_stack.config import Config
from ssh_stack.errors import ConfigError

if TYPE_CHECKING:
    from conftest import Sshd

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key
CA = PrivateKey.generate("ed25519")


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Where the command notes its arguments."""
    return tmp_path / "calls"


def noted(calls: Path) -> list[str]:
    return calls.read_text().splitlines() if calls.exists() else []


def printing(tmp_path: Path, *lines: str, status: int = 0) -> str:
    """A command that notes its arguments, and prints lines."""
    answer = tmp_path / "answer"
    answer.write_text("".join(f"{line}\n" for line in lines))
    script = tmp_path / "command"
    script.write_text(
        f'#!/bin/sh\necho "$@" >>{shlex.quote(str(tmp_path / "calls"))}\n'
        f"cat {shlex.quote(str(answer))}\nexit {status}\n"
    )
    script.chmod(0o755)
    return str(script)


def trust(command: str, *lines: str, host: str = "web1", **options: Any) -> Trust:
    text = "\n".join([f"KnownHostsCommand {command}", *lines])
    config = Config.parse(text).resolve(host, user="me")
    given: dict[str, Any] = {"known_hosts": b"", **options}
    return load_trust(merge(ClientOptions(**given), config, Target(host=host, local_user="me")))


# ------------------------------------------------------------- what it makes trusted


async def test_key_that_command_prints_is_trusted(tmp_path: Path) -> None:
    judge = trust(printing(tmp_path, f"web1 {KEY.to_openssh()}"))

    assert await judge.verify(KEY)


async def test_key_that_command_prints_for_another_host_is_unknown(tmp_path: Path) -> None:
    judge = trust(printing(tmp_path, f"web2 {KEY.to_openssh()}"))

    with pytest.raises(HostKeyUnknown):
        await judge.verify(KEY)


async def test_other_key_that_command_prints_is_changed_whatever_files_say(
    tmp_path: Path,
) -> None:
    command = printing(tmp_path, f"web1 {OTHER.to_openssh()}")

    with pytest.raises(HostKeyChanged, match="KnownHostsCommand"):
        await trust(command).verify(KEY)
    both = trust(command, known_hosts=f"web1 {KEY.to_openssh()}".encode())
    assert await both.verify(KEY)  # as with two lines of a file


async def test_key_that_command_revokes_is_refused(tmp_path: Path) -> None:
    judge = trust(
        printing(tmp_path, f"@revoked * {KEY.to_openssh()}"),
        known_hosts=f"web1 {KEY.to_openssh()}".encode(),
    )

    with pytest.raises(ssh_stack.HostKeyRevoked):
        await judge.verify(KEY)


async def test_authority_that_command_prints_vouches_for_certificate(tmp_path: Path) -> None:
    judge = trust(printing(tmp_path, f"@cert-authority web1 {CA.public_key.to_openssh()}"))
    spec = CertificateSpec(role="host", key_id="x", principals=("web1",))

    assert await judge.verify_certificate(issue(CA, KEY, spec=spec, random=os.urandom))


async def test_key_of_command_for_name_without_port_is_not_used(tmp_path: Path) -> None:
    """OpenSSH asks the command for the name with its port alone."""
    judge = trust(printing(tmp_path, f"web1 {KEY.to_openssh()}"), "Port 2222")

    with pytest.raises(HostKeyUnknown):
        await judge.verify(KEY)


async def test_key_of_command_is_not_remembered_and_not_updated(tmp_path: Path) -> None:
    file = tmp_path / "known"
    judge = trust(printing(tmp_path, f"web1 {KEY.to_openssh()}"), known_hosts=file)

    assert await judge.verify(KEY)

    async def prove(keys: Any) -> tuple[PublicKey, ...]:
        return tuple(keys)

    await judge.update_host_keys((KEY, OTHER), prove)
    assert not file.exists()


# ------------------------------------------------------------- how it is called


async def test_tokens_are_replaced_in_both_phases(tmp_path: Path, calls: Path) -> None:
    line = f"[web1.example]:2222 {KEY.to_openssh()}"
    command = printing(tmp_path, line)
    judge = trust(f"{command} %I %H %t %f %K %h %n %p %r", "Hostname web1.example\nPort 2222")

    assert await judge.verify(KEY)

    blob = KEY.to_openssh().split()[1]
    rest = "web1.example web1 2222 me"
    assert noted(calls) == [
        f"ORDER [web1.example]:2222 NONE NONE NONE {rest}",
        f"HOSTNAME [web1.example]:2222 ssh-ed25519 {KEY.fingerprint()} {blob} {rest}",
    ]
    assert judge.preferred_algorithms == ("ssh-ed25519",)


async def test_command_is_asked_for_address_too(tmp_path: Path, calls: Path) -> None:
    command = printing(tmp_path, f"web1,192.0.2.1 {KEY.to_openssh()}")
    judge = trust(f"{command} %I %H", "CheckHostIP yes")
    judge.peer.value = "192.0.2.1"

    assert await judge.verify(KEY)
    assert noted(calls) == ["ORDER web1", "HOSTNAME web1", "ADDRESS 192.0.2.1"]


async def test_order_of_user_leaves_out_first_call(tmp_path: Path, calls: Path) -> None:
    command = printing(tmp_path, f"web1 {KEY.to_openssh()}")
    judge = trust(f"{command} %I", "HostKeyAlgorithms ssh-ed25519")

    assert noted(calls) == []
    assert await judge.verify(KEY)
    assert noted(calls) == ["HOSTNAME"]


async def test_fingerprint_hash_is_that_of_configuration(tmp_path: Path, calls: Path) -> None:
    command = printing(tmp_path, f"web1 {KEY.to_openssh()}")

    assert await trust(f"{command} %f", "FingerprintHash md5").verify(KEY)
    assert noted(calls) == ["NONE", KEY.fingerprint("md5")]


async def test_certificate_and_its_key_are_judged_by_one_call(tmp_path: Path, calls: Path) -> None:
    judge = trust(f"{printing(tmp_path, f'web1 {KEY.to_openssh()}')} %t")
    spec = CertificateSpec(role="host", key_id="x", principals=("web1",))

    assert not await judge.verify_certificate(issue(CA, KEY, spec=spec, random=os.urandom))
    assert await judge.verify(KEY)
    assert noted(calls) == ["NONE", "ssh-ed25519-cert-v01@openssh.com"]


async def test_quotes_keep_arguments_together_and_variables_are_replaced(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "two words")
    command = printing(tmp_path, f"web1 {KEY.to_openssh()}")

    assert await trust(f'{command} "a  b" #c ${{PLACE}} %%').verify(KEY)
    assert noted(calls)[0] == "a  b #c two words %"


# ------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("/bin/false", "ended with status 1"),
        ("/bin/sh -c 'kill -9 $$'", "was ended by signal 9"),
        ("/no/such/program %H", "cannot be run: No such file"),
        ("true", "is not an absolute path"),
        ("/bin/cat /dev/zero", "prints more than"),
    ],
)
def test_command_that_fails_leaves_no_key_trusted(command: str, problem: str) -> None:
    known = f"web1 {KEY.to_openssh()}".encode()

    with pytest.raises(KnownHostsCommandFailed, match=problem) as caught:
        trust(command, known_hosts=known)
    assert "no host key is trusted" in str(caught.value)


async def test_command_that_fails_with_key_leaves_it_untrusted(tmp_path: Path) -> None:
    command = printing(tmp_path, f"web1 {KEY.to_openssh()}", status=3)
    known = f"web1 {KEY.to_openssh()}".encode()
    judge = trust(command, "HostKeyAlgorithms ssh-ed25519", known_hosts=known)

    with pytest.raises(KnownHostsCommandFailed, match="ended with status 3"):
        await judge.verify(KEY)


def test_unknown_token_is_error_of_its_line() -> None:
    with pytest.raises(ConfigError, match=r"KnownHostsCommand .*unknown token %Z"):
        trust("/bin/true %Z")


@pytest.mark.parametrize("output", ["\xff\xfew\0e\0b\0", "garbage", ""])
async def test_output_that_is_no_list_of_hosts_trusts_nothing(output: str, tmp_path: Path) -> None:
    judge = trust(printing(tmp_path, output), host_key_policy="strict")

    with pytest.raises(HostKeyUnknown):
        await judge.verify(KEY)


async def test_cancelled_wait_ends_command(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    line = f"/bin/sh -c 'echo $$ >{started}; exec sleep 600'"
    command = KnownHostsCommand(line, {}, "sha256", KeyPolicy.DEFAULT)
    waiting = asyncio.ensure_future(command.look_up("HOSTNAME", "web1", 22, KEY))
    pid = int(await asyncio.to_thread(started.read_text))
    descriptor = os.pidfd_open(pid)
    try:
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, ended.set)
        async with asyncio.timeout(30):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


# ------------------------------------------------------------- connections


async def test_connection_trusts_key_of_command_and_no_other(tmp_path: Path) -> None:
    async with serving() as here:
        name = f"[127.0.0.1]:{here.server.port}"
        good = printing(tmp_path, f"{name} {HOST_KEY.public_key.to_openssh()}")
        lines = [f"KnownHostsCommand {good} %H"]
        async with here.connect(known_hosts=None, config_options=lines) as connection:
            assert connection.host_key == HOST_KEY.public_key
        bad = printing(tmp_path, f"{name} {OTHER.to_openssh()}")
        lines = [f"KnownHostsCommand {bad} %H"]
        with pytest.raises(HostKeyChanged):
            await here.connect(known_hosts=None, config_options=lines)


async def test_connection_to_openssh_trusts_key_of_command(sshd: Sshd) -> None:
    async with ssh_stack.connect(
        "127.0.0.1",
        sshd.port,
        username=sshd.user,
        keys=[sshd.key],
        agent=None,
        config=None,
        config_options=[f"KnownHostsCommand /bin/cat {sshd.known_hosts}"],
        known_hosts=None,
    ) as connection:
        assert (await connection.run("echo hello", text=True)).stdout == "hello\n"
