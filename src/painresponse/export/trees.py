"""A LightGBM booster's trees as plain values, and what of them ONNX can repeat exactly."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import lightgbm
import numpy as np

from painresponse.errors import DefinitionError

Number = TypeVar("Number", int, float)

# LightGBM reads every value this close to zero as zero (its kZeroThreshold, a float32).
_ZERO = float(np.float32(1e-35))

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_IS_ZERO, _MISSING_IS_NAN = 1, 2


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree. Branch ``i`` asks ``x[features[i]] <= thresholds[i]``; yes goes left, as does a missing value
    where ``missing_left[i]``. A child ``c >= 0`` is a branch, ``c < 0`` is the leaf ``~c``. Without branches
    the tree is its only leaf. Leaf values are log-odds; counts are of training patients.
    """

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaves: tuple[float, ...]
    branch_counts: tuple[int, ...] = ()
    leaf_counts: tuple[int, ...] = ()


def trees(booster: lightgbm.Booster) -> tuple[Tree, ...]:
    """The trees ``booster.predict`` adds up; a booster without any is one leaf of zero.

    Raises DefinitionError where ONNX could not repeat them exactly (see `check_exportable`).
    """
    check_exportable(booster)
    _, blocks = _sections(booster.model_to_string())
    return tuple(map(_tree, blocks)) or (Tree((), (), (), (), (), (0.0,)),)


def exact_threshold(threshold: float) -> np.float32:
    """The float32 that answers ``x <= threshold`` as LightGBM does, for every float32 ``x`` but NaN.

    That is the threshold rounded down, except beside zero, where LightGBM sees zero whatever ``x`` is.
    """
    if -_ZERO <= threshold < 0:
        return _below(np.float32(-_ZERO))
    if 0 <= threshold < _ZERO:
        return np.float32(_ZERO)
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    # As Python floats: numpy would round the threshold to float32 before comparing.
    return nearest if float(nearest) <= float(threshold) else _below(nearest)


def _below(value: np.float32) -> np.float32:
    return np.float32(np.nextafter(value, np.float32(-math.inf)))


def check_exportable(model: lightgbm.Booster | Mapping[str, Any]) -> None:
    """Raise DefinitionError if a booster, or one trained with these parameters, has no exact ONNX twin."""
    found = _parameter_faults(model) if isinstance(model, Mapping) else _booster_faults(model)
    for what, cure in found:
        raise DefinitionError(f"A LightGBM model {what} cannot be exported exactly. {cure}")


_OBJECTIVE = "Train with objective='binary' and sigmoid=1."
_AVERAGE = "Train with boosting='gbdt'."
_LINEAR = "Train with linear_tree=false."
_CATEGORIES = "Leave out categorical_feature; the feature set already codes categories as numbers."
_ZEROS = "Train with zero_as_missing=false; give a missing value as NaN."

_CATEGORY_NAMES = (
    "categorical_feature",
    "categorical_features",
    "categorical_column",
    "cat_feature",
    "cat_column",
)


def _parameter_faults(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    def given(*aliases: str, default: Any = None) -> Any:
        return next((params[name] for name in aliases if name in params), default)

    objective = given("objective", "objective_type", "app", "application", "loss", default="regression")
    if objective != "binary" or str(given("sigmoid", default=1)) not in ("1", "1.0"):
        word = objective if isinstance(objective, str) else "custom"
        yield f"with objective {word!r} and sigmoid {given('sigmoid', default=1)}", _OBJECTIVE
    if given("boosting", "boosting_type", "boost") in ("rf", "random_forest"):
        yield "that averages its trees (random forest)", _AVERAGE
    if _true(given("linear_tree", "linear_trees")):
        yield "with linear leaves (linear_tree)", _LINEAR
    if any(params.get(name) for name in _CATEGORY_NAMES):
        yield "with categorical splits (categorical_feature)", _CATEGORIES
    if _true(given("zero_as_missing")):
        yield "that reads zero as missing (zero_as_missing)", _ZEROS


def _booster_faults(booster: lightgbm.Booster) -> Iterator[tuple[str, str]]:
    head, blocks = _sections(booster.model_to_string())
    objective = head.get("objective", "custom")
    if objective.split() != ["binary", "sigmoid:1"]:
        yield f"with objective {objective!r}", _OBJECTIVE
    if "average_output" in head:
        yield "that averages its trees (random forest)", _AVERAGE
    if any(block.get("is_linear", "0") != "0" for block in blocks):
        yield "with linear leaves (linear_tree)", _LINEAR
    kinds = {kind for block in blocks for kind in _numbers(int, block, "decision_type")}
    if any(kind & _CATEGORICAL for kind in kinds):
        yield "with categorical splits (categorical_feature)", _CATEGORIES
    if any(_missing(kind) == _MISSING_IS_ZERO for kind in kinds):
        yield "that reads zero as missing (zero_as_missing)", _ZEROS


def _true(value: Any) -> bool:
    return str(value).lower() in {"true", "1", "+", "yes"}


def _sections(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The ``key=value`` lines of LightGBM's model text: those of the head, then those of each tree."""
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    return _fields(head), [_fields(block) for block in blocks]


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {key: value for key, _, value in pairs}


def _numbers(kind: type[Number], block: dict[str, str], key: str) -> tuple[Number, ...]:
    return tuple(map(kind, block.get(key, "").split()))


def _tree(block: dict[str, str]) -> Tree:
    thresholds = _numbers(float, block, "threshold")
    kinds = _numbers(int, block, "decision_type")
    return Tree(
        features=_numbers(int, block, "split_feature"),
        thresholds=thresholds,
        missing_left=tuple(map(_missing_left, kinds, thresholds)),
        left=_numbers(int, block, "left_child"),
        right=_numbers(int, block, "right_child"),
        leaves=_numbers(float, block, "leaf_value"),
        branch_counts=_numbers(int, block, "internal_count"),
        leaf_counts=_numbers(int, block, "leaf_count"),
    )


def _missing(kind: int) -> int:
    return kind >> 2 & 3


def _missing_left(kind: int, threshold: float) -> bool:
    """Where training met no missing value, LightGBM reads one as zero and its default direction is void."""
    return bool(kind & _DEFAULT_LEFT) if _missing(kind) == _MISSING_IS_NAN else threshold >= 0
