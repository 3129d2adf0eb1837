"""One request for inference and its answer, as HTTP and gRPC alike carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

Parameter: TypeAlias = bool | int | float | str
Parameters: TypeAlias = Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that was asked for.

    Attributes:
        binary: whether it goes out as raw bytes; None where the request did not say.
    """

    name: str
    binary: bool | None = None


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What a client asks.

    Attributes:
        inputs: arrays by name, not yet held to any model.
        wanted: the outputs asked for; all where it is empty.
        binary: whether outputs that say nothing go out as raw bytes.
    """

    inputs: Mapping[str, NDArray[Any]]
    id: str = ""
    wanted: tuple[Wanted, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    binary: bool = False


@dataclass(frozen=True, slots=True)
class InferReply:
    """What the model said.

    Attributes:
        outputs: arrays by name, in the order in which they were asked for.
    """

    model: str
    version: str
    outputs: Mapping[str, NDArray[Any]]
    id: str = ""
    parameters: Parameters = field(default_factory=dict)
