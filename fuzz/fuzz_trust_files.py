"""Files that say whom to trust: hosts, keys that log in, principals, signers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from fuzz.target import Target
from ssh_keys import (
    AllowedSigners,
    AuthorizedKeysFile,
    AuthorizedPrincipals,
    HostKeyStatus,
    KeyFormatError,
    KnownHosts,
    KnownHostsFile,
    Problem,
)
from ssh_keys.patterns import matches, matches_list
from ssh_keys.trust import OPTIONS, KeyOptions, parse_date
from ssh_keys.trust.address_lists import allows, check_list
from ssh_keys.trust.key_options import take_options

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMNX9N7pEG9Xtob7hCzNyq5c2fiD9atil0phfWrFECfi me"
OTHER = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFe0c6Q6967vfDtvELmtEOW9OnGjujcjrk9aJp4rFSp+"
HASHED = b"|1|AAECAwQFBgcICQoLDA0ODxAREhM=|m0GeiJdC8gDUYp+6yKrZ3jlRHrA="


def refuse(problems: Sequence[Problem]) -> None:
    """A parser of these files raises nothing; what it did not use counts as refused."""
    if problems:
        raise KeyFormatError(str(problems[0]))


def read_known_hosts(data: bytes) -> None:
    known = KnownHosts.parse(data)
    keys = known.lookup("alpha", 2222, "10.0.0.1")
    for key in keys.trusted:
        status = known.check(key, "alpha", 2222, "10.0.0.1")
        assert status is HostKeyStatus.REVOKED or key not in keys.revoked
    refuse(known.problems)


def change_known_hosts(data: bytes) -> None:
    file = KnownHostsFile.parse(data)
    assert file.to_bytes() == data
    assert not file.without("alpha").known().lookup("alpha").trusted
    before = file.known()
    hashed = file.hashed(bytes)
    after = hashed.known()
    for host in ("alpha", "beta"):
        assert set(after.lookup(host).trusted) == set(before.lookup(host).trusted)
    assert hashed.hashed(bytes).to_bytes() == hashed.to_bytes()


def read_authorized_keys(data: bytes) -> None:
    listed = AuthorizedKeysFile.parse(data, zone=UTC)
    assert listed.to_bytes() == data
    for each in listed.keys:
        let_in = listed.lookup(each.key)
        assert let_in is None or not let_in.options.names
        assert listed.without(each.key).matching(each.key, OPTIONS) == ()
    refuse(listed.problems)


def read_options(data: bytes) -> None:
    written, rest = take_options(data)
    assert data.startswith(b",".join(written))
    assert data.endswith(rest)
    options = KeyOptions.make(written, UTC)
    assert set(options.names) <= OPTIONS
    options.accepts_source("10.0.0.1", "host.example.com")
    options.expired(2**40)


def read_principals(data: bytes) -> None:
    listed = AuthorizedPrincipals.parse(data, zone=UTC)
    for each in listed.principals:
        found = listed.lookup([each.name], OPTIONS)
        assert found is not None
        assert found.line <= each.line
    refuse(listed.problems)


def read_signers(data: bytes) -> None:
    signers = AllowedSigners.parse(data, zone=UTC)
    for principals in signers.match_principals("me@example.com"):
        assert principals
    refuse(signers.problems)


def read_sources(data: bytes) -> None:
    entries = data.split(b",")
    check_list(entries)
    assert not allows([*entries, b"!10.0.0.1"], "10.0.0.1", "host.example.com")
    allows(entries, "2001:db8::1")


def read_date(data: bytes) -> None:
    text = data.decode("latin-1")
    assert parse_date(text, UTC) > 0


def match_patterns(data: bytes) -> None:
    pattern, found, text = data.partition(b" ")
    if not found:
        problem = "no text"
        raise KeyFormatError(problem)
    assert matches(b"*" + pattern + b"*", pattern.replace(b"*", b"").replace(b"?", b"x"))
    matches_list(tuple(pattern.split(b",")), text)
    assert not matches_list((b"*", b"!" + pattern, b"!*"), text)


NAMES = [name.encode() for name in sorted(OPTIONS)]
VALUES = [b'="', b'\\"', b'"', b",", b"ssh-ed25519 ", b"20300101Z", b"10.0.0.0/8", b"h:22"]
HOSTS = [b"@revoked ", b"@cert-authority ", b"|1|", b"[alpha]:2222", b"alpha", b"!", b"*", b"?"]

TARGETS = [
    Target(
        name="known-hosts",
        function=read_known_hosts,
        seeds=[
            b"alpha,[alpha]:2222 " + KEY + b"\n@revoked * " + OTHER + b"\n",
            b"# mine\n@cert-authority *.example.com,!a* " + KEY + b"\r\n" + HASHED + b" " + OTHER,
        ],
        allowed=(KeyFormatError,),
        growth=1000,  # a line of two bytes is a problem with a text of its own
        tokens=[*HOSTS, KEY],
    ),
    Target(
        name="known-hosts-changes",
        function=change_known_hosts,
        seeds=[b"alpha,beta " + KEY + b"\n@revoked * " + OTHER + b"\n#\n", b"a* " + KEY],
        allowed=(KeyFormatError,),
        growth=1000,
        tokens=[*HOSTS, KEY],
    ),
    Target(
        name="authorized-keys",
        function=read_authorized_keys,
        seeds=[
            KEY + b"\n",
            b'restrict,pty,command="a \\"b\\"",from="10.0.0.0/8" ' + KEY + b"\n# other\n" + OTHER,
            b'cert-authority,principals="a,b",expiry-time="20300101Z" ' + OTHER + b"\r\n",
        ],
        allowed=(KeyFormatError,),
        growth=1500,
        tokens=[*NAMES, *VALUES, KEY],
    ),
    Target(
        name="key-options",
        function=read_options,
        seeds=[
            b'restrict,pty,command="a \\"b\\", c",environment="A=B",from="10.0.0.0/8,!*.evil" k',
            b'permitopen="[::1]:*",permitlisten="8080",tunnel="any",expiry-time="20300101"',
        ],
        allowed=(KeyFormatError,),
        growth=1000,
        tokens=[*NAMES, *VALUES],
    ),
    Target(
        name="authorized-principals",
        function=read_principals,
        seeds=[b"root # all\n\nno-pty ops\n", b'command="a b",restrict\tme@example.com\n'],
        allowed=(KeyFormatError,),
        growth=1000,
        tokens=[*NAMES, *VALUES],
    ),
    Target(
        name="allowed-signers",
        function=read_signers,
        seeds=[
            b"me@example.com,*@example.org " + KEY + b"\n",
            b'"a b,!c" cert-authority,namespaces="git,f*",valid-after="20200101Z" ' + OTHER,
        ],
        allowed=(KeyFormatError,),
        growth=1000,
        tokens=[b"cert-authority", b"namespaces", b"valid-after", b"valid-before", *VALUES, KEY],
    ),
    Target(
        name="source-addresses",
        function=read_sources,
        seeds=[b"10.0.0.0/8,!10.1.*,*.example.com", b"2001:db8::/32,::1,fe80::1%eth0"],
        allowed=(KeyFormatError,),
        tokens=[b"!", b"/", b"*", b"?", b"::ffff:"],
    ),
    Target(
        name="dates",
        function=read_date,
        seeds=[b"20200102Z", b"202001020304", b"20200102030405UTC"],
        allowed=(KeyFormatError,),
        tokens=[b"Z", b"UTC", b"0"],
    ),
    Target(
        name="patterns",
        function=match_patterns,
        seeds=[b"*a*?b* aaaab", b"*.example.com,!www.* www.example.com"],
        allowed=(KeyFormatError,),
        growth=2000,  # a state of the matcher has a bit for each byte of the pattern
        tokens=[b"*", b"?", b"!", b",", b" "],
    ),
]
