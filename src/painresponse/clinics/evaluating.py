"""At a clinic: one bundle on its patients, and of that only what may leave."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from painresponse.clinic import Catalogue
from painresponse.clinics.counts import COUNTS, LEAST, told_counts
from painresponse.clinics.definitions import definition_of
from painresponse.clinics.files import summary_from_plain
from painresponse.clinics.measures import MEASURES, figures_of
from painresponse.clinics.summary import SCHEMA, BundleMark, Question, SiteSummary, TargetSummary, check_name
from painresponse.errors import CohortError, DefinitionError
from painresponse.evaluation.measures import LEAST_OF_EACH
from painresponse.evaluation.predictions import Predictions
from painresponse.pipeline.provenance import data_fingerprint, is_synthetic
from painresponse.scoring.bundle import Bundle, TargetCard
from painresponse.scoring.opening import open_bundle
from painresponse.training.examples import Examples
from painresponse.validation.elsewhere import Answers
from painresponse.validation.external import SAME, answered


def evaluate(
    bundle: Path,
    data: Path,
    *,
    site: str,
    least: int = LEAST,
    config: Path | None = None,
    allow_synthetic: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> SiteSummary:
    """Judge a bundle on a clinic's patients; the summary holds no row, no small count, no exact one.

    ``site`` is the clinic's name among those that pool, ``least`` the least count it tells.
    Raises CohortError where the bundle was trained on these very data, DefinitionError for a name or a least
    count without meaning, and what `external` raises.
    """
    _check_asked(site, least)
    _check_abroad(open_bundle(bundle), data)
    found = answered(bundle, data, config=config, allow_synthetic=allow_synthetic, progress=progress)
    cards = {card.name: card for card in found.bundle.targets}
    told = [
        summed_up(examples, found.answers[name], card=cards[name], catalogue=found.catalogue, least=least)
        for name, examples in found.cohort.examples.items()
    ]
    summary = SiteSummary(
        SCHEMA,
        version("painresponse"),
        site,
        is_synthetic(data),
        least,
        _mark(found.bundle),
        tuple(told),
        found.skipped,
    )
    return summary_from_plain(asdict(summary), site)  # nothing leaves that another clinic would refuse


def summed_up(
    examples: Examples, answers: Answers, *, card: TargetCard, catalogue: Catalogue, least: int
) -> TargetSummary:
    """One target: its counts, and its figures where enough responded and enough did not."""
    scored, lost = ~np.isnan(answers.probability), np.isnan(examples.y)
    known = _predictions(examples, answers, np.flatnonzero(scored & ~lost))
    exact = {
        "episodes": len(known),
        "subjects": len(np.unique(known.subject)),
        "responded": int(known.y.sum()),
        "lost": int((scored & lost).sum()),
        "refused": int((~scored).sum()),
    }
    counts = told_counts(exact, least)
    question = Question(*(getattr(card, word) for word in SAME), definition_of(catalogue, card.name))
    return TargetSummary(
        card.name,
        question,
        _home(card),
        counts,
        tuple(name for name in COUNTS if name not in counts),
        figures_of(known) if "responded" in counts else {},
    )


def _predictions(examples: Examples, answers: Answers, rows: np.ndarray) -> Predictions:
    return Predictions(
        examples.subject[rows], examples.y[rows], answers.probability[rows], examples.site[rows]
    )


def _home(card: TargetCard) -> dict[str, tuple[float, float, float]]:
    found = {name: card.metrics.get(name) for name in MEASURES}
    return {name: tuple(ends) for name, ends in found.items() if ends and None not in ends}


def _mark(bundle: Bundle) -> BundleMark:
    return BundleMark(bundle.name, bundle.digest, bundle.synthetic, bundle.features.fingerprint())


def _check_asked(site: str, least: int) -> None:
    try:
        check_name("a site", site)
    except ValueError as error:
        raise DefinitionError(f"Under this name no summary can be pooled: {error}.") from None
    if least < LEAST_OF_EACH:
        raise DefinitionError(
            f"A least count of {least} would tell too much and too little: figures of fewer than "
            f"{LEAST_OF_EACH} are noise. Say {LEAST_OF_EACH} or more."
        )


def _check_abroad(bundle: Bundle, data: Path) -> None:
    if bundle.metadata["provenance"].get("data_fingerprint") == data_fingerprint(data):
        raise CohortError(
            f"Bundle {bundle.name!r} was trained on these very data and would look better than it is. "
            "Its own cross-validated figures are inside it: evaluate it at the other clinics."
        )
