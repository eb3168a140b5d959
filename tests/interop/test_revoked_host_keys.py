"""RevokedHostKeys: what `ssh` refuses is refused, whatever else is trusted."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

import pytest

import ssh_stack
from ssh_stack.errors import ConfigError, HostKeyRevoked
from tests.interop import local

_LISTS: Final = {
    "a plain list with the key": "cat host.pub > revoked",
    "a plain list with the key among others": "cat other.pub host.pub > revoked",
    "a plain list with the authority": "cat ca.pub > revoked",
    "a plain list with another key": "cat other.pub > revoked",
    "a plain list of nothing": "true > revoked",
    "a KRL with the key": "ssh-keygen -q -k -f revoked host.pub",
    "a KRL with a hash": "(echo -n sha256:; cat host.pub) | ssh-keygen -q -k -f revoked -",
    "a KRL with the authority": "ssh-keygen -q -k -f revoked ca.pub",
    "a KRL with the serial number": "echo serial: 7 | ssh-keygen -q -k -f revoked -s ca.pub -",
    "a KRL with the key ID": "echo id: host | ssh-keygen -q -k -f revoked -s ca.pub -",
    "a KRL with another serial number": "echo serial: 8 | ssh-keygen -q -k -f revoked -s ca.pub -",
    "a KRL of nothing": "ssh-keygen -q -k -f revoked",
    "a file that is not there": "true",
    "a directory": "mkdir revoked",
    "a KRL that is cut off": "ssh-keygen -q -k -f whole host.pub; head -c 30 whole > revoked",
}
_GOOD: Final = {
    "a plain list with another key",
    "a plain list of nothing",
    "a KRL with another serial number",
    "a KRL of nothing",
}
_OF_CERTIFICATES: Final = {
    "a plain list with the authority",
    "a KRL with the authority",
    "a KRL with the serial number",
    "a KRL with the key ID",
}
_POLICIES: Final = ("yes", "accept-new", "no")


def _run(command: str, folder: Path) -> None:
    subprocess.run(command, shell=True, check=True, timeout=60, cwd=folder)  # noqa: S602 (of this file)


@pytest.fixture(scope="module", params=["key", "certificate"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[str, local.LocalSshd]]:
    """An sshd with a host key, or with a certificate of it."""
    if reason := local.unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("server")
    for name in ("ca", "other"):
        _run(f"ssh-keygen -q -t ed25519 -N '' -f {name}", folder)
    certificate = folder / "host_key-cert.pub"
    options = [f"HostCertificate={certificate}"] if request.param == "certificate" else []
    sign = "ssh-keygen -q -s ca -I host -h -z 7 -n 127.0.0.1 host_key.pub"
    with local.serve(folder, options, before=lambda: _run(sign, folder)) as found:
        (folder / "host.pub").write_text(found.host_key + "\n")
        if request.param == "certificate":
            authority = (folder / "ca.pub").read_text()
            found.known_hosts.write_text(f"@cert-authority * {authority}")
        yield request.param, found


@pytest.fixture(params=_LISTS)
def revoked(
    request: pytest.FixtureRequest, server: tuple[str, local.LocalSshd]
) -> Generator[tuple[str, Path]]:
    folder = server[1].key.parent
    path = folder / "revoked"
    _run(f"rm -rf revoked; {_LISTS[request.param]}", folder)
    yield request.param, path
    _run("rm -rf revoked", folder)


def _lines(server: local.LocalSshd, policy: str, known: Path) -> Sequence[str]:
    return (
        f"UserKnownHostsFile {known}",
        "GlobalKnownHostsFile none",
        f"StrictHostKeyChecking {policy}",
        f"IdentityFile {server.key}",
        "IdentitiesOnly yes",
        "IdentityAgent none",
        "BatchMode yes",
        f"Port {server.port}",
    )


def _theirs(server: local.LocalSshd, lines: Sequence[str]) -> bool:
    options = [word for line in lines for word in ("-o", line)]
    done = subprocess.run(
        ["ssh", "-F", "none", *options, f"{server.user}@127.0.0.1", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert not done.returncode or b"Host key verification failed" in done.stderr, done.stderr
    return done.returncode == 0


async def _ours(server: local.LocalSshd, lines: Sequence[str], given: Path | None) -> bool:
    if given is None:
        opening = ssh_stack.connect(
            "127.0.0.1", username=server.user, config=None, config_options=lines
        )
    else:
        opening = ssh_stack.connect(
            "127.0.0.1",
            username=server.user,
            config=None,
            config_options=lines,
            revoked_host_keys=given,
        )
    try:
        async with opening:
            return True
    except HostKeyRevoked as error:
        assert "revoked" in str(error)  # noqa: PT017 (not every list raises)
    except ConfigError as error:
        assert "cannot be read as a list of revoked host keys" in str(error)  # noqa: PT017 (the same)
    return False


@pytest.mark.parametrize("policy", _POLICIES)
async def test_server_is_refused_by_its_revoked_key_exactly_where_ssh_refuses_it(
    server: tuple[str, local.LocalSshd], revoked: tuple[str, Path], policy: str, tmp_path: Path
) -> None:
    shows, sshd = server
    form, path = revoked
    expected = form in _GOOD or (shows == "key" and form in _OF_CERTIFICATES)
    answers: list[bool] = []
    for name in ("theirs", "by configuration", "by argument"):
        known = tmp_path / name.replace(" ", "-")
        known.write_text(sshd.known_hosts.read_text())
        lines = _lines(sshd, policy, known)
        listed = [*lines, f"RevokedHostKeys {path}"]
        if name == "theirs":
            answers.append(_theirs(sshd, listed))
        elif name == "by configuration":
            answers.append(await _ours(sshd, listed, None))
        else:
            answers.append(await _ours(sshd, lines, path))

    assert answers == [expected] * 3
