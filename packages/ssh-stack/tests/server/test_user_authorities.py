"""Authorities whose user certificates are accepted."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from loopback_server import USER, USER_KEY, serving
from ssh_auth import Accept, AuthContext, AuthenticationFailed, Permissions, Reject
from ssh_keys import Certificate
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack import AuthorizedKeys, InOrder, Passwords, TrustedUserCAKeys
from ssh_stack.server.authorization import combine
from ssh_wire import UsageError
from user_certificates import CA, KEY, NOW, OTHER_CA, certified, coming_from, option

ALICE = AuthContext(user="alice")

NO = Reject()


def trusting(principals: Any = None, **options: Any) -> TrustedUserCAKeys:
    given: dict[str, Any] = {"users": ["alice"], "clock": lambda: NOW, **options}
    return TrustedUserCAKeys([CA.public_key], principals, **given)


async def test_valid_certificate_is_accepted_and_others_refused() -> None:
    trusted = trusting()

    assert await trusted.decide(ALICE, certified()) == Accept()
    assert await trusted.decide(ALICE, certified(OTHER_CA)) == NO
    assert await trusted.decide(ALICE, certified(valid_before=NOW)) == NO
    assert await trusted.decide(ALICE, certified(principals=("bob",))) == NO
    assert await trusted.decide(AuthContext(user="bob"), certified(principals=("bob",))) == NO


async def test_restrictions_of_certificate_are_granted() -> None:
    forced = certified(critical_options={"force-command": option("ls")}, extensions={})

    answer = await trusting().decide(ALICE, forced)
    assert isinstance(answer, Accept)
    assert answer.permissions.forced_command == "ls"
    assert not answer.permissions.pty
    assert not answer.permissions.permits_forwarding


async def test_source_address_of_certificate_restricts_client() -> None:
    bound = certified(critical_options={"source-address": option("192.0.2.0/24")})

    inside = await trusting().decide(coming_from("192.0.2.1"), bound)
    assert inside == Accept(Permissions(sources=(("192.0.2.0/24",),)))
    assert await trusting().decide(coming_from("198.51.100.1"), bound) == NO
    assert await trusting().decide(ALICE, bound) == NO


async def test_refused_certificate_is_logged_with_reason(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await trusting().decide(ALICE, certified(OTHER_CA, serial=7))
        await trusting().decide(AuthContext(user="root"), certified(principals=("root",)))
    first, second = caplog.messages
    assert "certificate 'alice@work' (serial 7) of key SHA256:" in first
    assert first.endswith(f"its authority {OTHER_CA.public_key.fingerprint()} is not trusted")
    assert second.endswith("refused for root: this user may not log in")


# ------------------------------------------------------------- authorities in a file


async def test_file_of_authorities_is_read_again_at_each_attempt(tmp_path: Path) -> None:
    path = tmp_path / "ca.pub"
    trusted = TrustedUserCAKeys(path, users=["alice"], clock=lambda: NOW)
    assert await trusted.decide(ALICE, certified()) == NO

    path.write_text(f"# ours\n\nnot a key\n{CA.public_key.to_openssh()}\n")
    assert await trusted.decide(ALICE, certified()) == Accept()
    assert await trusted.decide(ALICE, certified(OTHER_CA)) == NO


async def test_authority_line_with_options_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "ca.pub"
    path.write_text(f'from="192.0.2.1" {CA.public_key.to_openssh()}\n')

    trusted = TrustedUserCAKeys(path, users=["alice"], clock=lambda: NOW)
    assert await trusted.decide(ALICE, certified()) == NO


# ------------------------------------------------------------- principals


async def test_mapping_gives_principals_of_user() -> None:
    trusted = trusting({"alice": ["alice", "ops"], "deploy": ["ci"]}, users=None)

    for user, principals, good in (
        ("alice", ("ops",), True),
        ("deploy", ("ci", "x"), True),
        ("deploy", ("deploy",), False),
        ("root", ("ops",), False),
    ):
        answer = await trusted.decide(AuthContext(user=user), certified(principals=principals))
        assert (answer == Accept()) is good


@pytest.mark.parametrize("name", ["principals", "%u", "%%u.%u"])
async def test_principals_file_of_user_gives_principals(tmp_path: Path, name: str) -> None:
    path = tmp_path / name.replace("%%", "\0").replace("%u", "alice").replace("\0", "%")
    path.write_text('# ops\nops\nno-pty,from="192.0.2.0/24" dev\nno-such-option bad\n')
    trusted = trusting(str(tmp_path / name))

    ops, dev = certified(principals=("ops",)), certified(principals=("dev", "other"))
    assert await trusted.decide(ALICE, ops) == Accept()
    assert await trusted.decide(ALICE, certified()) == NO
    assert await trusted.decide(ALICE, certified(principals=("bad",))) == NO
    inside = coming_from("192.0.2.9")
    assert await trusted.decide(inside, dev) == Accept(
        Permissions(pty=False, sources=(("192.0.2.0/24",),))
    )
    assert await trusted.decide(ALICE, dev) == NO


async def test_missing_file_of_principals_authorizes_no_user(tmp_path: Path) -> None:
    assert await trusting(tmp_path / "none").decide(ALICE, certified()) == NO


@pytest.mark.row("A17")
@pytest.mark.parametrize("user", ["../alice", "..", ".", "", "a/b"])
async def test_user_name_does_not_leave_folder_of_principals(tmp_path: Path, user: str) -> None:
    (tmp_path / "alice").write_text("ops\n")
    trusted = trusting(f"{tmp_path}/x/%u", users=[user])

    assert await trusted.decide(AuthContext(user=user), certified(principals=("ops",))) == NO


async def test_commands_of_principal_and_certificate_must_agree(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('command="ls" ops\n')
    forced = certified(principals=("ops",), critical_options={"force-command": option("rm")})

    assert await trusting(tmp_path / "file").decide(ALICE, forced) == NO


@pytest.mark.parametrize(("principals", "users"), [({"alice": "ops"}, None), (None, "alice")])
def test_single_name_in_place_of_names_raises_usage_error(principals: Any, users: Any) -> None:
    with pytest.raises(UsageError):
        TrustedUserCAKeys([CA.public_key], principals, users=users)


# ------------------------------------------------------------- with others


def test_keys_and_authorities_combine_as_one_method() -> None:
    keys = AuthorizedKeys([KEY.public_key], ["alice"])

    both = combine([keys, trusting(), Passwords({})])
    assert both.policy.methods == ("publickey", "password")
    assert both.policy.certificates
    assert both.public_key is not None
    with pytest.raises(UsageError, match="publickey"):
        combine([keys, InOrder(trusting(), Passwords({}))])
    with pytest.raises(UsageError, match="publickey"):
        InOrder(keys, trusting())


# ------------------------------------------------------------- at a server


def for_user(**changes: Any) -> Certificate:
    return certified(key=USER_KEY, principals=(USER,), **changes)


async def test_certificate_given_in_every_way_authenticates(
    tmp_path: Path,
) -> None:
    write_private_key(tmp_path / "id", USER_KEY)
    write_key_file(tmp_path / "id-cert.pub", for_user().to_openssh().encode())
    async with serving(auth=TrustedUserCAKeys([CA.public_key], users=[USER])) as here:
        for options in (
            {"keys": [USER_KEY], "certificates": [for_user()]},
            {"keys": [USER_KEY], "certificates": [tmp_path / "id-cert.pub"]},
            {"keys": [tmp_path / "id"]},
        ):
            async with here.connect(**options) as connection:
                (server,) = here.server.connections
                assert server.user is not None
                assert isinstance(server.user.credential, Certificate)
                assert server.user.credential.key_id == "alice@work"
                assert connection.auth_attempts[-1].certificate == "alice@work"
        with pytest.raises(AuthenticationFailed):
            await here.connect().open()


async def test_server_enforces_restrictions_of_certificate() -> None:
    echo = {"force-command": option("echo $SSH_ORIGINAL_COMMAND")}
    async with serving(auth=TrustedUserCAKeys([CA.public_key], users=[USER])) as here:
        async with here.connect(certificates=[for_user(critical_options=echo)]) as connection:
            assert (await connection.run("forced")).stdout == b"forced\n"
        elsewhere = for_user(critical_options={"source-address": option("192.0.2.0/24")})
        with pytest.raises(AuthenticationFailed):
            await here.connect(certificates=[elsewhere]).open()


# ------------------------------------------------------------- principals of a function


async def test_function_gives_the_principals_of_a_user() -> None:
    def command(context: AuthContext, certificate: Certificate) -> str:
        return f"no-pty {certificate.key_id}\n" if context.user == "alice" else ""

    trusted = trusting(command, users=["alice", "bob"])
    mine = certified(principals=("alice@work",))

    assert await trusted.decide(ALICE, mine) == Accept(Permissions(pty=False))
    assert await trusted.decide(AuthContext(user="bob"), mine) == NO
    assert await trusted.decide(ALICE, certified(principals=("alice",))) == NO
