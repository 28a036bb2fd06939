"""What is followed beside pain: added to a simulated clinic without changing anything else of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from painresponse.schema import MICROSECONDS_PER_DAY
from painresponse.simulate.clinic import population_of
from painresponse.simulate.plan import Plan, read_plan
from painresponse.simulate.shards import Shard, make_shard

ODI, ISI, EQ5D = "PR//odi", "PR//isi", "PR//eq5d_index"
COUNT = 1500


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan().recorded_as(read_plan().preset("registry_quality"))


def drawn(plan: Plan, later: int, *, flaws: bool = False) -> Shard:
    population = population_of(plan, preset="registry", signal=1.0, seed=3)
    one, other = np.random.default_rng(3), np.random.default_rng(later)
    return make_shard(COUNT, one, other, plan=plan, population=population, flaws=flaws)


def table(shard: Shard) -> pd.DataFrame:
    events = shard.events
    words = np.array(events.words)
    columns = {name: getattr(events, name) for name in ("who", "when", "value", "known")}
    return pd.DataFrame({**columns, "code": words[events.code], "unit": words[events.unit]})


def without_sequels(plan: Plan) -> Plan:
    """The same clinic that follows nothing more than pain, function and mood over a year."""
    none, quality = (
        replace(plan.sequels.opioids, response=(), none=()),
        replace(plan.sequels.quality, observed=0),
    )
    return replace(plan, sequels=replace(plan.sequels, months=(), opioids=none, quality=quality))


@pytest.mark.parametrize("flaws", [False, True])
def test_every_other_event_and_the_truth_are_the_same_with_and_without(plan: Plan, flaws: bool) -> None:
    bare, full = drawn(without_sequels(plan), 1, flaws=flaws), drawn(plan, 1, flaws=flaws)
    pd.testing.assert_frame_equal(bare.truth, full.truth)
    before, after = table(bare), table(full)
    assert len(after) > 1.02 * len(before)
    rows = iter(after.fillna(-1).itertuples(index=False))
    assert all(row in rows for row in before.fillna(-1).itertuples(index=False)), "all there, in their order"


def test_other_random_numbers_for_what_follows_change_only_what_follows(plan: Plan) -> None:
    one, other = drawn(plan, 1), drawn(plan, 2)
    pd.testing.assert_frame_equal(one.truth, other.truth)
    added = {ISI, EQ5D, ODI, "LOINC//44261-6", "LOINC//70274-6"}
    kept = [
        found[~found["code"].isin(added) & ~found["code"].str.startswith("RxNorm")].reset_index(drop=True)
        for found in map(table, (one, other))
    ]
    pd.testing.assert_frame_equal(*kept)
    assert not table(one).equals(table(other))


def test_before_the_index_only_quality_of_life_is_new_and_only_where_it_is_asked(plan: Plan) -> None:
    registry = read_plan().recorded_as(read_plan().preset("registry"))
    for asking, new in ((plan, {EQ5D}), (registry, set())):
        bare, full = (_before(drawn(one, 1)) for one in (without_sequels(asking), asking))
        assert set(full["code"]) - set(bare["code"]) == new
        assert len(full[~full["code"].isin(new)]) == len(bare)


def _before(shard: Shard) -> pd.DataFrame:
    given = shard.truth[shard.truth["given"]].groupby("subject_id")["time"].max()
    index = given.astype("datetime64[us]").astype(np.int64)
    found = table(shard)
    return found[found["when"] < found["who"].map(index)]


def _values(found: pd.DataFrame, code: str, low: int, high: int) -> pd.Series:
    """The mean of a measure by patient so many days after the last stage began."""
    mine = found[(found["code"] == code) & found["days"].between(low, high)]
    return mine.groupby("who")["value"].mean()


@pytest.fixture(scope="module")
def followed(plan: Plan) -> pd.DataFrame:
    shard = drawn(plan, 1)
    truth = shard.truth[shard.truth["given"]].sort_values("time").groupby("subject_id").last()
    found = table(shard)
    found["days"] = (
        found["when"] - found["who"].map(truth["time"].astype("datetime64[us]").astype(np.int64))
    ) / MICROSECONDS_PER_DAY
    return found.assign(responds=found["who"].map(truth["outcome"]))


@pytest.mark.parametrize(("code", "sign"), [(ISI, -1), (EQ5D, 1), (ODI, -1)])
def test_who_responds_also_gets_better_otherwise(followed: pd.DataFrame, code: str, sign: int) -> None:
    responds = followed.groupby("who")["responds"].first().astype(bool)
    change = sign * (_values(followed, code, 150, 225) - _values(followed, code, -150, 0)).dropna()
    mine = responds[change.index]
    assert len(change) > 100
    assert change[mine].mean() > change[~mine].mean() > -0.1 * abs(change[mine].mean())


def test_quality_of_life_before_is_that_of_refractory_pain(followed: pd.DataFrame) -> None:
    """Mean 0.35, spread 0.25 in the clinical specification."""
    before = _values(followed, EQ5D, -150, 0)
    assert before.mean() == pytest.approx(0.35, abs=0.03)
    assert before.std() == pytest.approx(0.25, abs=0.04)


def test_questionnaires_are_asked_again_at_two_years(followed: pd.DataFrame) -> None:
    for code in (ODI, ISI):
        assert len(_values(followed, code, 640, 820)) > 50


def test_opioids_are_given_up_more_often_with_relief(followed: pd.DataFrame) -> None:
    later = followed[(followed["days"] > 0) & followed["code"].str.match(r"RxNorm//\d+//STOP$")]
    responds = followed.groupby("who")["responds"].first().astype(bool)
    stopped = responds.index.isin(later["who"])
    assert stopped[responds].mean() > 2 * stopped[~responds].mean() > 0
    assert not later.duplicated("who").any(), "nobody stops what is stopped"
