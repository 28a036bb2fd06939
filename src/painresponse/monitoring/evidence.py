"""The alarm of the outcomes: what is owned against all targets and against each, and since when too much.

What befalls all targets alike, such as another way of asking for pain, is seen soonest in all of them
together; what befalls one, in its own. Half of the rate of false alarms goes to the bet against all, in which
every subject counts once, and half is shared by the targets.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from painresponse.evaluation.calibration import log_odds
from painresponse.monitoring.betting import Wealth, wealth
from painresponse.monitoring.outcomes import ALL
from painresponse.monitoring.settings import MonitoringSettings
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.schema import SUBJECT
from painresponse.scoring.bundle import Bundle

_COLUMNS = ["target", "episodes", "wealth", "most", "needed", "alarm", "since", "says"]


def evidence(
    bundle: Bundle, found: pd.DataFrame, settings: MonitoringSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A line for all targets and for each, and what was owned at the end of each day on which outcomes came.

    It is an alarm when ``most`` reaches ``needed``; the present ``wealth`` may be less, and takes none back.
    """
    pivots = {card.name: logit(card.responders / card.episodes) for card in bundle.targets}
    placed = found.assign(pivot=found["target"].map(pivots).astype(float))
    groups = {ALL: placed} | {name: placed[placed["target"] == name] for name in pivots}
    half = 2 / settings.false_alarms
    needed = {ALL: half} | dict.fromkeys(pivots, half * len(pivots))
    lines, course = [], []
    for name, own in groups.items():
        # of a subject the first episode alone: a second would not be news of its own
        once = own.drop_duplicates(SUBJECT)
        owned = _owned(once, settings)
        lines.append((name, len(once), *_alarm(owned, needed[name])))
        course.append(_course(name, owned))
    return pd.DataFrame(lines, columns=_COLUMNS), pd.concat(course, ignore_index=True)


def _owned(once: pd.DataFrame, settings: MonitoringSettings) -> Wealth:
    return wealth(
        log_odds(once["probability"].to_numpy()),
        once["y"].to_numpy(),
        once["closed"].to_numpy() // DAY,
        pivot=once["pivot"].to_numpy(),
        settings=settings,
    )


def _alarm(owned: Wealth, needed: float) -> tuple[Any, ...]:
    since = owned.reached(needed)
    told = ("", "") if since is None else (str(np.datetime64(since, "D")), owned.says)
    return owned.now, owned.most, needed, since is not None, *told


def _course(name: str, owned: Wealth) -> pd.DataFrame:
    days = owned.day.astype("datetime64[D]").astype(str)
    return pd.DataFrame({"target": name, "day": days.astype(object), "wealth": owned.amounts})
