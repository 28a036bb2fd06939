"""Which targets there are beside those declared, which of them a site chooses, and what each implies."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from painresponse.clinic.declarations import Outcome, Target
from painresponse.errors import DefinitionError, unknown


class Implication(NamedTuple):
    """Whoever responds by the narrower target responds by the broader one too."""

    narrower: str
    broader: str


def expanded(targets: Mapping[str, Target]) -> dict[str, Target]:
    """Every target declared, each followed by what is ``also`` asked of its stage: ``rfa.pain_30.12_mo``.

    They keep the directions declared for the first: what helps to be rid of half the pain helps with a third.
    """
    found: dict[str, Target] = {}
    for name, target in targets.items():
        found[name] = target
        asked = ((outcome, horizon) for outcome, several in target.also.items() for horizon in several)
        for outcome, horizon in asked:
            if (outcome, horizon) != (target.outcome, target.horizon):
                found[f"{name}.{outcome}.{horizon.replace(' ', '_')}"] = Target(
                    target.intervention, target.stage, outcome, horizon, target.better, target.worse
                )
    return found


def chosen(targets: Mapping[str, Target], predict: Iterable[str] | None) -> dict[str, Target]:
    """The targets a site names (a star is any text), in catalogue order; those declared unless it does.

    Raises DefinitionError for a name or pattern that none of them has.
    """
    every = expanded(targets)
    wanted = tuple(targets if predict is None else predict)
    for name in wanted:
        if not any(fnmatchcase(one, name) for one in every):
            raise DefinitionError(f"predict: {unknown('target', name, _nearby(name, targets, every))}")
    return {name: one for name, one in every.items() if any(fnmatchcase(name, word) for word in wanted)}


def _nearby(name: str, targets: Mapping[str, Target], every: Mapping[str, Target]) -> Iterable[str]:
    """What may have been meant: of a hundred names, those of the same stage, else those declared."""
    stage = name.partition(".")[0]
    return (
        [one for one in every if one.startswith(f"{stage}.")] if "." in name and stage in targets else targets
    )


def implications(targets: Mapping[str, Target], outcomes: Mapping[str, Outcome]) -> tuple[Implication, ...]:
    """The pairs among these targets of which one implies the other: same stage, same horizon.

    Horizons imply nothing: pain that came back by six months may be gone again at twelve (a lead moved back,
    a course taken up again), and who was seen at twelve months need not have been seen at six. Only the share
    whose first response still lasts can never grow; it is a curve (`painresponse.training.durability`).
    """
    return tuple(
        Implication(narrower, broader)
        for narrower, one in targets.items()
        for broader, other in targets.items()
        if _moment(one) == _moment(other) and other.outcome in implied(one.outcome, outcomes)
    )


def _moment(target: Target) -> tuple[str, str, str]:
    return target.intervention, target.stage, target.horizon


def implied(name: str, outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """The outcomes that follow from one, directly or through others. Raises DefinitionError for a circle."""
    found: list[str] = []
    left = list(outcomes[name].implies)
    while left:
        one = left.pop(0)
        if one == name:
            circle = " → ".join((name, *found, name))
            raise DefinitionError(
                f"outcome {name} implies itself: {circle}. Take one of them out of the other's implies."
            )
        if one not in found:
            found.append(one)
            left += outcomes[one].implies
    return tuple(found)
