"""Our SFTP server, below a root, for the programs of others."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import asyncssh
import attrs
import paramiko  # type: ignore[import-untyped]
import pytest

import ssh_stack
from ssh_auth import Accept, AuthContext, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import PrivateKey
from ssh_sftp.server.answers import value_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ssh_keys import PublicKey

    Program = Callable[["Place"], Awaitable[None]]
    Wrap = Callable[[ssh_stack.Rooted], ssh_stack.FileSystem]

PASSWORD = "only for this test"
CONTENT = bytes(range(256)) * 1500


@attrs.frozen
class Place:
    """A running server, and the files of a client."""

    port: int
    files: ssh_stack.FileSystem
    here: Path
    host_key: PrivateKey

    def ssh(self) -> list[str]:
        """Options of OpenSSH's programs."""
        words = [f"IdentityFile={self.here}/key", f"UserKnownHostsFile={self.here}/known_hosts"]
        words += ["IdentitiesOnly=yes", "BatchMode=yes", "GlobalKnownHostsFile=/dev/null"]
        return ["-F", "none", *(part for word in words for part in ("-o", word))]

    async def run(self, *argv: str | Path, stdin: str = "") -> str:
        """Run a program; return its output."""
        if shutil.which(str(argv[0])) is None:
            pytest.skip(f"{argv[0]} is not installed")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *map(str, argv),
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(self.here)},
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        assert process.returncode == 0, output.decode()
        return output.decode()


@contextlib.asynccontextmanager
async def place(
    folder: Path, wrap: Callable[[ssh_stack.Rooted], ssh_stack.FileSystem]
) -> AsyncGenerator[Place]:
    host_key, user_key = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    served, here = folder / "served", folder / "here"
    for each in (served, here):
        each.mkdir()
    (here / "key").write_bytes(user_key.to_openssh())
    (here / "key").chmod(0o600)
    (here / "file").write_bytes(CONTENT)

    async def public_key(context: AuthContext, key: PublicKey) -> Accept | Reject:
        return Accept() if (context.user, key) == ("me", user_key.public_key) else Reject()

    async def password(context: AuthContext, given: str) -> Accept | Reject:
        return Accept() if (context.user, given) == ("me", PASSWORD) else Reject()

    files = wrap(ssh_stack.Rooted(served))
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[host_key],
        auth=ServerAuthentication(public_key=public_key, password=password),
        sftp=files,
    ) as server:
        known = f"[127.0.0.1]:{server.port} {host_key.public_key.to_openssh()}\n"
        (here / "known_hosts").write_text(known)
        yield Place(server.port, files, here, host_key)


async def openssh_sftp(at: Place) -> None:
    commands = f"""put {at.here}/file /new
        mkdir /dir
        rename /new /dir/renamed
        cp /dir/renamed /copy
        chmod 600 /copy
        ln -s copy /link
        ls -l /
        df /
        get /link {at.here}/back
        rm /copy
        rm /link
        """
    await at.run("sftp", *at.ssh(), "-P", str(at.port), "-b", "-", "me@127.0.0.1", stdin=commands)


async def openssh_scp(at: Place) -> None:
    scp = ["scp", *at.ssh(), "-s", "-p", "-r", "-P", str(at.port)]
    (at.here / "dir").mkdir()
    (at.here / "dir" / "renamed").write_bytes(CONTENT)
    await at.run(*scp, at.here / "dir", "me@127.0.0.1:/")
    await at.run(*scp, "me@127.0.0.1:/dir/renamed", at.here / "back")


async def sshfs(at: Place) -> None:
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        pytest.skip(f"/dev/fuse: {error.strerror}")
    mount = at.here / "mount"
    mount.mkdir()
    options = [part for word in at.ssh()[3::2] for part in ("-o", word)]
    await at.run("sshfs", *options, "-p", str(at.port), "me@127.0.0.1:/", mount)

    def work() -> None:
        shutil.copyfile(at.here / "file", mount / "new")
        (mount / "dir").mkdir()
        (mount / "new").rename(mount / "dir" / "renamed")
        assert [each.name for each in mount.iterdir()] == ["dir"]
        assert (mount / "dir" / "renamed").stat().st_size == len(CONTENT)
        shutil.copyfile(mount / "dir" / "renamed", at.here / "back")

    try:
        await asyncio.to_thread(work)
    finally:
        await at.run("fusermount", "-u", mount)


async def psftp(at: Place) -> None:
    commands = f"put {at.here}/file /new\nmkdir /dir\nmv /new /dir/renamed\nls /\n"
    commands += f"get /dir/renamed {at.here}/back\nquit\n"
    (at.here / "commands").write_text(commands)
    words = ["-P", str(at.port), "-l", "me", "-pw", PASSWORD, "-batch"]
    words += ["-hostkey", at.host_key.public_key.fingerprint()]
    await at.run("psftp", *words, "-b", at.here / "commands", "127.0.0.1")


async def curl(at: Place) -> None:
    url = f"sftp://127.0.0.1:{at.port}"
    words = ["curl", "-sS", "-u", f"me:{PASSWORD}", "--insecure"]
    words += ["--ftp-create-dirs"]
    await at.run(
        *words, "-T", at.here / "file", f"{url}/dir/new", "-Q", "-rename /dir/new /dir/renamed"
    )
    await at.run(*words, f"{url}/dir/renamed", "-o", at.here / "back")
    assert "renamed" in await at.run(*words, f"{url}/dir/")


async def rclone(at: Place) -> None:
    words = ["--config", "/dev/null", "--sftp-host", "127.0.0.1", "--sftp-port", str(at.port)]
    words += ["--sftp-user", "me", "--sftp-key-file", f"{at.here}/key"]
    words += ["--sftp-known-hosts-file", f"{at.here}/known_hosts", "--sftp-disable-hashcheck"]
    await at.run("rclone", *words, "copyto", at.here / "file", ":sftp:/dir/new")
    await at.run("rclone", *words, "moveto", ":sftp:/dir/new", ":sftp:/dir/renamed")
    assert "renamed" in await at.run("rclone", *words, "lsl", ":sftp:/")
    await at.run("rclone", *words, "copyto", ":sftp:/dir/renamed", at.here / "back")


async def lftp(at: Place) -> None:
    program = " ".join(["ssh", "-a", "-x", *at.ssh()])
    commands = (
        f"set sftp:connect-program '{program}'; set net:max-retries 1; set cmd:fail-exit yes; "
    )
    commands += f"open -p {at.port} sftp://me:@127.0.0.1; put {at.here}/file -o /new; mkdir /dir; "
    commands += f"mv /new /dir/renamed; ls /; get /dir/renamed -o {at.here}/back"
    await at.run("lftp", "-c", commands)


async def of_asyncssh(at: Place) -> None:
    known = asyncssh.read_known_hosts(str(at.here / "known_hosts"))
    async with (
        asyncssh.connect(
            "127.0.0.1",
            at.port,
            username="me",
            client_keys=[str(at.here / "key")],
            known_hosts=known,
            config=None,
            agent_path=None,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        await sftp.put(str(at.here / "file"), "/new")
        await sftp.mkdir("/dir")
        await sftp.remote_copy("/new", "/dir/copy")
        await sftp.posix_rename("/dir/copy", "/dir/renamed")
        await sftp.get("/dir/renamed", str(at.here / "back"))


async def of_paramiko(at: Place) -> None:
    def work() -> None:
        client = paramiko.SSHClient()
        client.load_host_keys(str(at.here / "known_hosts"))
        client.connect(
            "127.0.0.1",
            at.port,
            username="me",
            key_filename=str(at.here / "key"),
            allow_agent=False,
            look_for_keys=False,
        )
        with client, client.open_sftp() as sftp:
            sftp.put(str(at.here / "file"), "/new")
            sftp.mkdir("/dir")
            sftp.posix_rename("/new", "/dir/renamed")
            sftp.get("/dir/renamed", str(at.here / "back"))
            with sftp.open("/dir/renamed") as file:
                assert file.check("sha256") == hashlib.sha256(CONTENT).digest()

    await asyncio.to_thread(work)


PROGRAMS: list[Program] = [
    openssh_sftp,
    openssh_scp,
    sshfs,
    psftp,
    curl,
    rclone,
    lftp,
    of_asyncssh,
    of_paramiko,
]


def plain(files: ssh_stack.Rooted) -> ssh_stack.FileSystem:
    """Serve them as they are."""
    return files


def limited(files: ssh_stack.Rooted) -> ssh_stack.FileSystem:
    """Serve them with a quota, which the programs do not exceed."""
    return ssh_stack.Quota(files, max_bytes=4 * len(CONTENT), max_entries=10)


def memory(_files: ssh_stack.Rooted) -> ssh_stack.FileSystem:
    """Serve what is in memory instead."""
    return ssh_stack.InMemory()


async def content_of(files: ssh_stack.FileSystem, path: str) -> bytes:
    """Return what a file system has at a path."""
    opened = await value_of(files.open(path, ssh_stack.OpenFlags.READ, ssh_stack.Attributes()))
    file = cast("ssh_stack.FileHandle", opened)
    try:
        return cast("bytes", await value_of(file.read(2 * len(CONTENT), 0)))
    finally:
        await value_of(file.close())


@pytest.mark.parametrize("wrap", [plain, ssh_stack.InThreads, limited, memory])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
async def test_program_puts_renames_and_gets(tmp_path: Path, program: Program, wrap: Wrap) -> None:
    async with place(tmp_path, wrap) as at:
        await program(at)
        assert await content_of(at.files, "/dir/renamed") == CONTENT
        assert (at.here / "back").read_bytes() == CONTENT
