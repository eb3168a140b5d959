"""What options and configuration come to: methods, batch mode, what restricts."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest

import ssh_stack
from ssh_auth import InteractiveCredential
from ssh_keys import PublicKey
from ssh_stack.client.credentials import credentials
from ssh_stack.client.merge_options import (
    authentication_plan,
    check_name,
    host_key_policy,
    rekey_limits,
    updates_known_hosts,
    with_ca_signature_algorithms,
    without_prompts,
)
from ssh_stack.client.options import ClientOptions, Prompter
from ssh_stack.config import Config, HostConfig
from ssh_stack.config.directives import DIRECTIVES
from ssh_stack.errors import ConfigError
from ssh_stack.sources import DEFAULT
from ssh_wire import UsageError

if TYPE_CHECKING:
    from ssh_keys import Certificate
    from ssh_stack.client.authentication_plan import AuthenticationPlan


def resolve(text: str) -> HostConfig:
    return Config.parse(text).resolve("web1", user="me")


def plan(text: str, **options: Any) -> AuthenticationPlan:
    return authentication_plan(ClientOptions(**options), resolve(text), "me", "web1")


# ------------------------------------------------------------- authentication


@pytest.mark.parametrize(
    ("text", "methods"),
    [
        ("", ("publickey", "keyboard-interactive", "password")),
        ("PasswordAuthentication no", ("publickey", "keyboard-interactive")),
        ("KbdInteractiveAuthentication no", ("publickey", "password")),
        ("ChallengeResponseAuthentication no", ("publickey", "password")),
        ("PubkeyAuthentication no", ("keyboard-interactive", "password")),
        ("PubkeyAuthentication unbound", ("publickey", "keyboard-interactive", "password")),
        ("PreferredAuthentications password,publickey", ("password", "publickey")),
        ("PreferredAuthentications password,password,x", ("password",)),
        ("PreferredAuthentications gssapi-with-mic", ()),
        ("PreferredAuthentications password\nPasswordAuthentication no", ()),
    ],
)
def test_configuration_decides_methods_and_their_order(
    text: str, methods: tuple[str, ...]
) -> None:
    assert plan(text).methods == methods


def test_configuration_names_files_of_keys_and_certificates() -> None:
    found = plan("IdentityFile /a\nCertificateFile /c\nIdentityFile /b\nIdentitiesOnly yes")

    assert found.identity_files == (Path("/a"), Path("/b"))
    assert found.certificate_files == (Path("/c"),)
    assert found.identities_only
    assert plan("").identity_files == ()
    assert plan("IdentityFile none").identity_files == (Path("none"),)
    assert plan("IdentityFile none\nIdentityFile /a").identity_files == (Path("/a"),)


@pytest.mark.parametrize(
    ("text", "given", "agent"),
    [
        ("", DEFAULT, DEFAULT),
        ("IdentityAgent none", DEFAULT, None),
        ("IdentityAgent SSH_AUTH_SOCK", DEFAULT, DEFAULT),
        ("IdentityAgent /run/agent", DEFAULT, Path("/run/agent")),
        ("IdentityAgent /run/agent", "/mine", "/mine"),
        ("IdentityAgent /run/agent", None, None),
    ],
)
def test_option_wins_over_identity_agent(text: str, given: Any, agent: Any) -> None:
    assert plan(text, agent=given).agent == agent


def test_configuration_decides_rsa_size_and_password_prompts() -> None:
    found = plan("RequiredRSASize 3072\nNumberOfPasswordPrompts 1")

    assert (found.min_rsa_bits, found.password_prompts) == (3072, 1)
    assert (plan("").min_rsa_bits, plan("").password_prompts) == (0, 3)


# ------------------------------------------------------------- batch mode


async def _decide(_host: str, _port: int, _key: PublicKey) -> bool:
    pytest.fail("somebody was asked")


async def _update(*_: object) -> bool:
    pytest.fail("somebody was asked")


class _Unasked:
    """A user who must not be asked."""

    def __getattr__(self, name: str) -> NoReturn:
        pytest.fail(f"asked for {name}")


def test_batch_mode_asks_no_decision_on_host_key() -> None:
    prompter = cast("Prompter", _Unasked())
    options = ClientOptions(prompter=prompter, host_key_policy=_decide, update_host_keys=_update)

    found = without_prompts(options, resolve("BatchMode yes"))

    assert found.prompter is None
    assert host_key_policy(found, resolve("BatchMode yes")) == "strict"
    assert not updates_known_hosts(found, resolve("BatchMode yes"))
    assert without_prompts(options, resolve("BatchMode no")) is options
    assert plan("BatchMode yes").batch


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BatchMode yes", "strict"),
        ("BatchMode yes\nStrictHostKeyChecking ask", "strict"),
        ("BatchMode yes\nStrictHostKeyChecking accept-new", "accept-new"),
        ("BatchMode yes\nStrictHostKeyChecking no", "off"),
    ],
)
def test_batch_mode_leaves_policy_of_configuration(text: str, found: str) -> None:
    options = without_prompts(ClientOptions(prompter=cast("Prompter", _Unasked())), resolve(text))

    assert host_key_policy(options, resolve(text)) == found


# ------------------------------------------------------------- what restricts

_REFUSED = {
    "BindInterface": "tun0",
    "ChannelTimeout": "session=5m",
    "CheckHostIP": "yes",
    "KnownHostsCommand": "/bin/x %H",
    "ObscureKeystrokeTiming": "interval:20",
    "ProxyUseFdpass": "yes",
}
_FINE = {
    "ChannelTimeout": "none",
    "CheckHostIP": "no",
    "KnownHostsCommand": "none",
    "ObscureKeystrokeTiming": "no",
    "ProxyUseFdpass": "no",
}


def test_every_restricting_keyword_is_tested() -> None:
    assert _REFUSED.keys() == {r.name for r in DIRECTIVES.values() if r.treatment == "refused"}


@pytest.mark.parametrize("keyword", _REFUSED)
async def test_restricting_keyword_that_is_not_honoured_refuses_connection(
    keyword: str,
) -> None:
    lines = ["Port 1", f"{keyword} {_REFUSED[keyword]}"]
    connecting = ssh_stack.connect("127.0.0.1", config=None, config_options=lines)

    (unsupported,) = connecting.config.unsupported
    assert unsupported.refuses
    with pytest.raises(ConfigError, match=f"option: {keyword} .* is not supported yet"):
        await connecting.open()


@pytest.mark.parametrize("keyword", _FINE)
def test_value_equal_to_behaviour_is_not_reported(keyword: str) -> None:
    first = f"{keyword} {_FINE[keyword]}\n{keyword} {_REFUSED[keyword]}"

    assert resolve(first).unsupported == ()


@pytest.mark.parametrize(
    "line",
    ["ForwardAgent no", "RemoteCommand none", "ControlMaster no", "Compression no", "Tunnel no",
     "ForwardX11 no", "ForwardX11Trusted yes", "AddKeysToAgent no", "ControlPath none",
     "ControlPersist no", "LocalCommand none", "LocalCommand ls", "PermitLocalCommand no",
     "GSSAPIAuthentication no", "GSSAPIDelegateCredentials no", "HostbasedAuthentication no",
     "PKCS11Provider none", "ConnectionAttempts 1", "GatewayPorts no",
     "VerifyHostKeyDNS no", "FingerprintHash sha256", "EscapeChar none", "EscapeChar ~",
     "IPQoS none", "EnableEscapeCommandline no", "VisualHostKey no", "PermitRemoteOpen none"],
)  # fmt: skip
def test_line_that_changes_nothing_is_not_reported(line: str) -> None:
    assert resolve(line).unsupported == ()


@pytest.mark.parametrize(
    "line",
    ["ForwardAgent yes", "ControlMaster auto", "Compression yes",
     "LocalForward 80 a:80", "AddKeysToAgent confirm 5m", "EscapeChar ^B",
     "GSSAPIAuthentication yes", "VerifyHostKeyDNS ask"],
)  # fmt: skip
def test_line_that_asks_for_more_is_reported_without_refusal(line: str) -> None:
    (found,) = resolve(line).unsupported

    assert not found.refuses
    assert found.keyword == line.split(maxsplit=1)[0]


def test_local_command_is_reported_when_it_would_be_run() -> None:
    found = resolve("PermitLocalCommand yes\nLocalCommand ls\n")

    assert [each.keyword for each in found.unsupported] == ["PermitLocalCommand", "LocalCommand"]


def test_cleared_forward_is_not_reported() -> None:
    lines = "LocalForward 8080 a:80\nRemoteForward 8080 a:80\nDynamicForward 1080\n"

    assert len(resolve(lines).unsupported) == 3
    assert resolve(f"ClearAllForwardings yes\n{lines}").unsupported == ()


@pytest.mark.parametrize("given", ["interactive", "password", "prompter"])
async def test_keyboard_interactive_devices_are_sent_to_server(given: str) -> None:
    text = "KbdInteractiveDevices skey,pam\nPreferredAuthentications keyboard-interactive\n"
    prompter = SimpleNamespace(answers=str, password=str, new_password=str)
    values: dict[str, Any] = {"interactive": str, "password": "x", "prompter": prompter}

    async with AsyncExitStack() as stack:
        found = await credentials(ClientOptions(**{given: values[given]}), plan(text), stack)

    dialogues = [each for each in found if isinstance(each, InteractiveCredential)]
    assert dialogues
    assert {each.submethods for each in dialogues} == {"skey,pam"}


# ------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("", {}, (1024**3, 3600.0)),
        ("RekeyLimit 1M 10m", {}, (1024**2, 600.0)),
        ("RekeyLimit default none", {}, (1024**3, 3600.0)),
        ("RekeyLimit 4G 4h", {}, (1024**3, 3600.0)),
        ("RekeyLimit 1.5K", {}, (1536, 3600.0)),
        ("RekeyLimit 1G 1h", {"rekey_bytes": 1000, "rekey_seconds": 5.0}, (1000, 5.0)),
    ],
)
def test_rekey_limit_is_lower_of_option_and_configuration(
    text: str, options: dict[str, Any], found: tuple[int, float]
) -> None:
    assert rekey_limits(ClientOptions(**options), resolve(text)) == found


class _Certificate:
    ca_algorithm = "rsa-sha2-512"


@pytest.mark.parametrize(
    ("text", "trusted", "found"),
    [
        ("", True, True),
        ("CASignatureAlgorithms rsa-sha2-512", True, True),
        ("CASignatureAlgorithms rsa-sha2-512", False, False),
        ("CASignatureAlgorithms ssh-ed25519", True, False),
        ("CASignatureAlgorithms -rsa*", True, False),
    ],
)
async def test_certificate_with_other_ca_signature_algorithm_is_not_used(
    text: str, trusted: bool, found: bool
) -> None:
    async def verify(_: Certificate) -> bool:
        return trusted

    judge = with_ca_signature_algorithms(verify, resolve(text).ca_signature_algorithms)

    assert await judge(cast("Certificate", _Certificate())) is found


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


async def test_jump_host_that_is_reached_through_itself_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host *\n ProxyJump bastion\n")

    for host in ("bastion", "web1"):
        with pytest.raises(UsageError, match="goes through bastion itself"):
            await ssh_stack.connect(host, config=config).open()


async def test_program_of_configuration_does_not_block_event_loop(tmp_path: Path) -> None:
    """The command waits for what the loop does meanwhile."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    config = tmp_path / "config"
    config.write_text(f'Match exec "read line < {pipe}"\n CheckHostIP yes\n')

    async def write() -> None:
        await asyncio.to_thread(pipe.write_text, "go\n")

    with pytest.raises(ConfigError, match="CheckHostIP yes"):
        await asyncio.gather(ssh_stack.connect("web1", config=config).open(), write())
