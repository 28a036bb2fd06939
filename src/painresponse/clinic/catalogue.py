"""The catalogue: packaged declarations with a site's own laid over them, checked against one another."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from painresponse.clinic.declarations import (
    Choices,
    CohortRules,
    FlagRule,
    Horizon,
    Intervention,
    Outcome,
    Target,
)
from painresponse.clinic.features import feature_sentences
from painresponse.clinic.hazards import SafetyRules
from painresponse.clinic.targets import Implication, chosen, implications, implied
from painresponse.concepts import Concept, Concepts
from painresponse.engine.sources import Sources
from painresponse.engine.treatments import check_exposures
from painresponse.errors import DefinitionError, unknown
from painresponse.language import FeatureSet, parse, summaries_in
from painresponse.settings import build, load

PARTS = (
    "concepts",
    "treatments",
    "profiles",
    "interventions",
    "outcomes",
    "horizons",
    "targets",
    "families",
    "features",
    "cohort",
    "flags",
    "safety",
)
SITE_WORDS = (*PARTS, *(one.name for one in fields(Choices)), "training", "monitoring", "import")
SITE_FILE = Path("metadata") / "site.toml"
"""Where an imported data set keeps the site configuration it was made with."""


@dataclass(frozen=True)
class Catalogue:
    """Everything a clinic declares, typed; ``training``, ``monitoring`` and ``imports`` are read elsewhere.

    ``own`` names the entries the site wrote itself, by section.
    """

    concepts: Concepts
    interventions: dict[str, Intervention]
    outcomes: dict[str, Outcome]
    horizons: dict[str, Horizon]
    targets: dict[str, Target]
    cohort: CohortRules
    features: FeatureSet
    flags: dict[str, FlagRule]
    safety: SafetyRules
    training: dict[str, Any]
    imports: dict[str, Any]
    own: dict[str, tuple[str, ...]] = field(default_factory=dict)
    monitoring: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        held = f"{len(self.concepts.concepts)} concepts, {len(self.features)} features"
        return f"<Catalogue: {held}, {len(self.targets)} targets>"

    def label(self, target: str) -> str:
        """A target in clinic words."""
        asked = self.targets[target]
        intervention = self.interventions[asked.intervention]
        stage = intervention.stages[asked.stage]
        outcome, horizon = self.outcomes[asked.outcome], self.horizons[asked.horizon]
        return f"{intervention.label} ({stage.label}): {outcome.label}, {horizon.label}"

    def implications(self) -> tuple[Implication, ...]:
        """Of the chosen targets, the pairs of which a response by the narrower is one by the broader too."""
        return implications(self.targets, self.outcomes)

    def baseline(self, outcome: Outcome) -> tuple[str, ...]:
        """What an outcome is compared with: sentences of which the first known counts; none: with nothing.

        Of a concept the mean over the first window, else the last value in the second; of a feature itself.
        """
        if not outcome.baseline_of:
            return ()
        if outcome.feature:
            return (self.features.to_plain()[outcome.feature],)
        near, far = outcome.baseline_days
        return (f"mean of {outcome.baseline_of} in {near} d", f"last of {outcome.baseline_of} in {far} d")


def packaged() -> Path:
    """The folder of packaged declarations: inside an installed wheel, else the checkout's ``configs/``."""
    inside = Path(__file__).parents[1] / "configs"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "configs"


def load_catalogue(site: str | Path | None = None, *, data: str | Path | None = None) -> Catalogue:
    """The packaged catalogue with a site file laid over it; without one, the site file that ``data`` keeps.

    Raises DefinitionError on unknown words, wrong types and names that point nowhere.

    >>> import painresponse as pr
    >>> pr.load_catalogue().features.to_plain()["pain_mean_30d"]
    'mean of pain in 30 d'
    """
    if site is None and data is not None and (Path(data) / SITE_FILE).is_file():
        site = Path(data) / SITE_FILE
    own = load(Path(site)) if site else {}
    for word in own:
        if word not in SITE_WORDS:
            raise DefinitionError(f"{site}: {unknown('section', word, SITE_WORDS)}")
    base = {part: load(packaged() / f"{part}.toml") for part in PARTS}
    if own.get("packaged_features") is False:
        base |= {"families": {family: {} for family in base["families"]}, "features": {}}
        base["flags"] = {
            code: one for code, one in base["flags"].items() if "[" not in one.get("feature", "")
        }
    return assemble({part: _merged(base[part], own.get(part, {})) for part in PARTS}, own)


def assemble(parts: dict[str, dict[str, Any]], own: dict[str, Any]) -> Catalogue:
    """A catalogue from plain tables."""
    said = {one.name: own[one.name] for one in fields(Choices) if one.name in own}
    choices = build(Choices, said, "site configuration")
    concepts = Concepts.from_plain(parts)
    if choices.adequacy == "strict":
        concepts = concepts.stricter()
    sentences = partial(feature_sentences, concepts, parts["families"], social=choices.social_features)
    catalogue = Catalogue(
        concepts,
        _built(Intervention, "intervention", parts["interventions"]),
        _built(Outcome, "outcome", parts["outcomes"]),
        _built(Horizon, "horizon", parts["horizons"]),
        chosen(_built(Target, "target", parts["targets"]), choices.predict),
        build(CohortRules, parts["cohort"], "cohort"),
        FeatureSet.from_plain(sentences(parts["features"])),
        _flags(parts["flags"], lambda said: sentences({**parts["features"], **said})),
        build(SafetyRules, parts["safety"], "safety"),
        own.get("training", {}),
        own.get("import", {}),
        {part: tuple(own[part]) for part in PARTS if part in own},
        own.get("monitoring", {}),
    )
    _check(catalogue)
    return catalogue


def _flags(tables: dict[str, Any], spell: Callable[[dict[str, str]], dict[str, str]]) -> dict[str, FlagRule]:
    """Flags are said as features are, and spelled out among them: each by its own sentence."""
    rules = _built(FlagRule, "flag", tables)
    said = [step.feature for one in rules.values() for step in one.steps]
    spelled = spell(dict(zip(said, said, strict=True)))
    return {code: one.spelled(spelled) for code, one in rules.items()}


def _built(cls: type[Any], kind: str, tables: dict[str, Any]) -> dict[str, Any]:
    return {name: build(cls, raw, f"{kind} {name}") for name, raw in tables.items()}


def _merged(base: dict[str, Any], own: Any) -> dict[str, Any]:
    """The site's entries over the packaged ones, table by table; the site's own lists and values win."""
    if not isinstance(own, dict):
        raise DefinitionError(
            f"A section of the site configuration must be a table, not {type(own).__name__}."
        )
    merged = dict(base)
    for name, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(name), dict)
        merged[name] = _merged(base[name], value) if both else value
    return merged


def _check(catalogue: Catalogue) -> None:
    """Every name must point at something declared."""
    _check_measures(catalogue)
    _check_targets(catalogue)
    _check_outcomes(catalogue)
    concepts = catalogue.concepts.concepts
    for name, intervention in catalogue.interventions.items():
        for stage in intervention.stages.values():
            for concept in stage.concepts:
                _known(f"intervention {name}", "concept", concept, concepts)
    _check_flags(catalogue)
    _check_safety(catalogue)
    rules = catalogue.cohort
    for concept in (*rules.exclude, *(one.concept for one in rules.impact)):
        _known("cohort", "concept", concept, concepts)


def _check_measures(catalogue: Catalogue) -> None:
    concepts = catalogue.concepts.concepts
    for name, concept in concepts.items():
        for disturbance in concept.disturbed_by:
            _known(f"concept {name}: disturbed_by", "concept", disturbance.concept, concepts)
    for name, profile in catalogue.concepts.profiles.items():
        _known(f"profile {name}: of", "concept", profile.of, concepts)


def _check_targets(catalogue: Catalogue) -> None:
    for name, target in catalogue.targets.items():
        _known(f"target {name}", "intervention", target.intervention, catalogue.interventions)
        stages = catalogue.interventions[target.intervention].stages
        _known(f"target {name}", "stage", target.stage, stages)
        for outcome in (target.outcome, *target.also):
            _known(f"target {name}", "outcome", outcome, catalogue.outcomes)
        lasts = (target.lasts_from,) if target.lasts_from else ()
        also = (one for several in target.also.values() for one in several)
        for horizon in (target.horizon, *lasts, *also):
            _known(f"target {name}", "horizon", horizon, catalogue.horizons)
        for feature in (*target.better, *target.worse, *_features(catalogue, target.outcome)):
            _known(f"target {name}", "feature", feature, catalogue.features.names)
        if lasts and not catalogue.outcomes[target.outcome].concept:
            raise DefinitionError(
                f"target {name}: how long a response lasts is told of outcomes that measure one concept; "
                f"{target.outcome} does not. Leave out lasts_from, or ask another outcome."
            )


def _features(catalogue: Catalogue, outcome: str) -> tuple[str, ...]:
    """The features an outcome measures: its own or those of its parts."""
    asked = (outcome, *catalogue.outcomes[outcome].parts)
    return tuple(feature for one in asked if (feature := catalogue.outcomes[one].feature))


def _check_outcomes(catalogue: Catalogue) -> None:
    for name, outcome in catalogue.outcomes.items():
        for other in (*outcome.parts, *outcome.implies):
            _known(f"outcome {name}", "outcome", other, catalogue.outcomes)
        for part in outcome.parts:
            _check_part(name, part, catalogue.outcomes[part])
        _check_measured(name, outcome, catalogue.concepts.concepts)
    for name in catalogue.outcomes:
        implied(name, catalogue.outcomes)


def _check_part(name: str, part: str, outcome: Outcome) -> None:
    limits = (outcome.baseline_min, outcome.baseline_max)
    if outcome.parts or not outcome.baseline_of or limits == (None, None):
        raise DefinitionError(
            f"outcome {name}: {part} cannot be part of a composite. A part measures something itself, and "
            "says by baseline_min or baseline_max who is impaired to begin with."
        )


def _check_measured(name: str, outcome: Outcome, concepts: dict[str, Concept]) -> None:
    named = (outcome.concept, outcome.seen_by, outcome.baseline_concept)
    for concept in named:
        if concept:
            _known(f"outcome {name}", "concept", concept, concepts)
    if outcome.kind != "important_change":
        return
    measured = concepts[outcome.concept]
    if not (measured.mcid and measured.higher):
        raise DefinitionError(
            f"outcome {name}: what change of {outcome.concept} matters is not known. Give the concept an "
            "mcid, and say under higher whether a higher value is worse or better."
        )


def _check_flags(catalogue: Catalogue) -> None:
    sources, groups = Sources(catalogue.concepts), load(packaged() / "groups.toml")
    for code, flag in catalogue.flags.items():
        for grouping in flag.groups:
            _known(f"flag {code}", "group", grouping, groups)
        for intervention in (one for step in flag.steps for one in step.of):
            _known(f"flag {code}", "intervention", intervention, catalogue.interventions)
        _check_sentences(f"flag {code}", sources, *(step.feature for step in flag.steps))


def _check_safety(catalogue: Catalogue) -> None:
    sources = Sources(catalogue.concepts)
    for entry, sentence in catalogue.safety.sentences.items():
        _check_sentences(f"safety.{entry}", sources, sentence)
    stages = {f"{name}.{stage}" for name, one in catalogue.interventions.items() for stage in one.stages}
    for entry, names in catalogue.safety.of.items():
        for name in names:
            _known(f"safety.{entry}", "intervention or stage", name, {*catalogue.interventions, *stages})


def _check_sentences(where: str, sources: Sources, *sentences: str) -> None:
    """What a sentence names is told by the engine; here, so that a slip is not found after the training."""
    try:
        for summary in summaries_in(map(parse, sentences)):
            check_exposures(summary)
            sources.number(summary.window)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: {error}") from None


def _known(where: str, kind: str, name: str, allowed: Any) -> None:
    if name not in allowed:
        raise DefinitionError(f"{where}: {unknown(kind, name, allowed)}")
