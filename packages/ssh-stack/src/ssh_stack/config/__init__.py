"""ssh_config(5): which options a host gets.

    lines       a configuration line: keyword, arguments, quotes, comments
    directives  the table of keywords that are honoured, and how each is read
    blocks      files, Include, Host and Match as a list of conditional lines
    criteria    which hosts a Host or Match line is for
    tokens      ~, %-tokens and ${VARIABLES} in values
    resolve     the first value of each option that is for a host: HostConfig

A keyword that is not in the table is reported in `HostConfig.unsupported`; nothing is
dropped without a word.
"""

from __future__ import annotations

from ssh_stack.config.blocks import Config as Config
from ssh_stack.config.blocks import load_config as load_config
from ssh_stack.config.resolve import HostConfig as HostConfig
from ssh_stack.config.resolve import Unsupported as Unsupported
