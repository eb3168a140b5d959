"""Lists of revoked keys: KRL, their specifications, plain lists; and SSHFP records."""

from __future__ import annotations

from fuzz.target import Target
from ssh_keys import SSHFP, KeyFormatError, PublicKey, RevocationList, load_public_key
from ssh_keys.trust import check_sshfp, parse_revoked, revoke_specified

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMNX9N7pEG9Xtob7hCzNyq5c2fiD9atil0phfWrFECfi"
CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFe0c6Q6967vfDtvELmtEOW9OnGjujcjrk9aJp4rFSp+"
SPECIFICATION = f"""\
serial: 5
serial: 10-13
serial: 15 # why
serial: 400-0x90000
id: some id
key: {KEY}
sha1: {KEY}
SHA256: {CA}
hash: SHA256:5WtqcYdIXpPhDZrDrgJUHUSz4AScbnnGOGsyGXJ3NSI
{CA}
"""


def _public(line: str) -> PublicKey:
    key = load_public_key(line)
    assert isinstance(key, PublicKey)
    return key


PUBLIC, AUTHORITY = _public(KEY), _public(CA)


def _seeds() -> list[bytes]:
    everything = RevocationList(version=1, generated=2, comment="all")
    revoke_specified(everything, SPECIFICATION, ca=AUTHORITY)
    few = RevocationList()
    few.revoke_serials(None, 3)
    few.revoke(PUBLIC)
    return [everything.to_blob(), few.to_blob()]


def read_krl(data: bytes) -> None:
    """A list that is written again revokes the same, in the same bytes from then on."""
    revoked = RevocationList.from_blob(data)
    again = RevocationList.from_blob(revoked.to_blob())
    assert again.to_blob() == revoked.to_blob()
    assert again.revokes(PUBLIC) is revoked.revokes(PUBLIC)
    for ca, held in revoked.certificates.items():
        assert again.certificates[ca].serials.ranges == held.serials.ranges
        assert again.certificates[ca].key_ids == held.key_ids


def read_specification(data: bytes) -> None:
    revoked = RevocationList()
    revoke_specified(revoked, data, ca=AUTHORITY)
    assert RevocationList.from_blob(revoked.to_blob()).to_blob() == revoked.to_blob()


def read_revoked_keys(data: bytes) -> None:
    parse_revoked(data).revokes(PUBLIC)


def read_sshfp(data: bytes) -> None:
    record = SSHFP.from_rdata(data)
    assert record.to_rdata() == data
    assert SSHFP.from_text(record.to_text("h").partition("SSHFP ")[2]) == record
    assert SSHFP.from_text(record.to_generic_text("h").partition("TYPE44 ")[2]) == record
    check_sshfp([record], PUBLIC)


def read_sshfp_text(data: bytes) -> None:
    record = SSHFP.from_text(data.decode("latin-1"))
    assert SSHFP.from_rdata(record.to_rdata()) == record


RECORDS = [SSHFP.make(PUBLIC, number) for number in (1, 2)]
MARKS = [b"\x20", b"\x21", b"\x22", b"\x23", b"\x39", b"\x01", b"\x02", b"\x05", b"\xff", b"\x04"]
WORDS = [b"serial:", b"id:", b"key:", b"sha1:", b"sha256:", b"hash:", b"SHA256:", b"-", b"#"]

TARGETS = [
    Target(
        name="krl",
        function=read_krl,
        seeds=_seeds(),
        allowed=(KeyFormatError,),
        growth=4000,  # a byte of a bitmap may be four runs of serial numbers, kept twice
        tokens=[b"SSHKRL\n\0", *MARKS],
    ),
    Target(
        name="krl-specification",
        function=read_specification,
        seeds=[SPECIFICATION.encode(), KEY.encode(), b"serial: 1\n# no more\nid: x\n"],
        allowed=(KeyFormatError,),
        growth=1000,
        tokens=[*WORDS, KEY.encode()],
    ),
    Target(
        name="revoked-keys",
        function=read_revoked_keys,
        seeds=[f"# gone\n{KEY} mine\n{CA}\n".encode(), _seeds()[1]],
        allowed=(KeyFormatError,),
        growth=1000,
        tokens=[b"ssh-ed25519 ", b"SSHKRL\n\0", KEY.encode()],
    ),
    Target(
        name="sshfp",
        function=read_sshfp,
        seeds=[record.to_rdata() for record in RECORDS],
        allowed=(KeyFormatError,),
    ),
    Target(
        name="sshfp-text",
        function=read_sshfp_text,
        seeds=[
            *(record.to_text("h").partition("SSHFP ")[2].encode() for record in RECORDS),
            RECORDS[0].to_generic_text("h").partition("TYPE44 ")[2].encode(),
        ],
        allowed=(KeyFormatError,),
        tokens=[b"\\# ", b"4 2 ", b" "],
    ),
]
