"""The model card and the way from a bundle to a record."""

import pytest

from painresponse.errors import DefinitionError
from painresponse.report.page import card, write_card
from painresponse.report.reading import account_of, authors_of, judged_on, record_of, told_by
from painresponse.scoring.opening import open_bundle

CARD = {
    "name": "rfa",
    "label": "radiofrequency ablation: at least 50 % less pain, 6 months",
    "intervention": "rfa",
    "stage": "therapeutic",
    "outcome": "pain_50",
    "horizon": "6 mo",
    "episodes": 900,
    "responders": 430,
    "kind": "logistic",
    "why": "Boosted trees did not beat it.",
    "metrics": {
        "auc": [0.7, 0.66, 0.74],
        "twin_auc": [0.69, 0.65, 0.73],
        "auc_over_twin": [0.01, -0.01, 0.03],
    },
}
METADATA = {
    "name": "clinic",
    "provenance": {"kind": "clinic", "data": "d", "data_fingerprint": "f"},
    "features": {"age": "age"},
    "reference": {"age": [20.0, 25.0, 40.0, 52.0, 61.0, 80.0, 88.0, 1.0]},
    "targets": [CARD],
}


def test_the_card_says_use_misuse_data_performance_groups_and_limits(record):
    said = card(record)
    heads = [line[3:] for line in said.splitlines() if line.startswith("## ")]
    assert heads == ["Intended use", "Not for", "Data", "Performance", "Subgroups", "Limits"]
    assert "**SYNTHETIC — NOT FOR CLINICAL USE" in said
    assert "RELEASE BLOCKED" in said and "310 (13" in said
    assert "cbt_course: 12 responses" in said


def test_every_line_of_its_table_has_as_many_cells_as_the_head(record):
    strange = {**record, "targets": [{"target": "a", "label": "pain | sleep\nand more"}, *record["targets"]]}
    lines = [line.replace("\\|", "") for line in card(strange).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    assert {line.count("|") for line in lines} == {9}


def test_the_card_is_written_whole(tmp_path, record):
    write_card(tmp_path / "CARD.md", record)
    assert (tmp_path / "CARD.md").read_text(encoding="utf-8") == card(record)


def test_a_bundle_without_accounts_still_tells_what_its_cards_know():
    (account,) = told_by(METADATA)["targets"]
    assert (account["episodes"], account["responders"]) == (900, 430)
    assert account["model"] == {"kind": "logistic", "sentence": "Boosted trees did not beat it."}
    assert account["performance"]["twin"] == {"auc": [0.69, 0.65, 0.73]}
    assert account["performance"]["differences"] == {"auc_over_twin": [0.01, -0.01, 0.03]}


def test_a_bundle_s_accounts_are_taken_over_its_cards():
    account = {
        "target": "rfa",
        "flow": {"begin events": 5},
        "performance": {"model": {"auc": [0.6, 0.5, 0.7]}},
    }
    (found,) = told_by({**METADATA, "accounts": {"rfa": account}})["targets"]
    assert found["performance"]["model"]["auc"] == [0.6, 0.5, 0.7]
    assert found["label"] == CARD["label"]


def test_predictors_come_with_their_distribution():
    (feature,) = told_by(METADATA)["features"]
    assert feature == {"name": "age", "sentence": "age", "quartiles": [40.0, 52.0, 61.0], "known": 1.0}


def test_predictors_of_a_bundle_are_said_in_the_clinic_s_words(tiny_bundle):
    features = record_of(open_bundle(tiny_bundle))["features"]
    (pain,) = (one for one in features if one["name"] == "pain_mean_30d")
    assert pain["sentence"] == "mean of pain in 30 d"
    assert pain["words"].startswith("mean value of average pain")


def test_an_external_validation_is_laid_beside_the_training():
    found = {"data": "other", "targets": {"rfa": {"notes": ["few"]}}, "skipped": {"scs": "not asked"}}
    record = judged_on(told_by(METADATA), found)
    assert record["targets"][0]["external"] == {"notes": ["few"]}
    assert record["elsewhere"] == {"data": "other", "skipped": {"scs": "not asked"}}


def test_measures_of_a_card_go_to_whom_they_are_of():
    metrics = {"calibration_slope": [1, 1, 1], "prevalence_brier": [0.2, 0.2, 0.2]}
    told = account_of({**CARD, "metrics": metrics})["performance"]
    assert told == {"model": {"calibration_slope": [1, 1, 1]}, "prevalence": {"brier": [0.2, 0.2, 0.2]}}


def test_authors_may_speak_to_items_there_are(tmp_path):
    path = tmp_path / "authors.toml"
    path.write_text('18a = "Funded by nobody."\n')
    assert authors_of(path) == {"18a": "Funded by nobody."}


@pytest.mark.parametrize("text", ['18x = "what?"', "18a = 3"])
def test_authors_may_not_speak_to_others(tmp_path, text):
    path = tmp_path / "authors.toml"
    path.write_text(text)
    with pytest.raises(DefinitionError, match="18"):
        authors_of(path)
