"""Features from Parquet to a float32 matrix: 2 million events, 10,000 subjects, against pandas."""

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from painresponse.clinic import load_catalogue
from painresponse.engine import Plan, compute, rows
from painresponse.language import FeatureSet
from painresponse.readers import histories
from painresponse.records import Asks, Records
from painresponse.records.coding import Matcher

SUBJECTS, EVENTS_EACH, SHARD = 10_000, 200, 2_500
DAY = 86_400_000_000
INDEX = 18_000 * DAY
WINDOWS = {"in 30 d": 30, "in 90 d": 90, "in 1 y": 365, "ever": 10**6}
WORDS = ("count", "mean", "min", "max", "last", "days since last", "slope", "spread")
NUMERIC = 45


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        _write(folder)
        ours, ours_cpu, ours_wall = _timed(lambda: _painresponse(folder))
        theirs, theirs_cpu, theirs_wall = _timed(lambda: _pandas(folder))
        agree = np.isclose(ours, theirs, rtol=1e-5, atol=1e-6, equal_nan=True).mean()
        events = SUBJECTS * EVENTS_EACH
        print(f"Features: {events:,} events, {SUBJECTS:,} subjects, {ours.shape[1]} features, best of 3")
        print(f"{'':14}{'CPU s':>8}{'wall s':>8}{'million events/s (CPU)':>25}")
        for name, cpu, wall in (
            ("painresponse", ours_cpu, ours_wall),
            ("pandas", theirs_cpu, theirs_wall),
        ):
            print(f"{name:14}{cpu:8.2f}{wall:8.2f}{events / cpu / 1e6:25.2f}")
        print(f"ratio (CPU): {theirs_cpu / ours_cpu:.1f}; cells that agree: {agree:.4%}")
        plain, cpu, wall = _timed(lambda: _packaged(folder))
        print(
            f"packaged catalogue, {plain.shape[1]} features with trials of treatments: "
            f"{cpu:.2f} s CPU, {events / cpu / 1e6:.2f} million events/s"
        )
        _one_subject(folder)


def _write(folder: Path) -> None:
    """Random histories over the packaged codes, sorted, 2,500 subjects a shard."""
    rng = np.random.default_rng(0)
    concepts = load_catalogue().concepts
    codes, low, high = [], [], []
    for concept in concepts.concepts.values():
        for code in concept.codes[:2]:
            codes.append(code.rstrip("*"))
            low.append((concept.soft or concept.hard or (0, 1))[0])
            high.append((concept.soft or concept.hard or (0, 1))[1])
    for treatment in concepts.treatments.values():
        for ingredient in treatment.ingredients:
            codes += [ingredient.code, f"{ingredient.code}//STOP"]
            low += [1, 1]
            high += [100, 100]
    low_high = np.array([low, high], float)
    (folder / "data").mkdir()
    for shard in range(SUBJECTS // SHARD):
        n = SHARD * EVENTS_EACH
        subject = np.repeat(np.arange(SHARD) + shard * SHARD + 1, EVENTS_EACH)
        time_us = INDEX - (rng.random(n) * 1500 - 30).astype(int) * DAY + rng.integers(0, DAY, n)
        order = np.lexsort((time_us, subject))
        code = rng.integers(0, len(codes), n)
        value = rng.uniform(*low_high[:, code]).astype(np.float32)
        table = pa.table(
            {
                "subject_id": subject[order],
                "time": time_us[order].astype("datetime64[us]"),
                "code": pa.DictionaryArray.from_arrays(code[order].astype(np.int32), codes).cast(pa.string()),
                "numeric_value": value[order],
            }
        )
        pq.write_table(table, folder / "data" / f"{shard}.parquet", compression="zstd")


def _sentences() -> dict[str, str]:
    catalogue = load_catalogue()
    names = [name for name, one in catalogue.concepts.concepts.items() if one.codes][:NUMERIC]
    spans = list(WINDOWS)
    return {
        f"{name} {word}": f"{word} of {name} {spans[(place + turn) % len(spans)]}"
        for place, name in enumerate(names)
        for turn, word in enumerate(WORDS)
    }


def _painresponse(folder: Path) -> np.ndarray:
    return _matrix(folder, FeatureSet.from_plain(_sentences()))


def _packaged(folder: Path) -> np.ndarray:
    return _matrix(folder, load_catalogue().features)


def _matrix(folder: Path, features: FeatureSet) -> np.ndarray:
    concepts = load_catalogue().concepts
    plan = Plan(features, concepts)
    return np.concatenate([rows(plan, records, _asks(records)) for records, _ in histories(folder, concepts)])


def _asks(records: Records) -> Asks:
    subjects = records.subjects()
    return Asks(subjects, np.full(len(subjects), INDEX))


def _pandas(folder: Path) -> np.ndarray:
    """The same features with one group-by a window, shard by shard."""
    concepts = load_catalogue().concepts
    matcher = Matcher(
        (pattern, name) for name, patterns in concepts.patterns().items() for pattern in patterns
    )
    sentences = _sentences()
    parts = []
    for shard in sorted((folder / "data").glob("*.parquet")):
        events = pd.read_parquet(shard)
        meaning = {code: matcher.of(code) for code in events["code"].unique()}
        events["concept"] = events["code"].map(meaning)
        events = events.explode("concept").dropna(subset=["concept"])
        events["age"] = INDEX - events["time"].astype("int64")
        events = events[events["age"] > 0]
        events["value"] = events["numeric_value"].astype("float64")
        subjects = np.arange(events["subject_id"].min(), events["subject_id"].min() + SHARD)
        found = {}
        for span, days in WINDOWS.items():
            wanted = [text for text in sentences.values() if text.endswith(span)]
            names = {text.split(" of ")[1].removesuffix(f" {span}") for text in wanted}
            inside = events[(events["age"] <= days * DAY) & events["concept"].isin(names)]
            found |= _window(inside, span)
        columns = []
        for text in sentences.values():
            column = found[text.split(" of ")[0], text.split(" of ")[1]].reindex(subjects)
            columns.append(column.fillna(0) if text.startswith("count") else column)
        parts.append(pd.concat(columns, axis=1).to_numpy("float32"))
    return np.concatenate(parts)


def _window(events: pd.DataFrame, span: str) -> dict[tuple[str, str], pd.Series]:
    t = events["age"] / -(365.25 * DAY)
    events = events.assign(t=t, tv=t * events["value"], tt=t * t).sort_values(
        ["subject_id", "concept", "age", "value"], ascending=[True, True, False, True]
    )
    grouped = events.groupby(["concept", "subject_id"], sort=False)
    value = grouped["value"]
    table = pd.DataFrame(
        {
            "count": grouped.size(),
            "mean": value.mean(),
            "min": value.min(),
            "max": value.max(),
            "last": value.last(),
            "days since last": grouped["age"].min() / DAY,
            "spread": value.std(),
        }
    )
    sums = grouped[["t", "value", "tv", "tt"]].sum()
    n = table["count"]
    with np.errstate(all="ignore"):
        slope = (sums["tv"] - sums["t"] * sums["value"] / n) / (sums["tt"] - sums["t"] ** 2 / n)
    table["slope"] = slope.where(n > 1)
    by_concept = {concept: part.droplevel(0) for concept, part in table.groupby(level=0)}
    return {(word, f"{concept} {span}"): part[word] for concept, part in by_concept.items() for word in WORDS}


def _timed(work) -> tuple[np.ndarray, float, float]:
    best_cpu = best_wall = np.inf
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        best_cpu = min(best_cpu, time.process_time() - cpu)
        best_wall = min(best_wall, time.perf_counter() - wall)
    return result, best_cpu, best_wall


def _one_subject(folder: Path) -> None:
    """One subject of 200 events, warm; another subject at every call."""
    catalogue = load_catalogue()
    records, _ = next(histories(folder, catalogue.concepts))
    plan = Plan(catalogue.features, catalogue.concepts)
    people = [records.of(int(subject)) for subject in records.subjects()[:400]]
    took = []
    for mine in people * 3:
        start = time.perf_counter()
        compute(plan, mine, Asks(mine.subject[:1], np.array([INDEX])))
        took.append(time.perf_counter() - start)
    p50, p99 = np.quantile(took[400:], [0.5, 0.99]) * 1000
    print(
        f"one subject of {EVENTS_EACH} events, {len(catalogue.features)} features: "
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    )


if __name__ == "__main__":
    main()
