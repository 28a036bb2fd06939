"""Engines made faulty on purpose, one believable mistake each, to show that the laws are able to fail."""

from collections.abc import Callable

import numpy as np
import pytest

from painresponse.engine import matrix, summaries, trials, windows
from painresponse.engine.windows import Known
from painresponse.records import Asks, Records

Fault = Callable[[pytest.MonkeyPatch], None]


def includes_the_index(patch: pytest.MonkeyPatch) -> None:
    """The window closes at the index instead of before it."""

    def known(records: Records, asks: Asks) -> Known:
        return windows.known(records, Asks(asks.subject, asks.index + 1))

    patch.setattr(matrix, "known", known)


def forgets_when_it_was_known(patch: pytest.MonkeyPatch) -> None:
    """Events count from when they happened, not from when the clinic learned of them."""

    def known(records: Records, asks: Asks) -> Known:
        told_at_once = Records(
            records.subject, records.time, records.time, records.code, records.codes, records.value
        )
        return windows.known(told_at_once, asks)

    patch.setattr(matrix, "known", known)


def judges_trials_by_later_pain(patch: pytest.MonkeyPatch) -> None:
    """Relief on treatment is averaged over all pain scores of the record, also those after the index."""
    honest = trials._Pain.__init__

    def everything(self: trials._Pain, plan, records, seen, meaning) -> None:  # type: ignore[no-untyped-def]
        row = np.searchsorted(np.unique(records.subject), records.subject)
        book = plan.codebook.numbers(records.codes)
        honest(self, plan, records, Known(row, np.arange(len(records))), book[records.code])

    patch.setattr(trials._Pain, "__init__", everything)


def running_totals(patch: pytest.MonkeyPatch) -> None:
    """Windows are differences of one running total over everybody: a neighbour's rounding leaks."""

    def added(self: summaries.Cells, weights: np.ndarray | None = None) -> np.ndarray:
        order = np.argsort(self.cell, kind="stable")
        weights = np.ones(len(order)) if weights is None else weights[order]
        totals = np.append(0.0, np.cumsum(weights))
        edges = np.searchsorted(self.cell[order], np.arange(int(np.prod(self.shape)) + 1))
        return np.cumsum(np.diff(totals[edges]).reshape(self.shape), axis=0)

    patch.setattr(summaries.Cells, "added", added)


def centres_on_the_crowd(patch: pytest.MonkeyPatch) -> None:
    """Spread and slope are centred on everybody's mean instead of the patient's own last value."""

    def centred(self: summaries.Cells) -> np.ndarray:
        return self.value - self.value.sum() / len(self.value)

    patch.setattr(summaries.Cells, "centred", property(centred))


LEAKY: dict[str, Fault] = {
    one.__name__: one for one in (includes_the_index, forgets_when_it_was_known, judges_trials_by_later_pain)
}
CROWDED: dict[str, Fault] = {one.__name__: one for one in (running_totals, centres_on_the_crowd)}
