"""The machine's own ssh, sftp and scp at our server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest

from loopback_server import HOST_KEY, SECONDS, USER, USER_KEY, LoopbackServer, Watched, serving
from ssh_sftp.aio import UnconfinedFiles
from ssh_stack import AllowForwarding, MaxStartups, Passwords

MANY = MaxStartups(start=1000, full=1000, per_source=1000)
MIB = 1024 * 1024


@pytest.fixture(autouse=True, scope="module")
def _programs() -> None:
    missing = [name for name in ("ssh", "sftp", "scp") if shutil.which(name) is None]
    if missing and os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
        pytest.fail(f"required, but missing: {', '.join(missing)}", pytrace=False)
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")


@attrs.frozen
class Done:
    """How a program ended, and what it wrote."""

    status: int
    out: bytes
    err: bytes


@attrs.frozen
class Machine:
    """OpenSSH's programs with a folder of their own, and a server to go to."""

    folder: Path
    here: LoopbackServer

    @property
    def port(self) -> int:
        return self.here.server.port

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def options(self, port_letter: str) -> list[str]:
        values = {
            "UserKnownHostsFile": self.folder / "known_hosts",
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "IdentityFile": self.folder / "key",
            "IdentityAgent": "none",
            "ExitOnForwardFailure": "yes",
        }
        options = [word for name, value in values.items() for word in ("-o", f"{name}={value}")]
        return ["-F", "/dev/null", *options, port_letter, str(self.port)]

    async def start(self, program: str, *words: str | Path) -> Process:
        letter = "-p" if program == "ssh" else "-P"
        options = self.options(letter)
        return await asyncio.create_subprocess_exec(
            program, *options, *map(str, words), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )

    async def run(self, program: str, *words: str | Path, stdin: bytes = b"") -> Done:
        process = await self.start(program, *words)
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return Done(process.returncode, out, err)

    async def ssh(self, *words: str | Path, stdin: bytes = b"") -> Done:
        return await self.run("ssh", *words, stdin=stdin)


@asynccontextmanager
async def machine(folder: Path, **options: object) -> AsyncGenerator[Machine]:
    async with serving(max_startups=MANY, **options) as here:
        found = Machine(folder, here)
        public = HOST_KEY.public_key.to_openssh()
        found.write("known_hosts", f"[127.0.0.1]:{found.port} {public}\n")
        found.write("key", USER_KEY.to_openssh()).chmod(0o600)
        yield found


TO = f"{USER}@127.0.0.1"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ------------------------------------------------------------- commands


async def test_command_has_input_both_streams_and_status(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        done = await at.ssh(TO, "cat; echo problem >&2; exit 7", stdin=b"to be echoed")

    assert done == Done(7, b"to be echoed", b"problem\n")


async def test_much_data_passes_both_ways_with_rekeys(tmp_path: Path) -> None:
    data = os.urandom(MIB) * 16
    async with machine(tmp_path) as at:
        done = await at.ssh("-o", "RekeyLimit=1M", TO, "cat", stdin=data)

    assert done.status == 0
    assert hashlib.sha256(done.out).digest() == hashlib.sha256(data).digest()


async def test_command_ended_by_signal_has_status_255(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        assert (await at.ssh(TO, "kill -TERM $$")).status == 255


async def test_shell_without_terminal_reads_standard_input(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        done = await at.ssh("-T", TO, stdin=b"echo in; exit 3\n")

    assert (done.out, done.status) == (b"in\n", 3)


async def test_shell_with_terminal_has_pty(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        done = await at.ssh("-tt", TO, stdin=b"tty; test -t 2 && echo at a ter''minal; exit 4\n")

    assert b"/dev/pts/" in done.out
    assert b"\r\nat a terminal\r\n" in done.out
    assert done.status == 4


async def test_only_accepted_variables_are_set(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        wanted = ("-o", "SetEnv=LC_ALL=C.UTF-8", "-o", "SetEnv=LD_PRELOAD=evil.so")
        done = await at.ssh(*wanted, TO, 'echo "$LC_ALL,$LD_PRELOAD"')

    assert done.out in {b"C.UTF-8,\n", b",\n"}  # ssh takes the first SetEnv alone


async def test_wrong_key_user_or_host_key_is_refused(tmp_path: Path) -> None:
    async with machine(tmp_path, auth=Passwords({USER: "secret"})) as at:
        done = await at.ssh(TO, "true")
        assert (done.status, b"Permission denied (password)" in done.err) == (255, True)
    async with machine(tmp_path) as at:
        done = await at.ssh("nobody@127.0.0.1", "true")
        assert (done.status, b"Permission denied (publickey)" in done.err) == (255, True)
        at.write("known_hosts", f"[127.0.0.1]:{at.port} {USER_KEY.public_key.to_openssh()}\n")
        done = await at.ssh(TO, "true")
        assert (done.status, b"Host key verification failed" in done.err) == (255, True)


@pytest.mark.row("R14")
async def test_twenty_clients_are_served_at_once(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        done = await asyncio.gather(*(at.ssh(TO, f"echo {number}") for number in range(20)))

    assert [each.out for each in done] == [f"{number}\n".encode() for number in range(20)]


async def test_clients_beyond_max_startups_are_told(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        at.here.server._admission._waiting["elsewhere"] = 1000
        done = await at.ssh("-v", TO, "true")
        at.here.server._admission.release("elsewhere")

    assert done.status == 255
    assert b"Exceeded MaxStartups" in done.err


@pytest.mark.parametrize("words", [(), ("-tt",)], ids=["pipes", "terminal"])
async def test_command_ends_when_client_is_killed(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with machine(tmp_path) as at:
        client = await at.start("ssh", *words, TO, "echo $$; exec sleep 300")
        assert client.stdout is not None
        sleeper = Watched(int(await client.stdout.readline()))
        client.send_signal(signal.SIGKILL)
        await client.communicate(b"")
        await sleeper.gone()


@pytest.mark.row("R17")
async def test_close_of_server_ends_command_and_disconnects_client(tmp_path: Path) -> None:
    async with machine(tmp_path) as at:
        client = await at.start("ssh", TO, "echo $$; exec sleep 300")
        assert client.stdout is not None
        sleeper = Watched(int(await client.stdout.readline()))
        await at.here.server.close()
        _, err = await client.communicate(b"")
        await sleeper.gone()

    assert client.returncode == 255
    assert f"Received disconnect from 127.0.0.1 port {at.port}:11:".encode() in err


# ------------------------------------------------------------- files


async def test_sftp_copies_file_both_ways(tmp_path: Path) -> None:
    async with machine(tmp_path, sftp=UnconfinedFiles(tmp_path)) as at:
        source = at.write("source", os.urandom(MIB) * 16)
        lines = f"put -p {source} copy\nget copy {tmp_path / 'back'}\nls -l copy\nrm copy\n"
        done = await at.run("sftp", "-b", at.write("batch", lines), TO)

    assert done.status == 0, done.err
    assert digest(tmp_path / "back") == digest(source)
    assert not (tmp_path / "copy").exists()


async def test_sftp_reports_missing_file(tmp_path: Path) -> None:
    async with machine(tmp_path, sftp=UnconfinedFiles(tmp_path)) as at:
        done = await at.run("sftp", "-b", at.write("batch", "get nothing\n"), TO)

    assert done.status == 1
    assert b"not found" in done.err


@pytest.mark.parametrize("words", [("-r",), ("-r", "-p")], ids=" ".join)
async def test_scp_copies_tree_both_ways(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "file").write_bytes(os.urandom(MIB))
    (tmp_path / "tree" / "empty").touch()
    async with machine(tmp_path, sftp=UnconfinedFiles(tmp_path)) as at:
        there = await at.run("scp", *words, tmp_path / "tree", f"{TO}:there")
        back = await at.run("scp", *words, f"{TO}:there", tmp_path / "back")

    assert (there.status, back.status) == (0, 0), there.err + back.err
    assert digest(tmp_path / "back" / "sub" / "file") == digest(tmp_path / "tree" / "sub" / "file")
    assert (tmp_path / "back" / "empty").stat().st_size == 0


# ------------------------------------------------------------- forwards


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def echoing() -> AsyncGenerator[int]:
    """A port that sends everything back."""
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def through(port: int) -> bytes:
    """Send through a port, close our side, and return what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x" * MIB)
    writer.write_eof()
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    return data


async def test_remote_forward_carries_data(tmp_path: Path) -> None:
    async with machine(tmp_path, forwarding=AllowForwarding()) as at, echoing() as target:
        client = await at.start("ssh", "-N", "-R", f"0:127.0.0.1:{target}", TO)
        assert client.stderr is not None
        line = await client.stderr.readline()  # "Allocated port 12345 for remote forward to …"

        assert await through(int(line.split()[2])) == b"x" * MIB
        client.terminate()
        await client.communicate(b"")


async def test_local_forward_carries_data(tmp_path: Path) -> None:
    async with machine(tmp_path, forwarding=AllowForwarding()) as at, echoing() as target:
        done = await at.ssh("-W", f"127.0.0.1:{target}", TO, stdin=b"x" * MIB)
        assert (done.status, done.out) == (0, b"x" * MIB)

        socket = tmp_path / "socket"
        client = await at.start("ssh", "-L", f"{socket}:127.0.0.1:{target}", TO, "echo up; cat")
        assert client.stdout is not None
        await client.stdout.readline()
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b"through")
        writer.write_eof()
        assert await reader.read() == b"through"
        writer.close()
        await writer.wait_closed()
        await client.communicate(b"")


@pytest.mark.row("C17")
async def test_forwards_are_refused_without_rules(tmp_path: Path) -> None:
    async with machine(tmp_path) as at, echoing() as target:
        direct = await at.ssh("-W", f"127.0.0.1:{target}", TO)
        remote = await at.ssh("-N", "-R", f"0:127.0.0.1:{target}", TO)

    assert direct.status == 255
    assert b"administratively prohibited" in direct.err
    assert remote.status == 255
    assert b"remote port forwarding failed" in remote.err


@pytest.mark.row("C17")
async def test_forward_on_all_addresses_needs_gateway_ports(tmp_path: Path) -> None:
    for gateway_ports, status in ((False, 255), (True, 0)):
        rules = AllowForwarding(gateway_ports=gateway_ports)
        async with machine(tmp_path, forwarding=rules) as at:
            done = await at.ssh("-R", "0.0.0.0:0:127.0.0.1:1", TO, "true")
            assert done.status == status


@pytest.mark.row("C18")
async def test_unix_sockets_are_not_forwarded(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    async with machine(tmp_path, forwarding=AllowForwarding()) as at:
        remote = await at.ssh("-R", f"{victim}:127.0.0.1:1", TO, "true")
        ours = tmp_path / "ours"
        client = await at.start("ssh", "-L", f"{ours}:/run/theirs", TO, "echo up; cat")
        assert client.stdout is not None
        await client.stdout.readline()
        reader, writer = await asyncio.open_unix_connection(ours)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        _, err = await client.communicate(b"")

    assert remote.status == 255
    assert b"administratively prohibited" in err
    assert victim.read_text() == "precious"
