"""Everything the documents describe, called in every way they allow and in many they do not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Server, running

OF_MEANING = "positive_data_acceptance"
"""What a schema allows may still mean nothing (a history without events), and is refused then."""


@pytest.fixture(scope="module")
def clinic(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has something to say of every opened chart."""
    folder = tmp_path_factory.mktemp("clinic")
    with running(tiny_bundle, folder, tables={"hooks": {"patient_view": ["scs", "rfa", "cbt"]}}) as server:
        yield server


def tried(server: Server, documents: str | Path, folder: Path, *more: str) -> dict[str, Any]:
    """What schemathesis reports: all checks but that one, of examples, limits, random calls and sequences."""
    options = ["--url", server.url, "--exclude-checks", OF_MEANING, "--seed", "1", "--no-color"]
    report = folder / "report.json"
    call = ["run", str(documents), *options, "--report-json-path", str(report), *more]
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *call],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert report.exists(), ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return found


@pytest.mark.slow
def test_whatever_is_called_the_answer_is_one_that_the_documents_describe(clinic: Server, tmp_path: Path):
    """Status, content type and shape; nothing malformed is accepted, and nothing is a fault of ours."""
    found = tried(clinic, f"{clinic.url}/openapi.json", tmp_path, "--max-examples", "30")
    assert found["failures"] == []
    assert found["errors"] == []
    operations, phases = found["operations"], found["phases"]
    assert operations["tested"] == operations["total"] > 20
    assert {one["status"] for one in phases.values()} == {"success"}
    assert found["test_cases"]["generated"] > 1000
    assert '"event":"failed"' not in clinic.output.read_text()


@pytest.mark.slow
def test_an_answer_that_the_documents_do_not_describe_would_be_found(clinic: Server, tmp_path: Path):
    with clinic.client() as client:
        described = client.get("/openapi.json").json()
    del described["paths"]["/v1/score"]["post"]["responses"]["422"]
    documents = tmp_path / "documents.json"
    documents.write_text(json.dumps(described))
    found = tried(clinic, documents, tmp_path, "--include-path", "/v1/score", "--phases", "coverage")
    assert "Undocumented status code" in {one["title"] for one in found["failures"]}
