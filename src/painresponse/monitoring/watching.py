"""Watching a model age: new histories against training, and outcomes against what was predicted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from painresponse.clinic import load_catalogue
from painresponse.errors import DefinitionError
from painresponse.monitoring.asked import Span, ask, gathered
from painresponse.monitoring.effects import effects
from painresponse.monitoring.evidence import evidence
from painresponse.monitoring.expected import expected
from painresponse.monitoring.findings import About, Monitoring, Sources
from painresponse.monitoring.movement import movement
from painresponse.monitoring.outcomes import calibration, closed_episodes, joined
from painresponse.monitoring.past import past_scores, said_again
from painresponse.monitoring.requests import answered_requests
from painresponse.monitoring.scores import refusals, spread
from painresponse.monitoring.settings import monitoring_settings
from painresponse.readers import asks_of
from painresponse.records import Asks
from painresponse.schema import MICROSECONDS_PER_DAY as DAY
from painresponse.scoring.scorer import Scorer
from painresponse.validation.external import same_questions

_FIRST = -(2**62)

AGAIN, FILES, LOG = "the bundle, asked again", "files of scores", "requests in the audit log"


def monitor(
    bundle: Scorer | str | Path,
    histories: Any,
    *,
    asks: Any = None,
    scores: Any = None,
    audit_log: Path | None = None,
    requests: Path | None = None,
    config: Path | None = None,
    since: Any = None,
    until: Any = None,
    allow_synthetic: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> Monitoring:
    """How far new histories are from those a bundle was trained on, and whether its predictions still hold.

    ``histories`` is a MEDS folder or a frame of MEDS events, ``asks`` a frame of subject_id and
    prediction_time; without asks it is about the episodes found, as training finds them. Past scores are
    ``scores`` (files of `painresponse score`, their folder, or a frame of `score`) or the kept ``requests``
    that an ``audit_log`` says the bundle answered; without either the bundle is asked again. Outcomes count
    once their time is over by ``until`` (a date; the newest event if none is given), so that a look back
    shows what one would have seen then. Whoever was asked about before ``since`` (a date) is left out: give
    the day up to which the bundle was trained. Raises what loading, reading and joining them does.

    >>> import tempfile, painresponse as pr
    >>> from pathlib import Path
    >>> from painresponse.simulate import simulate
    >>> clinic = Path(tempfile.mkdtemp()) / "clinic"
    >>> made = simulate(clinic, subjects=60, seed=1)
    >>> found = pr.monitor("models/synthetic.onnx", clinic, allow_synthetic=True)
    >>> found.sentences[0].split(", worth")[0]
    '324 features of 32 asks (the episodes of these histories'
    """
    scorer = bundle if isinstance(bundle, Scorer) else Scorer.load(bundle, allow_synthetic=allow_synthetic)
    given = Path(histories) if isinstance(histories, str) else histories
    folder = given if isinstance(given, Path) else None
    catalogue, skipped = same_questions(scorer.bundle, load_catalogue(config, data=folder))
    settings = monitoring_settings(catalogue.monitoring)
    first, last = (None if one is None else _day(one, place) for place, one in enumerate((since, until)))
    past, left_out, source = _past(scorer, scores=scores, audit_log=audit_log, requests=requests)
    chosen = asks if asks is None or isinstance(asks, Asks) else asks_of(asks)
    cohort, newest = gathered(given, catalogue, progress=progress)
    span = Span(_FIRST if first is None else first, newest if last is None else last)
    asked = ask(scorer, given, cohort, asks=chosen, span=span, progress=progress)
    closed = closed_episodes(cohort, catalogue, span)
    found = joined(closed, said_again(asked) if past is None else past, days=settings.joined_days)
    wealth, course = evidence(scorer.bundle, found, settings)
    return Monitoring(
        about=About.of(scorer, span, skipped),
        sources=Sources.of(asked, source, left_out=left_out, closed=closed, found=found),
        settings=settings,
        movement=movement(scorer.bundle, asked, settings),
        effects=effects(scorer.bundle, asked),
        scores=spread(scorer.bundle, asked),
        refusals=refusals(asked),
        expected=expected(scorer.bundle, asked, settings),
        calibration=calibration(found, asked.targets, settings),
        wealth=wealth,
        course=course,
        words={name: one.words for name, one in scorer.phrases.items()},
    )


def _day(given: Any, after: int) -> int:
    """Where a day begins (0), or ends (1), in microseconds. Raises DefinitionError for what is no day."""
    try:
        day = int(np.datetime64(given, "D").astype(np.int64))
    except (TypeError, ValueError):
        raise DefinitionError("since and until are days. Write them like 2026-03-01.") from None
    return (day + after) * DAY - after


def _past(
    scorer: Scorer, *, scores: Any, audit_log: Path | None, requests: Path | None
) -> tuple[pd.DataFrame | None, int, str]:
    """Past scores, how many files held none of this bundle, and where the scores are from.

    None are given where the bundle is to be asked again.
    """
    if (audit_log is None) != (requests is None):
        raise DefinitionError(
            "An audit log holds no history and no score: give it together with the folder of kept requests."
        )
    if audit_log is not None and requests is not None:
        if scores is not None:
            raise DefinitionError("Give past scores either as files or by an audit log, not both.")
        return (*answered_requests(Path(audit_log), Path(requests), scorer), LOG)
    if scores is not None:
        return (*past_scores(scores, scorer.bundle.digest), FILES)
    return None, 0, AGAIN
