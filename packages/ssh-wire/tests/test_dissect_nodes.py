from __future__ import annotations

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake_records import PHASE, Inner, Outer
from ssh_wire import Message, wire_fields
from ssh_wire.dissect import Field, Tree, dissect
from ssh_wire.messages import auth, connection, kex, sets, transport
from ssh_wire.modes import TerminalMode, encode_modes
from strategies import build, numbered

EVERYTHING = sets.TRANSPORT | sets.AUTHENTICATION | sets.CONNECTION


def test_payload_becomes_a_tree_of_named_fields() -> None:
    tree = dissect(transport.Disconnect(code=2, description="so").encode(), sets.TRANSPORT)

    assert tree == Tree(
        name="Disconnect",
        number=1,
        about="End the connection (RFC 4253 section 11.1)",
        fields=(
            Field("code", "uint32", 2, "PROTOCOL_ERROR"),
            Field("description", "text", "so"),
            Field("language", "text", ""),
            Field("extra", "rest", b""),
        ),
    )
    assert tree["code"].value == 2
    with pytest.raises(KeyError):
        tree["colour"]
    with pytest.raises(FrozenInstanceError):
        tree.name = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("cls", numbered(), ids=lambda cls: cls.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_every_message_has_every_field_in_wire_order(
    cls: type[Message], data: st.DataObject
) -> None:
    message = data.draw(build(cls))
    phases = [EVERYTHING, *sets.KEY_EXCHANGES.values(), *sets.DIALOGUES.values()]
    phase = next(phase for phase in phases if cls in set(phase))

    tree = dissect(message.encode(), phase)

    assert tree.problem == ""
    if tree.name == cls.__name__:  # a generic one may happen to be a known one
        assert tuple(field.name for field in tree.fields) == wire_fields.field_names(cls)


def test_structure_or_list_has_inner_fields() -> None:
    request = auth.InfoRequest(prompts=(auth.Prompt(text="Code: ", echo=False),))
    keys = transport.ExtInfo(extensions=(transport.Extension(name=b"a", value=b"b"),))

    prompts = dissect(request.encode(), sets.dialogue("keyboard-interactive"))["prompts"]
    extensions = dissect(keys.encode(), sets.TRANSPORT)["extensions"]

    assert prompts.value is None
    assert prompts.inner == (
        Field(
            "0",
            "Prompt",
            inner=(Field("text", "text", "Code: "), Field("echo", "boolean", False)),
        ),
    )
    assert [field.value for field in extensions.inner[0].inner] == [b"a", b"b"]


def test_record_in_place_has_inner_fields() -> None:
    tree = dissect(Outer(inner=Inner(first=1)).encode(), PHASE)

    assert tree["inner"].inner == (Field("first", "uint32", 1),)


def test_fields_have_meanings() -> None:
    blob = b"\0\0\0\x0bssh-ed25519"
    opened = connection.ChannelOpenFailure(recipient=0, reason=4)
    extended = connection.ChannelExtendedData(recipient=0, data_type=1, data=b"x")
    reply = kex.KexECDHReply(host_key=blob, public=b"p", signature=b"\xff\xff\xff\xffx")

    assert dissect(opened.encode(), EVERYTHING)["reason"].meaning == "RESOURCE_SHORTAGE"
    assert dissect(extended.encode(), EVERYTHING)["data_type"].meaning == "stderr"
    tree = dissect(reply.encode(), sets.key_exchange("curve25519-sha256"))
    assert tree["host_key"].meaning == "ssh-ed25519"
    assert tree["signature"].meaning == ""


def test_terminal_modes_have_names() -> None:
    def request(modes: bytes) -> Field:
        made = connection.PtyRequest(recipient=0, term="x", columns=1, rows=1, modes=modes)
        return dissect(made.encode(), EVERYTHING)["modes"]

    assert request(encode_modes({TerminalMode.ECHO: 1, 159: 2})).inner == (
        Field("ECHO", "uint32", 1),
        Field("159", "uint32", 2),
    )
    assert request(b"\x35").inner == ()


@pytest.mark.row("X02")
def test_secrets_are_marked_also_in_an_undecoded_payload() -> None:
    password = auth.PasswordRequest(user="u", service="s", password="hunter2").encode()
    answers = auth.InfoResponse(responses=("hunter2",)).encode()
    cookie = connection.X11Request(
        recipient=0, single_connection=False, protocol="p", cookie="hunter2", screen=0
    ).encode()
    unknown = auth.UserauthRequest(user="u", service="s", method="otp", details=b"hunter2")

    assert dissect(password, EVERYTHING)["password"].secret
    assert dissect(password[:-1], EVERYTHING)["payload"].secret
    assert dissect(password, sets.TRANSPORT)["payload"].secret
    assert dissect(answers, EVERYTHING)["payload"].secret
    assert dissect(cookie[:-1], EVERYTHING)["payload"].secret
    assert dissect(unknown.encode(), EVERYTHING)["details"].secret
    assert not dissect(b"\x5d\0", EVERYTHING)["payload"].secret


def test_undecoded_payload_has_its_problem() -> None:
    problem = "message: the input ends inside the message number"
    assert dissect(b"", EVERYTHING) == Tree("nothing", None, problem=problem)
    assert dissect(b"\x63x", sets.TRANSPORT) == Tree(
        "CHANNEL_SUCCESS",
        99,
        fields=(Field("payload", "bytes", b"\x63x"),),
        problem="message 99 is not expected here",
    )
    assert dissect(b"\x1e", EVERYTHING).name == "message 30"


@given(st.binary(max_size=80))
def test_any_payload_becomes_a_tree(payload: bytes) -> None:
    assert dissect(payload, EVERYTHING).name
