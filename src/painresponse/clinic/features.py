"""The feature catalogue: what every concept gets by its family, and the single features beside."""

import re
from typing import Any

from painresponse.concepts import Concepts
from painresponse.errors import DefinitionError, unknown

_REPEAT = re.compile(r"\{(treatments|opioids):(.*?\))\}")
_NAMED = re.compile(r"\[([^\[\]]*)\]")


def feature_sentences(
    concepts: Concepts, families: dict[str, Any], singles: dict[str, Any], *, social: bool = True
) -> dict[str, str]:
    """Feature names to sentences, in catalogue order. Without ``social``, social concepts are left out.

    A sentence may name another feature in square brackets. Features made of one that is left out or emptied
    go with it. Raises DefinitionError for names nobody declared and for features made of themselves.
    """
    sentences = _of_families(concepts, families, social=social)
    for name, text in singles.items():
        if not isinstance(text, str):
            raise DefinitionError(f"The feature {name!r} must be a sentence in quotes.")
        sentences[name] = _repeated(text, concepts)
    spelled: dict[str, str] = {}
    for name in sentences:
        _spell(name, sentences, spelled, ())
    return {name: spelled[name] for name in sentences if spelled[name]}


def _of_families(concepts: Concepts, families: dict[str, Any], *, social: bool) -> dict[str, str]:
    sentences: dict[str, str] = {}
    members = [(name, one.family, social or not one.social) for name, one in concepts.concepts.items()]
    members += [(name, "treatment", True) for name in concepts.treatments]
    for name, family, wanted in members:
        found = _family(name, family, families) if family else {}
        for twice in sentences.keys() & found.keys():
            raise DefinitionError(f"Two families give a feature named {twice!r}. Rename a concept or a key.")
        sentences |= found if wanted else dict.fromkeys(found, "")
    return sentences


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


def _spell(name: str, sentences: dict[str, str], spelled: dict[str, str], within: tuple[str, ...]) -> str:
    """The feature's sentence with those it names written out, in brackets; empty when one of them is."""
    if name in within:
        circle = " → ".join((*within[within.index(name) :], name))
        raise DefinitionError(f"The feature {name!r} is made of itself: {circle}. Say one of them in full.")
    if name not in spelled:
        parts = {}
        for one in _NAMED.findall(sentences[name]):
            if one not in sentences:
                raise DefinitionError(f"The feature {name!r}: {unknown('feature', one, sentences)}")
            parts[one] = _spell(one, sentences, spelled, (*within, name))
        whole = _NAMED.sub(lambda found: f"({parts[found[1]]})", sentences[name])
        spelled[name] = whole if all(parts.values()) else ""
    return spelled[name]
