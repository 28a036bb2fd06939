"""Spoilt bundles: as found, all are refused; sealed anew by a hostile hand, refused or without effect."""

import os
import subprocess
import sys
from random import Random

import numpy as np
import onnx
import pytest

from painresponse.errors import BundleError
from painresponse.scoring.opening import bundle_from_bytes
from tests.lib.source import ROOT
from tests.lib.tampering import mutated, resealed, trees_of

MUTATIONS = 10_000
SEALED_ANEW = 1_000

HOSTILE = """
import sys
from pathlib import Path
from random import Random
import onnx
from painresponse.errors import BundleError
from painresponse.scoring.opening import bundle_from_bytes
from painresponse.scoring.seal import seal
from tests.lib.tampering import mutated, resealed, trees_mutated

data = Path(sys.argv[1]).read_bytes()
whole = onnx.load_from_string(data)
del whole.metadata_props[-1]
body, graph = whole.SerializeToString(deterministic=True), whole.graph.ByteSize()
for seed in range(int(sys.argv[2])):
    rng = Random(seed)
    print(seed, end=" ", flush=True)
    if seed % 2:
        spoilt = seal(mutated(body, rng, within=graph))
    else:
        spoilt = resealed(data, lambda model: trees_mutated(model, rng))
    try:
        bundle_from_bytes(spoilt)
    except BundleError:
        print("refused")
    else:
        print("same")
"""


@pytest.fixture(scope="module")
def data(tiny_bundle) -> bytes:
    return tiny_bundle.read_bytes()


def test_ten_thousand_random_mutations_are_all_refused(data):
    for seed in range(MUTATIONS):
        spoilt = mutated(data, Random(seed), within=len(data))
        if spoilt != data:
            with pytest.raises(BundleError):
                bundle_from_bytes(spoilt)


@pytest.mark.parametrize(
    "count", [300, pytest.param(SEALED_ANEW, marks=pytest.mark.slow)], ids=["some", "many"]
)
@pytest.mark.slow
def test_what_is_sealed_anew_is_refused_or_answers_as_before_and_never_ends_the_process(tiny_bundle, count):
    """In a process of its own, since onnxruntime could end it; opening replays every golden patient."""
    ran = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(tiny_bundle), str(count)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stdout[-100:] + ran.stderr[-2_000:]
    said = [line.split()[1] for line in ran.stdout.splitlines()]
    assert len(said) == count
    assert said.count("refused") > count / 2


def _column(model: onnx.ModelProto, name: str, operator: int = 0) -> onnx.AttributeProto:
    return next(one for one in trees_of(model)[operator].attribute if one.name == name)


def _kept_elsewhere(model):
    constant = model.graph.initializer[0]
    constant.ClearField("raw_data")
    constant.data_location = onnx.TensorProto.EXTERNAL
    constant.external_data.add(key="location", value="../../elsewhere")


def _kept_elsewhere_behind_the_condition(model):
    model.graph.node[-1].attribute[0].g.initializer.add(name="far").external_data.add(
        key="location", value="x"
    )


def _another_operator(name, domain=""):
    def change(model):
        model.graph.node[4].op_type, model.graph.node[4].domain = name, domain

    return change


def _nested(model):
    graph = model.graph.node[-1].attribute[0].g
    for _ in range(10):
        inner = onnx.GraphProto()
        inner.node.add(op_type="If").attribute.add(name="then_branch", type=5).g.CopyFrom(graph)
        graph = inner
    model.graph.node[-1].attribute[0].g.CopyFrom(graph)


def _circle(model):
    _column(model, "nodes_truenodeids").ints[1] = 0


def _a_child_of_two(model):
    _column(model, "nodes_truenodeids").ints[0] = _column(model, "nodes_falsenodeids").ints[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_kept_elsewhere, r"holds a field \(1[34]\) that bundles do not have"),
        (_kept_elsewhere_behind_the_condition, r"holds a field \(13\)"),
        (lambda m: m.graph.initializer[1].dims.__setitem__(0, 10**12), "not whole, or kept in another file"),
        (_another_operator("Loop"), "Unknown operator 'Loop'"),
        (_another_operator("RandomNormalLike"), "Unknown operator 'RandomNormalLike'"),
        (_another_operator("Mul", "com.example"), "Unknown operator 'com.example:Mul'"),
        (_another_operator("Gelu", "com.microsoft"), "Unknown operator 'com.microsoft:Gelu'"),
        (lambda m: m.opset_import.add(domain="com.example", version=1), "the operators of 'com.example'"),
        (lambda m: m.functions.add(name="f", domain="d"), r"holds a field \(25\)"),
        (_nested, "nested too deep"),
        (_circle, "leads nowhere, or in a circle"),
        (_a_child_of_two, "not the child of exactly one other"),
        (lambda m: _column(m, "n_targets").__setattr__("i", 2**40), "do not fit their columns"),
        (lambda m: _column(m, "nodes_featureids").ints.__setitem__(0, 2**31), "feature that is not there"),
        (lambda m: _column(m, "nodes_featureids").ints.__setitem__(0, -1), "negative or too large"),
        (lambda m: _column(m, "nodes_featureids").ints.pop() and None, "differ in length"),
        (lambda m: m.metadata_props.add(key="painresponse", value="{}"), "is there twice"),
        (lambda m: m.graph.output.pop() and None, "does not take and give what a bundle's does"),
        (lambda m: m.graph.output.reverse(), None),
    ],
)
def test_a_graph_that_no_bundle_has_is_refused_whatever_its_seal(data, change, words):
    spoilt = resealed(data, change)
    if words is None:
        bundle_from_bytes(spoilt)  # the order in which answers are listed means nothing
        return
    with pytest.raises(BundleError, match=words):
        bundle_from_bytes(spoilt)


def test_a_threshold_some_golden_patient_depends_on_cannot_be_moved(data):
    def change(model):
        thresholds = _column(model, "nodes_values").floats
        thresholds[:] = [one + 1 for one in thresholds]

    with pytest.raises(BundleError, match="no longer gives the margins of its golden patients"):
        bundle_from_bytes(resealed(data, change))


def test_a_threshold_on_which_no_golden_patient_depends_shows_in_the_hash_alone(data):
    """What a seal cannot do: who edits a bundle can seal it. Only a signature tells it from the first one."""
    first = bundle_from_bytes(data)

    def change(model):
        thresholds = _column(model, "nodes_values").floats
        thresholds[0] = np.nextafter(np.float32(thresholds[0]), np.float32(np.inf))

    edited = bundle_from_bytes(resealed(data, change))
    assert edited.digest != first.digest
