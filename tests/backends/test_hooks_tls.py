"""A hook's certificate must be its host's, although the connection is made to a checked address."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.backends.test_functions import http, invoke
from tests.backends.things import failure, http_server

from headrace.core.effects import Fault


def certificate(folder: Path, host: str) -> ssl.SSLContext:
    """A server's side of TLS for one host, signed by itself; its certificate is `host.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "host.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.pem", folder / "key.pem")
    return context


def test_the_host_of_the_url_is_whom_we_speak_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "host.pem"))
    with http_server(lambda heard: (200, {}, b'"safe"'), context) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert invoke(http(url, allow_private=True), tmp_path) == "safe"
    assert server.heard[0].headers["host"] == url.removeprefix("https://")


@pytest.mark.parametrize("trusted", [True, False])
def test_another_hosts_certificate_is_refused(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certificate(tmp_path, "localhost" if not trusted else "other.example")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "host.pem"))
    with http_server(lambda heard: (200, {}, b"1"), context) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        failure(
            lambda: invoke(http(url, allow_private=True), tmp_path), Fault.GATEWAY, match="(?i)certificate"
        )
    assert server.heard == []
