"""One contract's ABI as a codec: calls, outputs, events and custom errors by name.

Selectors and types are worked out once an interface; eth-abi caches its coders by type, so a call
costs its encoding only. Structs come out as dictionaries by field name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.crypto import keccak

from oracle.chain.artifacts import artifact_names, load_artifact
from oracle.chain.wire import Log, checksum, malformed
from oracle.core.errors import InvalidInput, Reverted

ERROR_STRING = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")
PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "enum out of range",
    0x22: "corrupt storage bytes",
    0x31: "pop of an empty array",
    0x32: "array index out of range",
    0x41: "too much memory",
    0x51: "call of an uninitialised function",
}

Parameter = Mapping[str, Any]


def type_of(parameter: Parameter) -> str:
    """The canonical type of an ABI parameter; a struct becomes its tuple."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(type_of(component) for component in parameter["components"])
    return f"({inner}){kind[5:]}"


def _named(parameter: Parameter, value: Any) -> Any:
    """A decoded value with checksummed addresses and structs as dictionaries."""
    kind: str = parameter["type"]
    if kind == "address":
        return checksum(value)
    if kind.endswith("]"):
        item = {**parameter, "type": kind[: kind.rindex("[")]}
        return tuple(_named(item, each) for each in value)
    if kind == "tuple":
        return _by_name(parameter["components"], value)
    return value


def _by_name(parameters: Sequence[Parameter], values: Sequence[Any]) -> dict[str, Any]:
    return {
        parameter["name"] or str(position): _named(parameter, value)
        for position, (parameter, value) in enumerate(zip(parameters, values, strict=True))
    }


@dataclass(frozen=True, slots=True)
class _Columns:
    """Parameters that are decoded together, and how each is read at its word; None for types that
    are left to eth-abi.
    """

    parameters: Sequence[Parameter]
    types: tuple[str, ...]
    readers: tuple[Callable[[bytes, int], Any], ...] | None


def _columns(parameters: Sequence[Parameter]) -> _Columns:
    types = tuple(type_of(parameter) for parameter in parameters)
    head = 32 * len(types)
    readers = [reader for kind in types if (reader := _reader(kind, head)) is not None]
    return _Columns(parameters, types, tuple(readers) if len(readers) == len(types) else None)


def _values(columns: _Columns, body: bytes) -> dict[str, Any]:
    """Encoded parameters by name. Words are read here, in a sixth of eth-abi's time."""
    if columns.readers is None:
        return _by_name(columns.parameters, abi_decode(columns.types, body))
    if len(body) < 32 * len(columns.readers):
        raise ValueError(f"{len(body)} bytes are too few")
    return {
        parameter["name"] or str(place): read(body, 32 * place)
        for place, (parameter, read) in enumerate(
            zip(columns.parameters, columns.readers, strict=True)
        )
    }


def _reader(kind: str, head: int) -> Callable[[bytes, int], Any] | None:
    """How a value of this type is read, strictly, given the body and the place of its word.

    Args:
        head: bytes of all words, behind which the values of other sizes stand.
    """
    if kind == "bytes32":
        return lambda body, at: body[at : at + 32]
    if kind == "bytes":
        return partial(_octets, head=head)
    if kind == "address":
        return lambda body, at: checksum(f"0x{_integer(body, at, 160, signed=False):040x}")
    if kind == "bool":
        return lambda body, at: _integer(body, at, 1, signed=False) == 1
    if kind.startswith(("uint", "int")) and kind[-1].isdigit():
        bits = int(kind.removeprefix("u").removeprefix("int"))
        return partial(_integer, bits=bits, signed=kind.startswith("int"))
    return None


def _integer(body: bytes, at: int, bits: int, *, signed: bool) -> int:
    value = int.from_bytes(body[at : at + 32], "big", signed=signed)
    if (value if value >= 0 else ~value) >> (bits - signed):
        raise ValueError(f"{value} has more than {bits} bits")
    return value


def _octets(body: bytes, at: int, head: int) -> bytes:
    """``bytes``: its word says where its length stands, and zeros fill its last word."""
    start = _integer(body, at, 64, signed=False) + 32
    if not head + 32 <= start <= len(body):
        raise ValueError(f"bytes at {start} of {len(body)}")
    size = _integer(body, start - 32, 64, signed=False)
    padded = body[start : start + -(-size // 32) * 32]
    if len(padded) < size or any(padded[size:]) or len(padded) % 32:
        raise ValueError(f"{size} bytes at {start} of {len(body)}, filled with zeros")
    return padded[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One function, event or error: its selector (an event's 32-byte topic) and types."""

    name: str
    selector: bytes
    inputs: tuple[Parameter, ...]
    input_types: tuple[str, ...]
    outputs: tuple[Parameter, ...]
    output_types: tuple[str, ...]

    @property
    def signature(self) -> str:
        return f"{self.name}({','.join(self.input_types)})"


def _entry(item: Parameter) -> Entry:
    inputs, outputs = tuple(item.get("inputs", ())), tuple(item.get("outputs", ()))
    types = tuple(type_of(parameter) for parameter in inputs)
    topic = keccak(text=f"{item['name']}({','.join(types)})")
    return Entry(
        name=item["name"],
        selector=topic if item["type"] == "event" else topic[:4],
        inputs=inputs,
        input_types=types,
        outputs=outputs,
        output_types=tuple(type_of(parameter) for parameter in outputs),
    )


class Interface:
    """The codec of one ABI."""

    def __init__(self, abi: Sequence[Parameter]) -> None:
        entries = {
            kind: [_entry(item) for item in abi if item["type"] == kind]
            for kind in ("function", "event", "error")
        }
        self.functions = {entry.name: entry for entry in entries["function"]}
        self.functions |= {entry.signature: entry for entry in entries["function"]}
        self.events = {entry.name: entry for entry in entries["event"]}
        self.errors = {entry.selector: entry for entry in entries["error"]}
        self._by_selector = {entry.selector: entry for entry in entries["function"]}
        self._by_topic = {entry.selector: entry for entry in entries["event"]}
        self._parts = {
            entry.selector: (
                _columns([item for item in entry.inputs if item["indexed"]]),
                _columns([item for item in entry.inputs if not item["indexed"]]),
            )
            for entry in entries["event"]
        }
        self._constructor = next((item for item in abi if item["type"] == "constructor"), None)

    def encode(self, name: str, *arguments: Any) -> bytes:
        """Calldata: selector and arguments.

        Raises:
            InvalidInput: an argument does not fit its type; the message names the function.
        """
        entry = self.functions[name]
        try:
            return entry.selector + abi_encode(entry.input_types, arguments)
        except (EncodingError, TypeError, ValueError, OverflowError) as fault:
            raise InvalidInput(
                f"arguments do not fit {entry.signature}: {fault}",
                remedy="check their number, order and widths",
            ) from fault

    def encode_constructor(self, *arguments: Any) -> bytes:
        """ABI-encoded constructor arguments, to append to the creation code."""
        inputs = self._constructor["inputs"] if self._constructor else ()
        types = [type_of(parameter) for parameter in inputs]
        try:
            return abi_encode(types, arguments)
        except (EncodingError, TypeError, ValueError, OverflowError) as fault:
            raise InvalidInput(
                f"arguments do not fit constructor({','.join(types)}): {fault}",
                remedy="check their number, order and widths",
            ) from fault

    def decode_call(self, calldata: bytes) -> tuple[str, dict[str, Any]]:
        """The function's name and its arguments by name.

        Raises:
            InvalidInput: no function of this contract, or malformed arguments.
        """
        entry = self._by_selector.get(calldata[:4])
        if entry is None:
            raise InvalidInput(
                f"0x{calldata[:4].hex()} is no function of this contract",
                remedy="check the address and the ABI's version",
            )
        try:
            return entry.name, _by_name(entry.inputs, abi_decode(entry.input_types, calldata[4:]))
        except (DecodingError, ValueError, OverflowError) as fault:
            raise InvalidInput(
                f"malformed calldata of {entry.signature}: {fault}", remedy="encode it anew"
            ) from fault

    def decode_output(self, name: str, body: bytes) -> dict[str, Any]:
        """A function's outputs by name, or by position where they have none.

        Raises:
            Transient: the bytes do not have the promised form.
        """
        entry = self.functions[name]
        try:
            return _by_name(entry.outputs, abi_decode(entry.output_types, body))
        except (DecodingError, ValueError, OverflowError) as fault:
            raise malformed(f"output of {entry.signature}", "0x" + body.hex()) from fault

    def event_of(self, log: Log) -> Entry | None:
        """The event a log belongs to, or None where this contract has no such event."""
        return self._by_topic.get(log.topics[0]) if log.topics else None

    def decode_event(self, log: Log) -> tuple[str, dict[str, Any]] | None:
        """The event's name and its arguments by name; None where this contract has no such event.

        Raises:
            Transient: topics or body do not have the event's form.
        """
        entry = self.event_of(log)
        if entry is None:
            return None
        indexed, plain = self._parts[entry.selector]
        if len(log.topics) != len(indexed.types) + 1:
            raise malformed(f"number of topics of {entry.name}", len(log.topics))
        try:
            topics = _values(indexed, b"".join(log.topics[1:]))
            body = _values(plain, log.body)
        except (DecodingError, ValueError, OverflowError) as fault:
            raise malformed(f"log of {entry.name}", "0x" + log.body.hex()) from fault
        return entry.name, topics | body


@lru_cache(maxsize=64)
def interface(contract: str) -> Interface:
    """The codec of one of our contracts, by its name."""
    return Interface(load_artifact(contract).abi)


@lru_cache(maxsize=1)
def known_errors() -> Mapping[bytes, Entry]:
    """Every custom error of every artifact, by selector."""
    found: dict[bytes, Entry] = {}
    for name in artifact_names():
        found |= interface(name).errors
    return found


def describe_revert(
    body: bytes, *, what: str, errors: Mapping[bytes, Entry] | None = None
) -> Reverted:
    """Revert data as a typed error: our custom errors, ``Error(string)``, ``Panic(uint256)``.

    Args:
        body: the revert data, possibly empty.
        what: what was tried; the message begins with it.
        errors: custom errors by selector; by default those of all our artifacts.
    """
    selector, rest = body[:4], body[4:]
    try:
        if selector == ERROR_STRING:
            (text,) = abi_decode(("string",), rest)
            return Reverted(f"{what}: {text}", error="Error", arguments={"message": text})
        if selector == PANIC:
            (code,) = abi_decode(("uint256",), rest)
            meaning = PANICS.get(code, "unknown")
            return Reverted(
                f"{what}: panic 0x{code:02x}, {meaning}", error="Panic", arguments={"code": code}
            )
        entry = (known_errors() if errors is None else errors).get(selector)
        if entry is not None:
            arguments = _by_name(entry.inputs, abi_decode(entry.input_types, rest))
            shown = ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())
            return Reverted(f"{what}: {entry.name}({shown})", error=entry.name, arguments=arguments)
    except (DecodingError, ValueError, OverflowError):
        pass  # an error that only looks like one of ours: said below, undecoded
    if not body:
        return Reverted(f"{what} without a reason")
    return Reverted(f"{what}: unknown error 0x{body[:68].hex()}", arguments={"raw": body})


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
