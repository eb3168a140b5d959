"""The descriptors 0, 1 and 2 of this program."""

from __future__ import annotations

import os

__all__ = ["point_to_null", "secure_standard_streams"]


def secure_standard_streams() -> None:
    """Open what of the descriptors 0, 1 and 2 is closed, lest a socket gets its number."""
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:  # noqa: PLR2004 (standard error)
            os.close(descriptor)
            return
        os.set_inheritable(descriptor, True)


def point_to_null(*descriptors: int) -> None:
    """Let descriptors of this program be the null device from now on."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    os.close(null)
