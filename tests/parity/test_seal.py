"""A bundle proves itself by its last bytes, and stays an ordinary ONNX file."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painresponse.errors import BundleError, DefinitionError
from painresponse.export.snapping import snap
from painresponse.export.writing import write_bundle
from painresponse.scoring.seal import seal, verify_seal

from .boosters import booster_of, ordinary_rows
from .runtime import graph_of, run, session_of

METADATA = {
    "schema": 1,
    "provenance": {"kind": "synthetic"},
    "targets": ["scs"],
    "umlaut": "Schmerz, dauerhaft",
}


@pytest.fixture(scope="module")
def small() -> onnx.ModelProto:
    return graph_of(snap(booster_of("one leaf")))


@pytest.fixture
def bundle(small, tmp_path) -> bytes:
    write_bundle(tmp_path / "small.onnx", small, METADATA)
    return (tmp_path / "small.onnx").read_bytes()


@given(st.binary())
def test_what_is_sealed_is_verified(content):
    assert len(verify_seal(seal(content))) == 64


@given(st.binary(min_size=1), st.data())
def test_any_other_bytes_are_refused(content, data):
    sealed = bytearray(seal(content))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BundleError):
        verify_seal(bytes(sealed))


def test_every_flipped_byte_of_a_small_bundle_is_refused(bundle):
    for place in range(len(bundle)):
        for flip in (0x01, 0x20, 0x80, 0xFF):
            with pytest.raises(BundleError):
                verify_seal(bundle[:place] + bytes([bundle[place] ^ flip]) + bundle[place + 1 :])


def test_flipped_bytes_of_a_large_bundle_are_refused():
    sealed = seal(graph_of(snap(booster_of("deep"))).SerializeToString())
    for place in np.random.default_rng(40).integers(0, len(sealed), 400):
        with pytest.raises(BundleError):
            verify_seal(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])


def test_every_truncation_is_refused(bundle):
    for length in range(len(bundle)):
        with pytest.raises(BundleError, match="not a painresponse bundle, or its end is missing"):
            verify_seal(bundle[:length])


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"more than it was"])
def test_anything_appended_is_refused(bundle, tail):
    with pytest.raises(BundleError):
        verify_seal(bundle + tail)


def test_an_edit_inside_is_called_damage(bundle):
    assert b"synthetic" in bundle
    with pytest.raises(BundleError, match="damaged or was edited"):
        verify_seal(bundle.replace(b"synthetic", b"authentic"))


def test_foreign_onnx_and_foreign_files_are_refused(small):
    for foreign in (small.SerializeToString(), b"", b"PK\x03\x04", b"x" * 1_000):
        with pytest.raises(BundleError, match="not a painresponse bundle"):
            verify_seal(foreign)


def test_a_sealed_bundle_is_ordinary_onnx_and_scores_as_before(small, bundle):
    model = onnx.load_model_from_string(bundle)
    onnx.checker.check_model(model, full_check=True)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert list(properties) == ["painresponse", "data_provenance", "painresponse.sha256"]
    assert properties["painresponse.sha256"] == verify_seal(bundle)
    sealed = onnxruntime.InferenceSession(bundle, providers=["CPUExecutionProvider"])
    rows = ordinary_rows(10, seed=41)
    np.testing.assert_array_equal(run(sealed, "margin", rows), run(session_of(small), "margin", rows))


def test_metadata_come_back_in_the_order_given_and_provenance_in_plain_sight(bundle):
    session = onnxruntime.InferenceSession(bundle, providers=["CPUExecutionProvider"])
    properties = session.get_modelmeta().custom_metadata_map
    found = json.loads(properties["painresponse"])
    assert list(found.items()) == list(METADATA.items())
    assert properties["data_provenance"] == "synthetic"


def test_the_same_graph_and_metadata_give_the_same_file(small, tmp_path):
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    assert write_bundle(first, small, METADATA) == write_bundle(second, small, dict(METADATA))
    assert first.read_bytes() == second.read_bytes()


def test_writing_leaves_the_graph_given_as_it_was(small, tmp_path):
    before = small.SerializeToString()
    write_bundle(tmp_path / "bundle.onnx", small, METADATA)
    assert small.SerializeToString() == before


def test_a_refused_bundle_leaves_the_old_one_in_place(small, tmp_path):
    path = tmp_path / "bundle.onnx"
    digest = write_bundle(path, small, METADATA)
    with pytest.raises(DefinitionError, match="plain JSON without NaN"):
        write_bundle(path, small, {**METADATA, "auc": float("nan")})
    with pytest.raises(DefinitionError, match="where its training data came from"):
        write_bundle(path, small, {"schema": 1})
    assert verify_seal(path.read_bytes()) == digest
    assert list(tmp_path.iterdir()) == [path]
