"""Keys as they arrive from forms, variables and other machines."""

from __future__ import annotations

import codecs
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Program
from ssh_keys import (
    KeyFormatError,
    PassphraseNeeded,
    PrivateKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.formats.armor import enclose
from ssh_keys.formats.key_text import Block, find_block, is_key_text, open_block, to_utf8

PASS = "a pass phrase"
CERTIFICATE = enclose("CERTIFICATE", b"\x30\x03\x02\x01\x05")
BAG = b"Bag Attributes\n    localKeyID: 47 E2 96 E1 \nKey Attributes: <No Attributes>\n"


def formats(key: PrivateKey, locked: bool) -> dict[str, bytes]:
    passphrase = PASS if locked else None
    made = {"openssh": key.to_openssh(passphrase, rounds=1)}
    if key.public_key.kind != "ssh-mldsa44-ed25519":
        made["pkcs8"] = key.to_pem(passphrase)
        made["ppk 2"] = key.to_ppk(passphrase, version=2)
        if not locked or "ed25519" in key.public_key.kind:  # Argon2 takes its time
            made["ppk 3"] = key.to_ppk(passphrase, version=3)
    if key.public_key.kind.startswith(("ssh-rsa", "ecdsa")):
        made["traditional"] = key.to_pem(passphrase, form="traditional")
    return made


def lines(text: bytes, between: bytes) -> bytes:
    return between.join(text.rstrip(b"\n").split(b"\n"))


WAYS: dict[str, Callable[[bytes], bytes | str]] = {
    "as it is": lambda text: text,
    "text": bytes.decode,
    "CRLF": lambda text: lines(text, b"\r\n"),
    "CR alone": lambda text: lines(text, b"\r"),
    "spaces": lambda text: lines(text, b" "),
    "two spaces at the end": lambda text: lines(text, b"  ") + b"  \n",
    "n in letters": lambda text: lines(text, b"\\n"),
    "n in letters at the end": lambda text: lines(text, b"\\n") + b"\\n",
    "r and n in letters": lambda text: lines(text, b"\\r\\n"),
    "a mark of UTF-8": lambda text: codecs.BOM_UTF8 + text,
    "a mark in text": lambda text: "\ufeff" + text.decode(),
    "UTF-16 LE": lambda text: codecs.BOM_UTF16_LE + text.decode().encode("utf-16-le"),
    "UTF-16 BE": lambda text: codecs.BOM_UTF16_BE + text.decode().encode("utf-16-be"),
    "UTF-16 LE without a mark": lambda text: text.decode().encode("utf-16-le"),
    "UTF-16 BE without a mark": lambda text: text.decode().encode("utf-16-be"),
    "UTF-32": lambda text: text.decode().encode("utf-32"),
    "UTF-16 and CRLF": lambda text: lines(text, b"\r\n").decode().encode("utf-16"),
    "quotes": lambda text: b'"' + text + b'"',
    "single quotes and letters": lambda text: b"'" + lines(text, b"\\n") + b"'\n",
    "indented": lambda text: b"    " + lines(text, b"\n    "),
    "tabs": lambda text: b"\t" + lines(text, b"\n\t"),
    "no line end": lambda text: text.rstrip(b"\n"),
    "blank lines around": lambda text: b"\n\r\n" + text + b"\n\n",
}

IN_ARMOUR: dict[str, Callable[[bytes], bytes | str]] = {
    "nothing between": lambda text: lines(text, b""),
    "no blank anywhere": lambda text: b"".join(text.split()),
    "blank lines between": lambda text: lines(text, b"\n\n"),
    "backslashes": lambda text: lines(text, b"\\\n"),
    "escaped twice": lambda text: lines(text, b"\\\\n"),
    "no-break spaces": lambda text: lines(text, b"\xc2\xa0"),
    "line separators": lambda text: lines(text, "\u2028".encode()),
    "text in front": lambda text: BAG + text,
    "text behind": lambda text: text + BAG,
    "text on the same line": lambda text: b"key = " + lines(text, b" ") + b" # mine",
    "a certificate in front": lambda text: CERTIFICATE + text,
    "a certificate behind": lambda text: text + CERTIFICATE,
    "certificates around, on one line": lambda text: lines(CERTIFICATE + text + CERTIFICATE, b" "),
    "parameters in front": lambda text: enclose("EC PARAMETERS", b"\6\1\0") + text,
    "an END that belongs to nothing": lambda text: b"-----END X-----\n" + text,
    "a BEGIN that does not end": lambda text: b"-----BEGIN X-----\n" + text,
}


@pytest.mark.parametrize("locked", [False, True], ids=["open", "locked"])
@pytest.mark.parametrize("way", [*WAYS, *IN_ARMOUR])
def test_private_key_is_read_however_it_arrives(
    way: str, locked: bool, keys: dict[str, PrivateKey]
) -> None:
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp384", "ssh-rsa", "ssh-mldsa44-ed25519"):
        key = keys[kind]
        for form, text in formats(key, locked).items():
            if form.startswith("ppk") and way in IN_ARMOUR:
                continue
            arrived = {**WAYS, **IN_ARMOUR}[way](text)
            loaded = load_private_key(arrived, PASS if locked else None)
            assert loaded.private_fields() == key.private_fields(), (form, kind)
            assert loaded.public_key.comment in (key.comment, "")


@pytest.mark.parametrize("way", [*WAYS, "nothing between", "text in front", "no blank anywhere"])
@pytest.mark.parametrize("cipher", ["-aes128", "-aes192", "-des3"])
def test_openssl_encrypted_key_is_read_however_it_arrives(
    way: str, cipher: str, rsa: PrivateKey, openssl: Program
) -> None:
    text = rsa.to_pem(form="traditional")
    locked = openssl("rsa", "-traditional", cipher, "-passout", "pass:x", data=text)
    assert b"DEK-Info" in locked
    arrived = {**WAYS, **IN_ARMOUR}[way](locked)
    assert load_private_key(arrived, "x").private_fields() == rsa.private_fields()
    with pytest.raises(PassphraseNeeded):
        load_private_key(arrived)


@pytest.mark.parametrize("way", [*WAYS, *IN_ARMOUR])
def test_public_key_in_armour_is_read_however_it_arrives(way: str, rsa: PrivateKey) -> None:
    text = rsa.public_key.to_pem().encode()
    assert load_public_key({**WAYS, **IN_ARMOUR}[way](text)) == rsa.public_key


def test_public_line_in_another_encoding_is_read(ed25519: PrivateKey) -> None:
    line = ed25519.public_key.to_openssh()
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        assert load_public_key(f"{line}\r\n".encode(encoding)) == ed25519.public_key
    assert load_public_key(f'"{line}"').comment == ed25519.comment
    quoted = load_public_key(ed25519.public_key.with_comment('"mine"').to_openssh())
    assert quoted.comment == '"mine"'


def test_public_line_with_armour_in_its_comment_is_read(ed25519: PrivateKey) -> None:
    line = ed25519.public_key.with_comment("-----BEGIN X-----").to_openssh()
    assert load_public_key(line) == ed25519.public_key


def test_comment_of_a_ppk_survives_lost_line_breaks(ed25519: PrivateKey) -> None:
    key = ed25519.with_comment("two  blanks: C:\\new Encryption")
    for between in (b" ", b"\\n"):
        loaded = load_private_key(lines(key.to_ppk(), between))
        assert loaded.comment == key.comment


def test_first_private_key_of_several_is_read(keys: dict[str, PrivateKey]) -> None:
    one, two = keys["ssh-ed25519"], keys["ssh-rsa"]
    text = CERTIFICATE + one.public_key.to_pem().encode() + one.to_openssh() + two.to_pem()
    assert load_private_key(text).public_key == one.public_key
    assert load_public_key(text) == one.public_key


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/.ssh/id_ed25519",
        "~/.ssh/id_rsa",
        "keys/deploy.pem",
        "/home/somebody/workspace/projects/customer/deployment/keys/production/idrsa",
        "C:\\Users\\me\\.ssh\\id_rsa",
        "id ed25519",
        "",
    ],
)
def test_path_is_not_taken_for_a_key(path: str) -> None:
    assert not is_key_text(path)


def test_key_is_not_taken_for_a_path(ed25519: PrivateKey, rsa: PrivateKey) -> None:
    for text in (*formats(rsa, locked=False).values(), ed25519.to_openssh()):
        for way in WAYS.values():
            arrived = way(text)
            assert is_key_text(arrived if isinstance(arrived, str) else arrived.decode("latin-1"))
    body = rsa.to_pem().decode().split("\n")[1:-2]
    assert is_key_text("".join(body))
    assert is_key_text(" ".join(body))
    assert is_key_text("\\n".join(body))
    assert is_key_text("ssh-ed25519 " + "".join(body))
    assert is_key_text(f'command="x" {body[0]}')


# ---------------------------------------------------------------- what is not a key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CERTIFICATE, "a 'CERTIFICATE' is not a private key"),
        (enclose("PGP PRIVATE KEY BLOCK", b"x"), "a 'PGP PRIVATE KEY BLOCK' is not"),
        (enclose("SECRET THING", b"x"), "a file of this kind is not a private key"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nMIIE", "no END line"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "no END line"),
        (b"-----BEGIN PRIVATE KEY-----\nA*AA\n-----END PRIVATE KEY-----", "is not base64"),
        (b"-----BEGIN -----AAAA-----END -----", "not a private key"),
        (b"MIIEpAIBAAKCAQEA", "not a private key"),
        (codecs.BOM_UTF16_LE + b"odd", "not a private key"),
        (CERTIFICATE * 66, "more than 64 blocks"),
        (b"-----BEGIN X-----" * 60_000, "more than 64 blocks"),
    ],
)
def test_text_without_a_key_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        load_private_key(text)


@given(data=st.binary(max_size=200) | st.just(b"-----BEGIN X-----\nDEK-Info: A,B:\n"))
@settings(deadline=None)
def test_any_bytes_are_blocks_or_a_format_error(data: bytes) -> None:
    text = to_utf8(data)
    assert find_block(text, ()) is None or b"-----BEGIN" in text
    block = Block("X", data)
    try:
        sealed = open_block(block)
    except KeyFormatError:
        return
    assert len(sealed.body) <= len(data)


def test_repr_of_a_block_has_no_secret(ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh()
    block = find_block(text, ())
    assert block is not None
    assert block.text is not None
    assert repr(block) == "<Block OPENSSH PRIVATE KEY>"
    assert repr(open_block(block)) == f"<{len(open_block(block).body)} bytes>"
