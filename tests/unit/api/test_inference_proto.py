"""The compiled protocol is the source's, and the source the published one's, number for number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from tritonclient.grpc import service_pb2

from oracle.api.inference.proto import FOLDER


def test_compiled__is_of_this_source(tmp_path: Path):
    made = tmp_path / "made.binpb"
    command = ["-m", "grpc_tools.protoc", "-I", str(FOLDER), f"--descriptor_set_out={made}"]
    subprocess.run([sys.executable, *command, "inference.proto"], check=True, cwd=FOLDER)
    assert made.read_bytes() == (FOLDER / "inference.binpb").read_bytes()


def test_messages__every_field__has_the_number_that_triton_gives_it():
    (ours,) = FileDescriptorSet.FromString((FOLDER / "inference.binpb").read_bytes()).file
    theirs = FileDescriptorProto()
    service_pb2.DESCRIPTOR.CopyToProto(theirs)
    known = {message.name: message for message in theirs.message_type}
    for message in ours.message_type:
        assert fields(message) == fields(known[message.name]), message.name
    (service,) = ours.service
    methods = {each.name for each in next(s for s in theirs.service).method}
    assert {each.name for each in service.method} <= methods


def fields(message: Any) -> set[Any]:
    nested = {
        (inner.name, *fields(inner)) for inner in message.nested_type if inner.name[0].isupper()
    }
    kinds = {
        (field.name, field.number, field.type, field.label, field.type_name.split(".")[-1])
        for field in message.field
    }
    return kinds | nested
