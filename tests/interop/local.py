"""The machine's own sshd, on a loopback port with a private configuration."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from tests.interop import loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

_SSHD: Final = Path("/usr/sbin/sshd")
_SFTP_SERVER: Final = Path("/usr/lib/openssh/sftp-server")
_PRIVILEGE_SEPARATION: Final = Path("/run/sshd")

_CONFIG: Final = """\
ListenAddress 127.0.0.1
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 1000
MaxSessions 100
UseDNS no
PrintMotd no
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
LogLevel VERBOSE
"""


@attrs.frozen
class LocalSshd:
    """An sshd on 127.0.0.1:`port` that lets `user` in with `key`, and no other way."""

    port: int
    user: str
    key: Path
    host_key: str
    known_hosts: Path
    authorized_keys: Path
    process: subprocess.Popen[bytes] = attrs.field(repr=False)
    _log_file: Path = attrs.field(repr=False, alias="log_file")

    def log(self) -> str:
        """What sshd has written so far."""
        return self._log_file.read_text(errors="replace")


def unavailable() -> str | None:
    """Say what the machine lacks to run an sshd, or give None."""
    missing = [str(path) for path in (_SSHD, _SFTP_SERVER) if not path.exists()]
    if shutil.which("ssh-keygen") is None:
        missing.append("ssh-keygen")
    return f"not on this machine: {', '.join(missing)}" if missing else None


@contextlib.contextmanager
def serve(
    folder: Path,
    extra_options: Sequence[str] = (),
    before: Callable[[], None] = lambda: None,
    *,
    sftp: str = str(_SFTP_SERVER),
) -> Generator[LocalSshd]:
    """Run sshd with fresh keys in `folder`; leaving the block ends it.

    Args:
        folder: where its keys and its configuration are written.
        extra_options: options such as `MaxAuthTries=2`, which win over the configuration.
        before: called when the host key is there and sshd does not run yet.
        sftp: the command line of the SFTP subsystem.
    """
    port = loopback.free_port()
    host_key = _generate(folder / "host_key")
    before()
    authorized_keys = folder / "authorized_keys"
    authorized_keys.write_text(_generate(folder / "id_ed25519"))
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {host_key}")
    log_file = folder / "sshd.log"
    with _sshd(_write_config(folder, sftp), port, extra_options, log_file) as process:
        yield LocalSshd(
            port=port,
            user=getpass.getuser(),
            key=folder / "id_ed25519",
            host_key=host_key.strip(),
            known_hosts=known_hosts,
            authorized_keys=authorized_keys,
            process=process,
            log_file=log_file,
        )


def _generate(path: Path) -> str:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
    return path.with_suffix(".pub").read_text()


def _write_config(folder: Path, sftp: str) -> Path:
    config = folder / "sshd_config"
    config.write_text(
        f"{_CONFIG}HostKey {folder / 'host_key'}\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\n"
        f"Subsystem sftp {sftp}\n"
    )
    return config


@contextlib.contextmanager
def _sshd(
    config: Path, port: int, extra_options: Sequence[str], log_file: Path
) -> Generator[subprocess.Popen[bytes]]:
    if os.getuid() == 0:
        _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    options = [f"-o{option}" for option in extra_options]
    command = [str(_SSHD), "-D", "-e", "-p", str(port), *options, "-f", str(config)]
    with (
        log_file.open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log) as process,
    ):
        try:
            loopback.wait_for_ssh(port)
            yield process
        finally:
            process.terminate()
