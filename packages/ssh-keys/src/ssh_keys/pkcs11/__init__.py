"""Keys in a PKCS#11 token: a smartcard, a hardware security module, SoftHSM.

    from ssh_keys.pkcs11 import open_tokens

    for token in open_tokens("/usr/lib/softhsm/libsofthsm2.so"):
        token.log_in("1234")
        for key in token.keys:
            signature = key.sign(b"data")

A `TokenPrivateKey` is a `PrivateKey` whose secret stays in its token: it signs wherever a private
key signs, as a user's key, a host's or an authority's, and cannot be saved.  Every call waits
for the token, so that an event loop makes it in a thread.

The package python-pkcs11 loads the library of the token's maker; the extra "pkcs11" installs it.
That library runs within the process: load none that anybody but the user names.

    token      open_tokens and Token: sessions, PINs, the objects of a token
    key        TokenPrivateKey: what it signs with
    objects    public keys and X.509 certificates of a token as public keys
    driver     python-pkcs11, and what it raises
"""

from __future__ import annotations

from ssh_keys.pkcs11.key import TokenPrivateKey as TokenPrivateKey
from ssh_keys.pkcs11.token import Token as Token
from ssh_keys.pkcs11.token import open_tokens as open_tokens
