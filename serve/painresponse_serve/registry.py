"""An MLflow server's registry of models, asked over its REST API without MLflow's own client."""

import os
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import TypeVar
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from painresponse.errors import WorkError
from painresponse.scoring.opening import MOST_BYTES
from painresponse_serve.fetching import fetched

FILE = "model.onnx"
"""Of a bundle among the artifacts of its version."""

_DIGEST = re.compile("[0-9a-f]{64}")
_PROXIED = "mlflow-artifacts"
_MOST_WORDS = 1 << 20


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a registered model, and the SHA-256 of the bundle that painresponse logged with it."""

    model: str
    number: str
    digest: str


class _Tag(msgspec.Struct):
    key: str
    value: str


class _Said(msgspec.Struct):
    version: str
    tags: list[_Tag] = []


class _Aliased(msgspec.Struct):
    model_version: _Said


class _Placed(msgspec.Struct):
    artifact_uri: str


_Answer = TypeVar("_Answer", _Aliased, _Placed)


class Registry:
    """An MLflow server at an address.

    Asked as whom MLflow's own clients would ask: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or
    else MLFLOW_TRACKING_TOKEN, of the environment.
    """

    def __init__(self, address: str, *, environment: Mapping[str, str] = os.environ):
        self._address, self._headers = address.rstrip("/"), _credentials(environment)

    def version(self, model: str, alias: str) -> Version:
        """The version that has this alias. Raises WorkError."""
        said = self._answer(_Aliased, "registered-models/alias", name=model, alias=alias).model_version
        digest = next((one.value for one in said.tags if one.key == "sha256"), "")
        if not _DIGEST.fullmatch(digest):
            raise WorkError(
                f"Version {said.version} of {model} has no tag sha256 to check its file by. "
                "painresponse train registers bundles with it."
            )
        return Version(model, said.version, digest)

    def bundle(self, version: Version) -> bytes:
        """The file of a version, as it comes: nothing of it has been checked. Raises WorkError."""
        asked = {"name": version.model, "version": version.number}
        parts = urlsplit(self._answer(_Placed, "model-versions/get-download-uri", **asked).artifact_uri)
        if parts.scheme != _PROXIED or parts.netloc:
            raise WorkError(
                f"Version {version.number} of {version.model} does not lie behind the MLflow server but at "
                f"{parts.scheme}:. Start that server with --serve-artifacts."
            )
        path = quote(f"{parts.path.strip('/')}/{FILE}")
        return self._fetched(f"mlflow-artifacts/artifacts/{path}", most_bytes=MOST_BYTES)

    def _answer(self, kind: type[_Answer], method: str, **asked: str) -> _Answer:
        text = self._fetched(f"mlflow/{method}?{urlencode(asked)}", most_bytes=_MOST_WORDS)
        try:
            return msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise WorkError(f"What answers at {self._address} is no MLflow server.") from None

    def _fetched(self, place: str, *, most_bytes: int) -> bytes:
        try:
            return fetched(f"{self._address}/api/2.0/{place}", most_bytes=most_bytes, headers=self._headers)
        except (OSError, ValueError, HTTPException) as error:
            raise WorkError(
                f"The MLflow server {self._address} does not give {place.partition('?')[0]}: {_words(error)}."
            ) from None


def _credentials(environment: Mapping[str, str]) -> dict[str, str]:
    name, password, token = (
        environment.get(f"MLFLOW_TRACKING_{one}") for one in ("USERNAME", "PASSWORD", "TOKEN")
    )
    if name and password:
        return {"authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}
    return {"authorization": f"Bearer {token}"} if token else {}


def _words(error: Exception) -> str:
    """What went wrong, with the code that MLflow gives for it."""
    if isinstance(error, HTTPError):
        return f"{error.code} {error.reason}"
    return str(getattr(error, "reason", None) or error or type(error).__name__)
