"""The feature catalogue: what every concept gets by its family, and the single features beside."""

import re
from typing import Any

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, unknown

_REPEAT = re.compile(r"\{(treatments|opioids):(.*?\))\}")


def feature_sentences(
    concepts: Concepts, families: dict[str, Any], singles: dict[str, Any], *, social: bool = True
) -> dict[str, str]:
    """Feature names to sentences, in catalogue order. Without ``social``, social concepts are left out."""
    chosen = {name: one for name, one in concepts.concepts.items() if social or not one.social}
    sentences: dict[str, str] = {}
    of_family = [(name, concept.family) for name, concept in chosen.items() if concept.family]
    for name, family in (*of_family, *((name, "treatment") for name in concepts.treatments)):
        found = _family(name, family, families)
        for twice in sentences.keys() & found.keys():
            raise DefinitionError(f"Two families give a feature named {twice!r}. Rename a concept or a key.")
        sentences |= found
    for name, text in singles.items():
        if not isinstance(text, str):
            raise DefinitionError(f"The feature {name!r} must be a sentence in quotes.")
        sentences[name] = _repeated(text, concepts)
    return {name: text for name, text in sentences.items() if text}


def _family(name: str, family: str, families: dict[str, Any]) -> dict[str, str]:
    if family not in families:
        raise DefinitionError(f"concept {name}: {unknown('family', family, families)}")
    templates = families[family]
    if not isinstance(templates, dict) or not all(isinstance(one, str) for one in templates.values()):
        raise DefinitionError(f"family {family} must be a table of sentences in quotes.")
    return {
        name if key == "value" else f"{name}_{key}": template.replace("{}", name)
        for key, template in templates.items()
    }


def _repeated(text: str, concepts: Concepts) -> str:
    """Write out ``{treatments:…}`` and ``{opioids:…}`` for each one declared."""
    names = {
        "treatments": list(concepts.treatments),
        "opioids": [
            one.name.replace(" ", "_")
            for treatment in concepts.treatments.values()
            for one in treatment.ingredients
            if one.mme is not None
        ],
    }
    return _REPEAT.sub(
        lambda found: " and ".join(found[2].replace("{}", name) for name in names[found[1]]), text
    )
