from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent_samples import KEYS
from ssh_agent.program.askpass import find_askpass, make_confirm, question
from ssh_agent.server import ConfirmationNeeded, HeldIdentity, SignatureNeeded

KEY = KEYS["ed25519"]


def event(comment: str = "mine", host: str = "", user: str = "") -> ConfirmationNeeded:
    identity = HeldIdentity(credential=KEY.public_key, signer=KEY, comment=comment)
    signature = SignatureNeeded(identity=identity, data=b"", algorithm="ssh-ed25519")
    return ConfirmationNeeded(identity=identity, host=host, user=user, signature=signature)


def script(folder: Path, text: str) -> str:
    path = folder / "askpass"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"DISPLAY": ":0"}, "sh"),
        ({"WAYLAND_DISPLAY": "w"}, "sh"),
        ({"SSH_ASKPASS_REQUIRE": "Force"}, "sh"),
        ({"SSH_ASKPASS_REQUIRE": "prefer"}, None),
        ({"SSH_ASKPASS_REQUIRE": "never", "DISPLAY": ":0"}, None),
    ],
)
def test_user_is_asked_where_there_is_a_display_or_the_environment_forces_it(
    environ: dict[str, str], found: str | None
) -> None:
    program = find_askpass({"SSH_ASKPASS": "/bin/sh", **environ})

    assert (program and Path(program).name) == found


def test_program_that_is_missing_is_not_found() -> None:
    assert find_askpass({"SSH_ASKPASS": "/nonexistent", "DISPLAY": ":0"}) is None
    default = find_askpass({"DISPLAY": ":0"})
    assert default is None or default.endswith("ssh-askpass")


def test_question_is_that_of_openssh() -> None:
    fingerprint = KEY.public_key.fingerprint("md5")

    assert question(event("mi\x1bne"), "md5") == (
        f"Allow use of key mi\\x1bne?\nKey fingerprint {fingerprint}."
    )
    assert question(event(host="b", user="me"), "sha256").endswith(
        '\npublic key authentication request for user "me" to host "b"'
    )


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("echo yes", True),
        ("echo YES", True),
        ("echo", True),
        ("true", True),
        ("echo no", False),
        ("echo yes; exit 1", False),
        ("exit 1", False),
        ("printf 'no\\nyes\\n'", False),
    ],
)
async def test_answer_of_the_program_decides(tmp_path: Path, text: str, allowed: bool) -> None:
    confirm = make_confirm(script(tmp_path, text), "sha256")

    assert await confirm(event()) is allowed


async def test_program_gets_the_question_and_the_hint(tmp_path: Path) -> None:
    text = f'printf "%s" "$1" >{tmp_path}/question; test "$SSH_ASKPASS_PROMPT" = confirm'
    confirm = make_confirm(script(tmp_path, text), "sha256")

    assert await confirm(event())
    assert (tmp_path / "question").read_text() == question(event(), "sha256")


async def test_program_ends_with_the_agent(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    confirm = make_confirm(script(tmp_path, f"echo >{started}; exec sleep 60"), "sha256")
    asking = asyncio.ensure_future(confirm(event()))
    await asyncio.to_thread(started.read_text)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
