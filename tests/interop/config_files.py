"""Configuration files that hypothesis draws: every keyword, every word of Match, odd writing.

A file is text; what it includes lies in the user's folder, from `INCLUDED`.  The values are those
that people write, and some that OpenSSH refuses.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

from ssh_stack.config import Config
from ssh_wire import UsageError

__all__ = ["HOSTS", "INCLUDED", "KEYWORDS", "MATCH", "commands", "files"]

HOSTS: Final = ("web1", "web1.corp.example", "WEB2", "db1", "192.0.2.7", "git", "a.b.c.example")
_COMMANDS: Final = ((), (), ("uptime",), ("ls -l /tmp",), ("git-upload-pack", "'x.git'"))

INCLUDED: Final = {
    "generated/one": "User from_one\nPort 1111\n",
    "generated/two": "Host web*\n Compression yes\nHost *\n ServerAliveInterval 7\n",
    "generated/tree": (
        "Include generated/one\nHost db1\n Include generated/two\nMatch all\n Tag tree\n"
    ),
    "generated/match": "Match host web1\n ForwardAgent yes\n",
    "generated/bad": "Host other\n NoSuchKeyword x\n",
}
"""Files below ~/.ssh that generated files include."""

_FLAG: Final = ("yes", "no", "true", "false", "YES", "No", "maybe")
_ASK: Final = (*_FLAG[:4], "ask")
_NUMBER: Final = ("0", "1", "3", "22", "+7", "-1", "x", "2147483648", "007")
_TIME: Final = ("0", "1", "30", "1m30s", "2h", "1w2d", "none", "5x", "1.5", "10s5s", "90M")
_PATH: Final = (
    *("/k", "~/.ssh/k", "~/k_%h", "%d/.ssh/%r@%n:%p", "~/k-%C", "none", "~/${CORP}/k", "/k%%1"),
    *('"/with blank/k"', "'/q/k'", "~/%L-%u-%i", "/x/%k", "~nobody_there/k", "/k%q", "${UNSET}/k"),
    *("~", "~/", "//k//x", "./k", "None"),
)
_PATHS: Final = (*_PATH[:8], "/a /b", "~/a ~/b%h", "none /a", "/a none", '"/a b" /c')
_WORD: Final = ("x", "a-b", '"a b"', "a b", "''", "none", "a#b", "a\\ b", "%h")
_COMMAND: Final = (
    *("none", "nc %h %p", "ssh -W '[%h]:%p' jump", "NONE", '"quoted" %r', "  x  y", "= /bin/x %n"),
    *("echo 100%%", "echo %q", "exec /bin/true # not a comment", "a 'b", "-"),
)
_CIPHERS: Final = (
    *("aes128-ctr", "aes256-gcm@openssh.com,aes128-ctr", "+aes128-cbc", "-aes*", "^aes192-ctr"),
    *("-chacha20*,aes128-gcm@openssh.com", "+3des-cbc,aes256-cbc", "no-such", "+", "aes128-ctr,"),
    *("-no-such", "^aes256-ctr,no-such", '"aes128-ctr"', "aes128-ctr aes192-ctr", "-*128*"),
)
_MACS: Final = (
    *("hmac-sha2-256", "+hmac-sha1", "-*-etm@openssh.com", "^hmac-sha2-512", "-hmac-sha2-256*"),
    *("hmac-sha2-512,hmac-sha2-256", "x", "hmac-sha2-256,hmac-sha1-96"),
)
_KEX: Final = (
    *("curve25519-sha256", "+diffie-hellman-group1-sha1", "-diffie-hellman*", "-ecdh*,curve*"),
    *("^ecdh-sha2-nistp256", "ecdh-sha2-nistp521,curve25519-sha256@libssh.org", "x,y"),
)
_KEYS: Final = (
    *(
        "ssh-ed25519",
        "+ssh-rsa",
        "-*-cert-v01@openssh.com",
        "^rsa-sha2-512",
        "ssh-ed25519*",
        "-ssh*",
    ),
    *(
        "ecdsa-*,rsa-sha2-*",
        "+ssh-rsa,ssh-ed25519",
        "x",
        "!ssh-rsa,*",
        "rsa-sha2-256,x",
        "-ecdsa*",
    ),
)
_CA: Final = ("ssh-ed25519", "+ssh-rsa", "-ecdsa*", "^rsa-sha2-256", "rsa-sha2-512,ssh-ed25519")
_LISTEN: Final = ("8080", "localhost:8080", "[::1]:8080", "*:8080", ":8080", "/run/l_%r", "0", "x")
_TARGET: Final = (
    "a:80",
    "[2001:db8::1]:80",
    "a:ssh",
    "/run/t_%h",
    "a",
    "a:0",
    "a:99999",
    "${CORP}:1",
)
_FORWARDS: Final = tuple(f"{listen} {target}" for listen in _LISTEN for target in _TARGET)
_JUMP: Final = (
    *(
        "b",
        "u@b",
        "u@b:2222",
        "b,c,d@e:22",
        "ssh://u@b:2222",
        "ssh://b/",
        "[::1]:22",
        "none",
        "NONE",
    ),
    *("192.0.2.9", "b:0", "b,", "u@", "'b'", "b # comment", "b c", "web1", "::1"),
)

KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "AddKeysToAgent": (*_ASK, "confirm", "5m", "confirm 1h", "yes 5m", "confirm x"),
    "AddressFamily": ("any", "inet", "inet6", "INET", "ipv4"),
    "BatchMode": _FLAG,
    "BindAddress": ("192.0.2.1", "::1", "a b", "*"),
    "BindInterface": ("eth0", "tun0", '""'),
    "CanonicalDomains": (
        "corp.example",
        "corp.example dev.example",
        "none",
        "Corp.Example.",
        "-x",
        "none a",
        "a..b",
        "_x.example",
    ),
    "CanonicalizeFallbackLocal": _FLAG,
    "CanonicalizeHostname": ("yes", "no", "always", "true", "maybe"),
    "CanonicalizeMaxDots": _NUMBER,
    "CanonicalizePermittedCNAMEs": (
        "*.corp.example:*.example",
        "none",
        "*",
        "A:B c:d",
        "a",
        "a:",
        "none a:b",
    ),
    "CASignatureAlgorithms": _CA,
    "CertificateFile": _PATH,
    "ChannelTimeout": (
        "session=5m",
        "none",
        "direct-*=1h session:shell=30",
        "x",
        "session=",
        "none session=1",
        "*=0",
    ),
    "CheckHostIP": _FLAG,
    "Ciphers": _CIPHERS,
    "ClearAllForwardings": _FLAG,
    "Compression": ("yes", "no", "YES", "true"),
    "ConnectionAttempts": _NUMBER,
    "ConnectTimeout": _TIME,
    "ControlMaster": (*_ASK, "auto", "autoask"),
    "ControlPath": (*_PATH, "~/.ssh/cm-%C", "~/.ssh/%r@%h:%p"),
    "ControlPersist": ("yes", "no", "10m", "0", "300", "none", "x", "true"),
    "DynamicForward": (
        "1080",
        "localhost:1080",
        "[::1]:1080",
        "*:1080",
        "/run/s",
        "0",
        "1080 x",
        "x",
    ),
    "EnableEscapeCommandline": _FLAG,
    "EnableSSHKeysign": _FLAG,
    "EscapeChar": ("~", "none", "^B", "^]", "!", "ab", "%", "^?", "'\\'"),
    "ExitOnForwardFailure": _FLAG,
    "FingerprintHash": ("md5", "sha256", "SHA256", "sha512", "crc"),
    "ForkAfterAuthentication": _FLAG,
    "ForwardAgent": (
        *_FLAG[:6],
        "/run/a.sock",
        "~/a_%h",
        "$SSH_AUTH_SOCK",
        "${SSH_AUTH_SOCK}",
        "$1-x",
    ),
    "ForwardX11": _FLAG,
    "ForwardX11Timeout": _TIME,
    "ForwardX11Trusted": _FLAG,
    "GatewayPorts": (*_FLAG, "clientspecified"),
    "GlobalKnownHostsFile": _PATHS,
    "GSSAPIAuthentication": _FLAG[:4],
    "GSSAPIDelegateCredentials": _FLAG[:4],
    "HashKnownHosts": _FLAG,
    "HostbasedAcceptedAlgorithms": _KEYS,
    "HostbasedAuthentication": _FLAG,
    "HostKeyAlgorithms": _KEYS,
    "HostKeyAlias": ("alias", "ALIAS.Example", "a b", "%h"),
    "Hostname": (
        "real.example",
        "%h.corp.example",
        "192.0.2.20",
        "%h%%",
        "%q",
        "REAL",
        "::1",
        "%n",
        "2001:0DB8::0:1",
        "'x y'",
    ),
    "IdentitiesOnly": _FLAG,
    "IdentityAgent": (
        "none",
        "SSH_AUTH_SOCK",
        "$SSH_AUTH_SOCK",
        "~/agent",
        "/a/%h",
        "$x y",
        "$1-",
        "${SSH_AUTH_SOCK}",
        "${UNSET}",
        "$UNSET",
        "/a/%%",
    ),
    "IdentityFile": _PATH,
    "IgnoreUnknown": ("Foo*", "UseKeychain,Foo*", "*", "!x", "a b"),
    "IPQoS": (
        "none",
        "ef",
        "af21 cs1",
        "lowdelay throughput",
        "0",
        "46 0",
        "256",
        "CS6",
        "LE",
        "va",
        "reliability",
        "-1",
        "ef cs1 x",
        "8",
    ),
    "KbdInteractiveAuthentication": _FLAG,
    "KbdInteractiveDevices": ("pam", "bsdauth,pam", "a b"),
    "KexAlgorithms": _KEX,
    "KnownHostsCommand": _COMMAND,
    "LocalCommand": _COMMAND,
    "LocalForward": (*_FORWARDS, "8080", "1 a:1 b", "1:a:1"),
    "LogLevel": ("QUIET", "info", "debug", "DEBUG3", "VERBOSE", "FATAL", "ERROR", "loud"),
    "LogVerbose": ("kex.c:*:1000", "none", "*"),
    "MACs": _MACS,
    "NoHostAuthenticationForLocalhost": _FLAG,
    "NumberOfPasswordPrompts": _NUMBER,
    "ObscureKeystrokeTiming": (
        "yes",
        "no",
        "interval:80",
        "interval:0",
        "interval:1001",
        "true",
        "x",
        "interval:20",
        "yes no",
    ),
    "PasswordAuthentication": _FLAG,
    "PermitLocalCommand": _FLAG,
    "PermitRemoteOpen": (
        "any",
        "none",
        "a:80",
        "a:80 b:*",
        "[::1]:22",
        "a",
        "a:x",
        "any a:1",
        "*:443",
    ),
    "PKCS11Provider": ("/usr/lib/p11.so", "none", "$P11", "a b"),
    "Port": ("22", "2222", "65535", "0", "65536", "x", "ssh", "022", "+23", "https"),
    "PreferredAuthentications": (
        "publickey",
        "publickey,password",
        "password keyboard",
        "x,,y",
        "none",
    ),
    "ProxyCommand": _COMMAND,
    "ProxyJump": _JUMP,
    "ProxyUseFdpass": _FLAG,
    "PubkeyAcceptedAlgorithms": _KEYS,
    "PubkeyAuthentication": (*_FLAG, "unbound", "host-bound"),
    "RefuseConnection": ("'use the other one'", "retired", "a b"),
    "RekeyLimit": (
        "1G",
        "1G 1h",
        "default none",
        "default 30m",
        "500M",
        "15",
        "16",
        "1.5G",
        "x",
        "0",
        "2K 1x",
        "4E",
        "16E",
        "1B",
        "default",
    ),
    "RemoteCommand": (*_COMMAND, "tmux new -A -s %r", "cd /srv/%n; exec $SHELL"),
    "RemoteForward": (*_FORWARDS, "8080", "0", "/run/s"),
    "RequestTTY": ("yes", "no", "force", "auto", "true", "x"),
    "RequiredRSASize": _NUMBER,
    "RevokedHostKeys": _PATHS,
    "SecurityKeyProvider": ("internal", "/usr/lib/sk.so", "none", "$SK"),
    "SendEnv": ("LANG LC_*", "LANG", "A=1", "-LC_*", "X Y Z", "*"),
    "ServerAliveCountMax": _NUMBER,
    "ServerAliveInterval": _TIME,
    "SessionType": ("none", "subsystem", "default", "x"),
    "SetEnv": ("A=1", 'A=1 B="x y"', "A", "A=%h", "A=${CORP}", "A=1 A=2", '"C=d e"', "A=%q", "A="),
    "StdinNull": _FLAG,
    "StreamLocalBindMask": ("0177", "0111", "7", "1000", "9", "0"),
    "StreamLocalBindUnlink": _FLAG,
    "StrictHostKeyChecking": (*_ASK, "accept-new", "off", "x"),
    "SyslogFacility": ("USER", "auth", "LOCAL7", "LOCAL8", "DAEMON"),
    "Tag": ("blue", "green", "'a b'"),
    "TCPKeepAlive": _FLAG,
    "Tunnel": (*_FLAG, "ethernet", "point-to-point"),
    "TunnelDevice": ("any", "1:any", "0:1", "any:any", "x", "5", "1:2:3"),
    "UpdateHostKeys": _ASK,
    "User": ("bob", "${CORP_USER}", "u_%h", "%u", "'a b'", "%r", "x;y", "CORP\\\\bob", "${UNSET}"),
    "UserKnownHostsFile": (*_PATHS, "~/.ssh/known_hosts"),
    "VerifyHostKeyDNS": _ASK,
    "VersionAddendum": ("none", "hello", "at %h", "x # y", "'q'", "${CORP}"),
    "VisualHostKey": _FLAG,
    "WarnWeakCrypto": (*_FLAG, "no-pq-kex"),
    "XAuthLocation": ("/usr/bin/xauth", "none", "x"),
    # what OpenSSH ignores, and other names
    "Cipher": ("3des", "x y"),
    "Protocol": ("2", "2,1"),
    "UseRoaming": ("no",),
    "RhostsRSAAuthentication": ("yes",),
    "ChallengeResponseAuthentication": _FLAG,
    "DSAAuthentication": _FLAG,
    "HostbasedKeyTypes": _KEYS,
    "IdentityFile2": _PATH,
    "KeepAlive": _FLAG,
    "PubkeyAcceptedKeyTypes": _KEYS,
    "SKeyAuthentication": _FLAG,
    "TISAuthentication": _FLAG,
}
"""Every keyword, with values."""

MATCH: Final[dict[str, tuple[str, ...]]] = {
    "all": ("",),
    "canonical": ("",),
    "final": ("",),
    "host": ("web1", "web*", "*.corp.example,!db1*", "WEB2", "'a b'", ""),
    "originalhost": ("web1", "WEB2", "*", "!*"),
    "user": ("alice", "bob,alice", "a*", '""'),
    "localuser": ("alice", "root", "*"),
    "localnetwork": ("127.0.0.0/8", "10.0.0.0/8", "::1/128,198.51.100.0/24", "10.0.0.1/8", "eth0"),
    "exec": ("true", "false", "'test %h = web1'", "'test -n \"%r\"'", "'exit 3'", "'true %q'"),
    "tagged": ("blue", "b*", '""', "blue,green"),
    "command": ("uptime", "'ls *'", '""', "*"),
    "sessiontype": ("shell", "exec", "none,subsystem", "*"),
    "version": ("OpenSSH_10.*", "OpenSSH_9.*", "*", "x"),
    "colour": ("blue",),  # there is none
}
"""Every word of Match, with arguments."""

_RARELY: Final = st.sampled_from((*[False] * 99, True))
_CASES: Final[st.SearchStrategy[Callable[[str], str]]] = st.sampled_from(
    (str, str, str, str.lower, str.upper)
)
_SIGNS: Final = st.sampled_from((" ", " ", " ", " ", "\t", "  ", "=", " = ", " =", "= "))
_INDENTS: Final = st.sampled_from(("", "  ", "    ", "\t", " \t "))
_TAILS: Final = st.sampled_from((*[""] * 40, *[" ", "\t", " # comment", "\f"] * 2, "#x", "\r"))


def _is_taken(line: str) -> bool:
    try:
        Config.parse(f"Host other\n{line}\n").resolve("web1")
    except UsageError:
        return False
    return True


@st.composite
def _value(draw: st.DrawFn, good: tuple[str, ...], values: tuple[str, ...]) -> str:
    return draw(st.sampled_from(values if draw(_RARELY) else good))


def _weighted(lines: dict[str, tuple[str, ...]]) -> dict[str, st.SearchStrategy[str]]:
    """Return the values by keyword: few of them are refused."""
    found: dict[str, st.SearchStrategy[str]] = {}
    for name, values in lines.items():
        good = [each for each in values if _is_taken(f"{name} {each}".rstrip())] or list(values)
        found[name] = _value(tuple(good), values)
    return found


@functools.cache
def _values() -> dict[str, st.SearchStrategy[str]]:
    return _weighted(KEYWORDS)


@functools.cache
def _arguments() -> dict[str, st.SearchStrategy[str]]:
    words = {f"Match {word}": arguments for word, arguments in MATCH.items()}
    return {name.removeprefix("Match "): values for name, values in _weighted(words).items()}


@st.composite
def _settings(draw: st.DrawFn) -> str:
    if draw(_RARELY):
        return draw(st.sampled_from(("FooBar x", "UseKeychain yes", "Porte 22")))
    values = _values()
    keyword = draw(st.sampled_from(sorted(values)))
    value = draw(values[keyword])
    if draw(_RARELY) and '"' not in value:
        value = f'"{value}"'
    spelled = draw(_CASES)(keyword)
    return f"{draw(_INDENTS)}{spelled}{draw(_SIGNS)}{value}{draw(_TAILS)}"


@st.composite
def _blocks(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        patterns = draw(
            st.lists(
                st.sampled_from(
                    ("web1", "web*", "*", "!web1", "db?", "WEB2", "*.example", "'git'", "?it",
                     "web1,db1", "192.0.2.*")
                ),
                min_size=1, max_size=3,
            )
        )  # fmt: skip
        return draw(_CASES)("Host") + draw(_SIGNS) + " ".join(patterns) + draw(_TAILS)
    criteria = draw(st.lists(_criteria(), min_size=1, max_size=3))
    return f"Match{draw(_SIGNS)}{' '.join(criteria)}{draw(_TAILS)}"


@st.composite
def _criteria(draw: st.DrawFn) -> str:
    arguments = _arguments()
    word = draw(st.sampled_from(sorted(arguments)))
    if word in {"all", "colour"} and not draw(_RARELY):
        word = "host"
    argument = draw(arguments[word])
    negation = draw(st.sampled_from(("", "", "", "!")))
    if not argument:
        return f"{negation}{word}"
    return f"{negation}{word}{draw(st.sampled_from((' ', ' ', '=')))}{argument}"


_includes: Final = st.sampled_from(
    (
        *(f"Include {name}" for name in INCLUDED),
        *("Include generated/[to]*", "Include generated/none", "Include generated/%r"),
        *("Include ~/.ssh/generated/one generated/two", "include ${UNSET}/x"),
    )
)
_noise: Final = st.sampled_from(
    ("", "# comment", "   ", "  # x", "\t", "=Port 99", "Port", 'User "x')
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Draw the text of a file: lines in blocks, some of them included."""
    many = st.lists(_settings(), min_size=1, max_size=5)
    lines = draw(many)
    for _ in range(draw(st.integers(0, 3))):
        lines.append(draw(_blocks()))
        lines += draw(many)
        if draw(st.integers(0, 4)) == 0:
            lines.append(draw(_includes))
    if draw(_RARELY):
        lines.insert(draw(st.integers(0, len(lines))), draw(_noise))
    end = draw(st.sampled_from(("\n", "\n", "\n", "\r\n")))
    return end.join(lines) + draw(st.sampled_from((end, "")))


@st.composite
def commands(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw what follows on the command line: a host, and mostly no command."""
    return (draw(st.sampled_from(HOSTS)), *draw(st.sampled_from(_COMMANDS)))
