"""How keys are written in files: read strictly where it protects, forgiving about the rest.

key_text          the text of a key file as it arrives; blocks of text armour in it
armor             text armour as `ssh-keygen` writes it (RFC 7468)
public_line       one line of OpenSSH's: `kind base64 [comment]`
openssh           OpenSSH's private key format
openssh_ciphers   the ciphers that protect it
ppk               PuTTY's private key format
ppk_lines         its lines
ppk_kdf           its key derivation
pem               PKCS#1, SEC1, PKCS#8, public keys in PEM
pem_ciphers, der  how those are encrypted, and at what cost
rfc4716           public keys as RFC 4716 frames them
sshcom            private keys of ssh.com, which has the same frame

`ssh_keys.load` finds out which format a file has.
"""

from __future__ import annotations
