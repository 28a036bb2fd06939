"""What a model goes by: one patient's reasons, how it depends on a feature, how far features have moved."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from painresponse.errors import CohortError, DefinitionError, unknown
from painresponse.frames.classifier import ResponseClassifier
from painresponse.plots.canvas import LETTERS, called, canvas, marked, names_down, tall, words_of
from painresponse.report.drawing import BLUE, GREY, ORANGE, legend
from painresponse.report.lines import EFFECT, draw_dependence
from painresponse.report.record import at
from painresponse.schema import SUBJECT
from painresponse.scoring.bundle import Bundle
from painresponse.scoring.drift import MANY_TIMES, MUCH, SOME, Drift, Reference
from painresponse.scoring.explanation import Explanation
from painresponse.scoring.phrases import Phrase, phrases
from painresponse.scoring.scorer import Scorer
from painresponse.training.explanation import contributions
from painresponse.training.explanation import dependence as measured

_ROW, _LONGEST = 0.27, 60

Rows = NDArray[np.float32]


def waterfall(explanation: Explanation, *, ax: Axes | None = None) -> Axes:
    """One patient's prediction, from what the model says of nobody in particular, reason by reason.

    ``explanation`` is one of those `explain` gives; where the model refuses, the reason stands in its place.

    >>> import pandas as pd, painresponse as pr
    >>> events = pd.DataFrame({
    ...     "subject_id": [1],
    ...     "time": pd.to_datetime(["2010-01-01"]),
    ...     "code": ["MEDS_BIRTH"],
    ...     "numeric_value": [None],
    ... })
    >>> (one,) = pr.explain("models/synthetic.onnx", events, targets=("rfa",), allow_synthetic=True)
    >>> pr.plots.waterfall(one).texts[0].get_text().split(":")[0]
    'No prediction'
    """
    return explanation.plot(ax)


def dependence(
    model: Bundle | Scorer | ResponseClassifier,
    feature: str,
    matrix: pd.DataFrame | None = None,
    *,
    target: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How a model's prediction goes with one feature: mean contribution to the log-odds by its value.

    ``matrix`` holds the rows it is worked out on (as `features` gives them; for a classifier what it was
    fitted on); a bundle without one shows what was seen in training, of its most important features.
    ``target`` names the model of a bundle that has several. A point stands for at least ten patients. It
    describes the model, no cause. Raises DefinitionError for a feature or target that is not there,
    CohortError where the matrix knows the feature of too few patients.

    >>> import painresponse as pr
    >>> scorer = pr.Scorer.load("models/synthetic.onnx", allow_synthetic=True)
    >>> axes = pr.plots.dependence(scorer, "phq9_last", target="scs_trial")
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('PHQ-9 depression score (latest, past year)', 'change of log-odds')
    """
    if isinstance(model, ResponseClassifier):
        line, words, synthetic = _of_classifier(model, feature, matrix), words_of(model.catalogue), False
    else:
        bundle = _bundle(model)
        line = _of_bundle(bundle, feature, matrix, _place(bundle, target))
        words, synthetic = phrases(bundle.features, bundle.concepts), bundle.synthetic
    axes = marked(draw_dependence(canvas(ax, 3.4), line), synthetic=synthetic)
    axes.set(xlabel=called(feature, words, _LONGEST, unit=True), ylabel=EFFECT)
    if line.get("unknown") is not None:
        axes.axhline(
            line["unknown"], color=ORANGE, linestyle="--", linewidth=1.2, label="where it is unknown"
        )
        legend(axes)
    return axes


def drift(
    reference: Bundle | Scorer | Reference | Sequence[Drift],
    matrix: pd.DataFrame | None = None,
    *,
    ax: Axes | None = None,
    most: int = 20,
) -> Axes:
    """How far features have moved since training: those that moved farthest, by population stability index.

    ``matrix`` holds the rows asked about now, as `features` gives them; without one, what
    ``Reference.drift`` found. A hollow mark is no more than chance makes of so few rows. Raises
    DefinitionError for a matrix without the features of the bundle, CohortError where none can be compared.

    >>> import pandas as pd, painresponse as pr
    >>> scorer = pr.Scorer.load("models/synthetic.onnx", allow_synthetic=True)
    >>> nothing = pd.DataFrame(0.0, range(200), scorer.bundle.features.names)
    >>> len(pr.plots.drift(scorer, nothing, most=5).get_yticklabels())
    5
    """
    found, words = _moved(reference, matrix)
    shown = [one for one in found if np.isfinite(one.worst.value)][:most]
    if not shown:
        raise CohortError("Nothing can be compared: no feature is known both then and now. Give other rows.")
    names = [called(one.name, words, LETTERS, note=_which(one)) for one in shown]
    axes = canvas(ax, tall(names, row=_ROW, beside=1.4))
    for row, one in enumerate(shown):
        axes.plot([0, one.worst.value], [row, row], color=GREY, linewidth=0.8)
        axes.plot(one.worst.value, row, "o", color=BLUE, markerfacecolor="none" if _by_chance(one) else BLUE)
    for value in (SOME, MUCH):
        axes.axvline(value, color=GREY, linestyle=":", linewidth=1)
    names_down(axes, names)
    axes.set(xlabel=f"population stability index\n({SOME:g}: moved, {MUCH:g}: moved much)", xlim=(0, None))
    axes.legend(handles=_key(), frameon=False, fontsize="small", loc="lower right")
    return marked(axes, synthetic=isinstance(reference, Bundle | Scorer) and _bundle(reference).synthetic)


def _key() -> list[Line2D]:
    kinds = (("beyond chance", BLUE), ("may be chance", "none"))
    return [
        Line2D([], [], color=BLUE, marker="o", linestyle="", markerfacecolor=face, label=words)
        for words, face in kinds
    ]


def _by_chance(one: Drift) -> bool:
    return one.worst.value <= MANY_TIMES * one.worst.chance


def _which(one: Drift) -> str:
    """Whether the values moved or only how often they are known."""
    return "" if one.worst is one.values else "how often it is known"


def _bundle(given: Bundle | Scorer) -> Bundle:
    return given.bundle if isinstance(given, Scorer) else given


def _moved(given: Any, matrix: pd.DataFrame | None) -> tuple[Sequence[Drift], Mapping[str, Phrase]]:
    """What moved how far, and the words of a bundle's features."""
    if isinstance(given, Sequence):
        return given, {}
    if isinstance(given, Reference):
        return _drifts(given, matrix), {}
    bundle = _bundle(given)
    return _drifts(Reference.of(bundle), matrix), phrases(bundle.features, bundle.concepts)


def _drifts(reference: Reference, matrix: pd.DataFrame | None) -> Sequence[Drift]:
    rows = _rows(matrix, reference.names)
    return reference.drift(reference.seen(rows), len(rows))


def _place(bundle: Bundle, target: str | None) -> int:
    if target is None and len(bundle.targets) > 1:
        names = ", ".join(card.name for card in bundle.targets)
        raise DefinitionError(f"This bundle has several models. Say with target which: {names}.")
    (place,) = bundle.places(None if target is None else (target,))
    return place


def _of_bundle(bundle: Bundle, feature: str, matrix: pd.DataFrame | None, place: int) -> Mapping[str, Any]:
    names, card = bundle.features.names, bundle.targets[place]
    if feature not in names:
        raise DefinitionError(unknown("feature", feature, names))
    if matrix is None:
        lines = at(bundle.metadata, "accounts", card.name, "importance", "dependence") or ()
        told = {one["name"]: one for one in lines}
        if feature not in told:
            raise DefinitionError(
                f"The bundle keeps the dependence of {card.name} on its most important features only: "
                f"{', '.join(told) or 'none'}. Give a matrix to work it out for another."
            )
        return told[feature]
    rows, at_feature = _rows(matrix, names), names.index(feature)
    part = card.slope * bundle.run(rows, explain=[place]).contributions[0][:, at_feature].astype(np.float64)
    return _line(feature, rows[:, at_feature], part, matrix)


def _of_classifier(model: ResponseClassifier, feature: str, matrix: pd.DataFrame | None) -> Mapping[str, Any]:
    names = list(getattr(model, "feature_names_in_", ()))
    if feature not in names:
        raise DefinitionError(unknown("feature", feature, names))
    rows, place = _rows(matrix, names), names.index(feature)
    return _line(feature, rows[:, place], contributions(model.learnt_.chosen, rows)[:, place], matrix)


def _line(
    feature: str, value: Rows, part: NDArray[np.float64], matrix: pd.DataFrame | None
) -> Mapping[str, Any]:
    whose = matrix[SUBJECT] if matrix is not None and SUBJECT in matrix.columns else np.arange(len(value))
    found = asdict(measured((feature, feature), value, part, np.asarray(whose)))
    if not found["x"]:
        raise CohortError("Too few patients have a known value of this feature: give more rows.")
    return found


def _rows(matrix: pd.DataFrame | None, names: Sequence[str]) -> Rows:
    if matrix is None:
        raise DefinitionError(
            "Give the matrix of features to work it out on, as painresponse.features makes."
        )
    for name in names:
        if name not in matrix.columns:
            raise DefinitionError(unknown("feature", name, map(str, matrix.columns)))
    return np.ascontiguousarray(matrix[list(names)], dtype=np.float32)
