"""The alert rules name only metrics that ``/metrics`` has, or Prometheus itself (``up``)."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import generate_latest

from oracle.node.metrics import Metrics

RULES = (Path(__file__).parents[3] / "deploy" / "prometheus" / "alerts.yml").read_text()
_ALERT = re.compile(r"- alert: (\w+)\n\s+expr: (.+)\n")


def test_alerts__name_only_metrics_that_there_are() -> None:
    alerts = _ALERT.findall(RULES)
    assert len(alerts) == RULES.count("alert:")
    told = re.findall(r"^# TYPE (\w+)", generate_latest(Metrics().registry).decode(), re.MULTILINE)
    for name, expression in alerts:
        metrics = re.findall(r"\boracle_\w+|\bup(?={)", expression)
        assert metrics, f"{name} watches nothing"
        assert set(metrics) <= {"up", *told}, f"{name} watches what /metrics does not have"
    assert {name for name, _ in alerts} >= {"PredictionsPastTheirDeadline", "PredictionsWaitLong"}
