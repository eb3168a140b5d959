"""HostKeyAlias: what known_hosts and a host certificate are asked for, as `ssh` asks."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

import ssh_stack
from ssh_stack.errors import HostKeyError
from tests.interop import local

_ALIAS: Final = "Inner.Example"  # `ssh` writes it in small letters
_PRINCIPALS: Final = "inner.example"
_ENTRIES: Final = {
    "the alias": "inner.example",
    "the alias in other letters": "INNER.example",
    "a pattern": "*.example",
    "the alias with the port": "[inner.example]:{port}",
    "the host": "127.0.0.1",
    "the host with the port": "[127.0.0.1]:{port}",
    "another name": "outer.example",
}


def _run(command: str, folder: Path) -> None:
    subprocess.run(command, shell=True, check=True, timeout=60, cwd=folder)  # noqa: S602 (of this file)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[local.LocalSshd]:
    """An sshd with a host key alone."""
    if reason := local.unavailable():
        pytest.skip(reason)
    with local.serve(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="module", params=[_PRINCIPALS, "127.0.0.1"])
def certified(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[str, local.LocalSshd]]:
    """An sshd with a certificate for the alias, or for its address."""
    if reason := local.unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("server")
    _run("ssh-keygen -q -t ed25519 -N '' -f ca", folder)
    sign = f"ssh-keygen -q -s ca -I host -h -n {request.param} host_key.pub"
    options = [f"HostCertificate={folder / 'host_key-cert.pub'}"]
    with local.serve(folder, options, before=lambda: _run(sign, folder)) as found:
        yield request.param, found


def _lines(server: local.LocalSshd, known: Path, policy: str) -> Sequence[str]:
    return (
        f"UserKnownHostsFile {known}",
        "GlobalKnownHostsFile none",
        f"StrictHostKeyChecking {policy}",
        f"IdentityFile {server.key}",
        "IdentitiesOnly yes",
        "IdentityAgent none",
        "BatchMode yes",
        "UpdateHostKeys no",
        f"Port {server.port}",
    )


def _theirs(server: local.LocalSshd, lines: Sequence[str], alias: str | None) -> bool:
    named = [] if alias is None else [f"HostKeyAlias {alias}"]
    options = [word for line in (*lines, *named) for word in ("-o", line)]
    done = subprocess.run(
        ["ssh", "-F", "none", *options, f"{server.user}@127.0.0.1", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


async def _ours(server: local.LocalSshd, lines: Sequence[str], **more: Any) -> bool:
    more.setdefault("config_options", lines)
    try:
        async with ssh_stack.connect("127.0.0.1", username=server.user, config=None, **more):
            return True
    except HostKeyError:
        return False


async def _all(
    server: local.LocalSshd, text: str, policy: str, alias: str | None, folder: Path
) -> list[tuple[bool, str]]:
    """What `ssh`, our configuration and our API make of a known_hosts file."""
    found: list[tuple[bool, str]] = []
    for name in ("theirs", "configuration", "api"):
        known = folder / name
        known.write_text(text)
        lines = _lines(server, known, policy)
        if name == "theirs":
            passed = _theirs(server, lines, alias)
        elif alias is None:
            passed = await _ours(server, lines)
        elif name == "configuration":
            passed = await _ours(server, lines, config_options=[*lines, f"HostKeyAlias {alias}"])
        else:
            passed = await _ours(server, lines, host_key_alias=alias)
        found.append((passed, known.read_text().rstrip("\n")))
    return found


@pytest.mark.parametrize("entry", _ENTRIES)
@pytest.mark.parametrize("policy", ["yes", "accept-new"])
@pytest.mark.parametrize("alias", [_ALIAS, None])
@pytest.mark.parametrize("marker", ["", "@revoked "])
async def test_known_hosts_is_asked_and_added_to_by_the_alias_as_by_ssh(
    server: local.LocalSshd,
    entry: str,
    policy: str,
    alias: str | None,
    marker: str,
    tmp_path: Path,
) -> None:
    name = _ENTRIES[entry].format(port=server.port)
    text = f"{marker}{name} {server.host_key}\n"

    theirs, configured, given = await _all(server, text, policy, alias, tmp_path)

    if marker and alias is None and entry == "the host":
        # stricter than ssh: an entry without the port revokes for every port
        assert configured == given == (False, text.rstrip("\n"))
        return
    assert theirs == configured == given
    if alias is not None and not marker:
        by_alias = entry in {"the alias", "the alias in other letters", "a pattern"}
        assert theirs[0] is (by_alias or policy == "accept-new")
        added = theirs[1].splitlines()[1:]
        assert [line.split()[0] for line in added] == (
            ["inner.example"] if policy == "accept-new" and not by_alias else []
        )


@pytest.mark.parametrize("alias", [_ALIAS, None])
@pytest.mark.parametrize("entry", _ENTRIES)
async def test_certificate_must_be_for_the_alias_as_for_ssh(
    certified: tuple[str, local.LocalSshd], entry: str, alias: str | None, tmp_path: Path
) -> None:
    principal, server = certified
    authority = (server.key.parent / "ca.pub").read_text()
    text = f"@cert-authority {_ENTRIES[entry].format(port=server.port)} {authority}"

    theirs, configured, given = await _all(server, text, "yes", alias, tmp_path)

    assert theirs == configured == given
    if alias is not None:
        by_alias = entry in {"the alias", "the alias in other letters", "a pattern"}
        assert theirs[0] is (by_alias and principal == _PRINCIPALS)
