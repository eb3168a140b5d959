"""What a server's own list of its keys changes in known_hosts, and what it must not touch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import HostKeyUpdate, KnownHosts, KnownHostsFile, PrivateKey, PublicKey
from ssh_keys.trust.known_hosts import format_host_line

USED, NEW, OLD, OTHER = (PrivateKey.generate("ed25519").public_key for _ in range(4))
NAMED = (USED, NEW)


def line(hosts: str, key: PublicKey, comment: str = "") -> str:
    return f"{hosts} {key.to_openssh()} {comment}".rstrip() + "\n"


def hashed(host: str, key: PublicKey, port: int = 22) -> str:
    return format_host_line(host, port, key, hashed=True) + "\n"


def plan(text: str, named: tuple[PublicKey, ...] = NAMED) -> HostKeyUpdate:
    return HostKeyUpdate.plan(KnownHosts.parse(text), "web1", 22, named)


BASE = line("web1", USED)


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        ("", NAMED, ()),
        (BASE, (NEW,), ()),
        (BASE + line("web1", NEW), (), ()),
        (BASE + line("WEB1", OLD, "mine"), (NEW,), (OLD,)),
        (BASE + hashed("web1", OLD) + line("web1", OLD), (NEW,), (OLD,)),
        (hashed("web1", USED) + hashed("web1", NEW) + hashed("web1", OLD), (), (OLD,)),
        (BASE + line("web2", OTHER) + line("[web1]:2222", OTHER), (NEW,), ()),
        (line("web1,10.0.0.1", USED), (NEW,), ()),
        (BASE + "web1 ssh-tomorrow AAAA\n@of-tomorrow web1 ssh-ed25519 AAAA\n", (NEW,), ()),
    ],
    ids=lambda _: "case",  # a key is another one in each run
)
def test_update_has_new_and_old_keys(
    text: str, new: tuple[PublicKey, ...], old: tuple[PublicKey, ...]
) -> None:
    update = plan(text)
    assert (update.new, update.old) == (new, old)
    assert bool(update) is bool(new or old)


@pytest.mark.parametrize(
    "near",
    [
        line("@revoked web1", OTHER),
        line("@cert-authority *", OTHER),
        line("web*", USED),
        line("web?", OLD),
        line("web1,!web2", USED),
        line("web1,web2,web3", USED),
        line("web1,web2", OLD),
        line("web2", NEW),
        line("[web1]:2222", USED),
        line("@revoked web2", NEW),
        hashed("web2", NEW),
        line("web1", OLD) + line("web2", OLD),
        line("web1", OLD) + hashed("web1", OLD, 2222),
        line("web1", OLD) + line("web1,web2", OLD),
    ],
    ids=lambda _: "case",  # a key is another one in each run
)
def test_update_is_empty_beside_lines_that_ssh_does_not_write(near: str) -> None:
    assert not plan(BASE + near)
    assert not plan(near + BASE)


def test_update_changes_no_other_file() -> None:
    mine = KnownHosts.parse(BASE + line("web1", OTHER), "mine")

    def with_theirs(text: str) -> HostKeyUpdate:
        known = mine.merge(KnownHosts.parse(text, "theirs"))
        return HostKeyUpdate.plan(known, "web1", 22, NAMED, source="mine")

    assert with_theirs("") == HostKeyUpdate(new=(NEW,), old=(OTHER,))
    assert with_theirs(line("web1", NEW)) == HostKeyUpdate(old=(OTHER,))
    assert not with_theirs(line("web1", OLD))
    assert not with_theirs(line("web1", OTHER))
    assert not with_theirs(line("web2", NEW))


# ------------------------------------------------------------- any file

PIECES = [
    BASE,
    line("web1", NEW),
    line("web1", OLD, "a comment"),
    "\t" + line("web1", OLD).replace("\n", " \r\n"),
    hashed("web1", OLD),
    line("web1,10.0.0.1", OTHER),
    line("web2", OTHER),
    line("[web1]:2222", OTHER),
    line("web2", USED),
    line("web*", OTHER),
    line("@revoked web1", OTHER),
    "# web1\n",
    "\n",
    "web1 ssh-tomorrow AAAA\n",
]


@given(
    pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=40).map(lambda b: b + b"\n")),
    named=st.lists(st.sampled_from([USED, NEW, OTHER]), unique=True),
    cut=st.booleans(),
    hide=st.booleans(),
)
def test_updated_file_lists_the_keys_of_the_server(
    pieces: list[str | bytes], named: list[PublicKey], cut: bool, hide: bool
) -> None:
    data = b"".join(p if isinstance(p, bytes) else p.encode() for p in pieces)
    data = data[:-1] if cut else data
    before = KnownHostsFile.parse(data)
    update = HostKeyUpdate.plan(before.known(), "web1", 22, named)
    after = before.updated("web1", 22, update, hashed=hide)

    if not update:
        assert after is before
        return
    assert set(after.known().lookup("web1").trusted) == set(named)
    gone = {e.line for e in before.known().entries if e.key in update.old}
    kept = [text for number, text in enumerate(before.lines, 1) if number not in gone]
    added = len(update.new)
    content, tail = after.lines[: len(after.lines) - added], after.lines[len(kept) :]
    assert len(tail) == added
    if kept and added and not kept[-1].endswith(b"\n"):
        kept[-1] += b"\n"
    assert list(content) == kept
    assert after.updated("web1", 22, update) is after
    assert not HostKeyUpdate.plan(after.known(), "web1", 22, named)
