"""The shipped service model is what botocore says, and says what the contract says."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import botocore
import pytest

from headrace.apis.bedrock import model as model_module
from headrace.apis.bedrock.model import SERVICES, Service, ServiceModel, load

REPOSITORY = Path(__file__).parents[4]
MODEL_DIR = Path(model_module.__file__).with_name("model")


@pytest.fixture(scope="module")
def model() -> ServiceModel:
    return load()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = REPOSITORY / "scripts/extract_service_model.py"
    spec = importlib.util.spec_from_file_location("extract_service_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("service", SERVICES)
def test_shipped_model_is_botocores(service: Service, script: ModuleType) -> None:
    text = (MODEL_DIR / f"{service}.json").read_text(encoding="utf-8")
    recorded = json.loads(text)["botocoreVersion"]
    if botocore.__version__ != recorded:
        pytest.skip(f"botocore {botocore.__version__} is installed, the model was cut from {recorded}")
    assert script.render(script.extract(service)) == text


def test_every_operation_of_the_contract_is_there_with_its_status(model: ServiceModel) -> None:
    created = {"CreateFlow", "CreateFlowVersion", "CreateFlowAlias", "CreatePrompt", "CreatePromptVersion"}
    assert len(model.operations) == 32
    statuses = {name: operation.status for name, operation in model.operations.items()}
    assert {name for name, status in statuses.items() if status == 201} == created
    assert {name for name, status in statuses.items() if status == 202} == {"PrepareFlow"}
    assert set(statuses.values()) == {200, 201, 202}


@pytest.mark.parametrize(
    ("name", "segments"),
    [
        ("CreateFlow", ("flows",)),
        ("GetFlow", ("flows", "{flowIdentifier}")),
        ("InvokeFlow", ("flows", "{flowIdentifier}", "aliases", "{flowAliasIdentifier}")),
        ("ValidateFlowDefinition", ("flows", "validate-definition")),
    ],
)
def test_segments_leave_the_trailing_slash_out(
    model: ServiceModel, name: str, segments: tuple[str, ...]
) -> None:
    assert model.operations[name].segments == segments


def test_no_method_and_path_is_used_twice(model: ServiceModel) -> None:
    routes = [
        (op.method, tuple("{}" if part.startswith("{") else part for part in op.segments))
        for op in model.operations.values()
    ]
    assert len(set(routes)) == len(routes)


def test_every_reference_resolves(model: ServiceModel) -> None:
    for operation in model.operations.values():
        shapes = model.shapes[operation.service]
        assert operation.input in shapes
        assert operation.output is None or operation.output in shapes
        assert all(shapes[name].error for name in operation.errors)
    for shapes in model.shapes.values():
        for shape in shapes.values():
            assert all(member.shape in shapes for member in shape.members.values())
            assert (shape.member.shape in shapes) == (shape.type == "list")
            assert (shape.key.shape in shapes) == (shape.value.shape in shapes) == (shape.type == "map")


@pytest.mark.parametrize(
    ("service", "name", "status"),
    [
        ("bedrock-agent", "ServiceQuotaExceededException", 402),
        ("bedrock-agent-runtime", "ServiceQuotaExceededException", 400),
        ("bedrock-agent", "ConflictException", 409),
        ("bedrock-agent-runtime", "DependencyFailedException", 424),
        ("bedrock-agent-runtime", "BadGatewayException", 502),
    ],
)
def test_error_statuses_are_per_service(
    model: ServiceModel, service: Service, name: str, status: int
) -> None:
    assert model.error_status(service, name) == status


@pytest.mark.parametrize("name", ["DependencyFailedException", "FlowDefinition", "Nonsense"])
def test_an_undeclared_error_has_no_status(model: ServiceModel, name: str) -> None:
    with pytest.raises(LookupError, match=name):
        model.error_status("bedrock-agent", name)


def test_loading_is_quick() -> None:
    def once() -> float:
        start = time.process_time()
        load()
        return time.process_time() - start

    assert min(once() for _ in range(20)) < 0.03


def test_the_server_does_not_need_botocore() -> None:
    code = "import sys, headrace.apis.bedrock.model as m; m.load(); print('botocore' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "False"
