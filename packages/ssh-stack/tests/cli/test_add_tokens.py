"""The keys of a token: what is asked of the agent, which has no such library here."""

from __future__ import annotations

import pytest

from add_harness import Add
from ssh_agent.blocking import AgentClient
from ssh_agent.constraints import Constraints
from ssh_keys import CertificateSpec, PrivateKey, issue

KEY = PrivateKey.generate("ed25519")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    calls: list[object] = []

    def add_smartcard(
        _agent: AgentClient, token: str, pin: str, *, constraints: Constraints
    ) -> None:
        calls.append((token, pin, constraints))

    def remove_smartcard(_agent: AgentClient, token: str) -> None:
        calls.append(token)

    monkeypatch.setattr(AgentClient, "add_smartcard", add_smartcard)
    monkeypatch.setattr(AgentClient, "remove_smartcard", remove_smartcard)
    return calls


def test_pin_constraints_and_certificates_go_to_agent(add: Add, asked: list[object]) -> None:
    spec = CertificateSpec(role="user", key_id="id", principals=("me",))
    certificate = issue(KEY, KEY.public_key, spec=spec, random=bytes)
    (add.folder / "cert.pub").write_text(certificate.to_openssh())
    (add.folder / "key.pub").write_text(KEY.public_key.to_openssh())

    add.answer("1234")
    done = add.run("-s", "lib.so", "-c", "-t", "60", "-C", "cert.pub")
    assert (done.status, done.err) == (0, "Card added: lib.so\n")
    assert add.asked() == ["Enter passphrase for PKCS#11: "]
    add.run("-q", "-k", "-s", "lib.so", "cert.pub")
    assert add.run("-e", "lib.so").err == "Card removed: lib.so\n"
    assert add.run("-q", "-e", "lib.so").err == ""

    constraints = Constraints(
        lifetime=60, confirm=True, certificates=(certificate,), certificates_only=True
    )
    assert asked == [
        ("lib.so", "1234", constraints),
        ("lib.so", "", Constraints()),
        "lib.so",
        "lib.so",
    ]
    for name, text in (("key.pub", "it is not a certificate"), ("none", "No such file")):
        failed = add.run("-s", "lib.so", name)
        assert failed.status == 255
        assert text in failed.err


@pytest.mark.parametrize("letter", ["-s", "-e"])
def test_agent_that_refuses_is_told_as_by_ssh_add(add: Add, letter: str) -> None:
    assert add.run(letter, "/no/lib.so") == add.run_openssh(letter, "/no/lib.so")
