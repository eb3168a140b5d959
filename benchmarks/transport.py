"""The transport alone beside AsyncSSH's and Paramiko's: `python -m benchmarks.transport`.

Packets of several sizes under several ciphers, and handshakes with several key exchange
methods.  Client and server of one library share this process; no engine is needed.
"""

from __future__ import annotations

import argparse
import json
import logging
import warnings
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import OURS, ROOT
from benchmarks.joined import CONTENDERS, Joined, Setting
from benchmarks.task import CIPHER, KEX

_SIZES: Final = (64, 1024, 32_000)
_MAC: Final = "hmac-sha2-256-etm@openssh.com"
_CIPHERS: Final = (
    "chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
)
_KEX: Final = (
    "mlkem768x25519-sha256",
    "mlkem1024nistp384-sha384",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
)
_MOST: Final = {64: 4_000, 1024: 4_000, 32_000: 1_000}
"""Packets of one measurement: some tens of milliseconds of work for each library."""

Rows = dict[str, dict[str, list[float]]]
"""Microseconds or milliseconds of processor time, by row and contender, a value a round."""


def measure(rounds: int) -> tuple[Rows, Rows]:
    """Measure in turn; each round begins with another contender."""
    packets: Rows = {}
    handshakes: Rows = {}
    for number in range(-1, rounds):  # the one before the first is not counted: all is loaded
        first = number % len(CONTENDERS)
        for contender in (*CONTENDERS[first:], *CONTENDERS[:first]):
            for kex in _KEX:
                cost = _tried(contender, Setting(kex, CIPHER, _MAC))
                if cost is not None and number >= 0:
                    _note(handshakes, kex, contender, cost * 1e3)
            for cipher in _CIPHERS:
                for size in _SIZES:
                    cost = _tried(contender, Setting(KEX, cipher, _MAC), size, _MOST[size])
                    if cost is not None and number >= 0:
                        _note(packets, _title(cipher, size), contender, cost / _MOST[size] * 1e6)
    return packets, handshakes


def _tried(contender: Joined, setting: Setting, *packets: int) -> float | None:
    """Measure, unless the library has not got what is asked for."""
    try:
        return contender.packets(setting, *packets) if packets else contender.handshake(setting)
    except contender.unknown:
        return None


def _note(rows: Rows, title: str, contender: Joined, value: float) -> None:
    rows.setdefault(title, {}).setdefault(contender.name, []).append(value)


def _title(cipher: str, size: int) -> str:
    return f"{cipher}, {size:,} bytes"


def show(title: str, rows: Rows, sizes: dict[str, int]) -> None:
    """Print a table of medians."""
    table = Table(title=title)
    for column in ("", *(contender.name for contender in CONTENDERS)):
        table.add_column(column)
    for line, row in rows.items():
        ours = median(row[OURS])
        cells = [f"[bold]{ours:.2f}[/bold]{_rate(ours, sizes.get(line))}"]
        cells += [_cell(ours, row.get(contender.name)) for contender in CONTENDERS[1:]]
        table.add_row(line, *cells)
    Console(highlight=False, width=120).print(table)


def _rate(microseconds: float, size: int | None) -> str:
    return "" if size is None else f" · {size / microseconds:,.0f} MB/s"


def _cell(ours: float, values: list[float] | None) -> str:
    if values is None:
        return "–"
    theirs = median(values)
    ratio = ours / theirs
    colour = "green" if ratio <= 1 else "red"
    return f"{theirs:.2f} · × [{colour}]{ratio:.2f}[/{colour}]"


def _medians(rows: Rows) -> dict[str, Any]:
    return {title: {name: median(v) for name, v in row.items()} for title, row in rows.items()}


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transport", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="by default 5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="by default in bench-results/")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of the others' use of what is deprecated
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it tells of its peer's end
    packets, handshakes = measure(arguments.rounds)
    sizes = {_title(cipher, size): size for cipher in _CIPHERS for size in _SIZES}
    show("µs of processor time a packet, both ends; ×: ours divided by theirs", packets, sizes)
    show("ms of processor time a handshake, both ends", handshakes, {})
    path = arguments.json or ROOT / "bench-results" / "transport.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "rounds": arguments.rounds,
        "microseconds a packet": _medians(packets),
        "milliseconds a handshake": _medians(handshakes),
    }
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"stored in {path}")


if __name__ == "__main__":
    main()
