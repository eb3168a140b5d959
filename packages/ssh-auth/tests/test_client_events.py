from __future__ import annotations

from ssh_auth import KeyCredential, KeySigner, SignatureNeeded
from ssh_keys import PrivateKey


def test_events_do_not_show_what_is_signed(key: PrivateKey) -> None:
    event = SignatureNeeded(KeyCredential(KeySigner(key)), "ssh-ed25519", b"to be signed")

    assert "to be signed" not in repr(event)
