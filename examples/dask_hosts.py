"""Read the load of many hosts in the workers of a Dask cluster, and print the mean.

    pip install distributed
    python examples/dask_hosts.py [--scheduler tcp://HOST:8786] HOST [HOST...]

Without a scheduler, the cluster is on this machine.  A worker gets names of hosts and returns
numbers and texts: a connection belongs to the process that made it, and is never sent.
"""

from __future__ import annotations

import argparse
import sys
from statistics import mean
from typing import Any, cast

import distributed

from ssh_stack import Completed, HostResult, SSHError, sync

dask = cast("Any", distributed)  # its functions have no types
PART = 100
"""Hosts of one task."""


def loads(hosts: list[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the load of a part of the hosts, and what went wrong; runs in a worker."""
    found: dict[str, float] = {}
    failed: dict[str, str] = {}

    def take(result: HostResult[Completed[str]]) -> None:
        if result.ok or not isinstance(result.error, SSHError):  # get() raises what is a bug
            found[result.host] = float(result.get().stdout.split()[0])
        else:
            failed[result.host] = str(result.error)  # an error may hold what cannot be sent

    sync.run_on_hosts(hosts, "cat /proc/loadavg", timeout=30, on_result=take)
    return found, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", metavar="ADDRESS")
    parser.add_argument("hosts", nargs="+", metavar="HOST")
    given = parser.parse_args()
    hosts: list[str] = given.hosts
    parts = [hosts[start : start + PART] for start in range(0, len(hosts), PART)]
    found: dict[str, float] = {}
    failed: dict[str, str] = {}
    cluster = given.scheduler or dask.LocalCluster(n_workers=2, dashboard_address="127.0.0.1:0")
    with dask.Client(cluster) as client:
        for _, (good, bad) in dask.as_completed(client.map(loads, parts), with_results=True):
            found |= good
            failed |= bad
            sys.stderr.write(f"{len(found) + len(failed)} of {len(hosts)} hosts\n")
    for host, error in failed.items():
        print(f"{host}: {error}")
    if found:
        print(f"{len(found)} hosts, mean load {mean(found.values()):.2f}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
