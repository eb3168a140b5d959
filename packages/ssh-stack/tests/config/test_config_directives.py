"""The table of keywords is complete, and each of its rows has a field of its own."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ssh_stack.config import Config, HostConfig
from ssh_stack.config.directives import DIRECTIVES
from ssh_stack.config.forward_specs import parse_forward

_BESIDE = {"found", "late_errors", "texts", "notes", "unsupported"}
_VALUES: dict[str, tuple[str, Any]] = {
    "AddKeysToAgent": ("confirm 5m", ("confirm", 300)),
    "BindInterface": ("tun0", "tun0"),
    "CanonicalDomains": ("Example.com", ("example.com",)),
    "CanonicalizeMaxDots": ("3", 3),
    "CanonicalizePermittedCNAMEs": ("*.a:*.b", (("*.a", "*.b"),)),
    "ChannelTimeout": ("session=5m direct-*=1h", (("session", 300), ("direct-*", 3600))),
    "CheckHostIP": ("yes", True),
    "Compression": ("yes", True),
    "ConnectionAttempts": ("3", 3),
    "ControlMaster": ("autoask", "autoask"),
    "ControlPersist": ("10m", 600),
    "DynamicForward": ("1080", (parse_forward("1080", dynamic=True),)),
    "EnableEscapeCommandline": ("yes", True),
    "FingerprintHash": ("md5", "md5"),
    "ForkAfterAuthentication": ("yes", True),
    "ForwardAgent": ("yes", "yes"),
    "ForwardX11": ("yes", True),
    "ForwardX11Timeout": ("10m", 600),
    "ForwardX11Trusted": ("yes", True),
    "GatewayPorts": ("yes", True),
    "GSSAPIAuthentication": ("yes", True),
    "GSSAPIServerIdentity": ("x", "x"),
    "HostbasedAuthentication": ("yes", True),
    "IgnoreUnknown": ("Foo*", "Foo*"),
    "IPQoS": ("af21 cs1", (0x48, 0x20)),
    "KnownHostsCommand": ("/bin/x %H", "/bin/x %H"),
    "LocalCommand": ("echo %T", "echo %T"),
    "LogVerbose": ("kex.c:*", ("kex.c:*",)),
    "NoHostAuthenticationForLocalhost": ("yes", True),
    "ObscureKeystrokeTiming": ("interval:80", 80),
    "PermitLocalCommand": ("yes", True),
    "PermitRemoteOpen": ("a:80 b:*", ("a:80", "b:*")),
    "PKCS11Provider": ("/usr/lib/x.so", "/usr/lib/x.so"),
    "ProxyUseFdpass": ("yes", True),
    "SecurityKeyProvider": ("$SK", "$SK"),
    "StreamLocalBindMask": ("0117", 0o117),
    "StreamLocalBindUnlink": ("yes", True),
    "SyslogFacility": ("local3", "LOCAL3"),
    "Tunnel": ("ethernet", "ethernet"),
    "TunnelDevice": ("1:any", (1, None)),
    "VerifyHostKeyDNS": ("ask", "ask"),
    "VersionAddendum": ("at %h", "at web1"),
    "VisualHostKey": ("yes", True),
    "WarnWeakCrypto": ("no-pq-kex", False),
    "XAuthLocation": ("/x", "/x"),
}


def test_every_keyword_has_field_of_its_own() -> None:
    fields = {field.name for field in attrs.fields(HostConfig)} - _BESIDE
    named = [row.field for row in DIRECTIVES.values() if row.field]

    assert sorted(named) == sorted(fields)
    without = {row.name for row in DIRECTIVES.values() if not row.field and not row.refuses}
    assert without == {row.name for row in DIRECTIVES.values() if row.status == "ignored"}


def test_keyword_that_is_not_honoured_says_why() -> None:
    for row in DIRECTIVES.values():
        if row.status != "honoured":
            assert row.reason, row.name


@pytest.mark.parametrize("keyword", _VALUES)
def test_value_is_kept_in_field(keyword: str) -> None:
    text, value = _VALUES[keyword]

    found = Config.parse(f"{keyword} {text}\n").resolve("web1", user="me")

    assert getattr(found, DIRECTIVES[keyword.lower()].field) == value


@pytest.mark.parametrize("keyword", ["ConnectTimeout", "ServerAliveInterval"])
def test_time_of_none_leaves_keyword_to_later_lines(keyword: str) -> None:
    found = Config.parse(f"{keyword} none\n{keyword} 7\n").resolve("web1", user="me")

    assert getattr(found, DIRECTIVES[keyword.lower()].field) == 7


def test_seconds_of_rekey_limit_come_from_first_line_that_has_them() -> None:
    lines = "RekeyLimit 1G\nRekeyLimit 2G 1h\nRekeyLimit 3G 2h\n"

    assert Config.parse(lines).resolve("web1", user="me").rekey_limit == (1 << 30, 3600)


def test_command_that_is_expanded_late_keeps_its_error() -> None:
    found = Config.parse("ProxyCommand nc %q\nLocalCommand ls %q\n").resolve("web1", user="me")

    assert found.proxy_command == "nc %q"
    assert sorted(found.late_errors) == ["local_command", "proxy_command"]
    assert str(found.proxy_command_error).startswith("option, line 1: ProxyCommand has an unknown")
