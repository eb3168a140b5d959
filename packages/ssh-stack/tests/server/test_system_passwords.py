"""Libraries that passwords of the machine need; with them, tests/interop tries them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from ssh_auth import Accept, AuthContext, Reject
from ssh_stack import CryptPasswords, PAMPasswords
from ssh_wire import UsageError


def test_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crypt_r", None)
    monkeypatch.setitem(sys.modules, "pamela", None)
    with pytest.raises(UsageError, match=r"pip install 'ssh-stack\[crypt\]'"):
        CryptPasswords({})
    with pytest.raises(UsageError, match=r"pip install 'ssh-stack\[pam\]'"):
        PAMPasswords()


async def test_unknown_user_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def crypt(_password: str, salt: str) -> str:
        hashed.append(salt)
        return salt

    monkeypatch.setitem(sys.modules, "crypt_r", SimpleNamespace(crypt=crypt))
    passwords = CryptPasswords({"me": "$6$salt$hash", "locked": "*0"})
    assert await passwords.decide(AuthContext(user="me"), "x") == Accept()
    for user in ("nobody", "locked"):
        assert await passwords.decide(AuthContext(user=user), "x") == Reject()
    assert hashed == ["$6$salt$hash", "$6$ssh-stack$", "*0"]
