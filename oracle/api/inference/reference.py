"""``/v2`` in the OpenAPI document: it is answered before the framework sees it."""

from __future__ import annotations

from typing import Any

TAG = "inference protocol"
_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The model's name.",
}
_OBJECT = {"type": "object"}
_TENSOR = {
    "type": "object",
    "required": ["name", "datatype", "shape"],
    "properties": {
        "name": {"type": "string"},
        "datatype": {"type": "string", "description": "BOOL, INT8 … FP64, BF16 or BYTES."},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "items": {}},
        "parameters": _OBJECT,
    },
}
_ASKED = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {
            "type": "object",
            "description": "With `oracle_decide` or `oracle_anchor` it is vouched for, too.",
        },
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {"type": "array", "items": _OBJECT},
    },
}


def paths() -> dict[str, Any]:
    """The protocol's paths."""
    return {
        "/v2": {"get": _operation("The server", "Name, version and extensions.")},
        "/v2/health/live": {"get": _operation("Does it live?", "200 as long as it answers.")},
        "/v2/health/ready": {
            "get": _operation("Is it ready?", "503 until every model passed its self-test.")
        },
        "/v2/models/{name}": {
            "get": _operation("A model's tensors", "Its own inputs and outputs.", _NAME)
        },
        "/v2/models/{name}/ready": {
            "get": _operation("Can it be asked?", "503 where its self-test failed.", _NAME)
        },
        "/v2/models/{name}/infer": {
            "post": _operation(
                "Ask a model",
                "The Open Inference Protocol, with the binary tensor extension: "
                "`docs/inference-protocol.md`. A plain answer is vouched for by nobody.",
                _NAME,
                body=_ASKED,
            )
        },
        "/v2/repository/index": {
            "post": _operation("The models", "Every one, and its state.", body=_OBJECT)
        },
    }


def _operation(
    summary: str, description: str, *parameters: dict[str, Any], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    refused = {
        "description": "What was wrong, and what to do.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"error": {"type": "string"}}}
            }
        },
    }
    found: dict[str, Any] = {
        "tags": [TAG],
        "summary": summary,
        "description": description,
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": {}}}},
            "default": refused,
        },
    }
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found
