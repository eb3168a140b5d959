"""A Kerberos realm of its own: MIT's KDC on a loopback port, a keytab, tickets."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Final

import attrs

from tests.interop import loopback

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

REALM: Final = "STACK.TEST"
HOST: Final = "localhost"
PASSWORD: Final = "kerberos-secret"
_PROGRAMS: Final = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")

_KRB5: Final = """\
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  {host} = {realm}
"""
_KDC: Final = """\
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    max_life = 1h
  }}
"""


@attrs.frozen
class Realm:
    """The realm, as the programs that use it are told of it."""

    folder: Path
    environment: dict[str, str]
    """For processes: the configuration, the keytab, the cache of tickets."""

    def add(self, principal: str) -> None:
        """Add a principal that the password opens."""
        self._administer(f"addprinc -pw {PASSWORD} {principal}")

    def add_service(self, principal: str) -> None:
        """Add a principal whose key is in the keytab."""
        self._administer(f"addprinc -randkey {principal}")
        self._administer(f"ktadd -k {self.folder}/keytab {principal}")

    def log_in(self, principal: str) -> None:
        """Get a ticket that may be forwarded, in place of those that there are."""
        self.run(["kinit", "-f", principal], f"{PASSWORD}\n")

    def log_out(self) -> None:
        """Forget the tickets."""
        (self.folder / "tickets").unlink(missing_ok=True)

    def run(self, command: list[str], stdin: str = "") -> None:
        """Run a program of the realm to its end."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def _administer(self, query: str) -> None:
        self.run(["kadmin.local", "-q", query])


def unavailable() -> str | None:
    """Say which of the programs the machine lacks, or give None."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    missing = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    return f"not on this machine: {', '.join(missing)}" if missing else None


@contextlib.contextmanager
def realm(folder: Path) -> Generator[Realm]:
    """Run a KDC; leaving the block ends it."""
    port = loopback.free_port()
    names = {"realm": REALM, "port": port, "host": HOST, "folder": folder}
    (folder / "krb5.conf").write_text(_KRB5.format(**names))
    (folder / "kdc.conf").write_text(_KDC.format(**names))
    environment = {
        "KRB5_CONFIG": f"{folder}/krb5.conf",
        "KRB5_KDC_PROFILE": f"{folder}/kdc.conf",
        "KRB5_KTNAME": f"FILE:{folder}/keytab",
        "KRB5CCNAME": f"FILE:{folder}/tickets",
        "PATH": f"{os.environ['PATH']}:/usr/sbin",
    }
    made = Realm(folder, environment)
    made.run(["kdb5_util", "create", "-s", "-P", PASSWORD])
    command = ["/usr/sbin/krb5kdc", "-n"]
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    ) as kdc:
        try:
            _wait(port, kdc)
            made.add_service(f"host/{HOST}")
            yield made
        finally:
            kdc.terminate()


def _wait(port: int, kdc: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert kdc.poll() is None, "the KDC does not run"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    problem = "the KDC does not answer"
    raise AssertionError(problem)
