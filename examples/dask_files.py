"""Count the lines of many remote files in the workers of a Dask cluster.

    pip install 'ssh-stack[fsspec]' distributed
    python examples/dask_files.py [--scheduler tcp://HOST:8786] 'sftp://HOST/var/log/*.log'

Without a scheduler, the cluster is on this machine.  Each worker makes its own connection.
"""

from __future__ import annotations

import argparse
from typing import Any, cast

import distributed
import fsspec  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] (it has no types)

dask = cast("Any", distributed)  # its functions have no types
files = cast("Any", fsspec)


def lines(file: Any) -> int:
    """Return how many lines a file has; runs in a worker."""
    with file as opened:
        return sum(1 for _ in opened)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", metavar="ADDRESS")
    parser.add_argument("url", metavar="URL")
    given = parser.parse_args()
    found = files.open_files(given.url, "rb")
    cluster = given.scheduler or dask.LocalCluster(n_workers=2, dashboard_address="127.0.0.1:0")
    with dask.Client(cluster) as client:
        counts = client.gather(client.map(lines, list(found), pure=False))
    for file, count in zip(found, counts, strict=True):
        print(f"{count:8} {file.path}")
    print(f"{sum(counts):8} lines in {len(counts)} files")


if __name__ == "__main__":
    main()
