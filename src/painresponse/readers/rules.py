"""Rules applied to rows: what each row says becomes an event, or is counted with the reason why not."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from painresponse import schema
from painresponse.readers.account import Losses
from painresponse.readers.cells import instants, is_missing, numbers
from painresponse.readers.layout import BirthRule, EventRule, Layout, microseconds
from painresponse.readers.rows import Mask, Rows
from painresponse.records.coding import Measures
from painresponse.records.intake import EARLIEST, LATEST

YEAR = 365.25 * schema.MICROSECONDS_PER_DAY
Fates = NDArray[np.str_]


@dataclass(frozen=True)
class Found:
    """Events (subject, time, available, code, value, unit, column), what was lost, and what was doubtful.

    Times are microseconds since 1970; the losses include the cells that are empty.
    """

    events: pd.DataFrame
    losses: Losses
    warnings: Losses


def events(rule: EventRule, rows: Rows, *, layout: Layout, measures: Measures) -> Found:
    """What the rows meant by a rule say."""
    meant, warnings = _meant(rule, rows)
    code, value, fate = _meaning(rule, meant, layout)
    moments, late = _moments(rule, meant, layout)
    found = pd.DataFrame(
        {"subject": meant.subject, **moments, "code": code, "value": value, "unit": rule.unit}
    ).assign(column=rule.name, fate=np.where(fate == "", late, fate))
    impossible = (found["fate"] == "") & _impossible(found, rule, measures)
    found.loc[impossible, "fate"] = "impossible_value"
    disputed = _disputed(found, rule)
    if rule.conflict == "warn":
        warnings["conflict", rule.name] += found.loc[disputed, "subject"].nunique()
    else:
        found.loc[disputed, "fate"] = "conflict"
    return _accounted(found, warnings)


def births(rule: BirthRule, rows: Rows, layout: Layout) -> Found:
    """One birth for each subject, at midnight, worked out from the age in whole years at the first row."""
    moment, fate = _born(rule, rows, layout)
    midnight = moment // schema.MICROSECONDS_PER_DAY * schema.MICROSECONDS_PER_DAY
    found = pd.DataFrame({"subject": rows.subject, "time": midnight, "available": midnight, "fate": fate})
    found = found.assign(code=schema.BIRTH, value=np.nan, unit="", column=rule.age)
    said = pd.Series(moment[fate == ""]).groupby(rows.subject[fate == ""])
    spread = said.max() - said.min()
    disputed = found["subject"].isin(spread.index[spread > rule.agree_within * YEAR])
    found.loc[disputed & (found["fate"] == ""), "fate"] = "conflict"
    found = found.iloc[np.argsort(rows.times.at, kind="stable")]
    again = (found["fate"] == "") & found["subject"].where(found["fate"] == "").duplicated()
    found.loc[again, "fate"] = "repeated"
    return _accounted(found, Counter())


def _born(rule: BirthRule, rows: Rows, layout: Layout) -> tuple[NDArray[np.int64], Fates]:
    """When each row says its subject was born, in microseconds, and the fate of each age."""
    cells = rows.cells[rule.age.strip()]
    years = numbers(cells, layout)
    low, high = rule.limits
    outside = (years < low) | (years > high)
    lived = np.where(np.isnan(years) | outside, 0.0, years + 0.5)
    moment = (rows.times.at.astype(np.int64) - lived * YEAR).astype(np.int64)
    fate = np.select(
        [is_missing(cells, layout), np.isnan(years), outside | (moment < EARLIEST)],
        ["empty", "unreadable_number", "impossible_value"],
        "",
    )
    return moment, fate


def _meant(rule: EventRule, rows: Rows) -> tuple[Rows, Losses]:
    """The rows under the rule's conditions; a word that no row has is worth a warning."""
    keep, warnings = np.ones(len(rows), bool), Counter()
    for column, words in rule.conditions().items():
        cells = rows.cells[column.strip()]
        keep &= cells.isin([word.strip() for word in words]).to_numpy(bool)
        warnings["no_such_row", column] += sum(not (cells == word.strip()).any() for word in words)
    return rows.taken(keep), warnings


def _meaning(rule: EventRule, rows: Rows, layout: Layout) -> tuple[object, NDArray[np.float64], Fates]:
    """Code, value and fate by row."""
    fixed = np.full(len(rows), np.nan if rule.value is None else rule.value)
    if not rule.column:
        return rule.meanings()[0], fixed, np.full(len(rows), "", dtype="<U32")
    cells = rows.cells[rule.column.strip()]
    translations = {word.strip(): meaning for word, meaning in (rule.codes or rule.values).items()}
    if translations:
        unknown, reason = ~cells.isin(list(translations)).to_numpy(bool), "unknown_word"
        translated = cells.map(translations)
    else:
        translated = numbers(cells, layout)
        unknown, reason = np.isnan(translated), "unreadable_number"
    fate = np.select([is_missing(cells, layout), unknown], ["empty", reason], "")
    if rule.codes:
        return translated, fixed, fate
    return rule.meanings()[0], np.asarray(translated, np.float64), fate


def _moments(rule: EventRule, rows: Rows, layout: Layout) -> tuple[dict[str, NDArray[np.int64]], Fates]:
    """Time, availability and fate by row."""
    fate = np.full(len(rows), "", dtype="<U32")
    if rule.static:
        never = np.full(len(rows), schema.STATIC)
        return {"time": never, "available": never}, fate
    times = rows.times
    if rule.time:
        cells = rows.cells[rule.time.strip()]
        times = instants(cells, layout)
        fate = np.select([is_missing(cells, layout), np.isnat(times.at)], ["no_time", "unreadable_time"], "")
    shift = np.timedelta64(microseconds(rule.shift), "us")
    time = (times.at + shift).astype(np.int64)
    known = (times.known() + shift).astype(np.int64)
    if rule.available_after:
        known = time + microseconds(rule.available_after)
    if rule.available:
        cells = rows.cells[rule.available.strip()]
        said, empty = instants(cells, layout), is_missing(cells, layout)
        known = np.where(empty, known, said.known().astype(np.int64))
        fate = np.where((fate == "") & ~empty & np.isnat(said.at), "unreadable_time", fate)
    outside = (time < EARLIEST) | (time >= LATEST)
    return {"time": time, "available": known}, np.where((fate == "") & outside, "impossible_time", fate)


def _impossible(found: pd.DataFrame, rule: EventRule, measures: Measures) -> Mask:
    """Values outside the hard limits of what the code measures, compared as the histories will be."""
    impossible = np.isinf(found["value"].to_numpy(np.float32))
    for code in rule.meanings():
        measure = measures.of(code)
        if measure is not None:
            scale, shift = measure.conversion(rule.unit)
            raw = found["value"].to_numpy(np.float32).astype(np.float64)
            value = (raw * scale + shift).astype(np.float32)
            low, high = np.float32(measure.limits[0]), np.float32(measure.limits[1])
            impossible |= (found["code"] == code).to_numpy(bool) & ((value < low) | (value > high))
    return impossible


def _disputed(found: pd.DataFrame, rule: EventRule) -> Mask:
    """Rows of subjects whose rows say different things, where the rule wants them to agree."""
    good = (found["fate"] == "").to_numpy(bool)
    if not rule.conflict:
        return np.zeros(len(found), bool)
    what = ["subject", "code", "value", *(["time"] if rule.time else [])]
    said = found.loc[good, what].drop_duplicates()["subject"].value_counts()
    return good & found["subject"].isin(said.index[said > 1]).to_numpy(bool)


def _accounted(found: pd.DataFrame, warnings: Losses) -> Found:
    lost = found[found["fate"] != ""].groupby(["fate", "column"]).size()
    return Found(found[found["fate"] == ""].drop(columns="fate"), Counter(lost.to_dict()), warnings)
