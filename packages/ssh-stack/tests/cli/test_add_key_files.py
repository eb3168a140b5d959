"""Private keys and certificates: `ssh-stack add` beside ssh-add."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from add_harness import Add
from ssh_keys import Certificate, CertificateSpec, PrivateKey, issue
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack.cli.add.key_files import time_frame
from ssh_wire.primitives import read_string, string

KEY = PrivateKey.generate("ed25519", comment="me@test")
RSA = PrivateKey.generate("rsa", 2048, comment="rsa@test")
AUTHORITY = PrivateKey.generate("ed25519")


def certify(valid_before: int = 2**64 - 1, key: PrivateKey = KEY) -> str:
    spec = CertificateSpec(
        role="user", key_id="the id", principals=("me",), valid_before=valid_before
    )
    return issue(AUTHORITY, key.public_key, spec=spec, random=bytes).to_openssh() + "\n"


def encrypt(path: Path, key: PrivateKey, passphrase: str) -> None:
    write_key_file(path, key.to_openssh(passphrase, rounds=1))


@pytest.fixture
def files(add: Add) -> Add:
    """A plain key, one with its public half and certificate, and two that are encrypted."""
    write_private_key(add.folder / "plain", KEY)
    write_private_key(add.folder / "both", RSA)
    (add.folder / "both.pub").write_text(RSA.public_key.to_openssh() + "\n")
    (add.folder / "both-cert.pub").write_text(certify(key=RSA))
    encrypt(add.folder / "secret", KEY, "right")
    encrypt(add.folder / "secret2", PrivateKey.generate("ecdsa"), "right")
    (add.folder / "public.pub").write_text(KEY.public_key.to_openssh() + "\n")
    (add.folder / "other").write_text("no key\n")
    (add.folder / "other").chmod(0o600)
    return add


@pytest.mark.parametrize(
    "line",
    [
        "plain",
        "-q plain",
        "-c plain",
        "both plain",
        "-k both",
        "-q both",
        "missing plain",
        "-d plain",
        "-d public",
        "-d missing",
        "-l",
        "-t x plain",
        "-s -",
        "-D",
        "-qD",
        "-T plain",
    ],
)
def test_output_and_status_are_those_of_ssh_add(files: Add, line: str) -> None:
    files.answer("pin")
    theirs = files.run_openssh(*line.split())
    files.answer("pin")

    assert files.run(*line.split()) == theirs


@pytest.mark.parametrize(
    "line",
    ["-d both", "-dk both", "-dq both", "-d secret", "-L", "-l", "-l -E md5", "-D"],
)
def test_keys_that_agent_has_are_listed_and_removed_as_by_ssh_add(files: Add, line: str) -> None:
    for run in (files.run, files.run_openssh):
        assert run("-q", "both", "plain").status == 0

    assert files.run(*line.split()) == files.run_openssh(*line.split())
    assert files.run("-l") == files.run_openssh("-l")


def test_keys_have_comment_certificate_and_lifetime(files: Add) -> None:
    done = files.run("-t", "1h", "both")

    assert done.status == 0
    assert done.err.splitlines() == [
        "Identity added: both (rsa@test)",
        "Lifetime set to 01:00:00",
        "Certificate added: both-cert.pub (the id)",
        "Lifetime set to 01:00:00",
    ]
    assert [type(each.certificate) for each in files.held()] == [type(None), Certificate]
    assert {each.comment for each in files.held()} == {"rsa@test"}


def test_certificate_alone_is_added_and_removed_with_letter_of_openssh_10(files: Add) -> None:
    added = files.run("-C", "both")
    assert (added.status, added.err) == (0, "Certificate added: both-cert.pub (the id)\n")
    assert [type(each.certificate) for each in files.held()] == [Certificate]
    assert files.run("-C", "plain").status == 1
    files.run("-qk", "both")

    removed = files.run("-dC", "both")

    assert removed.err == "Identity removed: both-cert.pub RSA-CERT (rsa@test)\n"
    assert removed.status == 0
    assert [each.certificate for each in files.held()] == [None]


def test_passphrase_is_asked_until_it_is_right_and_kept_for_next_file(files: Add) -> None:
    files.answer("wrong", "right")

    done = files.run("-c", "secret", "secret2")

    assert done.status == 0
    assert files.asked() == [
        "Enter passphrase for secret (will confirm each use): ",
        "Bad passphrase, try again for secret (will confirm each use): ",
    ]
    assert len(files.held()) == 2


def test_passphrase_that_is_wrong_for_next_file_is_asked_again(files: Add) -> None:
    encrypt(files.folder / "third", KEY, "another")
    files.answer("right", "another")

    assert files.run("secret", "third").status == 0
    assert len(files.asked()) == 2


def test_empty_passphrase_gives_file_up(files: Add) -> None:
    theirs = files.run_openssh("secret", "plain")
    asked = files.asked()

    assert files.run("secret", "plain") == theirs
    assert files.asked() == asked == ["Enter passphrase for secret: "]
    assert theirs.status == 1
    assert len(files.held()) == 1


def test_key_that_others_may_read_is_ignored(files: Add) -> None:
    (files.folder / "plain").chmod(0o644)

    done = files.run("plain")

    assert done == files.run_openssh("plain")
    assert done.status == 1
    assert "UNPROTECTED PRIVATE KEY FILE" in done.err
    assert files.held() == ()


@pytest.mark.parametrize("name", ["other", "public.pub"])
def test_file_without_private_key_is_not_added(files: Add, name: str) -> None:
    (files.folder / name).chmod(0o600)

    done = files.run(name)

    assert (done.status, files.run_openssh(name).status) == (1, 1)
    assert done.err.startswith(f'Error loading key "{name}": ')
    assert done.err.count("\n") == 1


def test_directory_is_no_key(files: Add) -> None:
    (files.folder / "folder").mkdir(mode=0o700)

    assert files.run("folder").err == 'Error loading key "folder": folder is a directory\n'


def test_usual_files_are_added_and_removed_without_names(files: Add) -> None:
    ssh = files.folder / ".ssh"
    ssh.mkdir()
    assert files.run().status == 1
    write_private_key(ssh / "id_ed25519", KEY)

    assert files.run().status == 0
    assert [each.key for each in files.held()] == [KEY.public_key]
    assert files.run("-d").status == 0
    assert files.held() == ()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("no certificate\n", 'Failed to load certificate "plain-cert.pub": '),
        (KEY.public_key.to_openssh(), "does not hold a certificate"),
        (certify(key=AUTHORITY), "Certificate plain-cert.pub does not match private key plain"),
        (certify(valid_before=1_000_000), "has already expired; ignored"),
    ],
    ids=["text", "key", "another", "expired"],
)
def test_certificate_that_cannot_be_used_is_told(files: Add, content: str, text: str) -> None:
    (files.folder / "plain-cert.pub").write_text(content)

    done = files.run("plain")

    assert done.status == 0  # the key is added
    assert text in done.err
    assert [each.certificate for each in files.held()] == [None]


def test_certificate_stays_for_five_minutes_after_it_expires(files: Add) -> None:
    (files.folder / "plain-cert.pub").write_text(certify(valid_before=int(time.time()) + 60))

    lines = files.run("plain").err.splitlines()
    assert lines[1] == "Certificate added: plain-cert.pub (the id)"
    assert lines[2].startswith("Lifetime set to 00:0")  # of the certificate alone
    assert len(lines) == 3
    assert files.run("-N", "plain").err.count("Lifetime") == 0
    assert files.run("-t", "10", "plain").err.count("Lifetime set to 00:00:10") == 2


def test_certificate_of_another_key_is_not_removed(files: Add) -> None:
    (files.folder / "plain-cert.pub").write_text(certify(key=AUTHORITY))
    files.run("-k", "plain")

    done = files.run("-d", "plain")

    assert done.status == 255
    assert "does not match private key plain" in done.err


def test_certificate_file_that_is_damaged_is_told_when_removing(files: Add) -> None:
    (files.folder / "plain-cert.pub").write_text("damaged")
    files.run("-qk", "plain")

    done = files.run("-d", "plain")

    assert done.status == 0
    assert 'Failed to load certificate "plain-cert.pub"' in done.err


def test_certificate_of_key_that_agent_refuses_is_told(files: Add) -> None:
    files.answer("lock", "lock")
    assert files.run("-x").status == 0

    done = files.run("both")

    assert done.status == 1
    assert done.err.splitlines() == [
        'Could not add identity "both": agent refused operation',
        "Certificate both-cert.pub (the id) add failed: agent refused operation",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "00:00:01"), (5400, "01:30:00"), (86400, "1d00h00m"), (1_000_000, "01w4d13h")],
)
def test_time_is_written_as_by_openssh(seconds: int, text: str) -> None:
    assert time_frame(seconds) == text


@pytest.mark.parametrize("letters", ["-d", "-dk", "-dC", "-dq"])
def test_keys_on_standard_input_are_removed(
    files: Add, letters: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files.run("-q", "both", "plain")
    text = f"# a comment\n\nnot a key\n{KEY.public_key.to_openssh()}\n"
    (tmp_path / "input").write_text(text)

    with (tmp_path / "input").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        done = files.run(letters, "-")

    assert done.status == (1 if "C" in letters else 0)
    assert done.err.startswith("(stdin):3: invalid key: ")
    assert ("Identity removed: (stdin) ED25519 (me@test)" in done.err) is (
        letters in {"-d", "-dk"}
    )
    assert len(files.held()) == (3 if "C" in letters else 2)


def test_key_on_standard_input_is_added(files: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    with (files.folder / "plain").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        done = files.run("-")

    assert done.err == "Identity added: (stdin) (me@test)\n"
    assert [each.key for each in files.held()] == [KEY.public_key]


def test_handle_of_fido_token_is_added_with_provider(files: Add) -> None:
    blob = KEY.public_key.blob
    kind = "sk-ssh-ed25519@openssh.com"
    fields = string(kind) + blob[read_string(blob, 0)[1] :] + string("ssh:")
    key, _ = PrivateKey.read_fields(fields + b"\x01" + string(b"handle") + string(b""))
    write_private_key(files.folder / "token", key)

    for run in (files.run, files.run_openssh):
        assert run("token").status == 0
    assert files.run("-l") == files.run_openssh("-l")
    assert files.run("-S", "/no/such/library.so", "token").status == 1
