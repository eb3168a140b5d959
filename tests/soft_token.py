"""SoftHSM's tokens: software that keeps to PKCS#11 as a smartcard does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, Mechanism, Session
from pkcs11.util.ec import encode_named_curve_parameters

LIBRARIES: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
PIN: Final = "1234"
SO_PIN: Final = "5678"
ED25519: Final = bytes.fromhex("06032b6570")


def library() -> str:
    """Return the path of SoftHSM's library; skip the test where it is not installed."""
    found = next((path for path in LIBRARIES if Path(path).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail("required, but missing: SoftHSM (softhsm2)", pytrace=False)
        pytest.skip("SoftHSM is not installed")
    return found


def make_token(folder: Path, label: str) -> None:
    """Make an empty token; SOFTHSM2_CONF has to lead to a file in `folder`."""
    (folder / "tokens").mkdir(exist_ok=True)
    config = folder / "softhsm2.conf"
    config.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    pins = ["--pin", PIN, "--so-pin", SO_PIN]
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, *pins],
        check=True,
        capture_output=True,
        env={**os.environ, "SOFTHSM2_CONF": str(config)},
    )


def generate(session: Session, kind: str, key_id: bytes, label: str, **template: Any) -> None:
    """Make a key pair: "rsa", "ed25519", or the OpenSSL name of a curve."""
    private = {Attribute[name]: value for name, value in template.items()}
    options: dict[str, Any] = {"id": key_id, "label": label, "private_template": private}
    if kind == "rsa":
        session.generate_keypair(KeyType.RSA, 2048, store=True, **options)
        return
    family, mechanism = KeyType.EC, Mechanism.EC_KEY_PAIR_GEN
    if kind == "ed25519":
        family, mechanism = KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN
        parameters = ED25519
    else:
        parameters = encode_named_curve_parameters(kind)
    domain = session.create_domain_parameters(
        family, {Attribute.EC_PARAMS: parameters}, local=True
    )
    domain.generate_keypair(mechanism=mechanism, store=True, **options)


@contextmanager
def soft_token(folder: Path, label: str = "test") -> Generator[tuple[str, pkcs11.Token]]:
    """Make an empty token for this process and its children; yield the library and the token."""
    path = library()
    make_token(folder, label)
    patch = pytest.MonkeyPatch()
    patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    try:
        (token,) = pkcs11.lib(path).get_tokens(token_label=label)
        yield path, token
    finally:
        pkcs11.unload(path)
        patch.undo()
