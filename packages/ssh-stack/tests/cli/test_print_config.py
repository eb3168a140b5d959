"""What -G prints, without an OpenSSH to compare it with (tests/interop has that)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ssh_stack.cli.arguments import parse_arguments
from ssh_stack.cli.print_config import config_answer, config_text
from ssh_stack.config import Config
from ssh_stack.config.directives import DIRECTIVES
from ssh_wire import UsageError

_HEAVY = ("asyncio", "click", "rich", "cryptography", "ssh_connection", "ssh_auth")


def printed(text: str) -> list[str]:
    return config_text(Config.parse(text).resolve("web1", user="me"), "web1").splitlines()


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("AddKeysToAgent confirm 5m", ["addkeystoagent confirm 300"]),
        ("AddKeysToAgent yes", ["addkeystoagent true"]),
        ("CanonicalizePermittedCNAMEs *.A:b *", ["canonicalizepermittedcnames *.a:b *:*"]),
        ("ChannelTimeout session=5m x=1", ["channeltimeout session=5m x=1"]),
        ("ControlPersist 1h", ["controlpersist 3600"]),
        ("ControlPersist yes", ["controlpersist yes"]),
        ("EscapeChar ^]", ["escapechar \\^]"]),
        ("ForwardAgent $SOCKET", ["forwardagent $SOCKET"]),
        ("IdentityFile ~/%h", ["identityfile ~/%h"]),
        ("IPQoS af21 8", ["ipqos af21 0x08"]),
        ("LocalForward [::1]:80 a:ssh", ["localforward [::1]:80 [a]:22"]),
        ("LogLevel debug", ["loglevel DEBUG"]),
        ("ObscureKeystrokeTiming interval:80", ["obscurekeystroketiming 80"]),
        ("ProxyJump b,ssh://me@10.0.0.1:22/", ["proxyjump b,me@[10.0.0.1]:22"]),
        ("PubkeyAuthentication unbound", ["pubkeyauthentication unbound"]),
        ("RekeyLimit 1K 1m", ["rekeylimit 1024 60"]),
        ("RemoteForward 0", ["remoteforward 0 [socks]:0"]),
        ("StreamLocalBindMask 0111", ["streamlocalbindmask 0111"]),
        ("Tunnel yes", ["tunnel point-to-point"]),
        ("TunnelDevice 1", ["tunneldevice 1:any"]),
        ("UserKnownHostsFile /a%%b /c", ["userknownhostsfile /a%b /c"]),
        ("VersionAddendum none", ["versionaddendum "]),
    ],
)
def test_value_is_printed_as_openssh_spells_it(line: str, lines: list[str]) -> None:
    keyword = lines[0].partition(" ")[0]

    assert [each for each in printed(line) if each.partition(" ")[0] == keyword] == lines


def test_forwards_and_tunnel_are_not_printed_when_they_are_cleared() -> None:
    found = printed("ClearAllForwardings yes\nLocalForward 1 a:1\nDynamicForward 2\nTunnel yes\n")

    assert "tunnel false" in found
    assert not [line for line in found if line.startswith(("localforward", "dynamicforward"))]


def test_way_through_host_is_printed_without_command() -> None:
    found = printed("ProxyJump b\nProxyUseFdpass yes\nProxyCommand nc %h %p\n")

    assert "proxyjump b" in found
    assert "proxyusefdpass no" in found
    assert not [line for line in found if line.startswith("proxycommand")]


def test_every_keyword_with_default_is_printed_without_configuration() -> None:
    keywords = {line.partition(" ")[0] for line in printed("")}

    assert {row.name.lower() for row in DIRECTIVES.values() if row.default} <= keywords


def test_command_line_counts_as_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("Match command ls sessiontype exec user bob\n  Port 7\n")
    words = ["-F", str(file), "-l", "bob", "-o", "Compression=yes", "web1", "ls"]

    lines = config_answer(parse_arguments(words)).splitlines()

    assert {"host web1", "user bob", "port 7", "compression yes"} <= set(lines)


@pytest.mark.parametrize(
    "words",
    [["we;b1"], ["-o", "ConnectionAttempts=0", "web1"], ["-o", "RemoteCommand=x", "a", "b"]],
)
def test_call_that_ssh_refuses_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match=r"cannot be the name of a host|is 0|excludes a command"):
        config_answer(parse_arguments(["-F", "none", *words]))


def test_printing_imports_nothing_that_connects() -> None:
    """Git asks for -G before each connection to a host that it does not know."""
    script = (
        "import sys; from ssh_stack.cli.print_config import config_text; "
        "from ssh_stack.config import Config; "
        "config_text(Config.parse('').resolve('web1', user='me'), 'web1'); "
        f"print([name for name in {_HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout == b"[]\n"
