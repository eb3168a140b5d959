"""The package python-pkcs11: loaded when a token is used, and its errors as ours."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssh_keys.errors import TokenFailed
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from pkcs11._pkcs11 import lib

__all__ = ["load_library", "reported"]


def load_library(path: str) -> lib:
    """Load the library of a token's maker.

    Raises:
        UsageError: python-pkcs11 is not installed.
        TokenFailed: the library cannot be loaded.
    """
    try:
        import pkcs11
    except ModuleNotFoundError:
        problem = "keys in PKCS#11 tokens need python-pkcs11: pip install 'ssh-keys[pkcs11]'"
        raise UsageError(problem) from None
    try:
        return pkcs11.lib(path)
    except (RuntimeError, OSError) as error:
        reason = printable(str(error) or type(error).__name__)
        problem = f"the PKCS#11 library {printable(path)} cannot be loaded: {reason}"
        raise TokenFailed(problem) from None


@contextmanager
def reported(label: str) -> Generator[None]:
    """Raise TokenFailed for what a token cannot do.

    Args:
        label: the token's name.
    """
    import pkcs11

    try:
        yield
    except pkcs11.PKCS11Error as error:
        reason = " ".join(filter(None, (type(error).__name__, printable(str(error)))))
        problem = f"the PKCS#11 token '{label}' failed: {reason}"
        raise TokenFailed(problem) from None
