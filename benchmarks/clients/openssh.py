"""Measures OpenSSH's ssh and sftp, which run in the container that their sshd runs in.

A measurement is of whole processes, from fork to exit, taken beside them in the container:
what it costs to reach the container is not in it.
"""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING

import attrs

from benchmarks.task import (
    CIPHER,
    HOST,
    HOST_KEY,
    KEX,
    NOTHING,
    SINK_COMMAND,
    Sample,
    Task,
    check_sunk,
    source_command,
)
from tests.interop.peers import Peer

if TYPE_CHECKING:
    from collections.abc import Generator

_TIMED = Path(__file__).with_name("timed.pl")
_SECONDS = 600


class Failed(Exception):
    """A client did not do its task."""


@attrs.frozen
class OpenSSH:
    """The container's clients; `folder` is known there and here under one path."""

    peer: Peer
    folder: Path

    def measure(self, task: Task) -> Sample:
        """Do a task and say what it cost."""
        match task["operation"]:
            case "connect":
                return self._connect(task)
            case "exec":
                return self._exec(task)
            case "stdout":
                return self._run(self._ssh(task, source_command(task["size"])))
            case "stdin":
                return self._stdin(task)
            case "fresh":
                return self._run(self._ssh(task, NOTHING))
            case _:
                return self._run(self._sftp(task, _batch_line(task)))

    def empty_batch(self, task: Task) -> Sample:
        """What `sftp` costs before and after it does anything."""
        return self._run(self._sftp(task, "pwd"))

    # ------------------------------------------------------------- operations

    def _stdin(self, task: Task) -> Sample:
        printed = self.folder / "printed"
        sink = f"({SINK_COMMAND}) 2>&1"
        sample = self._run(self._ssh(task, sink), stdin=task["local"], stdout=str(printed))
        check_sunk(printed.read_bytes(), task["size"])
        return sample

    def _connect(self, task: Task) -> Sample:
        """Up to the moment when ssh, logged in, goes to the background."""
        socket = "/tmp/bench-connect-{}"  # noqa: S108 - in the container
        argv = self._ssh(task, None, "-f", "-N", "-M", "-S", socket)
        try:
            return self._run(argv, count=task["count"])
        finally:
            for number in range(1, task["count"] + 1):
                leave = ["ssh", "-S", socket.replace("{}", str(number)), "-O", "exit", HOST]
                self.peer.run_client(leave)

    def _exec(self, task: Task) -> Sample:
        """A process that asks a waiting one; the processor time is that of both."""
        with self._master(task) as (socket, pid):
            argv = ["ssh", "-S", socket, HOST, NOTHING]
            self._run(argv)
            before = self._processor_time(pid)
            sample = self._run(argv, count=task["count"])
            share = (self._processor_time(pid) - before) / task["count"]
        return {**sample, "cpu": sample["cpu"] + share}

    @contextlib.contextmanager
    def _master(self, task: Task) -> Generator[tuple[str, int]]:
        socket = "/tmp/bench-master"  # noqa: S108 - in the container
        self._run(self._ssh(task, None, "-f", "-N", "-M", "-S", socket))
        try:
            printed = self.peer.run_client(["ssh", "-S", socket, "-O", "check", HOST]).stderr
            yield socket, int(printed.partition(b"pid=")[2].partition(b")")[0])
        finally:
            self.peer.run_client(["ssh", "-S", socket, "-O", "exit", HOST])

    def _processor_time(self, pid: int) -> float:
        printed = self.peer.run_client(["cat", f"/proc/{pid}/schedstat"]).stdout
        return int(printed.split()[0]) / 1e9

    # ------------------------------------------------------------- command lines

    def _options(self, task: Task) -> list[str]:
        options = {
            "Port": task["port"],
            "User": task["user"],
            "IdentityFile": task["key"],
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": task["known_hosts"],
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "Ciphers": CIPHER,
            "KexAlgorithms": KEX,
            "HostKeyAlgorithms": HOST_KEY,
            "PreferredAuthentications": "publickey",
            "UpdateHostKeys": "no",
        }
        return ["-q", "-F", "none", *(f"-o{name}={value}" for name, value in options.items())]

    def _ssh(self, task: Task, command: str | None, *extra: str) -> list[str]:
        if task["jump"]:  # as -J does, which has no way to give the jump host its options
            proxy = shlex.join(["ssh", *self._options(task), "-W", "%h:%p", HOST])
            extra = (f"-oProxyCommand={proxy}", *extra)
        argv = ["ssh", *self._options(task), *extra, HOST]
        return argv if command is None else [*argv, command]

    def _sftp(self, task: Task, line: str) -> list[str]:
        batch = self.folder / "batch"
        batch.write_text(f"{line}\n")
        return ["sftp", *self._options(task), "-b", str(batch), HOST]

    def _run(
        self, argv: list[str], *, count: int = 1, stdin: str = "/dev/null", stdout: str = ""
    ) -> Sample:
        timed = ["perl", "-e", _TIMED.read_text(), str(count), stdin, stdout or "/dev/null"]
        done = self.peer.run_client([*timed, *argv], timeout=_SECONDS)
        if done.returncode != 0:
            raise Failed(done.stderr.decode(errors="replace").strip())
        runs = [line.split() for line in done.stdout.decode().splitlines()]
        return {
            "wall": median(float(run[0]) for run in runs),
            "cpu": mean(float(run[1]) for run in runs),
            "peak": max(int(run[2]) for run in runs),
        }


def _batch_line(task: Task) -> str:
    recursive = "-r " if task["operation"].endswith("_tree") else ""
    if task["operation"].startswith("get"):
        return f"get {recursive}{task['remote']} {task['local']}"
    return f"put {recursive}{task['local']} {task['remote']}"
