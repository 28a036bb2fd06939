"""What Prometheus collects: how the server fares, what it serves, whether those asked about changed."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from painresponse.clinic import load_catalogue
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.scorer import Scorer
from painresponse_serve.drift import BLOCK, PERIOD, Watch, Watches
from painresponse_serve.metrics import FEW, NAMED
from painresponse_serve.shelf import Served, Shelf
from tests.lib.tampering import edited
from tests.serve.conftest import Server, running
from tests.serve.patients import event, patient

CANARY = "Zyxwvut-Canary-19680517"
QUANTILES = [0.1, 0.5, 2.5, 5.0, 7.5, 9.5, 9.9]
"""Of numbers drawn evenly between 0 and 10."""
KNOWN = 0.6

Series = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def path(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that says of every feature that it was drawn evenly, and of six in ten known."""
    return evenly(tiny_bundle, tmp_path_factory.mktemp("evenly"), known=KNOWN)


def evenly(bundle: Path, folder: Path, *, known: float) -> Path:
    def reference(metadata: dict[str, Any]) -> None:
        names = load_catalogue().features.names
        metadata["reference"] = {name: [*QUANTILES, known] for name in names}

    path = folder / "tiny.onnx"
    path.write_bytes(edited(bundle.read_bytes(), reference))
    return path


@pytest.fixture(scope="module")
def bundle(path: Path) -> Bundle:
    return Scorer.load(path, allow_synthetic=True).bundle


@pytest.fixture
def server(path: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that has counted nothing yet."""
    with running(path, tmp_path) as server:
        yield server


def like_training(bundle: Bundle, count: int, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(0, 10, (count, len(bundle.features))).astype(np.float32)
    drawn[rng.random(drawn.shape) > KNOWN] = np.nan
    return drawn


def series(server: Server, name: str) -> Series:
    """The series of a name, by the values of their labels in the order of the labels' names."""
    with server.client() as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    return {
        tuple(value for _, value in sorted(one.labels.items())): one.value
        for one in samples
        if one.name == f"painresponse_{name}"
    }


def infer(server: Server, matrix: np.ndarray) -> None:
    """Ask the Open Inference Protocol about rows, in requests that are not too large."""
    with server.client() as client:
        for part in np.array_split(matrix, max(1, len(matrix) // 400)):
            data = part.tobytes()
            features = {"name": "features", "datatype": "FP32", "shape": list(part.shape)}
            head = json.dumps(
                {"inputs": [features | {"parameters": {"binary_data_size": len(data)}}]}
            ).encode()
            answer = client.post(
                "/v2/models/tiny/infer",
                content=head + data,
                headers={"Inference-Header-Content-Length": str(len(head))},
            )
            assert answer.status_code == 200


def test_requests_are_timed_by_method_route_and_status(server: Server):
    server.post(patient())
    server.post(patient())
    server.post(b"hello")
    counts = series(server, "request_seconds_count")
    assert counts["POST", "/v1/score", "200"] == 2
    assert counts["POST", "/v1/score", "400"] == 1
    assert 0 < series(server, "request_seconds_sum")["POST", "/v1/score", "200"] < 60


def test_answers_are_counted_by_model_target_and_outcome(server: Server):
    server.post(patient(targets=["rfa", "cbt"]))
    server.post([patient(age=9), patient(age=9)])
    counts = series(server, "scores_total")
    assert counts["tiny", "ok", "rfa"] == counts["tiny", "ok", "cbt"] == 1
    assert {key: count for key, count in counts.items() if key[1] != "ok"} == {
        ("tiny", "R01_AGE", target): 2 for target in ("scs_permanent", "rfa", "cbt")
    }


def test_the_bundles_in_service_are_named_with_their_origin(server: Server, bundle: Bundle):
    with server.client() as client:
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    (family,) = [one for one in families if one.name == "painresponse_model_info"]
    (sample,) = family.samples
    assert sample.value == 1
    assert sample.labels == {
        "model": "tiny",
        "digest": bundle.digest,
        "synthetic": "true",
        "data": "noise",
        "data_fingerprint": "0" * 64,
        "software": "0.1.0",
    }


def test_events_left_out_are_counted_by_reason(server: Server):
    again = event("PR//pain", 5, 7)
    server.post(patient(again, event("PR//crp", 3, 5, unit="furlong"), event("PR//pain", 3, 77)))
    server.post(patient(again))
    assert series(server, "events_rejected_total") == {("duplicate",): 2, ("limits",): 1, ("unit",): 1}
    assert series(server, "events_given_total") == {(): 14}


def test_requests_at_work_and_those_without_room_are_counted(path: Path, tmp_path: Path):
    with running(path, tmp_path, concurrent=1, busy_seconds=0.01) as server:
        assert series(server, "requests_at_work") == {(): 0}
        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(server.post, [[patient()] * 20] * 32))
        refused = sum(one.status_code == 503 for one in answers)
        assert 0 < refused < len(answers)
        assert series(server, "requests_at_work") == {(): 0}
        assert series(server, "complaints_total") == {("busy",): refused}


def test_what_clients_make_up_is_no_label(server: Server):
    with server.client() as client:
        for method in ("HEAD", "PROPFIND", "MKCOL", "TRACE"):
            client.request(method, "/v1/score")
        client.get(f"/v1/{CANARY}", params={"q": CANARY}, headers={"x-who": CANARY})
        client.get(f"/v2/models/{CANARY}")
        client.post(f"/v2/models/{CANARY}/versions/{CANARY}/infer", content=b"{}")
        client.post("/v1/score", json=patient(event(CANARY), targets=[CANARY], model=CANARY))
        text = client.get("/metrics").text
    assert CANARY not in text
    methods = {method for method, _, _ in series(server, "request_seconds_count")}
    assert methods <= {"GET", "HEAD", "POST", "other"}
    assert "other" in methods


def test_no_series_holds_a_time_of_day(server: Server):
    server.post(patient())
    with server.client() as client:
        assert "_created" not in client.get("/metrics").text


# Drift


def readings(server: Server) -> dict[str, float]:
    return {reading: count for (_, reading), count in series(server, "drift_features").items()}


def test_before_anybody_was_asked_about_nothing_moved(server: Server, bundle: Bundle):
    assert series(server, "drift_rows") == {("tiny",): 0}
    assert readings(server)["moved much"] == readings(server)["moved"] == 0
    assert sum(readings(server).values()) == len(bundle.features)
    assert series(server, "drift_psi") == {}


def test_people_like_those_of_training_have_not_moved(server: Server, bundle: Bundle):
    infer(server, like_training(bundle, 1200))
    assert series(server, "drift_rows") == {("tiny",): 1200}
    assert readings(server) == {
        "stable": len(bundle.features),
        "too few to tell": 0,
        "moved": 0,
        "moved much": 0,
    }
    assert series(server, "drift_psi_largest")["tiny",] < 0.1
    assert series(server, "drift_psi") == {}


def test_people_unlike_those_of_training_are_told_by_their_features(server: Server, bundle: Bundle):
    infer(server, like_training(bundle, 600))
    changed = like_training(bundle, 1200, seed=1)
    changed[:, 0] = 5
    changed[:, 3] *= 1.6
    infer(server, changed)
    moved = series(server, "drift_psi")
    names = bundle.features.names
    assert set(moved) == {(names[0], "tiny"), (names[3], "tiny")}
    assert series(server, "drift_psi_largest")["tiny",] == max(moved.values()) > 0.25
    assert readings(server)["moved"] + readings(server)["moved much"] == 2


def test_few_people_are_too_few_to_tell_and_name_no_feature(server: Server, bundle: Bundle):
    infer(server, np.full((3, len(bundle.features)), 5, np.float32))
    assert readings(server)["too few to tell"] > 0
    assert series(server, "drift_psi") == {}


def test_however_many_features_moved_only_some_are_named(server: Server, bundle: Bundle):
    infer(server, np.full((FEW, len(bundle.features)), 5, np.float32))
    assert readings(server)["moved much"] == len(bundle.features)
    assert len(series(server, "drift_psi")) == NAMED


def test_histories_count_as_rows_where_they_could_be_read_that_far(server: Server):
    server.post(patient())
    server.post([patient(age=9), patient(event("PR//pain", 3, 77))])
    assert series(server, "drift_rows") == {("tiny",): 2}


def test_ready_made_rows_are_counted_by_model(server: Server, bundle: Bundle):
    infer(server, like_training(bundle, 5))
    infer(server, like_training(bundle, 2))
    assert series(server, "inferred_rows_total") == {("tiny",): 7}


@given(st.lists(st.integers(0, BLOCK + 50), max_size=6), st.integers(0, 99))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_told_of_as_one_cohort_however_they_came(bundle: Bundle, parts: list[int], seed: int):
    matrix = like_training(bundle, sum(parts), seed=seed) * np.float32(1.3)
    apart, whole = Watch(bundle), Watch(bundle)
    whole.see(matrix)
    for part in np.split(matrix, np.cumsum(parts)):
        apart.see(part)
    assert repr(apart.found()) == repr(whole.found())


def test_a_watch_keeps_no_row_it_was_not_shown_and_changes_none(bundle: Bundle):
    watch, row = Watch(bundle), like_training(bundle, 1)
    watch.see(row)
    row[:] = 99
    assert watch.found()[0] == 1
    assert all(one.worst.value < 3 for one in watch.found()[1])


def test_what_was_long_ago_is_forgotten(bundle: Bundle):
    watch = Watch(bundle)
    long_ago = np.full((PERIOD, len(bundle.features)), 5, np.float32)
    watch.see(long_ago)
    assert watch.found()[1][0].reading == "moved much"
    for seed in range(2 * PERIOD // 2000 + 1):
        watch.see(like_training(bundle, 2000, seed=seed))
    rows, drifts = watch.found()
    assert PERIOD <= rows <= 2 * PERIOD
    assert {one.reading for one in drifts} == {"stable"}


def test_a_bundle_that_replaces_another_is_watched_from_nothing(path: Path, tmp_path: Path, bundle: Bundle):
    other = evenly(path, tmp_path, known=0.9)
    old, new = (Served.open(one, allow_synthetic=True) for one in (path, other))
    shelf = Shelf([old])
    watches = Watches(shelf)
    watches.see(old, like_training(bundle, 30))
    shelf.put(new)
    watches.see(old, like_training(bundle, 7))  # a request that began before
    assert watches.found()["tiny"][0] == 0
    watches.see(new, like_training(bundle, 4))
    assert watches.found()["tiny"][0] == 4


def test_metrics_take_no_other_method(server: Server):
    with server.client() as client:
        answer: httpx.Response = client.post("/metrics")
    assert answer.status_code == 405
    error: Any = answer.json()["error"]
    assert error["code"] == "wrong_method"
