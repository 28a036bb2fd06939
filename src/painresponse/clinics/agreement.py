"""Whether summaries may be pooled: the same questions, nobody twice, and no two stories of one bundle."""

from collections.abc import Sequence
from itertools import combinations

from painresponse.clinics.summary import SiteSummary
from painresponse.errors import CohortError

Pair = tuple[SiteSummary, SiteSummary]


def check_agreement(summaries: Sequence[SiteSummary]) -> None:
    """Raise CohortError for the first two summaries that do not go together, saying why and what to do."""
    for pair in combinations(summaries, 2):
        _check_kind(pair)
        _check_questions(pair)
        if pair[0].bundle.digest == pair[1].bundle.digest:
            _check_sites(pair)
            _check_bundle(pair)


def _check_kind(pair: Pair) -> None:
    one, other = pair
    if one.synthetic != other.synthetic:
        real, simulated = (one, other) if other.synthetic else (other, one)
        raise CohortError(
            f"{simulated.site!r} has simulated patients and {real.site!r} does not. Pool them apart."
        )


def _check_questions(pair: Pair) -> None:
    one, other = pair
    asked = {told.target: told.question for told in other.targets}
    for told in one.targets:
        if told.question != asked.get(told.target, told.question):
            raise CohortError(
                f"The target {told.target!r} is another question at {one.site!r} than at {other.site!r}: "
                "stage, outcome, horizon or eligibility differ. Give both clinics the same definitions, or "
                "the target another name at one of them."
            )


def _check_sites(pair: Pair) -> None:
    one, other = pair
    if one.site == other.site:
        raise CohortError(
            f"{one.site!r} comes twice with the bundle {one.bundle.name!r}. Give one summary of each clinic."
        )
    figures = [{told.target: told.figures for told in summary.targets if told.figures} for summary in pair]
    same = [target for target, found in figures[0].items() if found == figures[1].get(target)]
    if same:
        raise CohortError(
            f"{one.site!r} and {other.site!r} have the same figures to the last digit for {same[0]!r}: the "
            "same patients under two names. Leave one out."
        )


def _check_bundle(pair: Pair) -> None:
    one, other = pair
    home = {told.target: told.home for told in other.targets}
    told_alike = all(told.home == home.get(told.target, told.home) for told in one.targets)
    if one.bundle != other.bundle or not told_alike:
        raise CohortError(
            f"{one.site!r} and {other.site!r} say different things of the bundle with the SHA-256 "
            f"{one.bundle.digest[:12]}…: one of the files was changed. Have both made anew."
        )
