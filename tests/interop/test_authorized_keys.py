"""authorized_keys and authorized_principals: who gets in, and what it may do, as every sshd says.

A case is a file with which a peer's own client logs in to its own sshd; what happens there is
what we read in the file.
"""

from __future__ import annotations

from datetime import UTC
from os import urandom
from typing import TYPE_CHECKING, Final

import pytest

from ssh_keys import (
    AuthorizedKeysFile,
    AuthorizedPrincipals,
    Certificate,
    CertificateRefused,
    CertificateSpec,
    PrivateKey,
    PublicKey,
    issue,
)
from ssh_keys.certificates import PERMISSIONS
from ssh_keys.trust import OPTIONS, KeyOptions
from tests.interop.loopback import client_options
from tests.interop.peers import USER

if TYPE_CHECKING:
    from tests.interop.workshop import Workshop

pytestmark = pytest.mark.timeout(400)  # some sixty logins

NOW: Final = 1_790_000_000
ASKED: Final = 'echo "a tty $A"'
NO_TTY: Final = "no tty\n"

# what is in front of the key
SAME: Final = (
    "",
    "restrict",
    "restrict,pty",
    "pty,restrict",
    "RESTRICT,PTY",
    "no-pty",
    "no-pty,pty",
    "pty,no-pty",
    "restrict,no-pty,pty",
    "user-rc,no-user-rc,agent-forwarding,port-forwarding,no-x11-forwarding",
    'command="echo forced"',
    'command="echo a; echo b",restrict',
    r'command="echo \"a b\""',
    r'command="echo a\\b"',
    "command=\"echo 'a\tb'\"",
    'command="echo a",command="echo b"',
    "command",
    "command=echo",
    'command="echo a"b',
    'environment="A=1",environment="A=2"',
    'environment="A=x y=z"',
    'environment="A-B=1"',
    'environment="=1"',
    'environment="A"',
    'from="127.0.0.1"',
    'from="127.0.0.0/8"',
    'from="10.0.0.0/8"',
    'from="127.*"',
    'from="*,!127.0.0.1"',
    'from="!10.0.0.1"',
    'from="*,!10.0.0.0/8"',
    'from="127.0.0.1/8"',
    'from="127.0.0.1,,10.0.0.1"',
    'from="*",from="*"',
    'expiry-time="20500101"',
    'expiry-time="20200101"',
    'expiry-time="20500101",expiry-time="20200101"',
    'expiry-time="205001010101",expiry-time="20500101010101"',
    'expiry-time="2050"',
    'expiry-time="tomorrow"',
    'permitopen="host:22",permitopen="[::1]:*"',
    'permitopen="host"',
    'permitopen="host:0"',
    'permitopen="host:65536"',
    'permitopen="host:4294967295"',
    'permitopen="host:x"',
    'permitopen="[::1"',
    'permitlisten="8080",permitlisten="localhost:*"',
    'permitlisten="0"',
    'permitlisten="host"',
    'tunnel="0",tunnel="any"',
    'tunnel="x"',
    "cert-authority",
    'principals="tester"',
    "no-touch-required,verify-required",
    "unknown",
    "restrictive",
    "restrict=",
    'restrict="yes"',
    "no-restrict",
    'command="echo',
    'a"b',
)
SINCE: Final = {'environment="A=1",environment="A=2"': (9, 2)}
"""What an older version reads otherwise: there, the last of several values counted."""

STRICTER: Final = ("pty,,user-rc", ",pty", "pty,", 'permitopen="h/22"')
"""What sshd lets through and we refuse: empty options, another separator."""

AUTHORITIES: Final = (
    "",
    "cert-authority",
    'cert-authority,principals="other,more"',
    'cert-authority,principals="nobody"',
    'cert-authority,principals=""',
    'principals="other"',
    'cert-authority,from="10.0.0.1"',
    'cert-authority,command="echo forced"',
    "cert-authority,restrict",
    'cert-authority,expiry-time="20200101"',
)
PRINCIPALS: Final = (
    "tester\n",
    "other # somebody\n",
    "# other\nnobody\n",
    "no-pty other\n",
    'command="echo a b" other\n',
    'from="127.0.0.1" other\nno-pty other\n',
    'from="10.0.0.1" other\nfrom="127.0.0.1" other\n',
    "unknown other\n",
    "cert-authority other\n",
    'expiry-time="20200101" other\n',
    "  \t other  \n",
    "oth\n",
    "*\n",
)


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    return {name: PrivateKey.generate("ed25519") for name in ("user", "ca", "trusted")}


def certificate(ca: PrivateKey, key: PublicKey, *principals: str) -> Certificate:
    spec = CertificateSpec(
        role="user", key_id="who", principals=principals, extensions=PERMISSIONS
    )
    return issue(ca, key, spec=spec, random=urandom)


def expected(options: KeyOptions | None) -> str:
    """What the command prints with these options, or nothing where the login is refused."""
    if options is None or not options.accepts_source("127.0.0.1", "127.0.0.1"):
        return ""
    if options.expired(NOW):
        return ""
    if not options.pty:
        return NO_TTY
    if options.command is not None:
        return _ECHOED[options.command]
    return f"a tty {dict(options.environment).get('A', '')}\n"


_ECHOED: Final = {
    "echo forced": "forced\n",
    "echo a; echo b": "a\nb\n",
    'echo "a b"': "a b\n",
    r"echo a\\b": "a\\b\n",
    "echo 'a\tb'": "a\tb\n",
    "echo a b": "a b\n",
}


def log_in(shop: Workshop, keys: dict[str, PrivateKey], files: list[str], which: str) -> list[str]:
    """Log in once with each of the files as `which`; return what the command printed."""
    key = shop.write("key", keys["user"].to_openssh(), 0o600)
    shop.write("trusted", keys["trusted"].public_key.to_openssh() + "\n")
    for name in ("keys", "principals"):
        shop.write(name, "")
    for number, content in enumerate(files):
        shop.write(f"{number}.case", content)
    options = [
        "PermitUserEnvironment=yes",
        f"AuthorizedKeysFile={shop.folder}/keys",
        f"AuthorizedPrincipalsFile={shop.folder}/principals",
        f"TrustedUserCAKeys={shop.folder}/trusted",
    ]
    with shop.peer.sshd(options) as peer:
        client = " ".join(map(str, client_options(peer.port, peer.known_hosts, key)))
        certified = f"-o CertificateFile={shop.folder}/key-cert.pub"
        command = f"ssh {client} {certified} -tt {USER}@127.0.0.1"
        shop.write("asked", ASKED)
        shop.run(
            f"chown $(id -u) key; for case in *.case; do cp $case {which}; "
            f'{command} "$(cat asked)" >$case.out 2>$case.err </dev/null; done',
            timeout=300,
        )
    return [_printed(shop, f"{number}.case") for number in range(len(files))]


def _printed(shop: Workshop, name: str) -> str:
    # a client that insists on a tty leaves when it gets none
    if b"PTY allocation request failed" in shop.read(f"{name}.err"):
        return NO_TTY
    return shop.read(f"{name}.out").decode().replace("\r\n", "\n")


def test_keys(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    public = keys["user"].public_key
    cases = [options for options in SAME if shop.version >= SINCE.get(options, (0, 0))]
    lines = [f"{options} {public.to_openssh()}\n".lstrip(" ") for options in cases]
    printed = dict(zip(cases, log_in(shop, keys, lines, "keys"), strict=True))
    ours: dict[str, str] = {}
    for options, line in zip(cases, lines, strict=True):
        found = AuthorizedKeysFile.parse(line, zone=UTC).lookup(public, OPTIONS)
        ours[options] = expected(found.options if found else None)
    assert printed == ours
    assert sum(map(bool, ours.values())) in range(10, len(ours) - 10)


def test_where_we_are_stricter(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    public = keys["user"].public_key
    lines = [f"{options} {public.to_openssh()}\n" for options in STRICTER]
    assert all(log_in(shop, keys, lines, "keys"))
    assert all(AuthorizedKeysFile.parse(line).problems for line in lines)


def test_first_line_that_applies_is_used_as_by_sshd(
    shop: Workshop, keys: dict[str, PrivateKey]
) -> None:
    public = keys["user"].public_key.to_openssh()
    text = (
        f'from="10.0.0.1",command="echo a b" {public}\nunknown {public}\n'
        f'expiry-time="20200101" {public}\nno-pty {public}\ncommand="echo forced" {public}\n'
    )
    (printed,) = log_in(shop, keys, [text], "keys")
    matching = AuthorizedKeysFile.parse(text, zone=UTC).matching(keys["user"].public_key, OPTIONS)
    outputs = [expected(each.options) for each in matching]
    assert printed == next(filter(None, outputs)) == NO_TTY


def test_authorities(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    for principals in ((USER, "other"), ("other",)):
        presented = certificate(keys["ca"], keys["user"].public_key, *principals)
        shop.write("key-cert.pub", presented.to_openssh() + "\n")
        ca = keys["ca"].public_key
        lines = [f"{options} {ca.to_openssh()}\n".lstrip(" ") for options in AUTHORITIES]
        printed = dict(zip(AUTHORITIES, log_in(shop, keys, lines, "keys"), strict=True))
        ours: dict[str, str] = {}
        for options, line in zip(AUTHORITIES, lines, strict=True):
            listed = AuthorizedKeysFile.parse(line, zone=UTC).authorities(ca, OPTIONS)
            ours[options] = expected(_granted(listed[0].options, presented) if listed else None)
        assert printed == ours
        assert any(ours.values())


def _granted(options: KeyOptions, presented: Certificate) -> KeyOptions | None:
    named = options.principals is None or not set(options.principals).isdisjoint(
        presented.principals
    )
    principal = USER if options.principals is None else None
    try:
        presented.check(role="user", principal=principal, now=NOW)
    except CertificateRefused:
        return None
    return options if named else None


def test_principals(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    presented = certificate(keys["trusted"], keys["user"].public_key, "other", "third")
    shop.write("key-cert.pub", presented.to_openssh() + "\n")
    printed = dict(zip(PRINCIPALS, log_in(shop, keys, [*PRINCIPALS], "principals"), strict=True))
    ours: dict[str, str] = {}
    for text in PRINCIPALS:
        listed = AuthorizedPrincipals.parse(text, zone=UTC)
        found = listed.lookup(presented.principals, OPTIONS)
        ours[text] = expected(found.options if found else None)
    assert printed == ours
    assert sum(map(bool, ours.values())) > 3
