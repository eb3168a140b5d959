from __future__ import annotations

import hmac

import pytest

from ssh_transport.macs import MACS, Mac


@pytest.mark.parametrize("name", MACS)
def test_code_covers_sequence_number_and_data(name: str) -> None:
    spec = MACS[name]
    key = bytes(range(spec.key_size))
    mac = Mac(spec, key)
    for sequence in (0, 1, 2**32 - 1):
        data = sequence.to_bytes(4, "big") + b"packet"
        expected = hmac.digest(key, data, spec.hash_name.lower())
        assert mac.code(sequence, memoryview(b"packet")) == expected[: spec.size]
    assert mac.size == len(mac.code(0, b""))
    assert spec.size == (12 if name.endswith("-96") else spec.key_size)
    assert mac.etm == name.endswith("-etm@openssh.com")
