"""The Open Inference Protocol: its clients get what the bundle says to the bit, the others an error."""

import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from painresponse.clinic import load_catalogue
from painresponse.export.bundling import make_bundle
from painresponse.export.graph import Sigmoid, TargetModel
from painresponse.export.snapping import snap
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.scorer import Scorer
from painresponse_serve.complaints import RequestError
from painresponse_serve.inference.reading import read
from painresponse_serve.settings import load_settings
from tests.serve.conftest import Server, eventually, running
from tests.serve.patients import somebody
from tests.serve.test_score import scored_here

HEAD = "Inference-Header-Content-Length"
NUMBERS = ("margin", "probability", "low", "high", "support")
LIMITS = load_settings().limits


@pytest.fixture(scope="module")
def bundle(scorer: Scorer) -> Bundle:
    return scorer.bundle


@pytest.fixture(scope="module")
def triton(server: Server) -> Iterator[InferenceServerClient]:
    with asking(server) as client:
        yield client


def asking(server: Server) -> InferenceServerClient:
    return InferenceServerClient(server.url.removeprefix("http://"))


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def rows(bundle: Bundle, count: int = 5, *, seed: int = 0, known: float = 0.6) -> np.ndarray:
    """Rows of features of nobody, of which some are missing."""
    rng = np.random.default_rng(seed)
    drawn = np.abs(rng.normal(5, 4, (count, len(bundle.features)))).astype(np.float32)
    drawn[rng.random(drawn.shape) > known] = np.nan
    return drawn


def tensor(matrix: np.ndarray, *, binary: bool = True, name: str = "features") -> InferInput:
    kind = {"float32": "FP32", "bool": "BOOL"}[str(matrix.dtype)]
    return InferInput(name, list(matrix.shape), kind).set_data_from_numpy(matrix, binary_data=binary)


def envelope(matrix: np.ndarray, **more: Any) -> dict[str, Any]:
    """A request in JSON alone, where what is missing is null."""
    data = [None if np.isnan(one) else float(one) for one in matrix.ravel()]
    features = {"name": "features", "datatype": "FP32", "shape": list(matrix.shape), "data": data}
    return {"inputs": [features], **more}


def inferred(client: httpx.Client, body: Any, *, model: str = "tiny", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/v2/models/{model}/infer", content=content, headers=headers)


def values(answer: dict[str, Any], name: str) -> np.ndarray:
    (output,) = [one for one in answer["outputs"] if one["name"] == name]
    kind = {"FP32": np.float32, "FP64": np.float64}[output["datatype"]]
    return np.array(output["data"], kind).reshape(output["shape"])


def to_the_bit(told: np.ndarray, here: np.ndarray) -> None:
    assert told.dtype == here.dtype
    assert_array_equal(told, here)


# A client of the protocol


@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_tritons_client_gets_what_the_bundle_says_to_the_bit(
    triton: InferenceServerClient, bundle: Bundle, seed: int, binary_in: bool, binary_out: bool
):
    sent = rows(bundle, seed + 1, seed=seed, known=0.6 if binary_in else 1.0)
    outputs = [InferRequestedOutput(name, binary_data=binary_out) for name in NUMBERS]
    answer = triton.infer("tiny", [tensor(sent, binary=binary_in)], outputs=outputs, request_id="17")
    here = bundle.run(sent)
    for name in NUMBERS:
        to_the_bit(answer.as_numpy(name), getattr(here, name))
        assert ("data" in answer.get_output(name)) is not binary_out
    head = answer.get_response()
    assert (head["id"], head["model_name"]) == ("17", "tiny")


def test_without_a_list_all_outputs_but_contributions_are_given(
    triton: InferenceServerClient, bundle: Bundle
):
    sent = rows(bundle)
    answer = triton.infer("tiny", [tensor(sent)])
    assert [one["name"] for one in answer.get_response()["outputs"]] == list(NUMBERS)
    for name in NUMBERS:
        to_the_bit(answer.as_numpy(name), getattr(bundle.run(sent), name))


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("asked", [(0,), (0, 2), (0, 1, 2)])
def test_contributions_are_given_of_the_targets_that_are_marked(
    triton: InferenceServerClient, bundle: Bundle, asked: tuple[int, ...], binary: bool
):
    sent = rows(bundle, 4, known=1)
    marks = np.isin(np.arange(len(bundle.targets)), asked)
    inputs = [tensor(marks, binary=binary, name="explain"), tensor(sent, binary=binary)]
    answer = triton.infer("tiny", inputs)
    here = bundle.run(sent, explain=asked)
    to_the_bit(answer.as_numpy("contributions"), here.contributions)
    to_the_bit(answer.as_numpy("margin"), here.margin)


def test_only_the_outputs_of_the_list_are_given_in_its_order(triton: InferenceServerClient, bundle: Bundle):
    wanted = [InferRequestedOutput("high"), InferRequestedOutput("probability", binary_data=False)]
    answer = triton.infer("tiny", [tensor(rows(bundle))], outputs=wanted)
    assert [one["name"] for one in answer.get_response()["outputs"]] == ["high", "probability"]


def test_tritons_client_finds_the_server_alive_and_the_model_ready(
    triton: InferenceServerClient, bundle: Bundle
):
    version = bundle.digest[:12]
    assert triton.is_server_live() and triton.is_server_ready()
    assert triton.is_model_ready("tiny") and triton.is_model_ready("tiny", version)
    assert not triton.is_model_ready("other") and not triton.is_model_ready("tiny", "1")
    assert "binary_tensor_data" in triton.get_server_metadata()["extensions"]


def test_the_metadata_name_tensors_types_shapes_and_columns(triton: InferenceServerClient, bundle: Bundle):
    version = bundle.digest[:12]
    facts = triton.get_model_metadata("tiny", version)
    assert facts == triton.get_model_metadata("tiny")
    assert (facts["name"], facts["versions"], facts["platform"]) == ("tiny", [version], "onnx_onnxv1")
    graph = bundle.session
    kinds = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(bool)": "BOOL"}
    for told, there in ((facts["inputs"], graph.get_inputs()), (facts["outputs"], graph.get_outputs())):
        assert {one["name"]: (one["datatype"], one["shape"]) for one in told} == {
            one.name: (kinds[one.type], [size if isinstance(size, int) else -1 for size in one.shape])
            for one in there
        }
    assert facts["parameters"]["features"] == list(bundle.features.names)
    assert facts["parameters"]["targets"] == [card.name for card in bundle.targets]
    assert facts["parameters"]["digest"] == bundle.digest


def test_a_version_can_be_asked_by_name_and_another_is_not_answered(
    triton: InferenceServerClient, bundle: Bundle
):
    version = bundle.digest[:12]
    answer = triton.infer("tiny", [tensor(rows(bundle))], model_version=version)
    assert answer.get_response()["model_version"] == version
    with pytest.raises(InferenceServerException, match=f"Served: {version}") as refused:
        triton.infer("tiny", [tensor(rows(bundle))], model_version="000000000000")
    assert refused.value.status() == "404"


def test_an_unknown_model_is_refused_in_words_the_client_can_show(
    triton: InferenceServerClient, bundle: Bundle
):
    with pytest.raises(InferenceServerException, match=r"Served: tiny") as refused:
        triton.infer("other", [tensor(rows(bundle))])
    assert refused.value.status() == "404"


def test_a_bare_nan_of_tritons_json_mode_is_refused_and_told_of_null_and_binary(
    triton: InferenceServerClient, bundle: Bundle
):
    with pytest.raises(InferenceServerException, match=r"send null .* binary mode") as refused:
        triton.infer("tiny", [tensor(rows(bundle), binary=False)])
    assert refused.value.status() == "400"


@pytest.mark.parametrize("how", ["gzip", "deflate"])
def test_a_compressed_body_is_not_unpacked(triton: InferenceServerClient, bundle: Bundle, how: str):
    with pytest.raises(InferenceServerException, match="uncompressed") as refused:
        triton.infer("tiny", [tensor(rows(bundle))], request_compression_algorithm=how)
    assert refused.value.status() == "415"


def test_several_clients_at_once_get_what_each_would_get_alone(server: Server, bundle: Bundle):
    many = [rows(bundle, 1 + seed % 70, seed=seed) for seed in range(30)]

    def told(sent: np.ndarray) -> np.ndarray:
        with asking(server) as one:
            return one.infer("tiny", [tensor(sent)]).as_numpy("probability")

    with ThreadPoolExecutor(6) as clients:
        for sent, answer in zip(many, clients.map(told, many), strict=True):
            to_the_bit(answer, bundle.run(sent).probability)


# JSON as anybody may write it


@pytest.mark.parametrize("seed", range(4))
def test_null_is_a_missing_value_flat_or_row_by_row(client: httpx.Client, bundle: Bundle, seed: int):
    sent = rows(bundle, 3, seed=seed)
    flat = envelope(sent)
    nested = envelope(sent)
    nested["inputs"][0]["data"] = np.reshape(flat["inputs"][0]["data"], sent.shape).tolist()
    for body in (flat, nested):
        answer = inferred(client, body).json()
        for name in NUMBERS:
            to_the_bit(values(answer, name), getattr(bundle.run(sent), name))


def test_a_row_of_nothing_known_is_answered(client: httpx.Client, bundle: Bundle):
    sent = np.full((1, len(bundle.features)), np.nan, np.float32)
    to_the_bit(values(inferred(client, envelope(sent)).json(), "margin"), bundle.run(sent).margin)


def test_a_history_scored_and_its_row_inferred_are_one_answer(
    client: httpx.Client, server: Server, scorer: Scorer
):
    history = somebody(3)
    row = scored_here(scorer, history).features
    told = values(inferred(client, envelope(row)).json(), "probability")[0].tolist()
    assert told == [one["probability"] for one in server.post(history).json()["scores"]]


def test_every_answer_says_what_was_not_checked(client: httpx.Client, bundle: Bundle):
    said = inferred(client, envelope(rows(bundle))).json()["parameters"]
    assert said["synthetic"] is True
    assert said["targets"] == "scs_permanent,rfa,cbt"
    for words in ("NOT FOR CLINICAL USE", "not a medical device", "does not compare", "was not checked"):
        assert words in said["notices"]


def supported(bundle: Bundle, path: Path) -> Path:
    """A bundle of the same targets whose models know how likely somebody is given the intervention."""
    rng = np.random.default_rng(0)
    x = rng.normal(5, 4, (400, len(bundle.features))).astype(np.float32)
    y = (x[:, 1] > 5).astype(float)
    shape = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbose": -1}
    booster = snap(lightgbm.train(shape, lightgbm.Dataset(x, y), num_boost_round=5))
    support = Sigmoid(booster, 0.5, -1.0)
    plain = bundle.metadata["targets"]
    make_bundle(
        path,
        load_catalogue(),
        [TargetModel(one["name"], booster, 1.0, 0.0, support=support) for one in plain],
        cards={one["name"]: one | {"least_support": LEAST} for one in plain},
        provenance=bundle.metadata["provenance"],
        reference={},
    )
    return path


LEAST = 0.25


def test_answers_with_little_support_are_counted_also_where_support_is_not_asked_for(
    bundle: Bundle, tmp_path: Path
):
    sent = envelope(rows(bundle, 9))
    with running(supported(bundle, tmp_path / "tiny.onnx"), tmp_path) as server, server.client() as client:
        support = values(inferred(client, sent).json(), "support")
        alone = inferred(client, sent | {"outputs": [{"name": "probability"}]}).json()
        told = client.get("/v2/models/tiny").json()["parameters"]["least_support"]
    assert told == [LEAST] * 3
    assert 0 < (support < LEAST).sum() < support.size
    assert [one["name"] for one in alone["outputs"]] == ["probability"]
    assert alone["parameters"]["unsupported"] == (support < LEAST).sum()


def test_the_request_in_the_documents_can_be_sent_as_it_stands(client: httpx.Client):
    example = client.get("/openapi.json").json()["components"]["schemas"]["InferRequest"]["example"]
    answer = inferred(client, example)
    assert answer.status_code == 200
    assert [one["name"] for one in answer.json()["outputs"]] == ["probability", "support"]


# What is refused

CANARY = "Zyxwvut Canary 46.13751"


def changed(bundle: Bundle, place: str = "features", **changes: Any) -> dict[str, Any]:
    """A good request with another features input; None leaves a member out."""
    body = envelope(rows(bundle, 2))
    one = {**body["inputs"][0], **changes}
    body["inputs"][0] = {name: value for name, value in one.items() if value is not None}
    return body


def marked(bundle: Bundle, **changes: Any) -> dict[str, Any]:
    """A good request with an explain input."""
    body = envelope(rows(bundle, 2))
    explain = {"name": "explain", "datatype": "BOOL", "shape": [3], "data": [True, False, False]}
    return body | {"inputs": [*body["inputs"], explain | changes]}


WRONG: dict[str, tuple[Any, int, str]] = {
    "nothing": (lambda b: b"", 400, "not JSON"),
    "words": (lambda b: CANARY.encode(), 400, "not JSON"),
    "a list": (lambda b: b"[]", 400, "shape of the protocol"),
    "no inputs": (lambda b: {"inputs": []}, 400, "length >= 1"),
    "not UTF-8": (lambda b: twice(b, b'"id": "\xff",'), 400, "not JSON"),
    "bytes for values": (lambda b: spelled(b, b'"\xff"'), 400, "list of numbers"),
    "NaN": (lambda b: spelled(b, b"NaN"), 400, "send null"),
    "Infinity": (lambda b: spelled(b, b"-Infinity"), 400, "binary mode"),
    "a number beyond FP32": (lambda b: spelled(b, b"46.13751e300"), 400, "within the range of FP32"),
    "a number beyond all": (lambda b: spelled(b, b"1e999"), 400, "within the range of FP32"),
    "a whole number of 5000 digits": (lambda b: spelled(b, b"4" * 5000), 400, "within the range of FP32"),
    "true": (lambda b: spelled(b, b"true"), 400, "list of numbers"),
    "a word as a value": (lambda b: spelled(b, json.dumps(CANARY).encode()), 400, "list of numbers"),
    "rows of other lengths": (lambda b: changed(b, data=[[1.0], [1.0, 2.0]]), 400, "all as long"),
    "rows instead of columns": (
        lambda b: changed(b, data=np.zeros((len(b.features), 2)).tolist()),
        400,
        "not as many elements",
    ),
    "rows and numbers mixed": (lambda b: changed(b, data=[[1.0], 2.0]), 400, "list of numbers"),
    "too few elements": (lambda b: changed(b, data=[1.0]), 400, "not as many elements"),
    "no elements": (lambda b: changed(b, data=[]), 400, "not as many elements"),
    "no data": (lambda b: changed(b, data=None), 400, "give either data, or binary_data_size"),
    "data twice over": (
        lambda b: changed(b, parameters={"binary_data_size": 8}),
        400,
        "give either data, or binary_data_size",
    ),
    "shared memory": (
        lambda b: changed(b, data=None, parameters={"shared_memory_region": CANARY}),
        400,
        "give either data",
    ),
    "another datatype": (lambda b: changed(b, datatype="FP64"), 400, "datatype must be FP32"),
    "a datatype that is none": (lambda b: changed(b, datatype=CANARY), 400, "datatype must be FP32"),
    "another width": (lambda b: changed(b, shape=[2, 3]), 400, "shape must be [-1, "),
    "one dimension": (lambda b: changed(b, shape=[2]), 400, "shape must be [-1, "),
    "no rows": (lambda b: changed(b, shape=[0, len(b.features)], data=[]), 400, "from 1 on"),
    "rows below none": (lambda b: changed(b, shape=[-1, len(b.features)]), 400, "from 1 on"),
    "a shape of words": (lambda b: changed(b, shape=[CANARY]), 400, "Expected `int`, got `str`"),
    "more rows than are allowed": (
        lambda b: changed(b, shape=[10**12, len(b.features)]),
        413,
        "At most 10000 rows",
    ),
    "a shape beyond all": (lambda b: changed(b, shape=[10**30, 1]), 400, "shape"),
    "an unknown input": (lambda b: changed(b, name=CANARY), 400, "and no other"),
    "an input twice": (lambda b: {"inputs": envelope(rows(b))["inputs"] * 2}, 400, "each once"),
    "an unknown member": (lambda b: envelope(rows(b)) | {CANARY: 1}, 400, "does not know"),
    "an unknown member of an input": (lambda b: changed(b, **{CANARY: 1}), 400, "does not know"),
    "a member twice": (lambda b: twice(b, b'"outputs": null, "outputs": [],'), 400, "same member twice"),
    "data twice": (
        lambda b: json.dumps(changed(b)).encode().replace(b'"data":', b'"data": [1.5], "data":'),
        400,
        "same member twice",
    ),
    "a parameter twice": (lambda b: twice(b, b'"parameters": {"a": 1, "a": 2},'), 400, "same member twice"),
    "an unknown output": (lambda b: wanting(b, name=CANARY), 400, "margin, probability"),
    "an output twice": (lambda b: wanting(b, "low", "low"), 400, "each of these once"),
    "contributions of nothing": (lambda b: wanting(b, "contributions"), 400, "mark one"),
    "contributions of no target": (
        lambda b: marked(b, data=[False] * 3) | {"outputs": [{"name": "contributions"}]},
        400,
        "mark one",
    ),
    "classification": (
        lambda b: wanting(b, name="low", parameters={"classification": 3}),
        400,
        "neither classification",
    ),
    "marks that are numbers": (lambda b: marked(b, data=[1, 0, 0]), 400, "true and false"),
    "too few marks": (lambda b: marked(b, data=[True]), 400, "not as many elements"),
    "marks of another shape": (lambda b: marked(b, shape=[4], data=[True] * 4), 400, "shape must be [3]"),
    "a long id": (lambda b: envelope(rows(b), id=CANARY * 20), 400, "length <= 256"),
    "very deep data": (lambda b: changed_text(b, b"[" * 50_000), 400, "not JSON"),
    "a very deep parameter": (
        lambda b: twice(b, b'"parameters": {"a": ' + b"[" * 3000 + b"]" * 3000 + b"},"),
        400,
        "not JSON",
    ),
    "a large body": (lambda b: b" " * 100_001, 413, "100000 bytes"),
}


def spelled(bundle: Bundle, value: bytes) -> bytes:
    """A request whose first value is spelled like this."""
    return changed_text(bundle, b"[" + value + b",")


def changed_text(bundle: Bundle, beginning: bytes) -> bytes:
    return json.dumps(changed(bundle)).encode().replace(b'"data": [', b'"data": ' + beginning)


def twice(bundle: Bundle, members: bytes) -> bytes:
    return b"{" + members + json.dumps(changed(bundle)).encode()[1:]


def wanting(bundle: Bundle, *names: str, **output: Any) -> dict[str, Any]:
    return envelope(
        rows(bundle, 1), outputs=[*({"name": one} for one in names), *([output] if output else [])]
    )


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_request_of_the_protocol_is_refused_with_its_reason(
    client: httpx.Client, bundle: Bundle, name: str
):
    make, status, words = WRONG[name]
    answer = inferred(client, make(bundle))
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]
    assert "Canary" not in answer.text and "46.13" not in answer.text


def binary_request(bundle: Bundle, sent: np.ndarray, *, size: int | None = None, tail: bytes = b"") -> Any:
    data = sent.astype("<f4").tobytes()
    features = {"name": "features", "datatype": "FP32", "shape": list(sent.shape)}
    features["parameters"] = {"binary_data_size": len(data) if size is None else size}
    head = json.dumps({"inputs": [features]}).encode()
    return head + data + tail, len(head)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 4}, "do not add up"),
        ({"size": 10**12}, "do not add up"),
        ({"size": 10**30}, "do not add up"),
        ({"size": -4}, "protocol"),
        ({"tail": b"x"}, "do not add up"),
    ],
)
def test_bytes_that_do_not_add_up_are_refused(
    client: httpx.Client, bundle: Bundle, change: dict[str, Any], words: str
):
    body, head = binary_request(bundle, rows(bundle, 2), **change)
    answer = inferred(client, body, **{HEAD: str(head)})
    assert (answer.status_code, words in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("said", ["-1", "+5", "1e3", "", "99999999", "9" * 400, "5 5", "0x10", "0"])
def test_a_head_of_no_good_length_is_refused(client: httpx.Client, bundle: Bundle, said: str):
    body, _ = binary_request(bundle, rows(bundle, 2))
    answer = inferred(client, body, **{HEAD: said})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_two_lengths_of_one_head_are_refused(client: httpx.Client, bundle: Bundle):
    body, head = binary_request(bundle, rows(bundle, 2))
    answer = client.post("/v2/models/tiny/infer", content=body, headers=[(HEAD, str(head)), (HEAD, "5")])
    assert (answer.status_code, "one number" in answer.json()["error"]) == (400, True)


def test_an_infinity_in_bytes_is_answered_as_the_bundle_answers_it(client: httpx.Client, bundle: Bundle):
    sent = rows(bundle, 2)
    sent[:, ::7] = np.inf
    body, head = binary_request(bundle, sent)
    answer = inferred(client, body, **{HEAD: str(head)})
    to_the_bit(values(answer.json(), "margin"), bundle.run(sent).margin)


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/plain"}, {"content-type": "text/html"}, {"content-encoding": "gzip"}]
)
def test_other_kinds_of_bodies_are_refused_in_the_words_of_the_protocol(
    client: httpx.Client, bundle: Bundle, headers: dict[str, str]
):
    answer = inferred(client, gzip.compress(json.dumps(changed(bundle)).encode()), **headers)
    assert answer.status_code == 415
    assert "application/json or application/octet-stream" in answer.json()["error"]


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2ftiny",
        "tiny%2f..",
        "tiny%00",
        "tiny.onnx",
        "%ff",
    ],
)
@pytest.mark.parametrize("rest", ["", "/ready", "/infer", "/versions/..", "/versions/%2e%2e%2f1/infer"])
def test_a_name_is_looked_up_and_never_a_path(server: Server, name: str, rest: str):
    method = "POST" if rest.endswith("infer") else "GET"
    lines = f"{method} /v2/models/{name}{rest} HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
        raw.sendall(f"{lines}connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 404")
    assert list(json.loads(answer.partition(b"\r\n\r\n")[2])) == ["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v2/nothing", 404), ("POST", "/v2", 405), ("GET", "/v2/models/tiny/infer", 405)],
)
def test_other_routes_and_methods_are_refused_in_the_words_of_the_protocol(
    client: httpx.Client, method: str, path: str, status: int
):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


# Limits, the alarm and the record


def test_limits_of_rows_hold_and_longer_requests_are_answered_to_the_bit(tiny_bundle: Path, tmp_path: Path):
    bundle = Scorer.load(tiny_bundle, allow_synthetic=True).bundle
    explain = tensor(np.ones(3, np.bool_), name="explain")
    with running(tiny_bundle, tmp_path, rows=300, patients=2) as server, asking(server) as client:
        sent = rows(bundle, 300)
        to_the_bit(client.infer("tiny", [tensor(sent)]).as_numpy("low"), bundle.run(sent).low)
        with pytest.raises(InferenceServerException, match="At most 300 rows"):
            client.infer("tiny", [tensor(rows(bundle, 301))])
        assert client.infer("tiny", [tensor(rows(bundle, 2)), explain]).as_numpy("contributions").any()
        with pytest.raises(InferenceServerException, match="At most 2 rows are explained"):
            client.infer("tiny", [tensor(rows(bundle, 3)), explain])


def test_while_there_is_an_alarm_no_row_is_answered(tiny_bundle: Path, tmp_path: Path, bundle: Bundle):
    alarm = tmp_path / "alarm"
    safety = {"safety": {"drift_alarm": str(alarm)}}
    with running(tiny_bundle, tmp_path, tables=safety) as server, server.client() as client:
        assert inferred(client, envelope(rows(bundle))).status_code == 200
        alarm.touch()
        answer = inferred(client, envelope(rows(bundle)))
    assert (answer.status_code, "R11_STALE" in answer.json()["error"]) == (422, True)


def test_an_answer_is_logged_and_recorded_by_its_rows(tiny_bundle: Path, tmp_path: Path, bundle: Bundle):
    record = tmp_path / "audit.jsonl"
    with running(tiny_bundle, tmp_path, tables={"audit": {"path": str(record)}}) as server:
        with server.client() as client:
            assert inferred(client, envelope(rows(bundle, 4), id=CANARY)).status_code == 200
        (line,) = eventually(server.requests)
        (entry,) = [json.loads(one) for one in record.read_text().splitlines()]
        assert "Canary" not in server.output.read_text() + record.read_text()
    assert (line["route"], line["rows"]) == ("/v2/models/{model}/infer", 4)
    assert entry["patients"] == 4
    assert entry["outcomes"] == {"infer": {"ok": 4}}
    assert entry["models"] == {"tiny": bundle.digest}


# Whatever is sent

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner))
words = st.sampled_from(("features", "explain", "FP32", "BOOL", "margin", "contributions"))
tensors = st.fixed_dictionaries(
    {},
    optional={
        "name": words | plain,
        "datatype": words | plain,
        "shape": st.lists(st.integers(-2, 400), max_size=3) | anything,
        "data": st.lists(st.floats() | st.none(), max_size=6) | anything,
        "parameters": st.dictionaries(
            st.sampled_from(("binary_data_size", "binary_data", "classification", "other")), plain
        ),
    },
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.lists(tensors, max_size=3) | anything,
        "outputs": st.lists(tensors, max_size=3) | anything,
        "id": plain,
        "parameters": anything,
    },
)


@given(
    body=envelopes.map(json.dumps).map(str.encode) | st.binary(max_size=200),
    cut=st.none() | st.integers(0, 300),
    tail=st.binary(max_size=20),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_malformed_request_is_always_a_complaint_of_the_client(
    bundle: Bundle, body: bytes, cut: int | None, tail: bytes
):
    with pytest.raises(RequestError) as refused:
        read(body + tail, cut, bundle, LIMITS)
    assert 400 <= refused.value.status < 500


@given(body=envelopes.map(json.dumps).map(str.encode))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_malformed_request_gets_an_error_of_the_protocol(client: httpx.Client, body: bytes):
    answer = inferred(client, body)
    assert 400 <= answer.status_code < 500
    assert list(answer.json()) == ["error"]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(0, 1))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_json_and_in_bytes_are_read_as_the_same_rows(
    bundle: Bundle, seed: int, count: int, known: float
):
    sent = rows(bundle, count, seed=seed, known=known)
    in_json = read(json.dumps(envelope(sent)).encode(), None, bundle, LIMITS).rows
    in_bytes = read(*binary_request(bundle, sent), bundle, LIMITS).rows
    to_the_bit(in_json, sent)
    to_the_bit(in_bytes, sent)
