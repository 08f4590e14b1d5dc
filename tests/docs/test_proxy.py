"""The proxy recipes: signed calls with ARNs in the path go through nginx and Caddy as they are written."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import LiveServer, boto_client
from tests.docs.pages import ROOT, blocks
from tests.postgres import free_port

pytestmark = pytest.mark.live

PAGE = ROOT / "docs" / "how-to" / "run-behind-a-proxy.md"
ROLE = "arn:aws:iam::000000000000:role/flows"
Proxy = Callable[[str, str, Path], AbstractContextManager[str]]


@contextlib.contextmanager
def nginx(recipe: str, server: str, folder: Path) -> Iterator[str]:
    """The recipe in nginx without TLS on a free port; yields its address."""
    port = free_port()
    site = re.sub(r"^\s*ssl_\w+ .*\n", "", recipe, flags=re.MULTILINE)
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};").replace(
        "http://127.0.0.1:8321", server
    )
    assert str(port) in site
    assert server in site
    folders = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(
        f"{user}pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}{site}}}\n"
    )
    command = ["nginx", "-c", str(config), "-e", f"{folder}/error.log"]
    _call(*command)  # it returns when it listens, and stays behind
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        _call(*command, "-s", "quit")


@contextlib.contextmanager
def caddy(recipe: str, server: str, folder: Path) -> Iterator[str]:
    """The recipe in Caddy without TLS on a free port; yields its address."""
    port = free_port()
    admin = f"127.0.0.1:{free_port()}"
    site = recipe.replace("flows.example.com", f"http://:{port}").replace(
        "127.0.0.1:8321", server.removeprefix("http://")
    )
    assert str(port) in site
    config = folder / "Caddyfile"
    config.write_text(f"{{\n admin {admin}\n}}\n{site}")
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    _call("caddy", "start", "--config", str(config), "--adapter", "caddyfile", **home)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        _call("caddy", "stop", "--address", admin, **home)


def _call(*command: str, **environment: str) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # what stays behind would keep a pipe open
        stderr=subprocess.DEVNULL,
        timeout=30,
    )
    assert done.returncode == 0, command


@pytest.mark.parametrize("proxy", [nginx, caddy], ids=["nginx", "caddy"])
def test_signed_calls_with_arns_go_through(proxy: Proxy, fresh_server: LiveServer, tmp_path: Path) -> None:
    name = "nginx" if proxy is nginx else "caddy"
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed, so its recipe is NOT TESTED here")
    recipe = blocks(PAGE, "nginx" if proxy is nginx else "caddyfile")[0].text
    key = _make_key(fresh_server)
    with proxy(recipe, fresh_server.url, tmp_path) as address:
        client = boto_client(address, access_key=key["access_key_id"], secret_key=key["secret_access_key"])
        definition = json.loads((ROOT / "examples" / "support_triage.json").read_text())
        arn = client.create_flow(name="Proxied", executionRoleArn=ROLE, definition=definition)["arn"]
        client.prepare_flow(flowIdentifier=arn)
        client.create_flow_version(flowIdentifier=arn)
        read = client.get_flow_version(flowIdentifier=arn, flowVersion="1")
        assert read["definition"] == definition
        assert client.list_flow_versions(flowIdentifier=arn)["flowVersionSummaries"][0]["arn"] == arn
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_flow(flowIdentifier=arn.rpartition("/")[0] + "/ABCDEFGHIJ")


def test_the_check_of_the_page_sees_a_path_that_was_decoded(fresh_server: LiveServer, tmp_path: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed, so its recipe is NOT TESTED here")
    recipe = blocks(PAGE, "nginx")[0].text.replace("8321;", "8321/;")
    key = _make_key(fresh_server)
    with nginx(recipe, fresh_server.url, tmp_path) as address:
        client = boto_client(address, access_key=key["access_key_id"], secret_key=key["secret_access_key"])
        assert client.list_flows()["flowSummaries"] == []
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            client.get_flow(flowIdentifier="arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ")


def _make_key(server: LiveServer) -> dict[str, str]:
    made = subprocess.run(
        [sys.executable, "-m", "headrace", "keys", "create", "--email", "a@example.com", "--json",
         "--store", server.store],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    key: dict[str, str] = json.loads(made.stdout)
    return key
