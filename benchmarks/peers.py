"""The same features by pandas, Polars and DuckDB, shard by shard, each in its best form we know."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl

from benchmarks.histories import DAY, INDEX, SHARD, WINDOWS, WORDS, codes, meanings, sentences

YEAR = 365.25 * DAY


def by_pandas(folder: Path) -> np.ndarray:
    """One group-by a window."""
    return _by_shard(folder, _pandas_shard)


def by_polars(folder: Path) -> np.ndarray:
    """Bucketed windows: simple sums by subject, concept and ring in one group-by, the rest in NumPy."""
    return _by_shard(folder, _polars_shard)


def by_duckdb(folder: Path) -> np.ndarray:
    """One group-by with filtered aggregates."""
    return _by_shard(folder, _duckdb_shard)


def _by_shard(folder: Path, work: Callable[[Path], np.ndarray]) -> np.ndarray:
    return np.concatenate([work(path) for path in sorted((folder / "data").glob("*.parquet"), key=_number)])


def _number(path: Path) -> int:
    return int(path.stem)


@cache
def _wanted() -> list[tuple[str, str, str]]:
    """Word, concept and window of every feature, in column order."""
    found = []
    for text in sentences().values():
        word, rest = text.split(" of ")
        concept, span = rest.split(" ", 1)
        found.append((word, concept, span))
    return found


# --- pandas ---


def _pandas_shard(path: Path) -> np.ndarray:
    matcher, wanted = meanings(), _wanted()
    events = pd.read_parquet(path)
    meaning = {code: matcher.of(code) for code in events["code"].unique()}
    events["concept"] = events["code"].map(meaning)
    events = events.explode("concept").dropna(subset=["concept"])
    events["age"] = INDEX - events["time"].astype("int64")
    events = events[(events["age"] > 0) & events["concept"].isin({concept for _, concept, _ in wanted})]
    events["value"] = events["numeric_value"].astype("float64")
    subjects = np.arange(events["subject_id"].min(), events["subject_id"].min() + SHARD)
    found = {}
    for span, days in WINDOWS.items():
        names = {concept for _, concept, one in wanted if one == span}
        found |= _window(events[(events["age"] <= days * DAY) & events["concept"].isin(names)], span)
    columns = []
    for word, concept, span in wanted:
        column = found[word, concept, span].reindex(subjects)
        columns.append(column.fillna(0) if word == "count" else column)
    return pd.concat(columns, axis=1).to_numpy("float32")


def _window(events: pd.DataFrame, span: str) -> dict[tuple[str, str, str], pd.Series]:
    t = events["age"] / -YEAR
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
    return {(word, concept, span): part[word] for concept, part in by_concept.items() for word in WORDS}


# --- Polars ---


def _polars_shard(path: Path) -> np.ndarray:
    wanted = _wanted()
    names = tuple(sorted({concept for _, concept, _ in wanted}))
    rows = _rules(names)
    events = (
        pl.scan_parquet(path)
        .join(rows.lazy(), on="code")
        .with_columns(age=INDEX - pl.col("time").cast(pl.Int64), v=pl.col("numeric_value").cast(pl.Float64))
        .filter(pl.col("age") > 0)
    )
    edges = [days * DAY for days in WINDOWS.values()][:-1]
    ring = pl.sum_horizontal([(pl.col("age") > edge).cast(pl.Int32) for edge in edges])
    t = pl.col("age") / -YEAR
    table = (
        events.with_columns(ring=ring, t=t, first=pl.col("subject_id").min())
        .group_by("subject_id", "concept", "ring", "first")
        .agg(
            n=pl.len(),
            s=pl.col("v").sum(),
            ss=(pl.col("v") * pl.col("v")).sum(),
            st=pl.col("t").sum(),
            stv=(pl.col("t") * pl.col("v")).sum(),
            stt=(pl.col("t") * pl.col("t")).sum(),
            low=pl.col("v").min(),
            high=pl.col("v").max(),
            age=pl.col("age").min(),
            last=pl.col("v").sort_by(pl.col("age"), -pl.col("v")).first(),
        )
        .collect()
    )
    return _merged(table, names, wanted)


@cache
def _rules(names: tuple[str, ...]) -> pl.DataFrame:
    """Which codes mean which of the wanted concepts."""
    matcher = meanings()
    pairs = [
        (code, names.index(concept)) for code in codes() for concept in matcher.of(code) if concept in names
    ]
    return pl.DataFrame(pairs, schema={"code": pl.String, "concept": pl.Int32}, orient="row")


def _merged(table: pl.DataFrame, names: list[str], wanted: list[tuple[str, str, str]]) -> np.ndarray:
    """Rings added up to windows."""
    shape = (SHARD, len(names), len(WINDOWS))
    place = (
        (table["subject_id"] - table["first"]).to_numpy(),
        table["concept"].to_numpy(),
        table["ring"].to_numpy(),
    )

    def cube(column: str, empty: float) -> np.ndarray:
        found = np.full(shape, float(empty))
        found[place] = table[column].to_numpy()
        return found

    n, s, ss, st, stv, stt = (np.cumsum(cube(one, 0), axis=2) for one in ("n", "s", "ss", "st", "stv", "stt"))
    low, high = np.minimum.accumulate(cube("low", np.inf), 2), np.maximum.accumulate(cube("high", -np.inf), 2)
    age = cube("age", np.inf)
    newest = np.argmin(age, axis=2)
    last = np.take_along_axis(cube("last", np.nan), newest[:, :, None], 2)
    with np.errstate(all="ignore"):
        found = {
            "count": n,
            "mean": s / n,
            "min": low,
            "max": high,
            "last": np.broadcast_to(last, shape),
            "days since last": np.minimum.accumulate(age, 2) / DAY,
            "slope": np.where(n > 1, (stv - st * s / n) / (stt - st * st / n), np.nan),
            "spread": np.where(n > 1, np.sqrt(np.maximum(ss - s * s / n, 0) / (n - 1)), np.nan),
        }
    spans = list(WINDOWS)
    columns = []
    for word, concept, span in wanted:
        at = (slice(None), names.index(concept), spans.index(span))
        columns.append(n[at] if word == "count" else np.where(n[at] > 0, found[word][at], np.nan))
    return np.stack(columns, axis=1).astype(np.float32)


# --- DuckDB ---

_SQL = {
    "count": "count(*) FILTER (age <= {})",
    "mean": "avg(v) FILTER (age <= {})",
    "min": "min(v) FILTER (age <= {})",
    "max": "max(v) FILTER (age <= {})",
    "last": "arg_min(v, (age, -v)) FILTER (age <= {})",
    "days since last": f"min(age) FILTER (age <= {{}}) / {DAY}.0",
    "slope": f"regr_slope(v, age / -{YEAR}) FILTER (age <= {{}})",
    "spread": "stddev_samp(v) FILTER (age <= {})",
}


def _duckdb_shard(path: Path) -> np.ndarray:
    wanted = _wanted()
    names = tuple(sorted({concept for _, concept, _ in wanted}))
    rules = _rules(names).to_arrow()
    columns = {
        (word, span): f"{_SQL[word].format(WINDOWS[span] * DAY)} AS c{place}"
        for place, (word, span) in enumerate((word, span) for word in WORDS for span in WINDOWS)
    }
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("rules", rules)
        table = connection.execute(
            f"""SELECT subject_id, concept, {", ".join(columns.values())}
            FROM (SELECT subject_id, concept, {INDEX} - epoch_us(time) AS age, numeric_value::DOUBLE AS v
                  FROM read_parquet('{path}') JOIN rules USING (code))
            WHERE age > 0 GROUP BY subject_id, concept"""
        ).to_arrow_table()
    subject, concept = table["subject_id"].to_numpy(), table["concept"].to_numpy()
    first = int(path.stem) * SHARD + 1
    names_of = list(columns)
    out = []
    for word, name, span in wanted:
        here = concept == names.index(name)
        column = np.full(SHARD, 0.0 if word == "count" else np.nan)
        column[subject[here] - first] = table[f"c{names_of.index((word, span))}"].to_numpy()[here]
        out.append(column)
    return np.stack(out, axis=1).astype(np.float32)
