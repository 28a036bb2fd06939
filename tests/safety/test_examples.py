"""The example patients of the page do what the page says of them, with the bundle that ships."""

import json

import numpy as np
import pytest

from painresponse.records.rows import ask, history
from painresponse.scoring.refusals import INSUFFICIENT
from painresponse.scoring.scorer import Scorer
from tests.lib.source import ROOT

EXAMPLES = ROOT / "serve" / "painresponse_serve" / "page" / "examples"
OK = "answers"


@pytest.fixture(scope="module")
def shipped():
    return Scorer.load(ROOT / "models" / "synthetic.onnx", allow_synthetic=True)


def told(scorer: Scorer, name: str):
    """By target that the example asks about, the code of its refusal, or that it answers; and the scores."""
    request = json.loads((EXAMPLES / f"{name}.json").read_text())
    columns = [[one.get(key) for one in request["events"]] for key in ("time", "code", "value", "unit")]
    time, code, value, unit = columns
    later = [one.get("available_time") for one in request["events"]]
    records, intake = scorer.read(history(time, code, value, units=unit, available=later))
    assert not intake.rejected
    asked = tuple(one.name for one in scorer.bundle.targets if one.intervention in request["interventions"])
    scores = scorer.score(records, ask(request["index"]), targets=asked)
    places = dict(zip(asked, scores.refused[0].tolist(), strict=True))
    return {name: scores.refusals[at][0] if at >= 0 else OK for name, at in places.items()}, scores


def test_after_two_operations_all_models_answer(shipped):
    assert set(told(shipped, "after-trial")[0].values()) == {OK}


def test_with_facet_pain_ablation_is_answered_and_stimulation_refused(shipped):
    found, _ = told(shipped, "facet-block")
    assert found == {"scs_trial": "R06_OUT_OF_DOMAIN", "scs_permanent": "R06_OUT_OF_DOMAIN", "rfa": OK}


def test_with_few_facts_one_model_speaks_and_lacks_much_and_the_others_know_too_little(shipped):
    found, scores = told(shipped, "few-facts")
    assert found == {
        "nerve_block_therapeutic": OK,
        "pt_specialised": INSUFFICIENT[0],
        "cbt": INSUFFICIENT[0],
    }
    (card,) = [one for one in shipped.bundle.targets if one.name == "nerve_block_therapeutic"]
    row = dict(zip(shipped.bundle.features.names, scores.features[0], strict=True))
    assert sum(np.isnan(row[name]) for name in card.leans_on) >= 5


def test_cancer_pain_is_refused_by_all(shipped):
    assert set(told(shipped, "cancer-pain")[0].values()) == {"R02_CANCER_PAIN"}
