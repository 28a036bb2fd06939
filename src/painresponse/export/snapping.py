"""Snapping: move a booster onto values that float32 holds and adds without rounding.

Done once, after training and before calibrating and evaluating. LightGBM and ONNX then give the same bits,
for any batch and any number of threads. New thresholds change no answer on float32 rows; a leaf value moves
by at most half a step, which is 2^-21 log-odds where the largest leaves of all trees add up to 8 to 16.
"""

import math
import re
from collections.abc import Callable, Sequence

import lightgbm

from painresponse.errors import DefinitionError
from painresponse.export.trees import Tree, exact_threshold, trees

_FLOAT32_BITS = 24
_FLOAT32_SMALLEST = 2.0**-126
_FLOAT32_LARGEST = 2.0**126  # with room to round up


def snap(booster: lightgbm.Booster) -> lightgbm.Booster:
    """A copy with thresholds at their exact float32 and leaf values on a grid of exact float32 sums.

    Snapping twice changes nothing. Raises DefinitionError if the booster cannot be exported or has diverged.
    """
    step = _step(trees(booster))
    # LightGBM reads on without the byte sizes of the trees, which no longer fit.
    text = re.sub(r"^tree_sizes=.*\n", "", booster.model_to_string(), flags=re.MULTILINE)
    text = _rewrite(text, "threshold", lambda value: float(exact_threshold(value)))
    text = _rewrite(text, "leaf_value", lambda value: round(value / step) * step)
    return lightgbm.Booster(model_str=text)


def is_snapped(forest: Sequence[Tree]) -> bool:
    """Whether snapping would change nothing in these trees."""
    step = _step(forest)
    return all(
        all(float(exact_threshold(value)) == value for value in tree.thresholds)
        and all(value % step == 0 for value in tree.leaves)
        for tree in forest
    )


def _step(forest: Sequence[Tree]) -> float:
    """The power of two whose multiples hold leaf values so that no partial sum leaves float32's 24 bits."""
    largest = [max(map(abs, tree.leaves)) for tree in forest]
    if not sum(largest) < _FLOAT32_LARGEST:
        raise DefinitionError(
            "The leaf values of this booster are beyond float32: training has diverged. "
            "Lower learning_rate or raise lambda_l2."
        )
    step = max(math.ldexp(1.0, math.frexp(sum(largest))[1] - _FLOAT32_BITS), _FLOAT32_SMALLEST)
    rounded_up = sum(round(value / step) for value in largest) >= 2**_FLOAT32_BITS
    return 2 * step if rounded_up else step


def _rewrite(text: str, key: str, change: Callable[[float], float]) -> str:
    """Change every number on the lines of a model text that begin with ``key=``."""

    def line(found: re.Match[str]) -> str:
        return f"{key}=" + " ".join(repr(change(float(word))) for word in found[1].split())

    return re.sub(rf"^{key}=(.*)$", line, text, flags=re.MULTILINE)
