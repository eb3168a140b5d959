"""Print the messages of an SSH connection: `python -m ssh_wire FILE`.

FILE has hex, the bytes that one side sent, or a capture (pcap or pcapng); without it, standard
input is read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ssh_wire.dissect.text_report import FORMS, PHASES, Options, report
from ssh_wire.errors import SSHError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    given = _parser().parse_args(arguments)
    options = Options(
        form=given.form,
        phase=given.phase,
        method=given.kex,
        sender="server" if given.server else "client",
        secrets=given.secrets,
        full=given.full,
    )
    try:
        data = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
        for line in report(data, options):
            sys.stdout.write(line + "\n")
    except BrokenPipeError:
        return 0
    except (SSHError, OSError) as error:
        sys.stderr.write(f"ssh_wire: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    text, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser("python -m ssh_wire", description=text, epilog=details)
    parser.add_argument("file", nargs="?", default="-", help="the input; - is standard input")
    parser.add_argument("--form", choices=FORMS, help="the form of the input; detected by default")
    parser.add_argument("--phase", help=f"the phase of one payload: {PHASES}")
    parser.add_argument("--kex", metavar="METHOD", help="the key exchange method")
    parser.add_argument("--server", action="store_true", help="the stream is that of the server")
    parser.add_argument("--secrets", action="store_true", help="print passwords and other secrets")
    parser.add_argument("--full", action="store_true", help="print long fields in full")
    return parser


if __name__ == "__main__":
    sys.exit(main())
