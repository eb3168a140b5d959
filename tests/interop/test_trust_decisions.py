"""What `ssh` and we decide about a host key, over generated known_hosts files."""

from __future__ import annotations

import asyncio
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import pytest

from ssh_keys import PrivateKey, load_public_key
from ssh_keys.strict_base64 import to_base64
from ssh_keys.trust.host_names import SALT_SIZE, HashedName
from ssh_stack.client.trust import Trust, load_known_hosts
from ssh_stack.errors import HostKeyError
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_stack.client.options import HostKeyPolicy
    from tests.interop.local import LocalSshd

POLICIES: Final[dict[HostKeyPolicy, str]] = {
    "strict": "yes",
    "accept-new": "accept-new",
    "off": "no",
}
OTHERS: Final = [
    PrivateKey.generate("ed25519").public_key.to_openssh(),
    PrivateKey.generate("ecdsa").public_key.to_openssh(),
    PrivateKey.generate("rsa", 2048).public_key.to_openssh(),
]
UNUSABLE: Final = [
    "ssh-tomorrow " + to_base64(string("ssh-tomorrow") + string(b"x")).decode(),
    "ssh-ed25519 @@@@",
    OTHERS[0][:40],
    "ssh-ed25519",
    "1024 35 12345",
]
FILES: Final = 40


@attrs.frozen
class Decision:
    """What became of a connection with a known_hosts file."""

    accepted: bool
    """Whether the server passed."""
    doubtful: bool
    """Whether it passed although its key is not trusted."""
    content: str
    """The file afterwards."""


def names(port: int) -> list[str]:
    salt = bytes(range(SALT_SIZE))
    plain = ["127.0.0.1", f"[127.0.0.1]:{port}"]
    return [
        *plain,
        *(HashedName.make(salt, name.encode()).to_field().decode() for name in plain),
        "*",
        "127.*",
        "[127.0.0.1]:*",
        "!127.0.0.1,*",
        f"other,{plain[1]}",
        f"*,!{plain[1]}",
        "other",
        "[127.0.0.1]:1",
    ]


def made(seed: int, server: LocalSshd, *, odd: bool) -> str:
    """A known_hosts file; `odd` lines are those where we are stricter than `ssh`."""
    chance = random.Random(seed)  # noqa: S311 (the same files each time)
    keys = [server.host_key, server.host_key, *OTHERS, *(UNUSABLE if odd else ())]
    markers = ["", "", "", "", "@revoked ", "@cert-authority ", "@of-tomorrow "]
    lines: list[str] = []
    for _ in range(chance.randrange(5)):
        marker, name = chance.choice(markers), chance.choice(names(server.port))
        if marker == "@revoked " and not odd and f"{server.port}" not in name:
            name = "*"  # a key that is revoked for another port alone passes in ssh
        lines.append(f"{marker}{name} {chance.choice(keys)}\n")
    return "".join(lines)


def theirs(known: Path, policy: HostKeyPolicy, server: LocalSshd) -> Decision:
    options = [
        f"StrictHostKeyChecking={POLICIES[policy]}",
        f"UserKnownHostsFile={known}",
        "GlobalKnownHostsFile=none",
        "HashKnownHosts=no",
        "UpdateHostKeys=no",
        "BatchMode=yes",
        "PasswordAuthentication=yes",
        "PreferredAuthentications=none",
        "LogLevel=INFO",
    ]
    words = [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        ["ssh", "-F", "none", *words, "-p", str(server.port), f"{server.user}@127.0.0.1", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    printed = done.stderr.decode()
    accepted = "Permission denied" in printed
    assert accepted is not ("Host key verification failed" in printed), printed
    doubtful = "to avoid man-in-the-middle attacks" in printed
    return Decision(accepted, doubtful, known.read_text())


def ours(known: Path, policy: HostKeyPolicy, server: LocalSshd) -> Decision:
    found, file = load_known_hosts(known)
    trust = Trust("127.0.0.1", server.port, found, policy, file)
    key = load_public_key(server.host_key)
    try:
        accepted = asyncio.run(trust.verify(key))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    except HostKeyError:
        accepted = False
    return Decision(accepted, trust.doubt is not None, known.read_text())


@pytest.mark.parametrize("policy", POLICIES)
def test_we_decide_as_ssh_does(
    policy: HostKeyPolicy, local_sshd: LocalSshd, tmp_path: Path
) -> None:
    for seed in range(FILES):
        text = made(seed, local_sshd, odd=False)
        decisions: list[Decision] = []
        for decide in (theirs, ours):
            known = tmp_path / decide.__name__
            known.write_text(text)
            decisions.append(decide(known, policy, local_sshd))
        bare = [without_comments(each) for each in decisions]
        assert bare[0] == bare[1], (seed, text)


def without_comments(decision: Decision) -> Decision:
    lines = [line.split() for line in decision.content.splitlines()]
    return attrs.evolve(decision, content=repr([line[:4] for line in lines]))


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_we_trust_no_key_that_ssh_does_not(
    policy: HostKeyPolicy, local_sshd: LocalSshd, tmp_path: Path
) -> None:
    stricter = 0
    for seed in range(1000, 1000 + FILES):
        text = made(seed, local_sshd, odd=True)
        for decide in (theirs, ours):
            (tmp_path / decide.__name__).write_text(text)
        they = theirs(tmp_path / "theirs", policy, local_sshd)
        we = ours(tmp_path / "ours", policy, local_sshd)
        assert they.accepted or not we.accepted, (seed, text)
        stricter += they.accepted and not we.accepted
    # a line that ssh passes over makes the host known
    assert stricter or policy == "strict"
