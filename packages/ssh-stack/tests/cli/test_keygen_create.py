"""`ssh-stack keygen`: new keys, other passphrases, comments and formats; ssh-keygen reads them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from keygen_programs import KeygenPrograms

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli


@pytest.fixture
def keygen(cli: Cli, tmp_path: Path) -> KeygenPrograms:
    (tmp_path / "work").mkdir()
    return KeygenPrograms(tmp_path / "work", cli)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-t", "ed25519", "-a", "20"],
        ["-t", "ecdsa"],
        ["-t", "ecdsa", "-b", "521", "-m", "PEM"],
        ["-t", "rsa", "-b", "2048"],
        ["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
        ["-Z", "aes256-gcm@openssh.com"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("passphrase", ["", "secret words"])
def test_new_key_is_readable_by_ssh_keygen(
    keygen: KeygenPrograms, words: list[str], passphrase: str
) -> None:
    done = keygen.ours("-N", passphrase, "-C", "me", "-f", "key", *words)

    assert done.returncode == 0, done.stderr
    assert "The key fingerprint is:\nSHA256:" in done.stdout
    assert stat.S_IMODE(keygen.path("key").stat().st_mode) == 0o600
    assert stat.S_IMODE(keygen.path("key.pub").stat().st_mode) == 0o644
    public = keygen.path("key.pub").read_text()
    assert public.endswith(" me\n")
    theirs = keygen.theirs("-y", "-P", passphrase, "-f", "key")
    assert theirs.stdout.split()[:2] == public.split()[:2], theirs.stderr
    if passphrase:
        assert keygen.theirs("-y", "-P", "wrong", "-f", "key").returncode != 0


@pytest.mark.parametrize("kind", ["ed448", "mldsa44-ed25519"])
def test_new_key_of_kind_unknown_to_local_ssh_keygen_is_readable(
    keygen: KeygenPrograms, kind: str
) -> None:
    assert keygen.ours("-q", "-t", kind, "-N", "", "-C", "me", "-f", "key").stdout == ""

    printed = keygen.ours("-l", "-f", "key").stdout
    assert keygen.ours("-l", "-f", "key.pub").stdout == printed
    assert keygen.ours("-y", "-f", "key").stdout == keygen.path("key.pub").read_text()


def test_existing_key_file_is_overwritten_only_after_confirmation(keygen: KeygenPrograms) -> None:
    keygen.path("key").write_text("precious")

    no = keygen.ours("-N", "", "-f", "key", given="n\n")
    assert no.returncode == 1
    assert "key already exists.\nOverwrite (y/n)? " in no.stdout
    assert keygen.path("key").read_text() == "precious"
    assert not keygen.path("key.pub").exists()

    yes = keygen.ours("-N", "", "-f", "key", given="y\n")
    assert yes.returncode == 0
    assert keygen.theirs("-y", "-f", "key").returncode == 0


def test_file_of_new_key_is_asked_for_without_option(keygen: KeygenPrograms) -> None:
    done = keygen.ours("-N", "", given="\n")
    assert done.returncode == 0, done.stderr
    assert (keygen.cli.home / ".ssh" / "id_ed25519.pub").exists()

    done = keygen.ours("-N", "", given=f"{keygen.folder}/elsewhere\n")
    assert done.returncode == 0, done.stderr
    assert keygen.path("elsewhere").exists()


def test_symbolic_link_in_place_of_key_file_is_refused(keygen: KeygenPrograms) -> None:
    keygen.path("target").write_text("precious")
    keygen.path("key").symlink_to("target")

    done = keygen.ours("-N", "", "-f", "key", given="y\n")

    assert done.returncode == 255
    assert "symbolic link" in done.stderr
    assert keygen.path("target").read_text() == "precious"


def test_passphrase_prompt_without_terminal_is_error(keygen: KeygenPrograms) -> None:
    done = keygen.ours("-f", "key")

    assert done.returncode == 255
    assert "-N" in done.stderr
    assert not keygen.path("key").exists()


def test_passphrase_of_new_key_is_asked_for_twice_at_terminal(keygen: KeygenPrograms) -> None:
    with keygen.cli.terminal("keygen", "-q", "-f", str(keygen.path("key"))) as terminal:
        terminal.expect("Enter passphrase .*: ")
        terminal.type("from the keyboard\n")
        terminal.expect("Enter same passphrase again: ")
        terminal.type("from the keyboard\n")
        assert terminal.wait() == 0

    assert keygen.theirs("-y", "-P", "from the keyboard", "-f", "key").returncode == 0


def test_passphrase_is_changed_only_with_right_old_one(keygen: KeygenPrograms) -> None:
    keygen.make("key", "-t", "ed25519", "-C", "kept")

    done = keygen.ours("-p", "-P", "", "-N", "new words", "-f", "key")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Key has comment 'kept'" in done.stdout
    assert keygen.theirs("-y", "-P", "new words", "-f", "key").returncode == 0

    before = keygen.path("key").read_bytes()
    wrong = keygen.ours("-p", "-P", "wrong", "-N", "", "-f", "key")
    assert wrong.returncode == 255
    assert wrong.stderr.count("\n") == 1
    assert keygen.path("key").read_bytes() == before

    assert keygen.ours("-p", "-P", "new words", "-N", "", "-f", "key").returncode == 0
    assert keygen.theirs("-y", "-P", "", "-f", "key").stdout.endswith(" kept\n")


def test_change_of_passphrase_writes_requested_format(keygen: KeygenPrograms) -> None:
    keygen.make("key", "-t", "rsa", "-b", "2048")
    for form, start in (("PEM", "RSA PRIVATE"), ("PKCS8", "PRIVATE"), ("RFC4716", "OPENSSH")):
        assert keygen.ours("-p", "-P", "", "-N", "", "-m", form, "-f", "key").returncode == 0
        assert keygen.path("key").read_text().startswith(f"-----BEGIN {start}")
        assert keygen.theirs("-y", "-f", "key").returncode == 0
    assert keygen.ours("-p", "-P", "", "-N", "", "-m", "PPK", "-f", "key").returncode == 0
    assert keygen.path("key").read_text().startswith("PuTTY-User-Key-File-3")
    assert (
        keygen.ours("-y", "-f", "key").stdout.split()[:2]
        == (keygen.path("key.pub").read_text().split()[:2])
    )


def test_comment_is_changed_in_both_files(keygen: KeygenPrograms) -> None:
    keygen.make("key", "-t", "ed25519", "-C", "before")

    assert keygen.ours("-c", "-C", "behind", "-f", "key").stdout == (
        "Old comment: before\nComment 'behind' applied\n"
    )
    assert keygen.path("key.pub").read_text().endswith(" behind\n")
    assert keygen.theirs("-y", "-f", "key").stdout.endswith(" behind\n")
    assert "Comment removed" in keygen.ours("-c", "-C", "", "-f", "key").stdout
    assert len(keygen.theirs("-y", "-f", "key").stdout.split()) == 2


def test_change_of_comment_keeps_passphrase(keygen: KeygenPrograms) -> None:
    assert keygen.theirs("-q", "-N", "secret", "-t", "ed25519", "-f", "key").returncode == 0

    done = keygen.ours("-c", "-C", "new", "-P", "secret", "-f", "key")

    assert done.returncode == 0, done.stderr
    assert keygen.theirs("-y", "-P", "", "-f", "key").returncode != 0
    assert keygen.theirs("-y", "-P", "secret", "-f", "key").stdout.endswith(" new\n")


def test_change_of_comment_leaves_key_without_passphrase_unencrypted(
    keygen: KeygenPrograms,
) -> None:
    keygen.make("key", "-t", "ed25519", "-C", "before")

    assert keygen.ours("-c", "-C", "new", "-P", "surplus", "-f", "key").returncode == 0

    assert keygen.theirs("-y", "-P", "", "-f", "key").stdout.endswith(" new\n")


def test_change_of_comment_keeps_passphrase_typed_at_terminal(keygen: KeygenPrograms) -> None:
    assert keygen.theirs("-q", "-N", "typed", "-t", "ed25519", "-f", "key").returncode == 0
    words = ("keygen", "-c", "-C", "new", "-N", "", "-f", str(keygen.path("key")))

    with keygen.cli.terminal(*words) as terminal:
        terminal.expect("Enter passphrase for key .*: ")
        terminal.type("typed\n")
        assert terminal.wait() == 0

    assert keygen.theirs("-y", "-P", "", "-f", "key").returncode != 0
    assert keygen.theirs("-y", "-P", "typed", "-f", "key").stdout.endswith(" new\n")


def test_missing_host_keys_are_created(keygen: KeygenPrograms) -> None:
    etc = keygen.path("etc/ssh")
    etc.mkdir(parents=True)
    (etc / "ssh_host_rsa_key").write_text("kept")

    done = keygen.ours("-A", "-f", str(keygen.folder))

    assert done.returncode == 0, done.stderr
    assert (etc / "ssh_host_rsa_key").read_text() == "kept"
    for kind in ("ecdsa", "ed25519"):
        assert keygen.theirs("-y", "-f", str(etc / f"ssh_host_{kind}_key")).returncode == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-t", "dsa"], "dsa"),
        (["-t", "rsa", "-b", "512"], "bits"),
        (["-t", "ecdsa", "-b", "257"], "bits"),
        (["-t", "ed25519-sk"], "-w or SSH_SK_PROVIDER"),
        (["-m", "XML"], "no format"),
        (["-Z", "rot13"], "rot13"),
        (["-a", "many"], "takes a number"),
    ],
)
def test_invalid_key_parameters_are_refused_in_one_line(
    keygen: KeygenPrograms, words: list[str], reason: str
) -> None:
    done = keygen.ours("-N", "secret", "-f", "key", *words)

    assert done.returncode == 255
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not keygen.path("key").exists()
