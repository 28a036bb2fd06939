"""What may be told of how many: nothing small, nothing so exact that a difference tells of a patient."""

COUNTS = ("episodes", "subjects", "responded", "lost", "refused")
"""``episodes``, ``subjects`` and ``responded`` are of those scored whose outcome is known, ``lost`` of those
scored and lost to follow-up, ``refused`` of those not scored. No total of disjoint ones is told."""

LEAST = 10


def told_counts(exact: dict[str, int], least: int) -> dict[str, int]:
    """The counts that may leave a clinic, each to the nearest multiple of ``least``.

    One below ``least`` is left out. So is ``responded`` where fewer did not respond, for with the episodes it
    would tell them. Rounded because two summaries of the same patients could be subtracted.
    """
    small = {name for name in COUNTS if exact[name] < least}
    if exact["episodes"] - exact["responded"] < least:
        small.add("responded")
    return {name: _nearest(exact[name], least) for name in COUNTS if name not in small}


def check_counts(counts: dict[str, int], least: int) -> None:
    """Raise ValueError for counts that `told_counts` gives of no clinic."""
    for name, count in counts.items():
        if count < least or count % least:
            raise ValueError(f"{name} must be a multiple of {least}, the least count told")
    episodes = counts.get("episodes", 0)
    if counts.get("subjects", 0) > episodes:
        raise ValueError("there cannot be more subjects than episodes")
    if counts.get("responded", 0) and counts["responded"] + least > episodes:
        raise ValueError(f"responded must leave at least {least} of the episodes that did not")


def _nearest(count: int, step: int) -> int:
    return (count + step // 2) // step * step
