"""Examples for the API's own documentation, and the problems that any route may answer with."""

from __future__ import annotations

from typing import Any

from oracle.api.problems import MEDIA_TYPE, Problem

ASK_EXAMPLES: dict[str, Any] = {
    "features": {
        "summary": "Features by name",
        "value": {
            "model": "NAME",
            "input": {"first-feature": 1.5, "second-feature": "0.25"},
            "subject": "loan-2041",
            "wait": 10,
        },
    },
    "bytes": {
        "summary": "Encoded input bytes",
        "value": {"model": "NAME", "input": "0x0000000f00000019"},
    },
    "tensors": {
        "summary": "Any ONNX model's tensors",
        "value": {"model": "NAME", "input": {"tensors": {"x": [[1.0, 2.0]]}}},
    },
}
"""``create_app`` replaces these by inputs of the models that are served, from their vectors."""


def ask_examples(inputs: dict[str, Any]) -> dict[str, Any]:
    """An example for each served model.

    Args:
        inputs: an input to try, by model name.
    """
    return {
        name: {
            "summary": f"Ask {name}",
            "value": {"model": name, "input": given, "wait": 10},
        }
        for name, given in inputs.items()
    } or ASK_EXAMPLES


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("Not JSON."),
    401: _problem("An API key is needed, or it is wrong."),
    403: _problem("A web page of another site, or a foreign host name."),
    404: _problem("No such model, decision or path."),
    409: _problem("It contradicts what is recorded or decided."),
    413: _problem("The body is too large."),
    422: _problem("The input can not be accepted."),
    429: _problem("Too much at once; `Retry-After` says when to ask again."),
    503: _problem("The chain, the journal or a model is not available; `Retry-After` says when."),
}
