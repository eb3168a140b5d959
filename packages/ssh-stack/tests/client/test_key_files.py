"""The keys that are named: what is read of them, and the errors of the others."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssh_auth import KeySigner
from ssh_keys import Certificate, CertificateSpec, PrivateKey, issue
from ssh_keys.files import write_key_file, write_private_key
from ssh_stack.client.encrypted_signer import EncryptedSigner
from ssh_stack.client.key_files import KeyReader, NamedKey
from ssh_stack.client.options import KeySource
from ssh_stack.client.plan.identity import IdentityPlan
from ssh_wire import SSHError

KEY, OTHER, CA = (PrivateKey.generate("ed25519") for _ in range(3))
SPEC = CertificateSpec(role="user", key_id="me", principals=("me",))


def certified(key: PrivateKey = KEY, spec: CertificateSpec = SPEC) -> Certificate:
    return issue(CA, key.public_key, spec=spec, random=os.urandom)


def reader(*, batch: bool = False, **options: Any) -> KeyReader:
    return KeyReader(IdentityPlan(user="me", host="web1", batch=batch, **options))


async def read(source: KeySource, *, batch: bool = False, **options: Any) -> NamedKey:
    return await reader(batch=batch, **options).read(source)


async def signs(named: NamedKey, key: PrivateKey = KEY) -> bool:
    assert named.signer is not None
    signature = await named.signer.sign(b"data", key.public_key.algorithms[0])
    return named.problem == "" and key.public_key.verify(b"data", signature)


# ------------------------------------------------------------- keys that can be used


FORMS: dict[str, Callable[[Path], KeySource]] = {
    "path": lambda path: path,
    "name": str,
    "key": lambda _: KEY,
    "signer": lambda _: KeySigner(KEY, "mine"),
    "content": lambda _: KEY.to_openssh(),
    "text": lambda _: KEY.to_openssh().decode(),  # the content where a path is expected
    "PEM": lambda _: KEY.to_pem().decode(),
}


@pytest.mark.parametrize("form", FORMS)
async def test_key_is_read_in_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY)

    named = await read(FORMS[form](path))

    assert named.public_key == KEY.public_key
    assert await signs(named)


async def test_tilde_in_key_path_is_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_private_key(tmp_path / "id", KEY)

    named = await read("~/id")

    assert named.source == f"file {tmp_path}/id"
    assert await signs(named)


@pytest.mark.parametrize("passphrase", ["right", b"right"])
async def test_encrypted_key_is_decrypted_when_it_signs(
    tmp_path: Path, passphrase: str | bytes
) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY, "right")

    named = await read(path, passphrase=passphrase)

    assert isinstance(named.signer, EncryptedSigner)
    assert named.public_key == KEY.public_key
    assert await signs(named)


async def test_encrypted_key_asks_async_or_plain_function(tmp_path: Path) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY, "right")

    async def ask() -> str:
        return "right"

    for function in (ask, lambda: "right"):
        assert await signs(await read(path, passphrase=function))


async def test_encrypted_key_asks_prompter(tmp_path: Path) -> None:
    class Prompter:
        async def passphrase(self, source: str, /) -> str:
            assert source == f"file {tmp_path}/id"
            return "right"

    path = tmp_path / "id"
    write_private_key(path, KEY, "right")

    assert await signs(await read(path, prompter=Prompter()))


async def test_encrypted_pem_takes_public_half_from_file_beside(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("now")
        return "right"

    path = tmp_path / "id"
    write_key_file(path, KEY.to_pem("right"))
    write_key_file(tmp_path / "id.pub", KEY.public_key.to_openssh().encode())

    named = await read(path, passphrase=ask)

    assert (named.public_key, asked) == (KEY.public_key, [])
    assert await signs(named)


async def test_public_key_file_of_other_key_beside_is_detected_at_signing(tmp_path: Path) -> None:
    path = tmp_path / "id"
    write_key_file(path, KEY.to_pem("right"))
    write_key_file(tmp_path / "id.pub", OTHER.public_key.to_openssh().encode())

    named = await read(path, passphrase="right")

    assert named.public_key == OTHER.public_key
    assert named.signer is not None
    with pytest.raises(SSHError, match="not the private key of the public key beside it"):
        await named.signer.sign(b"data", "ssh-ed25519")


# ------------------------------------------------------------- keys that cannot


async def test_missing_key_file_is_marked_absent(tmp_path: Path) -> None:
    named = await read(tmp_path / "id")

    assert (named.source, named.signer, named.absent) == (f"file {tmp_path}/id", None, True)
    assert named.problem == "No such file or directory"


async def test_public_key_file_alone_names_key(
    tmp_path: Path,
) -> None:
    write_key_file(tmp_path / "id.pub", KEY.public_key.to_openssh().encode())

    named = await read(tmp_path / "id")

    assert (named.public_key, named.signer, named.absent) == (KEY.public_key, None, False)


async def test_public_key_in_place_of_private_one_names_file_to_give(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "id.pub"
    write_key_file(path, KEY.public_key.to_openssh().encode(), public=True)

    named = await read(path)
    assert caplog.text == ""  # that others can read it is as it should be
    assert (named.public_key, named.signer) == (KEY.public_key, None)
    assert "it is a public key" in named.problem
    assert named.problem.endswith("name the file of the private key instead")

    write_private_key(tmp_path / "id", KEY)
    named = await read(path)
    assert named.problem.endswith(f"name the file of the private key, {tmp_path}/id, instead")


async def test_certificate_in_place_of_private_key_is_described(tmp_path: Path) -> None:
    path = tmp_path / "id-cert.pub"
    write_key_file(path, certified().to_openssh().encode())

    assert "it is a certificate" in (await read(path)).problem


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
async def test_key_file_that_others_can_read_is_refused_with_advice(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY)
    write_key_file(tmp_path / "id.pub", KEY.public_key.to_openssh().encode())
    path.chmod(mode)

    with caplog.at_level(logging.WARNING):
        named = await read(str(path))

    assert (named.signer, named.public_key) == (None, KEY.public_key)
    assert f"(permissions {mode:04o}); run: chmod 600 {path}" in named.problem
    assert f"file {path} is not used: others can read" in caplog.text
    assert await signs(await read(path, strict_permissions=False))
    assert await signs(await read(path.read_bytes()))


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"])
async def test_malformed_key_is_described_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "id"
    write_key_file(path, content)

    named = await read(path)

    assert named.signer is None
    assert named.problem
    assert "garbage" not in named.problem


async def test_directory_in_place_of_key_is_described(tmp_path: Path) -> None:
    assert "is a directory" in (await read(tmp_path)).problem


async def test_encrypted_key_without_passphrase_is_described(tmp_path: Path) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY, "right")

    named = await read(path)

    assert (named.public_key, named.signer) == (KEY.public_key, None)
    assert named.problem.startswith(
        "it is encrypted, and no passphrase was given; give a passphrase, or"
    )


async def test_batch_mode_asks_for_no_passphrase(tmp_path: Path) -> None:
    def ask() -> str:
        raise AssertionError

    path = tmp_path / "id"
    write_private_key(path, KEY, "right")

    assert "batch mode asks nothing" in (await read(path, batch=True, passphrase=ask)).problem
    assert await signs(await read(path, batch=True, passphrase="right"))


async def test_wrong_given_passphrase_names_file_and_is_tried_once(tmp_path: Path) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY, "right")

    named = await read(path, passphrase="wrong")

    assert named.signer is not None
    with pytest.raises(SSHError, match=f"wrong passphrase for file {path}"):
        await named.signer.sign(b"data", "ssh-ed25519")


async def test_wrong_passphrase_of_encrypted_pem_names_file(tmp_path: Path) -> None:
    path = tmp_path / "id"
    write_key_file(path, KEY.to_pem("right"))

    named = await read(path, passphrase="wrong")

    assert named.problem == f"wrong passphrase for file {path}"


# ------------------------------------------------------------- certificates


async def test_certificate_beside_key_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "id"
    write_private_key(path, KEY)
    write_key_file(tmp_path / "id-cert.pub", certified().to_openssh().encode())

    named = await read(path)

    assert named.certificate is not None
    assert named.certificate.key_id == "me"
    assert await signs(named)


@pytest.mark.parametrize("which", ["of another key", "of a host", "a key", "garbage"])
async def test_file_beside_key_that_is_not_its_certificate_is_ignored(
    tmp_path: Path, which: str
) -> None:
    host = CertificateSpec(role="host", key_id="h", principals=("h",))
    content = {
        "of another key": certified(OTHER).to_openssh(),
        "of a host": certified(spec=host).to_openssh(),
        "a key": KEY.public_key.to_openssh(),
        "garbage": "garbage",
    }[which]
    write_private_key(tmp_path / "id", KEY)
    write_key_file(tmp_path / "id-cert.pub", content.encode())

    assert (await read(tmp_path / "id")).certificate is None


async def test_certificate_is_read_in_every_form(tmp_path: Path) -> None:
    certificate = certified()
    write_key_file(tmp_path / "c.pub", certificate.to_openssh().encode())

    for given in (
        certificate,
        certificate.to_openssh().encode(),
        tmp_path / "c.pub",
        str(tmp_path / "c"),  # as ssh looks for it
    ):
        assert (await reader().read_certificate(given)).certificate == certificate


async def test_file_that_is_not_user_certificate_is_described(tmp_path: Path) -> None:
    host = certified(spec=CertificateSpec(role="host", key_id="web", principals=("web",)))
    write_key_file(tmp_path / "key.pub", KEY.public_key.to_openssh().encode())

    for given, problem in (
        (host, "it is a host certificate"),
        (tmp_path / "key.pub", "it is a key and not a certificate"),
        (tmp_path / "none", "No such file or directory"),
        (b"garbage", "key"),
    ):
        named = await reader().read_certificate(given)
        assert named.certificate is None
        assert problem in named.problem
