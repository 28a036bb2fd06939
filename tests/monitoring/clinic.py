"""Episodes and scores as tables, for what is joined and counted."""

import numpy as np
import pandas as pd

from painresponse.schema import MICROSECONDS_PER_DAY as DAY


def day(written: str) -> int:
    """A day as microseconds."""
    return int(np.datetime64(written, "us").astype(np.int64))


def episodes(*lines: tuple) -> pd.DataFrame:
    """Each (target, subject, index day, y); a day of lead, and 30 until the window closes."""
    table = pd.DataFrame(lines, columns=["target", "subject_id", "index", "y"]).astype({"y": float})
    table["index"] = [day(one) for one in table["index"]]
    return table.assign(begun=table["index"] + DAY, closed=table["index"] + 31 * DAY)


def past(*lines: tuple) -> pd.DataFrame:
    """Each (subject, target, day asked, probability)."""
    table = pd.DataFrame(lines, columns=["subject_id", "target", "asked", "probability"])
    return table.assign(asked=[day(one) for one in table["asked"]])


def many(
    n: int, *, seed: int, target: str = "rfa", shift: float = 0.0, first: str = "2024-01-01"
) -> pd.DataFrame:
    """Joined episodes of one subject each, two a day, whose log-odds are off by so much."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(3, 4, n)
    odds = np.log(probability / (1 - probability)) + shift
    index = day(first) + np.arange(n) // 2 * DAY
    return pd.DataFrame(
        {
            "target": target,
            "subject_id": np.arange(n),
            "index": index,
            "begun": index + DAY,
            "closed": index + 31 * DAY,
            "y": (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float),
            "probability": probability,
        }
    )
