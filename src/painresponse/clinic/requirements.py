"""What the clinic's rules ask of a patient before a score may be given, with the codes of the service."""

from painresponse.clinic.catalogue import Catalogue
from painresponse.clinic.declarations import Outcome, Stage

_EXCLUDED = {
    "cancer_pain": ("R02_CANCER_PAIN", "Cancer pain and palliative care are out of scope."),
    "pregnancy": ("R03_PREGNANT", "No model was trained on pregnant patients."),
}


def requirements(catalogue: Catalogue) -> list[dict[str, object]]:
    """As plain tables for the bundle: age, exclusions, and a baseline wherever the outcome is a change."""
    rules = catalogue.cohort
    found: list[dict[str, object]] = [
        {
            "code": "R01_AGE",
            "words": f"The patient is younger than {rules.age_min:g} years, or the birth date is missing.",
            "features": ["age"],
            "at_least": rules.age_min,
        }
    ]
    for concept in rules.exclude:
        code, words = _EXCLUDED.get(
            concept, ("R06_OUT_OF_DOMAIN", f"No model was trained on patients with {concept}.")
        )
        sentence = f"count of {concept} in {rules.exclude_days} d"
        found.append({"code": code, "words": words, "features": [sentence], "at_most": 0})
    for name, outcome in catalogue.outcomes.items():
        targets = [target for target, one in catalogue.targets.items() if one.outcome == name]
        if targets and outcome.baseline_of:
            found.append(_baseline(outcome, targets))
    return found + [
        _earlier_step(catalogue, target) for target in catalogue.targets if _stage(catalogue, target).requires
    ]


def _stage(catalogue: Catalogue, target: str) -> Stage:
    asked = catalogue.targets[target]
    return catalogue.interventions[asked.intervention].stages[asked.stage]


def _earlier_step(catalogue: Catalogue, target: str) -> dict[str, object]:
    """A stage that comes after another was only ever seen after it."""
    stage = _stage(catalogue, target)
    labels = " or ".join(catalogue.concepts.concepts[one].label for one in stage.requires)
    counts = " and ".join(f"(count of {one} in {stage.requires_days} d)" for one in stage.requires)
    return {
        "code": "R06_OUT_OF_DOMAIN",
        "words": f"No {labels} in the last {stage.requires_days} days: "
        "this model only knows patients after it.",
        "features": [f"total of {counts}"],
        "at_least": 1.0,
        "targets": [target],
    }


def baseline_sentences(outcome: Outcome) -> list[str]:
    """The outcome's baseline: the mean over the first window, else the last value in the second."""
    near, far = outcome.baseline_days
    return [f"mean of {outcome.baseline_of} in {near} d", f"last of {outcome.baseline_of} in {far} d"]


def _baseline(outcome: Outcome, targets: list[str]) -> dict[str, object]:
    limit = f" or below {outcome.baseline_min:g}" if outcome.baseline_min is not None else ""
    plain: dict[str, object] = {
        "code": "R04_NO_BASELINE",
        "words": f"The baseline of {outcome.baseline_of} is missing{limit}: "
        f"'{outcome.label}' is not defined.",
        "features": baseline_sentences(outcome),
        "targets": targets,
    }
    if outcome.baseline_min is not None:
        plain["at_least"] = outcome.baseline_min
    return plain
