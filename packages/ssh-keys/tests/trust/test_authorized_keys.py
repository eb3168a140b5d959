from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import AuthorizedKeysFile, KeyPolicy, PrivateKey, PublicKey
from ssh_keys.strict_base64 import to_base64
from ssh_keys.trust.authorized_keys import MAX_LINES
from ssh_wire import UsageError
from ssh_wire.primitives import string


@pytest.fixture(scope="module")
def key_line(ed25519: PrivateKey) -> str:
    return ed25519.public_key.with_comment("me").to_openssh()


@pytest.fixture(scope="module")
def public(ed25519: PrivateKey) -> PublicKey:
    return ed25519.public_key


def refused(line: str | bytes, public: PublicKey) -> str:
    """The one reason why a line is not used."""
    data = line.encode() if isinstance(line, str) else line
    keys = AuthorizedKeysFile.parse(b"\n" + data + b"\n", "keys")
    assert keys.keys == ()
    assert keys.lookup(public) is None
    (problem,) = keys.problems
    assert (problem.source, problem.line) == ("keys", 2)
    return problem.reason


def test_key_is_found_by_its_line(keys: dict[str, PrivateKey]) -> None:
    publics = [key.public_key for key in keys.values()]
    text = "# mine\n\n" + "\n".join(f"  {key.to_openssh()}\r" for key in publics) + "\n"
    listed = AuthorizedKeysFile.parse(text)
    assert not listed.problems
    for number, key in enumerate(publics, 3):
        found = listed.lookup(key)
        assert found is not None
        assert (found.key, found.comment, found.line) == (key, key.comment, number)
    assert listed.lookup(PrivateKey.generate("ed25519").public_key) is None


def test_first_line_of_a_key_counts(key_line: str, public: PublicKey) -> None:
    found = AuthorizedKeysFile.parse(f"{key_line} first\n{key_line} second").lookup(public)
    assert found is not None
    assert (found.line, found.comment) == (1, "me first")


def test_comment_of_several_words_is_kept(key_line: str, public: PublicKey) -> None:
    found = AuthorizedKeysFile.parse(f'{key_line} "and" command="x" \u00e9').lookup(public)
    assert found is not None
    assert found.comment == 'me "and" command="x" \u00e9'


@pytest.mark.row("K13")
@pytest.mark.row("C16")
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ('command="ls"', "command"),
        ('command="a b, c"', "command"),
        (r'command="a \"quoted\" b"', "command"),
        ('from="10.0.0.*"', "from"),
        ("restrict", "restrict"),
        ("no-pty,no-port-forwarding", "no-pty, no-port-forwarding"),
        ('no-pty,command="x,y",restrict', "no-pty, command, restrict"),
        ('permitopen="h:22"', "permitopen"),
        ('environment="A=B"', "environment"),
        ("RESTRICT", "restrict"),
    ],
)
def test_key_is_refused_where_an_option_is_not_enforced(
    options: str, named: str, key_line: str, public: PublicKey
) -> None:
    for blank in (" ", "\t", " \t "):
        listed = AuthorizedKeysFile.parse(f"\n{options}{blank}{key_line}", "keys")
        assert not listed.problems
        assert listed.lookup(public) is None
        assert listed.matching(public) == ()
        (problem,) = listed.not_enforced()
        assert (problem.source, problem.line) == ("keys", 2)
        assert problem.reason == (
            f"options that are not enforced, so the key is not accepted: {named}"
        )
        names = named.split(", ")
        for missing in names:
            assert listed.lookup(public, set(names) - {missing}) is None
        found = listed.lookup(public, names)
        assert found is not None
        assert found.options.names == tuple(names)
        assert listed.not_enforced([*names, "pty"]) == ()


@pytest.mark.row("K13")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("an-option-of-tomorrow", "unknown option 'an-option-of-tomorrow'"),
        (",", "unknown option ''"),
        ("restrict,", "unknown option ''"),
        ("ssh-option=1", "unknown option 'ssh-option'"),
        ('ssh-"x"', "unknown option 'ssh-\"x\"'"),
        ("ssh-a,b", "unknown option 'ssh-a'"),
        ("\x85", "unknown option '\\x85'"),
        ('permitopen="h:4294967295"', "not a value of permitopen"),
        ('principals="a"', "keys with cert-authority alone"),
    ],
)
def test_unknown_option_refuses_its_line(
    options: str, reason: str, key_line: str, public: PublicKey
) -> None:
    assert reason in refused(f"{options} {key_line}".encode("latin-1"), public)


@pytest.mark.row("K13")
@pytest.mark.parametrize(
    "options", ['command="ls', 'command="ls\\"', 'from="a",command="', '"', 'a"b']
)
def test_unclosed_quote_refuses_its_line(options: str, key_line: str, public: PublicKey) -> None:
    assert refused(f"{options} {key_line}", public) == "a quote is not closed"


def test_line_that_does_not_apply_leaves_the_next_one(key_line: str, public: PublicKey) -> None:
    text = f'from="10.0.0.1" {key_line}\n{key_line}\ncommand="x" {key_line}\n{key_line}'
    listed = AuthorizedKeysFile.parse(text)
    assert [found.line for found in listed.matching(public, ["from"])] == [1, 2]
    assert [found.line for found in listed.matching(public, ["from", "command"])] == [1, 2, 3, 4]


@pytest.mark.row("C16")
def test_line_that_might_apply_hides_the_later_ones(key_line: str, public: PublicKey) -> None:
    """Whoever reads the whole line would give less than the line below it says."""
    listed = AuthorizedKeysFile.parse(f'command="x" {key_line}\n{key_line}\n')
    assert listed.matching(public) == ()
    assert listed.lookup(public) is None
    assert [problem.line for problem in listed.not_enforced()] == [1, 2]
    assert listed.not_enforced()[1].reason == (
        "line 1 has the same key, and options that are not enforced"
    )
    first = listed.lookup(public, ["command"])
    assert first is not None
    assert first.line == 1


def test_authority_does_not_log_in_itself(key_line: str, public: PublicKey) -> None:
    text = f'cert-authority,principals="a,b" {key_line}\n{key_line}'
    listed = AuthorizedKeysFile.parse(text)
    every = ("cert-authority", "principals")
    assert [found.line for found in listed.matching(public, every)] == [2]
    assert [found.line for found in listed.authorities(public, every)] == [1]
    assert listed.authorities(public, ["cert-authority"]) == ()
    assert listed.authorities(public) == ()
    assert listed.authorities(public, every)[0].options.principals == ("a", "b")


# ------------------------------------------------------------- the file as it was


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"# mine\r\n\n\tbad line\n", b"no newline", b"\xff\0\r\n\n\n", b"a\n b"]
)
def test_file_is_written_back_unchanged(data: bytes, key_line: str) -> None:
    for content in (data, data + key_line.encode(), key_line.encode() + b"\r\n" + data):
        assert AuthorizedKeysFile.parse(content).to_bytes() == content


@given(data=st.binary(max_size=100))
def test_any_content_is_written_back_unchanged(data: bytes) -> None:
    assert AuthorizedKeysFile.parse(data).to_bytes() == data


def test_key_that_is_added_and_removed_leaves_the_other_lines(
    keys: dict[str, PrivateKey], key_line: str, public: PublicKey
) -> None:
    before = AuthorizedKeysFile.parse(
        f"# mine\nodd \t line\n{key_line}\n\n{key_line} again", "keys"
    )
    after = before
    for key in keys.values():
        after = after.adding(key.public_key, 'command="a \\"b\\""' if key.comment else "")
    assert after.to_bytes().startswith(before.to_bytes() + b"\n")
    assert after.lookup(keys["ssh-rsa"].public_key, ["command"]) is not None
    without = after.without(public)
    assert without.matching(public, ["command"]) == ()
    assert without.to_bytes().startswith(b"# mine\nodd \t line\n\n")
    assert without.source == "keys"
    assert without.without(public).to_bytes() == without.to_bytes()
    bare = AuthorizedKeysFile().adding(public)
    assert bare.to_bytes() == public.to_openssh().encode() + b"\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("unknown", "unknown option"),
        ('command="x', "a quote is not closed"),
        ("restrict\nno-pty", "control character"),
        ("  ", "are not options"),
        ('command="x" ssh-ed25519 AAAA', "no such line"),
    ],
)
def test_options_that_would_be_read_differently_are_not_written(
    options: str, reason: str, public: PublicKey
) -> None:
    with pytest.raises(UsageError, match=reason):
        AuthorizedKeysFile().adding(public, options)


def test_options_with_another_key_are_not_written(rsa: PrivateKey, public: PublicKey) -> None:
    with pytest.raises(UsageError, match="are not options"):
        AuthorizedKeysFile().adding(public, rsa.public_key.to_openssh())


@pytest.mark.row("K13")
def test_key_in_quotes_is_not_a_key(key_line: str, public: PublicKey) -> None:
    assert "unknown key type" in refused(f'command="{key_line}"', public)
    assert "quote" in refused(f'command="x {key_line}', public)
    text = f'command="x" {key_line} "'
    assert AuthorizedKeysFile.parse(text).lookup(public, ["command"]) is not None


@pytest.mark.row("K13")
@pytest.mark.parametrize(
    "separator", ["\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2003"]
)
def test_line_is_separated_by_blanks_alone(
    separator: str, key_line: str, public: PublicKey
) -> None:
    refused(key_line.replace(" ", separator, 1), public)
    refused(key_line.replace(" ", separator), public)
    refused(f"restrict{separator}{key_line}", public)
    refused(f"{key_line}{separator}x\r".replace(" ", separator), public)
    if separator < " " and separator != "\r":  # before a newline that one is part of it
        refused(f"{key_line}{separator}", public)


@pytest.mark.row("K13")
@pytest.mark.parametrize("size", [16_385, 8 << 10 << 1 | 1, 1 << 20])
def test_long_line_is_not_split(size: int, key_line: str, public: PublicKey) -> None:
    for line in (
        f'command="{"x" * size}" {key_line}',
        f"{' ' * 8}restrict{' ' * (size - len(key_line))}{key_line}",
        f"{key_line} {'x' * size}",
    ):
        assert "bytes; 16384 are allowed" in refused(line, public)


@pytest.mark.row("K13")
def test_line_within_the_limit_is_read(key_line: str, public: PublicKey) -> None:
    comment = "x" * (16_384 - len(key_line) - 1)
    assert AuthorizedKeysFile.parse(f"{key_line} {comment}").lookup(public) is not None
    comment = "x" * (8 * 1024 + 1)
    assert AuthorizedKeysFile.parse(f"{key_line} {comment}").lookup(public) is not None


@pytest.mark.row("K13")
def test_number_of_lines_is_bounded(key_line: str, public: PublicKey) -> None:
    blank = "\n" * (MAX_LINES - 1)
    assert AuthorizedKeysFile.parse(blank + key_line).lookup(public) is not None
    late = AuthorizedKeysFile.parse(f"{blank}\n{key_line}\n{key_line}")
    assert late.lookup(public) is None
    (problem,) = late.problems
    assert problem.line == MAX_LINES + 1
    assert "past the limit" in problem.reason


@pytest.mark.row("K13")
@pytest.mark.parametrize(
    "option", ['command="ls"', "restrict", "no-pty,restrict", 'from="*"', "No-Pty", "pty"]
)
def test_option_after_the_key_is_not_taken_for_a_comment(
    option: str, ed25519: PrivateKey, public: PublicKey
) -> None:
    bare = ed25519.public_key.with_comment("").to_openssh()
    assert "is after the key" in refused(f"{bare} {option}", public)


@pytest.mark.row("K05")
def test_kind_and_key_must_agree(rsa: PrivateKey) -> None:
    line = rsa.public_key.to_openssh().replace("ssh-rsa", "ssh-ed25519", 1)
    assert "its key is ssh-rsa" in refused(line, rsa.public_key)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ssh-dss AAAA", "DSA keys are refused"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "a certificate is not taken"),
        ("sk-ssh-ed25519@openssh.com AAAA", "not a public key"),
        ("ecdsa-sha2-nistp256 AAAA", "not a public key"),
        ("ssh-ed25519", "not a public key"),
        ("rsa-sha2-512 AAAA", "unknown key type"),
        ("word", "unknown option 'word'"),
    ],
)
def test_line_without_a_key_is_a_problem(line: str, reason: str, public: PublicKey) -> None:
    assert reason in refused(line, public)


def test_short_rsa_key_needs_the_legacy_policy() -> None:
    blob = string("ssh-rsa") + string(b"\1\0\1") + string(b"\0\x80" + bytes(126) + b"\1")
    text = f"ssh-rsa {to_base64(blob).decode()}"
    assert "outside 2048" in AuthorizedKeysFile.parse(text).problems[0].reason
    assert AuthorizedKeysFile.parse(text, policy=KeyPolicy.LEGACY).keys[0].key.bits == 1024


@given(data=st.binary(max_size=300) | st.text(st.characters(exclude_categories=())))
@settings(deadline=None)
def test_random_content_accepts_no_key(data: bytes | str) -> None:
    assert AuthorizedKeysFile.parse(data).keys == ()


@given(front=st.text(max_size=30), back=st.text(max_size=30))
@settings(deadline=None)
def test_key_is_taken_only_from_the_start_of_a_line(
    front: str, back: str, key_line: str, public: PublicKey
) -> None:
    listed = AuthorizedKeysFile.parse(f"{front}{key_line} {back}")
    for found in listed.keys:
        assert found.key == public
        assert front.encode().rpartition(b"\n")[2].strip(b" \t") == b""
