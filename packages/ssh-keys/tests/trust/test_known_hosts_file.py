from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import (
    HostKeyStatus,
    HostKeyUpdate,
    KeyFormatError,
    KnownHostsFile,
    PrivateKey,
    PublicKey,
)
from ssh_keys.trust.known_hosts import Marker, format_host_line

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]


@pytest.fixture(scope="module")
def one(ed25519: PrivateKey) -> PublicKey:
    return ed25519.public_key


@pytest.fixture(scope="module")
def two() -> PublicKey:
    return PrivateKey.generate("ed25519").public_key


def line(hosts: str, key: PublicKey, marker: str = "") -> str:
    return f"{marker} {hosts} {key.to_openssh()}".strip()


@pytest.fixture(scope="module")
def content(one: PublicKey, two: PublicKey) -> bytes:
    """A file with one line of every sort."""
    lines = [
        "# my hosts",
        "",
        line("alpha,Beta", one),
        "\t" + line("[alpha]:2222", two) + "\tmore  words ",
        line("*.example.com,!bad.example.com", one),
        line("*", one, "@cert-authority"),
        line("alpha", two, "@revoked"),
        format_host_line("alpha", 22, two, hashed=True),
        format_host_line("gamma", 22, two, hashed=True),
        line("alpha", two) + "\r",
    ]
    return "\n".join(lines).encode() + b"\n"


def test_byte_order_mark_hides_no_line_from_a_change(one: PublicKey, two: PublicKey) -> None:
    file = KnownHostsFile.parse(f"\ufeff{line('alpha', one)}\n{line('beta', two)}\n")
    assert [found.line for found in file.find("alpha")] == [1]
    assert file.without("alpha").to_bytes() == f"{line('beta', two)}\n".encode()
    assert file.known().lookup("alpha").trusted == (one,)


STRANGE = b"""\
alpha ssh-tomorrow@example.com AAAAB3NzaC1yc2E= of tomorrow
@of-tomorrow alpha ssh-ed25519 AAAA
alpha
|1|damaged ssh-ed25519 AAAA
,, ssh-ed25519 AAAA
alpha ssh-ed25519 # nothing
"""


# ------------------------------------------------------------- lossless


@given(data=st.binary(max_size=200))
def test_any_content_is_written_back_unchanged(data: bytes) -> None:
    file = KnownHostsFile.parse(data)
    assert file.to_bytes() == data
    assert file.without("no such host") is file
    assert len(file.problems) <= len(file.lines)
    file.known()


def test_file_is_written_back_unchanged(content: bytes) -> None:
    for data in (content, content[:-1], STRANGE, content + STRANGE, content.decode()):
        file = KnownHostsFile.parse(data)
        assert file.to_bytes() == (data if isinstance(data, bytes) else data.encode())


def test_line_without_readable_hosts_is_a_problem() -> None:
    problems = KnownHostsFile.parse(STRANGE, "hosts").problems
    assert [(problem.source, problem.line) for problem in problems] == [
        ("hosts", number) for number in (2, 3, 4, 5, 6)
    ]
    assert [problem.reason.split(" '")[0] for problem in problems] == [
        "unknown marker",
        "the line has no key",
        "the hashed host is not base64",
        "the line names no host",
        "the line has no key",
    ]


# ------------------------------------------------------------- finding and removing


def test_find_returns_the_lines_of_a_host(content: bytes) -> None:
    file = KnownHostsFile.parse(content)
    assert [(each.line, each.marker) for each in file.find("ALPHA")] == [
        (3, Marker.TRUST),
        (6, Marker.AUTHORITY),
        (7, Marker.REVOKED),
        (8, Marker.TRUST),
        (10, Marker.TRUST),
    ]
    assert [each.line for each in file.find("alpha", 2222)] == [4, 6]
    assert [each.line for each in file.find("www.example.com")] == [5, 6]
    assert [each.line for each in file.find("bad.example.com")] == [6]
    assert file.find("gamma")[1].text == content.split(b"\n")[8]


def test_without_removes_the_keys_of_a_host(content: bytes) -> None:
    file = KnownHostsFile.parse(content)
    lines = content.splitlines(keepends=True)
    after = file.without("alpha")
    assert after.to_bytes() == b"".join(lines[n - 1] for n in (1, 2, 4, 5, 6, 7, 9))
    assert after.without("alpha") is after
    assert file.without("www.example.com").to_bytes() == b"".join(lines[:4] + lines[5:])
    assert file.without("delta") is file


def test_without_keeps_unreadable_lines(content: bytes) -> None:
    file = KnownHostsFile.parse(content + STRANGE)
    after = file.without("alpha").to_bytes()
    assert after.endswith(b"\n" + STRANGE.split(b"\n", 1)[1])
    assert b"of tomorrow" not in after
    assert KnownHostsFile.parse(STRANGE[:-1]).without("alpha").to_bytes().endswith(b"nothing\n")


def test_adding_appends_a_line(one: PublicKey) -> None:
    file = KnownHostsFile.parse(b"# no newline")
    for host, hashed in (("alpha", False), ("beta", True)):
        file = file.adding(host, 2222, one, hashed=hashed)
    assert file.to_bytes().startswith(b"# no newline\n[alpha]:2222 ssh-ed25519 ")
    assert file.to_bytes().splitlines()[2].startswith(b"|1|")
    known = file.known()
    assert known.check(one, "alpha", 2222) is HostKeyStatus.TRUSTED
    assert known.check(one, "beta", 2222) is HostKeyStatus.TRUSTED
    assert [entry.line for entry in known.entries] == [2, 3]
    assert KnownHostsFile().adding("alpha", 22, one).to_bytes().count(b"\n") == 1


# ------------------------------------------------------------- hashing


def test_hashed_has_a_line_for_each_name(content: bytes, one: PublicKey, two: PublicKey) -> None:
    file = KnownHostsFile.parse(content)
    after = file.hashed()
    text = after.to_bytes()
    assert b"alpha,Beta" not in text
    assert b"[alpha]" not in text
    before, lines = content.splitlines(keepends=True), text.splitlines(keepends=True)
    assert [lines[n] for n in (0, 1, 5, 6, 7, 8, 9)] == [before[n] for n in (0, 1, 4, 5, 6, 7, 8)]
    assert lines[4].endswith(b"\tmore  words \n")
    assert lines[10].endswith(b"\r\n")
    known = after.known()
    assert known.check(one, "beta") is HostKeyStatus.TRUSTED
    assert known.check(two, "alpha", 2222) is HostKeyStatus.TRUSTED
    assert after.hashed().to_bytes() == text


def test_salts_are_an_argument(content: bytes) -> None:
    file = KnownHostsFile.parse(content)
    assert file.hashed(bytes).to_bytes() == file.hashed(bytes).to_bytes()
    assert file.hashed().to_bytes() != file.hashed().to_bytes()


def test_name_beside_an_unknown_kind_is_hashed() -> None:
    after = KnownHostsFile.parse(STRANGE.split(b"\n")[0]).hashed().to_bytes()
    assert after.startswith(b"|1|")
    assert after.endswith(b"= ssh-tomorrow@example.com AAAAB3NzaC1yc2E= of tomorrow\n")


def test_name_that_would_stay_readable_is_an_error(content: bytes) -> None:
    for bad in STRANGE.splitlines()[1:]:
        with pytest.raises(KeyFormatError, match=r"^hosts:11: .*; nothing was hashed"):
            KnownHostsFile.parse(content + bad, "hosts").hashed()


# ------------------------------------------------------------- ssh-keygen


@pytest.mark.parametrize("host", ["alpha", "beta", "[alpha]:2222", "gamma", "www.example.com"])
def test_find_returns_what_ssh_keygen_finds(
    host: str, content: bytes, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(content)
    name, _, port = host.strip("[").partition("]:")
    found = KnownHostsFile.parse(content).find(name, int(port or 22))
    titles = {Marker.TRUST: "", Marker.AUTHORITY: "CA", Marker.REVOKED: "REVOKED"}
    expected = b"".join(
        f"# Host {host} found: line {each.line} {titles[each.marker]}\n".encode()
        + each.text
        + b"\n"
        for each in found
    )
    assert found
    assert keygen("-F", host, "-f", path) == expected


@pytest.mark.parametrize("host", ["alpha", "beta", "[alpha]:2222", "gamma", "www.example.com"])
def test_without_removes_what_ssh_keygen_removes(
    host: str, content: bytes, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "known_hosts"
    name, _, port = host.strip("[").partition("]:")
    for data in (content, content[:-1]):
        path.write_bytes(data)
        keygen("-R", host, "-f", path)
        ours = KnownHostsFile.parse(data).without(name, int(port or 22))
        assert path.read_bytes() == ours.to_bytes()


def test_hashed_is_that_of_ssh_keygen(content: bytes, keygen: Program, tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(content)
    keygen("-H", "-f", path)
    theirs, ours = path.read_bytes(), KnownHostsFile.parse(content).hashed()

    def unhashed(data: bytes) -> list[tuple[bool, bytes]]:
        lines = data.split(b"\n")
        return [
            (text.startswith(b"|1|"), text.partition(b" ")[2] if text.startswith(b"|1|") else text)
            for text in lines
        ]

    assert unhashed(theirs) == unhashed(ours.to_bytes())
    path.write_bytes(ours.to_bytes())
    for host in ("alpha", "beta", "[alpha]:2222"):
        assert b"found: line" in keygen("-F", host, "-f", path)
    for name, port in (("alpha", 22), ("beta", 22), ("alpha", 2222)):
        their_lines = KnownHostsFile.parse(theirs).find(name, port)
        assert [f.line for f in their_lines] == [f.line for f in ours.find(name, port)]


# ------------------------------------------------------------- following a server's keys


def test_updated_changes_the_keys_of_a_host(
    one: PublicKey, two: PublicKey, content: bytes
) -> None:
    file = KnownHostsFile.parse(content[:-1])
    lines = content[:-1].split(b"\n")
    gone = file.updated("Alpha", 22, HostKeyUpdate(new=(one,), old=(two,))).to_bytes()
    assert gone == b"\n".join(lines[:7] + lines[8:9]) + b"\n"
    only_new = file.updated("delta", 22, HostKeyUpdate(new=(one, two))).to_bytes()
    assert only_new.startswith(content)
    assert only_new[len(content) :].count(b"delta ssh-ed25519 ") == 2
    assert file.updated("alpha", 22, HostKeyUpdate(new=(two,), old=(one,))) is file
