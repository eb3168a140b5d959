from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import Cli
from keygen_programs import KeygenPrograms
from ssh_keys import load_private_key
from ssh_stack.cli.keygen.kinds import default_file, full_kind

DRAFT = "ssh-mldsa44-ed25519"
EARLY = "ssh-mldsa44-ed25519@openssh.com"


def put_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a program be the machine's ssh."""
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (f"[ \"$*\" = '-Q key' ] && printf 'ssh-ed25519\\n{EARLY}\\n'", EARLY),
        (f"printf 'ssh-ed25519\\n{DRAFT}\\n{DRAFT}-cert\\n'", DRAFT),
        (f"printf '{EARLY}\\n{DRAFT}\\n'", DRAFT),
        ("printf 'ssh-ed25519\\nssh-rsa\\n'", DRAFT),
        ("exit 255", DRAFT),
        ("printf '\\377\\376'", DRAFT),
    ],
    ids=["10.4", "10.6", "both", "9.2", "no -Q", "odd"],
)
def test_short_name_of_mldsa_means_kind_of_local_openssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: str
) -> None:
    put_ssh(tmp_path, monkeypatch, script)
    assert full_kind("mldsa44-ed25519") == kind


def test_short_name_of_mldsa_without_openssh_means_kind_of_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert full_kind("mldsa44-ed25519") == DRAFT


@pytest.mark.parametrize("kind", [DRAFT, EARLY, "ed25519", "ecdsa", "rsa"])
def test_other_kinds_are_taken_without_running_ssh(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    asked = tmp_path / "asked"
    put_ssh(tmp_path, monkeypatch, f"touch {asked}")
    assert full_kind(kind) == kind
    assert not asked.exists()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ed25519", "id_ed25519"),
        ("ssh-ed25519", "id_ed25519"),
        ("rsa", "id_rsa"),
        ("ssh-rsa", "id_rsa"),
        ("ecdsa", "id_ecdsa"),
        ("ecdsa-sha2-nistp384", "id_ecdsa"),
        ("mldsa44-ed25519", "id_mldsa44_ed25519"),
        (DRAFT, "id_mldsa44_ed25519"),
        (EARLY, "id_mldsa44_ed25519"),
    ],
)
def test_default_file_of_kind_is_that_of_ssh_keygen(kind: str, name: str) -> None:
    assert default_file(kind) == name


@pytest.mark.parametrize("kind", [DRAFT, EARLY])
def test_key_of_either_full_name_of_mldsa_is_written_and_read(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    keygen = KeygenPrograms(tmp_path, cli)
    done = keygen.ours("-q", "-t", kind, "-N", "", "-C", "me", "-f", "key")

    assert done.returncode == 0, done.stderr
    assert keygen.path("key.pub").read_text().split()[::2] == [kind, "me"]
    assert load_private_key(keygen.path("key").read_bytes()).public_key.kind == kind
    assert keygen.ours("-l", "-f", "key.pub").stdout.endswith(" me (MLDSA44-ED25519)\n")
