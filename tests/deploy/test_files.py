"""What is in deploy/ is what its own tools take, and agrees with the program and with itself."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy.fleet import DEPLOY, ROOT, WITHIN_S

from headrace.cli import main
from headrace.settings import Settings

COMPOSE = (DEPLOY / "compose.yaml").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
DEPLOYMENTS = {one["metadata"]["name"]: one["spec"] for one in KUBERNETES if one["kind"] == "Deployment"}
PARTS = ("server-1", "server-2", "worker-1", "worker-2")
VARIABLES = {f"HEADRACE_{one.name.upper()}": one for one in dataclasses.fields(Settings)}


def tool(name: str) -> str:
    """A program of this environment, or of the machine."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed, so nothing is known about the files it is for.")
    return found


def call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)


def can_be_called(words: list[str]) -> None:
    """Parse a command line as `headrace` would; a wrong one raises."""
    command = main.get_command(main.make_context("-", [], resilient_parsing=True), words[0])  # type: ignore[attr-defined]
    assert command is not None, words
    command.make_context("-", words[1:])


# The image


def test_the_dockerfile_is_a_good_one(tmp_path: Path) -> None:
    done = call(tool("hadolint"), str(DEPLOY / "Dockerfile"))
    assert (done.returncode, done.stdout) == (0, "")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.replace("python:3.12-slim", "python"))
    assert call(tool("hadolint"), str(tmp_path / "Dockerfile")).returncode != 0, (
        "it looks at what it is given"
    )


def test_what_is_copied_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if re.match(r"COPY (?!--from)", line)]
    assert copied
    for name in [name for names in copied for name in names]:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert not any(
        fnmatch.fnmatch(secret, name) for name in kept for secret in (".env", ".git", "deploy/.env")
    )


def test_the_image_starts_what_there_is() -> None:
    words = {
        name: json.loads(text) for name, text in re.findall(r"(?m)^(ENTRYPOINT|CMD) (\[.*\])$", DOCKERFILE)
    }
    assert words["ENTRYPOINT"] == ["headrace"]
    can_be_called(words["CMD"])
    extras = re.search(r"EXTRAS=(\S+)", DOCKERFILE)
    assert extras is not None
    declared = (ROOT / "pyproject.toml").read_text()
    assert all(re.search(rf"(?m)^{extra} = \[", declared) for extra in extras[1].split(","))
    assert set(re.findall(r"HEADRACE_[A-Z_]+", DOCKERFILE)) <= set(VARIABLES)
    assert "USER 10001:10001" in DOCKERFILE


def test_the_health_check_asks_what_answers() -> None:
    """The probe of the image, on nobody: it fails, and in time."""
    probe = json.loads(re.findall(r"(?s)HEALTHCHECK.*?CMD (\[.*?\])\n", DOCKERFILE)[0])
    done = subprocess.run(
        [sys.executable, *probe[1:]],
        env={"HEADRACE_HEALTH_PORT": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 1
    assert "refused" in done.stderr


# Compose


def composed(text: str) -> Any:
    compose_spec = pytest.importorskip("compose_spec", reason="compose-spec is not installed")
    options = compose_spec.PyOptions()
    options.apply_merge = True
    found = options.from_yaml(text)
    for check in (found.validate, found.validate_networks, found.validate_volumes, found.validate_secrets):
        check()
    return found


def test_compose_takes_the_file() -> None:
    assert set(composed(COMPOSE).service_names()) == {"postgres", "proxy", "tools", *PARTS}
    with pytest.raises(ValueError, match="healthy"):
        composed(COMPOSE.replace("condition: service_healthy", "condition: healthy"))


def test_what_compose_needs_is_in_the_example() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    given = re.findall(r"(?m)^(\w+)=(.*)$", (DEPLOY / "example.env").read_text())
    assert {name for name, _ in given} == needed
    assert not any(value for _, value in given), "no secret is one that everybody knows"
    assert not re.findall(r"\$\{\w+\}", COMPOSE), "without a value it is refused, and not empty"
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_the_parts_of_compose_are_what_the_program_takes() -> None:
    declared = yaml.safe_load(COMPOSE)["volumes"]
    for name in PARTS:
        part = SERVICES[name]
        can_be_called(part["command"])
        assert set(part["environment"]) <= set(VARIABLES)
        assert part["read_only"] is True
        assert part["cap_drop"] == ["ALL"]
        assert part["depends_on"]["postgres"]["condition"] == "service_healthy"
        assert seconds(part["stop_grace_period"]) > end_s(part["command"], part["environment"])
    for one in SERVICES.values():
        for volume in one.get("volumes", []):
            source = volume.split(":")[0]
            assert source in declared or (DEPLOY / source).exists(), volume


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def end_s(command: list[str], environment: dict[str, str]) -> float:
    """How long a process may take to end."""

    def value(name: str) -> float:
        return float(
            environment.get(f"HEADRACE_{name.upper()}", VARIABLES[f"HEADRACE_{name.upper()}"].default)
        )

    carries = command[0] == "worker" or "--no-workers" not in command
    delay_s = 0.0 if command[0] == "worker" else value("drain_delay")
    return delay_s + value("shutdown_timeout") + (value("drain_timeout") if carries else 0.0)


def test_the_proxy_takes_its_file_and_looks_often_enough() -> None:
    caddy = tool("caddy")
    done = call(caddy, "validate", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile")
    assert done.returncode == 0, done.stderr
    text = (DEPLOY / "Caddyfile").read_text()
    assert {f"{name}:8321" for name in PARTS if name.startswith("server")} <= set(text.split())
    every = re.search(r"health_interval (\S+)", text)
    assert every is not None
    assert seconds(every[1]) * 2 < float(SERVICES["server-1"]["environment"]["HEADRACE_DRAIN_DELAY"])


# Kubernetes


def test_kubernetes_takes_the_file(tmp_path: Path) -> None:
    validator = tool("kubernetes-validate")
    done = call(validator, "--strict", str(DEPLOY / "kubernetes.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((DEPLOY / "kubernetes.yaml").read_text().replace("readOnlyRootFilesystem", "readOnly"))
    assert call(validator, "--strict", str(wrong)).returncode != 0


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_agrees_with_the_program(name: str) -> None:
    spec = DEPLOYMENTS[name]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    can_be_called(container["args"])
    config = next(o for o in KUBERNETES if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "headrace")
    secret = next(o for o in KUBERNETES if o["kind"] == "Secret")
    environment = {**config["data"], **{one["name"]: one["value"] for one in container.get("env", [])}}
    assert {*environment, *secret["stringData"]} <= set(VARIABLES)
    assert pod["terminationGracePeriodSeconds"] > end_s(container["args"], environment)
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    probes = [container[probe]["httpGet"] for probe in container if probe.endswith("Probe")]
    assert {probe["path"] for probe in probes} <= {"/healthz", "/readyz"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz", "a database that is away is no reason"
    assert all(probe["port"] in ports for probe in probes)
    assert pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}


def test_selectors_find_what_they_are_for() -> None:
    labels = [spec["template"]["metadata"]["labels"] for spec in DEPLOYMENTS.values()]
    for one in KUBERNETES:
        if one["kind"] in ("Service", "PodDisruptionBudget"):
            selector = one["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            assert sum(wanted.items() <= found.items() for found in labels) == 1, one["metadata"]["name"]


def test_no_secret_is_in_a_file() -> None:
    for path in DEPLOY.iterdir():
        text = path.read_text()
        assert not re.search(r"HEADRACE_SECRET_KEY[=:] *[A-Za-z0-9_-]{43}=", text), path
        assert "sk-" not in shlex.quote(text)
