from __future__ import annotations

import attrs
import pytest
from nacl.pwhash import argon2i, argon2id

from ssh_keys import KeyFormatError, TooCostly
from ssh_keys.formats.ppk_kdf import MAX_MEMORY, MAX_WORK, Argon2, derive, sha1, unencrypted_keys

SMALL = Argon2("Argon2id", 32, 3, 4, bytes([2]) * 16)


def test_derived_keys_are_those_of_libsodium() -> None:
    for flavour, other in (("Argon2id", argon2id), ("Argon2i", argon2i)):
        cost = Argon2(flavour, 64, 3, 1, bytes(range(16)))
        theirs = other.kdf(80, b"pass", cost.salt, opslimit=3, memlimit=64 * 1024)
        assert b"".join(cost.derive(b"pass")) == theirs


def test_every_flavour_gives_other_keys() -> None:
    made = [
        attrs.evolve(SMALL, flavour=f).derive(b"pass") for f in ("Argon2id", "Argon2i", "Argon2d")
    ]
    for keys in made:
        assert (len(keys.cipher), len(keys.iv), len(keys.mac)) == (32, 16, 32)
    assert len(set(made)) == 3


def test_cost_of_a_new_file_is_that_of_puttygen() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    cost = Argon2.fresh(random)
    cost.check()
    assert cost == Argon2("Argon2id", 8192, 13, 1, bytes(16))
    assert asked == [16]


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("memory", "passes", "parallelism"),
    [
        (MAX_MEMORY + 1, 1, 1),
        (999_999_999, 1, 1),
        (32, MAX_WORK // 32 + 1, 1),
        (32, 999_999_999, 1),
        (MAX_MEMORY, MAX_WORK // MAX_MEMORY + 1, 1),
        (32, 1, 17),
    ],
)
def test_excessive_cost_is_refused(memory: int, passes: int, parallelism: int) -> None:
    with pytest.raises(TooCostly, match=r"too much work|too many"):
        Argon2("Argon2id", memory, passes, parallelism, bytes(16)).check()


@pytest.mark.row("K08")
def test_highest_allowed_cost_is_accepted() -> None:
    attrs.evolve(SMALL, memory=MAX_MEMORY, passes=MAX_WORK // MAX_MEMORY).check()
    attrs.evolve(SMALL, passes=MAX_WORK // 32, parallelism=16).check()


@pytest.mark.parametrize("flavour", ["argon2id", "Argon2", "", "Argon2id\x1b"])
def test_unknown_flavour_is_refused(flavour: str) -> None:
    with pytest.raises(KeyFormatError, match="unknown key derivation"):
        attrs.evolve(SMALL, flavour=flavour).check()


@pytest.mark.parametrize(
    ("memory", "passes", "parallelism", "salt"),
    [
        (0, 1, 1, bytes(16)),
        (31, 1, 4, bytes(16)),
        (32, 0, 1, bytes(16)),
        (32, 1, 0, bytes(16)),
        (32, 1, 1, b"short"),
    ],
)
def test_parameters_that_argon2_does_not_have_are_refused(
    memory: int, passes: int, parallelism: int, salt: bytes
) -> None:
    cost = Argon2("Argon2id", memory, passes, parallelism, salt)
    cost.check()
    with pytest.raises(KeyFormatError, match="no such key derivation"):
        cost.derive(b"pass")


def test_sha1_of_known_bytes() -> None:
    # FIPS 180-2 appendix A.1
    assert sha1(b"abc").hex() == "a9993e364706816aba3e25717850c26c9cd0d89d"


def test_version_2_has_no_cost() -> None:
    keys = derive(None, b"pass")
    halves = [sha1(bytes([0, 0, 0, n]) + b"pass") for n in (0, 1)]
    assert keys.cipher == b"".join(halves)[:32]
    assert keys.iv == bytes(16)
    assert keys.mac == sha1(b"putty-private-key-file-mac-keypass")
    assert derive(SMALL, b"pass") == SMALL.derive(b"pass")


def test_unencrypted_file_has_a_mac_key_alone() -> None:
    assert unencrypted_keys(3) == (b"", b"", b"")
    assert unencrypted_keys(2) == (b"", b"", sha1(b"putty-private-key-file-mac-key"))
