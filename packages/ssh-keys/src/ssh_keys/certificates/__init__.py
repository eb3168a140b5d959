"""OpenSSH certificates: a key, and what a certification authority says about it.

certificate        Certificate: read, check
certificate_spec   CertificateSpec: the contents of a certificate that is to be issued
signing            issue: the authority signs it
fields             how the fields are encoded, and decoded strictly

The names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_keys.certificates.certificate import CA_ALGORITHMS as CA_ALGORITHMS
    from ssh_keys.certificates.certificate import MAX_CERTIFICATE as MAX_CERTIFICATE
    from ssh_keys.certificates.certificate import Certificate as Certificate
    from ssh_keys.certificates.certificate_spec import FOREVER as FOREVER
    from ssh_keys.certificates.certificate_spec import PERMISSIONS as PERMISSIONS
    from ssh_keys.certificates.certificate_spec import CertificateSpec as CertificateSpec
    from ssh_keys.certificates.fields import Role as Role
    from ssh_keys.certificates.signing import issue as issue
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_keys.certificates.certificate": "CA_ALGORITHMS MAX_CERTIFICATE Certificate",
            "ssh_keys.certificates.certificate_spec": "CertificateSpec FOREVER PERMISSIONS",
            "ssh_keys.certificates.fields": "Role",
            "ssh_keys.certificates.signing": "issue",
        },
    )
