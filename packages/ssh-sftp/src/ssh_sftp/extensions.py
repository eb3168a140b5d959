"""The extensions of version 3: derived from the declarations of their requests."""

from __future__ import annotations

from typing import Final

from ssh_sftp.extension_messages import ExtensionRequest
from ssh_sftp.messages import REQUESTS

__all__ = ["EXTENSIONS"]

EXTENSIONS: Final = {
    request.EXTENSION: request.VERSION
    for request in REQUESTS
    if issubclass(request, ExtensionRequest)
}
"""Each with the version that is known: the client uses it, the server announces it."""
