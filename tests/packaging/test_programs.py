"""The distribution that installs the commands under the names of OpenSSH's programs."""

from __future__ import annotations

import subprocess
import tomllib
import venv
import zipfile
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from ssh_stack.cli import programs

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "programs"


def project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return found


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the packages and the programs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    sources = [*sorted(map(str, ROOT.glob("packages/*"))), str(FOLDER)]
    pip(python, "install", f"--constraint={ROOT / 'constraints.txt'}", *sources)
    return python


def pip(python: Path, *argv: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *argv]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_each_program_is_a_function_of_the_command_line() -> None:
    scripts = project(FOLDER)["scripts"]
    assert set(scripts) == set(programs.PROGRAMS)
    for name, target in scripts.items():
        module, _, function = target.partition(":")
        assert module == programs.__name__
        assert function == name.replace("-", "_")
        assert callable(getattr(programs, function))


def test_extra_of_ssh_stack_installs_them() -> None:
    own, front = project(FOLDER), project(ROOT / "packages" / "ssh-stack")
    assert front["optional-dependencies"]["programs"] == ["ssh-stack-programs>=0.1,<0.2"]
    assert own["dependencies"] == ["ssh-stack>=0.1,<0.2"]
    assert own["version"] == front["version"]
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.timeout(600)
def test_wheel_has_entry_points_and_no_module(python: Path, tmp_path: Path) -> None:
    pip(python, "wheel", "--no-deps", f"--wheel-dir={tmp_path}", str(FOLDER))
    (wheel,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert all(".dist-info/" in name for name in archive.namelist())
        (name,) = [each for each in archive.namelist() if each.endswith("entry_points.txt")]
        parser = ConfigParser()
        parser.read_string(archive.read(name).decode())
    assert dict(parser["console_scripts"]) == project(FOLDER)["scripts"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(programs.PROGRAMS))
def test_program_answers_under_its_own_name(python: Path, tmp_path: Path, name: str) -> None:
    program = str(python.with_name(name))
    done = subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {name} ")
    assert "ssh-stack" not in done.stdout.splitlines()[0]
    wrong = subprocess.run(
        [program, "-\N{MICRO SIGN}"], capture_output=True, text=True, check=False, timeout=60
    )
    assert wrong.returncode != 0
    assert wrong.stderr.startswith(f"{name}: ")
