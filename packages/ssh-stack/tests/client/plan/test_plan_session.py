"""What a session is to be."""

from __future__ import annotations

import pytest

from ssh_stack.client.options import ClientOptions
from ssh_stack.client.plan import SessionPlan, Target, merge
from ssh_stack.config import Config


def plan(text: str) -> SessionPlan:
    config = Config.parse(text).resolve("web1")
    return merge(ClientOptions(), config, Target(host="web1", local_user="me")).session


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", None),
        ("LocalCommand ls", None),
        ("PermitLocalCommand no\nLocalCommand ls", None),
        ("PermitLocalCommand yes", None),
        ("PermitLocalCommand yes\nLocalCommand none", None),
        ("PermitLocalCommand yes\nLocalCommand ls %T", "ls %T"),
    ],
)
def test_local_command_is_planned_where_it_is_permitted(text: str, command: str | None) -> None:
    assert plan(text).local_command == command
