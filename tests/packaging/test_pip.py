"""The packages install with pip alone, as a user without uv or nox does it."""

from __future__ import annotations

import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(ROOT.glob("packages/*"))
LICENCE = (ROOT / "LICENSE").read_bytes()
MODULES = [package.name.replace("-", "_") for package in PACKAGES]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that holds the packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip(python, "install", f"--constraint={ROOT / 'constraints.txt'}", *map(str, PACKAGES))
    return python


def pip(python: Path, *argv: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *argv]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.mark.timeout(600)
def test_every_package_imports(python: Path, tmp_path: Path) -> None:
    for module in MODULES:
        subprocess.run(
            [str(python), "-c", f"import {module}"], check=True, timeout=60, cwd=tmp_path
        )


@pytest.mark.timeout(600)
def test_pip_finds_no_conflict(python: Path) -> None:
    pip(python, "check")


@pytest.mark.timeout(600)
def test_command_is_installed(python: Path, tmp_path: Path) -> None:
    command = [str(python.with_name("ssh-stack")), "--help"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, cwd=tmp_path)

    assert done.returncode == 0, done.stderr.decode()


USER = """
def test_program(ssh_server, sftp_server, ssh_agent):
    ssh_server.answer("uptime", "up 3 days")
    ssh_agent.add(ssh_server.user_key)
    with ssh_server.connect_blocking() as conn:
        assert conn.run("uptime", text=True).stdout == "up 3 days"
"""


@pytest.mark.timeout(600)
def test_extra_gives_pytest_the_fixtures(python: Path, tmp_path: Path) -> None:
    wanted = f"{ROOT / 'packages' / 'ssh-stack'}[pytest]"
    pip(python, "install", f"--constraint={ROOT / 'constraints.txt'}", wanted)
    (tmp_path / "test_program.py").write_text(USER)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # not that of a folder above
    command = [str(python), "-m", "pytest", "-q", "-W", "error"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.timeout(600)
def test_wheels_are_typed_and_pure(python: Path, tmp_path: Path) -> None:
    pip(python, "wheel", "--no-deps", f"--wheel-dir={tmp_path}", *map(str, PACKAGES))
    wheels = sorted(tmp_path.iterdir())

    assert [wheel.name.partition("-")[0] for wheel in wheels] == MODULES
    for wheel, module in zip(wheels, MODULES, strict=True):
        names = zipfile.ZipFile(wheel).namelist()
        assert wheel.name.endswith("-py3-none-any.whl")
        assert f"{module}/py.typed" in names
        assert not [name for name in names if "tests/" in name]
        licences = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
        assert [zipfile.ZipFile(wheel).read(name) for name in licences] == [LICENCE]
