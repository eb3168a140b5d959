from __future__ import annotations

import pytest

from fuzz.mutation import mutations
from fuzz.registry import files, leaves, targets
from fuzz.target import LARGEST, Target, one_of


class Declared(Exception):
    pass


def decode(data: bytes) -> int:
    if len(data) < 4:
        raise Declared
    return data[int.from_bytes(data[:4], "big")]  # a bug: the index is the peer's


PLANTED = Target(name="planted", function=decode, seeds=[b"\0\0\0\4x"], allowed=(Declared,))


def test_planted_bug_is_found() -> None:
    inputs = list(mutations(PLANTED, 1_000))

    with pytest.raises(IndexError):
        list(map(PLANTED.run, inputs))


def test_declared_error_is_not_a_finding() -> None:
    assert PLANTED.run(b"ab") is False
    assert PLANTED.run(b"\0\0\0\4x") is True


def test_same_seed_gives_the_same_inputs() -> None:
    assert list(mutations(PLANTED, 50, seed=3)) == list(mutations(PLANTED, 50, seed=3))
    assert list(mutations(PLANTED, 50, seed=3)) != list(mutations(PLANTED, 50, seed=4))
    assert max(map(len, mutations(PLANTED, 500))) <= LARGEST


def test_memory_that_a_number_asks_for_is_seen() -> None:
    greedy = Target(
        name="greedy", function=lambda data: bytes(data[0] << 20), seeds=[b"\1"], allowed=()
    )

    assert greedy.memory(b"\5") > greedy.may_hold(b"\5")
    assert greedy.memory(b"\0") <= greedy.may_hold(b"\0")


def test_first_byte_of_the_input_chooses_the_target() -> None:
    seen: list[tuple[str, bytes]] = []
    first = Target(name="a", function=lambda d: seen.append(("a", d)), seeds=[b"1"], allowed=())
    second = Target(name="b", function=lambda d: seen.append(("b", d)), seeds=[b"2"], allowed=())

    both = one_of("both", [first, second])
    for data in (b"", *both.seeds, b"\3x"):
        both.run(data)

    assert seen == [("a", b"1"), ("b", b"2"), ("b", b"x")]


def test_every_file_has_targets_and_every_name_is_one() -> None:
    assert files()
    assert targets()
    names = [leaf.name for leaf in leaves()]
    assert len(names) == len(set(names))


def test_target_without_a_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seeds"):
        Target(name="none", function=decode, seeds=[], allowed=())


@pytest.mark.parametrize(
    ("seed", "longest"), [(1, 256), (128, 256), (1000, 2000), (LARGEST, LARGEST), (5000, 5000)]
)
def test_guided_inputs_are_near_the_length_of_the_seeds_and_cut_none(
    seed: int, longest: int
) -> None:
    target = Target(name="any", function=bytes, seeds=[b"x", bytes(seed)], allowed=())
    assert target.longest == longest
