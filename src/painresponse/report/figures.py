"""Every figure of a target's account, as matplotlib figures; nothing is shown or saved here."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from painresponse.report import forests, lines
from painresponse.report.record import groups


def figures_of(account: Mapping[str, Any]) -> dict[str, Figure]:
    """Every figure there is something to draw for in a target's account, by section."""
    curve = account.get("calibration") or {}
    learnt = account.get("importance") or {}
    drawn = {
        "calibration": lines.calibration(curve),
        "roc": lines.roc(curve.get("roc") or {}),
        "decisions": lines.decisions(account.get("decisions") or ()),
        "subgroups": forests.subgroups(groups(account)),
        "sites": forests.sites(account.get("sites") or {}),
        "durability": lines.durability(account.get("durability") or {}),
        "blocks": forests.blocks(account.get("blocks") or ()),
        "importance": forests.importance(learnt.get("features") or ()),
        "dependence": lines.dependence(learnt.get("dependence") or ()),
    }
    return {name: figure for name, figure in drawn.items() if figure}
