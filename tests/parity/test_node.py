"""The same file in JavaScript (WebAssembly, under Node) gives the same answers."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from painresponse.export.graph import Sigmoid, TargetModel, build_graph
from painresponse.export.snapping import snap
from painresponse.export.trees import trees
from painresponse.scoring.bundle import Outputs
from painresponse.scoring.opening import open_bundle

from .adversaries import adversarial_rows, edge_rows
from .boosters import N_FEATURES, ordinary_rows
from .runtime import raw_margin, session_of
from .shapes import grown

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node is not installed: apt install nodejs npm"),
]

SOURCE = Path(__file__).with_name("node")
LOCK = json.loads((SOURCE / "package-lock.json").read_text())
NAMES = (
    "shallow",
    "depth 5",
    "points",
    "points at the extremes",
    "points and trees",
    "300 trees",
    "one leaf",
)

EACH = 20
"""Every so many rows one is explained."""

Answers = dict[str, np.ndarray]
Pair = tuple[Answers, Answers]
Score = Callable[[Path, np.ndarray, Sequence[int]], Answers]


@pytest.fixture(scope="module")
def score(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """What score.mjs answers for a file and rows, explaining the targets at some places."""
    room = shutil.copytree(
        SOURCE, tmp_path_factory.mktemp("node") / "room", ignore=lambda *_: ["node_modules"]
    )
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=room, check=True)

    def scored(bundle: Path, rows: np.ndarray, explain: Sequence[int]) -> Answers:
        (room / "rows.bin").write_bytes(np.ascontiguousarray(rows, "<f4").tobytes())
        order = ["node", "score.mjs", str(bundle), "rows.bin", ".", *map(str, explain)]
        subprocess.run(order, cwd=room, check=True)
        found = json.loads((room / "outputs.json").read_text())
        return {
            name: np.fromfile(room / f"{name}.bin", one["type"]).reshape(one["shape"])
            for name, one in found.items()
        }

    return scored


@pytest.fixture(scope="module")
def models() -> list[TargetModel]:
    boosters = [snap(grown(name)) for name in NAMES]
    support = Sigmoid(boosters[0], 0.7, -1.0)
    return [
        TargetModel(name, booster, 0.83, -0.4, (0.04, 0.0, 0.01), support if place % 2 else None)
        for place, (name, booster) in enumerate(zip(NAMES, boosters, strict=True))
    ]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    forest = [tree for name in NAMES for tree in trees(grown(name))]
    ordinary = ordinary_rows(4_000, seed=71)
    hostile = adversarial_rows(forest, 2_000, n_features=N_FEATURES, seed=72)
    return np.concatenate([ordinary[:2_000], hostile, edge_rows(forest, ordinary[2_000:], seed=73)])


@pytest.fixture(scope="module")
def asked(score, models, tmp_path_factory) -> Callable[[np.ndarray, Sequence[int]], Pair]:
    """What one graph of all models answers in Python and in JavaScript, explaining some targets."""
    graph = build_graph(models, N_FEATURES, implications=[(NAMES[0], NAMES[1])])
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    path.write_bytes(graph.SerializeToString())
    session = session_of(graph)

    def both(rows: np.ndarray, explain: Sequence[int]) -> Pair:
        inputs = {"features": rows, "explain": np.isin(np.arange(len(models)), explain)}
        here = dict(zip(Outputs._fields, session.run(Outputs._fields, inputs), strict=True))
        return here, score(path, rows, explain)

    return both


@pytest.fixture(scope="module")
def found(asked, rows) -> Pair:
    return asked(rows, [])


@pytest.fixture(scope="module")
def explained(asked, models, rows) -> Pair:
    """A few rows and all targets: explaining takes memory by the row, and WebAssembly has little."""
    return asked(rows[::EACH], range(len(models)))


def test_margins_are_those_of_lightgbm_to_the_bit(found, models, rows):
    _, there = found
    for place, model in enumerate(models):
        expected = raw_margin(model.booster, rows)
        np.testing.assert_array_equal(there["margin"][:, place].astype(np.float64), expected)


@pytest.mark.parametrize("answers", ["found", "explained"])
def test_outputs_have_the_types_and_shapes_they_have_in_python(answers, request):
    here, there = request.getfixturevalue(answers)
    assert {name: (one.dtype, one.shape) for name, one in there.items()} == {
        name: (one.dtype, one.shape) for name, one in here.items()
    }


@pytest.mark.parametrize("name", ["probability", "low", "high", "support"])
def test_probabilities_differ_by_less_than_anybody_could_measure(found, name):
    """The exponential of another runtime ends in another last bit now and then."""
    here, there = found
    np.testing.assert_array_equal(np.isnan(there[name]), np.isnan(here[name]))
    assert np.nanmax(np.abs(there[name] - here[name])) <= 1e-12


def test_contributions_are_those_of_lightgbm(explained, models, rows):
    _, there = explained
    for place, model in enumerate(models):
        expected = model.booster.predict(rows[::EACH], pred_contrib=True, num_threads=1)[:, :-1]
        assert np.abs(there["contributions"][place] - expected).max() <= 1e-6


@pytest.mark.parametrize("explain", [[], [1], [0, 2]])
def test_a_sealed_bundle_says_there_what_it_says_here(score, tiny_bundle, explain):
    bundle = open_bundle(tiny_bundle)
    rows = np.random.default_rng(74).normal(5, 4, (500, len(bundle.features))).astype(np.float32)
    rows[::3, ::2] = np.nan
    here, there = bundle.run(rows, explain=explain)._asdict(), score(tiny_bundle, rows, explain)
    assert there["contributions"].shape == (len(explain), *rows.shape)
    for name in ("margin", "contributions"):
        np.testing.assert_array_equal(there[name], here[name])
    for name in ("probability", "low", "high"):
        assert np.abs(there[name] - here[name]).max() <= 1e-12


def test_the_lock_file_names_hashes_and_no_host():
    packages = [one for place, one in LOCK["packages"].items() if place]
    assert packages
    assert all(one["integrity"].startswith("sha512-") for one in packages)
    assert not any("resolved" in one for one in packages)
