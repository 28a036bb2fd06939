"""How this server answers hooks: what its settings say, its own address, and the clinic's clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from painresponse.clinic.catalogue import packaged
from painresponse.clinic.declarations import Intervention
from painresponse.errors import DefinitionError, unknown
from painresponse.settings import build, load

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who may call from a browser, and which interventions are asked about when a chart is opened."""

    origins: tuple[str, ...] = ()
    patient_view: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(_is_origin(one) for one in self.origins):
            raise ValueError(
                "origins must be written as browsers send them: https://host or https://host:port"
            )


@dataclass(frozen=True)
class Site:
    """The server as hooks see it.

    ``address``: https://host[:port] of the server, empty where it has none to show. ``clock`` tells the time
    in the clinic: a hook has none of its own, so the instant of the request is the index.
    """

    clock: Clock
    hooks: Hooks = Hooks()
    address: str = ""

    @classmethod
    def of(cls, hooks: Hooks, *, address: str, zone: str) -> "Site":
        """By its settings. Raises DefinitionError where they name an intervention that there is not."""
        known = list(interventions())
        for name in hooks.patient_view:
            if name not in known:
                raise DefinitionError(f"hooks.patient_view: {unknown('intervention', name, known)}")
        return cls(clinic_clock(zone), hooks, address.rstrip("/"))


def clinic_clock(zone: str) -> Clock:
    """The clock on the wall of a clinic in this zone, to the second; without one, the machine's own."""
    place = ZoneInfo(zone) if zone else None
    return lambda: datetime.fromtimestamp(int(time.time()), place).replace(tzinfo=None)


def interventions() -> dict[str, Intervention]:
    """What may be ordered, in catalogue order, and which events begin each of its stages."""
    plain = load(packaged() / "interventions.toml")
    return {name: build(Intervention, one, f"intervention {name}") for name, one in plain.items()}


def _is_origin(said: str) -> bool:
    try:
        parts = urlsplit(said)
        return (
            parts.scheme in ("https", "http")
            and bool(parts.hostname)
            and said == f"{parts.scheme}://{parts.netloc}"
        )
    except ValueError:
        return False
