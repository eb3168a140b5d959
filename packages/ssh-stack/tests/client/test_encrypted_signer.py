"""Encrypted keys: the passphrase is asked for when a signature is wanted, and not before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ssh_keys import (
    KeyDecryptError,
    KeyFormatError,
    PassphraseNeeded,
    PrivateKey,
    load_private_key,
)
from ssh_stack.client.encrypted_signer import EncryptedSigner

KEY = PrivateKey.generate("ed25519")
DATA = KEY.to_openssh("right")


class Asker:
    """Gives one answer after the other."""

    def __init__(self, answers: Sequence[str | None]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self) -> str | None:
        self.asked += 1
        return self.answers.pop(0)


def signer(asker: Asker, *, presented: bool = True) -> EncryptedSigner:
    public = KEY.public_key if presented else None
    return EncryptedSigner(lambda p: load_private_key(DATA, p), "file key", asker, public)


async def test_passphrase_is_asked_for_once() -> None:
    asker = Asker(["right"])
    locked = signer(asker)
    assert (locked.public_key, locked.source, asker.asked) == (KEY.public_key, "file key", 0)
    for _ in range(2):
        KEY.public_key.verify(b"data", await locked.sign(b"data", "ssh-ed25519"))
    assert asker.asked == 1


async def test_wrong_passphrase_is_asked_for_again_up_to_three_times() -> None:
    assert (await signer(Asker(["wrong", "right"])).unlock()).public_key == KEY.public_key
    asker = Asker(["1", "2", "3", "right"])
    with pytest.raises(KeyDecryptError):
        await signer(asker).sign(b"", "ssh-ed25519")
    assert asker.asked == 3


async def test_missing_key_file_at_signing_raises_key_format_error() -> None:
    def gone(_passphrase: str | bytes | None) -> PrivateKey:
        raise FileNotFoundError(2, "No such file or directory")

    locked = EncryptedSigner(gone, "file key", Asker(["right"]), KEY.public_key)
    with pytest.raises(KeyFormatError, match="file key cannot be read: No such file"):
        await locked.sign(b"", "ssh-ed25519")


@pytest.mark.parametrize("answer", [None, ""])
async def test_missing_passphrase_raises_passphrase_needed(answer: str | None) -> None:
    with pytest.raises(PassphraseNeeded):
        await signer(Asker([answer])).unlock()


async def test_public_key_of_encrypted_pem_needs_passphrase() -> None:
    locked = signer(Asker(["right"]), presented=False)
    with pytest.raises(PassphraseNeeded):
        _ = locked.public_key
    await locked.unlock()
    assert locked.public_key == KEY.public_key
