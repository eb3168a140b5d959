"""Our agent with OpenSSH's clients: ssh-add does everything to it, ssh logs in through it.

Its answers to requests about destination constraints are compared with those of OpenSSH's agents.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ssh_agent import Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.blocking import AgentClient
from ssh_agent.framing import frame
from ssh_agent.messages import RequestIdentities, SessionBind, SignRequest
from ssh_agent.program.places import host_hash
from ssh_keys import Certificate, CertificateSpec, Credential, PrivateKey, issue
from ssh_keys.certificates import PERMISSIONS
from ssh_keys.files import write_key_file, write_private_key
from ssh_wire.primitives import string
from tests.interop.peers import SUITES, USER

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.interop.peers import Peer
    from tests.interop.workshop import Workshop

CA = PrivateKey.generate("ed25519")
SPEC = CertificateSpec(role="user", key_id="an id", principals=(USER,), extensions=PERMISSIONS)
KINDS: Final = ("ed25519", "ecdsa", "rsa")
WITH_DESTINATIONS: Final = [suite for suite in SUITES if suite != "bullseye"]
"""OpenSSH 8.9 and later have destination constraints."""
WITH_SOCKET_AT_HOME: Final = ["sid"]
"""OpenSSH 10.1 and later do not make the socket in the folder for temporary files."""
MLDSA_SINCE: Final = (10, 6)


@contextmanager
def our_agent(folder: Path, **environ: str) -> Generator[Path]:
    """Run our program `ssh-agent` in the foreground; leaving the block ends it."""
    path = folder / "agent"
    command = [sys.executable, "-m", "ssh_agent", "-D", "-a", str(path)]
    environment = {**os.environ, **environ}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield path
        finally:
            process.terminate()
            process.communicate()
    assert not path.exists()


def write_keys(shop: Workshop) -> list[str]:
    """Write a key and its certificate for each kind that the peer knows; return their names."""
    kinds = [*KINDS, *(["mldsa44-ed25519"] if shop.version >= MLDSA_SINCE else [])]
    for kind in kinds:
        key = PrivateKey.generate(kind, comment=f"{kind} key")
        write_private_key(shop.folder / kind, key)
        write_key_file(shop.folder / f"{kind}.pub", f"{key.public_key.to_openssh()}\n".encode())
        certificate = issue(CA, key.public_key, spec=SPEC, random=os.urandom)
        line = f"{certificate.to_openssh()}\n".encode()
        write_key_file(shop.folder / f"{kind}-cert.pub", line)
    return kinds


_EVERYTHING: Final = """
export SSH_AUTH_SOCK=$PWD/agent SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=:0
status() {{ name=$1; shift; "$@" >/dev/null 2>&1 </dev/null; echo "$name $?"; }}
status empty ssh-add -l
for key in {keys}; do status "add-$key" ssh-add "$key"; done
ssh-add -l | sed 's/^[0-9]* [^ ]* //; s/^/list /'
for key in {keys}; do status "test-$key" ssh-add -T "$key.pub"; done
for key in {keys}; do status "test-cert-$key" ssh-add -T "$key-cert.pub"; done
status lifetime ssh-add -t 1000 ed25519
status confirm ssh-add -c ed25519
status use-confirmed ssh-add -T ed25519.pub
touch no
status use-refused ssh-add -T ed25519.pub
rm no
status smartcard ssh-add -s /usr/lib/opensc-pkcs11.so
status smartcard-removed ssh-add -e /usr/lib/opensc-pkcs11.so
status lock ssh-add -x
status locked ssh-add -l
status refused ssh-add ecdsa
status unlock ssh-add -X
status delete ssh-add -d ecdsa
ssh-add -L | cut -d' ' -f1 | sed 's/^/left /'
status delete-all ssh-add -D
status short ssh-add -t 1 ed25519
sleep 2
status expired ssh-add -l
"""
_ASKPASS: Final = """#!/bin/sh
case "$SSH_ASKPASS_PROMPT" in confirm) test ! -e "${0%/*}/no"; exit;; esac
echo sesame
"""


@pytest.mark.row("G07")
def test_ssh_add_does_everything_to_our_agent(shop: Workshop) -> None:
    kinds = write_keys(shop)
    askpass = shop.write("askpass", _ASKPASS, 0o755)
    with our_agent(shop.folder, SSH_ASKPASS=str(askpass), SSH_ASKPASS_REQUIRE="force"):
        output = shop.run(_EVERYTHING.format(keys=" ".join(kinds))).decode()
    found = dict(line.split(" ", 1) for line in output.splitlines() if "list" not in line[:4])
    listed = [line for line in output.splitlines() if line.startswith("list ")]

    expected = {"empty": "1", "lifetime": "0", "confirm": "0", "use-confirmed": "0"}
    expected |= {"use-refused": "1", "smartcard": "1", "smartcard-removed": "1", "lock": "0"}
    expected |= {"locked": "1", "refused": "1", "unlock": "0", "delete": "0", "delete-all": "0"}
    expected |= {"short": "0", "expired": "1"}
    for kind in kinds:
        expected |= {f"add-{kind}": "0", f"test-{kind}": "0", f"test-cert-{kind}": "0"}
    assert {name: found[name] for name in expected} == expected, output
    assert len(listed) == 2 * len(kinds)
    assert sum("CERT" in line for line in listed) == len(kinds)
    left = [line for line in output.splitlines() if line.startswith("left ")]
    assert len(left) == 2 * len(kinds) - 2
    assert not any("ecdsa" in line for line in left)


def ssh(peer: Peer, *words: str) -> str:
    """Return the beginning of a command that calls the peer's ssh."""
    options = [
        *("-F", "none", "-o", f"UserKnownHostsFile={peer.known_hosts}", "-o", "BatchMode=yes"),
        *("-o", f"Port={peer.port}", "-o", "ControlPath=none", "-o", "LogLevel=ERROR"),
    ]
    return " ".join(["ssh", *options, *words])


def trusting(shop: Workshop) -> str:
    """Return the lines of an sshd_config that takes the keys and the authority of the folder."""
    ca = shop.write("ca.pub", f"{CA.public_key.to_openssh()}\n")
    public = [path.read_text() for path in shop.folder.glob("*.pub") if "ca." not in path.name]
    plain = [line for line in public if "-cert" not in line.split()[0]]
    keys = shop.write("authorized", "".join(plain))
    return "".join(
        f"{line}\n"
        for line in (
            "Match all",
            f"TrustedUserCAKeys {ca}",
            f"AuthorizedKeysFile {keys}",
        )
    )


def test_ssh_logs_in_through_our_agent_with_every_kind_of_key(shop: Workshop) -> None:
    kinds = write_keys(shop)
    names = {kind: [kind] for kind in kinds if kind != "rsa"}
    options = dict.fromkeys(names, "")
    for algorithm in ("rsa-sha2-256", "rsa-sha2-512"):
        options[algorithm] = f"-o PubkeyAcceptedKeyTypes={algorithm}"
        names[algorithm] = ["rsa"]
    with shop.peer.sshd_with(trusting(shop)) as sshd, our_agent(shop.folder):
        script = f"export SSH_AUTH_SOCK=$PWD/agent; ssh-add -q {' '.join(kinds)} 2>/dev/null\n"
        script += "mkdir only; cp *.pub only; rm only/*-cert.pub\n"
        for name, (key,) in names.items():
            # the private key is not beside its public half: only the agent can sign
            words = f"-o IdentitiesOnly=yes -i only/{key}.pub {options[name]} {USER}@127.0.0.1"
            script += f"echo {name} $({ssh(sshd, words)} echo in </dev/null 2>&1)\n"
        for kind in kinds:
            # the authority vouches for it, and no line of authorized_keys names it
            words = f"-o IdentitiesOnly=yes -o CertificateFile={kind}-cert.pub -i only/{kind}.pub"
            words += f" {USER}@127.0.0.1"
            script += f"echo cert-{kind} $({ssh(sshd, words)} echo in </dev/null 2>&1)\n"
        output = shop.run(script).decode().split("\n")

    expected = [*(f"{name} in" for name in names), *(f"cert-{kind} in" for kind in kinds)]
    assert output[:-1] == expected


def test_certificate_alone_logs_in_through_our_agent(shop: Workshop) -> None:
    write_keys(shop)
    config = trusting(shop)
    shop.write("authorized", "")  # no plain key is taken
    with shop.peer.sshd_with(config) as sshd, our_agent(shop.folder):
        output = shop.run(
            "export SSH_AUTH_SOCK=$PWD/agent; ssh-add -q ed25519 2>/dev/null\n"
            f"{ssh(sshd, f'{USER}@127.0.0.1')} echo in </dev/null"
        )

    assert output == b"in\n"


# ------------------------------------------------------------------ destinations

_HOPS: Final = """
cat >config <<END
Host a b c
  HostName 127.0.0.1
  User {user}
  UserKnownHostsFile $PWD/known
  BatchMode yes
  LogLevel ERROR
Host a
  Port {a}
  HostKeyAlias a
Host b
  Port {b}
  HostKeyAlias b
Host c
  Port {c}
  HostKeyAlias c
END
chmod 644 config
export SSH_AUTH_SOCK=$PWD/agent
run() {{ echo "$1: $(shift; "$@" 2>&1 </dev/null | tr '\\n' ';' | tr -d '\\r')"; }}
rm -f ./*-cert.pub
ssh-add -q -H known -h {user}@a -h 'a>{user}@b' ed25519 || exit 9
ssh-add -q -H known -h a -h 'a>other@b' ecdsa || exit 9
mkdir only; chmod 644 ./*.pub; cp ed25519.pub ecdsa.pub only
s="ssh -F config -o IdentitiesOnly=yes"
run local ssh-add -l
run a $s -i only/ed25519.pub a echo in
run b $s -i only/ed25519.pub b echo in
run a-list $s -A -i only/ed25519.pub a "ssh-add -L | cut -d' ' -f1"
run a-b $s -A -i only/ed25519.pub a "cd $PWD; $s -i only/ed25519.pub b echo in"
run a-b-other $s -A -i only/ed25519.pub a "cd $PWD; $s -i only/ecdsa.pub b echo in"
run a-c $s -A -i only/ed25519.pub a "cd $PWD; $s -i only/ed25519.pub c echo in"
run a-b-list $s -A -i only/ed25519.pub a "cd $PWD; $s -A -i only/ed25519.pub b ssh-add -l"
run a-use $s -A -i only/ed25519.pub a "cd $PWD; ssh-add -T ed25519.pub"
"""


@pytest.mark.row("G10")
@pytest.mark.parametrize("peer", WITH_DESTINATIONS, indirect=True, scope="session")
def test_destination_constraints_are_kept_over_two_hops(shop: Workshop) -> None:
    write_keys(shop)
    known, ports = "", dict[str, int]()
    trusting(shop)
    with our_agent(shop.folder), _three_hosts(shop) as hosts:
        for name, (sshd, line) in hosts.items():
            ports[name] = sshd.port
            known += f"{name} {line}\n"
        shop.write("known", known)
        output = shop.run(_HOPS.format(user=USER, **ports)).decode()
    found = dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)

    local = found.pop("local")
    assert local.count(";") == 2
    denied = {name: text for name, text in found.items() if "Permission denied" in text}
    assert sorted(denied) == ["a-b-other", "a-c", "b"], output
    assert found["a"] == "in;"
    assert found["a-list"] == "ssh-ed25519;ecdsa-sha2-nistp256;"
    assert found["a-b"] == "in;"
    assert found["a-b-list"] == "The agent has no identities.;"
    assert "refused" in found["a-use"]


@contextmanager
def _three_hosts(shop: Workshop) -> Generator[dict[str, tuple[Peer, str]]]:
    """Run three servers of the peer, each with one of its host keys."""
    kinds = {"a": "ssh-ed25519", "b": "ecdsa-sha2-nistp256", "c": "ssh-rsa"}
    hosts: dict[str, tuple[Peer, str]] = {}
    with ExitStack() as stack:
        for name, kind in kinds.items():
            algorithm = "rsa-sha2-512" if kind == "ssh-rsa" else kind
            keys = f"AuthorizedKeysFile={shop.folder}/authorized"
            options = [f"HostKeyAlgorithms={algorithm}", keys]
            sshd = stack.enter_context(shop.peer.sshd(options))
            line = next(line for line in sshd.host_keys.values() if line.split()[0] == kind)
            hosts[name] = (sshd, " ".join(line.split()[:2]))
        yield hosts


# ------------------------------------------------------------------ compared

KEY: Final = PrivateKey.generate("ed25519")
HOSTS: Final = [PrivateKey.generate("ed25519") for _ in range(4)]
HOST_CA: Final = PrivateKey.generate("ed25519")
USERS: Final = ("me", "you")
PATTERNS: Final = ("", "me", "*", "m?", "you")


def host_certificate(number: int, *, principal: str) -> Certificate:
    spec = CertificateSpec(role="host", key_id="host", principals=(principal,))
    return issue(HOST_CA, HOSTS[number].public_key, spec=spec, random=os.urandom)


def random_hop(dice: random.Random, user: str = "") -> Hop:
    number = dice.randrange(len(HOSTS))
    key = DestinationKey(HOSTS[number].public_key)
    authority = DestinationKey(HOST_CA.public_key, is_ca=True)
    keys = dice.choice([(key,), (key,), (authority,), (authority, key)])
    return Hop(f"host{number}", keys, user)


def random_constraints(dice: random.Random) -> Constraints:
    count = dice.randrange(1, 5)
    return Constraints(
        destinations=tuple(
            DestinationConstraint(
                random_hop(dice, dice.choice(PATTERNS)),
                Hop() if dice.random() < 0.5 else random_hop(dice),
            )
            for _ in range(count)
        )
    )


def random_requests(dice: random.Random, *, modern: bool) -> Iterator[bytes]:
    """Return bindings, lists and signatures as a client at the end of some hops sends them.

    Args:
        dice: chooses.
        modern: whether what OpenSSH 10.1 decides otherwise than its predecessors is among them.
    """
    last: tuple[bytes, Credential] = (b"none", HOSTS[0].public_key)
    for number in range(dice.randrange(4)):
        host = dice.randrange(len(HOSTS))
        key: Credential = HOSTS[host].public_key
        if dice.random() < 0.3:
            name = dice.choice([f"host{host}", "host?" if modern else f"host{host}", "other"])
            key = host_certificate(host, principal=name)
        session_id = b"session%d" % dice.choice([number, 0])
        forged = dice.random() < 0.1 and modern
        signer = HOSTS[(host + 1) % len(HOSTS)] if forged else HOSTS[host]
        yield SessionBind(
            host_key=key.blob,
            session_id=session_id,
            signature=signer.sign(session_id),
            is_forwarding=dice.random() < 0.7,
        ).encode()
        last = (session_id, key)
        yield RequestIdentities().encode()
    for user, bound in itertools.product(USERS, (None, last[1], HOSTS[0].public_key)):
        yield SignRequest(key=KEY.public_key.blob, data=login(last[0], user, bound)).encode()
    yield SignRequest(key=KEY.public_key.blob, data=b"no login").encode()


def login(session_id: bytes, user: str, host_key: Credential | None) -> bytes:
    method = "publickey" if host_key is None else "publickey-hostbound-v00@openssh.com"
    head = string(session_id) + b"\x32" + string(user) + string("ssh-connection")
    key = string("ssh-ed25519") + string(KEY.public_key.blob)
    rest = b"" if host_key is None else string(host_key.blob)
    return head + string(method) + b"\x01" + key + rest


def since(*version: int) -> bool:
    """Say whether the machine's OpenSSH has that version, or a later one."""
    text = subprocess.run(["ssh", "-V"], check=True, capture_output=True, text=True).stderr
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", text)
    assert found is not None, text
    return tuple(map(int, found.groups())) >= version


def answers(path: Path, requests: list[bytes]) -> list[bytes]:
    """Return an agent's replies over one connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        connection.sendall(b"".join(map(frame, requests)))
        stream = connection.makefile("rb")
        return [stream.read(int.from_bytes(stream.read(4))) for _ in requests]


def compare(ours: Path, theirs: Path, *, cases: int, modern: bool) -> None:
    """Compare many answers.

    Args:
        ours: the socket of our agent.
        theirs: that of OpenSSH's.
        cases: how many sets of constraints are tried.
        modern: whether that is of OpenSSH 10.1 or later, which answers a binding that fails with
            SSH_AGENT_EXTENSION_FAILURE, uses no constrained key after one, and reads patterns in
            certificates of hosts.
    """
    kinds = set[int]()
    for seed in range(cases):
        dice = random.Random(seed)  # noqa: S311 (the same cases each time)
        constraints = random_constraints(dice)
        for path in (ours, theirs):
            with AgentClient.connect(str(path)) as client:
                client.remove_all()
                client.add(KEY, "constrained", constraints=constraints)
        for _ in range(4):
            requests = list(random_requests(dice, modern=modern))
            found, expected = answers(ours, requests), answers(theirs, requests)
            kinds.update(reply[0] for reply in found)
            if not modern:
                found = [b"\x05" if reply == b"\x1c" else reply for reply in found]
            assert found == expected, (seed, constraints)
    assert kinds == {5, 6, 12, 14, 28}  # the comparison met every kind of answer


@pytest.mark.row("G10")
def test_answers_about_destinations_are_those_of_the_machine_s_agent(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    command = ["ssh-agent", "-D", "-a", str(theirs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with our_agent(tmp_path) as ours:
                compare(ours, theirs, cases=120, modern=since(10, 1))
        finally:
            process.terminate()
            process.communicate()


@pytest.mark.row("G10")
@pytest.mark.parametrize("peer", WITH_DESTINATIONS, indirect=True, scope="session")
def test_answers_about_destinations_are_those_of_the_peer_s_agent(shop: Workshop) -> None:
    shop.folder.chmod(0o777)
    theirs = shop.folder / "theirs"
    command = ["ssh-agent", "-D", "-a", str(theirs)]
    user = f"{os.getuid()}:{os.getgid()}"  # an agent serves its own user
    with shop.peer.start_client(command, user=user) as process:
        assert process.stdout is not None
        process.stdout.readline()
        shop.folder.chmod(0o755)
        with our_agent(shop.folder) as ours:
            compare(ours, theirs, cases=60, modern=shop.version >= (10, 1))


@pytest.mark.parametrize("peer", WITH_SOCKET_AT_HOME, indirect=True, scope="session")
def test_socket_is_named_after_the_host_as_openssh_names_it(shop: Workshop) -> None:
    output = shop.run(
        'hostname; eval "$(HOME=$PWD ssh-agent -s)" >/dev/null; echo "$SSH_AUTH_SOCK"; '
        "ssh-agent -k >/dev/null"
    ).decode()
    name, path = output.split()

    found = re.fullmatch(r".*/\.ssh/agent/s\.(\w{10})\..*", path)
    assert found is not None, path
    assert found[1] == host_hash(name)
