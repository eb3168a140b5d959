"""A private key in a wrong place, or damaged, is quoted by nothing that connects or serves."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from loopback_server import USER_KEY, serving
from ssh_keys import PrivateKey
from ssh_wire import SSHError

if TYPE_CHECKING:
    from conftest import Cli

KEY = PrivateKey.generate("ecdsa", 256)
TEXTS = {
    "pem": KEY.to_pem(form="traditional").decode(),
    "openssh": KEY.to_openssh().decode(),
    "ppk": KEY.to_ppk().decode(),
}
DAMAGES: dict[str, Callable[[str], str]] = {
    "lost dashes": lambda text: text.replace("-----", "--"),
    "cut": lambda text: text[: len(text) // 2],
    "no first line": lambda text: text.partition("\n")[2],
    "no first line, on one line": lambda text: "".join(text.split("\n")[1:-2]),
    "another label": lambda text: text.replace("PRIVATE", "SECRET"),
    "a wrong letter": lambda text: text.replace("A", "!"),
}


def secrets(text: str) -> list[str]:
    return [
        line[at : at + 16]
        for line in text.split("\n")
        for at in range(0, len(line) - 15, 8)
        if line.isalnum() or "/" in line or "+" in line
    ]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("kind", ["bytes", "text", "certificate"])
async def test_no_error_of_connect_quotes_key(form: str, damage: str, kind: str) -> None:
    text = DAMAGES[damage](TEXTS[form])
    choices: dict[str, dict[str, Any]] = {
        "bytes": {"keys": [text.encode()]},
        "text": {"keys": [text]},
        "certificate": {"keys": [USER_KEY], "certificates": [text.encode()], "username": "x"},
    }
    options = choices[kind]
    async with serving() as here:
        with pytest.raises(SSHError) as caught:
            await here.connect(**options).open()
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    for secret in secrets(text):
        assert secret not in told


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("between", ["\n", " ", "\\n", "\r"])
async def test_key_given_as_text_authenticates(form: str, between: str) -> None:
    options: dict[str, Any] = {"keys": [between.join(TEXTS[form].split("\n"))]}
    auth = ssh_stack.AuthorizedKeys([KEY.public_key], users=["me"])
    async with serving(auth=auth) as here, here.connect(**options) as connection:
        assert connection.username == "me"


@pytest.mark.parametrize("form", TEXTS)
def test_no_error_of_serve_quotes_key(form: str) -> None:
    for damage in DAMAGES.values():
        text = damage(TEXTS[form])
        if text == TEXTS[form]:
            continue
        for given in (text, text.encode(), [text]):
            with pytest.raises((SSHError, OSError)) as caught:
                ssh_stack.serve("127.0.0.1", 0, host_keys=given, auth=ssh_stack.Passwords({}))
            told = "".join(traceback.format_exception(caught.value))
            for secret in secrets(text):
                assert secret not in told


@pytest.mark.parametrize("form", TEXTS)
def test_no_command_quotes_key(form: str, cli: Cli) -> None:
    text = TEXTS[form]
    one_line = text.replace("\n", " ")
    file = cli.home / "key"
    file.write_text(DAMAGES["a wrong letter"](text))
    file.chmod(0o600)
    commands = [
        ("ssh", "-i", text, "127.0.0.1", "true"),
        ("ssh", "-i", one_line, "127.0.0.1", "true"),
        ("cp", "-i", text, "127.0.0.1:x", "y"),
        ("keygen", "-y", "-f", str(file)),
        ("keygen", "-l", "-f", str(file)),
        ("keygen", "-i", "-f", str(file)),
        ("keygen", "-e", "-f", str(file)),
    ]
    for words in commands:
        done = cli.run(*words)
        assert done.returncode not in (0, None), words[0]
        for secret in secrets(text):
            assert secret not in done.stderr.decode(), words[:2]
        assert b"Traceback" not in done.stderr
