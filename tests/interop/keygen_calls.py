"""The command lines on which `ssh-stack keygen` and ssh-keygen are compared, and ours run.

As a program it runs ours: `python -m tests.interop.keygen_calls FOLDER`, each call in a process of
its own, without a terminal.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from itertools import product
from pathlib import Path
from typing import Final

import attrs

from ssh_stack.cli.keygen import main

__all__ = ["CALLS", "PREPARATION", "Call", "theirs"]

PREPARATION: Final = r"""
set -e
new() { ssh-keygen -q -N "" -C "$1 key" -f "$@"; }
new k -t ed25519; new e -t ecdsa -b 384; new r -t rsa -b 2048; new small -t rsa -b 1024
new ca -t ed25519; new other -t ecdsa
ssh-keygen -q -t ed25519 -N secret -C "locked key" -f locked
ssh-keygen -q -t ed25519 -N "" -C "" -f bare
V="-V 20200101:20400101"
ssh-keygen -q -s ca -I "an id" -n ann,bob -z 7 $V k.pub
ssh-keygen -q -s ca -I "host id" -h -n web1.example.com -z 9 $V e.pub
ssh-keygen -q -s ca -I forced -n ann -O force-command=/bin/true -O source-address=10.0.0.0/8 \
  -O no-pty -z 8 $V r.pub
cat k.pub e.pub r.pub > many.pub
(echo "# a comment"; echo; cat k.pub; echo "not a key") > mixed.pub
echo "nothing of a key" > garbage; : > empty
for f in k e r small; do ssh-keygen -e -f $f.pub > $f.rfc; done
for f in e r small; do
  ssh-keygen -e -m PKCS8 -f $f.pub > $f.pkcs8; ssh-keygen -e -m PEM -f $f.pub > $f.pem || true
done
ssh-keygen -q -t rsa -b 2048 -m PEM -N "" -f trad -C trad
(printf "web1.example.com,10.0.0.1 "; cat k.pub; echo "# about the next"
 printf "*.example.com,!web2.example.com "; cat e.pub
 printf "[web3]:2222 "; cat r.pub; printf "@cert-authority *.corp "; cat ca.pub
 printf "@revoked * "; cat other.pub) > hosts
cp hosts hashed; ssh-keygen -q -H -f hashed; rm hashed.old
(cat hosts; echo "web1.example.com a broken line") > broken
(printf 'ann,al* namespaces="file" '; cat k.pub
 printf '*@example.com valid-after="20200101Z",valid-before="20300101Z" '; cat e.pub
 printf 'ca@example.com,ann cert-authority '; cat ca.pub) > signers
echo "what is signed" > message; echo "something else" > other-message
for f in k e r; do ssh-keygen -q -Y sign -f $f -n file message; mv message.sig $f.sig; done
ssh-keygen -q -Y sign -f k-cert.pub -n file message; mv message.sig cert.sig
ssh-keygen -q -Y sign -f k -n git message; mv message.sig git.sig
ssh-keygen -q -k -f krl -s ca.pub -z 3 k-cert.pub other.pub
printf "serial: 5\nserial: 7-9\nid: forced\n" > spec
printf "sha256: %s\n" "$(ssh-keygen -lf other.pub | cut -d' ' -f2)" > hashes
cat k.pub > plain-krl
"""
"""Makes the files; a shell runs it once, with the ssh-keygen of Debian 12."""


@attrs.frozen
class Call:
    """One call.

    Attributes:
        words: the command line behind the program's name.
        stdin: the file that is its standard input; "" for nothing.
        fresh: whether it makes keys, nonces or signatures, which are never the same twice.
    """

    words: str
    stdin: str = ""
    fresh: bool = False

    @property
    def name(self) -> str:
        """The call as it is written in the shell."""
        return f"{self.words} < {self.stdin}" if self.stdin else self.words


def _calls(*patterns: str, stdin: str = "", fresh: bool = False) -> list[Call]:
    """Expand the braces of each pattern, as the shell does."""
    return [Call(words, stdin, fresh) for each in patterns for words in _expand(each)]


def _expand(pattern: str) -> list[str]:
    parts = pattern.replace("{", "\0{").replace("}", "}\0").split("\0")
    choices = [each[1:-1].split("|") if each.startswith("{") else [each] for each in parts]
    return [" ".join("".join(chosen).split()) for chosen in product(*choices)]


_BY_TIME: Final = "-Y verify -f signers -I x@example.com -n file -O verify-time"

CALLS: Final = (
    # fingerprints
    *_calls("-l -f {k|k.pub|e.pub|r.pub|small.pub|bare.pub|locked|k-cert.pub|many.pub|mixed.pub}"),
    *_calls("-l -f {garbage|empty|nothing|hosts}", "-l -E {md5|sha1|sha384|sha512|md4} -f k.pub"),
    *_calls(
        "-lv -f {k.pub|r.pub}", "-B -f {k.pub|e.pub|small.pub|garbage}", "-l -f -", "-l k.pub"
    ),
    *_calls("-l -f -", stdin="many.pub"),
    # public halves and other formats
    *_calls(
        "-y -f {k|e|r|small|trad|bare|garbage|nothing|k.pub}", "-y -P {secret|wrong} -f locked"
    ),
    *_calls("-e -f {k.pub|e.pub|r.pub|small.pub|k|bare.pub|garbage}"),
    *_calls("-e -m {PEM|PKCS8|RFC4716|XML} -f {k.pub|e.pub|r.pub}"),
    *_calls("-i -f {k.rfc|e.rfc|r.rfc|small.rfc|garbage}"),
    *_calls(
        "-i -m PKCS8 -f {e.pkcs8|r.pkcs8|small.pkcs8}", "-i -m PEM -f {r.pem|small.pem|garbage}"
    ),
    # certificates
    *_calls("-L -f {k-cert.pub|e-cert.pub|r-cert.pub|k.pub|garbage|nothing}"),
    *_calls(
        "-q -s ca -I id {|-n ann|-n ann,bob|-h -n web1|-z 42|-n ann -O clear} k.pub",
        "-q -s ca -I id -n a -O {no-pty|permit-pty|no-touch-required|force-command=ls|bad} k.pub",
        "-q -s ca -I id -n a -O source-address={10.0.0.0/8|10.0.0.1,::1|x|10.0.0.1/8} k.pub",
        "-q -s ca -I id -n a -O verify-required k.pub",
        "-q -s ca -I id -n a -O {critical:a@b=c|extension:a@b|extension:a@b=c} k.pub",
        "-q -s ca -I id -n a -V {20200101:20300101|20200101Z:20300101Z|always:forever|bad} k.pub",
        "-q -s ca -I id -n a -V {0x10:0x20|20300101:20200101|20200101000000:20200102} k.pub",
        "-q -s ca -I id -n a -z +5 k.pub e.pub",
        "-q -s r -t {rsa-sha2-256|rsa-sha2-512|ssh-rsa|ed25519} -I id -n a k.pub",
        "-q -s {ca.pub|garbage|nothing} -I id -n a k.pub",
        "-q -s ca -I id -n a {k-cert.pub|nothing.pub}",
        "-q -s ca -n a k.pub",
        fresh=True,
    ),
    # known_hosts
    *_calls("-F {web1.example.com|10.0.0.1|web2.example.com|x.example.com} -f {hosts|hashed}"),
    *_calls(
        "-F {[web3]:2222|web3|y.corp|unlisted.org} -f hosts", "-l -F web1.example.com -f hosts"
    ),
    *_calls("-F web1.example.com -f {broken|nothing|empty}"),
    *_calls("-R {web1.example.com|x.example.com|[web3]:2222|unlisted.org} -f {hosts|hashed}"),
    *_calls("-R web1.example.com -f {broken|nothing}"),
    *_calls("-H -f {hosts|broken}", "-H -F web1.example.com -f hosts", fresh=True),
    # records for the DNS
    *_calls("-r host -f {k.pub|e.pub|r.pub|k-cert.pub}", "-r host -g -f k.pub"),
    *_calls("-r host -O hashalg={sha1|sha256|md5} -f k.pub"),
    # revocation
    *_calls(
        "-q -k -f new {k.pub|k.pub e.pub|many.pub|k-cert.pub|hashes}",
        "-q -k -f new -s ca.pub {spec|k-cert.pub spec}",
        "-q -k -f new -s none spec",
        "-q -k -f new -z 17 k.pub",
        "-q -k -u -f krl k.pub",
        "-q -k -u -f plain-krl e.pub",
        "-q -k -f new {spec|garbage|nothing}",
        "-q -k -f new",
        fresh=True,
    ),
    *_calls("-Q -f krl {k.pub|k-cert.pub|other.pub|e.pub other.pub|many.pub|garbage|nothing}"),
    *_calls("-Q -f {plain-krl|garbage|nothing} k.pub", "-Q -f krl"),
    # signatures
    *_calls(
        "-Y sign -q -f {k|e|r|k.pub|k-cert.pub|nothing} -n file message",
        "-Y sign -q -f k -n file -O hashalg={sha256|sha512|md5} message",
        "-Y sign -q -f k -n file nothing",
        "-Y sign -q -f k message",
        fresh=True,
    ),
    *_calls("-Y sign -q -f k -n file", stdin="message", fresh=True),
    *_calls(
        "-Y verify -f signers -I {ann|alice|bob} -n file -s k.sig",
        "-Y verify -f signers -I x@example.com -n file -s e.sig",
        "-Y verify -f signers -I ann -n {git|file} -s {git.sig|r.sig|cert.sig|garbage|nothing}",
        f"{_BY_TIME}={{20250101|20310101|soon}} -s e.sig",
        f"{_BY_TIME}={{20191231235959Z|20200101000000Z}} -s e.sig",
        f"{_BY_TIME}={{20291231235959Z|20300101000000Z|20300101000001Z}} -s e.sig",
        "-Y verify -f signers -I ann -n file -r {krl|plain-krl} -s k.sig",
        "-Y verify -q -f signers -I ann -n file -O print-pubkey -s k.sig",
        "-Y check-novalidate -n {file|git} -s {k.sig|git.sig|cert.sig}",
        stdin="message",
    ),
    *_calls("-Y verify -f signers -I ann -n file -s k.sig", stdin="other-message"),
    *_calls("-Y find-principals -f signers -s {k.sig|e.sig|r.sig|cert.sig|garbage}"),
    *_calls("-Y find-principals -O verify-time=20310101 -f signers -s e.sig"),
    *_calls("-Y match-principals -f signers -I {ann|alfred|x@example.com|bob}"),
    *_calls("-Y {nonsense|sign|verify}"),
    # new keys, passphrases, comments
    *_calls(
        "-q -N '' -f new {-t ed25519|-t ecdsa|-t ecdsa -b 521|-t rsa -b 2048|-t rsa-sha2-256}",
        "-q -N '' -f new {-t ecdsa-sha2-nistp384|-C words|-t nonsense}",
        "-q -N '' -f new {-t rsa -b 512|-t ecdsa -b 333}",
        "-q -t ed25519 -N secret -f new",
        "-q -t {ecdsa|rsa} -m {PEM|PKCS8|RFC4716} -N '' -f new",
        "-q -p -P '' -N secret -f k",
        "-q -p -P {secret|wrong} -N '' -f locked",
        "-q -p -P '' -N '' -f {garbage|nothing}",
        "-q -c -P '' -C changed -f {k|trad|nothing}",
        "-q -c -P secret -C changed -f locked",
        fresh=True,
    ),
    # wrong command lines
    *_calls("-j", "-t", "-z 5 -q -s", "-M nonsense out"),
)


def theirs(source: Path, target: Path) -> str:
    """Return the script that runs ssh-keygen for each call, and keeps what each leaves."""
    lines = ["export TZ=UTC HOME=/nonexistent; unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY"]
    for number, call in enumerate(CALLS):
        folder = target / str(number)
        lines += [
            f"cp -a {source} {folder}; cd {folder}",
            f"ssh-keygen {call.words} < {call.stdin or '/dev/null'} \\",
            f"  > {folder}.out 2> {folder}.err",
            f"echo $? > {folder}.status",
        ]
    return "\n".join(lines)


def _run_ours(source: Path, target: Path) -> None:
    os.environ.update(TZ="UTC", HOME="/nonexistent")
    for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY"):
        os.environ.pop(name, None)
    for number, call in enumerate(CALLS):
        folder = target / str(number)
        shutil.copytree(source, folder)
        child = os.fork()
        if not child:
            os.setsid()
            os.chdir(folder)
            for descriptor, path, flags in (
                (0, call.stdin or "/dev/null", os.O_RDONLY),
                (1, f"{folder}.out", os.O_WRONLY | os.O_CREAT),
                (2, f"{folder}.err", os.O_WRONLY | os.O_CREAT),
            ):
                os.dup2(os.open(path, flags, 0o600), descriptor)
            status = 99
            try:
                status = main(shlex.split(call.words))
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        Path(f"{folder}.status").write_text(str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    _run_ours(Path(sys.argv[1]), Path(sys.argv[2]))
