"""Measures Paramiko in this process: `python -m benchmarks.clients.paramiko_client TASK`.

As it comes, TCP_NODELAY included: `getfo` with its prefetch, `putfo` with its pipelining and
without the final `stat`. It has no transfer of trees, so a loop over the files does it.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.meter import Meter, read_task, write_sample
from benchmarks.task import (
    BLOCK,
    CIPHER,
    HOST,
    HOST_KEY,
    KEX,
    NOTHING,
    SINK_COMMAND,
    Task,
    check_sunk,
    source_command,
)

paramiko: Any = import_module("paramiko")  # it has no types


def _all_but(names: tuple[str, ...], wanted: str) -> list[str]:
    assert wanted in names
    return [name for name in names if name != wanted]


def _connect(task: Task) -> Any:
    client = paramiko.SSHClient()
    client.load_host_keys(task["known_hosts"])
    transport = paramiko.Transport
    through = _connect({**task, "jump": False}) if task["jump"] else None
    client.connect(
        HOST,
        task["port"],
        sock=_channel(through, task) if through is not None else None,
        username=task["user"],
        key_filename=task["key"],
        allow_agent=False,
        look_for_keys=False,
        disabled_algorithms={
            "ciphers": _all_but(transport._preferred_ciphers, CIPHER),
            "kex": _all_but(transport._preferred_kex, KEX),
            "keys": _all_but(transport._preferred_keys, HOST_KEY),
        },
    )
    return client


def _channel(through: Any, task: Task) -> Any:
    place = (HOST, task["port"])
    channel = through.get_transport().open_channel("direct-tcpip", place, (HOST, 0))
    channel.kept = through  # which would close itself
    return channel


def _get_file(sftp: Any, remote: str, local: str) -> None:
    with Path(local).open("wb") as file:
        sftp.getfo(remote, file)


def _put_file(sftp: Any, local: str, remote: str) -> None:
    with Path(local).open("rb") as file:
        sftp.putfo(file, remote, confirm=False)


def _get_tree(sftp: Any, remote: str, local: str) -> None:
    os.mkdir(local)  # noqa: PTH102 - as its users write it
    for entry in sftp.listdir_attr(remote):
        names = f"{remote}/{entry.filename}", f"{local}/{entry.filename}"
        if str(entry).startswith("d"):
            _get_tree(sftp, *names)
        else:
            _get_file(sftp, *names)


def _put_tree(sftp: Any, local: str, remote: str) -> None:
    sftp.mkdir(remote)
    for entry in os.scandir(local):
        if entry.is_dir():
            _put_tree(sftp, entry.path, f"{remote}/{entry.name}")
        else:
            _put_file(sftp, entry.path, f"{remote}/{entry.name}")


def _transfer(client: Any, task: Task, meter: Meter) -> None:
    remote, local = task["remote"], task["local"]
    with client.open_sftp() as sftp, meter:
        match task["operation"]:
            case "get":
                _get_file(sftp, remote, local)
            case "put":
                _put_file(sftp, local, remote)
            case "get_tree":
                _get_tree(sftp, remote, local)
            case _:
                _put_tree(sftp, local, remote)


def _stdout(client: Any, task: Task, meter: Meter) -> None:
    size = 0
    with meter:
        channel = client.get_transport().open_session()
        channel.exec_command(source_command(task["size"]))
        while data := channel.recv(BLOCK):
            size += len(data)
        assert channel.recv_exit_status() == 0
        channel.close()
    assert size == task["size"]


def _stdin(client: Any, task: Task, meter: Meter) -> None:
    block = memoryview(bytes(BLOCK))
    with meter:
        channel = client.get_transport().open_session()
        channel.exec_command(SINK_COMMAND)
        for start in range(0, task["size"], BLOCK):
            channel.sendall(block[: task["size"] - start])
        channel.shutdown_write()
        printed = channel.makefile_stderr("rb").read()
        assert channel.recv_exit_status() == 0
        channel.close()
    check_sunk(printed, task["size"])


def _run_nothing(client: Any) -> None:
    _, stdout, _ = client.exec_command(NOTHING)
    assert stdout.channel.recv_exit_status() == 0


def _exec(client: Any, task: Task, meter: Meter) -> None:
    _run_nothing(client)
    for _ in range(task["count"]):
        with meter:
            _run_nothing(client)


def _connects(task: Task, meter: Meter) -> None:
    _connect(task).close()
    for _ in range(task["count"]):
        with meter:
            client = _connect(task)
        client.close()


def _connected(task: Task, meter: Meter) -> None:
    with _connect(task) as client:
        match task["operation"]:
            case "stdout":
                _stdout(client, task, meter)
            case "stdin":
                _stdin(client, task, meter)
            case "exec":
                _exec(client, task, meter)
            case "fresh":
                _run_nothing(client)
            case "modules":
                pass
            case _:
                _transfer(client, task, meter)


def _main() -> None:
    task, meter = read_task(), Meter()
    if task["operation"] == "connect":
        _connects(task, meter)
    else:
        _connected(task, meter)
    write_sample(meter, task)


if __name__ == "__main__":
    _main()
