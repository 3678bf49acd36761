import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.kernel.errors import Unavailable

from .conftest import CLOSE, ScriptedServer, answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "scripted")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    scripted = ScriptedServer(context)
    scripted.endpoint = scripted.endpoint.replace("http:", "https:")
    yield scripted
    scripted.stop()


def test_call__trusted_certificate__is_answered_and_kept(tls_server, open_to, certificate, monkeypatch):
    """TLS connections are kept and, when they died, replaced like plain ones."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    api = open_to(tls_server.endpoint, read_timeout_seconds=3)
    large = {"Item": "x" * 300_000}
    tls_server.script = [answer({"n": 1}), answer(large), CLOSE, answer({"n": 2})]
    assert api.call("GetItem", {}) == {"n": 1}
    assert api.call("GetItem", {}) == large
    assert tls_server.connections == 1
    assert api.call("GetItem", {}) == {"n": 2}
    assert tls_server.connections == 2


def test_call__untrusted_certificate__is_not_sent_anything(tls_server, open_to):
    """Nothing is said to a peer that cannot prove who it is."""
    with pytest.raises(Unavailable, match="no_answer"):
        open_to(tls_server.endpoint).call("GetItem", {})
    assert tls_server.requests == []
