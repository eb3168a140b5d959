from __future__ import annotations

from handshake import CIPHERTEXT, CLIENT, INIT, KEXINIT, REPLY, SERVER, packets
from ssh_wire.dissect import Conversation, Entry
from ssh_wire.messages.kex import KexDHGexRequest, KexDHInit


def names(entries: list[Entry]) -> list[str]:
    return [entry.tree.name if entry.tree else entry.what for entry in entries]


def kexinit(*methods: str, guesses: bool = False) -> bytes:
    made = KEXINIT.replace(kex_algorithms=methods, first_kex_packet_follows=guesses)
    return packets(made.encode())


def test_conversation_is_decoded_up_to_its_encryption() -> None:
    conversation = Conversation()

    assert not conversation.identified
    assert names(conversation.feed("client", CLIENT + CIPHERTEXT)) == [
        "identification",
        "KexInit",
        "KexECDHInit",
        "NewKeys",
        "encrypted",
    ]
    assert conversation.identified
    assert not conversation.over
    assert names(conversation.feed("server", SERVER + CIPHERTEXT))[2] == "KexECDHReply"
    assert conversation.over
    assert conversation.feed("client", b"more") == []
    assert conversation.stop("client", "nothing left to stop") == []


def test_method_of_the_kexinits_decodes_message_30() -> None:
    conversation = Conversation()
    conversation.feed("client", b"SSH-2.0-c\r\n" + kexinit("a@x", "diffie-hellman-group14-sha256"))
    conversation.feed(
        "server", b"SSH-2.0-s\r\n" + kexinit("curve25519-sha256", "diffie-hellman-group14-sha256")
    )

    (entry,) = conversation.feed("client", packets(KexDHInit(e=7).encode()))

    assert names([entry]) == ["KexDHInit"]
    assert entry.assumed == ""


def test_first_method_of_one_side_alone_is_assumed() -> None:
    entries = Conversation().feed("server", SERVER)

    assert names(entries)[2] == "KexECDHReply"
    assert entries[2].assumed == "curve25519-sha256"


def test_given_method_is_used() -> None:
    payload = KexDHGexRequest(minimum=1, preferred=2, maximum=3).encode()
    conversation = Conversation("diffie-hellman-group-exchange-sha256")

    (_, entry) = conversation.feed("client", b"SSH-2.0-c\r\n" + packets(payload))

    assert names([entry]) == ["KexDHGexRequest"]
    assert entry.assumed == ""


def test_wrong_guess_is_decoded_by_the_guessed_method() -> None:
    conversation = Conversation()
    conversation.feed(
        "server", b"SSH-2.0-s\r\n" + kexinit("curve25519-sha256", "diffie-hellman-group14-sha256")
    )
    guess = kexinit("diffie-hellman-group16-sha512", "curve25519-sha256", guesses=True)
    conversation.feed("client", b"SSH-2.0-c\r\n" + guess)

    guessed = conversation.feed("client", packets(KexDHInit(e=7).encode()))
    real = conversation.feed("client", packets(INIT.encode()))

    assert names(guessed) == ["KexDHInit"]
    assert names(real) == ["KexECDHInit"]


def test_right_guess_is_decoded_by_the_negotiated_method() -> None:
    conversation = Conversation()
    conversation.feed("server", b"SSH-2.0-s\r\n" + kexinit("curve25519-sha256"))
    conversation.feed("client", b"SSH-2.0-c\r\n" + kexinit("curve25519-sha256", guesses=True))

    assert names(conversation.feed("client", packets(INIT.encode()))) == ["KexECDHInit"]


def test_unknown_or_unshared_method_is_not_decoded() -> None:
    unknown = Conversation()
    unknown.feed("client", b"SSH-2.0-c\r\n" + kexinit("x@example.com"))
    disjoint = Conversation()
    disjoint.feed("client", b"SSH-2.0-c\r\n" + kexinit("curve25519-sha256"))
    disjoint.feed("server", b"SSH-2.0-s\r\n" + kexinit("curve448-sha512"))
    nothing = Conversation()
    nothing.feed("client", b"SSH-2.0-c\r\n")

    (entry,) = unknown.feed("client", packets(INIT.encode()))
    assert entry.tree is not None
    assert entry.tree.problem == "message 30 is not expected here"
    (entry,) = disjoint.feed("server", packets(REPLY.encode()))
    assert entry.assumed == "curve25519-sha256"
    (entry,) = nothing.feed("client", packets(INIT.encode()))
    assert entry.assumed == ""
    assert names([entry]) == ["message 30"]


def test_malformed_kexinit_is_reported_and_ignored() -> None:
    entries = Conversation().feed(
        "client", b"SSH-2.0-c\r\n" + packets(b"\x14short", INIT.encode())
    )

    assert names(entries) == ["identification", "KEXINIT", "message 30"]


def test_packet_without_a_payload_is_broken() -> None:
    entries = Conversation().feed("client", b"SSH-2.0-c\r\n" + packets(b""))

    assert names(entries) == ["identification", "broken"]


def test_stopped_side_has_no_more_entries() -> None:
    conversation = Conversation()

    (entry,) = conversation.stop("server", "7 bytes were not captured")

    assert entry == Entry("server", "broken", "7 bytes were not captured")
