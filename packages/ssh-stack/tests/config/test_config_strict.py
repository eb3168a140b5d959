"""What a configuration must not do by mistake: put the options of one host on another."""

from __future__ import annotations

from pathlib import Path

import pytest

import ssh_stack
from ssh_stack.config import Config, load_config
from ssh_stack.config.directives import ALIASES, BLOCKS, DIRECTIVES
from ssh_stack.errors import ConfigError

_TYPO = "Host web1\n    User one\nHosts web2\n    Port 2222\n"


def test_unknown_keyword_is_error_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(_TYPO)
    config = load_config([file])

    for host in ("web1", "web2", "other"):
        with pytest.raises(
            ConfigError, match=r"Hosts is not a keyword.*is Host meant\?"
        ) as caught:
            config.resolve(host)
        assert (caught.value.source, caught.value.line) == (str(file), 3)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("Matchh host web2", "is Match meant"),
        ("Usr one", "is User meant"),
        ("IdentityFiles /x", "is IdentityFile meant"),
        ("Frobnicate 3", "is not a keyword of ssh_config (a line IgnoreUnknown"),
        ("Kexalgor\u0131thms x", "is not a keyword"),
    ],
)
def test_unknown_keyword_suggests_similar_one(line: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.parse(f"{line}\n").resolve("web1")

    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "hidden",
    [
        "\ufeff",
        "\u200b",
        "\u00a0",
        "\u2060",
        "\x0b",
        "\x01",
        "\x7f",
        "\u00ad",
        "\ufeff\ufeff",
    ],
)
@pytest.mark.parametrize("keyword", ["Host", "Match"])
def test_hidden_keyword_is_error(hidden: str, keyword: str) -> None:
    block = {"Host": "Host web2", "Match": "Match host web2"}[keyword]

    with pytest.raises(ConfigError) as caught:
        Config.parse(f"User one\n{hidden}{block}\n    Port 2222\n").resolve("web1")

    assert caught.value.line == 2
    assert hidden not in str(caught.value)  # it is shown, as an escape


def test_letter_that_resembles_ascii_makes_keyword_unknown() -> None:
    with pytest.raises(ConfigError, match="is not a keyword"):
        Config.parse("\u212aexAlgorithms curve25519-sha256\n").resolve("web1")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_byte_order_mark_is_refused_by_name(mark: bytes, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(mark + b"Host web2\n    Port 2222\n")

    with pytest.raises(ConfigError, match="byte order mark") as caught:
        load_config([file])

    assert (caught.value.source, caught.value.line) == (str(file), 1)


def test_utf_16_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes("Host web2\n    Port 2222\n".encode("utf-16-le"))

    with pytest.raises(ConfigError, match="NUL byte"):
        load_config([file]).resolve("web1")


def test_nul_in_comment_is_accepted() -> None:
    assert Config.parse("# a\0b\nUser one\n").resolve("web1").user == "one"


@pytest.mark.parametrize("line", ['Hos"t web2', '"Host web2', "==Host web2", 'Host" web2'])
def test_line_ignored_by_openssh_is_error(line: str) -> None:
    """A quote that is not closed hides a whole block from OpenSSH's client."""
    with pytest.raises(ConfigError) as caught:
        Config.parse(f"User one\n{line}\n    Port 2222\n").resolve("web1")

    assert caught.value.line == 2


@pytest.mark.parametrize("line", ["=Host web2", ' = "Host" web2', 'Ho"st" web2', "Host=web2"])
def test_line_accepted_by_openssh_is_accepted(line: str) -> None:
    config = Config.parse(f"{line}\n    Port 2222\n")

    assert config.resolve("web2").port == 2222
    assert config.resolve("web1").port is None


def test_ignore_unknown_applies_to_following_lines() -> None:
    before = "Frobnicate 3\nIgnoreUnknown Frob*\n"
    behind = "IgnoreUnknown Frob*,!Frobble,Use*\nFrobnicate 3\nUseThis 4\n"

    with pytest.raises(ConfigError, match="Frobnicate is not a keyword"):
        Config.parse(before).resolve("web1")
    assert Config.parse(behind).resolve("web1").unsupported == ()
    with pytest.raises(ConfigError, match="Frobble is not a keyword"):
        Config.parse(f"{behind}Frobble 5\n").resolve("web1")


def test_ignore_unknown_of_other_host_has_no_effect() -> None:
    with pytest.raises(ConfigError, match="Frobnicate is not a keyword"):
        Config.parse("Host web2\n IgnoreUnknown Frob*\nHost *\n Frobnicate 3\n").resolve("web1")


def test_ignore_unknown_as_option_applies_to_all_files(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("Frobnicate 3\nUser one\n")

    assert load_config([file], ["IgnoreUnknown=frobnicate"]).resolve("web1").user == "one"


def test_invalid_value_is_error_in_every_block() -> None:
    with pytest.raises(ConfigError, match="option, line 2: Port is a number"):
        Config.parse("Host web2\n Port many\n").resolve("web1")


@pytest.mark.parametrize(
    "line",
    ["Compression maybe", "ControlMaster yes no", "Tunnel sideways", "IPQoS fast", "Port",
     "LocalForward 80", "AddKeysToAgent yes 5m", "ObscureKeystrokeTiming interval:0",
     "LogLevel LOUD", "SyslogFacility MAIL", "FingerprintHash crc", "RekeyLimit 1", "User a b",
     'User ""', "CanonicalDomains none a", "ChannelTimeout session", "EscapeChar ab",
     "StreamLocalBindMask 9", "TunnelDevice x", "ControlPersist soon", "DynamicForward a b",
     "ForwardX11Timeout soon", "PermitRemoteOpen any none"],
)  # fmt: skip
def test_value_refused_by_openssh_is_refused_for_every_keyword(line: str) -> None:
    with pytest.raises(ConfigError):
        Config.parse(f"{line}\n").resolve("web1")


@pytest.mark.parametrize("keyword", ["Host", "Match", "Include"])
def test_host_or_match_line_is_refused_as_option(keyword: str) -> None:
    with pytest.raises(ConfigError, match=f"option: {keyword} is for files alone"):
        Config.parse([f"{keyword} all"]).resolve("web1")


def test_error_of_option_names_option() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.parse(["User=me", "Port=many"]).resolve("web1")

    assert str(caught.value) == "option: Port is a number, not 'many'"


def test_keyword_of_every_openssh_is_known() -> None:
    """The keywords of OpenSSH 8.4 to 10.6 as Debian builds them, taken from the programs."""
    text = (Path(__file__).parent / "openssh_keywords.txt").read_text()

    known = DIRECTIVES.keys() | ALIASES.keys() | BLOCKS
    assert set(text.split()) <= known
    assert known - set(text.split()) == {"rsaminsize"}  # Red Hat's name


@pytest.mark.parametrize(
    "keyword", ["Protocol 2,1", "UseRoaming no", "CompressionLevel 3", "Cipher x"]
)
def test_keyword_that_openssh_ignores_is_silent(keyword: str) -> None:
    assert Config.parse(f"{keyword} # {keyword}\n").resolve("web1").unsupported == ()


def test_aliases_of_keywords_are_read() -> None:
    found = Config.parse(
        "PubkeyAcceptedKeyTypes ssh-ed25519\nChallengeResponseAuthentication no\n"
        "IdentityFile2 /k\nRSAMinSize 3072\nDSAAuthentication no\n"
    ).resolve("web1")

    assert found.public_key_algorithms is not None
    assert found.public_key_algorithms.change == "ssh-ed25519"
    assert not found.keyboard_interactive_authentication
    assert found.public_key_authentication == "no"
    assert found.identity_files == (Path("/k"),)
    assert found.required_rsa_size == 3072


def test_refuse_connection_applies_to_matching_host_alone() -> None:
    config = Config.parse("Host web2\n RefuseConnection use the other one\nHost *\n User me\n")
    config = Config.parse('Host web2\n RefuseConnection "use the other one"\nHost *\n User me\n')

    assert config.resolve("web1").user == "me"
    with pytest.raises(ConfigError, match="refuses the connection: use the other one"):
        config.resolve("web2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ProxyJump a:99999", r"option, line 2: ProxyJump takes \[user@\]host\[:port\]"),
        ("ProxyJump a,b:0", r"option, line 2: ProxyJump takes \[user@\]host\[:port\]"),
        ("LocalForward 8080", "option, line 2: LocalForward takes 2 arguments, not 1"),
    ],
)
def test_invalid_jump_or_forward_raises_error_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"^{problem}"):
        Config.parse(f"User me\n{text}\n").resolve("web1")


@pytest.mark.parametrize(("command", "token"), [("nc %Z", "%Z"), ("nc %h 100%", "%")])
async def test_proxy_command_with_unknown_token_fails_connections_that_use_it(
    command: str, token: str, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    file.write_text(f"User me\nProxyCommand {command}\n")

    found = load_config([file]).resolve("web1")  # `ssh -G` accepts it as well

    problem = f"{file}, line 2: ProxyCommand has an unknown token {token}"
    assert str(found.proxy_command_error).startswith(problem)
    with pytest.raises(ConfigError) as caught:
        await ssh_stack.connect("web1", config=file)
    assert str(caught.value).startswith(problem)
