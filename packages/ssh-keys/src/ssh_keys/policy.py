"""Which keys are strong enough to be read at all."""

from __future__ import annotations

from typing import ClassVar, Final

from ssh_wire import UsageError, lazy_attrs

__all__ = ["KeyPolicy"]

_LEAST_RSA_BITS: Final = 1024


@lazy_attrs.frozen(kw_only=True)
class KeyPolicy:
    """Which keys are strong enough to be read at all.

    Attributes:
        min_rsa_bits: the shortest modulus of an RSA key; never less than 1024.
        DEFAULT: what today's users have: RSA from 2048 bits.
        LEGACY: what legacy peers need: RSA from 1024 bits.

    Raises:
        UsageError: `min_rsa_bits` is less than 1024.
    """

    min_rsa_bits: int = 2048

    DEFAULT: ClassVar[KeyPolicy]
    LEGACY: ClassVar[KeyPolicy]

    @classmethod
    def for_rsa(cls, bits: int) -> KeyPolicy:
        """Return DEFAULT, or LEGACY where RSA keys of fewer bits than that reads are wanted."""
        return cls.LEGACY if bits < cls.DEFAULT.min_rsa_bits else cls.DEFAULT

    def __attrs_post_init__(self) -> None:
        if self.min_rsa_bits < _LEAST_RSA_BITS:
            problem = f"min_rsa_bits is {self.min_rsa_bits}; it cannot be less than 1024"
            raise UsageError(problem)


KeyPolicy.DEFAULT = KeyPolicy()
KeyPolicy.LEGACY = KeyPolicy(min_rsa_bits=_LEAST_RSA_BITS)
