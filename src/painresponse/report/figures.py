"""Every figure of a target's account, as matplotlib figures; nothing is shown or saved here."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from matplotlib.figure import Figure

from painresponse.report import forests, lines
from painresponse.report.record import at, groups

Account = Mapping[str, Any]

_DRAWN: dict[str, Callable[[Account], Figure | None]] = {
    "calibration": lambda account: lines.calibration(account.get("calibration") or {}),
    "roc": lambda account: lines.roc(at(account, "calibration", "roc") or {}),
    "decisions": lambda account: lines.decisions(account.get("decisions") or ()),
    "subgroups": lambda account: forests.subgroups(groups(account)),
    "sites": lambda account: forests.sites(account.get("sites") or {}),
    "durability": lambda account: lines.durability(account.get("durability") or {}),
    "blocks": lambda account: forests.blocks(account.get("blocks") or ()),
    "importance": lambda account: forests.importance(at(account, "importance", "features") or ()),
    "dependence": lambda account: lines.dependence(at(account, "importance", "dependence") or ()),
}


def figures_of(account: Account, only: Collection[str] = tuple(_DRAWN)) -> dict[str, Figure]:
    """Every figure there is something to draw for in a target's account, by section."""
    drawn = {name: draw(account) for name, draw in _DRAWN.items() if name in only}
    return {name: figure for name, figure in drawn.items() if figure}
