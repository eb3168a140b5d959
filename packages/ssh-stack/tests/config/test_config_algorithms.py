"""Lists of algorithms of the configuration: signs, patterns, and names that are not there."""

from __future__ import annotations

import pytest

from ssh_stack.client.merge_options import (
    authentication_plan,
    keeps_host_key_order,
    offered_algorithms,
)
from ssh_stack.client.options import ClientOptions
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
def test_list_of_ciphers(value: str, found: tuple[str, ...]) -> None:
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
def test_name_that_no_openssh_knows_is_an_error(line: str, problem: str) -> None:
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
def test_name_that_an_openssh_knows_and_we_have_not_is_left_out_with_a_note(
    line: str, names: str
) -> None:
    found = resolve(line)

    assert found.notes == (f"{line.split(maxsplit=1)[0]}: not supported yet, left out: {names}",)
    offered_algorithms(ClientOptions(), found)


@pytest.mark.parametrize(
    "line",
    ["MACs umac-64@openssh.com", "HostKeyAlgorithms ssh-dss", "Ciphers -*", "KexAlgorithms -*"],
)
def test_list_of_which_nothing_is_left_refuses(line: str) -> None:
    with pytest.raises(ConfigError, match=r"option, line 1: .* leaves no .* algorithm"):
        offered(line)


def test_profile_that_is_strict_gets_nothing_that_it_has_not() -> None:
    strict = profiles("strict", "client")

    assert offered("Ciphers +aes128-ctr", algorithms="strict") == strict
    found = offered("Ciphers aes128-ctr,aes128-gcm@openssh.com", algorithms="strict")
    assert found.ciphers == ("aes128-gcm@openssh.com",)
    with pytest.raises(ConfigError, match="leaves no cipher algorithm of the profile strict"):
        offered("Ciphers aes128-ctr", algorithms="strict")


def test_profile_for_old_servers_is_what_is_changed() -> None:
    legacy = profiles("legacy", "client")

    found = offered("Ciphers -aes*", algorithms="legacy").ciphers
    assert found == tuple(c for c in legacy.ciphers if not c.startswith("aes"))


def test_algorithms_of_the_caller_are_taken_as_they_are() -> None:
    given = profiles("default", "client").adjusted(ciphers="aes256-ctr")

    options = ClientOptions(algorithms=given)
    assert offered_algorithms(options, resolve("Ciphers aes128-ctr")) is given


@pytest.mark.parametrize(
    ("line", "keeps"),
    [
        ("", False),
        ("HostKeyAlgorithms +ssh-rsa", False),
        ("HostKeyAlgorithms -ssh-rsa", False),
        ("HostKeyAlgorithms ^rsa-sha2-512", True),
        ("HostKeyAlgorithms rsa-sha2-512,ssh-ed25519", True),
    ],
)
def test_order_of_host_key_algorithms_is_the_users_where_it_is_written(
    line: str, keeps: bool
) -> None:
    assert keeps_host_key_order(resolve(line)) is keeps


@pytest.mark.parametrize(
    ("value", "has", "lacks"),
    [
        ("ssh-ed25519", {"ssh-ed25519"}, {"rsa-sha2-512", "ssh-ed25519-cert-v01@openssh.com"}),
        ("+ssh-rsa", {"ssh-rsa", "ssh-ed25519"}, set[str]()),
        ("-ssh-ed25519*", {"rsa-sha2-512"}, {"ssh-ed25519", "ssh-rsa"}),
        ("rsa*", {"rsa-sha2-256"}, {"ssh-rsa", "ssh-ed25519"}),
    ],
)
def test_algorithms_of_user_keys(value: str, has: set[str], lacks: set[str]) -> None:
    found = resolve(f"PubkeyAcceptedAlgorithms {value}")
    plan = authentication_plan(ClientOptions(), found, "me", "web1")

    assert plan.public_key_algorithms is not None
    assert has <= set(plan.public_key_algorithms)
    assert lacks.isdisjoint(plan.public_key_algorithms)


def test_list_is_equal_to_the_same_list_of_another_line() -> None:
    one, other = resolve("Ciphers aes128-ctr").ciphers, resolve("\nCiphers aes128-ctr").ciphers

    assert isinstance(one, AlgorithmList)
    assert one == other
