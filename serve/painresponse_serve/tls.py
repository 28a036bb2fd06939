"""Encrypted connections: the server's certificate, and whose clients' certificates it asks for."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from painresponse.errors import DefinitionError

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2 what TLS 1.3 kept: a fresh key for each connection, and encryption that also authenticates."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the certificate (with its chain) and its private key; the authority of the clients'."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together: name both files, or neither")
        if self.client_ca and not self.certificate:
            raise ValueError("client_ca asks clients for certificates, which needs one of the server itself")


def tls_config(tls: Tls) -> dict[str, Any]:
    """The arguments of uvicorn.Config for TLS 1.2 or newer; none where no certificate is named.

    Raises DefinitionError for files that are missing, unreadable, encrypted or do not belong together.
    """
    if not tls.certificate:
        return {}
    arguments: dict[str, Any] = {
        "ssl_certfile": tls.certificate,
        "ssl_keyfile": tls.key,
        "ssl_ciphers": CIPHERS,
    }
    check_files(tls)
    if tls.client_ca:
        arguments |= {"ssl_ca_certs": tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return arguments


def check_files(tls: Tls) -> None:
    """Raises DefinitionError for files that are missing, unreadable, encrypted or do not belong together."""
    for path in filter(None, (tls.certificate, tls.key, tls.client_ca)):
        _check_readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # as uvicorn makes it: TLS 1.2 is its least
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
    except ssl.SSLError as error:
        raise DefinitionError(_words_for(error, tls)) from None
    except _EncryptedError:
        raise DefinitionError(
            f"The private key {tls.key} is encrypted, and nobody is there to type its password. Write it "
            "unencrypted to a file that only the server may read: openssl pkey -in OLD -out NEW."
        ) from None
    if tls.client_ca:
        _check_authority(context, tls.client_ca)


def _check_readable(path: str) -> None:
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise DefinitionError(f"Cannot read {path}, named under [tls]: {error.strerror}.") from None


class _EncryptedError(Exception):
    """OpenSSL asks for the password of a key."""


def _no_password() -> str:
    raise _EncryptedError


def _words_for(error: ssl.SSLError, tls: Tls) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"The private key {tls.key} does not belong to the certificate {tls.certificate}."
    return (
        f"{tls.certificate} and {tls.key} are not a certificate and its private key in PEM that can be "
        f"used: {error.reason or 'unreadable'}."
    )


def _check_authority(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        reason = error.reason or "unreadable"
        raise DefinitionError(f"{path} holds no certificates in PEM to check clients by: {reason}.") from None
