"""What was said in the past: files, a frame, and a server's log with the requests that it answered."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import painresponse as pr
from painresponse.batch import score_folder
from painresponse.errors import RecordError
from painresponse.monitoring import monitor
from painresponse.monitoring.past import past_scores
from painresponse.monitoring.requests import answered_requests
from painresponse.readers import asks_of
from painresponse_serve.audit import Audit, AuditLog, Entry
from tests.monitoring.conftest import BUNDLE


@pytest.fixture(scope="module")
def scores(clinic, asks, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scores") / "scores.parquet"
    score_folder(BUNDLE, clinic, path, asks=asks_of(asks), allow_synthetic=True, reasons=0)
    return path


def same(one, other):
    """Whether outcomes were set beside the same predictions."""
    pd.testing.assert_frame_equal(one.calibration, other.calibration)
    pd.testing.assert_frame_equal(one.wealth, other.wealth)


def test_scores_of_files_are_to_the_bit_what_the_bundle_says_again(scorer, clinic, found, scores):
    past = monitor(scorer, clinic, scores=[scores])
    assert past.sources.scores == "files of scores"
    same(past, found)


@pytest.mark.slow
def test_a_frame_of_scores_does_as_well(scorer, clinic, events, found, asks):
    same(monitor(scorer, clinic, scores=pr.score(scorer, events, asks, reasons=0)), found)


def test_files_of_another_bundle_are_left_out_and_counted(scorer, scores, tmp_path):
    table = pq.read_table(scores)
    other = table.replace_schema_metadata({**table.schema.metadata, b"painresponse_bundle": b"0" * 64})
    pq.write_table(other, tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(scores.read_bytes())
    found, left_out = past_scores(tmp_path, scorer.bundle.digest)
    assert (len(found), left_out) == (len(table), 1)


def test_none_of_this_bundle_is_refused(scorer, scores):
    with pytest.raises(RecordError, match="None of the 1 files of scores was written with this bundle"):
        past_scores(scores, "0" * 64)


def test_what_is_no_file_of_scores_is_refused(scorer, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(RecordError, match="cannot be read as a file of scores"):
        past_scores(tmp_path, scorer.bundle.digest)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(RecordError, match="lacks the column"):
        past_scores(tmp_path, scorer.bundle.digest)


# A server's log and the requests it answered.


def request(events, subject, index) -> bytes:
    """A subject's history up to an index, as a record system sends it."""
    own = events[events["subject_id"] == subject]
    known = own["available_time"].fillna(own["time"])
    seen = own[own["time"].isna() | ((own["time"] <= index) & (known <= index))]
    return json.dumps(
        {"index": index.isoformat(), "events": [_event(one) for one in seen.itertuples()]}
    ).encode()


def _event(one):
    said = {"time": one.time, "code": one.code, "value": one.numeric_value, "unit": one.unit}
    said["available_time"] = one.available_time
    plain = {name: None if pd.isna(value) else value for name, value in said.items()}
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in plain.items()
    }


@pytest.fixture(scope="module")
def kept(events, asks, scorer, tmp_path_factory):
    """The requests of forty subjects, and the log of a server that answered them with this bundle."""
    room = tmp_path_factory.mktemp("kept")
    (room / "requests").mkdir()
    log = AuditLog(Audit(str(room / "audit"), fsync="never"))
    for one in asks.drop_duplicates("subject_id").head(40).itertuples():
        body = request(events, one.subject_id, one.prediction_time)
        (room / "requests" / f"{one.subject_id}-1.json").write_bytes(body)
        log.record(entry(body, scorer.bundle.digest))
    log.close()
    return room


def entry(body, digest, **said):
    known = {"models": {"synthetic": digest}, "outcomes": {"rfa": {"ok": 1}, "cbt": {"R01_AGE": 1}}, **said}
    return Entry("ward", "/v1/score", known["models"], body, known.get("patients", 1), known["outcomes"])


def test_a_kept_request_gives_what_was_answered_to_the_bit(scorer, events, asks, kept):
    past, left_out = answered_requests(kept / "audit", kept / "requests", scorer)
    once = asks.drop_duplicates("subject_id").head(40)
    scores = pr.score(scorer, events, once, targets=("rfa",), reasons=0)
    assert left_out == 0
    assert past["target"].unique().tolist() == ["rfa"]  # the other was refused, says the log
    both = past.merge(scores, on="subject_id", suffixes=("", "_now"))
    np.testing.assert_array_equal(both["probability"], both["probability_now"])
    assert (both["asked"] == both["prediction_time"].astype("datetime64[us]").astype("int64")).all()


@pytest.mark.slow
def test_outcomes_are_joined_to_kept_requests(scorer, clinic, kept):
    past = monitor(scorer, clinic, audit_log=kept / "audit", requests=kept / "requests")
    assert past.sources.scores == "requests in the audit log"
    assert 0 < past.sources.joined <= 40


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes() + b" "),
        lambda path: path.rename(path.with_name("somebody.json")),
    ],
    ids=["changed by a byte", "named by nobody"],
)
def test_a_request_that_no_line_knows_or_that_is_nobodys_is_left_out(scorer, kept, tmp_path, spoil):
    for path in (kept / "requests").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    spoil(next(iter(sorted(tmp_path.iterdir()))))
    assert answered_requests(kept / "audit", tmp_path, scorer)[1] == 1


@pytest.mark.parametrize("said", [{"models": {"synthetic": "0" * 64}}, {"patients": 2}])
def test_only_what_this_bundle_answered_of_one_patient_counts(scorer, tmp_path, said):
    body = b'{"index": "2026-03-01", "events": []}'
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "1.json").write_bytes(body)
    log = AuditLog(Audit(str(tmp_path / "audit"), fsync="never"))
    log.record(entry(body, scorer.bundle.digest, **said))
    log.close()
    with pytest.raises(RecordError, match=r"None of the 1 files under .* is a request of one patient"):
        answered_requests(tmp_path / "audit", tmp_path / "kept", scorer)


def test_a_torn_line_is_no_line(scorer, kept, tmp_path):
    torn = (kept / "audit").read_bytes() + b'{"time":"20'
    (tmp_path / "audit").write_bytes(torn)
    assert answered_requests(tmp_path / "audit", kept / "requests", scorer)[1] == 0


def test_a_log_or_folder_that_is_not_there_is_named(scorer, kept, tmp_path):
    with pytest.raises(RecordError, match="Cannot read the audit log"):
        answered_requests(tmp_path / "none", kept / "requests", scorer)
    with pytest.raises(RecordError, match="There is no folder"):
        answered_requests(kept / "audit", tmp_path / "none", scorer)
