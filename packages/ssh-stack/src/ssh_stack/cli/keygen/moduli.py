"""Groups for Diffie-Hellman group exchange (moduli(5)): find candidates, and prove them."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from ssh_stack.cli.keygen.options import Options
from ssh_stack.cli.keygen.sieve import survivors
from ssh_stack.cli.report import Report
from ssh_transport import Modulus, is_safe_prime
from ssh_wire import UsageError, WireError, lazy_attrs
from ssh_wire.text import printable

__all__ = ["moduli"]

_DEFAULT_BITS: Final = 3072
_BITS: Final = range(512, 32769)
"""The sizes that ssh-keygen makes candidates of."""
_SIZE: Final = 1 << 24
"""How many odd numbers are sieved."""
_LIMIT: Final = 1 << 24
"""Below this are the factors that are looked for."""

_TESTS: Final = 100
"""What ssh-keygen writes as the number of tests, where OpenSSL makes as many as it needs."""


def moduli(options: Options, report: Report) -> int:
    """Do what the word behind -M says."""
    word = options.need("M", "generate or screen")
    if word not in _WORDS:
        problem = f"-M takes generate or screen, not {word!r}"
        raise UsageError(problem)
    work, names = _WORDS[word]
    if len(options.files) != 1:
        problem = f"name the file that -M {word} writes"
        raise UsageError(problem)
    return work(options.files[0], options, _values(options, word, names), report)


def _values(options: Options, word: str, names: frozenset[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in options.extra:
        name, equals, value = each.partition("=")
        if name not in names or not equals:
            problem = (
                f"-O {printable(each)} is not for -M {word}: it takes {', '.join(sorted(names))}"
            )
            raise UsageError(problem)
        found[name] = value
    return found


# ------------------------------------------------------------------------- candidates


def _generate(target: str, options: Options, values: Mapping[str, str], report: Report) -> int:
    bits = _number(values, "bits", options.number("b") or _DEFAULT_BITS)
    if bits not in _BITS:
        problem = f"bits={bits}: a group has from {_BITS.start} to {_BITS.stop - 1} bits"
        raise UsageError(problem)
    start = _start(values.get("start"), bits - 1)
    report.show(f"Sieving {_SIZE} numbers of {bits - 1} bits")
    found = 0
    with _output(target, "w") as file:
        for q in survivors(start, _SIZE, _LIMIT):
            found += 1
            line = Modulus(
                time=_now(),
                kind=Modulus.SOPHIE_GERMAIN,
                tests=Modulus.SIEVED,
                tries=0,
                size=bits - 2,
                generator=0,
                modulus=q,
            )
            file.write(line.to_line() + "\n")
    report.show(f"Found {found} candidates")
    return 0


def _start(word: str | None, bits: int) -> int:
    """Return the odd number at which the search begins."""
    if word is None:
        # both of the upper bits, so that 2q + 1 has its full size all the way
        return secrets.randbits(bits) | 3 << bits - 2 | 1
    try:
        return int(word, 16) | 1
    except ValueError:
        problem = f"start={printable(word)} is not a hexadecimal number"
        raise UsageError(problem) from None


# ------------------------------------------------------------------------- safe primes


@lazy_attrs.frozen(kw_only=True)
class _Screening:
    """Which lines are tested, and which primes are wanted."""

    first: int
    lines: int
    generator: int
    tests: int
    checkpoint: Path | None

    @classmethod
    def of(cls, values: Mapping[str, str]) -> _Screening:
        """Read the values of -O."""
        checkpoint = values.get("checkpoint")
        tests = _number(values, "prime-tests", _TESTS)
        if tests < _FEWEST_TESTS:
            problem = f"prime-tests={tests}: at least {_FEWEST_TESTS}"
            raise UsageError(problem)
        return cls(
            first=_number(values, "start-line", 0),
            lines=_number(values, "lines", 0),
            generator=_number(values, "generator", 0),
            tests=tests,
            checkpoint=Path(checkpoint) if checkpoint else None,
        )

    def selected(self, file: IO[str]) -> Iterator[str]:
        """Yield the lines to test, and note each in the checkpoint."""
        skipped = max(self.first, self._noted())
        for number, line in enumerate(file, 1):
            if self.lines and number > self.first + self.lines:
                return
            if number <= skipped:
                continue
            if self.checkpoint is not None:
                beside = self.checkpoint.with_name(f"{self.checkpoint.name}.new")
                beside.write_text(f"{number}\n")
                beside.replace(self.checkpoint)
            yield line

    def _noted(self) -> int:
        if self.checkpoint is None:
            return 0
        with suppress(OSError, ValueError):
            return int(self.checkpoint.read_text().strip())
        return 0

    def proven(self, line: str) -> Modulus | None:
        """Return the safe prime of a line, with a generator; None where there is none.

        Raises:
            WireError: the line is not one of moduli(5).
        """
        found = Modulus.parse(line)
        if found is None or found.tests & Modulus.COMPOSITE:
            return None
        p, size, generator = found.modulus, found.size, found.generator
        if found.kind == Modulus.SOPHIE_GERMAIN:
            p, size, generator = 2 * p + 1, size + 1, 0
        generator = generator or _generator(p)
        wanted = generator and self.generator in {0, generator}
        if not wanted or p.bit_length() != size + 1 or size < _BITS.start - 1:
            return None
        if not is_safe_prime(p):
            return None
        tried = found.tries if found.tests & Modulus.MILLER_RABIN else 0
        return Modulus(
            time=_now(),
            kind=Modulus.SAFE,
            tests=found.tests | Modulus.MILLER_RABIN,
            tries=tried + self.tests,
            size=size,
            generator=generator,
            modulus=p,
        )


_FEWEST_TESTS: Final = 4


def _screen(target: str, options: Options, values: Mapping[str, str], report: Report) -> int:
    screening = _Screening.of(values)
    found = seen = 0
    with _input(options.file) as candidates, _output(target, "a") as file:
        for line in screening.selected(candidates):
            seen += 1
            try:
                proven = screening.proven(line)
            except WireError as error:
                report.warn(f"a line is passed over: {error}")
                continue
            if proven is not None:
                found += 1
                file.write(proven.to_line() + "\n")
                file.flush()
    if screening.checkpoint is not None:
        screening.checkpoint.unlink(missing_ok=True)
    report.show(f"Found {found} safe primes in {seen} lines")
    return 0


def _generator(p: int) -> int:
    """Return a small generator of the group of a safe prime; 0 where there is no small one."""
    if p % 24 == 11:  # noqa: PLR2004 (2 is a quadratic non-residue then)
        return 2
    return 5 if p % 10 in {3, 7} else 0


# ------------------------------------------------------------------------- inside

_WORDS: Final = {
    "generate": (_generate, frozenset({"bits", "start"})),
    "screen": (
        _screen,
        frozenset({"lines", "start-line", "checkpoint", "generator", "prime-tests"}),
    ),
}


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    word = values.get(name)
    if word is None:
        return default
    if not (word.isascii() and word.isdigit()):
        problem = f"-O {name} takes a number, not {printable(word)}"
        raise UsageError(problem)
    return int(word)


def _now() -> str:
    return time.strftime("%Y%m%d%H%M%S", time.gmtime())


@contextmanager
def _input(path: Path | None) -> Generator[IO[str]]:
    if path is None or str(path) == "-":
        yield sys.stdin
        return
    with path.open(encoding="latin-1") as file:
        yield file


@contextmanager
def _output(word: str, mode: str) -> Generator[IO[str]]:
    if word == "-":
        yield sys.stdout
        return
    with Path(word).open(mode, encoding="ascii") as file:
        yield file
