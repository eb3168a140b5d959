"""Decode a payload, a stream or a capture file into trees and text.

    nodes         a payload as a tree of named, typed fields
    descriptions  what numbers and blobs mean, in words
    tree_text     a tree as text, secrets masked
    direction     one direction of a connection, up to its encryption
    conversation  both directions, and the key exchange method that they negotiated
    capture       pcap and pcapng files: frames
    links         frames: TCP segments
    tcp           segments: streams
    text_report   any of these inputs as lines of text

Nothing here reads a file or a clock.
"""

from __future__ import annotations

from ssh_wire.dissect.capture import CaptureError as CaptureError
from ssh_wire.dissect.conversation import Conversation as Conversation
from ssh_wire.dissect.conversation import Entry as Entry
from ssh_wire.dissect.nodes import Field as Field
from ssh_wire.dissect.nodes import Tree as Tree
from ssh_wire.dissect.nodes import dissect as dissect
from ssh_wire.dissect.text_report import FORMS as FORMS
from ssh_wire.dissect.text_report import PHASES as PHASES
from ssh_wire.dissect.text_report import ConnectionEntry as ConnectionEntry
from ssh_wire.dissect.text_report import Form as Form
from ssh_wire.dissect.text_report import Options as Options
from ssh_wire.dissect.text_report import read_entries as read_entries
from ssh_wire.dissect.text_report import report as report
from ssh_wire.dissect.tree_text import render as render
