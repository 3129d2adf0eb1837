"""The inference protocol of a node as its users run it: ``oracle_anchor``, to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http

from oracle import Client
from oracle.client.answers import prediction_of
from oracle.client.http import NodeClient
from tests.support.up import Ways


@pytest.mark.parametrize("library", [triton_http, triton_grpc])
def test_infer__asked_to_anchor__is_anchored_and_its_receipt_verifies(ways: Ways, library: Any):
    row = library.InferInput("features", [1, 4], "FP32")
    row.set_data_from_numpy(np.array([[19.5, 4, 2.4, 3]], np.float32))
    over_http = library is triton_http
    with library.InferenceServerClient(f"127.0.0.1:{ways.api if over_http else ways.grpc}") as way:
        parameters = {"oracle_anchor": True, "oracle_subject": f"an order by {library.__name__}"}
        reply = way.infer("delivery-time", [row], parameters=parameters)
        told = reply.get_response() if over_http else reply.get_response(as_json=True)
    said = {
        name: value if over_http else next(iter(value.values()))
        for name, value in told["parameters"].items()
    }
    assert said["oracle_state"] == "pending"

    with NodeClient(ways.url) as node, Client(ways.url, rpc=ways.rpc) as client:
        pending = prediction_of(node.get(f"/api/predictions/{said['oracle_receipt']}"))
        assert pending.text == said["oracle_value"]
        anchored = client.anchored(pending)
        assert anchored.subject == said["oracle_subject"]
        report = client.verify(anchored)
    assert {check.outcome for check in report.checks} == {"held"}
    assert "root on chain" in {check.name for check in report.checks}
