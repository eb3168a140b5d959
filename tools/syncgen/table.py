"""What `ssh_stack.sync` mirrors.

Every public name of a class has its blocking form, unless its row leaves it out and says
why; a row that leaves out what is not there is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

CHANNEL = "the channel calls it"
DRIVER = "the transport's driver calls it"
MULTIPLEXER = "the multiplexer calls it"
PIPE = "it gives or takes a channel with callbacks, which run in the loop's thread"
CORE = "the state machine behind it, which belongs to the loop's thread"
CALLBACK = "it takes a function that runs in the loop's thread"
LOOP = "it is for code that runs in the loop itself"
COPIES = "what carries the redirected streams calls it"
EXPECT = "`expect` calls it"
HELD = "the blocking read, write and seek call it, so that most of them do not wait"
DROPPED = "the end of the blocking object calls it"
OPENED = "the scope that opens it has done it"


@dataclass(frozen=True)
class Mirror:
    """One name, and how it is mirrored."""

    name: str
    source: str
    """The module that defines it."""
    target: str
    """The module of `ssh_stack.sync` that has its blocking form."""
    kind: Literal["class", "owner", "function", "protocol", "options", "typevar", "written"] = (
        "class"
    )
    """An owner is warned of if it is open when the program ends; what is written is by hand."""
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Public names without a blocking form, each with the reason."""
    pure: frozenset[str] = frozenset()
    """Plain methods that touch nothing of the loop's, so any thread may run them."""
    base: str = ""
    """The class that its blocking form derives from, in place of the usual one."""
    by_hand: frozenset[str] = frozenset()
    """Names that this base has, written by hand."""
    doc: str = ""
    """The docstring, where the async one does not fit."""


MODULES: Final[Mapping[str, str]] = {
    "scope": "Things that are opened, used and closed.",
    "streams": "Byte streams over a channel.",
    "channel": "A channel, as requests and as a byte stream.",
    "process": "A command, shell or subsystem on the other side.",
    "text": "The streams of a command as text.",
    "forward": "Forwarded TCP ports and Unix sockets, from both ends.",
    "file": "Files on the server, open: bytes and text.",
    "path": "Paths on the server, with the manners of `pathlib`.",
    "sftp": "The SFTP client.",
    "connection": "`connect`, and the connection that it makes.",
    "reverse": "`listen_reverse`, and the listener that it makes.",
    "server": "`serve`, and the server that it starts.",
}

_CHANNEL_SIDE: Final[Mapping[str, str]] = dict.fromkeys(
    ("data_received", "eof_received", "pipe_closed", "pause_writing", "resume_writing"), CHANNEL
)

_ENDPOINT_SIDE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("transport_event", "uncongested", "batch_done", "connection_lost"), DRIVER),
    **dict.fromkeys(("channel_not_served", "request_not_served", "unknown_message"), MULTIPLEXER),
    "handler_failed": MULTIPLEXER,
    "flush_after": LOOP,
}

_FILE: Final = frozenset({"readable", "writable", "seekable", "isatty", "tell", "ready_line"})

_PATH: Final = frozenset(
    {
        *("joinpath", "with_name", "with_stem", "with_suffix", "with_segments", "relative_to"),
        *("is_relative_to", "is_absolute", "match", "as_posix"),
    }
)

_BINARY: Final = frozenset({"read", "read1", "readinto", "write", "writelines", "seek", "flush"})

_TEXT: Final = frozenset({"read", "readline", "write", "buffer"})

MIRRORS: Final = (
    Mirror("Closeable", "ssh_connection.aio.scope", "scope", "protocol"),
    Mirror("T", "ssh_connection.aio.scope", "scope", "typevar"),
    Mirror("Scope", "ssh_connection.aio.scope", "scope"),
    Mirror(
        "ByteReader",
        "ssh_connection.aio.streams",
        "streams",
        left_out={
            **dict.fromkeys(("feed", "feed_eof", "feed_rest", "prepay", "drop"), CHANNEL),
            **dict.fromkeys(("peek", "wait_for_more"), EXPECT),
            "offer_first": CALLBACK,
        },
    ),
    Mirror(
        "ByteWriter",
        "ssh_connection.aio.streams",
        "streams",
        left_out={
            **dict.fromkeys(("pause", "resume", "fail"), CHANNEL),
            **dict.fromkeys(("has_room", "wait_for_room"), LOOP),
        },
    ),
    Mirror("ByteStream", "ssh_connection.aio.streams", "streams", left_out=_CHANNEL_SIDE),
    Mirror(
        "Channel",
        "ssh_connection.aio.channel",
        "channel",
        left_out={
            "core": CORE,
            "adopt": CORE,
            "on_request": CALLBACK,
            "on_closed": CALLBACK,
            "connect": CALLBACK,
            "disconnect": CALLBACK,
            "ask": CALLBACK,
            "is_connected": CALLBACK,
            **dict.fromkeys(("consumed", "pause_reading", "resume_reading"), "the stream does it"),
            **dict.fromkeys(("opened", "open_failed", "request_received", "closed"), MULTIPLEXER),
            **dict.fromkeys(("eof_received", "pause_writing", "resume_writing"), MULTIPLEXER),
            "wait_opened": OPENED,
            "takes_eow": "the process asks for it",
        },
    ),
    Mirror(
        "Process",
        "ssh_connection.aio.process.process",
        "process",
        left_out={
            **dict.fromkeys(("start", "redirect"), OPENED),
            **dict.fromkeys(("copying_failed", "output_unread"), COPIES),
            **_CHANNEL_SIDE,
        },
    ),
    Mirror(
        "TextReader",
        "ssh_connection.aio.process.text",
        "text",
        left_out=dict.fromkeys(("peek", "wait_for_more"), EXPECT),
    ),
    Mirror("TextWriter", "ssh_connection.aio.process.text", "text"),
    Mirror("TextProcess", "ssh_connection.aio.process.text", "text"),
    Mirror(
        "LocalForward", "ssh_connection.aio.forward.local", "forward", left_out={"listen": OPENED}
    ),
    Mirror(
        "RemoteForward",
        "ssh_connection.aio.forward.remote",
        "forward",
        left_out={"accept": MULTIPLEXER, "take": MULTIPLEXER},
    ),
    Mirror(
        "RemoteFile",
        "ssh_sftp.aio.client.file",
        "file",
        left_out={
            **dict.fromkeys(("ready_bytes", "held_write", "move"), HELD),
            "abandon": DROPPED,
        },
        pure=_FILE,
        base="ssh_stack.sync._files.BinaryFile",
        by_hand=_BINARY,
    ),
    Mirror(
        "RemoteTextFile",
        "ssh_sftp.aio.client.text_file",
        "file",
        left_out={**dict.fromkeys(("ready_text", "held_write"), HELD), "abandon": DROPPED},
        pure=_FILE,
        base="ssh_stack.sync._files.TextFile",
        by_hand=_TEXT,
    ),
    Mirror(
        "RemotePath",
        "ssh_sftp.aio.client.path",
        "path",
        pure=_PATH,
    ),
    Mirror(
        "SFTPClient",
        "ssh_sftp.aio.client.sftp_client",
        "sftp",
        left_out={"from_pipe": PIPE, "open_others_with": CALLBACK},
        base="ssh_stack.sync._streams.OverStreams",
        by_hand=frozenset({"from_streams"}),
        pure=frozenset({"path"}),
        doc="""A client session of SFTP version 3.

            with conn.sftp() as sftp:
                sftp.get("/srv/data", "data", recursive=True)

        Paths are text; those that are no UTF-8 have lone surrogates, as Python's own file
        names do.  Relative ones start where the server puts them, mostly at home.""",
    ),
    Mirror(
        "Connection",
        "ssh_stack.client.connection",
        "connection",
        "owner",
        left_out={"flush_after": LOOP},
        doc="An authenticated connection to a server.",
    ),
    Mirror("Connect", "ssh_stack.client.connecting", "connection"),
    Mirror("ClientOptionsKw", "ssh_stack.client.option_arguments", "connection", "options"),
    Mirror("connect", "ssh_stack.client.connecting", "connection", "function"),
    Mirror("ReverseListener", "ssh_stack.client.reverse", "reverse", "owner"),
    Mirror("listen_reverse", "ssh_stack.client.reverse", "reverse", "function"),
    Mirror(
        "ServerConnection",
        "ssh_connection.aio.server.connection",
        "server",
        left_out={"driver": DRIVER, **_ENDPOINT_SIDE},
    ),
    Mirror(
        "Server",
        "ssh_stack.server.serving",
        "server",
        "owner",
        left_out={"listen": OPENED},
    ),
    Mirror("Serve", "ssh_stack.server.serving", "server"),
    Mirror("ServerOptionsKw", "ssh_stack.server.options", "server", "options"),
    Mirror("serve", "ssh_stack.server.serving", "server", "function"),
    Mirror("HostRun", "ssh_stack.many.run", "_hosts", "written"),
    Mirror("OnHosts", "ssh_stack.many.hosts", "_hosts", "written"),
    Mirror("on_hosts", "ssh_stack.many.hosts", "_hosts", "written"),
    Mirror("run_on_hosts", "ssh_stack.many.hosts", "_hosts", "written"),
)
