"""The peers themselves, shown with OpenSSH's own programs and none of ours."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.interop.loopback import client_options
from tests.interop.peers import PASSWORD, SUITES, TWO_FACTOR_USER, USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.local import LocalSshd
    from tests.interop.peers import Completed, Peer

_NEEDED_KEX = {
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
}
_NEEDED_CIPHERS = {
    *("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"),
    *("aes128-ctr", "aes192-ctr", "aes256-ctr"),
}
_POST_QUANTUM = {
    "bullseye": set[str](),
    "bookworm": {"sntrup761x25519-sha512"},
    "trixie": {"sntrup761x25519-sha512", "mlkem768x25519-sha256"},
    "sid": {"sntrup761x25519-sha512", "mlkem768x25519-sha256", "mlkem768nistp256-sha256"},
}


def ssh(peer: Peer, command: str, *options: str, key: str = "ed25519") -> Completed:
    """Run a command on the peer's server with the peer's own client."""
    argv = ["ssh", *client_options(peer.port, peer.known_hosts, peer.keys.private[key])]
    return peer.run_client([*argv, *options, f"{USER}@127.0.0.1", command], timeout=30)


def askpass(peer: Peer) -> list[str]:
    """The environment in which a peer's ssh answers every prompt with the password."""
    script = peer.keys.folder / "askpass"
    script.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    script.chmod(0o755)
    return ["env", f"SSH_ASKPASS={script}", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0", "setsid"]


def with_password(peer: Peer, user: str, *options: str) -> Completed:
    """Log in through the peer's ssh with the password and whatever the options allow."""
    argv = [*askpass(peer), "ssh", *client_options(peer.port, peer.known_hosts), *options]
    return peer.run_client([*argv, f"{user}@127.0.0.1", "id -un"], timeout=30)


def test_every_suite_has_its_version(peers: dict[str, Peer]) -> None:
    assert list(peers) == list(SUITES)
    for suite, peer in peers.items():
        assert _number(peer.name) >= _number(SUITES[suite])


def test_old_suites_keep_their_version(peers: dict[str, Peer]) -> None:
    stable = [suite for suite in SUITES if suite != "sid"]
    assert [peers[suite].name for suite in stable] == [SUITES[suite] for suite in stable]


def test_algorithms_of_this_project_are_known(peers: dict[str, Peer]) -> None:
    for suite, peer in peers.items():
        assert set(peer.algorithms.kex) >= _NEEDED_KEX | _POST_QUANTUM[suite]
        assert set(peer.algorithms.ciphers) >= _NEEDED_CIPHERS
    assert "ssh-mldsa44-ed25519" in peers["sid"].host_keys


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_publickey(peer: Peer, kind: str) -> None:
    done = ssh(peer, "id -un; echo to stderr >&2; exit 7", key=kind)

    assert (done.returncode, done.stdout) == (7, b"tester\n")
    assert b"to stderr" in done.stderr


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_password(peer: Peer, method: str) -> None:
    done = with_password(peer, USER, "-o", f"PreferredAuthentications={method}")

    assert done.stdout == b"tester\n", done.stderr


def test_two_factors(peer: Peer) -> None:
    key = ["-i", str(peer.keys.private["ed25519"])]

    assert with_password(peer, TWO_FACTOR_USER).returncode == 255
    done = with_password(peer, TWO_FACTOR_USER, *key)
    assert done.stdout == b"twofactor\n", done.stderr


def test_host_keys_are_served(peer: Peer) -> None:
    served = {
        "rsa-sha2-512" if algorithm == "ssh-rsa" else algorithm for algorithm in peer.host_keys
    }
    for algorithm in served:
        done = ssh(peer, "true", "-o", f"HostKeyAlgorithms={algorithm}")
        assert done.returncode == 0, done.stderr


def test_every_cipher_mac_and_kex_is_switched_on(peer: Peer) -> None:
    """One connection each: what the client of a version has, its server takes."""
    ciphers = [["-c", cipher] for cipher in peer.algorithms.ciphers]
    macs = [["-c", "aes128-ctr", "-m", mac] for mac in peer.algorithms.macs]
    exchanges = [["-o", f"KexAlgorithms={kex}"] for kex in peer.algorithms.kex]
    refused = [
        options
        for options in ciphers + macs + exchanges
        if ssh(peer, "true", *options).returncode != 0
    ]
    assert refused == []


def test_sftp(peer: Peer) -> None:
    options = client_options(peer.port, peer.known_hosts, peer.keys.private["ed25519"])
    batch = b"cd /srv/data\nmkdir made\nrmdir made\n"
    done = peer.run_client(["sftp", *options, "-b", "-", f"{USER}@127.0.0.1"], stdin=batch)

    assert done.returncode == 0, done.stderr


def test_second_sshd_has_its_own_options(peer: Peer) -> None:
    with peer.sshd(["PubkeyAuthentication=no", "MaxAuthTries=2"]) as other:
        assert ssh(other, "true", "-o", "BatchMode=yes").returncode == 255
        assert ssh(peer, "true").returncode == 0
        assert peer.has_sshd(other.port)
    assert not peer.has_sshd(other.port)


def test_killed_session(peer: Peer) -> None:
    options = client_options(peer.port, peer.known_hosts, peer.keys.private["ed25519"])
    argv = ["ssh", *options, f"{USER}@127.0.0.1"]
    with peer.start_client([*argv, "echo up; sleep 60"]) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"up\n"
        peer.kill_sessions()
        assert client.wait(timeout=10) == 255


def test_client_that_hangs_is_ended(peer: Peer) -> None:
    assert peer.run_client(["sleep", "60"], timeout=1).returncode == 124


def test_local_sshd(local_sshd: LocalSshd, tmp_path: Path) -> None:
    options = client_options(local_sshd.port, local_sshd.known_hosts, local_sshd.key)
    argv = ["ssh", *options, f"{local_sshd.user}@127.0.0.1"]
    command = f"echo here >{tmp_path}/there"
    done = subprocess.run([*argv, command], timeout=30, check=False, stdin=subprocess.DEVNULL)

    assert done.returncode == 0, local_sshd.log()
    assert (tmp_path / "there").read_text() == "here\n"


def _number(name: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", name)))
