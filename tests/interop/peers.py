"""OpenSSH of four Debian suites, each in a container, as server and as client.

A peer's sshd listens on a loopback port of its own and has every algorithm of
its version switched on. The peer's programs run inside the same container, on
the host's network, and see one folder of the host under the same path.

By hand, from the project's root: `python -m tests.interop.peers up`, `status`,
`down`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from tests.interop import engine, loopback

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

SUITES: Final = {
    "bullseye": "openssh-8.4",
    "bookworm": "openssh-9.2",
    "trixie": "openssh-10.0",
    "sid": "openssh-10.6",
}
USER: Final = "tester"
TWO_FACTOR_USER: Final = "twofactor"
PASSWORD: Final = "interop-secret"
_KEY_KINDS: Final = ("ed25519", "ecdsa", "rsa")
_QUERIES: Final = ("kex", "cipher", "mac", "HostKeyAlgorithms")

Completed: TypeAlias = "subprocess.CompletedProcess[bytes]"

_client_numbers = itertools.count(1)


@attrs.frozen
class Algorithms:
    """What a version of OpenSSH has, in the spelling of the wire."""

    kex: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]
    host_keys: tuple[str, ...]


@attrs.frozen
class Keys:
    """User keys that every peer accepts for every user, and the file that says so.

    `authorized_keys` is read by the peers at each login, so a test may add to it.
    """

    folder: Path
    private: Mapping[str, Path]
    authorized_keys: Path

    @classmethod
    def generate(cls, folder: Path, image: str) -> Keys:
        """Have a peer's ssh-keygen write one key pair of each kind."""
        authorized = folder / "authorized"
        authorized.mkdir(parents=True)
        private = {kind: folder / f"id_{kind}" for kind in _KEY_KINDS}
        commands = [f"ssh-keygen -q -t {kind} -N '' -f {path}" for kind, path in private.items()]
        commands.append(f"chown -R {os.getuid()}:{os.getgid()} {folder}")
        _run_in_image(image, " && ".join(commands), folder)
        keys = cls(folder, private, authorized / "keys")
        keys.authorized_keys.write_text("".join(map(keys.public_line, private)))
        authorized.chmod(0o755)
        keys.authorized_keys.chmod(0o644)
        return keys

    def public_line(self, kind: str) -> str:
        """The public key's line, as `authorized_keys` wants it."""
        return self.private[kind].with_suffix(".pub").read_text()


@attrs.frozen
class Peer:
    """One OpenSSH: its sshd on 127.0.0.1:`port`, its clients by `run_client`."""

    name: str
    version: str
    port: int
    host_keys: Mapping[str, str]
    """Algorithm to public line, for each host key."""
    algorithms: Algorithms
    keys: Keys
    known_hosts: Path
    """A file that knows this peer's `port` with all of its host keys."""
    container: str

    def run_client(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: bytes | None = None,
        timeout: float = 60,
        user: str = "root",
    ) -> Completed:
        """Run one of the peer's programs to its end, whatever its exit status.

        Blocks: an asynchronous test calls it through `asyncio.to_thread`. A
        program that outlives `timeout` is killed and reported as status 124.
        """
        inside = ["timeout", "--kill-after=5", str(timeout), *map(str, argv)]
        return subprocess.run(
            ["docker", "exec", "--interactive", f"--user={user}", self.container, *inside],
            input=b"" if stdin is None else stdin,
            capture_output=True,
            timeout=timeout + 30,
            check=False,
        )

    @contextlib.contextmanager
    def start_client(
        self, argv: Sequence[str | Path], *, user: str = "root"
    ) -> Generator[subprocess.Popen[bytes]]:
        """Run one of the peer's programs beside the test; leaving the block ends it."""
        pid_file = f"/tmp/client-{next(_client_numbers)}.pid"  # noqa: S108 - in the container
        inside = ["sh", "-c", f'echo $$ >{pid_file}; exec "$@"', "client", *map(str, argv)]
        command = ["docker", "exec", "--interactive", f"--user={user}", self.container, *inside]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                yield process
            finally:
                self.run_client(["sh", "-c", f"kill $(cat {pid_file})"], timeout=10)
                process.kill()

    @contextlib.contextmanager
    def sshd(self, extra_options: Sequence[str]) -> Generator[Peer]:
        """A second sshd of this peer with options of its own, such as `MaxAuthTries=2`."""
        port = loopback.free_port()
        start = ("exec", "--detach", self.container, "peer-sshd", str(port))
        engine.docker(*start, *extra_options)
        try:
            loopback.wait_for_ssh(port)
            yield _known(attrs.evolve(self, port=port))
        finally:
            end = 'pkill -P "$pid"; kill "$pid"; while kill -0 "$pid"; do sleep 0.05; done'
            self.run_client(["sh", "-c", f"pid=$(cat /run/sshd-{port}.pid); {end}"], timeout=10)

    def has_sshd(self, port: int) -> bool:
        """Whether the peer runs an sshd that was started for a port.

        Whoever else listens on the port counts for nothing: a free one is given out again.
        """
        pattern = f"[s]shd.* -p {port} "  # it does not match the command line it is in
        return self.run_client(["pgrep", "-f", pattern], timeout=10).returncode == 0

    @contextlib.contextmanager
    def sshd_with(self, lines: str, *arguments: str) -> Generator[Peer]:
        """A second sshd of this peer, whose configuration ends with lines such as a `Match`."""
        port = loopback.free_port()
        config = f"/run/config-{port}"
        copy = ["sh", "-c", f"cat /etc/ssh/peer_config - >{config}"]
        self.run_client(copy, stdin=lines.encode(), timeout=10)
        fixed = ["-D", "-p", str(port), "-o", "PidFile=none", "-f", config]
        with self.start_client(["/usr/sbin/sshd", *fixed, *arguments]):
            loopback.wait_for_ssh(port)
            yield _known(attrs.evolve(self, port=port))

    def kill_sessions(self, user: str = USER) -> None:
        """Kill every sshd process that serves a login of this user, as a crash would."""
        self.run_client(["pkill", "-KILL", "-u", user, "-f", "^sshd"], timeout=10)

    @contextlib.contextmanager
    def frozen(self) -> Generator[None]:
        """Stop the peer's processes from running: the connections live, without an answer."""
        engine.docker("pause", self.container)
        try:
            yield
        finally:
            engine.docker("unpause", self.container)

    def log(self) -> str:
        """What the peer's main sshd has written so far."""
        return engine.docker("logs", self.container).stderr.decode(errors="replace")


def start_peer(suite: str, keys: Keys, *, owner: str) -> Peer:
    """Start the container of a Debian suite and ask it what it is."""
    port = loopback.free_port()
    volumes = [f"{keys.folder}:{keys.folder}"]
    volumes.append(f"{keys.authorized_keys.parent}:/etc/ssh/authorized:ro")
    container = engine.run_detached(
        engine.build_image(suite), [str(port)], owner=owner, volumes=volumes
    )
    try:
        loopback.wait_for_ssh(port)
        return _ask(container, port, keys)
    except BaseException:
        engine.remove([container])
        raise


def start_peers(folder: Path, *, owner: str) -> dict[str, Peer]:
    """Start every suite's peer, by suite, with one set of user keys in `folder`."""
    keys = Keys.generate(folder, engine.build_image(next(iter(SUITES))))
    started: dict[str, Peer] = {}
    try:
        for suite in SUITES:
            started[suite] = start_peer(suite, keys, owner=owner)
    except BaseException:
        stop_peers(started)
        raise
    return started


def stop_peers(peers: Mapping[str, Peer]) -> None:
    """Stop the containers of these peers."""
    engine.remove([peer.container for peer in peers.values()])


def _ask(container: str, port: int, keys: Keys) -> Peer:
    def output(command: str) -> str:
        done = engine.docker("exec", container, "sh", "-c", command)
        return done.stdout.decode()

    version = output("ssh -V 2>&1").partition(",")[0]
    number = re.match(r"OpenSSH_(\d+\.\d+)", version)
    assert number is not None, version
    lines = output("cat $(sed -n 's/^HostKey \\(.*\\)/\\1.pub/p' /etc/ssh/peer_config)")
    peer = Peer(
        name=f"openssh-{number[1]}",
        version=version,
        port=port,
        host_keys={line.split()[0]: line for line in lines.splitlines()},
        algorithms=Algorithms(*(tuple(output(f"ssh -Q {query}").split()) for query in _QUERIES)),
        keys=keys,
        known_hosts=keys.folder / "known_hosts",
        container=container,
    )
    return _known(peer)


def _known(peer: Peer) -> Peer:
    path = peer.keys.folder / f"known_hosts-{peer.name}-{peer.port}"
    lines = (f"[127.0.0.1]:{peer.port} {line}\n" for line in peer.host_keys.values())
    path.write_text("".join(lines))
    return attrs.evolve(peer, known_hosts=path)


def _run_in_image(image: str, command: str, folder: Path) -> None:
    mount = f"--volume={folder}:{folder}"
    engine.docker("run", "--rm", "--network=none", mount, "--entrypoint=sh", image, "-c", command)


# ------------------------------------------------------------------ by hand

_HAND: Final = "hand"


def _hand_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"ssh-stack-peers-{os.getuid()}"


def _up() -> None:
    _down()
    folder = _hand_folder()
    folder.mkdir(mode=0o700)
    peers = start_peers(folder / "keys", owner=_HAND)
    description = {
        "user": USER,
        "password": PASSWORD,
        "two_factor_user": TWO_FACTOR_USER,
        "keys": {kind: str(path) for kind, path in peers["sid"].keys.private.items()},
        "peers": [
            {
                "name": peer.name,
                "version": peer.version,
                "host": "127.0.0.1",
                "port": peer.port,
                "known_hosts": str(peer.known_hosts),
                "container": peer.container[:12],
            }
            for peer in peers.values()
        ],
    }
    (folder / "peers.json").write_text(json.dumps(description, indent=2) + "\n")
    _status()


def _status() -> None:
    if _HAND not in engine.owned_containers().values():
        sys.exit("no peers are up")
    sys.stdout.write((_hand_folder() / "peers.json").read_text())


def _down() -> None:
    owned = engine.owned_containers()
    engine.remove([container for container, owner in owned.items() if owner == _HAND])
    shutil.rmtree(_hand_folder(), ignore_errors=True)


def main(argv: Sequence[str]) -> None:
    """Start, show or stop the four peers by hand."""
    commands = {"up": _up, "status": _status, "down": _down}
    if len(argv) != 1 or argv[0] not in commands:
        sys.exit("usage: python -m tests.interop.peers up|status|down")
    if reason := engine.unavailable():
        sys.exit(f"no container engine: {reason}")
    commands[argv[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
