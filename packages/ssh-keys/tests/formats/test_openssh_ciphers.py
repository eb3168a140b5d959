from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys.formats.openssh_ciphers import CIPHERS, WrongTag


def keys_of(name: str) -> tuple[bytes, bytes]:
    cipher = CIPHERS[name]
    return bytes(range(cipher.key_size)), bytes(range(cipher.iv_size))


@given(name=st.sampled_from(sorted(CIPHERS)), blocks=st.binary(min_size=1, max_size=20))
@settings(deadline=None)
def test_encrypted_text_is_decrypted(name: str, blocks: bytes) -> None:
    cipher = CIPHERS[name]
    plain = blocks * cipher.block_size
    key, iv = keys_of(name)
    sealed, tag = cipher.mode.encrypt(key, iv, plain)
    assert sealed != plain
    assert len(sealed) == len(plain)
    assert len(tag) == cipher.tag_size
    assert cipher.mode.decrypt(key, iv, sealed, tag) == plain


@pytest.mark.parametrize("name", [name for name, row in CIPHERS.items() if row.tag_size])
def test_wrong_tag_is_refused(name: str) -> None:
    cipher = CIPHERS[name]
    key, iv = keys_of(name)
    sealed, tag = cipher.mode.encrypt(key, iv, bytes(64))
    wrong = [
        (key, sealed, bytes([tag[0] ^ 1]) + tag[1:]),
        (key, bytes([sealed[0] ^ 1]) + sealed[1:], tag),
        (key[::-1], sealed, tag),
    ]
    for bad_key, bad_sealed, bad_tag in wrong:
        with pytest.raises(WrongTag, match="passphrase is wrong"):
            cipher.mode.decrypt(bad_key, iv, bad_sealed, bad_tag)
