from __future__ import annotations

import pytest

from agent_samples import KEYS, certificate
from ssh_agent import Constraints, operations
from ssh_agent.messages import (
    AddConstrainedIdentity,
    AddConstrainedSmartcardKey,
    AddIdentity,
    AddSmartcardKey,
)
from ssh_agent.operations import add, add_smartcard
from ssh_wire import UsageError

KEY = KEYS["ed25519"].with_comment("of the key")


def test_key_is_sent_with_its_own_comment_by_default() -> None:
    message = add(KEY).message

    assert isinstance(message, AddIdentity)
    assert message.key.endswith(b"of the key")
    assert add(KEY, "mine").message.encode().endswith(b"\0\0\0\x04mine")


def test_constraints_choose_message() -> None:
    message = add(KEY, constraints=Constraints(confirm=True)).message

    assert isinstance(message, AddConstrainedIdentity)
    assert message.key.endswith(b"of the key\x02")


def test_certificate_goes_with_its_key() -> None:
    message = add(KEY, certificate=certificate("ed25519")).message

    assert isinstance(message, AddIdentity)
    assert certificate("ed25519").blob in message.key
    with pytest.raises(UsageError):
        add(KEYS["rsa"], certificate=certificate("ed25519"))


def test_token_is_added_plain_or_under_constraints() -> None:
    constraints = Constraints(certificates=(certificate("rsa"),), certificates_only=True)

    assert add_smartcard("t", "pin").message == AddSmartcardKey(token="t", pin=b"pin")
    assert add_smartcard("t", b"", constraints=constraints).message == AddConstrainedSmartcardKey(
        token="t", pin=b"", constraints=constraints.encode()
    )


def test_secrets_are_in_no_repr() -> None:
    for request in (
        operations.lock("secret"),
        operations.unlock("secret"),
        add_smartcard("t", "secret"),
        operations.remove_smartcard("t", "secret"),
    ):
        assert "secret" not in repr(request.message)
