"""A bundle proves itself before it serves: whatever is wrong with it is refused with a sentence."""

import json

import numpy as np
import onnx
import pytest

from painresponse.errors import BundleError
from painresponse.language import FeatureSet
from painresponse.scoring.bundle import METADATA
from painresponse.scoring.golden import golden_histories, prove
from painresponse.scoring.opening import bundle_from_bytes, open_bundle
from painresponse.scoring.seal import seal
from tests.lib.bundles import TARGETS
from tests.lib.tampering import edited


@pytest.fixture(scope="module")
def data(tiny_bundle):
    return tiny_bundle.read_bytes()


def test_a_bundle_opens_and_says_what_it_is(tiny_bundle, catalogue):
    bundle = open_bundle(tiny_bundle)
    assert bundle.synthetic
    assert bundle.name == "tiny"
    assert tuple(card.name for card in bundle.targets) == TARGETS
    assert bundle.features == catalogue.features
    assert bundle.concepts == catalogue.concepts
    assert bundle.targets[1].label == catalogue.label("rfa")


def test_it_proves_itself_again_and_again(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    for _ in range(3):
        prove(bundle)


def test_its_golden_patients_are_of_every_kind(tiny_bundle):
    raw, asks = golden_histories(open_bundle(tiny_bundle).metadata["golden"])
    assert len(asks) == 8
    assert len(raw) > 200
    assert len(set(raw.units)) > 10


@pytest.fixture(scope="module")
def golden_rows(tiny_bundle):
    return np.array(open_bundle(tiny_bundle).metadata["golden"]["rows"], np.float32)


def test_its_cards_say_how_contributions_become_a_probability(tiny_bundle, golden_rows):
    bundle = open_bundle(tiny_bundle)
    said = bundle.run(golden_rows, explain=range(3))
    for place, card in enumerate(bundle.targets):
        margin = card.base + said.contributions[place].sum(axis=1, dtype=np.float64)
        log_odds = card.slope * margin + card.intercept
        assert margin == pytest.approx(said.margin[:, place], abs=1e-6)
        assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(said.probability[:, place], abs=1e-6)


def test_it_explains_the_targets_asked_for_in_its_own_order(tiny_bundle, golden_rows):
    bundle = open_bundle(tiny_bundle)
    everything = bundle.run(golden_rows, explain=range(3)).contributions
    assert everything.shape == (3, 8, len(bundle.features))
    assert everything.any(axis=(1, 2)).all()
    assert bundle.run(golden_rows).contributions.shape == (0, 8, len(bundle.features))
    np.testing.assert_array_equal(bundle.run(golden_rows, explain=[2, 0]).contributions, everything[[0, 2]])


def test_an_edit_that_changes_nothing_passes(data):
    """So that the refusals below are due to what was changed, and not to having been touched."""
    bundle_from_bytes(edited(data, lambda metadata: None))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"Cannot read the bundle .*none\.onnx: No such file"):
        open_bundle(tmp_path / "none.onnx")


def test_the_file_is_named_in_every_complaint(tmp_path):
    (tmp_path / "notes.onnx").write_text("not a model")
    with pytest.raises(BundleError, match=r"notes\.onnx: This is not a painresponse bundle"):
        open_bundle(tmp_path / "notes.onnx")


def _other_model() -> bytes:
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: b"", "This is not a painresponse bundle"),
        (lambda data: data[:-1], "This is not a painresponse bundle, or its end is missing"),
        (lambda data: data[: len(data) // 2], "or its end is missing"),
        (lambda data: data + b"\0", "or its end is missing"),
        (lambda data: _other_model(), "This is not a painresponse bundle"),
        (lambda data: bytes([data[0] ^ 1]) + data[1:], "This bundle is damaged or was edited"),
        (lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "damaged or was edited"),
        (lambda data: seal(b""), "a sealed file, but not a bundle that can be read"),
        (lambda data: seal(b"\xff" * 500), "a sealed file, but not a bundle that can be read"),
        (lambda data: seal(_other_model()), "a sealed file, but not a bundle that can be read"),
    ],
)
def test_a_foreign_or_damaged_file_is_refused(data, spoil, words):
    with pytest.raises(BundleError, match=words):
        bundle_from_bytes(spoil(data))


def _drifted(key, by):
    def change(metadata):
        row = next(row for row in metadata["golden"][key] if any(one is not None for one in row))
        place = next(place for place, one in enumerate(row) if one is not None)
        row[place] += by

    return change


def _known_instead_of_unknown(metadata):
    row = next(row for row in metadata["golden"]["rows"] if None in row)
    row[row.index(None)] = 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda m: m.update(schema=2),
            r"has schema version 2; this painresponse reads version 4\. Export it again",
        ),
        (lambda m: m.pop("schema") and None, "has schema version None"),
        (
            lambda m: m["features"].update(age="count of pain ever"),
            "not those its models were trained on. Export it again",
        ),
        (lambda m: m["features"].pop("age") and None, "not those its models were trained on"),
        (
            lambda m: m.update(features=dict(reversed(m["features"].items()))),
            "not those its models were trained on",
        ),
        (lambda m: m["features"].update(age="mean of pain"), "Cannot read the feature 'mean of pain'"),
        (lambda m: m["concepts"]["crp"].update(colour="red"), "Unknown setting 'colour'"),
        (lambda m: m["requirements"][0].update(limit=3), "Unknown setting 'limit'"),
        (lambda m: m["targets"][0].update(rank=1), "not a bundle that can be read"),
        (lambda m: m["targets"][0].pop("label") and None, "not a bundle that can be read"),
        (lambda m: m["targets"][0].pop("base") and None, "not a bundle that can be read"),
        (lambda m: m.pop("golden") and None, "not a bundle that can be read"),
        (lambda m: m["golden"].update(patients=[]), "not a bundle that can be read"),
        (lambda m: m["golden"]["patients"][0].update(time=["yesterday"]), "not a bundle that can be read"),
        (lambda m: m.pop("provenance") and None, "not a bundle that can be read"),
        (lambda m: m.pop("concepts") and None, "not a bundle that can be read"),
        (lambda m: [], "not a bundle that can be read"),
        (lambda m: "text", "not a bundle that can be read"),
        (_drifted("rows", 1e-3), r"no longer gives the feature rows of its golden patients \(off by"),
        (_drifted("margin", 1e-6), "no longer gives the margins of its golden patients"),
        (_drifted("probability", 1e-9), "no longer gives the probabilities of its golden patients"),
        (_drifted("contributions", 1e-5), "no longer gives the contributions of its golden patients"),
        (lambda m: m["golden"]["contributions"].pop() and None, "no longer gives the contributions"),
        (lambda m: m["golden"]["rows"].pop() and None, "no longer gives the feature rows"),
        (_known_instead_of_unknown, r"no longer gives the feature rows .*off by inf"),
        (
            lambda m: m["golden"]["patients"][0]["value"].__setitem__(slice(None), [None] * 500),
            "not a bundle that can be read",
        ),
        (
            lambda m: m["concepts"]["crp"]["units"].update({"mg/dL": [10.1]}),
            "no longer gives the feature rows of its golden patients",
        ),
    ],
)
def test_a_bundle_whose_contents_do_not_fit_together_is_refused(data, change, words):
    with pytest.raises(BundleError, match=words):
        bundle_from_bytes(edited(data, change))


def test_metadata_that_is_no_json_is_refused(data):
    model = onnx.load_from_string(data)
    onnx.helper.set_model_props(model, {METADATA: "{"})
    with pytest.raises(BundleError, match="not a bundle that can be read"):
        bundle_from_bytes(seal(model.SerializeToString()))


def test_a_model_of_another_width_is_refused(data):
    """The feature set agrees with its fingerprint, but not with the graph."""

    def change(metadata):
        metadata["features"].popitem()
        metadata["fingerprint"] = FeatureSet.from_plain(metadata["features"]).fingerprint()
        metadata["golden"]["rows"] = [row[:-1] for row in metadata["golden"]["rows"]]

    with pytest.raises(BundleError, match=r"not a bundle that can be read"):
        bundle_from_bytes(edited(data, change))


@pytest.mark.parametrize("kind", ["synthetic", "Synthetic", "simulated", "", None])
def test_whatever_is_not_said_to_come_from_a_clinic_is_synthetic(data, kind):
    assert bundle_from_bytes(edited(data, lambda m: m["provenance"].update(kind=kind))).synthetic


def test_the_complaint_about_a_strange_target_names_those_there_are(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    assert bundle.places(None) == [0, 1, 2]
    assert bundle.places(("cbt", "scs_permanent")) == [0, 2]
    with pytest.raises(
        BundleError, match=r"Unknown target 'rf'. Did you mean 'rfa'\? Known: cbt, rfa, scs_perm"
    ):
        bundle.places(("rf",))


def test_the_stored_metadata_is_plain_json(data):
    """Readable with any ONNX tool, without this package."""
    properties = {one.key: one.value for one in onnx.load_from_string(data).metadata_props}
    assert json.loads(properties[METADATA])["name"] == "tiny"
