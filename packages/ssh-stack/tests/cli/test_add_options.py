from __future__ import annotations

import pytest

from ssh_stack.cli.add.options import InvalidLifetime, Options, parse_options
from ssh_stack.cli.command_exit import CommandExit
from ssh_wire import UsageError


def parse(line: str) -> Options:
    return parse_options(line.split(), {})


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("", "add"),
        ("key -q", "add"),
        ("-d key", "remove"),
        ("-s lib.so cert", "add_token"),
        ("-e lib.so", "remove_token"),
        ("-d -s lib.so", "remove_token"),
        ("-l", "list"),
        ("-L", "list"),
        ("-d -l", "list"),
        ("-x", "lock"),
        ("-X", "unlock"),
        ("-D", "remove_all"),
        ("-Q", "query"),
        ("-T key.pub", "test"),
        ("-lT key.pub", "list"),
    ],
)
def test_letters_choose_action(line: str, action: str) -> None:
    assert parse(line).action == action


def test_values_are_kept_with_their_letters() -> None:
    options = parse("-ckq -t 1h30m -E MD5 -h a -h b>c -H one -H two -S lib.so first -v second")

    assert options.files == ("first", "second")
    assert options.lifetime == 5400
    assert options.hash == "md5"
    assert options.destinations == ("a", "b>c")
    assert options.host_key_files == ("one", "two")
    assert options.provider == "lib.so"
    assert options.has("c")
    assert options.has("q")
    assert options.plain_keys
    assert not options.certificates
    assert not parse("-C").plain_keys


def test_provider_is_that_of_environment_or_of_agent() -> None:
    assert parse("key").provider == "internal"
    assert parse_options(["key"], {"SSH_SK_PROVIDER": "/lib/sk.so"}).provider == "/lib/sk.so"
    assert parse_options(["-S", "a", "key"], {"SSH_SK_PROVIDER": "b"}).provider == "a"


def test_letters_that_ssh_add_has_given_up_are_ignored() -> None:
    assert parse("-m 1 -M 2 key").files == ("key",)


@pytest.mark.parametrize(("text", "seconds"), [("0", None), ("90", 90), ("2d", 172800)])
def test_lifetime_of_zero_is_for_ever(text: str, seconds: int | None) -> None:
    assert parse(f"-t {text}").lifetime == seconds


@pytest.mark.parametrize("text", ["x", "-5", "1y", "99999999999", "1.5h"])
def test_lifetime_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidLifetime):
        parse_options(["-t", text], {})


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("-l -x", "Invalid combination of actions"),
        ("-D -Q", "Invalid combination of actions"),
        ("-l -L", "-l flag already specified"),
        ("-l -l", "-l flag already specified"),
        ("-X -x", "-X flag already specified"),
        ("-E sha3 -l", 'Invalid hash algorithm "sha3"'),
        ("-K", "FIDO tokens are not read here"),
    ],
)
def test_what_ssh_add_cannot_do_ends_with_its_status(line: str, text: str) -> None:
    with pytest.raises(CommandExit, match=text) as caught:
        parse(line)
    assert caught.value.status == 255


@pytest.mark.parametrize("line", ["-z", "-t", "--json"])
def test_unknown_option_or_missing_value_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        parse(line)
