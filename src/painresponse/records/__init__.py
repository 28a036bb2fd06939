"""How histories are held: columns sorted by subject and time, in canonical units."""

from painresponse.records.intake import Intake, Tally, collect, collect_each
from painresponse.records.tables import Asks, RawEvents, Records

__all__ = ["Asks", "Intake", "RawEvents", "Records", "Tally", "collect", "collect_each"]
