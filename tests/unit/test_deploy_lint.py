"""The compose file and the Dockerfile as their linters would read them, and times that fit."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from oracle.cli.settings import Settings
from tests.unit.test_deploy import DEPLOY, instructions, read

TEXTS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
SECONDS = {"type": "string", "pattern": "^[0-9]+s$"}
NAMED = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object with these fields and no others."""
    shape = {"type": "object", "properties": properties, "required": required}
    return shape | {"additionalProperties": False}


def by_name(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value}


SERVICE = closed(
    ["restart"],
    image={"type": "string", "pattern": r"^[\w./-]+:[\w.-]*[0-9][\w.-]*$"},
    build=closed(["context"], context={"type": "string"}, dockerfile={"type": "string"}),
    restart={"enum": ["no", "always", "on-failure", "unless-stopped"]},
    depends_on=by_name(
        closed(["condition"], condition={"enum": ["service_started", "service_healthy"]})
    ),
    environment=NAMED,
    secrets=TEXTS,
    volumes=TEXTS,
    ports={"type": "array", "items": {"type": "string", "pattern": r"^[0-9.]+:\d+:\d+$"}},
    read_only={"type": "boolean"},
    tmpfs=TEXTS,
    cap_drop=TEXTS,
    security_opt=TEXTS,
    ulimits=by_name({"type": "integer"}),
    stop_grace_period=SECONDS,
    healthcheck=closed(["test"], test=TEXTS, interval=SECONDS, retries={"type": "integer"}),
)
COMPOSE = closed(
    ["services"],
    name={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
    services=by_name(SERVICE | {"oneOf": [{"required": ["image"]}, {"required": ["build"]}]}),
    secrets=by_name(closed(["file"], file={"type": "string"})),
    volumes=by_name({"type": "null"}),
)
"""As much of the Compose specification as the file uses, field by field with its types."""


def faults(compose: Any) -> list[str]:
    found = Draft202012Validator(COMPOSE).iter_errors(compose)
    return [f"{'/'.join(map(str, each.path))}: {each.message}" for each in found]


def test_compose__has_the_specifications_fields_and_no_others() -> None:
    assert faults(read(DEPLOY / "compose.yml")) == []
    text = (DEPLOY / "compose.yml").read_text()
    assert all(re.fullmatch(r"\w+:\?[^}]+", each) for each in re.findall(r"\$\{([^}]*)\}", text))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stop_grace", "30s"),
        ("restart", "sometimes"),
        ("ports", ["8550:8550"]),
        ("ulimits", {"core": "0"}),
        ("image", "postgres:latest"),
    ],
)
def test_compose__with_a_slip__is_noticed(field: str, value: Any) -> None:
    compose = copy.deepcopy(read(DEPLOY / "compose.yml"))
    compose["services"]["oracle"][field] = value
    assert faults(compose)


def test_stopping__has_more_time_than_a_node_takes_to_finish() -> None:
    longest = Settings.model_fields["drain_seconds"].default + 5
    unit = (DEPLOY / "systemd" / "decision-oracle.service").read_text()
    (given,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    grace = read(DEPLOY / "compose.yml")["services"]["oracle"]["stop_grace_period"]
    assert min(int(given), int(grace.removesuffix("s"))) > longest


def test_dockerfile__keeps_the_rules_that_hadolint_has() -> None:
    for stage in instructions():
        names = [line.split()[0] for line in stage]
        assert names[0] == "FROM"
        assert set(names) <= {
            *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME"),
            *("EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
        }, "ADD fetches, MAINTAINER and SHELL are not needed"
        for once in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
            assert names.count(once) <= 1
        for line in stage:
            word, _, rest = line.partition(" ")
            if word in ("ENTRYPOINT", "CMD"):
                assert rest.startswith("["), "without a shell, signals arrive"
            if word == "WORKDIR":
                assert rest.startswith("/")
            if word == "RUN":
                assert not re.search(r"\b(sudo|cd|wget|curl|apt-get upgrade)\b", rest), line
                assert "pip install" not in rest or "--no-deps" in rest, line
                assert "npm install" not in rest, "npm ci holds the lock"
