"""ssh_config(5): which options a host gets.

    lines              a configuration line: keyword, arguments, quotes, comments
    values             how the arguments of a keyword are read
    rare_values        how those with a form of their own are read
    choices            the words that a keyword may have
    algorithms         lists of algorithms, with their signs and patterns
    forward_specs      forwards: where they listen, and what they connect to
    directive          what a row of the table of keywords has
    directives         the table of keywords: how each is read, and what becomes of it
    builders           from values to a field: tokens, `~` and "none"
    files              files as lists of lines; which files an Include names
    host_name          the name of a host in its usual form
    canonical          the canonical name of a host
    criteria           which hosts a Host or Match line is for
    tokens             ~, %-tokens and ${VARIABLES} in values
    host_tokens        what the tokens stand for
    resolve            going through the lines for one host
    found_value        a value, and the line that gave it
    without_lines      HostConfig where there is no configuration
    build_host_config  from the values that were found to HostConfig
    host_config        HostConfig
    consistency        options that exclude each other
    algorithm_defaults  the lists that those of the configuration change

A keyword that OpenSSH does not know is an error, as it is for `ssh`.  One that is not honoured
yet is in `HostConfig.unsupported`; where it restricts or protects, no connection is made.
"""

from __future__ import annotations

from ssh_stack.config.files import Config as Config
from ssh_stack.config.files import load_config as load_config
from ssh_stack.config.host_config import HostConfig as HostConfig
from ssh_stack.config.host_config import Unsupported as Unsupported
