"""The interface of FIDO libraries, with one of the test in its place."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

import pytest

from ssh_keys import KeyFormatError, PinNeeded, TokenFailed, load_private_key
from ssh_keys import fido_library as fido

POINT: Final = b"\x07" * 32
ED25519: Final = "sk-ssh-ed25519@openssh.com"


class Library:
    """What is loaded."""

    def __init__(self, status: int = 0, version: int = 0x000A0001, algorithm: int = 1) -> None:
        self.status = status
        self.version = version
        self.algorithm = algorithm
        self.options: dict[str, str] = {}
        self.pin: bytes | None = None
        self.kept: list[Any] = []

    def bytes_at(self, structure: Any, name: str, content: bytes) -> None:
        array = (ctypes.c_ubyte * len(content)).from_buffer_copy(content)
        self.kept.append(array)
        setattr(structure, name, array)
        setattr(structure, f"{name}_len", len(content))

    def enrolled(self) -> Any:
        made = fido._Enrolled()
        self.kept.append(made)
        for name, content in {
            "public_key": POINT,
            "key_handle": b"handle",
            "signature": b"signature",
            "authdata": b"data",
        }.items():
            self.bytes_at(made, name, content)
        return made

    def read(self, pin: bytes | None, options: Any) -> None:
        self.pin = pin
        for pointer in options or ():
            if not pointer:
                break
            option = pointer.contents
            self.options[option.name.decode()] = option.value.decode()

    def sk_enroll(self, *given: Any) -> int:
        self.read(given[5], given[6])
        given[7]._obj.contents = self.enrolled()
        return self.status

    def sk_load_resident_keys(self, pin: bytes | None, options: Any, keys: Any, count: Any) -> int:
        self.read(pin, options)
        found = fido._Resident(
            alg=self.algorithm, application=b"ssh:work", key=self.enrolled(), flags=1
        )
        self.bytes_at(found, "user_id", b"ann" + bytes(29))
        pointer = ctypes.pointer(found)
        self.kept += [found, pointer]
        keys._obj.contents = pointer
        count._obj.value = 1
        return self.status


def loaded(monkeypatch: pytest.MonkeyPatch, library: Library) -> fido.FidoLibrary:
    def load(_path: str) -> Library:
        return library

    def function(_result: object) -> Callable[[object], Callable[[], int]]:
        return lambda _place: lambda: library.version

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(ctypes, "CFUNCTYPE", function)
    return fido.FidoLibrary("library.so")


def test_new_key_has_what_the_token_says(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    made = loaded(monkeypatch, library).enroll(
        ED25519, "ssh:work", b"challenge", fido.TOUCH, pin="1234", options={"user": "ann"}
    )
    assert (library.pin, library.options) == (b"1234", {"user": "ann"})
    assert (made.signature, made.certificate) == (b"signature", b"")
    assert made.authenticator_data == b"data"
    assert (made.key.flags, made.key.handle, made.key.comment) == (1, b"handle", "ssh:work")
    assert made.key.public_key.kind == ED25519
    assert load_private_key(made.key.to_openssh()).public_key == made.key.public_key


def test_keys_that_stay_in_the_token_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = loaded(monkeypatch, Library()).resident_keys(None, {"device": "/dev/hidraw0"})
    assert found.user == b"ann"
    assert found.key.flags == fido.TOUCH | fido.RESIDENT
    assert found.key.comment == "ssh:work"


def test_key_of_an_unknown_algorithm_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyFormatError, match="algorithm 7"):
        loaded(monkeypatch, Library(algorithm=7)).resident_keys(None, {})


@pytest.mark.parametrize(
    ("status", "reason"),
    [(-1, "error -1"), (-2, "does not support"), (-4, "there is no token"), (-5, "already")],
)
def test_what_the_token_cannot_do_is_named(
    monkeypatch: pytest.MonkeyPatch, status: int, reason: str
) -> None:
    library = loaded(monkeypatch, Library(status))
    with pytest.raises(TokenFailed, match=reason):
        library.resident_keys(None, {})


def test_token_that_wants_its_pin_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    library = loaded(monkeypatch, Library(-3))
    with pytest.raises(PinNeeded):
        library.enroll(ED25519, "ssh:", b"challenge", fido.VERIFICATION)


def test_library_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TokenFailed, match="version 0x90000"):
        loaded(monkeypatch, Library(version=0x00090000))


@pytest.mark.parametrize("path", ["/nonexistent/library.so", "libc.so.6"])
def test_what_is_not_such_a_library_is_refused(path: str) -> None:
    with pytest.raises(TokenFailed, match="cannot be loaded"):
        fido.FidoLibrary(path)
