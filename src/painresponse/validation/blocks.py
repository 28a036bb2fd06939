"""Which features rest on which block of what a clinic records, such as biomarkers or questionnaires."""

from collections.abc import Mapping
from dataclasses import dataclass

from painresponse.clinic import Catalogue
from painresponse.clinic.catalogue import packaged
from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, unknown
from painresponse.language.lineage import lineage
from painresponse.settings import build, load

TREATMENT, SOCIAL = "treatment", "social"


@dataclass(frozen=True, slots=True)
class Block:
    """What a block is made of: families, concepts, or all that is social."""

    families: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    social: bool = False


def feature_blocks(
    catalogue: Catalogue, declared: Mapping[str, Block] | None = None
) -> dict[str, tuple[str, ...]]:
    """By block the features that read anything of it, those of several blocks in each; empty blocks left out.

    Without ``declared`` by blocks.toml. A family no block names is a block of its own. Raises DefinitionError
    for a concept nobody declared.
    """
    blocks = _with_the_rest(packaged_blocks() if declared is None else declared, catalogue.concepts)
    read = {name: reads(name, catalogue) for name in catalogue.features.names}
    found = {}
    for block, made_of in blocks.items():
        members = _members(block, made_of, catalogue.concepts)
        found[block] = tuple(name for name, concepts in read.items() if concepts & members)
    return {block: features for block, features in found.items() if features}


def packaged_blocks() -> dict[str, Block]:
    """The blocks of blocks.toml."""
    return {
        name: build(Block, raw, f"block {name}") for name, raw in load(packaged() / "blocks.toml").items()
    }


def reads(feature: str, catalogue: Catalogue) -> frozenset[str]:
    """The concepts and treatments a feature is computed from; ``treatment`` stands for single drugs too."""
    concepts = catalogue.concepts
    named = lineage(feature, catalogue.features, concepts).sources
    declared = concepts.concepts.keys() | concepts.profiles.keys()
    return frozenset(one if one in declared else TREATMENT for one in named)


def _with_the_rest(blocks: Mapping[str, Block], concepts: Concepts) -> dict[str, Block]:
    named = {family for block in blocks.values() for family in block.families}
    rest = {one.family: None for one in concepts.concepts.values() if one.family and one.family not in named}
    return {**blocks, **{family: Block((family,)) for family in rest if family not in blocks}}


def _members(block: str, made_of: Block, concepts: Concepts) -> frozenset[str]:
    for name in made_of.concepts:
        if name not in concepts.concepts:
            raise DefinitionError(f"block {block}: {unknown('concept', name, concepts.concepts)}")
    of_families = {
        name
        for name, one in concepts.concepts.items()
        if one.family in made_of.families or (made_of.social and one.social)
    }
    treatments = {TREATMENT} if TREATMENT in made_of.families else set[str]()
    return frozenset(of_families | treatments | set(made_of.concepts))
