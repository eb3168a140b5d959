from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import (
    Certificate,
    CertificateSpec,
    KeyDecryptError,
    KeyFormatError,
    KeyPolicy,
    PassphraseNeeded,
    PrivateKey,
    PublicKey,
    TooCostly,
    UnsupportedKey,
    issue,
    load_private_key,
    load_public_key,
)
from ssh_keys.families.rsa import FAMILY as RSA
from ssh_keys.formats.ppk import decode_private, decode_public, encode_private
from ssh_keys.formats.ppk_kdf import Argon2
from ssh_keys.strict_base64 import from_base64, to_base64
from ssh_wire import UsageError
from ssh_wire.primitives import encode_mpint, string

Program = Callable[..., bytes]
Version = Literal[2, 3]
VERSIONS: tuple[Version, ...] = (2, 3)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are encrypted fast."""

    def fresh(random: Callable[[int], bytes]) -> Argon2:
        return Argon2("Argon2id", 8, 1, 1, random(16))

    monkeypatch.setattr(Argon2, "fresh", fresh)


@pytest.fixture(scope="module")
def plain(ed25519: PrivateKey) -> bytes:
    return ed25519.to_ppk()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("passphrase", [None, "pass", b"\xff"])
def test_every_kind_is_read_back(
    version: Version, passphrase: str | bytes | None, portable: PrivateKey
) -> None:
    text = portable.to_ppk(passphrase, version=version)
    assert text.startswith(f"PuTTY-User-Key-File-{version}: ".encode())
    again = load_private_key(text, passphrase)
    assert again.private_fields() == portable.private_fields()
    assert again.comment == portable.comment
    for end in (b"\r\n", b"\r"):
        other = load_private_key(text.replace(b"\n", end), passphrase)
        assert other.public_key == portable.public_key
    public = load_public_key(text)
    assert public == portable.public_key
    assert public.comment == portable.comment


@pytest.mark.parametrize("version", VERSIONS)
def test_missing_or_wrong_passphrase_is_reported(version: Version, ed25519: PrivateKey) -> None:
    text = ed25519.to_ppk("pass", version=version)
    with pytest.raises(PassphraseNeeded, match="a passphrase is needed") as caught:
        load_private_key(text)
    assert caught.value.public_key == ed25519.public_key
    for wrong in ("Pass", ""):
        with pytest.raises(KeyDecryptError, match="the passphrase is wrong") as refused:
            load_private_key(text, wrong)
        assert not isinstance(refused.value, PassphraseNeeded)
    # where nothing is encrypted, a passphrase is not looked at
    key = load_private_key(ed25519.to_ppk(version=version), "any")
    assert key.public_key == ed25519.public_key


def test_empty_passphrase_is_not_written(ed25519: PrivateKey) -> None:
    for empty in ("", b""):
        with pytest.raises(UsageError, match="the passphrase is empty"):
            ed25519.to_ppk(empty)


@pytest.mark.parametrize("version", [0, 1, 4])
def test_version_is_2_or_3(version: int, ed25519: PrivateKey, plain: bytes) -> None:
    with pytest.raises(UsageError, match=f"no version {version}"):
        encode_private(ed25519, None, cast("Version", version), bytes)
    with pytest.raises(KeyFormatError, match="in version 2 or 3"):
        decode_private(plain.replace(b"File-3", f"File-{version}".encode()))
    with pytest.raises(KeyFormatError, match="in version 2 or 3"):
        decode_public(b"")


def test_salt_comes_from_the_caller(ed25519: PrivateKey) -> None:
    one, two = (ed25519.to_ppk("pass", random=bytes) for _ in range(2))
    assert one == two
    assert b"Argon2-Salt: " + b"0" * 32 in one
    assert ed25519.to_ppk("pass") != ed25519.to_ppk("pass")


@pytest.mark.row("K08")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_truncated_file_is_refused(
    version: Version, passphrase: str | None, ecdsa: PrivateKey
) -> None:
    text = ecdsa.to_ppk(passphrase, version=version).rstrip()
    for size in range(len(text)):
        with pytest.raises(KeyFormatError):
            load_private_key(text[:size], passphrase)


@pytest.mark.row("K08")
@pytest.mark.parametrize("passphrase", [None, "pass"])
@pytest.mark.parametrize("version", VERSIONS)
def test_mac_covers_what_matters(
    version: Version, passphrase: str | None, ed25519: PrivateKey
) -> None:
    text = ed25519.to_ppk(passphrase, version=version)
    wanted = KeyFormatError if passphrase is None else KeyDecryptError
    match = "the MAC of the file is wrong" if passphrase is None else "passphrase is wrong"
    other = PrivateKey.generate("ed25519").to_ppk(passphrase, version=version)
    for name in (b"Comment: .*", b"Public-Lines: 2\n.*\n.*", b"Private-Lines: 1\n.*"):
        theirs = re.search(name, other)
        assert theirs
        with pytest.raises(wanted, match=match):
            load_private_key(re.sub(name, theirs[0] + b"", text), passphrase)
    mac = re.search(rb"Private-MAC: (.*)", text)
    assert mac
    for wrong in (b"", mac[1][:-2], mac[1] + b"00", b"00" * 32):
        with pytest.raises(wanted, match=match):
            load_private_key(text.replace(mac[1], wrong), passphrase)


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b"Encryption: none", b"Encryption: aes128-cbc", "unknown cipher 'aes128-cbc'"),
        (b"Encryption: none", b"Encryption: \x1b[2J", "unknown cipher$"),
        (b"Encryption: none\n", b"", "the line 'Encryption' is missing"),
        (b"Encryption: none", b"Encryption:none", "the line 'Encryption' is missing"),
        (b"Comment:", b"comment:", "the line 'Comment' is missing"),
        (b"Public-Lines: 2", b"Public-Lines: 3", "'Public-Lines' is not base64"),
        (b"Public-Lines: 2", b"Public-Lines: 1", "'Private-Lines' is missing|not base64"),
        (b"Public-Lines: 2", b"Public-Lines: -1", "not a number"),
        (b"Public-Lines: 2", b"Public-Lines: 2.", "not a number"),
        (b"Public-Lines: 2", "Public-Lines: \u0662".encode(), "not a number"),
        (b"Public-Lines: 2", b"Public-Lines: 9999999999", "not a number"),
        (b"Public-Lines: 2", b"Public-Lines: 16385", "says 16385; 16384 are allowed"),
        (b"Private-MAC: ", b"Private-MAC: x", "'Private-MAC' is not hexadecimal"),
        (b"Private-MAC: ", "Private-MAC: é".encode(), "'Private-MAC' is not hexadecimal"),
        (b"ssh-ed25519\n", b"ssh-rsa\n", "the file says ssh-rsa, its key is ssh-ed25519"),
        (b"ssh-ed25519\n", b"secret\n", "the file says another kind, its key is ssh-ed25519"),
        (b"ssh-ed25519\n", b"ssh-dss\n", "the file says ssh-dss, its key is ssh-ed25519"),
    ],
)
def test_malformed_line_is_refused(old: bytes, new: bytes, match: str, plain: bytes) -> None:
    assert old in plain
    with pytest.raises(KeyFormatError, match=match):
        load_private_key(plain.replace(old, new, 1))


@pytest.mark.row("K08")
@pytest.mark.parametrize("lines", [b"0", b"1\nAAAA"])
def test_private_section_that_is_not_whole_blocks_is_refused(
    lines: bytes, ed25519: PrivateKey
) -> None:
    text = ed25519.to_ppk("pass")
    text = re.sub(rb"Private-Lines: 1\n.*", b"Private-Lines: " + lines, text)
    with pytest.raises(KeyFormatError, match="not a multiple of 16") as caught:
        load_private_key(text, "pass")
    assert not isinstance(caught.value, KeyDecryptError)


def test_trailing_data_is_refused(plain: bytes, ed25519: PrivateKey) -> None:
    assert load_private_key(plain + b"\n\r\n").public_key == ed25519.public_key
    with pytest.raises(KeyFormatError, match="follows the MAC"):
        load_private_key(plain + b"more")


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("Argon2-Memory", b"999999999", TooCostly),
        ("Argon2-Passes", b"999999999", TooCostly),
        ("Argon2-Parallelism", b"999999999", TooCostly),
        ("Argon2-Memory", b"0", KeyFormatError),
        ("Argon2-Memory", b"4294967296", KeyFormatError),
        ("Argon2-Salt", b"xx", KeyFormatError),
        ("Argon2-Salt", b"", KeyFormatError),
        ("Key-Derivation", b"Argon2", KeyFormatError),
    ],
)
def test_costly_argon2_is_refused_before_it_begins(
    name: str, value: bytes, wanted: type[KeyFormatError], ed25519: PrivateKey
) -> None:
    text = re.sub(name.encode() + b": .*", name.encode() + b": " + value, ed25519.to_ppk("pass"))
    with pytest.raises(wanted) as caught:
        load_private_key(text, "pass")
    assert type(caught.value) is wanted


def sealed(key: PublicKey, secret: bytes, kind: str | None = None) -> bytes:
    """A file that is not encrypted, with any content, whose MAC fits."""
    algorithm = kind or key.kind
    fields = (algorithm.encode(), b"none", b"", key.blob, secret)
    over = b"".join(string(field) for field in fields)
    return b"\n".join(
        [
            f"PuTTY-User-Key-File-3: {algorithm}".encode(),
            b"Encryption: none",
            b"Comment: ",
            b"Public-Lines: 1",
            to_base64(key.blob),
            b"Private-Lines: 1",
            to_base64(secret),
            b"Private-MAC: " + hmac.digest(b"", over, "sha256").hex().encode(),
        ]
    )


@pytest.mark.row("K08")
def test_private_key_of_another_public_key_is_refused(
    portable: PrivateKey, keys: dict[str, PrivateKey]
) -> None:
    public = portable.public_key
    secret = portable.ppk_fields().encode()
    assert load_private_key(sealed(public, secret)).public_key == public
    kind = public.kind
    other = PrivateKey.generate(kind, 2048 if kind == "ssh-rsa" else None)
    with pytest.raises(KeyFormatError, match=r"differ|contradict"):
        load_private_key(sealed(public, other.ppk_fields().encode()))
    with pytest.raises(KeyFormatError, match="1 bytes follow"):
        load_private_key(sealed(public, secret + b"\0"))
    for size in range(len(secret)):
        with pytest.raises(KeyFormatError):
            load_private_key(sealed(public, secret[:size]))


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 31, 33])
def test_seed_of_another_size_is_refused(size: int, ed25519: PrivateKey) -> None:
    with pytest.raises(KeyFormatError, match=r"32 bytes, not 33|differ"):
        load_private_key(sealed(ed25519.public_key, string(bytes(size))))


def test_ecdsa_number_above_the_order_is_refused(ecdsa: PrivateKey) -> None:
    for number in (0, 2**256 - 1, 2**300):
        with pytest.raises(KeyFormatError, match="not a number below the order"):
            load_private_key(sealed(ecdsa.public_key, string(encode_mpint(number))))


def test_kind_that_putty_does_not_have_is_refused(keys: dict[str, PrivateKey]) -> None:
    public = keys["ssh-mldsa44-ed25519"].public_key
    with pytest.raises(KeyFormatError, match="PuTTY's format has no private keys"):
        load_private_key(sealed(public, b""))
    assert load_public_key(sealed(public, b"")) == public


def test_dsa_is_refused(ed25519: PrivateKey) -> None:
    blob = string("ssh-dss") + string(b"\1") * 4
    text = sealed(ed25519.public_key, b"", "ssh-dss")
    text = text.replace(to_base64(ed25519.public_key.blob), to_base64(blob))
    for load in (load_private_key, load_public_key):
        with pytest.raises(UnsupportedKey, match="DSA keys are refused"):
            load(text)


def test_certificate_is_dropped(ed25519: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="", principals=("alice",))
    certificate = issue(ed25519, ed25519.public_key, spec=spec, random=bytes)
    text = sealed(ed25519.public_key, b"", certificate.kind)
    secret = ed25519.ppk_fields().encode()
    fields = (certificate.kind.encode(), b"none", b"", certificate.blob, secret)
    over = b"".join(string(field) for field in fields)
    mac = hmac.digest(b"", over, "sha256").hex().encode()
    text = text.replace(to_base64(ed25519.public_key.blob), to_base64(certificate.blob))
    text = text.replace(b"Private-Lines: 1\n", b"Private-Lines: 1\n" + to_base64(secret))
    text = text[: text.index(b"Private-MAC")] + b"Private-MAC: " + mac
    found = load_public_key(text)
    assert isinstance(found, Certificate)
    assert found == certificate
    assert load_private_key(text).public_key == ed25519.public_key


def test_short_rsa_key_needs_the_legacy_policy() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 (one test)

    made = rsa.generate_private_key(65537, 1024)  # noqa: S505 (a short key is the case)
    weak = RSA.private_from_cryptography(made, policy=KeyPolicy.LEGACY)
    assert weak is not None
    text = weak.to_ppk()
    assert load_private_key(text, policy=KeyPolicy.LEGACY).public_key == weak.public_key
    for load in (load_private_key, load_public_key):
        with pytest.raises(KeyFormatError, match="1024 bits is outside"):
            load(text)


def test_comment_stays_on_its_line(ed25519: PrivateKey) -> None:
    for comment in ("", " ", "two\nlines", "é", "\udcff", "Private-MAC: 00"):
        key = load_private_key(ed25519.with_comment(comment).to_ppk())
        assert key.public_key == ed25519.public_key
        assert key.comment == comment.replace("\n", "\\x0a").replace("\udcff", "\\xff")


# ------------------------------------------------------------------------- puttygen


@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_file_of_puttygen_is_read(passphrase: str | None) -> None:
    for name in ("ed25519", "ed448", "ecdsa", "rsa"):
        file = (
            Path(__file__).parents[1]
            / "data"
            / f"{name}{'' if passphrase is None else '-pass'}.ppk"
        )
        key = load_private_key(file.read_bytes(), passphrase)
        assert key.public_key.verify(b"data", key.sign(b"data"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_our_file_is_read_by_puttygen(
    version: Version,
    passphrase: str | None,
    portable: PrivateKey,
    puttygen: Program,
    tmp_path: Path,
) -> None:
    path, secret = tmp_path / "key.ppk", tmp_path / "secret"
    path.write_bytes(portable.to_ppk(passphrase, version=version))
    secret.write_text(passphrase or "")
    line = puttygen(path, "-L").decode().strip()
    assert line == portable.public_key.to_openssh()
    exported = tmp_path / "openssh"
    options = ("--old-passphrase", secret, "--new-passphrase", "/dev/null")
    puttygen(path, "-O", "private-openssh-new", "-o", exported, *options)
    again = load_private_key(exported.read_bytes())
    assert again.private_fields() == portable.private_fields()
    assert again.comment == portable.comment


@pytest.mark.parametrize("parameters", ["version=2", "kdf=argon2id", "kdf=argon2i", "kdf=argon2d"])
@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_fresh_file_of_puttygen_is_read(
    parameters: str,
    passphrase: str | None,
    portable: PrivateKey,
    puttygen: Program,
    tmp_path: Path,
) -> None:
    path, secret, out = tmp_path / "openssh", tmp_path / "secret", tmp_path / "key.ppk"
    path.write_bytes(portable.to_openssh())
    secret.write_text(passphrase or "")
    if parameters != "version=2":
        parameters += ",memory=64,passes=2,parallelism=2"
    options = ("--new-passphrase", secret, "--ppk-param", parameters)
    puttygen(path, "-O", "private", "-o", out, *options)
    text = out.read_bytes()
    assert (b"aes256-cbc" in text) == (passphrase is not None)
    again = load_private_key(text, passphrase)
    assert again.private_fields() == portable.private_fields()
    assert load_public_key(text) == portable.public_key


# ------------------------------------------------------------------------- properties


@given(data=st.binary(max_size=200), at=st.integers(0, 400))
@settings(deadline=None, max_examples=500)
def test_any_file_is_a_key_or_a_format_error(data: bytes, at: int, plain: bytes) -> None:
    for text in (plain[:at] + data + plain[at:], plain[:at] + data + plain[at + len(data) :]):
        try:
            key = load_private_key(text)
        except KeyFormatError:
            continue
        assert key.public_key == load_public_key(text)


def test_lines_are_the_base64_of_the_key(plain: bytes, ed25519: PrivateKey) -> None:
    lines = plain.split(b"\n")
    start = lines.index(b"Public-Lines: 2") + 1
    assert from_base64(b"".join(lines[start : start + 2]), "it") == ed25519.public_key.blob
