"""SSHSIG, with and without its armour."""

from __future__ import annotations

from fuzz.target import Target
from ssh_keys import KeyFormatError, SSHSig

PLAIN = b"""\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgw1f03ukQb1e2hvuELM3KrlzZ+I
P1q2KXSmF9asUQJ+IAAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUx
OQAAAEBbrFTsyOLsNYHYS1/Gl1h5hhBKtiQ/oxl/SQiUx3KOW2tgeJ5wP2u6Ti0t2DkmNS
NT9lzHU5zfzuU2Gim2wyoC
-----END SSH SIGNATURE-----
"""
CERTIFIED = b"""\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAUEAAAAgc3NoLWVkMjU1MTktY2VydC12MDFAb3BlbnNzaC5jb20AAA
AgUFeP2x/DiF9DzB1e4ayfHtJO1yzYvn0NXc5FfhevKIEAAAAgw1f03ukQb1e2hvuELM3K
rlzZ+IP1q2KXSmF9asUQJ+IAAAAAAAAABwAAAAEAAAAFYW4gaWQAAAASAAAADm1lQGV4YW
1wbGUuY29tAAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1
MTkAAAAgV7RzpDr3ru98O28Qua0Q5b06caO6NyOuT1omnisVKn4AAABTAAAAC3NzaC1lZD
I1NTE5AAAAQLnfYt+vtv7vv9fLt37rMrCucF7UzdoiSbAXyxqitSgyKNoTk94hGYX06K7R
e/nu9XVIV0JhwN9fuLT4U5JTlQcAAAAEZmlsZQAAAAAAAAAGc2hhMjU2AAAAUwAAAAtzc2
gtZWQyNTUxOQAAAEBvgcvxsWW6+EZ6AbO8aol+atDvDpi3+UM3oBlI/L03CRI3XiKue5YT
yob7q5VQz/qRSYntUhgux/Mq9g2vwaQF
-----END SSH SIGNATURE-----
"""
BLOBS = [SSHSig.from_armor(armor).to_blob() for armor in (PLAIN, CERTIFIED)]


def read_blob(data: bytes) -> None:
    """What is read comes out as it went in, and proves nothing that was not signed."""
    signature = SSHSig.from_blob(data)
    assert signature.to_blob() == data
    good = signature.verify(b"data", "file")
    assert not good or data in BLOBS or signature.signature not in _SIGNED


def read_armor(data: bytes) -> None:
    signature = SSHSig.from_armor(data)
    assert SSHSig.from_armor(signature.to_armor()) == signature


_SIGNED = {SSHSig.from_blob(blob).signature for blob in BLOBS}

TARGETS = [
    Target(
        name="sshsig",
        function=read_blob,
        seeds=BLOBS,
        allowed=(KeyFormatError,),
        growth=2000,  # an RSA key in a few bytes is an object of cryptography
        tokens=[b"SSHSIG\0\0\0\1", b"sha256", b"sha512", b"ssh-ed25519", b"ssh-rsa", b"file"],
    ),
    Target(
        name="sshsig-armor",
        function=read_armor,
        seeds=[PLAIN, CERTIFIED, PLAIN.replace(b"\n", b"\r\n")],
        allowed=(KeyFormatError,),
        growth=2000,
        tokens=[PLAIN.split(b"\n")[0], b"-----END SSH SIGNATURE-----", b"U1NIU0lH", b"\r\n"],
    ),
]
