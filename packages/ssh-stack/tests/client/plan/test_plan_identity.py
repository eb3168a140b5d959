"""How the user is authenticated: methods, keys, agent, prompts."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ssh_auth import InteractiveCredential
from ssh_keys import KeyPolicy
from ssh_stack.client.credentials import credentials
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_stack.config import Config
from ssh_stack.sources import DEFAULT


def plan(text: str, **options: Any) -> IdentityPlan:
    config = Config.parse(text).resolve("web1", user="me")
    return merge(ClientOptions(**options), config, Target(host="web1", local_user="me")).identity


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

    assert (found.keys, found.keys_from) == ((Path("/a"), Path("/b")), "configuration")
    assert found.certificates == (Path("/c"),)
    assert found.identities_only
    assert (plan("").keys, plan("").keys_from) == ((), "default")
    assert plan("IdentityFile none").keys_from == "configuration"
    assert plan("IdentityFile none").keys == ()
    assert plan("IdentityFile none\nIdentityFile /a").keys == (Path("/a"),)


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


def test_keys_of_caller_replace_those_of_configuration() -> None:
    text = "IdentityFile /a\nCertificateFile /c\n"

    found = plan(text, keys=["/mine"], certificates=["/d"])

    assert (found.keys, found.keys_from) == (("/mine",), "option")
    assert found.certificates == ("/d", Path("/c"))
    assert (plan(text, keys=None).keys, plan(text, keys=None).keys_from) == ((), "option")


def test_profile_legacy_reads_small_rsa_keys() -> None:
    assert plan("", algorithms="legacy").key_policy == KeyPolicy.LEGACY
    assert plan("").key_policy == KeyPolicy.DEFAULT
    assert plan("RequiredRSASize 1024").key_policy == KeyPolicy.for_rsa(1024)


def test_secrets_are_not_printed_with_plan() -> None:
    found = plan("", password="hunter2", passphrase="hunter2", keys=[b"hunter2"])

    assert "hunter2" not in repr(found)


def test_configuration_decides_rsa_size_and_password_prompts() -> None:
    found = plan("RequiredRSASize 3072\nNumberOfPasswordPrompts 1")

    assert (found.min_rsa_bits, found.password_prompts) == (3072, 1)
    assert (plan("").min_rsa_bits, plan("").password_prompts) == (0, 3)


@pytest.mark.parametrize("given", ["interactive", "password", "prompter"])
async def test_keyboard_interactive_devices_are_sent_to_server(given: str) -> None:
    text = "KbdInteractiveDevices skey,pam\nPreferredAuthentications keyboard-interactive\n"
    prompter = SimpleNamespace(answers=str, password=str, new_password=str, confirm_host_key=bool)
    values: dict[str, Any] = {"interactive": str, "password": "x", "prompter": prompter}

    async with AsyncExitStack() as stack:
        found = await credentials(
            plan(text, **{given: values[given]}), stack, lambda: None, lambda: None
        )

    dialogues = [each for each in found if isinstance(each, InteractiveCredential)]
    assert dialogues
    assert {each.submethods for each in dialogues} == {"skey,pam"}


@pytest.mark.parametrize(
    ("value", "has", "lacks"),
    [
        ("ssh-ed25519", {"ssh-ed25519"}, {"rsa-sha2-512", "ssh-ed25519-cert-v01@openssh.com"}),
        ("+ssh-rsa", {"ssh-rsa", "ssh-ed25519"}, set[str]()),
        ("-ssh-ed25519*", {"rsa-sha2-512"}, {"ssh-ed25519", "ssh-rsa"}),
        ("rsa*", {"rsa-sha2-256"}, {"ssh-rsa", "ssh-ed25519"}),
    ],
)
def test_accepted_public_key_algorithms_change_those_of_user_keys(
    value: str, has: set[str], lacks: set[str]
) -> None:
    found = plan(f"PubkeyAcceptedAlgorithms {value}").public_key_algorithms

    assert found is not None
    assert has <= set(found)
    assert lacks.isdisjoint(found)
