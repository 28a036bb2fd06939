"""What a client can learn before it sends a history."""

import re
from pathlib import Path

import httpx
import pytest

from painresponse.scoring.scorer import Scorer
from tests.serve.conftest import Server
from tests.serve.patients import event, patient


@pytest.fixture
def client(server: Server):
    with server.client() as client:
        yield client


def test_models_lists_the_targets_in_catalogue_order_with_their_record(client: httpx.Client, scorer: Scorer):
    (models,) = client.get("/v1/models").json()["models"]
    assert [one["name"] for one in models["targets"]] == ["scs_permanent", "rfa", "cbt"]
    assert models["model"]["digest"] == scorer.bundle.digest
    assert models["provenance"] == scorer.bundle.metadata["provenance"]
    for told, card in zip(models["targets"], scorer.bundle.targets, strict=True):
        assert (told["label"], told["episodes"], told["metrics"]) == (card.label, card.episodes, card.metrics)


def test_models_names_the_rules_by_which_models_refuse(client: httpx.Client, scorer: Scorer):
    codes = [one["code"] for one in client.get("/v1/models").json()["models"][0]["rules"]]
    assert codes == [one.code for one in scorer.bundle.requirements]


def test_every_code_in_the_catalogue_is_known_when_it_is_sent(client: httpx.Client, server: Server):
    catalogue = client.get("/v1/catalogue").json()
    codes = [code.rstrip("*") for one in catalogue["concepts"] for code in one["codes"]]
    codes += [dose["code"] for one in catalogue["treatments"] for dose in one["begins"]]
    codes += [catalogue["treatments"][0]["begins"][0]["code"] + end for end in catalogue["ends"]]
    for first in range(0, len(codes), 200):
        sent = patient(*[event(code, 50) for code in codes[first : first + 200]])
        assert server.post(sent).json()["intake"]["unmapped"] == 0


def test_every_accepted_unit_is_accepted_and_limits_are_in_the_canonical_one(
    client: httpx.Client, server: Server
):
    concepts = client.get("/v1/catalogue").json()["concepts"]
    crp = next(one for one in concepts if one["name"] == "crp")
    low, high = crp["limits"]
    middle = (low + high) / 2
    sent = [event("PR//crp", 9, middle, unit=crp["unit"])]
    for number, one in enumerate(crp["accepted"]):
        sent.append(event("PR//crp", 10 + number, (middle - one["offset"]) / one["factor"], unit=one["unit"]))
    assert len(sent) > 1
    assert server.post(patient(*sent)).json()["intake"]["rejected"] == []
    outside = server.post(patient(event("PR//crp", 9, high * 1.01))).json()["intake"]["rejected"]
    assert [one["reason"] for one in outside] == ["limits"]


def test_the_example_in_the_documents_can_be_sent_as_it_stands(client: httpx.Client, server: Server):
    example = client.get("/openapi.json").json()["components"]["schemas"]["History"]["example"]
    answer = server.post(example)
    assert answer.status_code == 200
    assert answer.json()["intake"] | {"given": 0, "kept": 0} == {
        "given": 0,
        "kept": 0,
        "rejected": [],
        "unmapped": 0,
    }


def test_the_request_in_the_readme_can_be_sent_as_it_stands(server: Server):
    readme = Path(__file__).parents[2] / "serve" / "README.md"
    request = re.search(r"```json\n(.+?)```", readme.read_text(), re.DOTALL)
    answer = server.post(request[1].encode())
    assert answer.status_code == 200
    assert answer.json()["intake"]["unmapped"] == 0


def test_every_reference_in_the_documents_points_at_a_schema(client: httpx.Client):
    described = client.get("/openapi.json")
    names = set(re.findall(r'"#/components/schemas/(\w+)"', described.text))
    assert {"History", "Answer", "Failure", "Models", "Catalogue"} <= names
    assert names <= set(described.json()["components"]["schemas"])


def test_the_documents_hold_no_word_newer_than_openapi_3_0(client: httpx.Client):
    described = client.get("/openapi.json")
    assert described.json()["openapi"] == "3.0.3"
    assert not re.search(r'"(prefixItems|const|\$defs)":|"type":"null"', described.text)


def test_where_everybody_is_let_in_the_documents_ask_for_no_key(client: httpx.Client):
    described = client.get("/openapi.json")
    assert "securitySchemes" not in described.json()["components"]
    assert '"security"' not in described.text


def test_the_documents_forbid_what_the_server_refuses(client: httpx.Client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("History", "Event"):
        assert schemas[name]["additionalProperties"] is False
    assert schemas["Event"]["required"] == ["time", "code"]


def test_the_page_of_documents_needs_no_other_host(client: httpx.Client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(needed) == 4
    for path in needed:
        assert client.get(path).status_code == 200
    assert "inline" not in re.findall(r"script-src[^;]*", page.headers["content-security-policy"])[0]


def test_probes_tell_life_from_readiness(client: httpx.Client, scorer: Scorer):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {
        "status": "ready",
        "models": {"tiny": scorer.bundle.digest},
    }
