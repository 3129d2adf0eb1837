"""The protocol's messages, from its ``.proto``.

They live in a pool of their own: a process may have another copy of the same protocol, such as that
of a client library, and protobuf's default pool takes only one. ``inference.binpb`` is the compiled
``.proto``, to which a test holds it::

    python -m grpc_tools.protoc -I . --descriptor_set_out=inference.binpb inference.proto
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

FOLDER = Path(__file__).parent
SERVICE = "inference.GRPCInferenceService"

_pool = DescriptorPool()
for _file in FileDescriptorSet.FromString((FOLDER / "inference.binpb").read_bytes()).file:
    _pool.Add(_file)


def message(name: str) -> Any:
    """The class of a message, such as ``ModelInferRequest``."""
    return GetMessageClass(_pool.FindMessageTypeByName(f"inference.{name}"))
