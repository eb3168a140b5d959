"""Use of connections, asynchronous and blocking, whose types both checkers must know."""

from __future__ import annotations

import csv
import zipfile
from typing import assert_type

import ssh_stack
from ssh_connection import Completed, ExitSignal
from ssh_sftp.aio import DirEntry, RemoteFile, RemoteTextFile
from ssh_stack import sync


async def asynchronous() -> None:
    async with ssh_stack.connect("web1", username="ops", host_key_policy="accept-new") as conn:
        assert_type(conn, ssh_stack.Connection)
        assert_type(await conn.run("id"), Completed[bytes])
        assert_type((await conn.run("id", text=True)).stdout, str)
        assert_type((await conn.run(["id"], text=False, check=True)).stderr, bytes)
        async with conn.start("cat") as process:
            async for data in process.stdout.lines():
                assert_type(data, bytes)
            assert_type(await process.wait(), int | ExitSignal)
        async with conn.start("cat", text=True, stderr=ssh_stack.STDOUT) as started:
            assert_type(started, ssh_stack.TextProcess)
            await started.stdin.write("text")
            async for text_line in started.stdout:
                assert_type(text_line, str)
        async with conn.sftp() as sftp:
            assert_type(await sftp.listdir(), list[str])
            async with await sftp.open("/etc/hostname", "r", encoding="latin-1") as text:
                assert_type(text, RemoteTextFile)
                assert_type(await text.read(), str)
                async for line in text:
                    assert_type(line, str)
            async with await sftp.path("/etc/hostname").open("r+b") as binary:
                assert_type(binary, RemoteFile)
                assert_type(await binary.readline(), bytes)
    ssh_stack.connect("web2", jump=conn)


def blocking() -> None:
    with sync.connect("web1", username="ops", host_key_policy="accept-new") as conn:
        assert_type(conn, sync.Connection)
        assert_type(conn.run("id"), Completed[bytes])
        assert_type(conn.run("id", text=True).stdout, str)
        assert_type(conn.run(["id"], text=False, check=True).stderr, bytes)
        with conn.start("cat") as process:
            assert_type(process, sync.Process)
            for line in process.stdout.lines():
                assert_type(line, bytes)
            assert_type(process.wait(), int | ExitSignal)
        with conn.start("cat", text=True) as started:
            assert_type(started, sync.TextProcess)
            assert_type(started.stdout.readline(), str)
        with conn.forward_local("127.0.0.1:0", "db:5432") as forward:
            assert_type(forward, sync.LocalForward)
            assert_type(forward.port, int)
        with conn.sftp() as sftp:
            assert_type(sftp, sync.SFTPClient)
            for entry in sftp.scandir():
                assert_type(entry, DirEntry)
            for path in sftp.path("/etc").iterdir():
                assert_type(path, sync.RemotePath)
            with sftp.open("/etc/hostname") as file:
                assert_type(file.read(), bytes)
            with sftp.open("/etc/hostname", "r") as text:
                assert_type(text, sync.RemoteTextFile)
                assert_type(text.readline(), str)
                assert_type(list(csv.reader(text)), list[list[str]])
            with sftp.open("/srv/files.zip", "rb") as packed, zipfile.ZipFile(packed) as files:
                assert_type(files.read("name"), bytes)
    sync.connect("web2", jump=conn)
    assert_type(ssh_stack.sync.connect("web1"), sync.Connect)


def failing() -> None:
    try:
        sync.connect("web1").open()
    except ssh_stack.AuthenticationFailed as error:
        assert_type(error.attempts, tuple[ssh_stack.AuthAttempt, ...])
    except ssh_stack.ConnectFailed as error:
        assert_type(error.port, int)
    except ssh_stack.SSHError as error:
        assert_type(error, ssh_stack.SSHError)
