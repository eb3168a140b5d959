"""Programs that call ssh, and the client that they get in its place.

A job does one thing with one program, such as `git clone`, through whichever client its rig
has, and checks what came of it. The tests give it ours; `benchmarks/dropin.py` gives it ours
and OpenSSH's in turn and compares `Rig.seconds`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from tests.interop.peers import USER, Peer

if TYPE_CHECKING:
    from tests.interop.local import LocalSshd
    from tests.interop.peers import Completed

__all__ = ["OPENSSH", "OURS", "Client", "Job", "Missing", "Place", "Rig", "need"]

_SECONDS: Final = 240.0
# what of the user's surroundings a program that calls ssh would take for its own
_UNWANTED: Final = ("SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "GIT_SSH", "GIT_SSH_COMMAND")


class Missing(Exception):
    """A program that a job needs is not on this machine."""


@attrs.frozen
class Client:
    """A program with the command line of ssh."""

    name: str
    words: tuple[str, ...]


OPENSSH: Final = Client("OpenSSH", ("ssh",))
OURS: Final = Client("ssh-stack", (str(Path(sys.executable).with_name("ssh-stack")), "ssh"))


@attrs.frozen
class Place:
    """A server, and what a configuration says to log in there."""

    port: int
    user: str
    key: Path
    known_hosts: Path
    host: str = "127.0.0.1"

    @classmethod
    def of(cls, server: LocalSshd | Peer) -> Place:
        """The place of the machine's own sshd, or of a peer."""
        if isinstance(server, Peer):
            return cls(server.port, USER, server.keys.private["ed25519"], server.known_hosts)
        return cls(server.port, server.user, server.key, server.known_hosts)

    def block(self, name: str) -> str:
        """The lines of ssh_config with which `ssh name` gets here."""
        return (
            f"Host {name}\n  HostName {self.host}\n  Port {self.port}\n  User {self.user}\n"
            f"  IdentityFile {self.key}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n  StrictHostKeyChecking yes\n"
        )


@attrs.define
class Rig:
    """A client under the name `ssh`, a configuration that knows the hosts, and a folder."""

    client: Client
    folder: Path
    """Where a job makes its files; the two below are in it."""
    config: Path
    program: Path
    """A program named ssh: the client with the configuration. Its folder may lead PATH."""
    seconds: float = 0.0
    """How long the programs ran that `run` started."""

    @classmethod
    def build(cls, client: Client, folder: Path, places: Mapping[str, Place]) -> Rig:
        """Write the configuration and the program into a new folder."""
        (folder / "bin").mkdir(parents=True)
        config = folder / "config"
        config.write_text("".join(place.block(name) for name, place in places.items()))
        program = folder / "bin" / "ssh"
        rig = cls(client, folder, config, program)
        program.write_text(f'#!/bin/sh\nexec {rig.command} "$@"\n')
        program.chmod(0o755)
        return rig

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the client's command line, with the configuration."""
        return (*self.client.words, "-F", str(self.config))

    @property
    def command(self) -> str:
        """The same as text, as `GIT_SSH_COMMAND` and `rsync -e` take it."""
        return shlex.join(self.words)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment of a program, in which nothing of the user's is left."""
        kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        return {**kept, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **extra}

    def run(
        self, *argv: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Completed:
        """Run a program that calls ssh, and count its time.

        Raises:
            AssertionError: it failed; with its output.
        """
        began = time.perf_counter()
        done = self.attempt(*argv, stdin=stdin, env=env)
        self.seconds += time.perf_counter() - began
        assert done.returncode == 0, (done.args, done.stdout[-2000:], done.stderr[-4000:])
        return done

    def attempt(
        self, *argv: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Completed:
        """Run a program to its end, whatever its status; its time does not count."""
        return subprocess.run(
            [str(word) for word in argv],
            env=self.environment(env or {}),
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,  # no terminal to ask on
        )


Job: TypeAlias = Callable[[Rig], None]


def need(*programs: str) -> None:
    """Raise unless these programs are here.

    Raises:
        Missing: one is not.
    """
    for program in programs:
        if shutil.which(program) is None:
            problem = f"{program} is not on this machine"
            raise Missing(problem)
