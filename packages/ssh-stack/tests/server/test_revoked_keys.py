"""Keys of users that must not be believed any more."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from loopback_server import USER, USER_KEY, serving
from ssh_auth import AuthenticationFailed
from ssh_keys import RevocationList
from ssh_keys.files import write_revoked_keys
from ssh_stack import AuthorizedKeys, ConfigError, TrustedUserCAKeys
from ssh_stack.server.revoked_keys import RevokedKeys
from user_certificates import CA, KEY, OTHER_CA, certified


def krl() -> RevocationList:
    revoked = RevocationList()
    revoked.revoke(KEY.public_key)
    revoked.revoke_serials(CA.public_key, 7)
    revoked.revoke_key_id(CA.public_key, "lost")
    return revoked


@pytest.mark.parametrize("form", ["list", "content", "file", "several"])
async def test_list_in_every_form_revokes_keys_and_certificates(tmp_path: Path, form: str) -> None:
    write_revoked_keys(tmp_path / "krl", krl())
    forms: dict[str, Any] = {
        "list": krl(),
        "content": krl().to_blob(),
        "file": tmp_path / "krl",
        "several": [RevocationList(), krl()],
    }
    revoked = RevokedKeys(forms[form])

    assert await revoked.revokes(KEY.public_key)
    assert not await revoked.revokes(USER_KEY.public_key)
    assert await revoked.revokes(certified(serial=7, key=USER_KEY))
    assert await revoked.revokes(certified(key_id="lost", key=USER_KEY))
    assert await revoked.revokes(certified())  # its key is
    assert not await revoked.revokes(certified(serial=8, key=USER_KEY))
    assert not await revoked.revokes(certified(OTHER_CA, serial=7, key=USER_KEY))


async def test_revoked_authority_revokes_its_certificates() -> None:
    revoked = RevocationList()
    revoked.revoke(CA.public_key)

    assert await RevokedKeys(revoked).revokes(certified())


async def test_file_is_read_again_and_refuses_everything_when_unreadable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "revoked"
    path.write_text(f"{KEY.public_key.to_openssh()}\n")
    revoked = RevokedKeys(path)
    assert await revoked.revokes(KEY.public_key)
    assert not await revoked.revokes(USER_KEY.public_key)

    path.write_text("garbage\n")
    with caplog.at_level(logging.ERROR):
        assert await revoked.revokes(USER_KEY.public_key)
    assert "so no key is accepted" in caplog.text
    path.unlink()
    assert await revoked.revokes(USER_KEY.public_key)


@pytest.mark.parametrize("content", [None, "garbage\n"])
def test_unreadable_list_raises_config_error(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "revoked").write_text(content)

    with pytest.raises(ConfigError, match="so no key is accepted"):
        RevokedKeys(tmp_path / "revoked")


async def test_server_refuses_revoked_key_and_certificate(
    caplog: pytest.LogCaptureFixture,
) -> None:
    revoked = RevocationList()
    auth = [
        AuthorizedKeys([USER_KEY.public_key], [USER]),
        TrustedUserCAKeys([CA.public_key], users=[USER]),
    ]
    certificate = certified(key=USER_KEY, principals=(USER,), serial=7)
    async with serving(auth=auth, revoked_keys=revoked) as here:
        async with here.connect():
            pass
        async with here.connect(certificates=[certificate]) as connection:
            assert connection.auth_attempts[-1].certificate is not None

        revoked.revoke_serials(CA.public_key, 7)
        async with here.connect(certificates=[certificate]) as connection:
            assert connection.auth_attempts[-1].certificate is None

        revoked.revoke(USER_KEY.public_key)
        with pytest.raises(AuthenticationFailed):
            await here.connect(certificates=[certificate]).open()
    assert f"revoked key {USER_KEY.public_key.fingerprint()} refused for {USER}" in caplog.text
