"""Passwords that the machine knows: crypt(5) by libcrypt, PAM by Linux-PAM."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from ssh_auth import Accept, AuthContext, ChangePassword, Reject
from ssh_stack import CryptPasswords, PAMPasswords

ME = AuthContext(user="me")
UNKNOWN = AuthContext(user="nobody")
# made by Debian's mkpasswd: sha512crypt, yescrypt and bcrypt of "sesame"
HASHES = {
    "sha512": "$6$saltsalt$",
    "yescrypt": "$y$j9T$ACKn8tWtkFjTbsF6ONlPB0$",
    "bcrypt": "$2b$05$CCCCCCCCCCCCCCCCCCCCC.",
}


def hashed(method: str) -> str:
    """The hash by the machine's own libcrypt, in a program that we did not write: perl."""
    words = ["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", "sesame", HASHES[method]]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("method", HASHES)
async def test_password_is_compared_with_the_hash_of_libcrypt(method: str) -> None:
    passwords = CryptPasswords({"me": hashed(method)})

    assert await passwords.decide(ME, "sesame") == Accept()
    assert await passwords.decide(ME, "Sesame") == Reject()
    assert await passwords.decide(UNKNOWN, "sesame") == Reject()
    assert await passwords.decide(ME, "\udcff") == Reject()
    assert hashed(method) not in repr(passwords)


@pytest.mark.parametrize("locked", ["", "!", "*", "*0", "*1", "!$6$saltsalt$x", "x", "$9$"])
async def test_hash_that_is_locked_or_unusable_matches_no_password(locked: str) -> None:
    passwords = CryptPasswords({"me": locked})
    for password in ("", "sesame", locked):
        assert await passwords.decide(ME, password) == Reject()


async def test_file_of_hashes_is_read_at_each_attempt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "shadow"
    passwords = CryptPasswords(path)
    assert await passwords.decide(ME, "sesame") == Reject()
    assert "hashes of passwords" in caplog.text

    path.write_text(f"other:x\nme:{hashed('sha512')}:19000:0:99999:7:::\nme\n")
    assert await passwords.decide(ME, "sesame") == Accept()
    assert await passwords.decide(AuthContext(user="other"), "x") == Reject()
    assert passwords.authentication.policy.methods == ("password",)


# ------------------------------------------------------------- PAM

SERVICE = Path("/etc/pam.d/ssh-stack-test")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="writes a file of /etc/pam.d")


def write(*lines: str) -> None:
    SERVICE.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def stack() -> Generator[None]:
    """A service of PAM whose file a test writes."""
    yield
    SERVICE.unlink(missing_ok=True)


@needs_root
@pytest.mark.parametrize(
    ("auth", "account", "expected"),
    [
        ("pam_permit.so", "pam_permit.so", Accept()),
        ("pam_deny.so", "pam_permit.so", Reject()),
        ("pam_permit.so", "pam_deny.so", Reject()),
    ],
)
@pytest.mark.usefixtures("stack")
async def test_pam_decides_about_password_and_account(
    auth: str, account: str, expected: object
) -> None:
    write(f"auth required {auth}", f"account required {account}")
    passwords = PAMPasswords(SERVICE.name, ["me"])

    assert await passwords.decide(ME, "sesame") == expected
    assert await passwords.decide(UNKNOWN, "sesame") == Reject()
    assert await passwords.decide_new(ME, "sesame", "another") == Reject()  # it has not expired


@needs_root
@pytest.mark.usefixtures("stack")
async def test_password_that_pam_calls_expired_is_changed_by_pam() -> None:
    # pam_debug answers what its arguments say
    expired = "account required pam_debug.so acct=new_authtok_reqd"
    write("auth required pam_permit.so", expired, "password required pam_permit.so")
    passwords = PAMPasswords(SERVICE.name, ["me"])
    assert isinstance(await passwords.decide(ME, "old"), ChangePassword)
    assert await passwords.decide(UNKNOWN, "old") == Reject()
    assert await passwords.decide_new(ME, "old", "new") == Accept()

    write("auth required pam_permit.so", expired, "password required pam_deny.so")
    assert isinstance(await passwords.decide_new(ME, "old", "new"), ChangePassword)
    assert passwords.authentication.new_password is not None
