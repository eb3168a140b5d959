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
NEWEST = "3.15"  # the newest that the dependencies have wheels for
WORKERS = "--numprocesses=2"  # of pytest-xdist
CONSTRAINTS = ["--constraint=constraints.txt", "--build-constraint=constraints.txt"]
LOOSE = ["tests", "tools", "benchmarks", "docs", "examples", "fuzz", "noxfile.py"]
WITH_A_SESSION = ["docs", "fuzz", "interop", "newest", "packaging", "typing"]
GROUPS = tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_external_run = True


def _expose_interpreters() -> None:
    """Put the oldest release of each Python that runs at the front of PATH.

    What a later 3.11 has mended, Debian 12's own has not; shims that answer to a name which
    they cannot run are passed over.
    """
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in reversed(PYTHONS):
        name = f"python{version}"
        found = [*(folder / name for folder in folders), *pyenv.glob(f"{version}.*/bin/{name}")]
        releases = {python: _release(python) for python in found if python.is_file()}
        usable = [python for python in releases if releases[python]]
        if usable:
            oldest = min(usable, key=lambda python: releases[python])
            os.environ["PATH"] = f"{oldest.parent}{os.pathsep}{os.environ['PATH']}"


def _release(python: Path) -> tuple[int, ...]:
    """Return the release of an interpreter, (3, 11, 2); () where it does not run."""
    program = "import ssl, sys; print(*sys.version_info[:3])"
    command = [str(python), "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


_expose_interpreters()


def _with_siblings(package: str) -> set[str]:
    """Return the package and its dependencies in this workspace, direct or not."""
    declared = {
        name for line in PACKAGES[package]["dependencies"] for name in [line.split(">")[0]]
    }
    siblings = [_with_siblings(name) for name in declared & PACKAGES.keys()]
    return {package}.union(*siblings)


def _install(session: nox.Session, packages: set[str], *groups: str) -> None:
    editable = [f"--editable=packages/{package}" for package in sorted(packages)]
    session.install(*CONSTRAINTS, *editable, *(f"--group={group}" for group in groups))


@nox.session(default=False, tags=["quick"])
def quick(session: nox.Session) -> None:
    """Check in five minutes: style, import order, and the tests of every package."""
    _install(session, set(PACKAGES), "test", "lint")
    _check_style(session)
    session.run("lint-imports")
    session.run("python", "tools/check_private.py")
    for package in PACKAGES:
        session.run("pytest", "-q", WORKERS, f"packages/{package}/tests", *session.posargs)
    session.run("pytest", "-q", "tests/surface", "tests/generated")


def _build_wheels(session: nox.Session, folder: Path) -> None:
    build = ["uv", "build", "--all-packages", "--wheel", f"--out-dir={folder}"]
    session.run(*build, "--build-constraint=constraints.txt", silent=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, sizes, and generated files that are up to date."""
    _install(session, set(PACKAGES), "lint")
    _check_style(session)


def _check_style(session: nox.Session) -> None:
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("python", "tools/check_words.py")
    session.run("python", "tools/check_sizes.py")
    session.run("python", "tools/generate_sync.py", "--check")
    session.run("python", "tools/draw_tables.py", "--check")


@nox.session
def layers(session: nox.Session) -> None:
    """Check the import order of the packages, and that a core does no I/O."""
    _install(session, set(PACKAGES), "lint")
    session.run("lint-imports")
    session.run("python", "tools/check_private.py")


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
    """Check that pip installs the built packages together, by their own version pins."""
    folder = Path(session.create_tmp()) / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    _build_wheels(session, folder)
    session.install("--constraint=constraints.txt", *map(str, sorted(folder.glob("*.whl"))))
    for module in MODULES:
        session.run("python", "-c", f"import {module}")
    # the names of OpenSSH's programs are installed nowhere else: other sessions want its own
    session.install("--constraint=constraints.txt", "--group=test")
    session.run("pytest", "tests/packaging", *session.posargs)


@nox.session(python=PYTHONS)
@nox.parametrize("package", list(PACKAGES))
def tests(session: nox.Session, package: str) -> None:
    """One package's tests, where nothing is installed but what the package declares."""
    _install(session, _with_siblings(package), "test")
    session.run("pytest", WORKERS, f"packages/{package}/tests", *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Each package's tests on the newest Python, in a container: no Debian 12 has it."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:  # noqa: S607
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            session.error("required, but missing: a container engine")
        session.skip("no container engine answers")
    wheels, folder = (Path(session.create_tmp()) / name for name in ("wheels", "installed"))
    for each in (wheels, folder):
        shutil.rmtree(each, ignore_errors=True)
    _build_wheels(session, wheels)
    session.run(
        *("uv", "pip", "install", "--quiet", "--only-binary=:all:", f"--python-version={NEWEST}"),
        *("--constraint=constraints.txt", f"--target={folder}", "--group=test"),
        *map(str, sorted(wheels.glob("*.whl"))),
    )
    session.run("tests/newest/run", NEWEST, str(folder), *session.posargs, external=True)


@nox.session
def cross(session: nox.Session) -> None:
    """Run the tests that cross packages and need no peer."""
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
    """Run a fuzz target for as long as wanted: `nox -s atheris -- NAME --runs 10000000`."""
    _install(session, set(PACKAGES), "fuzz")
    session.run("python", "-m", "fuzz", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site without a warning; run every snippet and every example."""
    _install(session, set(PACKAGES), "test", "docs", "peers")
    site = Path(session.create_tmp()) / "site"
    session.run("sphinx-build", "-q", "-E", "-W", "--keep-going", "docs", str(site))
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """Test against programs of other projects; the last line says which."""
    _install(session, set(PACKAGES), "test", "peers", "kerberos", "callers", "docs")
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
def mutation(session: nox.Session) -> None:
    """Change what accepts users in one place at a time; the tests must notice 95 % of it."""
    _install(session, {"ssh-auth"}, "test", "mutation")
    session.run("python", "tools/mutation.py", *session.posargs)


@nox.session(default=False)
def constraints(session: nox.Session) -> None:
    """Write constraints.txt: the newest versions that fit, for every supported Python."""
    options = ["--universal", "--python-version=3.11", "--upgrade", "--no-header", "--no-annotate"]
    options += ["--no-emit-index-url", "--no-emit-find-links", "--output-file=constraints.txt"]
    options += [f"--group={group}" for group in GROUPS]
    options += [f"--no-emit-package={package}" for package in PACKAGES]
    sources = [f"packages/{package}/pyproject.toml" for package in PACKAGES]
    session.run("uv", "pip", "compile", "--quiet", *options, *sources)
