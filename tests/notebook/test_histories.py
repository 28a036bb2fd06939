"""Histories: a clinic's events as one value, from a folder or any frame, taken wherever a frame is."""

import copy
import shutil

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

import painresponse as pr
from painresponse.errors import RecordError


def small() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject_id": [2, 1, 1],
            "time": pd.to_datetime(["2024-05-02 14:00", "2024-05-01 09:30", None]),
            "code": ["PR//pain", "PR//pain", "GENDER//F"],
            "numeric_value": [8.0, 4.0, None],
            "unit": ["{score}", None, None],
        }
    )


GIVEN = {
    "pandas": small,
    "pyarrow": lambda: pa.Table.from_pandas(small()),
    "polars": lambda: pl.DataFrame(small()),
    "duckdb": lambda: duckdb.from_arrow(pa.Table.from_pandas(small())),
    "histories": lambda: pr.histories(small()),
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_every_frame_gives_the_same_histories(given):
    assert_frame_equal(pr.histories(given()).frame, pr.histories(small()).frame)


def test_events_are_in_order_and_of_known_types():
    frame = pr.histories(small()).frame
    assert frame["subject_id"].tolist() == [1, 1, 2]
    assert frame["code"].tolist() == ["GENDER//F", "PR//pain", "PR//pain"]
    assert pd.isna(frame["time"].iloc[0])
    assert frame["numeric_value"].dtype == "float32"


def test_a_folder_is_read_whole_with_the_site_configuration_it_keeps(folder, tmp_path):
    kept = tmp_path / "clinic"
    shutil.copytree(folder, kept)
    (kept / "metadata" / "site.toml").write_text('predict = ["rfa"]\n')
    clinic = pr.histories(str(kept))
    assert len(clinic) == 1200
    assert list(clinic.catalogue.targets) == ["rfa"]
    assert "cbt" in pr.histories(kept, pr.load_catalogue()).catalogue.targets


def test_features_are_those_of_the_folder_whichever_way_it_was_read(folder, clinic, known):
    frame = pd.concat(pd.read_parquet(path) for path in (folder / "data").glob("*.parquet"))
    asks = known.head(40)
    assert_frame_equal(pr.features(clinic, asks), pr.features(frame, asks))
    assert_frame_equal(pr.features(pr.histories(frame), asks), pr.features(clinic, asks))


def test_they_are_computed_with_the_catalogue_of_the_histories_unless_another_is_given(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text('[features]\nworst = "max of pain in 90 d"\n')
    own = pr.histories(small(), pr.load_catalogue(site))
    assert pr.features(own)["worst"].tolist() == [4.0, 8.0]
    assert "worst" not in pr.features(own, catalogue=pr.load_catalogue())


def test_scores_are_those_of_the_frame(clinic, known, scorer):
    asks = known.head(20)
    assert_frame_equal(pr.score(scorer, clinic, asks), pr.score(scorer, clinic.frame, asks))


def test_they_speak_arrow_to_anybody():
    clinic = pr.histories(small())
    assert pa.table(clinic).num_rows == 3
    assert pl.DataFrame(clinic)["code"].to_list() == ["GENDER//F", "PR//pain", "PR//pain"]


def test_their_length_is_the_number_of_patients_and_one_can_be_taken_out():
    clinic = pr.histories(small())
    assert len(clinic) == 2
    assert clinic.subjects.tolist() == [1, 2]
    assert clinic.of(1).frame["code"].tolist() == ["GENDER//F", "PR//pain"]
    assert clinic.of(1).catalogue is clinic.catalogue


def test_a_patient_who_is_not_there_is_refused_without_naming_anybody():
    with pytest.raises(RecordError, match="no such patient") as caught:
        pr.histories(small()).of(4711)
    assert "4711" not in str(caught.value)


def test_a_copy_is_the_same_thing_for_it_never_changes():
    clinic = pr.histories(small())
    assert copy.deepcopy(clinic) is clinic


def test_what_was_rejected_is_counted():
    wrong = small().assign(numeric_value=[80.0, 4.0, None])
    assert pr.histories(wrong).intake.reasons() == {"limits": 1}


def test_no_events_are_no_histories():
    none = pr.histories(small().head(0))
    assert len(none) == 0
    assert repr(none) == "<Histories: 0 patients, 0 events>"
    assert none._repr_html_()


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(RecordError, match="no MEDS folder"):
        pr.histories(tmp_path)


def test_asks_of_every_patient_are_a_day_after_the_last_event():
    assert pr.features(small())["prediction_time"].tolist() == [
        pd.Timestamp("2024-05-02 09:30"),
        pd.Timestamp("2024-05-03 14:00"),
    ]


def test_an_explanation_is_that_of_the_scorer(clinic, known, scorer):
    (one,) = pr.explain(scorer, clinic, known.head(1), targets=("cbt",))
    line = pr.score(scorer, clinic, known.head(1), targets=("cbt",)).iloc[0]
    assert one.target == "cbt"
    assert one.probability == line["probability"] or line["refusal"] == one.refusal[0]
