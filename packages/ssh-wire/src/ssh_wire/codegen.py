"""Write the encoder and the decoder of a declaration as straight-line code.

A class that is used more than a few times gets them; until then `ssh_wire.codec` takes the fields
one by one.  `install` turns the fields of a class into the source of one of four functions,
compiles it and puts it on the class; few programs need all four of a class.  Neighbouring fields
of fixed size, and the length of the string after them, share one `struct` call; constants are
folded.
The source is registered with `linecache`, so a traceback or a debugger shows the line.

Every reader checks the end of the input before it slices, and every count against the rest of the
input, so no input makes it allocate more than its own size.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import Any

from ssh_wire import primitives
from ssh_wire.errors import (
    BadValue,
    EncodeError,
    InvalidText,
    TrailingData,
    Truncated,
    WrongConstant,
)
from ssh_wire.wire_fields import FIXED_SIZES, FORMATS, Field, fields

__all__ = ["install", "source", "written"]

_ENCODERS = ("encode", "encode_parts")

_SIZES = {form: FIXED_SIZES[kind] for kind, form in FORMATS.items()}

_ENCODED = {
    "bytes": "self.{0}",
    "view": "self.{0}",
    "str": "self.{0}.encode()",
    "text": "self.{0}.encode('utf-8', 'surrogateescape')",
    "mpint": "encode_mpint(self.{0})",
    "name-list": "encode_names(self.{0})",
}

_DECODED = {
    "bytes": "bytes(data[{start}:{end}])",
    "view": "data[{start}:{end}]",
    "str": "str(data[{start}:{end}], 'utf-8')",
    "text": "str(data[{start}:{end}], 'utf-8', 'surrogateescape')",
    "mpint": "decode_mpint(data[{start}:{end}], {message!r}, {name!r})",
    "name-list": "decode_names(data[{start}:{end}], {message!r}, {name!r})",
}
_ITEM_READERS = {
    "bytes": "read_string",
    "str": "read_text",
    "text": "read_human_text",
}
_ITEM_ENCODERS = {"bytes": "string(item)", "str": "string(item)", "text": "string(raw(item))"}


class _Source:
    """The lines of the functions of one class, and the names they use."""

    def __init__(self, cls: type, number: int | None) -> None:
        self.cls = cls
        self.name = cls.__name__
        self.number = number
        self.fields = fields(cls)
        self.globals: dict[str, Any] = {
            "BadValue": BadValue,
            "InvalidText": InvalidText,
            "EncodeError": EncodeError,
            "TrailingData": TrailingData,
            "Truncated": Truncated,
            "WrongConstant": WrongConstant,
            "cls": cls,
            "encode_mpint": primitives.encode_mpint,
            "encode_names": primitives.encode_names,
            "decode_mpint": primitives.decode_mpint,
            "decode_names": primitives.decode_names,
            "read_string": primitives.read_string,
            "read_text": primitives.read_text,
            "read_human_text": primitives.read_human_text,
            "string": primitives.string,
            "raw": _raw,
            "new": object.__new__,
            "struct_error": struct_error,
        }

    def struct(self, verb: str, formats: list[str]) -> str:
        name = f"{verb}_{''.join(formats).replace('?', 'b')}"
        packer = Struct(">" + "".join(formats))
        self.globals[name] = packer.pack if verb == "pack" else packer.unpack_from
        return name

    def text(self, verb: str) -> str:
        lines = self.encoder(verb) if verb in _ENCODERS else self.decoder(verb)
        return "\n".join([*lines, ""])

    # ------------------------------------------------------------- encoding

    def encoder(self, verb: str) -> list[str]:
        lines: list[str] = []
        parts: list[str] = []
        formats: list[str] = []
        values: list[str] = []

        def flush() -> None:
            if formats:
                parts.append(f"{self.struct('pack', formats)}({', '.join(values)})")
                formats.clear()
                values.clear()

        if self.number is not None:
            formats.append("B")
            values.append(str(self.number))
        for index, field in enumerate(self.fields):
            if isinstance(field.constant, str):
                constant = field.constant.encode()
                formats += ["I", f"{len(constant)}s"]
                values += [str(len(constant)), repr(constant)]
            elif field.kind in FORMATS:
                formats.append(FORMATS[field.kind])
                fixed = field.constant is not None
                values.append(str(field.constant) if fixed else f"self.{field.name}")
                if field.kind == "cookie":
                    lines.append(
                        f"        if len(self.{field.name}) != 16: "
                        f"raise EncodeError({self.name!r}, '{field.name} is not 16 bytes')"
                    )
            else:
                part = self._encode_variable(index, field, lines, formats, values)
                flush()
                parts.append(part)
        flush()
        tuple_text = f"({', '.join(parts)},)" if parts else "()"
        if verb == "encode_parts":
            return self._function("encode_parts(self)", lines, tuple_text)
        joined = parts[0] if len(parts) == 1 and parts[0].startswith("pack_") else None
        return self._function("encode(self)", lines, joined or f"b''.join({tuple_text})")

    def _encode_variable(
        self, index: int, field: Field, lines: list[str], formats: list[str], values: list[str]
    ) -> str:
        """Add the lines that prepare a field of variable size; return its part."""
        if field.kind == "rest":
            return f"self.{field.name}"
        if field.kind == "record":
            return f"self.{field.name}.encode()"
        if field.item is not None:
            encoder = _ITEM_ENCODERS.get(field.item, "item.encode()")
            if field.kind == "counted":
                formats.append("I")
                values.append(f"len(self.{field.name})")
            return f"b''.join([{encoder} for item in self.{field.name}])"
        lines.append(f"        v{index} = {_ENCODED[field.kind].format(field.name)}")
        formats.append("I")
        values.append(f"len(v{index})")
        return f"v{index}"

    def _function(self, head: str, lines: list[str], result: str) -> list[str]:
        return [
            f"def {head}:",
            "    try:",
            *lines,
            f"        return {result}",
            "    except (struct_error, UnicodeError, TypeError, AttributeError) as error:",
            f"        raise EncodeError({self.name!r}, str(error)) from None",
        ]

    # ------------------------------------------------------------- decoding

    def decoder(self, name: str) -> list[str]:
        whole = name == "decode"
        body = _Decoder(self, "0" if whole else "pos")
        for index, field in enumerate(self.fields):
            body.add(index, field)
        body.flush()
        fill = ["obj = new(cls)"]
        for index, field in enumerate(self.fields):
            self.globals[f"set_{field.name}"] = getattr(self.cls, field.name).__set__
            value = f"v{index}" if field.constant is None else repr(field.constant)
            fill.append(f"set_{field.name}(obj, {value})")
        if whole:
            check = (
                f"if {body.pos} != size: raise TrailingData({self.name!r}, size - ({body.pos}))"
            )
            ending = [check, *fill, "return obj"]
        else:
            ending = [*fill, f"return obj, {body.pos}"]
        args = "data" if whole else "data, pos"
        return [
            f"def {name}({args}):",
            "    size = len(data)",
            *(f"    {line}" for line in [*body.lines, *ending]),
        ]


class _Decoder:
    """Collects the lines that read the fields of one class."""

    def __init__(self, source: _Source, start: str) -> None:
        self.source = source
        self.base = start
        self.offset = 0
        self.lines: list[str] = []
        self.formats: list[str] = []
        self.targets: list[str] = []
        self.checks: list[str] = []
        self.first = "the message number"
        if source.number is not None:
            self.formats.append("B")
            self.targets.append("number")
            self.checks.append(
                f"if number != {source.number}: "
                f"raise WrongConstant({source.name!r}, 'the message number')"
            )

    @property
    def pos(self) -> str:
        """The current position as an expression."""
        if self.base == "0":
            return str(self.offset)
        return f"{self.base} + {self.offset}" if self.offset else self.base

    def fixed(self, field: str, form: str, target: str) -> None:
        if not self.formats:
            self.first = field
        self.formats.append(form)
        self.targets.append(target)

    def flush(self) -> None:
        """Read the collected fixed fields with one struct call."""
        if not self.formats:
            return
        size = sum(_SIZES[form] for form in self.formats)
        read = f"{self.source.struct('unpack', self.formats)}(data, {self.pos})"
        self.offset += size
        self.lines += [
            f"if {self.pos} > size: raise Truncated({self.source.name!r}, {self.first!r})",
            f"{', '.join(self.targets)}, = {read}",
            *self.checks,
        ]
        self.formats, self.targets, self.checks = [], [], []

    def jump(self, end: str) -> None:
        self.base, self.offset = end, 0

    def add(self, index: int, field: Field) -> None:
        if field.kind in FORMATS:
            self._add_fixed(index, field)
        elif field.kind == "rest":
            self.flush()
            self.lines.append(f"v{index} = bytes(data[{self.pos}:])")
            self.jump("size")
        elif field.kind == "record":
            self.flush()
            read = self._reader(index, field)
            self.lines.append(f"v{index}, e{index} = {read}(data, {self.pos})")
            self.jump(f"e{index}")
        elif field.item is not None:
            self._add_items(index, field)
        else:
            self._add_string(index, field)

    def _add_fixed(self, index: int, field: Field) -> None:
        self.fixed(field.name, FORMATS[field.kind], f"v{index}")
        if field.constant is not None:
            self.checks.append(
                f"if v{index} is not {field.constant}: "
                f"raise WrongConstant({self.source.name!r}, {field.name!r})"
            )

    def _add_string(self, index: int, field: Field) -> None:
        name, message = field.name, self.source.name
        self.fixed(name, "I", f"n{index}")
        self.flush()
        start, end = self.pos, f"e{index}"
        self.lines += [
            f"{end} = {start} + n{index}",
            f"if {end} > size: raise Truncated({message!r}, {name!r})",
        ]
        if isinstance(field.constant, str):
            self.lines.append(
                f"if data[{start}:{end}] != {field.constant.encode()!r}: "
                f"raise WrongConstant({message!r}, {name!r})"
            )
        else:
            value = _DECODED[field.kind].format(start=start, end=end, message=message, name=name)
            read = f"v{index} = {value}"
            if field.kind == "str":
                problem = f"raise InvalidText({message!r}, {name!r}) from None"
                self.lines += [f"try: {read}", f"except UnicodeDecodeError: {problem}"]
            else:
                self.lines.append(read)
        self.jump(end)

    def _add_items(self, index: int, field: Field) -> None:
        name, message = field.name, self.source.name
        counted = field.kind == "counted"
        if counted:
            self.fixed(name, "I", f"n{index}")
        self.flush()
        read = self._reader(index, field)
        self.lines += [f"e{index} = {self.pos}", f"l{index} = []"]
        if counted:
            # an item has at least four bytes, so a larger count is wrong
            self.lines += [
                f"if n{index} * 4 > size - e{index}: raise Truncated({message!r}, {name!r})",
                f"for _ in range(n{index}):",
            ]
        else:
            self.lines.append(f"while e{index} < size:")
        self.lines += [
            f"    item, e{index} = {read}(data, e{index})",
            f"    l{index}.append(item)",
            f"v{index} = tuple(l{index})",
        ]
        self.jump(f"e{index}")

    def _reader(self, index: int, field: Field) -> str:
        if field.record is None:
            return _ITEM_READERS[field.item or field.kind]
        self.source.globals[f"record{index}"] = field.record
        return f"record{index}.read"


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def source(cls: type, verb: str) -> str:
    """Return the source of one function of the codec of a declaration.

    Args:
        cls: the declaration.
        verb: "encode", "encode_parts", "decode" or "read".
    """
    return _Source(cls, getattr(cls, "NUMBER", None)).text(verb)


def written(cls: Any, verb: str) -> Callable[..., Any]:  # noqa: ANN401 (any declaration)
    """Write and compile one function of the codec of a declaration.

    Args:
        cls: the declaration.
        verb: "encode", "encode_parts", "decode" or "read".
    """
    writer = _Source(cls, cls.NUMBER)
    text = writer.text(verb)
    filename = f"<{verb} of {cls.__module__}.{cls.__qualname__}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    made: dict[str, Callable[..., Any]] = {}
    exec(compile(text, filename, "exec"), writer.globals, made)  # noqa: S102 (our own source)
    return made[verb]


def install(cls: Any, verb: str) -> None:  # noqa: ANN401 (a class that gets a new method)
    """Write, compile and install one function of the codec of a declaration.

    Args:
        cls: the declaration.
        verb: "encode", "encode_parts", "decode" or "read".
    """
    function = written(cls, verb)
    setattr(cls, verb, function if verb in _ENCODERS else staticmethod(function))
