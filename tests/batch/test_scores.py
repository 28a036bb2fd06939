"""A cohort scored into a file: every answer and every refusal, the same to the bit however it is cut up."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import painresponse as pr
from painresponse.batch import columns, in_process, in_processes, score_folder
from painresponse.batch.parts import maker
from painresponse.errors import BundleError, CohortError, DefinitionError
from painresponse.readers import histories, last_known, read_asks
from painresponse.records import Asks
from painresponse.scoring.drift import MOVED, MOVED_MUCH, STABLE, UNCLEAR
from painresponse.scoring.scorer import NOTICE, SYNTHETIC_NOTICE, Scorer
from tests.batch.conftest import SHARDS, SUBJECTS, bits, write_bundle


def scored(clinic, out, **said):
    """What the run did, and the table it wrote."""
    done = score_folder(clinic.bundle, clinic.folder, out, allow_synthetic=True, **said)
    return done, pq.read_table(out)


@pytest.fixture(scope="session")
def usual(clinic, tmp_path_factory):
    """The clinic scored in one process as nobody would say otherwise."""
    return scored(clinic, tmp_path_factory.mktemp("usual") / "scores.parquet")


def test_every_ask_and_target_has_a_line_scored_or_refused(clinic, usual):
    done, table = usual
    frame = table.to_pandas()
    assert len(frame) == 3 * SUBJECTS == done.made.rows == 3 * done.asks
    assert not frame.duplicated(["subject_id", "target"]).any()
    answered = frame["refusal"].isna()
    assert 0 < done.scores == answered.sum() < len(frame)
    assert frame.loc[answered, ["probability", "low", "high"]].notna().all(axis=None)
    assert frame.loc[~answered, ["probability", "low", "high"]].isna().all(axis=None)
    assert frame.loc[~answered, "reason"].notna().all()


def test_a_line_says_what_the_scorer_says(clinic, usual):
    scorer = Scorer.load(clinic.bundle, allow_synthetic=True)
    records, _ = next(histories(clinic.folder, scorer.measures))
    said = scorer.score(records, last_known(records), reasons=3).table()
    table = usual[1].slice(0, len(said["target"]))
    assert any(said["flags"]), "somebody must be flagged"
    written = bits(pa.table(said, schema=table.select(list(said)).schema))
    assert {name: one for name, one in bits(table).items() if name in written} == written


def test_what_was_refused_is_counted_by_code_and_words(usual):
    done, table = usual
    refused = table.to_pandas().dropna(subset="refusal").astype({"refusal": str, "reason": str})
    counts = refused.groupby(["refusal", "reason"]).size()
    assert {(code, words): n for code, words, n in done.refused} == counts.to_dict()
    assert [n for *_, n in done.refused] == sorted(counts, reverse=True)


def test_every_score_carries_its_largest_reasons_in_words(usual):
    _, table = usual
    frame = table.to_pandas()
    answered = frame["refusal"].isna()
    assert (frame.loc[~answered, "reasons"].map(len) == 0).all()
    reasons = frame.loc[answered, "reasons"]
    assert (reasons.map(len) <= 3).all() and (reasons.map(len) == 3).any()
    for cell in reasons:
        points = [abs(one["points"]) for one in cell]
        assert points == sorted(points, reverse=True)
        assert all(one["words"] in one["text"] and one["value"] in one["text"] for one in cell)


@pytest.mark.parametrize("count", [0, 5])
def test_as_many_reasons_as_asked_for_and_the_same_scores(clinic, usual, tmp_path, count):
    _, table = scored(clinic, tmp_path / "scores.parquet", reasons=count)
    longest = max(len(one) for one in table["reasons"].to_pylist())
    assert longest == count
    assert bits(table.drop(["reasons"])) == bits(usual[1].drop(["reasons"]))


def test_the_file_says_which_bundle_and_that_its_patients_were_simulated(clinic, usual):
    _, table = usual
    said = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    scorer = Scorer.load(clinic.bundle, allow_synthetic=True)
    assert said["painresponse_bundle"] == scorer.bundle.digest
    assert said["painresponse_bundle_name"] == "tiny"
    assert said["data_provenance"] == "synthetic"
    assert json.loads(said["notices"])[:2] == [SYNTHETIC_NOTICE, NOTICE]
    assert set(table["data_provenance"].to_pylist()) == {"synthetic"}


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.slow
def test_any_number_of_processes_gives_the_same_to_the_bit(clinic, usual, tmp_path, count):
    done, table = scored(clinic, tmp_path / "scores.parquet", engine=in_processes(count))
    assert bits(table) == bits(usual[1])
    assert done.to_plain() == usual[0].to_plain()


def test_the_order_in_which_shards_finish_does_not_matter(clinic, usual, tmp_path):
    def backwards(recipe, jobs):
        return in_process(recipe, jobs[::-1])

    done, table = scored(clinic, tmp_path / "scores.parquet", engine=backwards)
    assert bits(table) == bits(usual[1]) and done.to_plain() == usual[0].to_plain()


def test_how_many_are_answered_at_once_does_not_matter(clinic, usual, tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "ASKS_AT_ONCE", 7)
    done, table = scored(clinic, tmp_path / "scores.parquet")
    assert bits(table) == bits(usual[1]) and done.to_plain() == usual[0].to_plain()


def test_how_the_subjects_are_cut_into_shards_does_not_matter(clinic, usual, tmp_path):
    (tmp_path / "clinic" / "data").mkdir(parents=True)
    whole = pq.read_table(clinic.folder / "data")
    pq.write_table(whole, tmp_path / "clinic" / "data" / "0.parquet")
    done = score_folder(clinic.bundle, tmp_path / "clinic", tmp_path / "scores.parquet", allow_synthetic=True)
    assert bits(pq.read_table(tmp_path / "scores.parquet")) == bits(usual[1])
    assert (done.made.shards, usual[0].made.shards) == (1, SHARDS)
    assert done.to_plain()["drift"] == usual[0].to_plain()["drift"]


def test_a_folder_holds_a_part_for_each_shard(clinic, usual, tmp_path):
    _, table = scored(clinic, tmp_path / "scores")
    assert sorted(one.name for one in (tmp_path / "scores").iterdir()) == [
        f"{number}.parquet" for number in range(SHARDS)
    ]
    assert bits(table) == bits(usual[1])


def test_a_file_and_a_frame_are_the_same(clinic, usual):
    events = pd.read_parquet(clinic.folder / "data")
    frame = pr.score(clinic.bundle, events, allow_synthetic=True)
    written = usual[1].cast(pa.schema([_plain(one) for one in usual[1].schema])).to_pandas()
    assert list(frame.columns) == list(written.columns)
    lists = ["reasons", "flags"]
    pd.testing.assert_frame_equal(frame.drop(columns=lists), written.drop(columns=lists), check_exact=True)
    for name in lists:
        assert [list(cell) for cell in frame[name]] == [list(cell) for cell in written[name]]


def _plain(field):
    return field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field


def test_a_frame_without_asks_about_its_subjects_has_the_columns_and_no_line(clinic):
    events = pd.read_parquet(clinic.folder / "data" / "0.parquet")
    nobody = pd.DataFrame({"subject_id": np.zeros(0, np.int64), "prediction_time": pd.to_datetime([])})
    frame = pr.score(clinic.bundle, events, nobody, allow_synthetic=True)
    assert list(frame.columns) == columns.SCORES.names and len(frame) == 0


def test_only_the_targets_asked_for_are_answered(clinic, usual, tmp_path):
    _, table = scored(clinic, tmp_path / "scores.parquet", targets=("cbt",))
    alone, among = (one.to_pandas().astype({"target": str}) for one in (table, usual[1]))
    among = among[among["target"] == "cbt"].reset_index(drop=True)
    assert set(alone["target"]) == {"cbt"}
    for name in ("subject_id", "probability", "low", "high", "support"):
        pd.testing.assert_series_equal(alone[name], among[name], check_exact=True)


def test_asks_are_answered_in_the_order_given_and_strangers_left_out(clinic, tmp_path):
    asks = tmp_path / "asks.csv"
    asks.write_text(
        "subject_id,prediction_time\n7,2019-06-01\n2,2020-01-01\n999999,2020-01-01\n2,2018-01-01\n"
    )
    done, table = scored(clinic, tmp_path / "scores.parquet", asks=read_asks(asks), targets=("rfa",))
    assert done.asks == 3
    assert table["subject_id"].to_pylist() == [7, 2, 2]
    assert [str(one.date()) for one in table["prediction_time"].to_pylist()] == [
        "2019-06-01",
        "2020-01-01",
        "2018-01-01",
    ]


def test_a_cohort_like_those_learnt_from_has_not_drifted(usual):
    done, _ = usual
    assert len(done.drift) == 324
    assert {one.reading for one in done.drift} <= {STABLE, UNCLEAR}
    assert all(one.presence.value == pytest.approx(0, abs=1e-9) for one in done.drift)


def test_what_moved_is_named_first(own, tmp_path):
    """Everybody is in far more pain, and nobody's size is written down any more."""
    for path in (own.folder / "data").iterdir():
        events = pq.read_table(path).to_pandas()
        events.loc[events["code"] == "LOINC//72514-3", "numeric_value"] = 9.9
        events[events["code"] != "LOINC//39156-5"].to_parquet(path, index=False)
    done, _ = scored(own, tmp_path / "scores.parquet")
    moved = [one.name for one in done.drift if one.reading in (MOVED, MOVED_MUCH)]
    assert moved == [one.name for one in done.drift][: len(moved)]
    assert {"pain_mean_90d", "pain_min_1y", "bmi_mean"} <= set(moved)
    assert all(name.startswith(("pain", "bmi")) or "relief" in name for name in moved)
    bmi = next(one for one in done.drift if one.name == "bmi_mean")
    assert bmi.known == 0 < 0.9 < bmi.before and bmi.to_plain()["psi"] is None


def test_what_intake_rejected_is_counted(own, tmp_path):
    path = own.folder / "data" / "2.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(5, 4)]), path)
    done, _ = scored(own, tmp_path / "scores.parquet")
    assert done.made.rejected == {"duplicate": 4}


def test_nobody_asked_about_is_an_error_and_nothing_is_left(clinic, tmp_path):
    strangers = Asks(np.array([10**9]), np.array([10**15]))
    with pytest.raises(CohortError, match="Nobody in"):
        scored(clinic, tmp_path / "scores.parquet", asks=strangers)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_scored_with_is_refused_before_any_work(clinic, tmp_path):
    with pytest.raises(BundleError, match="R08_MODEL_SYNTHETIC"):
        score_folder(clinic.bundle, clinic.folder, tmp_path / "scores.parquet")
    with pytest.raises(BundleError, match="Unknown target 'rfx'"):
        scored(clinic, tmp_path / "scores.parquet", targets=("rfx",))
    (tmp_path / "taken").mkdir()
    with pytest.raises(DefinitionError, match="--overwrite"):
        scored(clinic, tmp_path / "taken")
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("engine", [in_process, in_processes(2)])
def test_a_bundle_replaced_meanwhile_is_said_and_its_scores_are_not_mixed_in(own, tmp_path, engine):
    maker.cache_clear()  # what is ready in this process needs no file

    def replacing(recipe, jobs):
        write_bundle(own.bundle, {}, kind="clinic")
        return engine(recipe, jobs)

    with pytest.raises(BundleError, match="no longer the file it was when scoring began"):
        scored(own, tmp_path / "scores.parquet", engine=replacing)
    assert not (tmp_path / "scores.parquet").exists()
