"""`ssh-stack keygen`: new keys, other passphrases, comments and formats; ssh-keygen reads them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from keygen_here import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli


@pytest.fixture
def bench(cli: Cli, tmp_path: Path) -> Bench:
    (tmp_path / "work").mkdir()
    return Bench(tmp_path / "work", cli)


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
    bench: Bench, words: list[str], passphrase: str
) -> None:
    done = bench.ours("-N", passphrase, "-C", "me", "-f", "key", *words)

    assert done.returncode == 0, done.stderr
    assert "The key fingerprint is:\nSHA256:" in done.stdout
    assert stat.S_IMODE(bench.path("key").stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.path("key.pub").stat().st_mode) == 0o644
    public = bench.path("key.pub").read_text()
    assert public.endswith(" me\n")
    theirs = bench.theirs("-y", "-P", passphrase, "-f", "key")
    assert theirs.stdout.split()[:2] == public.split()[:2], theirs.stderr
    if passphrase:
        assert bench.theirs("-y", "-P", "wrong", "-f", "key").returncode != 0


@pytest.mark.parametrize("kind", ["ed448", "mldsa44-ed25519"])
def test_new_key_of_kind_unknown_to_local_ssh_keygen_is_readable(bench: Bench, kind: str) -> None:
    assert bench.ours("-q", "-t", kind, "-N", "", "-C", "", "-f", "key").stdout == ""

    printed = bench.ours("-l", "-f", "key").stdout
    assert bench.ours("-l", "-f", "key.pub").stdout == printed
    assert bench.ours("-y", "-f", "key").stdout == bench.path("key.pub").read_text()


def test_existing_key_file_is_overwritten_only_after_confirmation(bench: Bench) -> None:
    bench.path("key").write_text("precious")

    no = bench.ours("-N", "", "-f", "key", given="n\n")
    assert no.returncode == 1
    assert "key already exists.\nOverwrite (y/n)? " in no.stdout
    assert bench.path("key").read_text() == "precious"
    assert not bench.path("key.pub").exists()

    yes = bench.ours("-N", "", "-f", "key", given="y\n")
    assert yes.returncode == 0
    assert bench.theirs("-y", "-f", "key").returncode == 0


def test_file_of_new_key_is_asked_for_without_option(bench: Bench) -> None:
    done = bench.ours("-N", "", given="\n")
    assert done.returncode == 0, done.stderr
    assert (bench.cli.home / ".ssh" / "id_ed25519.pub").exists()

    done = bench.ours("-N", "", given=f"{bench.folder}/elsewhere\n")
    assert done.returncode == 0, done.stderr
    assert bench.path("elsewhere").exists()


def test_symbolic_link_in_place_of_key_file_is_refused(bench: Bench) -> None:
    bench.path("target").write_text("precious")
    bench.path("key").symlink_to("target")

    done = bench.ours("-N", "", "-f", "key", given="y\n")

    assert done.returncode == 255
    assert "symbolic link" in done.stderr
    assert bench.path("target").read_text() == "precious"


def test_passphrase_prompt_without_terminal_is_error(bench: Bench) -> None:
    done = bench.ours("-f", "key")

    assert done.returncode == 255
    assert "-N" in done.stderr
    assert not bench.path("key").exists()


def test_passphrase_of_new_key_is_asked_for_twice_at_terminal(bench: Bench) -> None:
    with bench.cli.terminal("keygen", "-q", "-f", str(bench.path("key"))) as terminal:
        terminal.expect("Enter passphrase .*: ")
        terminal.type("from the keyboard\n")
        terminal.expect("Enter same passphrase again: ")
        terminal.type("from the keyboard\n")
        assert terminal.wait() == 0

    assert bench.theirs("-y", "-P", "from the keyboard", "-f", "key").returncode == 0


def test_passphrase_is_changed_only_with_right_old_one(bench: Bench) -> None:
    bench.make("key", "-t", "ed25519", "-C", "kept")

    done = bench.ours("-p", "-P", "", "-N", "new words", "-f", "key")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Key has comment 'kept'" in done.stdout
    assert bench.theirs("-y", "-P", "new words", "-f", "key").returncode == 0

    before = bench.path("key").read_bytes()
    wrong = bench.ours("-p", "-P", "wrong", "-N", "", "-f", "key")
    assert wrong.returncode == 255
    assert wrong.stderr.count("\n") == 1
    assert bench.path("key").read_bytes() == before

    assert bench.ours("-p", "-P", "new words", "-N", "", "-f", "key").returncode == 0
    assert bench.theirs("-y", "-P", "", "-f", "key").stdout.endswith(" kept\n")


def test_change_of_passphrase_writes_requested_format(bench: Bench) -> None:
    bench.make("key", "-t", "rsa", "-b", "2048")
    for form, start in (("PEM", "RSA PRIVATE"), ("PKCS8", "PRIVATE"), ("RFC4716", "OPENSSH")):
        assert bench.ours("-p", "-P", "", "-N", "", "-m", form, "-f", "key").returncode == 0
        assert bench.path("key").read_text().startswith(f"-----BEGIN {start}")
        assert bench.theirs("-y", "-f", "key").returncode == 0
    assert bench.ours("-p", "-P", "", "-N", "", "-m", "PPK", "-f", "key").returncode == 0
    assert bench.path("key").read_text().startswith("PuTTY-User-Key-File-3")
    assert (
        bench.ours("-y", "-f", "key").stdout.split()[:2]
        == (bench.path("key.pub").read_text().split()[:2])
    )


def test_comment_is_changed_in_both_files(bench: Bench) -> None:
    bench.make("key", "-t", "ed25519", "-C", "before")

    assert bench.ours("-c", "-C", "behind", "-f", "key").stdout == (
        "Old comment: before\nComment 'behind' applied\n"
    )
    assert bench.path("key.pub").read_text().endswith(" behind\n")
    assert bench.theirs("-y", "-f", "key").stdout.endswith(" behind\n")
    assert "Comment removed" in bench.ours("-c", "-C", "", "-f", "key").stdout
    assert len(bench.theirs("-y", "-f", "key").stdout.split()) == 2


def test_change_of_comment_keeps_passphrase(bench: Bench) -> None:
    assert bench.theirs("-q", "-N", "secret", "-t", "ed25519", "-f", "key").returncode == 0

    done = bench.ours("-c", "-C", "new", "-P", "secret", "-f", "key")

    assert done.returncode == 0, done.stderr
    assert bench.theirs("-y", "-P", "", "-f", "key").returncode != 0
    assert bench.theirs("-y", "-P", "secret", "-f", "key").stdout.endswith(" new\n")


def test_change_of_comment_leaves_key_without_passphrase_unencrypted(bench: Bench) -> None:
    bench.make("key", "-t", "ed25519", "-C", "before")

    assert bench.ours("-c", "-C", "new", "-P", "surplus", "-f", "key").returncode == 0

    assert bench.theirs("-y", "-P", "", "-f", "key").stdout.endswith(" new\n")


def test_change_of_comment_keeps_passphrase_typed_at_terminal(bench: Bench) -> None:
    assert bench.theirs("-q", "-N", "typed", "-t", "ed25519", "-f", "key").returncode == 0
    words = ("keygen", "-c", "-C", "new", "-N", "", "-f", str(bench.path("key")))

    with bench.cli.terminal(*words) as terminal:
        terminal.expect("Enter passphrase for key .*: ")
        terminal.type("typed\n")
        assert terminal.wait() == 0

    assert bench.theirs("-y", "-P", "", "-f", "key").returncode != 0
    assert bench.theirs("-y", "-P", "typed", "-f", "key").stdout.endswith(" new\n")


def test_missing_host_keys_are_created(bench: Bench) -> None:
    etc = bench.path("etc/ssh")
    etc.mkdir(parents=True)
    (etc / "ssh_host_rsa_key").write_text("kept")

    done = bench.ours("-A", "-f", str(bench.folder))

    assert done.returncode == 0, done.stderr
    assert (etc / "ssh_host_rsa_key").read_text() == "kept"
    for kind in ("ecdsa", "ed25519"):
        assert bench.theirs("-y", "-f", str(etc / f"ssh_host_{kind}_key")).returncode == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-t", "dsa"], "dsa"),
        (["-t", "rsa", "-b", "512"], "bits"),
        (["-t", "ecdsa", "-b", "257"], "bits"),
        (["-t", "ed25519-sk"], "ed25519-sk"),
        (["-m", "XML"], "no format"),
        (["-Z", "rot13"], "rot13"),
        (["-a", "many"], "takes a number"),
    ],
)
def test_invalid_key_parameters_are_refused_in_one_line(
    bench: Bench, words: list[str], reason: str
) -> None:
    done = bench.ours("-N", "secret", "-f", "key", *words)

    assert done.returncode == 255
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not bench.path("key").exists()
