"""What the clinic's rules ask of a patient before a score may be given, with the codes of the service."""

from collections.abc import Collection, Iterator, Mapping

from painresponse.clinic.catalogue import Catalogue
from painresponse.clinic.declarations import Outcome, Stage
from painresponse.clinic.groups import declared_groups, first_of
from painresponse.clinic.safety import absent, contraindications, red_flags, targets_of

_EXCLUDED = {
    "cancer_pain": ("R02_CANCER_PAIN", "Cancer pain and palliative care are out of scope."),
    "pregnancy": ("R03_PREGNANT", "No model was trained on pregnant patients."),
}


def requirements(
    catalogue: Catalogue, *, diagnoses: Mapping[str, Collection[str]] | None = None
) -> list[dict[str, object]]:
    """As plain tables for the bundle, in the order in which they are looked at: the first not met is told.

    ``diagnoses``: by target the diagnosis groups it learnt from; of other targets none is asked.
    """
    rules = catalogue.cohort
    age: dict[str, object] = {
        "code": "R01_AGE",
        "words": f"The patient is younger than {rules.age_min:g} years, or the birth date is missing.",
        "features": ["age"],
        "at_least": rules.age_min,
    }
    return [
        *red_flags(catalogue),
        age,
        *_exclusions(catalogue),
        *contraindications(catalogue),
        *_all_baselines(catalogue),
        *_earlier_steps(catalogue),
        *_unseen_diagnoses(diagnoses or {}),
    ]


def _exclusions(catalogue: Catalogue) -> Iterator[dict[str, object]]:
    """Who was kept out of training is refused: everything, unless safety.toml names what."""
    rules = catalogue.cohort
    for concept in rules.exclude:
        code, words = _EXCLUDED.get(
            concept, ("R06_OUT_OF_DOMAIN", f"No model was trained on patients with {concept}.")
        )
        sentence = f"count of {concept} in {rules.exclude_days} d"
        plain: dict[str, object] = {"code": code, "words": words, "features": [sentence], "at_most": 0}
        of = catalogue.safety.exclusions.get(concept)
        if of is None:
            yield plain
        elif targets := targets_of(catalogue, of, catalogue.targets):
            yield plain | {"targets": targets}


def _unseen_diagnoses(seen: Mapping[str, Collection[str]]) -> Iterator[dict[str, object]]:
    """Targets that have not learnt from the same diagnosis groups refuse them together."""
    labels = declared_groups()["diagnosis"]
    unseen: dict[tuple[str, ...], list[str]] = {}
    for target, known in seen.items():
        strange = tuple(label for label, said in labels.items() if said and label not in known)
        unseen.setdefault(strange, []).append(target)
    for strange, targets in unseen.items():
        if strange:
            words = "This model has learnt from too few patients of this diagnosis group."
            sentences = [first_of(labels, label) for label in strange]
            yield absent("R06_OUT_OF_DOMAIN", words, *sentences, targets=targets)


def _all_baselines(catalogue: Catalogue) -> Iterator[dict[str, object]]:
    for name, outcome in catalogue.outcomes.items():
        targets = [target for target, one in catalogue.targets.items() if one.outcome == name]
        if targets:
            yield from _baselines(catalogue, outcome, targets)


def _earlier_steps(catalogue: Catalogue) -> list[dict[str, object]]:
    """A stage that comes after another was only ever seen after it."""
    targets: dict[tuple[str, str], list[str]] = {}
    for name, one in catalogue.targets.items():
        targets.setdefault((one.intervention, one.stage), []).append(name)
    stages = {key: catalogue.interventions[key[0]].stages[key[1]] for key in targets}
    return [_earlier_step(catalogue, one, targets[key]) for key, one in stages.items() if one.requires]


def _earlier_step(catalogue: Catalogue, stage: Stage, targets: list[str]) -> dict[str, object]:
    labels = " or ".join(catalogue.concepts.concepts[one].label for one in stage.requires)
    # not a count in so many days: a window that no feature has would move the last bits of sums over others
    recent = " and ".join(
        f"(whether (days since last of {one} ever) is at most {stage.requires_days})"
        for one in stage.requires
    )
    return {
        "code": "R06_OUT_OF_DOMAIN",
        "words": f"No {labels} in the last {stage.requires_days} days: "
        "this model only knows patients after it.",
        "features": [f"any of {recent}"],
        "at_least": 1.0,
        "targets": targets,
    }


def _baselines(catalogue: Catalogue, outcome: Outcome, targets: list[str]) -> list[dict[str, object]]:
    """What must be known and impaired to begin with: the outcome's own baseline, or those of its parts."""
    parts = [catalogue.outcomes[name] for name in outcome.all_of] if outcome.parts else [outcome]
    found = [_baseline(catalogue, one, outcome.label, targets) for one in parts if one.baseline_of]
    return found + ([_enough_impaired(catalogue, outcome, targets)] if outcome.some_of else [])


def _baseline(
    catalogue: Catalogue, outcome: Outcome, undefined: str, targets: list[str]
) -> dict[str, object]:
    least, most = outcome.baseline_min, outcome.baseline_max
    limit = f" or below {least:g}" if least is not None else ""
    limit += f" or above {most:g}" if most is not None else ""
    plain: dict[str, object] = {
        "code": "R04_NO_BASELINE",
        "words": f"The baseline of {outcome.baseline_of} is missing{limit}: '{undefined}' is not defined.",
        "features": list(catalogue.baseline(outcome)),
        "targets": targets,
    }
    limits = {"at_least": least, "at_most": most}
    return plain | {word: value for word, value in limits.items() if value is not None}


def _enough_impaired(catalogue: Catalogue, outcome: Outcome, targets: list[str]) -> dict[str, object]:
    """Of the measures a composite counts, enough must be known to be impaired."""
    parts = [catalogue.outcomes[name] for name in outcome.some_of]
    impaired = " and ".join(f"({_impaired(catalogue, one)})" for one in parts)
    names = ", ".join(str(one.baseline_of) for one in parts)
    return {
        "code": "R04_NO_BASELINE",
        "words": f"Fewer than {outcome.least:g} of {names} are known to be impaired: "
        f"'{outcome.label}' is not defined.",
        "features": [f"total of {impaired}"],
        "at_least": outcome.least,
        "targets": targets,
    }


def _impaired(catalogue: Catalogue, outcome: Outcome) -> str:
    """The sentence that is 1 where the outcome is defined, 0 where it is not."""
    known = " and ".join(f"({one})" for one in catalogue.baseline(outcome))
    limits = (("at least", outcome.baseline_min), ("at most", outcome.baseline_max))
    said = [
        f"whether (first known of {known}) is {word} {value:g}" for word, value in limits if value is not None
    ]
    return said[0] if len(said) == 1 else f"all of {' and '.join(f'({one})' for one in said)}"
