"""Groups of patients whom a model fits less well, beyond what chance explains, and how."""

from collections.abc import Iterator, Mapping
from typing import Any

from painresponse.report.record import groups, metric
from painresponse.report.wording import ends, estimate, words

Account = Mapping[str, Any]

_LOOKED_AT = ("auc", "calibration_in_the_large", "calibration_slope")


def shortfalls(account: Account) -> list[dict[str, Any]]:
    """[{group, how, blocks}]; an interval must miss what is perfect, and what is so of all patients."""
    found = [(one, list(_ways(one, account))) for one in groups(account)]
    return [
        {"group": group_name(one), "how": how, "blocks": bool(one.get("blocks"))} for one, how in found if how
    ]


def group_name(group: Account) -> str:
    """``age band 65+``; ``called``: how its label is said."""
    return f"{words(group.get('grouping'))} {group.get('called') or words(group.get('label'))}"


def _ways(group: Account, account: Account) -> Iterator[str]:
    found = group.get("figures") or {}
    auc, large, slope = (found.get(name) for name in _LOOKED_AT)
    whole_auc, whole_large, whole_slope = (ends(metric(account, name))[0] for name in _LOOKED_AT)
    if group.get("blocks"):
        yield "calibration leaves its bounds, which blocks release"
    if _misses(auc, whole_auc) and ends(auc)[0] < whole_auc:
        yield f"told apart less well, AUC {estimate(auc)}"
    if _misses(large, 0.0, whole_large):
        middle = ends(large)[0]
        yield f"predictions too {'high' if middle < 0 else 'low'} by {100 * abs(middle):.0f} points"
    if _misses(slope, 1.0, whole_slope):
        yield f"predictions too {'extreme' if ends(slope)[0] < 1 else 'timid'}, slope {estimate(slope)}"


def _misses(estimated: Any, *values: float | None) -> bool:
    """Whether the interval holds none of the values, those that are known."""
    _, low, high = ends(estimated)
    known = [one for one in values if one is not None]
    return None not in (low, high) and bool(known) and not any(low <= one <= high for one in known)
