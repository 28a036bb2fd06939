"""The tables of a look at a glance: one line for all targets together and one for each."""

import pandas as pd

from painresponse.monitoring.effects import TOTAL
from painresponse.monitoring.outcomes import ALL


def overview(
    *,
    scores: pd.DataFrame,
    effects: pd.DataFrame,
    expected: pd.DataFrame,
    calibration: pd.DataFrame,
    wealth: pd.DataFrame,
) -> pd.DataFrame:
    """By target, from the tables of their names; NaN where a table has no line.

    ``points``: by how many percentage points the mean prediction moved; ``expected_auc`` and
    ``training_auc``; ``ratio``: observed over predicted responders; ``most`` and ``needed``: what was owned
    against it, and what is an alarm.
    """
    auc = expected[expected["figure"] == "auc"].set_index("target")
    whole = calibration[calibration["quarter"] == ALL].set_index("target")
    columns = {
        **_columns(scores.set_index("target"), "asks", "refused", "mean"),
        "points": effects[effects["feature"] == TOTAL].set_index("target")["points"],
        "expected_auc": auc["expected"],
        "training_auc": auc["training"],
        **_columns(whole, "episodes", "observed", "predicted", "ratio"),
        **_columns(wealth.set_index("target"), "most", "needed"),
    }
    table = pd.DataFrame(columns).reindex(wealth["target"])
    return table.rename_axis("target").reset_index()


def _columns(table: pd.DataFrame, *names: str) -> dict[str, pd.Series]:
    return {name: table[name] for name in names}
