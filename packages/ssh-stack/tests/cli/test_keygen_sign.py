"""`ssh-stack keygen -Y` beside ssh-keygen."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from keygen_here import SECONDS, Bench

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli

MESSAGE = "what is signed\n" * 10_000


@pytest.fixture
def bench(cli: Cli, tmp_path: Path) -> Bench:
    (tmp_path / "work").mkdir()
    bench = Bench(tmp_path / "work", cli)
    for name, words in {"key": ["-t", "ed25519"], "rsa": ["-t", "rsa", "-b", "2048"]}.items():
        bench.make(name, *words, "-C", name)
    bench.path("message").write_text(MESSAGE)
    bench.path("signers").write_text(
        f"alice,al* {bench.path('key.pub').read_text()}"
        f'bob namespaces="git" {bench.path("rsa.pub").read_text()}'
    )
    return bench


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
@pytest.mark.parametrize("name", ["key", "rsa"])
def test_signature_verifies_with_ssh_keygen_and_reverse(
    bench: Bench, name: str, hash_name: str
) -> None:
    namespace, user = ("file", "alice") if name == "key" else ("git", "bob")
    sign = ["-Y", "sign", "-f", name, "-n", namespace, "-O", f"hashalg={hash_name}"]
    verify = ["-Y", "verify", "-f", "signers", "-I", user, "-n", namespace, "-s", "message.sig"]
    for run in (bench.ours, bench.theirs):
        bench.path("message.sig").unlink(missing_ok=True)
        assert run(*sign, "message").returncode == 0

        printed = bench.same(*verify, given=MESSAGE)
        assert printed.startswith(f'Good "{namespace}" signature for {user} with ')
        bench.same("-Y", "check-novalidate", "-n", namespace, "-s", "message.sig", given=MESSAGE)
        bench.same("-Y", "find-principals", "-f", "signers", "-s", "message.sig")
        bench.same(*verify, given="something else")


def test_standard_input_is_signed_to_standard_output(bench: Bench) -> None:
    words = ["-q", "-Y", "sign", "-f", "key", "-n", "file"]

    # Ed25519 signs without randomness
    assert bench.same(*words, given=MESSAGE).startswith("-----BEGIN SSH SIGNATURE-----\n")


def test_private_half_is_found_beside_public_key_file(bench: Bench) -> None:
    assert bench.ours("-Y", "sign", "-f", "key.pub", "-n", "file", "message").returncode == 0
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]
    bench.same(*verify, given=MESSAGE)


def test_agent_signs_when_private_key_file_is_missing(bench: Bench, tmp_path: Path) -> None:
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            env = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
            add = ["ssh-add", "-q", str(bench.path("key"))]
            while not socket.exists():
                assert agent.poll() is None
            subprocess.run(add, env=env, check=True, timeout=SECONDS)
            bench.path("key").unlink()

            done = bench.cli.run(
                *("keygen", "-Y", "sign", "-f", "key.pub", "-n", "file", "message"),
                cwd=bench.folder,
                env={"SSH_AUTH_SOCK": str(socket)},
            )
        finally:
            agent.terminate()

    assert done.returncode == 0, done.stderr
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]
    bench.same(*verify, given=MESSAGE)


def test_principals_match_as_with_ssh_keygen(bench: Bench) -> None:
    match = ["-Y", "match-principals", "-f", "signers", "-I"]
    for user in ("alice", "albert", "bob"):
        bench.same(*match, user)

    # the status of ssh-keygen is the number of an error inside it
    for run in (bench.ours, bench.theirs):
        done = run(*match, "carol")
        assert done.stdout == ""
        assert done.returncode != 0


def test_signature_by_revoked_key_is_refused(bench: Bench) -> None:
    assert bench.ours("-Y", "sign", "-f", "key", "-n", "file", "message").returncode == 0
    assert bench.ours("-k", "-f", "krl", "key.pub").returncode == 0
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]

    bench.same(*verify, "-r", "krl", given=MESSAGE)

    assert "revoked" in bench.ours(*verify, "-r", "krl", given=MESSAGE).stderr


def test_verification_time_decides_validity_of_signer(bench: Bench) -> None:
    text = (
        bench.path("signers")
        .read_text()
        .replace("alice,al* ", 'alice,al* valid-after="20300101Z",valid-before="20310101Z" ')
    )
    bench.path("signers").write_text(text)
    assert bench.ours("-Y", "sign", "-f", "key", "-n", "file", "message").returncode == 0
    verify = ["-Y", "verify", "-f", "signers", "-I", "alice", "-n", "file", "-s", "message.sig"]

    for when in ("20291231Z", "20300601Z", "20310601Z"):
        bench.same(*verify, "-O", f"verify-time={when}", given=MESSAGE)


def test_existing_signature_file_is_kept_without_confirmation(bench: Bench) -> None:
    bench.path("message.sig").write_text("precious")
    done = bench.ours("-Y", "sign", "-f", "key", "-n", "file", "message", given="n\n")
    assert done.returncode == 1
    assert bench.path("message.sig").read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-Y", "sing", "-f", "key"], "-Y takes one of"),
        (["-Y", "sign", "-f", "key", "message"], "-n is missing"),
        (["-Y", "sign", "-n", "file", "-f", "key", "-O", "hashalg=md5", "message"], "no hash"),
        (["-Y", "sign", "-n", "file", "-f", "key", "nothing"], "nothing: No such file"),
        (["-Y", "check-novalidate", "-n", "file", "-s", "message"], "not an SSH signature"),
        (["-Y", "match-principals", "-f", "signers", "-I", "x"], "no principal matched"),
    ],
)
def test_invalid_signature_request_is_refused_in_one_line(
    bench: Bench, words: list[str], reason: str
) -> None:
    done = bench.ours(*words)

    assert done.returncode == 255
    assert reason in done.stderr
    assert not bench.path("nothing.sig").exists()
    assert os.listdir(bench.folder).count("message.sig") == 0  # noqa: PTH208 (a list of names)
