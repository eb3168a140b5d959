"""The configuration that the options name, read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ssh_stack.config import Config, HostConfig, load_config
from ssh_stack.sources import Default
from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.config import lines as config_lines
else:
    # rarely used
    config_lines = lazy.module("ssh_stack.config.lines")

__all__ = ["read_config", "refuse_unsupported"]


def read_config(options: ClientOptions) -> Config:
    """Return the configuration that the options name.

    Raises:
        ConfigError: a line cannot be used.
        OSError: a file that was named cannot be read.
    """
    source, lines = options.config, list(options.config_options)
    if options.host_key_alias is not None:  # %k stands for it everywhere
        lines.insert(0, f"HostKeyAlias {config_lines.quoted(options.host_key_alias)}")
    if source is None:
        return Config.parse(lines)
    if isinstance(source, Default):
        return load_config(None, lines)
    paths = [source] if isinstance(source, str | os.PathLike) else list(source)
    return load_config(paths, lines)


def refuse_unsupported(config: HostConfig) -> None:
    """Refuse to connect without what restricts or protects.

    Raises:
        ConfigError: a line does, and is not honoured yet.
    """
    for each in config.unsupported:
        if each.refuses:
            raise each.error()
