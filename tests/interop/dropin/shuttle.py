"""sshuttle with a client in the place of ssh, in network namespaces of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.interop.dropin.rig import Job, Missing, Place, Rig, need

__all__ = ["SHUTTLE", "carry_traffic"]

_SSHUTTLE: Final = Path(sys.executable).with_name("sshuttle")
_BED: Final = Path(__file__).with_name("shuttle_bed.py")
# everything that runs in there ends with it, and what is mounted or routed is gone
_NAMESPACES: Final = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child")
_SSHD_CONFIG: Final = """\
ListenAddress {place.host}
Port {place.port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
"""


def carry_traffic(rig: Rig) -> None:
    """`sshuttle -e`: send 10 MB to a host that can be reached no other way, and get it back."""
    need("unshare", "nsenter", "ip", "iptables", "python3", "/usr/sbin/sshd")
    if not _SSHUTTLE.exists():
        problem = f"sshuttle is not installed beside {sys.executable}"
        raise Missing(problem)
    if os.getuid() != 0:
        problem = "sshuttle and namespaces need root"
        raise Missing(problem)
    place = Place(2222, "root", rig.folder / "user_key", rig.folder / "known_hosts", "10.77.0.1")
    _prepare(rig.folder, place)
    rig.config.write_text(place.block("shuttle"))
    done = rig.attempt(
        *(*_NAMESPACES, "--mount-proc", sys.executable, _BED, "serve"),
        *(rig.folder / "sshd_config", _SSHUTTLE, rig.command),
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-4000:])
    rig.seconds += float(done.stdout)


def _prepare(folder: Path, place: Place) -> None:
    """Write keys and the configuration of an sshd."""
    for name in ("host_key", "user_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
    public = (folder / "host_key.pub").read_text()
    place.known_hosts.write_text(f"[{place.host}]:{place.port} {public}")
    config = _SSHD_CONFIG.format(place=place, folder=folder)
    (folder / "sshd_config").write_text(config)


SHUTTLE: Final[Mapping[str, Job]] = {"sshuttle, 10 MB there and back": carry_traffic}
