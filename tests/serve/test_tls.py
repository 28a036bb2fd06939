"""Encrypted connections: certificates made here, real handshakes, and files that cannot be used."""

import datetime
import json
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from painresponse.errors import DefinitionError
from painresponse_serve.tls import Tls, tls_config
from tests.serve.conftest import PATIENCE, Server, eventually, running
from tests.serve.patients import patient
from tests.serve.renewals import lines, replace
from tests.serve.test_process import started

HERE = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as files and in hand."""

    certificate: Path
    key: Path
    own: x509.Certificate
    private: ec.EllipticCurvePrivateKey


def pair(folder: Path, name: str, by: Pair | None = None) -> Pair:
    """A certificate signed by another, or by itself."""
    private, begin = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2000, 1, 1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.own.subject if by else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2100))
        .add_extension(HERE, critical=False)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    own = unsigned.sign(by.private if by else private, SHA256())
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(own.public_bytes(Encoding.PEM))
    files[1].write_bytes(written(private, NoEncryption()))
    return Pair(*files, own, private)


def written(private: ec.EllipticCurvePrivateKey, how: KeySerializationEncryption) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(room: Path) -> Pair:
    return pair(room, "server")


@pytest.fixture(scope="module")
def authority(room: Path) -> Pair:
    return pair(room, "authority")


@pytest.fixture(scope="module")
def encrypted(tiny_bundle: Path, room: Path, ours: Pair) -> Iterator[Server]:
    more = ("--tls-certificate", ours.certificate, "--tls-key", ours.key)
    with running(tiny_bundle, room, more=more) as server:
        yield server


@pytest.fixture(scope="module")
def mutual(
    tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory, ours: Pair, authority: Pair
) -> Iterator[Server]:
    more = ("--tls-certificate", ours.certificate, "--tls-key", ours.key)
    more += ("--tls-client-ca", authority.certificate)
    with running(tiny_bundle, tmp_path_factory.mktemp("mutual"), more=more) as server:
        yield server


def trusting(ours: Pair, client: Pair | None = None) -> ssl.SSLContext:
    """A client that trusts the server's certificate and may show one of its own."""
    context = ssl.create_default_context(cafile=str(ours.certificate))
    if client:
        context.load_cert_chain(client.certificate, client.key)
    return context


def greeted(server: Server, context: ssl.SSLContext) -> tuple[bytes, str, str]:
    """What a client is answered, if anything, and the version and cipher it was agreed on to speak."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        return connection.recv(100), str(connection.version()), connection.cipher()[0]  # type: ignore[index]


def hung_up_on(server: Server, context: ssl.SSLContext) -> bool:
    """Whether the server ends the conversation without an answer; it may say why, as TLS can."""
    try:
        return greeted(server, context)[0] == b""
    except ConnectionError:
        return True
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError as error:
        return error.reason == "UNEXPECTED_EOF_WHILE_READING" or "_ALERT_" in error.reason


def test_https_answers_whoever_trusts_the_certificate(encrypted: Server, ours: Pair):
    assert encrypted.url.startswith("https://127.0.0.1:")
    with httpx.Client(verify=trusting(ours), base_url=encrypted.url) as client:
        assert client.post("/v1/score", json=patient()).status_code == 200


def test_whoever_does_not_trust_it_sends_nothing(encrypted: Server):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{encrypted.url}/healthz")


def test_plain_http_is_hung_up_on_at_once(encrypted: Server):
    with socket.create_connection(("127.0.0.1", encrypted.port), timeout=5) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert b"HTTP" not in client.recv(1000)
    assert "Traceback" not in encrypted.output.read_text()


def test_tls_1_1_is_refused_by_the_server(encrypted: Server, ours: Pair):
    context = trusting(ours)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert hung_up_on(encrypted, context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert greeted(encrypted, context)[1] == "TLSv1.2"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_newer_versions_are_spoken_with_ciphers_that_authenticate(
    encrypted: Server, ours: Pair, version: ssl.TLSVersion
):
    context = trusting(ours)
    context.minimum_version = context.maximum_version = version
    answer, spoken, cipher = greeted(encrypted, context)
    assert answer.startswith(b"HTTP/1.1 200")
    assert spoken == version.name.replace("_", ".")
    assert "GCM" in cipher or "CHACHA20" in cipher


@pytest.mark.parametrize(
    "cipher", ["ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES256-SHA", "AECDH-AES256-SHA"]
)
def test_an_old_cipher_is_refused_by_the_server(encrypted: Server, ours: Pair, cipher: str):
    context = trusting(ours)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    assert hung_up_on(encrypted, context)


def test_a_client_shows_a_certificate_of_the_authority_where_one_is_named(
    mutual: Server, room: Path, ours: Pair, authority: Pair
):
    known = pair(room, "client", by=authority)
    assert greeted(mutual, trusting(ours, known))[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("shown", [None, "stranger", "server"])
def test_no_other_client_gets_an_answer(mutual: Server, room: Path, ours: Pair, shown: str | None):
    client = {None: None, "server": ours, "stranger": pair(room, "stranger")}[shown]
    assert hung_up_on(mutual, trusting(ours, client))


# A renewed certificate.


def shown(server: Server) -> int:
    """The serial number of the certificate that a new connection is shown."""
    seen = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=PATIENCE)
    return x509.load_pem_x509_certificate(seen.encode()).serial_number


def put(new: Pair, old: Pair) -> None:
    """The files of a pair in the place of those of another, key first."""
    replace(old.key, new.key.read_bytes())
    replace(old.certificate, new.certificate.read_bytes())


@pytest.mark.parametrize("watching", [False, True], ids=["at a signal", "by itself"])
def test_a_renewed_certificate_counts_from_the_next_connection_on(
    tiny_bundle: Path, tmp_path: Path, watching: bool
):
    (tmp_path / "next").mkdir()
    first, second = pair(tmp_path, "server"), pair(tmp_path / "next", "server")
    more = ("--tls-certificate", first.certificate, "--tls-key", first.key)
    tables = {"renewal": {"watch_seconds": 0.05}} if watching else {}
    with running(tiny_bundle, tmp_path, more=more, tables=tables) as server:
        with httpx.Client(verify=trusting(first), base_url=server.url) as before:
            assert before.post("/v1/score", json=patient()).status_code == 200
            put(second, first)
            if not watching:
                server.process.send_signal(signal.SIGHUP)
            eventually(lambda: shown(server) == second.own.serial_number)
            assert before.post("/v1/score", json=patient()).status_code == 200
        with httpx.Client(verify=trusting(second), base_url=server.url) as after:
            assert after.post("/v1/score", json=patient()).status_code == 200


def test_a_pair_that_does_not_belong_together_is_refused_and_the_old_one_stays(
    tiny_bundle: Path, tmp_path: Path
):
    (tmp_path / "next").mkdir()
    first, second = pair(tmp_path, "server"), pair(tmp_path / "next", "server")
    more = ("--tls-certificate", first.certificate, "--tls-key", first.key)
    with running(tiny_bundle, tmp_path, more=more) as server:
        replace(first.certificate, second.certificate.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        refusal = eventually(lambda: lines(server, "not_renewed"))[0]
        assert refusal["source"] == str(first.certificate)
        assert "does not belong to the certificate" in refusal["reason"]
        assert shown(server) == first.own.serial_number
        replace(first.key, second.key.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: shown(server) == second.own.serial_number)


# Files that cannot be used.


@pytest.fixture(scope="module")
def unusable(room: Path, ours: Pair, authority: Pair) -> dict[str, Path]:
    locked, text = room / "locked.key", room / "text.pem"
    locked.write_bytes(written(ours.private, BestAvailableEncryption(b"secret")))
    text.write_text("no certificate")
    return {"locked": locked, "text": text, "none": room / "none.pem", "folder": room, "other": authority.key}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"key": "other"}, "{other} does not belong to the certificate {ours}."),
        (
            {"key": "locked"},
            "{locked} is encrypted, and nobody is there to type its password. Write it",
        ),
        ({"key": "none"}, "Cannot read {none}, named under [tls]: No such file or directory."),
        ({"certificate": "none"}, "Cannot read {none}, named under [tls]: No such file or directory."),
        ({"certificate": "folder"}, "Cannot read {folder}, named under [tls]: Is a directory."),
        ({"certificate": "text"}, "are not a certificate and its private key in PEM that can be used"),
        ({"key": "text"}, "are not a certificate and its private key in PEM that can be used"),
        ({"client_ca": "text"}, "{text} holds no certificates in PEM to check clients by"),
        ({"client_ca": "none"}, "Cannot read {none}, named under [tls]: No such file or directory."),
    ],
)
def test_files_that_cannot_be_used_are_named_with_a_cure(
    ours: Pair, unusable: dict[str, Path], given: dict[str, str], words: str
):
    files = {"certificate": ours.certificate, "key": ours.key}
    files |= {name: unusable[one] for name, one in given.items()}
    with pytest.raises(DefinitionError) as refused:
        tls_config(Tls(**{name: str(path) for name, path in files.items()}))
    assert words.format(ours=ours.certificate, **unusable) in str(refused.value)


def test_a_server_does_not_start_with_them(tiny_bundle: Path, ours: Pair, unusable: dict[str, Path]):
    more = ("--tls-certificate", ours.certificate, "--tls-key", unusable["locked"])
    ended = started(tiny_bundle, "--allow-synthetic", "--port", "0", *more)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "openssl pkey -in OLD -out NEW" in ended.stderr
    assert "secret" not in ended.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--tls-key",), "certificate and key go together"),
        (("--tls-certificate",), "certificate and key go together"),
        (("--tls-client-ca",), "client_ca asks clients for certificates"),
    ],
)
def test_one_file_without_the_other_is_refused(
    tiny_bundle: Path, ours: Pair, flags: tuple[str, ...], words: str
):
    ended = started(tiny_bundle, "--allow-synthetic", *flags, ours.certificate)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr


def test_without_certificates_nothing_is_encrypted(server: Server):
    assert tls_config(Tls()) == {}
    assert json.loads(server.output.read_text().splitlines()[0])["url"].startswith("http://")
