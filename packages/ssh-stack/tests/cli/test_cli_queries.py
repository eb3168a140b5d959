"""`ssh-stack ssh -Q`: what it lists, and by which words, beside OpenSSH's."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.queries import answer
from ssh_transport import Algorithms, profiles
from ssh_wire import UsageError

if TYPE_CHECKING:
    from conftest import Cli

_KINDS = [
    *("cipher", "cipher-auth", "compression", "kex", "key", "key-cert", "key-plain", "key-sig"),
    *("mac", "protocol-version", "sig"),
]
_ALIASES = [
    *("Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms"),
    *("HostbasedAcceptedAlgorithms", "PubkeyAcceptedKeyTypes", "hostkeyalgorithms", "CIPHERS"),
]
_NEWER = (  # than the ssh of the oldest machine that runs the tests, or ours alone
    "curve448-sha512",
    "diffie-hellman-group15-sha512",
    "diffie-hellman-group17-sha512",
    "mlkem",
    "ssh-ed448",
    "ssh-mldsa44-ed25519",
    "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
)


def theirs(query: str) -> list[str]:
    done = subprocess.run(
        ["ssh", "-Q", query], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh on this machine")
@pytest.mark.parametrize("query", [*_KINDS, *_ALIASES])
def test_query_lists_names_that_openssh_lists_too(query: str) -> None:
    known, ours = theirs(query), answer(query)

    assert ours
    assert [name for name in ours if name not in known and not name.startswith(_NEWER)] == []


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh on this machine")
def test_help_lists_queries_that_openssh_lists() -> None:
    assert list(answer("help")) == [name for name in theirs("help") if name != "kex-gss"]


@pytest.mark.parametrize("query", ["help", *_KINDS, *_ALIASES, "key-ca-sign"])
def test_query_is_answered_by_command_with_name_on_each_line(cli: Cli, query: str) -> None:
    done = cli.run("ssh", f"-Q{query}")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "".join(f"{name}\n" for name in answer(query))


def test_query_lists_all_that_any_profile_offers() -> None:
    offered: list[Algorithms] = [profiles("legacy", "client"), profiles("default", "server")]
    for each in offered:
        assert set(each.ciphers) <= set(answer("cipher"))
        assert set(each.macs) <= set(answer("mac"))
        assert set(each.kex) <= set(answer("kex"))
        assert set(each.host_keys) <= set(answer("key-sig"))
        assert set(each.compression) <= set(answer("compression"))


def test_plain_and_certified_kinds_are_all_kinds() -> None:
    assert set(answer("key")) == {*answer("key-plain"), *answer("key-cert")}
    assert not {*answer("key-plain")} & {*answer("key-cert")}
    assert "ssh-rsa" in answer("key-plain")
    assert "rsa-sha2-512" not in answer("key")
    assert set(answer("sig")) == {name for name in answer("key-sig") if "-cert" not in name}


def test_query_wins_over_other_options(cli: Cli) -> None:
    done = cli.run(
        "ssh", "-G", "-Q", "protocol-version", "-Q", "cipher", "-F", "/nonexistent", "h"
    )

    assert (done.returncode, done.stdout) == (0, b"2\n")


@pytest.mark.parametrize("query", ["foo", "Cipher", "KEY", ""])
def test_unknown_query_is_error_of_one_line(cli: Cli, query: str) -> None:
    with pytest.raises(UsageError, match=f"unsupported query '{query}'"):
        answer(query)

    done = cli.run("ssh", "-Q", query)

    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (255, b"", 1)
