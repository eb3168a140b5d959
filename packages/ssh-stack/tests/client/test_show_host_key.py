"""VisualHostKey: a picture of the key of a known host."""

from __future__ import annotations

import logging

import pytest

from loopback_server import HOST_KEY, serving
from ssh_keys.randomart import randomart


async def test_picture_of_known_host_key_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ssh_stack")
    lines = ["VisualHostKey yes", "FingerprintHash sha512"]
    async with serving() as here, here.connect(config_options=lines):
        pass

    key = HOST_KEY.public_key
    assert f"Host key fingerprint is: {key.fingerprint('sha512')}" in caplog.text
    assert randomart(key, "sha512") in caplog.text


async def test_no_picture_is_told_unless_it_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ssh_stack")
    async with serving() as here, here.connect():
        pass

    assert "fingerprint" not in caplog.text
