"""`ssh-stack keygen -D` with SoftHSM, beside ssh-keygen."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ssh_keys import Certificate, PrivateKey, load_public_key
from ssh_keys.pkcs11 import Token
from ssh_stack.cli.keygen import main
from ssh_stack.cli.keygen.options import parse_options
from ssh_stack.cli.keygen.tokens import authority_in_token
from ssh_stack.cli.prompts import TerminalPrompter
from tests.soft_token import PIN, generate, soft_token


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The path of a library, with a token of two keys."""
    with soft_token(tmp_path_factory.mktemp("softhsm")) as (path, token):
        with token.open(rw=True, user_pin=PIN) as session:
            generate(session, "rsa", b"\1", "rsa")
            generate(session, "secp256r1", b"\2", "authority")
        yield path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Answer every question with the PIN; return the file with the questions."""
    program = tmp_path / "askpass"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\necho {PIN}\n')
    program.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    return tmp_path / "asked"


# first, while no other token of the library is in use


def test_token_that_tells_nothing_is_asked_again_after_login(
    answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with soft_token(tmp_path, "empty") as (path, _):
        assert main(["-D", path]) == 255

    assert "finds no token with a key that SSH can use" in capsys.readouterr().err
    assert answers.read_text() == "Enter PIN for 'empty': \n"


def test_missing_terminal_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_terminal(*, stdin: bool) -> None:
        assert stdin

    monkeypatch.setattr(TerminalPrompter, "if_available", no_terminal)
    with soft_token(tmp_path, "empty") as (path, _):
        assert main(["-D", path]) == 255

    assert "no PIN for 'empty': there is no terminal" in capsys.readouterr().err


def listed(library: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert main(["-D", library]) == 0
    return {line.split()[2]: line for line in capsys.readouterr().out.splitlines()}


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_keys_are_those_that_ssh_keygen_prints(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = subprocess.run(
        ["ssh-keygen", "-D", library], capture_output=True, text=True, check=True, timeout=60
    )

    assert sorted(listed(library, capsys).values()) == sorted(theirs.stdout.splitlines())


def test_fingerprints_are_printed_with_letter(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = listed(library, capsys)

    assert main(["-l", "-D", library]) == 0
    printed = capsys.readouterr().out.splitlines()
    for name, bits in (("rsa", 2048), ("authority", 256)):
        key = load_public_key(lines[name].encode())
        assert f"{bits} {key.fingerprint()} {name} " in " ".join(printed)


def test_authority_in_token_certifies(
    library: str, answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pub").write_text(listed(library, capsys)["authority"])
    (tmp_path / "key.pub").write_text(PrivateKey.generate("ed25519").public_key.to_openssh())
    words = ["-q", "-D", library, "-s", str(tmp_path / "ca.pub"), "-I", "id", "-n", "me"]

    assert main([*words, str(tmp_path / "key.pub")]) == 0

    made = load_public_key((tmp_path / "key-cert.pub").read_bytes())
    assert isinstance(made, Certificate)
    assert made.ca_key == load_public_key((tmp_path / "ca.pub").read_bytes())
    assert answers.read_text() == "Enter PIN for 'test': \n"


def test_authority_that_no_token_has_is_told(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pub").write_text(PrivateKey.generate("ed25519").public_key.to_openssh())
    words = ["-D", library, "-s", str(tmp_path / "ca.pub"), "-I", "id", "-n", "me", "key.pub"]

    assert main(words) == 255
    assert "no token of the PKCS#11 library has the private key of" in capsys.readouterr().err


def test_token_without_pin_is_not_asked_for_one(
    library: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "ca.pub").write_text(listed(library, capsys)["authority"])
    monkeypatch.setattr(Token, "needs_pin", property(lambda _token: False))
    options = parse_options(["-D", library, "-s", str(tmp_path / "ca.pub"), "key.pub"])

    with ExitStack() as stack:
        assert authority_in_token(options, stack).comment == "authority"
