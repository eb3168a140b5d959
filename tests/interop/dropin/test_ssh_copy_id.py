"""OpenSSH's script ssh-copy-id, which finds our client under the name ssh in PATH."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.dropin.rig import OURS, Place, Rig, need
from tests.interop.peers import PASSWORD, Peer


@contextmanager
def password_rig(peer: Peer, folder: Path) -> Generator[Rig]:
    """A rig that logs in at a peer by password; leaving the block removes what it installed."""
    place = Place.of(peer)
    rig = Rig.build(OURS, folder / "rig", {"target": place})
    rig.config.write_text(place.block("target").replace(str(place.key), "none"))
    (rig.folder / ".ssh").mkdir(mode=0o700)  # for the script's own files
    try:
        yield rig
    finally:
        peer.run_client(["rm", "-rf", "/home/tester/.ssh"])


def copy_id(rig: Rig) -> subprocess.CompletedProcess[bytes]:
    askpass = rig.folder / "askpass"
    askpass.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    askpass.chmod(0o755)
    search = f"{rig.program.parent}{os.pathsep}{os.environ['PATH']}"
    asking = {"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"}
    return rig.attempt("ssh-copy-id", "-i", "key.pub", "target", env={"PATH": search, **asking})


def test_ssh_copy_id_installs_key_that_is_rejected_before(
    peers: dict[str, Peer], tmp_path: Path
) -> None:
    need("ssh-copy-id", "ssh-keygen")
    with password_rig(peers["trixie"], tmp_path) as rig:
        key = rig.folder / "key"
        generate = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(generate, check=True, timeout=30)
        login = [*rig.words, "-o", "BatchMode=yes", "-i", str(key)]
        login += ["target", "cat .ssh/authorized_keys"]
        assert rig.attempt(*login).returncode == 255

        installed = copy_id(rig)

        assert installed.returncode == 0, installed
        assert b"Number of key(s) added: 1" in installed.stdout
        assert rig.attempt(*login).stdout == key.with_suffix(".pub").read_bytes()
        assert b"they already exist on the remote system" in copy_id(rig).stderr
