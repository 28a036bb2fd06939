"""The trials: every disturbed history asked again, every answer compared to the bit."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from painresponse.audit.copies import Mask, copied, unseen, with_codes
from painresponse.audit.disturbances import DISTURBANCES
from painresponse.audit.makers import Maker, Matrices
from painresponse.audit.proof import Moved, Proof, Tally
from painresponse.records import Asks, Records

ASKS_AT_ONCE = 250
"""Copied together: bounds the memory."""


def audit(
    records: Records,
    asks: Asks,
    makers: Sequence[Maker],
    *,
    codes: Sequence[str] = (),
    seed: int | Sequence[int] = 1,
) -> Proof:
    """Try whether anything at or after the index, or anybody else, moves what the makers say of the asks.

    ``records`` holds whole histories, the asks' subjects among others. Events of every one of ``codes`` are
    put into the future, those of the records' own among them. The same seed makes the same disturbances.
    """
    rng = np.random.default_rng(seed)
    proof = Proof(columns={maker.kind: len(maker.sentences) for maker in makers})
    for first in range(0, len(asks), ASKS_AT_ONCE):
        part = asks.part(first, first + ASKS_AT_ONCE)
        proof += _tried(records, part, makers=makers, codes=codes, rng=rng)
    return proof


def _tried(
    records: Records, asks: Asks, *, makers: Sequence[Maker], codes: Sequence[str], rng: Generator
) -> Proof:
    copies, own = copied(records, asks)
    copies = with_codes(copies, codes)
    future = len(np.unique(copies.subject[unseen(copies, own)]))
    pairs = {name: disturb(copies, own, rng) for name, disturb in DISTURBANCES.items()}
    others = len(records) * len(asks) - len(copies)
    events = {name: pair.events for name, pair in pairs.items()} | {"alone": others}
    proof = Proof(len(asks), future, {}, {name: Tally(count) for name, count in events.items()})
    for maker in makers:
        base = maker.make(copies, own)
        for name, pair in pairs.items():
            wanted = base if pair.other is copies else maker.make(pair.other, own)
            proof += _compared(maker, name, found=maker.make(pair.one, own), wanted=wanted)
        together = maker.make(records, asks)
        proof += _compared(maker, "alone", found=_alone(maker, records, asks), wanted=together)
    return proof


def _alone(maker: Maker, records: Records, asks: Asks) -> Matrices:
    """Each ask with nobody in the records but its own subject, as a single request is answered."""
    each = [
        maker.make(records.of(int(asks.subject[place])), asks.part(place, place + 1))
        for place in range(len(asks))
    ]
    return [np.concatenate(found) for found in zip(*each, strict=True)]


def _compared(maker: Maker, trial: str, *, found: Matrices, wanted: Matrices) -> Proof:
    differ = [_differ(one, other) for one, other in zip(found, wanted, strict=True)]
    asks = np.logical_or.reduce(differ).sum(axis=0)
    moved = {
        (maker.kind, name): Moved(maker.kind, name, sentence, {trial: int(count)})
        for (name, sentence), count in zip(maker.sentences.items(), asks, strict=True)
        if count
    }
    tally = Tally(0, sum(one.size for one in differ), int(sum(one.sum() for one in differ)))
    return Proof(trials={trial: tally}, moved=moved)


def _differ(one: np.ndarray, other: np.ndarray) -> Mask:
    """Where two matrices are not the same bits; unknown equals unknown, whatever bits say so."""
    whole = np.uint64 if one.dtype == np.float64 else np.uint32
    same = one.view(whole) == other.view(whole)
    return ~(same | (np.isnan(one) & np.isnan(other)))
