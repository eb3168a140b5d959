"""Misuse of connections, asynchronous and blocking, that both type checkers must refuse.

Each marked line is an error in both: a checker that no longer finds it reports
the mark as unused.
"""

from __future__ import annotations

import ssh_stack
from ssh_stack import sync

ssh_stack.connect("web1", usernme="ops")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ssh_stack.connect("web1", username=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ssh_stack.connect("web1", host_key_policy="maybe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
sync.connect("web1", usernme="ops")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
sync.connect("web1", username=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
sync.connect("web1", host_key_policy="maybe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ssh_stack.open_connection("web1")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
sync.open_connection("web1")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


async def asynchronous(conn: ssh_stack.Connection, other: sync.Connection) -> None:
    done = await conn.run("id", text=True)
    data: bytes = done.stdout  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    await conn.run("id", txt=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await conn.run("id", stdout=5.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    async with conn.start("cat", text=True) as process:
        await process.stdin.write(b"bytes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ssh_stack.connect("web2", jump=other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    del data


def blocking(conn: sync.Connection, other: ssh_stack.Connection) -> None:
    text: str = conn.run("id").stdout  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    conn.run("id", txt=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    sync.connect("web2", jump=other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with conn.start("cat") as process:
        process.stdout.feed(memoryview(b""))  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    del text
