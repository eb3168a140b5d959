"""Sign files and messages, as `ssh-keygen -Y sign` does (OpenSSH's PROTOCOL.sshsig)."""

from __future__ import annotations

from typing import Final, Self

from ssh_keys.certificates.certificate import Certificate
from ssh_keys.credential import Credential, plain_key
from ssh_keys.errors import SigningFailed
from ssh_keys.fido import NO_TOUCH
from ssh_keys.message_signer import MessageSigner
from ssh_keys.public import PublicKey
from ssh_keys.signatures.sshsig import HASHES, HashName, Message, SignedData, SSHSig, digest_of
from ssh_wire import UsageError, lazy_attrs

__all__ = ["MessageSigner", "SigningRequest", "sign"]

_RSA: Final = {"sha256": "rsa-sha2-256", "sha512": "rsa-sha2-512"}


@lazy_attrs.frozen(kw_only=True)
class SigningRequest:
    """A signature that is to be made by a key in an agent or a token.

    Attributes:
        public_key: the key that signs.
        algorithm: the algorithm with which it signs.
        data: the data that it signs.
        certificate: its certificate, if any.
        namespace: the purpose of the signature.
        hash_name: the hash of the message.
    """

    public_key: PublicKey
    algorithm: str
    data: bytes = lazy_attrs.field(repr=False)
    certificate: Certificate | None
    namespace: str
    hash_name: HashName

    @classmethod
    def make(
        cls,
        key: Credential,
        message: Message,
        namespace: str,
        hash_name: HashName = "sha512",
    ) -> Self:
        """Hash a message, and return what is to be signed.

        Args:
            key: the key that signs, or its certificate.
            message: the message, in one piece or in many.
            namespace: the purpose of the signature.
            hash_name: the hash of the message.

        Raises:
            UsageError: the namespace is empty or holds a NUL, or there is no such hash.
        """
        # "The namespace value MUST NOT be the empty string"
        if not namespace or "\0" in namespace or hash_name not in HASHES:
            problem = f"no signature is made for namespace {namespace!r} with hash {hash_name!r}"
            raise UsageError(problem)
        public = plain_key(key)
        signed = SignedData(
            namespace=namespace, hash_name=hash_name, digest=digest_of(message, hash_name)
        )
        preferred = _RSA[hash_name]
        algorithms = public.algorithms
        return cls(
            public_key=public,
            algorithm=preferred if preferred in algorithms else algorithms[0],
            data=signed.data(),
            certificate=None if isinstance(key, PublicKey) else key,
            namespace=namespace,
            hash_name=hash_name,
        )

    def finish(self, signature: bytes) -> SSHSig:
        """Return the complete signature.

        Args:
            signature: the key's signature of `data`, as it is sent.

        Raises:
            SigningFailed: it is not the key's signature of `data`.
        """
        # the verifier decides whether a touch of the token is required
        if not self.public_key.verify(self.data, signature, fido=NO_TOUCH):
            problem = f"a signature of {self.public_key.fingerprint()} did not verify"
            raise SigningFailed(problem)
        return SSHSig(
            public_key=self.public_key,
            certificate=self.certificate,
            namespace=self.namespace,
            hash_name=self.hash_name,
            signature=signature,
        )


def sign(
    signer: MessageSigner,
    message: Message,
    namespace: str,
    *,
    hash_name: HashName = "sha512",
    certificate: Certificate | None = None,
) -> SSHSig:
    """Sign a message, as `ssh-keygen -Y sign` does.

    Args:
        signer: a private key, or what asks an agent or a token.
        message: the message, in one piece or in many.
        namespace: the purpose of the signature; "file" for files.
        hash_name: the hash of the message.
        certificate: a certificate of the key, to put into the signature.

    Raises:
        UsageError: the namespace is empty or holds a NUL, there is no such hash, or the
            certificate is another key's.
        SigningFailed: the signature did not verify.
    """
    key: Credential = signer.public_key
    if certificate is not None:
        if certificate.public_key != key:
            problem = "the certificate is not one of the key that signs"
            raise UsageError(problem)
        key = certificate
    request = SigningRequest.make(key, message, namespace, hash_name)
    return request.finish(signer.sign(request.data, request.algorithm))
