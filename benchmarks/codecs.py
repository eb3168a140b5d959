"""The hot messages, as each of the three libraries encodes and decodes them.

Ours decodes to a typed object; the others have no message types, so theirs is the code
that reads the same fields with their own primitives and checks that nothing is left over,
where they can.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
import paramiko  # type: ignore[import-untyped]
from asyncssh import packet as a

from ssh_wire.messages import connection, transport
from ssh_wire.messages.sets import CONNECTION

__all__ = ["CODECS", "Codec"]

DATA: Final = bytes(32_768)
COOKIE: Final = bytes(16)
NAMES: Final = (
    ("mlkem768x25519-sha256", "curve25519-sha256", "ecdh-sha2-nistp256", "ext-info-c"),
    ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"),
    *(("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes128-ctr"),) * 2,
    *(("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"),) * 2,
    *(("none",),) * 2,
    *((),) * 2,
)


@attrs.frozen
class Codec:
    """One message: how each encodes it, and how each decodes its bytes."""

    name: str
    encode: dict[str, Callable[[], bytes]]
    decode: dict[str, Callable[[bytes], object]]


# ------------------------------------------------------------------ ours

_ADJUST = connection.WindowAdjust(recipient=1, increment=2_097_152)
_OPEN = connection.DirectTCPIPOpen(
    sender=1, window=2_097_152, max_packet=32_768, host="h", port=1, origin_host="o", origin_port=2
)
_DATA = connection.ChannelData(recipient=1, data=DATA)
_EXEC = connection.ExecRequest(recipient=1, want_reply=True, command=b"uname -a")
_KEXINIT = transport.KexInit(
    cookie=COOKIE,
    **dict(zip((f.name for f in attrs.fields(transport.KexInit)[1:11]), NAMES, strict=True)),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)


# ------------------------------------------------------------------ AsyncSSH


def _asyncssh_adjust(data: bytes) -> object:
    read = a.SSHPacket(data)
    found = read.get_byte(), read.get_uint32(), read.get_uint32()
    read.check_end()
    return found


def _asyncssh_open(data: bytes) -> object:
    read = a.SSHPacket(data)
    head = read.get_byte(), read.get_string(), read.get_uint32(), read.get_uint32()
    to = read.get_uint32(), read.get_string(), read.get_uint32()
    origin = read.get_string(), read.get_uint32()
    read.check_end()
    return head, to, origin


def _asyncssh_data(data: bytes) -> object:
    read = a.SSHPacket(data)
    found = read.get_byte(), read.get_uint32(), read.get_string()
    read.check_end()
    return found


def _asyncssh_exec(data: bytes) -> object:
    read = a.SSHPacket(data)
    head = read.get_byte(), read.get_uint32(), read.get_string(), read.get_boolean()
    command = read.get_string()
    read.check_end()
    return head, command


def _asyncssh_kexinit(data: bytes) -> object:
    read = a.SSHPacket(data)
    head = read.get_byte(), read.get_bytes(16), [read.get_namelist() for _ in NAMES]
    flags = read.get_boolean(), read.get_uint32()
    read.check_end()
    return head, flags


def _asyncssh_kexinit_encode() -> bytes:
    lists = b"".join(a.NameList([name.encode() for name in names]) for names in NAMES)
    return b"".join((a.Byte(20), COOKIE, lists, a.Boolean(False), a.UInt32(0)))


# ------------------------------------------------------------------ Paramiko


def _made(*parts: tuple[str, Any]) -> bytes:
    message = paramiko.Message()
    for kind, value in parts:
        getattr(message, f"add_{kind}")(value)
    return bytes(message.asbytes())


def _paramiko_adjust(data: bytes) -> object:
    read = paramiko.Message(data)
    return read.get_byte(), read.get_int(), read.get_int()


def _paramiko_open(data: bytes) -> object:
    read = paramiko.Message(data)
    head = read.get_byte(), read.get_text(), read.get_int(), read.get_int(), read.get_int()
    return head, read.get_text(), read.get_int(), read.get_text(), read.get_int()


def _paramiko_data(data: bytes) -> object:
    read = paramiko.Message(data)
    return read.get_byte(), read.get_int(), read.get_binary()


def _paramiko_exec(data: bytes) -> object:
    read = paramiko.Message(data)
    head = read.get_byte(), read.get_int(), read.get_text(), read.get_boolean()
    return head, read.get_binary()


def _paramiko_kexinit(data: bytes) -> object:
    read = paramiko.Message(data)
    head = read.get_byte(), read.get_bytes(16), [read.get_list() for _ in NAMES]
    return head, read.get_boolean(), read.get_int()


def _paramiko_kexinit_encode() -> bytes:
    lists = [("list", list(names)) for names in NAMES]
    return _made(("byte", b"\x14"), ("bytes", COOKIE), *lists, ("boolean", False), ("int", 0))


# ------------------------------------------------------------------ all of them


def _codec(
    name: str,
    ours: Callable[[], bytes],
    asyncssh: tuple[Callable[[], bytes], Callable[[bytes], object]],
    paramiko: tuple[Callable[[], bytes], Callable[[bytes], object]],
    decode: Callable[[bytes], object] = CONNECTION.decode,
) -> Codec:
    encoders = {"ssh-stack": ours, "AsyncSSH": asyncssh[0], "Paramiko": paramiko[0]}
    decoders = {"ssh-stack": decode, "AsyncSSH": asyncssh[1], "Paramiko": paramiko[1]}
    return Codec(name, encoders, decoders)


CODECS: Final = (
    _codec(
        "WINDOW_ADJUST",
        lambda: _ADJUST.encode(),  # noqa: PLW0108 (as the others: a call of a function)
        (lambda: a.Byte(93) + a.UInt32(1) + a.UInt32(2_097_152), _asyncssh_adjust),
        (
            lambda: _made(("byte", b"\x5d"), ("int", 1), ("int", 2_097_152)),
            _paramiko_adjust,
        ),
    ),
    _codec(
        "CHANNEL_DATA, 32 KiB",
        lambda: _DATA.encode(),  # noqa: PLW0108 (as the others: a call of a function)
        (lambda: b"".join((a.Byte(94), a.UInt32(1), a.String(DATA))), _asyncssh_data),
        (lambda: _made(("byte", b"\x5e"), ("int", 1), ("string", DATA)), _paramiko_data),
    ),
    _codec(
        "CHANNEL_OPEN, direct-tcpip",
        lambda: _OPEN.encode(),  # noqa: PLW0108 (as the others: a call of a function)
        (
            lambda: b"".join(
                (
                    *(a.Byte(90), a.String("direct-tcpip"), a.UInt32(1), a.UInt32(2_097_152)),
                    *(a.UInt32(32_768), a.String("h"), a.UInt32(1), a.String("o"), a.UInt32(2)),
                )
            ),
            _asyncssh_open,
        ),
        (
            lambda: _made(
                *(("byte", b"\x5a"), ("string", "direct-tcpip"), ("int", 1), ("int", 2_097_152)),
                *(("int", 32_768), ("string", "h"), ("int", 1), ("string", "o"), ("int", 2)),
            ),
            _paramiko_open,
        ),
    ),
    _codec(
        "CHANNEL_REQUEST, exec",
        lambda: _EXEC.encode(),  # noqa: PLW0108 (as the others: a call of a function)
        (
            lambda: b"".join(
                (
                    *(a.Byte(98), a.UInt32(1), a.String("exec"), a.Boolean(True)),
                    a.String(b"uname -a"),
                )
            ),
            _asyncssh_exec,
        ),
        (
            lambda: _made(
                *(("byte", b"\x62"), ("int", 1), ("string", "exec"), ("boolean", True)),
                ("string", b"uname -a"),
            ),
            _paramiko_exec,
        ),
    ),
    _codec(
        "KEXINIT",
        lambda: _KEXINIT.encode(),  # noqa: PLW0108 (as the others: a call of a function)
        (_asyncssh_kexinit_encode, _asyncssh_kexinit),
        (_paramiko_kexinit_encode, _paramiko_kexinit),
        transport.KexInit.decode,
    ),
)
"""What is sent most, and the largest of what is sent before anybody is known."""
