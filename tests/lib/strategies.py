"""Random histories and features for the laws: dense in ties, edges of windows, missing values and times."""

from datetime import datetime
from itertools import chain

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from painresponse.concepts import Concepts
from painresponse.engine import Plan, compute
from painresponse.engine.curves import profile_words
from painresponse.engine.treatments import EXPOSURE_SUMMARIES, OPIOIDS, TRIAL_WORDS
from painresponse.language import (
    EVER,
    Age,
    Anchor,
    Difference,
    FeatureSet,
    Ratio,
    Summary,
    Whether,
    Window,
    events,
)
from painresponse.language.combinations import COMPARISONS, SEVERAL
from painresponse.language.spans import Span
from painresponse.language.words import SUMMARIES, Feature
from painresponse.records import Asks, RawEvents, Records, collect
from painresponse.schema import STATIC
from tests.lib.slow_twin import DAY, HOUR, Event
from tests.lib.vocabulary import DRUGS, VOCABULARY, code_of

INDEX = int(np.datetime64(datetime(2026, 3, 1, 9), "us").astype(np.int64))


def examples(count: int) -> settings:
    """So many random examples of a law, however long each takes."""
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


Person = tuple[Event, ...]

# --- features ---

CONCEPTS = (
    "pain",
    "crp",
    "crp.z",
    "cortisol",
    "marker",
    "facet",
    "rfa",
    "steroid",
    "morphine.mme",
    "oxycodone.mme",
)
TRIAL_SOURCES = tuple(f"{one}.{word}" for one in VOCABULARY.treatments for word in TRIAL_WORDS)
EXPOSURE_SOURCES = (*(f"{one}.days" for one in VOCABULARY.treatments), *OPIOIDS)
PROFILE_SOURCES = tuple(
    f"{name}.{word}" for name, one in VOCABULARY.profiles.items() for word in profile_words(one)
)

spans = st.one_of(
    st.just(EVER),
    st.builds(Span, st.sampled_from([1, 2, 3, 12]), st.sampled_from(["d", "mo", "y"])),
    st.builds(Span, st.integers(1, 36500), st.just("d")),
)
hours = st.none() | st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] < pair[1])


anchors = st.builds(Anchor, st.sampled_from(["first", "last"]), st.sampled_from(["rfa", "pain"]))


@st.composite
def summaries(draw: st.DrawFn, words: tuple[str, ...] = SUMMARIES) -> Summary:
    """One summary over one source."""
    of_exposures = [word for word in words if word in EXPOSURE_SUMMARIES]
    if of_exposures and draw(st.integers(0, 5)) == 0:
        exposure = events(draw(st.sampled_from(EXPOSURE_SOURCES)))
        return Summary(draw(st.sampled_from(of_exposures)), exposure.within(draw(spans)))
    concept = draw(st.sampled_from(CONCEPTS + TRIAL_SOURCES))
    source = events(concept)
    if concept not in TRIAL_SOURCES and (between := draw(hours)):
        source = source.between(*between)
    if concept not in TRIAL_SOURCES and draw(st.booleans()):
        source = source.trusted()
    window = source.within(draw(spans))
    side = draw(st.sampled_from(["", "", "before", "after"]))
    if side:
        window = Window(source, window.span, side, draw(anchors))
    return Summary(draw(st.sampled_from(words)), window)


def features(words: tuple[str, ...] = SUMMARIES) -> st.SearchStrategy[Feature]:
    """Any feature of the language, made of these words."""
    return st.recursive(
        summaries(words) | st.just(Age()),
        lambda part: st.one_of(
            st.builds(Ratio, part, part),
            st.builds(Difference, part, part),
            st.builds(Whether, part, st.sampled_from(COMPARISONS), st.sampled_from([-1.0, 0.0, 2.5, 1e6])),
            *(st.builds(kind, st.lists(part, min_size=1, max_size=3).map(tuple)) for kind in SEVERAL),
        ),
        max_leaves=6,
    )


def feature_sets(part: st.SearchStrategy[Feature]) -> st.SearchStrategy[FeatureSet]:
    """A few features, named by place."""
    return st.lists(part, min_size=1, max_size=6).map(
        lambda found: FeatureSet(tuple((f"f{place}", one) for place, one in enumerate(found)))
    )


# --- histories ---

_BREAKS = (7, 28, 30, 60, 90, 120, 365, 730)
ages = st.one_of(
    st.integers(0, 800).map(lambda days: days * DAY),
    st.integers(0, 40 * 24).map(lambda count: count * HOUR),
    st.builds(lambda days, more: days * DAY + more, st.sampled_from(_BREAKS), st.integers(-1, 1)),
    st.integers(1, 60 * 365 * DAY),
)
"""How long before the index, in microseconds; often exactly at the edge of a window."""

past = ages.map(lambda age: INDEX - max(age, 1))
past_or_none = st.one_of(past, past, past, past.map(lambda time: time - time % DAY), st.none())
future = ages.map(lambda age: INDEX + age)

quarters = st.integers(0, 40).map(lambda n: n / 4)  # sums of these are exact in any order
sizes = st.floats(2**-20, 2**30, width=32)

measured = st.tuples(
    st.sampled_from(["pain", "crp", "cortisol", "facet", "rfa", "steroid"]), st.none() | quarters
)
widely = st.tuples(st.just("marker"), st.none() | sizes)
reasons = ("", ": inefficacy", ": adverse effect", ": other")
doses = st.none() | st.sampled_from([10.0, 27.0, 40.0, 300.0, 900.0, 1200.0, 1800.0])
TREATED = (*DRUGS, "nerve_block", "nsaid", "ATC//N02AA01")
begun = st.tuples(st.sampled_from(TREATED), doses)
ended = st.tuples(
    st.builds(
        lambda drug, reason: f"{drug} stop{reason}",
        st.sampled_from([*DRUGS, "nerve_block"]),
        st.sampled_from(reasons),
    ),
    st.none(),
)
AS_NEEDED = {one: code_of(f"{one}//PRN" if "//" in one else f"{one} as needed") for one in TREATED}
ENDS = {one: code_of(one) + "//STOP" for one in TREATED}
STOPPED = ("", "//INEFFICACY", "//ADVERSE_EFFECT", "//OTHER")
SUPPLY = {one: code_of(f"{one}//DAYS" if "//" in one else f"{one} days") for one in TREATED}
as_needed = begun.map(lambda pair: (AS_NEEDED[pair[0]], pair[1]))
supplies = st.none() | st.sampled_from([0.25, 7.0, 14.0, 28.0, 30.0, 90.0])
supplied = st.tuples(st.sampled_from(TREATED).map(SUPPLY.get), supplies)
hurt = st.tuples(st.just("pain"), quarters)
usual = st.just(("ibuprofen", 1200.0))
treated_or_hurt = st.one_of(hurt, hurt, hurt, begun, as_needed, ended, usual, usual)
said = st.one_of(measured, measured, widely, begun, ended, supplied, st.just(("birth", None)))


@st.composite
def happenings(
    draw: st.DrawFn,
    times: st.SearchStrategy[int | None] = past_or_none,
    what: st.SearchStrategy[tuple[str, float | None]] = said,
) -> Event:
    """One event that lies, and was known, before the index (with other times: elsewhere)."""
    word, value = draw(what)
    time = draw(times)
    known = draw(st.none() | past) if draw(st.booleans()) else None
    # a cortisol below its limit would be rejected on the way in; the twin has no intake
    value = value + 3 if word == "cortisol" and value is not None else value
    return Event(time, code_of(word), value, known)


@st.composite
def unseen(draw: st.DrawFn) -> Event:
    """An event at or after the index, or one that became known only then."""
    if draw(st.booleans()):
        return draw(happenings(future))
    event = draw(happenings())
    return Event(event.time, event.code, event.value, draw(future))


@st.composite
def prescriptions(draw: st.DrawFn, times: st.SearchStrategy[int | None]) -> tuple[Event, ...]:
    """A beginning, daily or as needed, how long it lasts, said twice or known later, perhaps an end."""
    drug, dose = draw(begun)
    time = draw(times)
    known = draw(st.none() | past) if draw(st.booleans()) else None
    begin = AS_NEEDED[drug] if draw(st.booleans()) else code_of(drug)
    days = draw(st.lists(supplies, min_size=1, max_size=2, unique=True))
    supply = [Event(time, SUPPLY[drug], each, known) for each in days]
    end = [Event(draw(times), ENDS[drug] + draw(st.sampled_from(STOPPED)))] if draw(st.booleans()) else []
    return (Event(time, begin, dose), *supply, *end)


def histories(
    one: st.SearchStrategy[Event], several: st.SearchStrategy[Person], least: int
) -> st.SearchStrategy[Person]:
    """Events one by one and prescriptions."""
    each = st.one_of(one.map(lambda event: (event,)), one.map(lambda event: (event,)), several)
    return st.lists(each, min_size=least, max_size=25).map(lambda parts: tuple(chain.from_iterable(parts)))


fives = st.integers(1, 45).map(lambda count: INDEX - count * 5 * DAY)
people = histories(happenings(), prescriptions(past_or_none), 0)
patients = histories(happenings(fives, treated_or_hurt), prescriptions(fives), 6)
"""People with much to judge: treatments and pain scores every few days."""

_minutes = st.sampled_from([0, 9, 10, 14, 15, 20, 25, 30, 35, 40, 45, 50, 51, 60, 75, 90, 240, 480, 600])
_sampled_at = st.builds(
    lambda day, minutes: INDEX - INDEX % DAY - day * DAY + 6 * HOUR + minutes * 60_000_000,
    st.integers(1, 3),
    st.one_of(_minutes, _minutes, st.integers(-480, 1100)),
)
_whole_mornings = st.builds(
    lambda start, values: tuple(
        Event(start + place * 15 * 60_000_000, code_of("saliva"), value) for place, value in enumerate(values)
    ),
    _sampled_at,
    st.lists(quarters, min_size=3, max_size=6),
)
samplers = st.builds(
    lambda mornings, single: (*chain.from_iterable(mornings), *single),
    st.lists(_whole_mornings, max_size=3),
    st.lists(
        happenings(
            _sampled_at,
            st.one_of(
                *[st.tuples(st.just("saliva"), st.none() | quarters)] * 4,
                st.just(("awakening", None)),
                st.just(("awakening", None)),
                st.just(("steroid", None)),
            ),
        ),
        max_size=12,
    ),
)
"""People whose saliva was sampled several times on a few days."""

later = st.lists(unseen(), max_size=10).map(tuple)
treated_later = st.lists(
    happenings(st.integers(0, 20).map(lambda fives: INDEX + fives * 5 * DAY), treated_or_hurt),
    min_size=1,
    max_size=10,
).map(tuple)
"""The months after the index of people with much to judge."""
crowds = st.lists(people, min_size=1, max_size=5).map(tuple)


# --- by the engine ---


def raw_events(*crowd: Person, first: int = 0) -> RawEvents:
    """People, numbered from ``first``, as raw events in the order given."""
    flat = [(first + number, event) for number, person in enumerate(crowd) for event in person]
    codes = tuple(dict.fromkeys(event.code for _, event in flat))
    time = [STATIC if event.time is None else event.time for _, event in flat]
    known = [at if event.known is None else event.known for at, (_, event) in zip(time, flat, strict=True)]
    return RawEvents(
        np.array([number for number, _ in flat], np.int64),
        np.array(time, np.int64),
        np.array(known, np.int64),
        np.array([codes.index(event.code) for _, event in flat], np.int32),
        codes,
        np.array([np.nan if event.value is None else event.value for _, event in flat], np.float32),
        np.full(len(flat), -1, np.int32),
        (),
    )


def recorded(*crowd: Person, first: int = 0, concepts: Concepts = VOCABULARY) -> Records:
    """People as records."""
    return collect(raw_events(*crowd, first=first), concepts)[0]


def asks(count: int, *, first: int = 0) -> Asks:
    """One question at the index for each person."""
    return Asks(np.arange(first, first + count), np.full(count, INDEX))


def matrix(plan: Plan, *crowd: Person) -> np.ndarray:
    """Float64 feature rows of a crowd."""
    return compute(plan, recorded(*crowd, concepts=VOCABULARY), asks(len(crowd)))
