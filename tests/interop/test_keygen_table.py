"""`ssh-stack keygen` and ssh-keygen of OpenSSH 9.2 and 10.6 do the same, call by call.

Status, standard output and files are compared; of keys, certificates, signatures and revocation
lists that are never the same twice, what they say.  Every difference has its reason in
`keygen_differences.toml`, and a reason without a difference is an error too.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import pytest

from ssh_keys import (
    Certificate,
    KeyFormatError,
    KeyPolicy,
    PublicKey,
    RevocationList,
    SSHSig,
    load_private_key,
    load_public_key,
)
from tests.interop.keygen_calls import CALLS, PREPARATION, Call, theirs

if TYPE_CHECKING:
    from tests.interop.peers import Peer

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

_REASONS: Final = Path(__file__).with_name("keygen_differences.toml")


@attrs.frozen
class Left:
    """What a call leaves: its status, what it printed, and the files that are new or changed."""

    status: int
    stdout: object
    files: dict[str, object]


@pytest.fixture(scope="module")
def source(peers: dict[str, Peer]) -> Path:
    """The files that every call begins with."""
    folder = peers["bookworm"].keys.folder / "keygen-table"
    files = folder / "files"
    files.mkdir(parents=True)
    done = peers["bookworm"].run_client(["sh", "-c", f"cd {files}\n{PREPARATION}"])
    assert done.returncode == 0, done.stderr
    return files


@pytest.fixture(scope="module")
def ours(source: Path) -> list[Left]:
    target = source.with_name("ours")
    target.mkdir()
    words = [sys.executable, "-m", "tests.interop.keygen_calls", str(source), str(target)]
    subprocess.run(words, check=True, timeout=250)
    return [left_by(call, source, target / str(number)) for number, call in enumerate(CALLS)]


@pytest.mark.parametrize("name", ["bookworm", "sid"])
def test_calls_leave_what_those_of_ssh_keygen_leave(
    peers: dict[str, Peer], source: Path, ours: list[Left], name: str
) -> None:
    target = source.with_name(name)
    target.mkdir()
    script = theirs(source, target).encode()
    done = peers[name].run_client(["setsid", "-w", "sh", "-s"], stdin=script, timeout=200)
    assert done.returncode == 0, done.stderr
    different: dict[str, tuple[Left, Left]] = {}
    for number, call in enumerate(CALLS):
        found = left_by(call, source, target / str(number))
        if found != ours[number]:
            different[call.name] = (ours[number], found)
    reasons = reasons_for(name)
    unexplained = [
        f"{each}\n    ours   {mine}\n    theirs {other}"
        for each, (mine, other) in different.items()
        if each not in reasons
    ]
    assert not unexplained, "\n".join(unexplained)
    assert reasons.keys() <= different.keys(), "these do not differ any more"


def reasons_for(peer: str) -> dict[str, str]:
    """Return the calls that may differ from a peer, with the reason."""
    rows = tomllib.loads(_REASONS.read_text())["difference"]
    return {call: row["reason"] for row in rows if peer in row["peers"] for call in row["calls"]}


def left_by(call: Call, source: Path, folder: Path) -> Left:
    status = int(Path(f"{folder}.status").read_text())
    printed = Path(f"{folder}.out").read_bytes()
    files: dict[str, object] = {}
    for path in sorted(folder.iterdir()):
        before = source / path.name
        if not before.exists() or before.read_bytes() != path.read_bytes():
            content = path.read_bytes()
            files[path.name] = meaning(content) if call.fresh else content
            if b"PRIVATE" in content[:64]:
                files[f"mode of {path.name}"] = path.stat().st_mode & 0o777
    return Left(
        status=status,
        stdout=meaning(printed) if call.fresh else printed,
        files=files,
    )


def meaning(content: bytes) -> object:
    """Return what a file says, without what chance has put into it."""
    for read in (_signature, _revocations, _private, _public, _hosts):
        try:
            return read(content)
        except (KeyFormatError, ValueError):
            continue
    return content


def _signature(content: bytes) -> object:
    made = SSHSig.from_armor(content)
    key = made.certificate or made.public_key
    return (made.namespace, made.hash_name, key.fingerprint())


def _revocations(content: bytes) -> object:
    if not content.startswith(b"SSHKRL"):
        raise ValueError
    found = RevocationList.from_blob(content)
    certificates = {
        ca: (sorted(each.serials.ranges), sorted(each.key_ids))
        for ca, each in found.certificates.items()
    }
    return (found.version, found.comment, found.keys, found.sha256, found.sha1, certificates)


def _private(content: bytes) -> object:
    key = load_private_key(content, b"secret", policy=KeyPolicy.LEGACY)
    public = key.public_key
    begins = content.split(b"\n", 1)[0]
    return (begins, public.kind, getattr(public, "bits", 0), key.comment)


def _public(content: bytes) -> object:
    found: list[object] = []
    for line in content.splitlines():
        key = load_public_key(line, policy=KeyPolicy.LEGACY)
        if isinstance(key, Certificate):
            fields = ("role", "key_id", "serial", "principals", "valid_after", "valid_before")
            options = (key.critical_options, key.extensions)
            values = [getattr(key, each) for each in fields]
            signed_by = (key.ca_key.fingerprint(), key.ca_algorithm)
            found.append((key.kind, values, options, signed_by, key.comment))
        else:
            assert isinstance(key, PublicKey)
            found.append((key.kind, getattr(key, "bits", 0), key.comment))
    return found


def _hosts(content: bytes) -> object:
    """Hashed names have salts of their own; all else is compared."""
    if b"|1|" not in content:
        raise ValueError
    return re.sub(rb"(?m)^((?:@\S+ )?)\|1\|\S+", rb"\1|1|hashed", content)
