"""`ssh-stack keygen` beside ssh-keygen: fingerprints, formats, records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keygen_programs import KeygenPrograms
from ssh_keys import KeyFormatError, load_private_key

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli

KINDS = {
    "ed25519": ["-t", "ed25519", "-C", "me@here"],
    "ecdsa": ["-t", "ecdsa", "-b", "384", "-C", "curve"],
    "rsa": ["-t", "rsa", "-b", "2048", "-C", "two words"],
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def keygen(cli: Cli, keys: Path) -> KeygenPrograms:
    keygen = KeygenPrograms(keys, cli)
    for name, words in KINDS.items():
        if not keygen.path(name).exists():
            keygen.make(name, *words)
    return keygen


@pytest.mark.parametrize("name", KINDS)
def test_fingerprints_equal_those_of_ssh_keygen(keygen: KeygenPrograms, name: str) -> None:
    for words in (["-l"], ["-lv"], ["-l", "-E", "md5"], ["-lv", "-E", "md5"], ["-B"]):
        keygen.same(*words, "-f", f"{name}.pub")
    keygen.same("-l", "-f", name)
    assert keygen.ours("-l", "-E", "sha3", "-f", name).returncode == 255


def test_fingerprints_of_every_line_of_file_are_printed(keygen: KeygenPrograms) -> None:
    one, two = (keygen.path(f"{name}.pub").read_text() for name in ("ed25519", "rsa"))
    lines = ["# a comment", "", one.rsplit(" ", 1)[0], f'command="a b",no-pty {two}', "no key"]
    keygen.path("lines").write_text("\n".join([*lines, f"host1,host2 {one}"]))

    printed = keygen.same("-l", "-f", "lines")

    assert printed.count("\n") == 3
    assert "no comment" in printed


def test_fingerprint_of_key_on_standard_input_is_printed(keygen: KeygenPrograms) -> None:
    keygen.same("-l", "-f", "-", given=keygen.path("ed25519.pub").read_text())


@pytest.mark.parametrize("name", KINDS)
def test_public_half_equals_that_of_ssh_keygen(keygen: KeygenPrograms, name: str) -> None:
    assert keygen.same("-y", "-f", name) == keygen.path(f"{name}.pub").read_text()


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("rsa", "RFC4716"),
        ("rsa", "PKCS8"),
        ("rsa", "PEM"),
        ("ecdsa", "RFC4716"),
        ("ecdsa", "PKCS8"),
        ("ed25519", "RFC4716"),
    ],
)
def test_exported_key_is_imported_again_unchanged(
    keygen: KeygenPrograms, name: str, form: str
) -> None:
    text = keygen.same("-e", "-m", form, "-f", f"{name}.pub")
    keygen.path("exported").write_text(text)

    theirs = keygen.theirs("-i", "-m", form, "-f", "exported").stdout.split()
    ours = keygen.ours("-i", "-m", form, "-f", "exported").stdout.split()

    # what RFC 4716 keeps of the comment is kept here too
    assert ours[:2] == theirs == keygen.path(f"{name}.pub").read_text().split()[:2]


def test_private_key_in_pkcs8_is_imported(keygen: KeygenPrograms) -> None:
    keygen.path("rsa8").write_bytes(keygen.path("rsa").read_bytes())
    keygen.path("rsa8").chmod(0o600)
    assert keygen.theirs("-p", "-m", "PKCS8", "-N", "", "-f", "rsa8").returncode == 0

    imported = keygen.ours("-i", "-f", "rsa8").stdout

    keygen.path("imported").write_text(imported)
    keygen.path("imported").chmod(0o600)
    assert (
        keygen.theirs("-y", "-f", "imported").stdout.split()[:2]
        == (keygen.path("rsa.pub").read_text().split()[:2])
    )


@pytest.mark.parametrize("name", KINDS)
def test_sshfp_records_equal_those_of_ssh_keygen(keygen: KeygenPrograms, name: str) -> None:
    keygen.same("-r", "host.example", "-f", f"{name}.pub")
    keygen.same("-r", "host.example", "-g", "-f", f"{name}.pub")
    printed = keygen.ours("-r", "h", "-O", "hashalg=sha256", "-f", f"{name}.pub").stdout
    assert printed.split()[4] == "2"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-l", "-f", "nothing"], "nothing: No such file or directory"),
        (["-l", "-f", "/etc/passwd"], "not a public key file"),
        (["-y", "-f", "ed25519.pub"], "private key"),
        (["-e", "-m", "XML", "-f", "ed25519.pub"], "no format"),
        (["-r", "h", "-O", "hashalg=md5", "-f", "ed25519.pub"], "no hash"),
        (["-l"], "name one file"),
    ],
)
def test_unreadable_key_is_reported_in_one_line(
    keygen: KeygenPrograms, words: list[str], reason: str
) -> None:
    done = keygen.ours(*words)

    assert (done.returncode, done.stdout) == (255, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["-y"], ["-e"], ["-i"], ["-p", "-N", "", "-P", ""]])
def test_file_without_key_is_named(keygen: KeygenPrograms, words: list[str]) -> None:
    keygen.path("junk").write_text("garbage\n")
    keygen.path("junk").chmod(0o600)
    done = keygen.ours(*words, "-f", "junk")
    assert done.returncode == 255
    assert done.stderr.startswith("ssh-stack: junk: ")


def test_public_key_in_place_of_private_one_needs_no_chmod(keygen: KeygenPrograms) -> None:
    keygen.path("rsa.pub").chmod(0o644)
    done = keygen.ours("-y", "-f", "rsa.pub")
    assert done.returncode == 255
    assert "rsa.pub holds a public key; name the file of the private key" in done.stderr
    assert "Is a directory" in keygen.ours("-y", "-f", str(keygen.folder)).stderr


# ------------------------------------------------------------- short RSA keys


@pytest.fixture(scope="module")
def short_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 (keys as they were once)


@pytest.fixture
def short(keygen: KeygenPrograms, short_key: rsa.RSAPrivateKey) -> KeygenPrograms:
    """A keygen with an RSA key of 1,024 bits, its public key and its certificate."""
    if not keygen.path("short-cert.pub").exists():
        form = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        for name in ("short", "alone", "new"):
            keygen.path(name).write_bytes(short_key.private_bytes(*form))
            keygen.path(name).chmod(0o600)
        assert keygen.theirs("-p", "-N", "", "-f", "new").returncode == 0
        public = keygen.theirs("-y", "-f", "alone").stdout.strip()
        keygen.path("short.pub").write_text(f"{public} a comment\n")
        assert keygen.theirs("-s", "ed25519", "-I", "i", "-n", "n", "short.pub").returncode == 0
    return keygen


@pytest.mark.parametrize("file", ["short", "short.pub", "short-cert.pub", "alone"])
@pytest.mark.parametrize(
    "words",
    [
        *(["-l"], ["-lv"], ["-l", "-E", "md5"], ["-B"], ["-y"], ["-L"]),
        *(["-e"], ["-e", "-m", "PEM"], ["-e", "-m", "PKCS8"]),
    ],
    ids=" ".join,
)
def test_rsa_key_of_1024_bits_is_printed_as_by_ssh_keygen(
    short: KeygenPrograms, words: list[str], file: str
) -> None:
    short.same(*words, "-f", file)


@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
@pytest.mark.parametrize("name", ["short", "rsa"])
def test_exported_rsa_key_is_imported_as_by_ssh_keygen(
    short: KeygenPrograms, name: str, form: str
) -> None:
    exported = short.same("-e", "-m", form, "-f", f"{name}.pub")
    short.path("exported").write_text(exported)

    assert short.same("-i", "-m", form, "-f", "exported")


def test_rsa_key_of_1024_bits_is_read_in_the_format_of_openssh(short: KeygenPrograms) -> None:
    assert short.same("-y", "-f", "new") == short.same("-y", "-f", "alone")


def test_rsa_key_of_1024_bits_is_certified_and_its_passphrase_changed(
    short: KeygenPrograms,
) -> None:
    short.path("own.pub").write_text(short.path("short.pub").read_text())
    short.path("own").write_bytes(short.path("alone").read_bytes())
    short.path("own").chmod(0o600)

    assert short.ours("-s", "ed25519", "-I", "i", "-n", "n", "own.pub").returncode == 0
    assert short.ours("-p", "-N", "words", "-f", "own").returncode == 0

    assert "RSA-CERT" in short.same("-L", "-f", "own-cert.pub")
    assert short.theirs("-y", "-P", "words", "-f", "own").returncode == 0


def test_rsa_key_of_1024_bits_is_not_used_by_default(short: KeygenPrograms) -> None:
    with pytest.raises(KeyFormatError, match="1024 bits"):
        load_private_key(short.path("alone").read_bytes())


def test_public_key_beside_without_comment_gives_its_name(keygen: KeygenPrograms) -> None:
    key = keygen.make("bare", "-t", "ed25519", "-C", "")

    assert key.with_suffix(".pub").name in keygen.same("-l", "-f", "bare")


def test_json_of_fingerprints_has_what_the_lines_have(
    keygen: KeygenPrograms, cli: Cli, keys: Path
) -> None:
    assert keygen.path("rsa").exists()
    both = keys / "both.pub"
    both.write_text("".join((keys / f"{name}.pub").read_text() for name in KINDS))
    lines = cli.run("keygen", "-l", "-f", str(both)).stdout.decode().splitlines()
    found = json.loads(cli.run("keygen", "-l", "--json", "-f", str(both)).stdout)
    assert [
        f"{each['bits']} {each['fingerprint']} {each['comment']} ({each['type']})"
        for each in found
    ] == lines
    assert [each["kind"] for each in found] == ["ssh-ed25519", "ecdsa-sha2-nistp384", "ssh-rsa"]
    assert not any(each["certificate"] for each in found)


def test_json_is_for_fingerprints_alone(keygen: KeygenPrograms, cli: Cli) -> None:
    done = cli.run("keygen", "-y", "--json", "-f", str(keygen.path("rsa")))
    assert done.returncode == 255
    assert done.stderr == b"ssh-stack: --json is for -l\n"


def test_reader_that_has_read_enough_ends_it_without_a_message(keygen: KeygenPrograms) -> None:
    words = [sys.executable, "-m", "ssh_stack", "keygen", "-l", "-f", "-"]
    line = keygen.path("ed25519.pub").read_bytes()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            words, input=line, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
