"""The import contracts bite: what they forbid is found when it is planted."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTED = {
    "a core reads the clock": ("ssh_wire/planted.py", "import time", "ssh_wire.planted -> time"),
    "a core draws randomness": (
        "ssh_transport/planted.py",
        "from os import urandom",
        "ssh_transport.planted -> os",
    ),
    "a core imports a driver": (
        "ssh_connection/planted.py",
        "import ssh_connection.aio",
        "ssh_connection.planted -> ssh_connection.aio",
    ),
    "a package imports what is internal to another": (
        "ssh_stack/planted.py",
        "import ssh_keys.formats.der",
        "ssh_stack.planted -> ssh_keys.formats.der",
    ),
    "a client imports a server": (
        "ssh_connection/aio/client/planted.py",
        "import ssh_connection.aio.server.session",
        "ssh_connection.aio.client.planted -> ssh_connection.aio.server.session",
    ),
    "a lower layer imports a higher": (
        "ssh_keys/planted.py",
        "import ssh_transport",
        "ssh_keys.planted -> ssh_transport",
    ),
    "a family of keys knows a format": (
        "ssh_keys/families/planted.py",
        "import ssh_keys.formats.pem",
        "ssh_keys.families.planted -> ssh_keys.formats.pem",
    ),
    "file transfer needs a transport": (
        "ssh_sftp/planted.py",
        "import ssh_transport",
        "ssh_sftp.planted -> ssh_transport",
    ),
    "authentication needs a transport": (
        "ssh_auth/planted.py",
        "import ssh_transport",
        "ssh_auth.planted -> ssh_transport",
    ),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_import_is_found(case: str, tmp_path: Path) -> None:
    module, line, finding = PLANTED[case]
    for source in ROOT.glob("packages/*/src/*"):
        if source.is_dir():
            shutil.copytree(source, tmp_path / source.name)
    (tmp_path / module).write_text(f"{line}\n")

    done = lint_imports(tmp_path)

    assert done.returncode == 1
    assert finding in done.stdout


def test_packages_keep_their_contracts() -> None:
    done = lint_imports(*ROOT.glob("packages/*/src"))

    assert done.returncode == 0, done.stdout


def lint_imports(*paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = ["lint-imports", "--no-cache", f"--config={ROOT / 'pyproject.toml'}"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
