"""Ansible with our ssh, sftp and scp under those names: nothing of OpenSSH's client is left."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.interop.dropin.playbooks import ping_with
from tests.interop.dropin.rig import Rig


def program(rig: Rig, name: str) -> Path:
    """The entry point of a name, with the rig's configuration."""
    code = f"from ssh_stack.cli.programs import {name}; {name}()"
    command = shlex.join([sys.executable, "-c", code, "-F", str(rig.config)])
    path = rig.program.with_name(name)
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["sftp", "scp"])
def test_ansible_transfers_files_with_our_programs(name: str, rig: Rig) -> None:
    settings = {
        "ANSIBLE_SSH_EXECUTABLE": str(program(rig, "ssh")),
        f"ANSIBLE_{name.upper()}_EXECUTABLE": str(program(rig, name)),
        "ANSIBLE_SSH_TRANSFER_METHOD": name,
        "ANSIBLE_SFTP_EXTRA_ARGS": "",
    }

    ping_with(rig, settings)
