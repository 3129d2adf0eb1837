"""What is in ``deploy`` and the public workflows fits the program: names, files, metrics."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from oracle.api import health
from oracle.cli.settings import Settings
from oracle.core.lifecycle import State
from oracle.core.transaction import TxState
from oracle.node.metrics import Metrics
from tests.support.needs import program

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def variables(text: str) -> set[str]:
    """Names of the program's settings in a text."""
    return {name.lower() for name in re.findall(r"\bORACLE_([A-Z_]+)", text)}


def instructions() -> list[list[str]]:
    """The Dockerfile's instructions, by stage, each on one line."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    stages: list[list[str]] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.startswith("FROM "):
            stages.append([])
        if line.strip():
            stages[-1].append(line)
    return stages


def in_context(path: str) -> bool:
    """Whether the build may read the file: the ignore file's last pattern that fits decides."""
    kept = True
    for pattern in (DEPLOY / "Dockerfile.dockerignore").read_text().split():
        plain = pattern.lstrip("!").replace("**/", "*")
        if fnmatch(path, plain) or path.startswith(plain + "/"):
            kept = pattern.startswith("!")
    return kept


def test_settings__that_files_name__are_the_programs() -> None:
    own = {"journal_password"}
    for path in [*DEPLOY.rglob("*"), *WORKFLOWS]:
        if path.is_file() and path.suffix != ".lock":
            assert variables(path.read_text()) <= set(Settings.model_fields) | own, path


def test_dockerfile__copies_what_is_there_and_in_its_context() -> None:
    copied = [
        words[1:-1]
        for stage in instructions()
        for line in stage
        if (words := shlex.split(line))[0] == "COPY" and not words[1].startswith("--from=")
    ]
    for source in (each for sources in copied for each in sources):
        path = ROOT / source
        assert path.exists(), source
        assert in_context(source if path.is_file() else f"{source}/x"), source
    assert not in_context("oracle/api/static/index.html.gz")
    assert not in_context(".oracle/keystore/key.json")
    assert not in_context("deploy/secrets/passphrase")


def test_dockerfile__last_stage__is_small_and_runs_as_nobody() -> None:
    stages = instructions()
    last = stages[-1]
    assert len(stages) > 1
    assert all(re.fullmatch(r"FROM \S+:[\w.-]+( AS \w+)?", stage[0]) for stage in stages)
    assert not any(":latest" in stage[0] for stage in stages)
    (user,) = [line for line in last if line.startswith("USER ")]
    assert user.split()[1] not in ("0", "root")
    assert last.index(user) < next(i for i, x in enumerate(last) if x.startswith("ENTRYPOINT"))
    assert not any(re.search(r"apt-get|npm|pip install", line) for line in last)
    (check,) = [line for line in last if line.startswith("HEALTHCHECK")]
    paths = {route.path for route in health.router.routes}  # type: ignore[attr-defined]
    assert re.findall(r"8550(/\w+)", check)[0] in paths
    (command,) = [line for line in last if line.startswith("CMD ")]
    assert_command(json.loads(command.removeprefix("CMD ")))


def test_image_lock__is_the_tested_versions_with_hashes() -> None:
    image = (DEPLOY / "requirements.lock").read_text()
    tested = (ROOT / "requirements-dev.lock").read_text()
    pins = re.findall(r"^([\w.-]+==[\w.+-]+)", image, re.MULTILINE)
    assert len(pins) > 50
    assert set(pins) <= set(re.findall(r"^([\w.-]+==[\w.+-]+)", tested, re.MULTILINE))
    for entry in re.split(r"\n(?=[a-z])", image.strip()):
        assert "--hash=sha256:" in entry, entry[:60]
    named = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]")[0]
    names = {pin.split("==")[0] for pin in pins}
    assert set(re.findall(r'"([\w-]+)', named)) <= names


def test_compose__names_files_volumes_and_secrets_that_are_there() -> None:
    compose = read(DEPLOY / "compose.yml")
    services = compose["services"]
    oracle = services["oracle"]
    assert (DEPLOY / oracle["build"]["context"] / oracle["build"]["dockerfile"]).is_file()
    assert oracle["read_only"]
    assert oracle["cap_drop"] == ["ALL"]
    assert set(oracle["secrets"]) <= set(compose["secrets"])
    assert all("latest" not in each.get("image", "") for each in services.values())
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (DEPLOY / source).is_file() if source.startswith(".") else None
            assert there if there is not None else source in compose["volumes"], volume


def test_prometheus__scrapes_the_service_and_reads_the_rules() -> None:
    config = read(DEPLOY / "prometheus" / "prometheus.yml")
    for name in config["rule_files"]:
        assert (DEPLOY / "prometheus" / name).is_file()
    (job,) = config["scrape_configs"]
    host, port = job["static_configs"][0]["targets"][0].split(":")
    service = read(DEPLOY / "compose.yml")["services"][host]
    assert service["ports"][0].endswith(f":{port}")
    assert f'job="{job["job_name"]}"' in (DEPLOY / "prometheus" / "alerts.yml").read_text()


def expressions() -> list[tuple[str, str]]:
    """Every PromQL expression of the rules and the dashboard, with where it stands."""
    rules = read(DEPLOY / "prometheus" / "alerts.yml")["groups"]
    found = [(rule["alert"], rule["expr"]) for group in rules for rule in group["rules"]]
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    found += [
        (panel["title"], each["expr"]) for panel in dashboard["panels"] for each in panel["targets"]
    ]
    found += [("variable", each["definition"]) for each in dashboard["templating"]["list"]]
    return found


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_expression__names_metrics_labels_and_states_that_there_are(
    where: str, expression: str
) -> None:
    families = {family.name: family for family in Metrics().registry.collect()}
    for name in set(re.findall(r"\boracle_\w+", expression)):
        base = re.sub(r"_(total|bucket|count|sum)$", "", name)
        assert name in families or base in families, where
        assert (name != base) == (families[base].type in ("counter", "histogram")), where
        known = {"oracle_requests": set(State), "oracle_transactions": set(TxState)}.get(name)
        for pattern in re.findall(rf'{name}\{{[^}}]*state(?:=~?|!~|!=)"([^"]+)"', expression):
            assert known is None or set(pattern.split("|")) <= set(map(str, known)), where
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


def test_alerts__each__says_what_and_how_bad() -> None:
    for group in read(DEPLOY / "prometheus" / "alerts.yml")["groups"]:
        names = [rule["alert"] for rule in group["rules"]]
        assert len(names) == len(set(names))
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert rule["annotations"]["summary"]


def test_dashboard__its_panels_do_not_overlap_and_have_the_data_source() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    (source,) = read(DEPLOY / "grafana" / "datasource.yml")["datasources"]
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["datasource"]["uid"] == source["uid"]


def test_unit__is_what_systemd_takes(tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "decision-oracle.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    assert_command(shlex.split(command)[1:])
    unit = tmp_path / "decision-oracle.service"
    unit.write_text(text.replace(shlex.split(command)[0], sys.executable))
    found = subprocess.run(
        [program("systemd-analyze"), "verify", unit], capture_output=True, text=True, timeout=60
    )
    said = [line for line in found.stderr.splitlines() if unit.name in line]
    assert not said
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow__runs_what_is_there_with_no_more_rights_than_it_needs(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for work in workflow["jobs"].values():
        assert work["timeout-minutes"]
        for lock in work.get("strategy", {}).get("matrix", {}).get("lock", []):
            assert (ROOT / lock).is_file()
        for step in work["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
            words = shlex.split(step.get("run", ""))
            for flag, name in zip(words, words[1:], strict=False):
                if flag == "--file":
                    assert (ROOT / name).is_file(), name
            if words and words[0] == "make":
                assert words[1] in targets
            if words and words[0].startswith("."):
                assert (ROOT / words[0]).stat().st_mode & 0o111


def test_audit__runs_by_itself_over_every_lock() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "audit.yml")
    triggers = workflow[True]  # YAML 1.1 takes `on` for a truth value
    (schedule,) = triggers["schedule"]
    assert re.fullmatch(r"\d{1,2} \d{1,2} \* \* \d", schedule["cron"])
    locks = {str(path.relative_to(ROOT)) for path in ROOT.glob("requirements*.lock")}
    locks.add("deploy/requirements.lock")
    assert set(workflow["jobs"]["python"]["strategy"]["matrix"]["lock"]) == locks


def assert_command(words: list[str]) -> None:
    """The arguments are those of a command that there is."""
    from typer.main import get_command

    from oracle.cli.main import app

    command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
