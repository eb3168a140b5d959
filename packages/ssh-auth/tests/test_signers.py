from __future__ import annotations

from ssh_agent import Identity
from ssh_auth import AgentSigner, KeySigner, Signer
from ssh_auth.testing import finish
from ssh_keys import Certificate, CertificateSpec, PrivateKey, PublicKey, issue


class Agent:
    """An agent with one key."""

    def __init__(self, key: PrivateKey) -> None:
        self.key = key
        self.asked_for: PublicKey | Certificate | None = None

    async def sign(self, key: PublicKey | Certificate, data: bytes, algorithm: str, /) -> bytes:
        self.asked_for = key
        return self.key.sign(data, algorithm)


def test_key_in_memory_signs(rsa: PrivateKey) -> None:
    signer: Signer = KeySigner(rsa, "file id_rsa")

    signature = finish(signer.sign(b"data", "rsa-sha2-256"))

    assert signer.public_key.verify(b"data", signature, "rsa-sha2-256")
    assert signer.source == "file id_rsa"
    assert KeySigner(rsa).source == "memory"


def test_agent_signs_for_its_key(key: PrivateKey) -> None:
    signer: Signer = AgentSigner(Agent(key), Identity(key.public_key, "work"))

    signature = finish(signer.sign(b"data", "ssh-ed25519"))

    assert signer.public_key.verify(b"data", signature)
    assert signer.source == "agent work"
    assert AgentSigner(Agent(key), Identity(key.public_key)).source == "agent"


def test_agent_signs_for_the_certificate_that_it_lists(key: PrivateKey, other: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    certificate = issue(other, key.public_key, spec=spec, random=bytes)
    agent = Agent(key)
    signer = AgentSigner(agent, Identity(key.public_key, "work", certificate))

    signature = finish(signer.sign(b"data", "ssh-ed25519"))

    assert agent.asked_for == certificate
    assert signer.public_key == key.public_key
    assert certificate.verify(b"data", signature, "ssh-ed25519-cert-v01@openssh.com")


def test_repr_of_a_signer_has_the_fingerprint_alone(key: PrivateKey) -> None:
    fingerprint = key.public_key.fingerprint()

    assert repr(KeySigner(key)) == f"KeySigner({fingerprint}, source='memory')"
    assert fingerprint in repr(AgentSigner(Agent(key), Identity(key.public_key)))
