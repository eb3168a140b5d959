"""Where options and configuration meet."""

from __future__ import annotations

import builtins
import os
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ssh_stack
from ssh_connection.aio import KeepaliveOptions, Timeouts
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import ConnectionPlan, Target, check_name, merge
from ssh_stack.config import Config, HostConfig
from ssh_stack.errors import ConfigError
from ssh_transport import profiles
from ssh_wire import UsageError

TARGET = Target(host="web1", local_user="me")


def resolve(text: str) -> HostConfig:
    return Config.parse(text).resolve("web1", user="me")


# ------------------------------------------------------------- properties

_PATHS = st.sampled_from(["/a", "/b", "/c"])
_OPTIONS: dict[str, tuple[st.SearchStrategy[Any], Callable[[ConnectionPlan], Any]]] = {
    "username": (st.sampled_from(["ann", "bob"]), lambda p: p.user),
    "password": (st.text(), lambda p: p.identity.password),
    "passphrase": (st.text(), lambda p: p.identity.passphrase),
    "agent": (_PATHS | st.none(), lambda p: p.identity.agent),
    "strict_permissions": (st.booleans(), lambda p: p.identity.strict_permissions),
    "ask_methods_first": (st.booleans(), lambda p: p.identity.ask_methods_first),
    "known_hosts": (_PATHS | st.none(), lambda p: p.trust.known_hosts),
    "revoked_host_keys": (_PATHS | st.none(), lambda p: p.trust.revoked),
    "host_key_alias": (st.sampled_from(["x", "y"]), lambda p: p.trust.alias),
    "host_key_policy": (
        st.sampled_from(["strict", "accept-new", "off"]),
        lambda p: p.trust.policy,
    ),
    "update_host_keys": (st.booleans(), lambda p: p.trust.updates),
    "timeouts": (st.builds(Timeouts, connect=st.floats(1, 9)), lambda p: p.transport.timeouts),
    "keepalive": (
        st.none() | st.builds(KeepaliveOptions, interval=st.floats(1, 9)),
        lambda p: p.transport.keepalive,
    ),
    "proxy_command": (st.sampled_from(["nc %h %p"]) | st.none(), lambda p: p.route.proxy_command),
}
"""Options, and where the plan has them as they were given."""

_LINES: dict[str, tuple[Any, Callable[[ConnectionPlan], Any]]] = {
    "User ann": ("ann", lambda p: p.user),
    "Port 2222": (2222, lambda p: p.port),
    "Hostname web1.example": ("web1.example", lambda p: p.hostname),
    "BatchMode yes": (True, lambda p: p.batch),
    "AddressFamily inet6": ("inet6", lambda p: p.route.addresses),
    "BindAddress ::1": ("::1", lambda p: p.route.bind_address),
    "TCPKeepAlive no": (False, lambda p: p.route.keepalive),
    "BindInterface lo": ("lo", lambda p: p.route.bind_interface),
    "ConnectionAttempts 3": (3, lambda p: p.route.attempts),
    "IPQoS af21 cs1": ((0x48, 0x20), lambda p: p.route.qos),
    "ProxyUseFdpass yes": (True, lambda p: p.route.proxy_passes_socket),
    "ProxyCommand nc %h %p": ("nc %h %p", lambda p: p.route.proxy_command),
    "ProxyJump a,b": (("a", "b"), lambda p: p.route.jumps),
    "IdentityAgent none": (None, lambda p: p.identity.agent),
    "AddKeysToAgent confirm 5m": (
        ("confirm", 300),
        lambda p: (p.identity.add_to_agent, p.identity.agent_lifetime),
    ),
    "IdentitiesOnly yes": (True, lambda p: p.identity.identities_only),
    "NumberOfPasswordPrompts 1": (1, lambda p: p.identity.password_prompts),
    "KbdInteractiveDevices pam": ("pam", lambda p: p.identity.devices),
    "PreferredAuthentications password": (("password",), lambda p: p.identity.methods),
    "IdentityFile /a": ((Path("/a"),), lambda p: p.identity.keys),
    "CertificateFile /a": ((Path("/a"),), lambda p: p.identity.certificates),
    "RequiredRSASize 4096": (4096, lambda p: p.trust.required_rsa_size),
    "UserKnownHostsFile /a": (("/a",), lambda p: p.trust.known_hosts),
    "GlobalKnownHostsFile /a": (("/a",), lambda p: p.trust.system_files),
    "RevokedHostKeys /a": ((Path("/a"),), lambda p: p.trust.revoked),
    "HostKeyAlias x": ("x", lambda p: p.trust.alias),
    "KnownHostsCommand /x %H": ("/x %H", lambda p: p.trust.command),
    "VerifyHostKeyDNS ask": ("ask", lambda p: p.trust.dns),
    "CheckHostIP yes": (True, lambda p: p.trust.checks_address),
    "NoHostAuthenticationForLocalhost yes": (True, lambda p: p.trust.exempts_localhost),
    "FingerprintHash md5": ("md5", lambda p: p.trust.fingerprint_hash),
    "VisualHostKey yes": (True, lambda p: p.trust.visual),
    "HashKnownHosts yes": (True, lambda p: p.trust.hashed),
    "StrictHostKeyChecking accept-new": ("accept-new", lambda p: p.trust.policy),
    "UpdateHostKeys no": (False, lambda p: p.trust.updates),
    "Ciphers aes128-ctr": (("aes128-ctr",), lambda p: p.transport.algorithms.ciphers),
    "Compression yes": (
        ("zlib@openssh.com", "none"),
        lambda p: p.transport.algorithms.compression,
    ),
    "VersionAddendum for tests": ("for tests", lambda p: p.transport.comments),
    "WarnWeakCrypto no": (False, lambda p: p.transport.warns_of_kex),
    "RekeyLimit 1K": (1024, lambda p: p.transport.rekey_bytes),
    "SetEnv A=1": ((("A", "1"),), lambda p: p.session.set_env),
    "SendEnv LC_*": (("LC_*",), lambda p: p.session.send_env),
    "RemoteCommand ls": ("ls", lambda p: p.session.command),
    "RequestTTY force": ("force", lambda p: p.session.request_tty),
    "SessionType none": ("none", lambda p: p.session.kind),
    "StdinNull yes": (True, lambda p: p.session.stdin_null),
    "EscapeChar none": ("none", lambda p: p.session.escape_char),
    "LogLevel DEBUG2": ("DEBUG2", lambda p: p.session.log_level),
    "EnableEscapeCommandline yes": (True, lambda p: p.session.escape_command_line),
    "LogVerbose x.c": (("x.c",), lambda p: p.session.log_verbose),
    "SyslogFacility DAEMON": ("DAEMON", lambda p: p.session.syslog_facility),
    "ForkAfterAuthentication yes": (True, lambda p: p.session.to_background),
    "ObscureKeystrokeTiming no": (0, lambda p: p.session.keystroke_interval),
    "ChannelTimeout global=1h x11-connection=0": (
        (("global", 3600), ("x11-connection", 0)),
        lambda p: p.transport.connection_limits.channel_timeouts,
    ),
    "ChannelTimeout session=5m": ((("session", 300),), lambda p: p.session.channel_timeouts),
    "ForwardAgent /a": (True, lambda p: p.session.forward_agent),
    "ForwardX11 yes": (True, lambda p: p.session.forward_x11),
    "ForwardX11Trusted yes": (True, lambda p: p.session.x11.trusted),
    "ForwardX11Timeout 5": (5, lambda p: p.session.x11.timeout),
    "XAuthLocation /x": ("/x", lambda p: p.session.x11.xauth),
    "ControlMaster auto": ("auto", lambda p: p.session.control.master),
    "ControlPath /x": (Path("/x"), lambda p: p.session.control.path),
    "ControlPersist 5m": (300, lambda p: p.session.control.persist),
    "GatewayPorts yes": (True, lambda p: p.forwards.gateway_ports),
    "PermitRemoteOpen none": (("none",), lambda p: p.forwards.remote_targets),
    "StreamLocalBindMask 0077": (0o77, lambda p: p.forwards.socket_mask),
    "StreamLocalBindUnlink yes": (True, lambda p: p.forwards.socket_unlink),
    "TunnelDevice 1:2": ((1, 2), lambda p: p.forwards.tunnel_device),
    "ClearAllForwardings yes": (True, lambda p: p.forwards.clear_all),
    "ExitOnForwardFailure yes": (True, lambda p: p.forwards.exit_on_failure),
}
"""Lines, and where the plan has their value; none of them is the default."""

_COMPETING = (
    {"ProxyCommand nc %h %p", "ProxyJump a,b"},
    {"BindAddress ::1", "BindInterface lo"},
    {"ChannelTimeout global=1h x11-connection=0", "ChannelTimeout session=5m"},
)
_CONFIGS = st.lists(st.sampled_from(sorted(_LINES)), unique=True).map("\n".join)
_GIVEN = st.fixed_dictionaries({}, optional={n: s for n, (s, _) in _OPTIONS.items()})


@given(_GIVEN, _CONFIGS)
def test_option_that_is_given_wins_over_configuration(given: dict[str, Any], text: str) -> None:
    plan = merge(ClientOptions(**given), resolve(text), TARGET)

    for name, value in given.items():
        assert _OPTIONS[name][1](plan) == value


@given(_CONFIGS)
def test_configuration_wins_over_default(text: str) -> None:
    plan = merge(ClientOptions(), Config.parse(text).resolve("web1"), TARGET)

    lines = text.splitlines()
    for line in lines:
        if any({line, other} in _COMPETING for other in lines):
            continue  # the first one counts, or the other
        value, found = _LINES[line]
        assert found(plan) == value


@pytest.mark.parametrize("line", _LINES)
def test_line_changes_default(line: str) -> None:
    value, found = _LINES[line]

    assert found(merge(ClientOptions(), Config.parse("").resolve("web1"), TARGET)) != value


@contextmanager
def nothing_outside() -> Generator[None]:
    """Let everything fail that reads a file, the environment, the clock or the network."""

    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail("merge is not pure")

    with (
        mock.patch.object(builtins, "open", refuse),
        mock.patch.object(os, "stat", refuse),
        mock.patch.object(os, "environ", mock.NonCallableMock(spec=[])),
        mock.patch.object(socket, "getaddrinfo", refuse),
        mock.patch.object(time, "time", refuse),
    ):
        yield


@given(_GIVEN, _CONFIGS)
def test_merging_is_pure(given: dict[str, Any], text: str) -> None:
    options, config = ClientOptions(**given), resolve(text)
    before = attrs.asdict(config, recurse=False)
    merge(options, config, TARGET)  # what is loaded late is loaded now

    with nothing_outside():
        first, second = (merge(options, config, TARGET) for _ in range(2))

    assert first == second
    assert attrs.asdict(config, recurse=False) == before


@given(_GIVEN, _CONFIGS)
def test_batch_mode_leaves_no_user_to_ask(given: dict[str, Any], text: str) -> None:
    def ask(*_: object) -> NoReturn:
        pytest.fail("somebody was asked")

    asking = {"prompter": mock.Mock(), "host_key_policy": ask, "update_host_keys": ask}
    plan = merge(ClientOptions(**{**given, **asking}), resolve(f"BatchMode yes\n{text}"), TARGET)

    assert plan.batch
    assert plan.identity.prompter is None
    assert not callable(plan.trust.policy)
    assert plan.trust.confirm_update is None


_LISTS = st.tuples(
    st.sampled_from(["KexAlgorithms", "HostKeyAlgorithms", "Ciphers", "MACs"]),
    st.sampled_from(["+", "^", ""]),
)
_LEGACY = profiles("legacy", "client")
_NAMES = {
    "KexAlgorithms": _LEGACY.kex,
    "HostKeyAlgorithms": _LEGACY.host_keys,
    "Ciphers": _LEGACY.ciphers,
    "MACs": _LEGACY.macs,
}


@given(st.data())
def test_profile_strict_gets_no_algorithm_of_configuration(data: st.DataObject) -> None:
    keyword, sign = data.draw(_LISTS)
    names = data.draw(st.lists(st.sampled_from(_NAMES[keyword]), min_size=1, unique=True))
    strict = profiles("strict", "client")
    config = resolve(f"{keyword} {sign}{','.join(names)}")

    try:
        found = merge(ClientOptions(algorithms="strict"), config, TARGET).transport.algorithms
    except ConfigError as error:
        assert "of the profile strict" in str(error)  # noqa: PT017 (either is right)
        return
    for field in ("kex", "host_keys", "ciphers", "macs"):
        assert set(getattr(found, field)) <= set(getattr(strict, field))


def test_plan_is_public_beside_configuration() -> None:
    connecting = ssh_stack.connect(
        "web1", config=None, config_options=["Port 2222", "User ann"], algorithms="strict"
    )

    assert connecting.plan == merge(
        ClientOptions(config=None, config_options=("Port 2222", "User ann"), algorithms="strict"),
        connecting.config,
        Target(host="web1"),
    )
    assert (connecting.plan.port, connecting.plan.user) == (2222, "ann")


# ------------------------------------------------------------- names


@pytest.mark.parametrize("user", ["DOMAIN\\user", "first last", "a$b", "me@corp", "ü"])
def test_user_name_accepted_by_openssh_is_accepted(user: str) -> None:
    check_name("user", user)


@pytest.mark.parametrize(
    ("what", "name"),
    [("user", "a -o"), ("user", "a\\"), ("user", "a;b"), ("user", ""), ("user", "-l"),
     ("user", "a\x00"), ("host", "a,b"), ("host", "DOMAIN\\host"), ("host", "a b"), ("host", "$")],
)  # fmt: skip
def test_name_that_openssh_refuses_is_refused(what: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"cannot be the name of a {what}"):
        check_name(what, name)
