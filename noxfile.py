"""Every check of the project, each in an environment of its own; plain `nox` does not take hours.

`nox -s "tests-3.11(package='ssh-wire')"` runs one, and words after `--` go to pytest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import nox

PACKAGES = {
    path.parent.name: tomllib.loads(path.read_text())["project"]
    for path in sorted(Path("packages").glob("*/pyproject.toml"))
}
MODULES = [package.replace("-", "_") for package in PACKAGES]
PYTHONS = ["3.11", "3.13"]
CONSTRAINTS = ["--constraint=constraints.txt", "--build-constraint=constraints.txt"]
LOOSE = ["tests", "tools", "benchmarks", "examples", "fuzz", "noxfile.py"]
WITH_A_SESSION = ["docs", "fuzz", "interop", "packaging", "typing"]
GROUPS = tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_external_run = True


def _expose_interpreters() -> None:
    """Put each Python at the front of PATH, past shims that answer to a name they cannot run."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in reversed(PYTHONS):
        on_path = shutil.which(f"python{version}")
        known = [Path(on_path)] if on_path else []
        for python in [*known, *pyenv.glob(f"{version}.*/bin/python{version}")]:
            if _runs(python):
                os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
                break


def _runs(python: Path) -> bool:
    command = [str(python), "-c", "import ssl"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


_expose_interpreters()


def _with_siblings(package: str) -> set[str]:
    """The package and those of this workspace that it declares, directly or through another."""
    declared = {
        name for line in PACKAGES[package]["dependencies"] for name in [line.split(">")[0]]
    }
    siblings = [_with_siblings(name) for name in declared & PACKAGES.keys()]
    return {package}.union(*siblings)


def _install(session: nox.Session, packages: set[str], *groups: str) -> None:
    editable = [f"--editable=packages/{package}" for package in sorted(packages)]
    session.install(*CONSTRAINTS, *editable, *(f"--group={group}" for group in groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, sizes, and generated files that are up to date."""
    _install(session, set(PACKAGES), "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("python", "tools/check_sizes.py")
    session.run("python", "tools/generate_sync.py", "--check")


@nox.session
def layers(session: nox.Session) -> None:
    """The import order of the packages, and no I/O in a core."""
    _install(session, set(PACKAGES), "lint")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Both checkers in strict mode, and no public name without a type."""
    _install(session, set(PACKAGES), *GROUPS)
    for package in PACKAGES:
        session.run("mypy", f"packages/{package}/src", f"packages/{package}/tests")
    session.run("mypy", "--explicit-package-bases", *LOOSE)
    session.run("pyright")
    for module in MODULES:
        session.run("pyright", "--verifytypes", module, "--ignoreexternal")


@nox.session
def pins(session: nox.Session) -> None:
    """The built packages fit together by their own version pins, and pip alone installs them."""
    folder = Path(session.create_tmp()) / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    build = ["uv", "build", "--all-packages", "--wheel", f"--out-dir={folder}"]
    session.run(*build, "--build-constraint=constraints.txt", silent=True)
    session.install("--constraint=constraints.txt", *map(str, sorted(folder.glob("*.whl"))))
    for module in MODULES:
        session.run("python", "-c", f"import {module}")
    session.install("--constraint=constraints.txt", "--group=test")
    session.run("pytest", "tests/packaging", *session.posargs)


@nox.session(python=PYTHONS)
@nox.parametrize("package", list(PACKAGES))
def tests(session: nox.Session, package: str) -> None:
    """One package's tests, where nothing is installed but what the package declares."""
    _install(session, _with_siblings(package), "test")
    session.run("pytest", f"packages/{package}/tests", *session.posargs)


@nox.session
def cross(session: nox.Session) -> None:
    """What crosses packages and needs no peer."""
    _install(session, set(PACKAGES), "test", "lint")
    others = [f"--ignore=tests/{name}" for name in WITH_A_SESSION]
    session.run("pytest", "tests", *others, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Every decoder against inputs that are damaged in ways that repeat."""
    _install(session, set(PACKAGES), "test")
    session.run("pytest", "tests/fuzz", *session.posargs)


@nox.session(default=False)
def atheris(session: nox.Session) -> None:
    """A fuzz target for as long as wanted: `nox -s atheris -- NAME --runs 10000000`."""
    _install(session, set(PACKAGES), "fuzz")
    session.run("python", "-m", "fuzz", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Every snippet of every README and page, and every example, runs."""
    _install(session, set(PACKAGES), "test", "docs")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """The project against programs that it did not write; the last line says which."""
    _install(session, set(PACKAGES), "test", "peers", "docs")
    session.run("pytest", "tests/interop", *session.posargs)


@nox.session(default=False)
def product(session: nox.Session) -> None:
    """Every combination of algorithms with each OpenSSH, in both roles: `-- -k 'sid-client'`."""
    _install(session, set(PACKAGES), "test")
    session.run("pytest", "tests/interop/test_product.py", "--product", "-v", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Ratios against OpenSSH, AsyncSSH and Paramiko, in one interleaved run."""
    _install(session, set(PACKAGES), "peers")
    if not session.posargs:
        session.run("python", "-m", "benchmarks.messages")
        session.run("python", "-m", "benchmarks.transport")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def constraints(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest versions that fit, for every supported Python."""
    options = ["--universal", "--python-version=3.11", "--upgrade", "--no-header", "--no-annotate"]
    options += ["--no-emit-index-url", "--no-emit-find-links", "--output-file=constraints.txt"]
    options += [f"--group={group}" for group in GROUPS]
    options += [f"--no-emit-package={package}" for package in PACKAGES]
    sources = [f"packages/{package}/pyproject.toml" for package in PACKAGES]
    session.run("uv", "pip", "compile", "--quiet", *options, *sources)
