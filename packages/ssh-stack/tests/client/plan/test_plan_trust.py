"""Which servers are trusted: files, policy, batch mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from ssh_keys import PublicKey
from ssh_stack.client.options import ClientOptions, Prompter
from ssh_stack.client.plan import ConnectionPlan, Target, merge
from ssh_stack.config import Config


def plan(text: str, **options: Any) -> ConnectionPlan:
    config = Config.parse(text).resolve("web1", user="me")
    return merge(ClientOptions(**options), config, Target(host="web1", local_user="me"))


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

    found = plan(
        "BatchMode yes", prompter=prompter, host_key_policy=_decide, update_host_keys=_update
    )

    assert found.identity.prompter is None
    assert found.identity.batch
    assert found.trust.policy == "strict"
    assert found.trust.confirm_update is None
    assert not found.trust.updates


def test_without_batch_mode_functions_of_caller_decide() -> None:
    found = plan("BatchMode no", host_key_policy=_decide, update_host_keys=_update)

    assert found.trust.policy is _decide
    assert found.trust.confirm_update is _update


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
    assert plan(text, prompter=cast("Prompter", _Unasked())).trust.policy == found


def test_known_hosts_of_caller_replace_all_files_of_configuration() -> None:
    text = "UserKnownHostsFile /user\nGlobalKnownHostsFile /system\n"

    configured, given = plan(text).trust, plan(text, known_hosts="/mine").trust

    assert configured.known_hosts == ("/user",)
    assert configured.system_files == ("/system",)
    assert (given.known_hosts, given.system_files) == ("/mine", ())
    assert plan(text, known_hosts=None).trust.known_hosts is None


def test_revoked_keys_of_caller_replace_those_of_configuration() -> None:
    text = "RevokedHostKeys /revoked"

    assert plan(text).trust.revoked == (Path("/revoked"),)
    assert plan(text, revoked_host_keys="/mine").trust.revoked == "/mine"


def test_alias_of_caller_is_compared_in_lower_case_as_by_ssh() -> None:
    assert plan("HostKeyAlias Web").trust.alias == "web"
    assert plan("HostKeyAlias other", host_key_alias="Web").trust.alias == "web"
