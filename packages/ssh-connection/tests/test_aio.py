"""The server's side loads when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ssh_connection import aio


def test_names_of_both_roles_are_exported() -> None:
    for name in ("ClientConnection", "ServerConnection", "ServerSettings", "Session", "User"):
        assert getattr(aio, name).__name__ == name


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        vars(aio)["__getattr__"]("Nothing")


def test_server_modules_are_not_loaded_for_a_client() -> None:
    program = (
        "import sys; from ssh_connection.aio import ClientConnection, Process; "
        "print(any(name.startswith('ssh_connection.aio.server') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
