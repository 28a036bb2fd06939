"""How close the models come to the best possible, on a simulated registry of 66,000 patients."""

import pandas as pd
import pytest

from painresponse.clinic import load_catalogue
from painresponse.readers import histories
from painresponse.simulate import sealed_beside, simulate
from painresponse.simulate.oracle import compare, read_truth
from painresponse.training.cohorts import gather
from painresponse.training.fitting import fit
from painresponse.training.settings import training_settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> pd.DataFrame:
    """Out-of-fold predictions of every target against the oracle on the same patients."""
    folder = tmp_path_factory.mktemp("base") / "clinic"
    simulate(folder, subjects=66_000, seed=1, preset="registry")
    catalogue = load_catalogue()
    cohort = gather(histories(folder, catalogue.concepts), catalogue)
    settings = training_settings(catalogue.training)
    parts = []
    for name, target in catalogue.targets.items():
        fitted = fit(cohort.examples[name], settings, better=target.better, worse=target.worse)
        table = fitted.out_of_fold
        columns = {"subject_id": table.subject, "probability": table.probability, "outcome": table.y == 1}
        parts.append(pd.DataFrame(columns).assign(target=name))
    predictions = pd.concat(parts, ignore_index=True)
    found = compare(predictions, read_truth(sealed_beside(folder)))
    print(found.to_string(float_format="%.3f"))
    return found


def test_there_are_30_000_treated_episodes_over_all_targets(judged):
    assert len(judged) == 9
    assert judged["n"].sum() > 30_000


def test_every_auc_is_within_five_hundredths_of_its_oracle(judged):
    assert (judged["auc"] >= judged["oracle_auc"] - 0.05).all()


def test_no_auc_is_above_its_oracle_beyond_chance(judged):
    assert (judged["difference_low"] <= 0.01).all()


def test_seven_in_ten_means_seven_in_ten(judged):
    assert judged["slope"].between(0.8, 1.2).all()
    assert judged["in_the_large"].abs().max() < 0.02
