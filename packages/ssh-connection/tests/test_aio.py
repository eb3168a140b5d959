"""The server's side loads when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ssh_connection import aio


def test_every_name_is_there() -> None:
    for name in ("ClientConnection", "ServerConnection", "ServerSettings", "Session", "User"):
        assert getattr(aio, name).__name__ == name


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        vars(aio)["__getattr__"]("Nothing")


def test_a_client_does_not_load_the_server() -> None:
    program = (
        "import sys; from ssh_connection.aio import ClientConnection, Process; "
        "print(any(name.startswith('ssh_connection.aio.server') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
