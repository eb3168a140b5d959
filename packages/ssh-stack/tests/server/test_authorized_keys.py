"""Files of keys whose options are enforced, and of certificate authorities."""

from __future__ import annotations

import getpass
import logging
from pathlib import Path

import pytest

from loopback_server import USER, USER_KEY, serving
from ssh_auth import Accept, AuthContext, AuthenticationFailed, Permissions, Reject
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys
from ssh_wire import UsageError
from user_certificates import CA, KEY, NOW, OTHER_CA, certified, coming_from, option

ALICE = AuthContext(user="alice")
BOB = AuthContext(user="bob")
ME = AuthContext(user="me")

NO = Reject()


def keys(tmp_path: Path, *lines: str) -> AuthorizedKeys:
    path = tmp_path / "authorized_keys"
    path.write_text("".join(f"{line}\n" for line in lines))
    return AuthorizedKeys(path, ["alice"], clock=lambda: NOW)


def file_of(path: Path, *keys: PrivateKey, options: str = "") -> Path:
    path.write_text("".join(f"{line(options, key)}\n" for key in keys))
    return path


def line(options: str, key: PrivateKey = KEY) -> str:
    return f"{options} {key.public_key.to_openssh()}".lstrip()


# ------------------------------------------------------------- which keys


async def test_keys_of_file_authorize_user_of_process(tmp_path: Path) -> None:
    keys = AuthorizedKeys(file_of(tmp_path / "keys", KEY))

    assert await keys.decide(AuthContext(user=getpass.getuser()), KEY.public_key) == Accept()
    assert await keys.decide(AuthContext(user=getpass.getuser()), CA.public_key) == NO
    assert await keys.decide(AuthContext(user="somebody"), KEY.public_key) == NO


async def test_file_is_read_again_at_each_attempt(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = AuthorizedKeys(path, users=["me"])
    assert await keys.decide(ME, KEY.public_key) == NO  # no file yet

    file_of(path, KEY)
    assert await keys.decide(ME, KEY.public_key) == Accept()

    file_of(path, CA)
    assert await keys.decide(ME, KEY.public_key) == NO


async def test_key_objects_authorize_named_users() -> None:
    keys = AuthorizedKeys([KEY.public_key], users={"git", "svn"})

    assert await keys.decide(AuthContext(user="git"), KEY.public_key) == Accept()
    assert await keys.decide(AuthContext(user="svn"), CA.public_key) == NO
    assert await keys.decide(AuthContext(user=getpass.getuser()), KEY.public_key) == NO


def test_single_name_in_place_of_names_raises_usage_error() -> None:
    with pytest.raises(UsageError):
        AuthorizedKeys([], users="git")


@pytest.mark.row("C16")
async def test_line_with_unenforced_options_authorizes_no_user_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = AuthorizedKeys(file_of(tmp_path / "keys", KEY, options='tunnel="0"'), ["me"])
    with caplog.at_level(logging.INFO):
        assert await keys.decide(ME, KEY.public_key) == NO

    assert "line 1 is not used" in caplog.text


async def test_unreadable_file_authorizes_no_user(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await AuthorizedKeys(tmp_path, ["me"]).decide(ME, KEY.public_key) == NO
    assert "is a directory" in caplog.text


# ------------------------------------------------------------- options


async def test_options_of_line_restrict_key(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line('command="ls",no-pty'))

    answer = await authorized.decide(ALICE, KEY.public_key)
    assert answer == Accept(Permissions(pty=False, forced_command="ls"))


async def test_first_line_that_applies_counts(tmp_path: Path) -> None:
    authorized = keys(
        tmp_path,
        line('from="192.0.2.0/24"'),
        line('expiry-time="20200101Z"'),
        line("no-pty"),
        line(""),
    )

    inside, outside = coming_from("192.0.2.1"), coming_from("198.51.100.1")
    assert await authorized.decide(inside, KEY.public_key) == Accept(
        Permissions(sources=(("192.0.2.0/24",),))
    )
    assert await authorized.decide(outside, KEY.public_key) == Accept(Permissions(pty=False))


@pytest.mark.row("C16")
async def test_line_behind_unenforced_one_does_not_apply(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line('tunnel="0"'), line(""))

    assert await authorized.decide(ALICE, KEY.public_key) == NO


async def test_line_that_refuses_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authorized = keys(tmp_path, "# mine", line('from="192.0.2.0/24"'))
    with caplog.at_level(logging.INFO):
        context = coming_from("198.51.100.1")
        assert await authorized.decide(context, KEY.public_key) == NO
    assert "line 2 does not authorize the key: its from does not name 198.51.100.1" in caplog.text


# ------------------------------------------------------------- certificate authorities


async def test_cert_authority_line_accepts_certificates_but_not_ca_key(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line("cert-authority,no-pty", CA))

    granted = await authorized.decide_certificate(ALICE, certified())
    assert granted == Accept(Permissions(pty=False))
    assert await authorized.decide_certificate(ALICE, certified(OTHER_CA)) == NO
    assert await authorized.decide_certificate(BOB, certified(principals=("bob",))) == NO
    assert await authorized.decide(ALICE, CA.public_key) == NO
    assert await authorized.decide(ALICE, KEY.public_key) == NO


async def test_plain_key_does_not_accept_its_certificates(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line("", CA), line(""))

    assert await authorized.decide_certificate(ALICE, certified()) == NO


@pytest.mark.row("A08")
async def test_certificate_of_authorized_key_is_refused(tmp_path: Path) -> None:
    """What the certificate restricts must not be had by showing it for its key."""
    forced = certified(critical_options={"force-command": option("ls")})

    assert await keys(tmp_path, line("")).decide_certificate(ALICE, forced) == NO


async def test_principals_of_line_replace_user_name(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line('cert-authority,principals="ops,dev"', CA))

    assert await authorized.decide_certificate(ALICE, certified()) == NO
    dev = certified(principals=("dev", "x"))
    assert await authorized.decide_certificate(ALICE, dev) == Accept()


async def test_commands_of_line_and_certificate_must_agree(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line('cert-authority,command="ls"', CA))
    same, other = (
        certified(critical_options={"force-command": option(word)}) for word in ("ls", "rm")
    )

    assert await authorized.decide_certificate(ALICE, same) == Accept(
        Permissions(forced_command="ls")
    )
    assert await authorized.decide_certificate(ALICE, other) == NO


async def test_lines_and_certificates_restrict_where_client_comes_from(tmp_path: Path) -> None:
    authorized = keys(tmp_path, line('cert-authority,from="192.0.2.0/24"', CA))
    narrow = certified(critical_options={"source-address": option("192.0.2.128/25")})

    for address, good in (("192.0.2.200", True), ("192.0.2.1", False), ("198.51.100.1", False)):
        answer = await authorized.decide_certificate(coming_from(address), narrow)
        assert isinstance(answer, Accept) is good


async def test_key_objects_do_not_accept_their_certificates() -> None:
    authorized = AuthorizedKeys([CA.public_key], ["alice"])

    assert authorized.authentication.certificate is None
    assert await authorized.decide_certificate(ALICE, certified()) == NO


# ------------------------------------------------------------- at a server


async def test_server_enforces_options_of_line(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    options = 'from="127.0.0.1",command="echo $SSH_ORIGINAL_COMMAND",no-pty'
    path.write_text(f"{options} {USER_KEY.public_key.to_openssh()}\n")
    async with serving(auth=AuthorizedKeys(path, [USER])) as here:
        async with here.connect() as connection:
            assert (await connection.run("forced")).stdout == b"forced\n"
        authority = f"cert-authority {CA.public_key.to_openssh()}\n"
        path.write_text(authority)
        certificate = certified(key=USER_KEY, principals=(USER,))
        async with here.connect(certificates=[certificate]) as connection:
            assert connection.auth_attempts[-1].certificate == "alice@work"
        path.write_text(f'from="192.0.2.1" {USER_KEY.public_key.to_openssh()}\n')
        with pytest.raises(AuthenticationFailed):
            await here.connect().open()


# ------------------------------------------------------------- lines of a function


async def test_function_gives_the_lines_of_a_user() -> None:
    asked: list[AuthContext] = []

    async def command(context: AuthContext) -> str:
        asked.append(context)
        return f"no-pty {KEY.public_key.to_openssh()}\n" if context.user == "alice" else ""

    def plain(context: AuthContext) -> bytes:
        return f"no-pty {KEY.public_key.to_openssh()}\n".encode() * (context.user == "alice")

    for function in (command, plain):
        authorized = AuthorizedKeys(function, ["alice", "bob"])
        assert await authorized.decide(ALICE, KEY.public_key) == Accept(Permissions(pty=False))
        assert await authorized.decide(BOB, KEY.public_key) == NO
        assert authorized.authentication.certificate is not None
    assert asked == [ALICE, BOB]


@pytest.mark.row("A14")
@pytest.mark.parametrize("answer", [None, True, Accept(), ["a line"]])
async def test_function_that_returns_no_lines_authorizes_no_user(answer: object) -> None:
    async def odd(_context: AuthContext) -> str:
        return answer  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    async with serving(auth=AuthorizedKeys(odd, [USER])) as here:
        with pytest.raises(AuthenticationFailed):
            await here.connect().open()


async def test_problem_in_the_lines_of_a_function_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        authorized = AuthorizedKeys(lambda _: line('from="192.0.2.1"') + "\nnot a key", ["alice"])
        assert await authorized.decide(ALICE, KEY.public_key) == NO
    assert "authorized keys, line 2 is not used" in caplog.text
    assert "authorized keys, line 1 does not authorize" in caplog.text
