"""`ssh-stack keygen -Y` beside ssh-keygen."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from keygen_programs import SECONDS, KeygenPrograms

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli

MESSAGE = "what is signed\n" * 10_000


@pytest.fixture
def keygen(cli: Cli, tmp_path: Path) -> KeygenPrograms:
    (tmp_path / "work").mkdir()
    keygen = KeygenPrograms(tmp_path / "work", cli)
    for name, words in {"key": ["-t", "ed25519"], "rsa": ["-t", "rsa", "-b", "2048"]}.items():
        keygen.make(name, *words, "-C", name)
    keygen.path("message").write_text(MESSAGE)
    keygen.path("signers").write_text(
        f"alice,al* {keygen.path('key.pub').read_text()}"
        f'bob namespaces="git" {keygen.path("rsa.pub").read_text()}'
    )
    return keygen


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
@pytest.mark.parametrize("name", ["key", "rsa"])
def test_signature_verifies_with_ssh_keygen_and_reverse(
    keygen: KeygenPrograms, name: str, hash_name: str
) -> None:
    namespace, user = ("file", "alice") if name == "key" else ("git", "bob")
    sign = ["-Y", "sign", "-f", name, "-n", namespace, "-O", f"hashalg={hash_name}"]
    verify = ["-Y", "verify", "-f", "signers", "-I", user, "-n", namespace, "-s", "message.sig"]
    for run in (keygen.ours, keygen.theirs):
        keygen.path("message.sig").unlink(missing_ok=True)
        assert run(*sign, "message").returncode == 0

        printed = keygen.same(*verify, given=MESSAGE)
        assert printed.startswith(f'Good "{namespace}" signature for {user} with ')
        keygen.same("-Y", "check-novalidate", "-n", namespace, "-s", "message.sig", given=MESSAGE)
        keygen.same("-Y", "find-principals", "-f", "signers", "-s", "message.sig")
        keygen.same(*verify, given="something else")


def test_standard_input_is_signed_to_standard_output(keygen: KeygenPrograms) -> None:
    words = ["-q", "-Y", "sign", "-f", "key", "-n", "file"]

    # Ed25519 signs without randomness
    assert keygen.same(*words, given=MESSAGE).startswith("-----BEGIN SSH SIGNATURE-----\n")


def test_private_half_is_found_beside_public_key_file(keygen: KeygenPrograms) -> None:
    assert keygen.ours("-Y", "sign", "-f", "key.pub", "-n", "file", "message").returncode == 0
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]
    keygen.same(*verify, given=MESSAGE)


def test_agent_signs_when_private_key_file_is_missing(
    keygen: KeygenPrograms, tmp_path: Path
) -> None:
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            env = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
            add = ["ssh-add", "-q", str(keygen.path("key"))]
            while not socket.exists():
                assert agent.poll() is None
            subprocess.run(add, env=env, check=True, timeout=SECONDS)
            keygen.path("key").unlink()

            done = keygen.cli.run(
                *("keygen", "-Y", "sign", "-f", "key.pub", "-n", "file", "message"),
                cwd=keygen.folder,
                env={"SSH_AUTH_SOCK": str(socket)},
            )
        finally:
            agent.terminate()

    assert done.returncode == 0, done.stderr
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]
    keygen.same(*verify, given=MESSAGE)


def test_principals_match_as_with_ssh_keygen(keygen: KeygenPrograms) -> None:
    match = ["-Y", "match-principals", "-f", "signers", "-I"]
    for user in ("alice", "albert", "bob"):
        keygen.same(*match, user)

    # the status of ssh-keygen is the number of an error inside it
    for run in (keygen.ours, keygen.theirs):
        done = run(*match, "carol")
        assert done.stdout == ""
        assert done.returncode != 0


def test_signature_by_revoked_key_is_refused(keygen: KeygenPrograms) -> None:
    assert keygen.ours("-Y", "sign", "-f", "key", "-n", "file", "message").returncode == 0
    assert keygen.ours("-k", "-f", "krl", "key.pub").returncode == 0
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]

    keygen.same(*verify, "-r", "krl", given=MESSAGE)

    assert "revoked" in keygen.ours(*verify, "-r", "krl", given=MESSAGE).stderr


def test_verification_time_decides_validity_of_signer(keygen: KeygenPrograms) -> None:
    text = (
        keygen.path("signers")
        .read_text()
        .replace("alice,al* ", 'alice,al* valid-after="20300101Z",valid-before="20310101Z" ')
    )
    keygen.path("signers").write_text(text)
    assert keygen.ours("-Y", "sign", "-f", "key", "-n", "file", "message").returncode == 0
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]

    for when in ("20291231Z", "20300601Z", "20310601Z"):
        keygen.same(*verify, "-O", f"verify-time={when}", given=MESSAGE)


def test_existing_signature_file_is_kept_without_confirmation(keygen: KeygenPrograms) -> None:
    keygen.path("message.sig").write_text("precious")
    done = keygen.ours("-Y", "sign", "-f", "key", "-n", "file", "message", given="n\n")
    assert done.returncode == 1
    assert keygen.path("message.sig").read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (["-Y", "sing", "-f", "key"], 1, "-Y takes one of"),
        (["-Y", "sign", "-f", "key", "message"], 1, "-n is missing"),
        (
            ["-Y", "sign", "-n", "file", "-f", "key", "-O", "hashalg=md5", "message"],
            255,
            "no hash",
        ),
        (["-Y", "sign", "-n", "file", "-f", "key", "nothing"], 255, "nothing: No such file"),
        (["-Y", "check-novalidate", "-n", "file", "-s", "message"], 255, "not an SSH signature"),
        (["-Y", "match-principals", "-f", "signers", "-I", "x"], 255, "no principal matched"),
    ],
)
def test_invalid_signature_request_is_refused_in_one_line(
    keygen: KeygenPrograms, words: list[str], status: int, reason: str
) -> None:
    done = keygen.ours(*words)

    assert done.returncode == status
    assert reason in done.stderr
    assert not keygen.path("nothing.sig").exists()
    assert os.listdir(keygen.folder).count("message.sig") == 0  # noqa: PTH208 (a list of names)
