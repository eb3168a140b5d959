"""Read what went over the wire: a payload, a stream, a capture file, as trees and as text.

    nodes         what a payload becomes: a tree of named, typed fields
    meanings      what numbers and blobs stand for, in words
    render        a tree as text, secrets masked
    side          one direction of a connection, up to its encryption
    conversation  both directions, and which key exchange they agreed on
    capture       pcap and pcapng files: frames
    links         frames: TCP segments
    tcp           segments: streams
    report        any of these inputs as lines of text

Nothing here reads a file or a clock: bytes come in, trees and lines go out.
"""

from __future__ import annotations

from ssh_wire.dissect.capture import CaptureError as CaptureError
from ssh_wire.dissect.conversation import Conversation as Conversation
from ssh_wire.dissect.conversation import Entry as Entry
from ssh_wire.dissect.nodes import Field as Field
from ssh_wire.dissect.nodes import Tree as Tree
from ssh_wire.dissect.nodes import dissect as dissect
from ssh_wire.dissect.render import render as render
from ssh_wire.dissect.report import Options as Options
from ssh_wire.dissect.report import report as report
from ssh_wire.dissect.report import seen as seen
