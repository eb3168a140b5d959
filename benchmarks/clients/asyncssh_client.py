"""Measures AsyncSSH in this process: `python -m benchmarks.clients.asyncssh_client TASK`.

As it comes: its default block sizes, windows and number of requests in flight.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncssh

from benchmarks.meter import Meter, read_task, write_sample
from benchmarks.task import (
    BLOCK,
    CIPHER,
    HOST,
    HOST_KEY,
    KEX,
    NOTHING,
    SINK_COMMAND,
    check_sunk,
    source_command,
)

if TYPE_CHECKING:
    from benchmarks.task import Task


async def _connect(task: Task) -> asyncssh.SSHClientConnection:
    tunnel = await _connect({**task, "jump": False}) if task["jump"] else None
    return await asyncssh.connect(
        HOST,
        task["port"],
        tunnel=tunnel,
        username=task["user"],
        client_keys=[task["key"]],
        known_hosts=task["known_hosts"],
        agent_path=None,
        config=None,
        kex_algs=[KEX],
        encryption_algs=[CIPHER],
        server_host_key_algs=[HOST_KEY],
        compression_algs=["none"],
    )


async def _transfer(conn: asyncssh.SSHClientConnection, task: Task, meter: Meter) -> None:
    recurse = task["operation"].endswith("_tree")
    async with conn.start_sftp_client() as sftp:
        with meter:
            if task["operation"].startswith("get"):
                await sftp.get(task["remote"], task["local"], recurse=recurse)
            else:
                await sftp.put(task["local"], task["remote"], recurse=recurse)


async def _stdout(conn: asyncssh.SSHClientConnection, task: Task, meter: Meter) -> None:
    size = 0
    with meter:
        command = source_command(task["size"])
        async with conn.create_process(command, encoding=None) as process:
            while data := await process.stdout.read(BLOCK):
                size += len(data)
            await process.wait(check=True)
    assert size == task["size"]


async def _stdin(conn: asyncssh.SSHClientConnection, task: Task, meter: Meter) -> None:
    block = bytes(BLOCK)
    with meter:
        async with conn.create_process(SINK_COMMAND, encoding=None) as process:
            for start in range(0, task["size"], BLOCK):
                process.stdin.write(block[: task["size"] - start])
                await process.stdin.drain()
            process.stdin.write_eof()
            printed = await process.stderr.read()
            await process.wait(check=True)
    check_sunk(printed, task["size"])


async def _exec(conn: asyncssh.SSHClientConnection, task: Task, meter: Meter) -> None:
    await conn.run(NOTHING, check=True)
    for _ in range(task["count"]):
        with meter:
            await conn.run(NOTHING, check=True)


async def _connects(task: Task, meter: Meter) -> None:
    async with await _connect(task):
        pass
    for _ in range(task["count"]):
        with meter:
            connection = await _connect(task)
        connection.close()
        await connection.wait_closed()


async def _main() -> None:
    task, meter = read_task(), Meter()
    match task["operation"]:
        case "connect":
            await _connects(task, meter)
        case operation:
            async with await _connect(task) as conn:
                match operation:
                    case "stdout":
                        await _stdout(conn, task, meter)
                    case "stdin":
                        await _stdin(conn, task, meter)
                    case "exec":
                        await _exec(conn, task, meter)
                    case "fresh":
                        await conn.run(NOTHING, check=True)
                    case "modules":
                        pass
                    case _:
                        await _transfer(conn, task, meter)
    write_sample(meter, task)


if __name__ == "__main__":
    asyncio.run(_main())
