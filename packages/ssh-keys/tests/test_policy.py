from __future__ import annotations

import attrs
import pytest

from ssh_keys import KeyPolicy
from ssh_wire import UsageError


def test_policies_differ_in_the_shortest_rsa_key() -> None:
    assert KeyPolicy(min_rsa_bits=2048) == KeyPolicy.DEFAULT
    assert KeyPolicy(min_rsa_bits=1024) == KeyPolicy.LEGACY


@pytest.mark.parametrize(("bits", "policy"), [(2048, "DEFAULT"), (2047, "LEGACY"), (0, "LEGACY")])
def test_policy_for_a_size_reads_keys_of_that_size(bits: int, policy: str) -> None:
    assert KeyPolicy.for_rsa(bits) is getattr(KeyPolicy, policy)


def test_policy_does_not_change() -> None:
    for field in attrs.fields(KeyPolicy):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(KeyPolicy.DEFAULT, field.name, 4096)


@pytest.mark.parametrize("bits", [1023, 0, -1])
def test_policy_of_keys_that_anyone_can_factor_is_refused(bits: int) -> None:
    with pytest.raises(UsageError, match=f"min_rsa_bits is {bits}"):
        KeyPolicy(min_rsa_bits=bits)
