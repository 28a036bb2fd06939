"""A bundle of every target, whose answers mean nothing and whose rules are the packaged ones."""

from pathlib import Path

import pytest

from painresponse.clinic import Catalogue
from painresponse.scoring.scorer import Scorer
from tests.lib.bundles import write_tiny_bundle

CARDS = {
    "rfa": {"diagnoses": ["axial_facet", "si_joint"]},
    "mpp": {"episodes": 49},
    "cbt": {"leans_on": ["phq9_last", "pain_mean_30d", "age", "gad7_last", "pain_count_1y"]},
    "pt_specialised": {"kind": "prevalence"},
}
"""What its cards have of their own: an unseen diagnosis, few episodes, features leant on, none of them."""

FAIR = {"sites": {"sites": [1, 2, 3], "slope": {"value": 1.0}}}
WOMEN = {"grouping": "sex", "label": "female", "blocks": True, "figures": {}}


@pytest.fixture(scope="session")
def path(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as a file."""
    path = tmp_path_factory.mktemp("safety") / "safety.onnx"
    fair = {"metrics": {"auc": [0.5, 0.45, 0.55], "calibration_slope": [1.0, 0.9, 1.1]}}
    cards = {name: {**fair, **CARDS.get(name, {})} for name in catalogue.targets}
    accounts = dict.fromkeys(set(catalogue.targets) - {"rfa"}, FAIR)
    accounts["cbt"] = FAIR | {"subgroups": {"groups": [WOMEN]}}
    write_tiny_bundle(path, targets=catalogue.targets, cards=cards, accounts=accounts, review_by="2026-06-30")
    return path


@pytest.fixture(scope="session")
def scorer(path: Path) -> Scorer:
    """Its scorer."""
    return Scorer.load(path, allow_synthetic=True)
