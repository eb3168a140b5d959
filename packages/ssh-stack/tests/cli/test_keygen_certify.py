"""`ssh-stack keygen -s` and `-L` beside ssh-keygen."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from keygen_programs import KeygenPrograms

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli

INTERVAL = "20300101Z:20310101Z"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def keygen(cli: Cli, keys: Path) -> KeygenPrograms:
    keygen = KeygenPrograms(keys, cli)
    for name, words in {
        "ca": ["-t", "ed25519", "-C", "CA"],
        "rsa-ca": ["-t", "rsa", "-b", "2048", "-C", "CA"],
        "user": ["-t", "ecdsa", "-C", "a user"],
        "other": ["-t", "rsa", "-b", "2048", "-C", "other"],
    }.items():
        if not keygen.path(name).exists():
            keygen.make(name, *words)
    return keygen


@pytest.mark.parametrize(
    "words",
    [
        ["-n", "alice"],
        ["-n", "alice,bob", "-V", INTERVAL, "-z", "7"],
        ["-n", "alice", "-O", "clear"],
        ["-n", "alice", "-O", "no-pty", "-O", "no-x11-forwarding"],
        ["-n", "alice", "-O", "clear", "-O", "permit-pty", "-O", "no-touch-required"],
        ["-n", "alice", "-O", "force-command=/bin/echo a b", "-O", "source-address=10.0.0.0/8"],
        ["-n", "alice", "-O", "verify-required", "-O", "critical:who@where=x"],
        ["-n", "alice", "-O", "extension:a@b", "-O", "extension:c@d=value"],
        ["-h", "-n", "host.example,*.example", "-V", "always:20310101Z"],
    ],
    ids=" ".join,
)
def test_certificate_equals_that_of_ssh_keygen(keygen: KeygenPrograms, words: list[str]) -> None:
    ca = "rsa-ca" if "clear" in words else "ca"
    certificate = keygen.path("user-cert.pub")
    certificate.unlink(missing_ok=True)
    theirs = keygen.theirs("-s", ca, "-I", "an identity", *words, "user.pub")
    assert theirs.returncode == 0, theirs.stderr
    expected = keygen.same("-L", "-f", "user-cert.pub")
    line = keygen.same("-l", "-f", "user-cert.pub")
    certificate.unlink()

    ours = keygen.ours("-s", ca, "-I", "an identity", *words, "user.pub")

    assert ours.returncode == 0, ours.stderr
    assert ours.stderr == theirs.stderr
    assert keygen.same("-L", "-f", "user-cert.pub") == expected
    assert keygen.same("-l", "-f", "user-cert.pub") == line


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], "no user"),
        (["-h"], "no host"),
        (["-z", "5", "-V", INTERVAL, "-O", "clear"], "no user"),
    ],
)
def test_certificate_without_principals_is_issued_with_a_warning(
    keygen: KeygenPrograms, words: list[str], names: str
) -> None:
    theirs = keygen.theirs("-s", "ca", "-I", "id", *words, "user.pub")
    expected = keygen.same("-L", "-f", "user-cert.pub")

    ours = keygen.ours("-s", "ca", "-I", "id", *words, "user.pub")

    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout) == (0, "")
    assert keygen.same("-L", "-f", "user-cert.pub") == expected
    assert "Principals: (none)" in expected
    description, warning = ours.stderr.splitlines()
    *warnings, theirs_last = theirs.stderr.splitlines()  # from 10.3 on it warns, too
    assert description == theirs_last
    assert all(each.startswith("Warning: ") for each in warnings)
    assert warning.startswith(f"ssh-stack: no -n: the certificate names {names}. ")


@pytest.mark.parametrize("word", ["bare.pub", "./bare.pub"])
def test_certificate_of_key_without_comment_has_name_of_its_file(
    keygen: KeygenPrograms, word: str
) -> None:
    if not keygen.path("bare").exists():
        keygen.make("bare", "-t", "ed25519", "-C", "")
    comments: list[str] = []
    for run in (keygen.theirs, keygen.ours):
        assert run("-s", "ca", "-I", "id", "-n", "a", word).returncode == 0
        comments.append(keygen.path("bare-cert.pub").read_text().split(maxsplit=2)[2])

    assert comments == [f"{word}\n"] * 2


@pytest.mark.parametrize("names", ["", ",", "a,", "a,,b"])
def test_empty_principal_is_refused_and_no_certificate_is_written(
    keygen: KeygenPrograms, names: str
) -> None:
    certificate = keygen.path("user-cert.pub")
    certificate.unlink(missing_ok=True)

    keygen.same("-s", "ca", "-I", "id", "-n", names, "user.pub")

    assert not certificate.exists()


def test_certificate_without_principals_is_issued_quietly_with_q(keygen: KeygenPrograms) -> None:
    done = keygen.ours("-q", "-s", "ca", "-I", "id", "user.pub")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_serial_with_plus_counts_up_for_several_keys(keygen: KeygenPrograms) -> None:
    words = ["-s", "ca", "-I", "id", "-n", "a", "-z", "+5", "user.pub", "other.pub"]

    assert keygen.ours(*words).returncode == 0

    for name, serial in (("user", 5), ("other", 6)):
        assert f"Serial: {serial}\n" in keygen.same("-L", "-f", f"{name}-cert.pub")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-n", "a", "user.pub"], "-I is missing"),
        (["-I", "id", "-n", "", "user.pub"], "-n has an empty principal name"),
        (["-I", "id", "-n", "a,,b", "user.pub"], "-n has an empty principal name"),
        (["-I", "id", "-n", "a"], "name the keys"),
        (["-I", "id", "-n", "a", "-O", "permit-everything", "user.pub"], "no option"),
        (["-I", "id", "-n", "a", "-V", "+1x", "user.pub"], "is not a time"),
        (["-I", "id", "-n", "a", "-z", "x", "user.pub"], "-z takes a number"),
        (["-I", "id", "-n", "a", "nothing.pub"], "nothing.pub: No such file"),
    ],
)
def test_invalid_certificate_request_is_refused_in_one_line(
    keygen: KeygenPrograms, words: list[str], reason: str
) -> None:
    done = keygen.ours("-s", "ca", *words)

    assert done.returncode == 255
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_certificate_is_refused_in_place_of_key(keygen: KeygenPrograms) -> None:
    assert keygen.ours("-s", "ca", "-I", "id", "-n", "a", "user.pub").returncode == 0

    done = keygen.ours("-s", "ca", "-I", "id", "-n", "a", "user-cert.pub")

    assert done.returncode == 255
    assert "holds a certificate" in done.stderr


def test_key_is_reported_as_not_certificate(keygen: KeygenPrograms) -> None:
    done = keygen.ours("-L", "-f", "user.pub")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ssh-stack: user.pub:1 is not a certificate\n"


def test_authority_in_the_agent_signs(keygen: KeygenPrograms, tmp_path: Path) -> None:
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            env = {"SSH_AUTH_SOCK": str(socket)}
            while not socket.exists():
                assert agent.poll() is None
            add = ["ssh-add", "-q", str(keygen.path("ca"))]
            subprocess.run(add, env={**os.environ, **env}, check=True, timeout=60)
            keygen.env = env
            words = ("-U", "-s", "ca.pub", "-I", "id", "-n", "a", "user.pub")
            done = keygen.ours(*words)
        finally:
            agent.terminate()
    assert done.returncode == 0, done.stderr
    authority = keygen.same("-l", "-f", "ca.pub").split()[1]
    assert f"Signing CA: ED25519 {authority}" in keygen.same("-L", "-f", "user-cert.pub")


@pytest.mark.parametrize("value", ["x", "10.0.0.1/8", "10.0.0.0/8,", ""])
def test_source_address_that_is_not_one_is_refused(keygen: KeygenPrograms, value: str) -> None:
    words = ("-s", "ca", "-I", "id", "-n", "a", "-O", f"source-address={value}", "user.pub")
    done = keygen.ours(*words)
    assert done.returncode == 255
    assert "-O source-address has" in done.stderr
