"""The inputs of public bug reports, each at the surface that its reporter used."""

from __future__ import annotations

from pathlib import Path

import pytest

import ssh_stack
from ssh_auth import (
    AuthCredential,
    ClientAuth,
    KeyCredential,
    KeySigner,
    NoneCredential,
    SignatureNeeded,
)
from ssh_connection.testing import Side
from ssh_keys import HostKeyStatus
from ssh_stack import KnownHosts, PrivateKey, load_private_key
from ssh_stack.client.trust import Trust
from ssh_transport import ServiceAccepted
from ssh_transport.testing import Pair, inject
from ssh_wire.messages import connection as m
from tests.reported.sftp_server import talking

SAMPLES = Path(__file__).parent / "samples"
OPENDIR, READDIR, MKDIR, INIT = 11, 12, 14, 1


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


# ------------------------------------------------------------------ keys and known_hosts


def test_key_behind_bag_attributes_is_read() -> None:
    key = load_private_key(sample("keys/bag.pem"))
    assert key.public_key.kind == "ssh-rsa"


def test_key_whose_line_breaks_were_lost_is_read() -> None:
    key = load_private_key(sample("keys/one_line_ec.pem"))
    assert key.public_key.kind == "ecdsa-sha2-nistp256"


def test_key_in_aes_192_is_opened_by_its_passphrase_alone() -> None:
    data, passphrase = sample("keys/trad_aes192.pem"), sample("keys/pw")
    assert load_private_key(data, passphrase).public_key.kind == "ssh-rsa"
    with pytest.raises(ssh_stack.KeyDecryptError, match="passphrase"):
        load_private_key(data, passphrase + b"x")


def test_host_with_a_key_that_is_not_taken_is_known() -> None:
    known = KnownHosts.parse(sample("known_hosts/dss"))
    other = PrivateKey.generate("ed25519").public_key
    assert known.check(other, "127.0.0.1", 2504) is HostKeyStatus.CHANGED
    assert known.check(other, "127.0.0.2", 2504) is HostKeyStatus.UNKNOWN


async def test_entry_without_a_port_counts_for_other_ports() -> None:
    data = sample("known_hosts/without_port")
    known = KnownHosts.parse(data)
    key = known.lookup("127.0.0.1", 22).trusted[0]
    other = PrivateKey.generate("ed25519").public_key
    judge = Trust("127.0.0.1", 2222, known, "strict")
    assert await judge.verify(key)
    with pytest.raises(ssh_stack.HostKeyError):
        await judge.verify(other)
    # an entry with the port comes first
    line = f"[127.0.0.1]:2222 {other.to_openssh()}\n".encode()
    judge = Trust("127.0.0.1", 2222, KnownHosts.parse(data + b"\n" + line), "strict")
    assert await judge.verify(other)
    with pytest.raises(ssh_stack.HostKeyChanged):
        await judge.verify(key)


# ------------------------------------------------------------------ SFTP


async def test_listing_ends_with_a_name_reply_of_no_entries() -> None:
    async with talking(READDIR, sample("sftp/name_count_zero.bin")) as sftp:
        assert await sftp.listdir("/") == []


async def test_status_without_its_texts_is_taken() -> None:
    async with talking(MKDIR, sample("sftp/status_bare.bin")) as sftp:
        await sftp.mkdir("/new")


async def test_name_of_300_bytes_is_listed() -> None:
    async with talking(READDIR, sample("sftp/name_300_bytes.bin")) as sftp:
        assert await sftp.listdir("/") == ["中" * 100]


async def test_name_without_type_bits_is_fetched_with_its_tree(tmp_path: Path) -> None:
    """The server says neither in the listing nor elsewhere what it is, but it can be asked."""
    async with talking(READDIR, sample("sftp/name_no_type_bits.bin")) as sftp:
        (entry,) = [each async for each in sftp.scandir("/")]
        assert entry.name == "a.txt"
        assert entry.is_file
        with pytest.raises(ssh_stack.SSHError):  # its content is not what the server announced
            await sftp.get("/", tmp_path / "tree", recursive=True)
        assert not (tmp_path / "tree" / "a.txt").exists()


async def test_text_before_the_version_is_told() -> None:
    reply = sample("sftp/text_before_version.bin")
    with pytest.raises(ssh_stack.SFTPProtocolError, match="Hello"):
        async with talking(INIT, reply):
            pass


# ------------------------------------------------------------------ authentication and channels


def test_failure_with_an_empty_list_lets_the_client_go_on() -> None:
    key = PrivateKey.generate("ed25519")
    credentials: list[AuthCredential] = [NoneCredential(probe=True)]
    credentials.append(KeyCredential(KeySigner(key)))
    auth = ClientAuth("me", b"session", credentials)
    auth.start()
    auth.receive(sample("auth/failure_empty_list.bin"))
    assert isinstance(auth.next_event(), SignatureNeeded)


def test_service_accept_without_a_name_is_taken() -> None:
    pair = Pair()
    pair.client.request_service("ssh-userauth")
    bare = sample("auth/service_accept_bare.bin")

    def accept(name: str) -> None:
        assert name == "ssh-userauth"
        inject(pair.server, bare)

    pair.server.accept_service = accept  # type: ignore[method-assign]
    pair.run()
    assert any(isinstance(event, ServiceAccepted) for event in pair.client_events)
    assert not pair.client.closed


def test_exit_status_behind_close_leaves_the_connection_alone() -> None:
    assert b"exit-status" in sample("channel/exit_status_behind_close.txt")
    side = Side()
    side.open()
    _, other = side.open()
    for number in (0, 1):
        side.receive(
            m.ChannelOpenConfirmation(recipient=number, sender=number, window=9, max_packet=9)
        )
    side.receive(m.ChannelClose(recipient=0))
    side.receive(m.ExitStatus(recipient=0, status=0))
    side.receive(m.ChannelData(recipient=1, data=b"goes on"))
    assert other.data == b"goes on"


def test_every_sample_is_tried() -> None:
    text = Path(__file__).read_text()
    names = [path.relative_to(SAMPLES) for path in SAMPLES.rglob("*") if path.is_file()]
    assert [str(name) for name in names if f'"{name}"' not in text] == []
