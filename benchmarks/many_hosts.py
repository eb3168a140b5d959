"""Many connections to one local server: `python -m benchmarks.many_hosts [--hosts 500]`.

`run_on_hosts` at the machine's own sshd and at ours, beside AsyncSSH with a semaphore and
OpenSSH's client in as many processes; connections a second, processor time of the client, and
the most memory that the client had.  Each contender has a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from ssh_stack import run_on_hosts
from ssh_stack.testing import SSHServer
from tests.interop import local

COMMAND: Final = "echo here"
_OPTIONS: Final = ("MaxStartups=1000",)


async def ours(config: Path, hosts: list[str], at_once: int) -> int:
    results = await run_on_hosts(hosts, COMMAND, at_once=at_once, config=config, agent=None)
    return len(results.check())


async def asyncssh(config: Path, hosts: list[str], at_once: int) -> int:
    import asyncssh as peer  # noqa: PLC0415 (only in its own process)

    room = asyncio.Semaphore(at_once)

    async def one(host: str) -> None:
        async with room, peer.connect(host, config=[str(config)], agent_path=None) as conn:
            assert (await conn.run(COMMAND, check=True)).stdout == "here\n"

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            group.create_task(one(host))
    return len(hosts)


async def openssh(config: Path, hosts: list[str], at_once: int) -> int:
    room = asyncio.Semaphore(at_once)

    async def one(host: str) -> None:
        async with room:
            ssh = await asyncio.create_subprocess_exec(
                *("ssh", "-F", str(config), host, COMMAND), stdout=asyncio.subprocess.PIPE
            )
            output, _ = await ssh.communicate()
            assert output == b"here\n"

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            group.create_task(one(host))
    return len(hosts)


CONTENDERS: Final[dict[str, Callable[[Path, list[str], int], Coroutine[Any, Any, int]]]] = {
    "ssh-stack": ours,
    "asyncssh": asyncssh,
    "openssh": openssh,
}


def contend(name: str, config: Path, count: int, at_once: int) -> dict[str, float]:
    """Do the work of one contender in this process."""
    hosts = [f"host{number}" for number in range(count)]
    started = time.perf_counter()
    done = asyncio.run(CONTENDERS[name](config, hosts, at_once))
    wall = time.perf_counter() - started
    assert done == count
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "wall": wall,
        "cpu": sum(each.ru_utime + each.ru_stime for each in used),
        "memory": used[0].ru_maxrss / 1024,
    }


def measured(name: str, config: Path, count: int, at_once: int) -> dict[str, float]:
    """Have a fresh process contend."""
    argv = ["--contend", name, str(config), "--hosts", str(count), "--at-once", str(at_once)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.many_hosts", *argv], capture_output=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def configuration(folder: Path, port: int, user: str, key: Path, host_key: str) -> Path:
    """Write an ssh_config with which every name leads to one server."""
    known = folder / "known_hosts"
    known.write_text(f"* {host_key}\n")
    config = folder / "config"
    config.write_text(
        f"Host *\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  IdentityFile {key}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n  HostKeyAlias all\n"
        "  UpdateHostKeys no\n  GlobalKnownHostsFile none\n"
    )
    return config


def compare(count: int, at_once: int, rounds: int, names: list[str]) -> None:
    """Measure in turn, at sshd and at our server, and print a table of the best round."""
    table = Table("server", "client", "seconds", "hosts/s", "CPU s", "MiB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sshd").mkdir()
        with local.serve(folder / "sshd", _OPTIONS) as sshd, SSHServer(folder / "ours") as server:
            server.answer(COMMAND, "here\n")
            ours = server.known_hosts.read_text().split(maxsplit=1)[1].strip()
            places = {
                "sshd": configuration(folder, sshd.port, sshd.user, sshd.key, sshd.host_key),
                "ssh-stack": configuration(
                    folder / "ours", server.port, "tester", server.key, ours
                ),
            }
            for place, config in places.items():
                best: dict[str, dict[str, float]] = {}
                for _ in range(rounds):
                    for contender in names:
                        found = measured(contender, config, count, at_once)
                        if contender not in best or found["wall"] < best[contender]["wall"]:
                            best[contender] = found
                for contender, found in best.items():
                    figures = (found["wall"], count / found["wall"], found["cpu"])
                    cells = [f"{each:.1f}" for each in (*figures, found["memory"])]
                    table.add_row(place, contender, *cells)
    console = Console()
    console.print(f"{count} hosts, {at_once} at once, the best of {rounds} rounds")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=[*CONTENDERS])
    parser.add_argument("--contend", nargs=2, metavar=("NAME", "CONFIG"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contend:
        name, config = given.contend
        print(json.dumps(contend(name, Path(config), given.hosts, given.at_once)))
    else:
        compare(given.hosts, given.at_once, given.rounds, given.only)


if __name__ == "__main__":
    main()
