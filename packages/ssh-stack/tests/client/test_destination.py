from __future__ import annotations

import pytest

import ssh_stack
from ssh_stack.arguments import parse_destination
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("web1", (None, "web1", None)),
        ("ops@web1", ("ops", "web1", None)),
        ("a@b@web1:22", ("a@b", "web1", 22)),
        ("web1:2222", (None, "web1", 2222)),
        ("[::1]:2222", (None, "::1", 2222)),
        ("::1", (None, "::1", None)),
        ("ssh://ops@web1:7/", ("ops", "web1", 7)),
    ],
)
def test_destination_is_parsed_into_user_host_and_port(
    text: str, found: tuple[str | None, str, int | None]
) -> None:
    assert parse_destination(text) == found


@pytest.mark.parametrize("text", ["@web1", "ops@", "web1:x", "web1:-1"])
def test_invalid_destination_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not"):
        parse_destination(text)


@pytest.mark.row("T46")
@pytest.mark.row("X03")
@pytest.mark.parametrize(
    "host", ["-oProxyCommand=x", "a b", "a;b", "$(x)", "", "a\nb", "a\x1b[2J"]
)
async def test_host_like_option_or_shell_syntax_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a host"):
        async with ssh_stack.connect(host, config=None):
            pass


async def test_user_like_shell_syntax_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be the name of a user"):
        async with ssh_stack.connect("web1", username="`x`", config=None):
            pass


def test_invalid_options_fail_before_any_packet() -> None:
    with pytest.raises(UsageError, match="host_key_policy"):
        ssh_stack.connect("web1", host_key_policy="perhaps")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="exclude each other"):
        ssh_stack.connect("web1", jump="a", proxy_command="b")
    with pytest.raises(TypeError):
        ssh_stack.connect("web1", usernme="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
