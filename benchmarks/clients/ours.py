"""Measures ssh-stack in this process: `python -m benchmarks.clients.ours TASK`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import ssh_stack
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
from ssh_transport import Algorithms

if TYPE_CHECKING:
    from benchmarks.task import Task
    from ssh_stack import Connection

_ALGORITHMS = Algorithms((KEX,), (HOST_KEY,), (CIPHER,), ("hmac-sha2-256",))


def _connect(task: Task) -> ssh_stack.Connect:
    return ssh_stack.connect(
        HOST,
        task["port"],
        username=task["user"],
        keys=[task["key"]],
        known_hosts=task["known_hosts"],
        agent=None,
        config=None,
        algorithms=_ALGORITHMS,
        jump=f"{task['user']}@{HOST}:{task['port']}" if task["jump"] else None,
    )


async def _transfer(conn: Connection, task: Task, meter: Meter) -> None:
    recursive = task["operation"].endswith("_tree")
    async with conn.sftp() as sftp:
        with meter:
            if task["operation"].startswith("get"):
                await sftp.get(task["remote"], task["local"], recursive=recursive)
            else:
                await sftp.put(task["local"], task["remote"], recursive=recursive)


async def _stdout(conn: Connection, task: Task, meter: Meter) -> None:
    size = 0

    def take(data: memoryview) -> None:
        nonlocal size
        size += len(data)

    with meter:
        await conn.run(source_command(task["size"]), stdout=take, check=True)
    assert size == task["size"]


async def _stdin(conn: Connection, task: Task, meter: Meter) -> None:
    block = memoryview(bytes(BLOCK))
    with meter:
        async with conn.start(SINK_COMMAND) as process:
            for start in range(0, task["size"], BLOCK):
                await process.stdin.write(block[: task["size"] - start])
            process.stdin.write_eof()
            printed = await process.stderr.read()
            await process.wait()
    check_sunk(printed, task["size"])


async def _exec(conn: Connection, task: Task, meter: Meter) -> None:
    await conn.run(NOTHING, check=True)
    for _ in range(task["count"]):
        with meter:
            await conn.run(NOTHING, check=True)


async def _connects(task: Task, meter: Meter) -> None:
    async with _connect(task):
        pass
    for _ in range(task["count"]):
        with meter:
            connection = await _connect(task).open()
        await connection.close()


async def _main() -> None:
    task, meter = read_task(), Meter()
    match task["operation"]:
        case "connect":
            await _connects(task, meter)
        case operation:
            async with _connect(task) as conn:
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
