"""Lists of algorithms of the configuration: signs, patterns, and names that are not there."""

from __future__ import annotations

import pytest

from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan.transport import offered_algorithms
from ssh_stack.config import Config, HostConfig
from ssh_stack.config.algorithms import AlgorithmList
from ssh_stack.errors import ConfigError
from ssh_transport import Algorithms, profiles

_USUAL = profiles("default", "client")


def resolve(text: str) -> HostConfig:
    return Config.parse(text).resolve("web1", user="me")


def offered(text: str, **options: str) -> Algorithms:
    return offered_algorithms(ClientOptions(**options), resolve(text))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the profile's name


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("aes256-ctr,aes128-ctr", ("aes256-ctr", "aes128-ctr")),
        ("+aes128-cbc", (*_USUAL.ciphers, "aes128-cbc")),
        ("+aes128-ctr", _USUAL.ciphers),
        ("^aes128-ctr", ("aes128-ctr", *(c for c in _USUAL.ciphers if c != "aes128-ctr"))),
        ("-aes*", ("chacha20-poly1305@openssh.com",)),
        ("-aes???-ctr,chacha*", ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com")),
        ("-no-such-cipher", _USUAL.ciphers),
        ("aes128-ctr,", ("aes128-ctr",)),
        ("rijndael-cbc@lysator.liu.se,aes128-ctr", ("aes128-ctr",)),
    ],
)
def test_cipher_list_replaces_appends_prepends_or_removes(
    value: str, found: tuple[str, ...]
) -> None:
    assert offered(f"Ciphers {value}").ciphers == found


def test_each_keyword_changes_its_own_list() -> None:
    found = offered(
        "Ciphers aes128-ctr\nMACs hmac-sha2-256\nKexAlgorithms curve25519-sha256\n"
        "HostKeyAlgorithms rsa*\n"
    )

    assert found.ciphers == ("aes128-ctr",)
    assert found.macs == ("hmac-sha2-256",)
    assert found.kex == ("curve25519-sha256",)
    assert found.host_keys == (
        "rsa-sha2-512-cert-v01@openssh.com",
        "rsa-sha2-256-cert-v01@openssh.com",
        "rsa-sha2-512",
        "rsa-sha2-256",
    )
    assert found.compression == _USUAL.compression


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Ciphers aes128", "names an unknown cipher algorithm 'aes128'"),
        ("Ciphers +aes128-ctr,x", "names an unknown cipher algorithm 'x'"),
        ("Ciphers ^x", "names an unknown cipher algorithm 'x'"),
        ("Ciphers aes*", "names an unknown cipher algorithm"),
        ("Ciphers +", "takes one list of cipher algorithms"),
        ("Ciphers ,", "names no cipher algorithm"),
        ("Ciphers a b", "takes one list"),
        ("Ciphers AES128-CTR", "names an unknown cipher algorithm"),
        ("MACs hmac-sha3", "names an unknown MAC algorithm 'hmac-sha3'"),
        ("KexAlgorithms kex", "names an unknown key exchange algorithm 'kex'"),
        ("HostKeyAlgorithms ssh-x*", "names an unknown key algorithm"),
        ("HostKeyAlgorithms !ssh-rsa", "names an unknown key algorithm"),
        ("PubkeyAcceptedAlgorithms x", "names an unknown key algorithm"),
        ("CASignatureAlgorithms x", "names an unknown key algorithm"),
        ("HostbasedAcceptedAlgorithms x", "names an unknown key algorithm"),
    ],
)
def test_algorithm_unknown_to_every_openssh_is_error(line: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(f"Host other\n {line}\n")

    assert problem in str(caught.value)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("MACs umac-64@openssh.com,hmac-sha2-256", "umac-64@openssh.com"),
        ("KexAlgorithms +sntrup761x25519-sha512", "sntrup761x25519-sha512"),
        ("HostKeyAlgorithms +ssh-dss,ssh-rsa", "ssh-dss"),
        ("PubkeyAcceptedAlgorithms ssh-dss,ssh-ed25519", "ssh-dss"),
    ],
)
def test_unsupported_algorithm_of_openssh_is_left_out_with_note(line: str, names: str) -> None:
    found = resolve(line)

    assert found.notes == (f"{line.split(maxsplit=1)[0]}: not supported yet, left out: {names}",)
    offered_algorithms(ClientOptions(), found)


@pytest.mark.parametrize(
    "line",
    ["MACs umac-64@openssh.com", "HostKeyAlgorithms ssh-dss", "Ciphers -*", "KexAlgorithms -*"],
)
def test_list_without_supported_algorithm_refuses_connection(line: str) -> None:
    with pytest.raises(ConfigError, match=r"option, line 1: .* leaves no .* algorithm"):
        offered(line)


def test_strict_profile_is_not_extended() -> None:
    strict = profiles("strict", "client")

    assert offered("Ciphers +aes128-ctr", algorithms="strict") == strict
    found = offered("Ciphers aes128-ctr,aes128-gcm@openssh.com", algorithms="strict")
    assert found.ciphers == ("aes128-gcm@openssh.com",)
    with pytest.raises(ConfigError, match="leaves no cipher algorithm of the profile strict"):
        offered("Ciphers aes128-ctr", algorithms="strict")


def test_change_applies_to_legacy_profile() -> None:
    legacy = profiles("legacy", "client")

    found = offered("Ciphers -aes*", algorithms="legacy").ciphers
    assert found == tuple(c for c in legacy.ciphers if not c.startswith("aes"))


def test_algorithms_of_caller_are_not_changed() -> None:
    given = profiles("default", "client").adjusted(ciphers="aes256-ctr")

    options = ClientOptions(algorithms=given)
    assert offered_algorithms(options, resolve("Ciphers aes128-ctr")) is given


def test_algorithm_list_equals_same_list_of_other_line() -> None:
    one, other = resolve("Ciphers aes128-ctr").ciphers, resolve("\nCiphers aes128-ctr").ciphers

    assert isinstance(one, AlgorithmList)
    assert one == other
