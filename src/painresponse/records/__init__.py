"""How histories are held: columns sorted by subject and time, in canonical units."""

from painresponse.records.intake import Intake, collect
from painresponse.records.tables import Asks, RawEvents, Records

__all__ = ["Asks", "Intake", "RawEvents", "Records", "collect"]
