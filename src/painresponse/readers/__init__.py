"""How histories come in: MEDS folders, anything that speaks Arrow, and a clinic's own tables."""

from painresponse.readers.frames import asks_of, events_of
from painresponse.readers.meds import histories, last_known, read_asks, read_shard, shards
from painresponse.readers.writing import write_events

__all__ = [
    "asks_of",
    "events_of",
    "histories",
    "last_known",
    "read_asks",
    "read_shard",
    "shards",
    "write_events",
]
