from __future__ import annotations

from collections import Counter

import pytest

from ssh_wire.algorithms import ALGORITHMS, Algorithm, Kind, Status, algorithm, algorithms


def test_name_is_in_each_list_once() -> None:
    assert Counter((known.kind, known.name) for known in ALGORITHMS).most_common(1)[0][1] == 1


@pytest.mark.parametrize("known", ALGORITHMS, ids=lambda known: f"{known.kind} {known.name}")
def test_names_can_be_encoded_and_have_sources(known: Algorithm) -> None:
    # RFC 4251 section 6: printable US-ASCII, no comma, at most 64 characters
    assert known.name.isascii()
    assert known.name.isprintable()
    assert not {",", " "} & set(known.name)
    assert len(known.name) <= 64
    assert known.name.count("@") <= 1
    assert known.source


@pytest.mark.parametrize(
    ("kind", "name", "status"),
    [
        ("kex", "mlkem768x25519-sha256", "recommended"),
        ("kex", "diffie-hellman-group14-sha256", "allowed"),
        ("kex", "diffie-hellman-group1-sha1", "legacy"),
        ("kex", "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", "allowed"),
        ("kex", "kex-strict-s-v00@openssh.com", "marker"),
        ("host key", "ssh-rsa", "legacy"),
        ("host key", "ssh-dss", "never"),
        ("cipher", "arcfour256", "never"),
        ("cipher", "none", "never"),
        ("mac", "hmac-sha2-256", "allowed"),
        ("compression", "none", "recommended"),
        ("compression", "zlib", "never"),
    ],
)
def test_name_has_its_assessment(kind: Kind, name: str, status: Status) -> None:
    found = algorithm(kind, name)

    assert found is not None
    assert found.status == status


def test_unknown_name_is_none() -> None:
    assert algorithm("kex", "x@example.com") is None
    assert algorithm("mac", "curve25519-sha256") is None


def test_better_algorithms_come_first() -> None:
    order = ["recommended", "allowed", "legacy", "never", "marker"]
    for kind in ("kex", "host key", "cipher", "mac", "compression"):
        ranks = [order.index(known.status) for known in algorithms(kind)]
        assert ranks == sorted(ranks)
        assert ranks
